/* setup.h - the first administrator.
 *
 * There is no default password, and nobody becomes administrator by being first: while there is no
 * administrator, each start of the server makes a link and prints it; who can read what it prints
 * runs the machine.  The link serves once.  The database has its hash alone.
 */
#ifndef APP_SETUP_H
#define APP_SETUP_H

#include "app/accounts/users.h"

int setup_is_needed(struct app *app, bool *needed, struct error *err);

/* A new link, which replaces the one before: BASE/setup?token=...; NULL when there is an
 * administrator.  base: "http://127.0.0.1:8000". */
int setup_link(struct app *app, const char *base, struct arena *arena, const char **link,
               struct error *err);

/* Makes the administrator; of several at once one.  CONFLICT "Setup is done already", DENIED
 * "Invalid setup token", and what users_register() says. */
int setup_finish(struct app *app, const char *token, const struct user *profile,
                 const char *password, struct arena *arena, struct user *user, struct error *err);

#endif
