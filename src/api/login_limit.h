/* login_limit.h - how often a password may be guessed.
 *
 * Failures are counted by address and by account, each over LOGIN_WINDOW_SECONDS; at LOGIN_MOST of
 * either the next attempt is refused before any hash is computed.  The table has a fixed size: two
 * that fall into one place share it, which refuses more, never less. */
#ifndef API_LOGIN_LIMIT_H
#define API_LOGIN_LIMIT_H

#include <stdbool.h>

#define LOGIN_MOST 10
#define LOGIN_WINDOW_SECONDS 300.0

struct login_limit;

struct login_limit *login_limit_new(void);
void login_limit_free(struct login_limit *limit);

/* Seconds until the next attempt is allowed; 0: now. */
double login_limit_wait(struct login_limit *limit, const char *address, const char *email,
                        double now);
void login_limit_failed(struct login_limit *limit, const char *address, const char *email,
                        double now);
/* The right password: the account's count begins anew. */
void login_limit_passed(struct login_limit *limit, const char *email);

#endif
