/* app.h - what the product is, without HTTP: the data folder, the database, the secrets.
 *
 * One per process.  Functions of app/ take it first and may be called from any thread. */
#ifndef APP_APP_H
#define APP_APP_H

#include "app/token.h"
#include "store/db.h"

struct app_options {
    const char *data_folder;  /* made when missing */
    const char *database_url; /* NULL: vision_platform.db in the data folder */
};

struct app {
    char *data_folder;
    struct db *db;
    unsigned char token_secret[TOKEN_SECRET_BYTES]; /* JWT_SECRET, else made once and kept */
    char *internal_secret; /* INTERNAL_SECRET, INTERNAL_AUTH_TOKEN, else made once and kept */
};

int app_open(struct app **out, const struct app_options *options, struct error *err);
void app_close(struct app *app); /* NULL is fine */

#endif
