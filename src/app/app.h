/* app.h - what the product is, without HTTP: the data folder, the database, the secrets.
 *
 * One per process.  Functions of app/ take it first and may be called from any thread. */
#ifndef APP_APP_H
#define APP_APP_H

#include "app/accounts/token.h"
#include "base/json.h"
#include "store/db.h"

#include <pthread.h>

struct job;

/* What became of a job, told after it is in the database.  Any thread may tell; tellings of one job
 * come in their order. */
struct job_news {
    const struct job *job;   /* as it is now */
    const char *old_status;  /* NULL: the status is what it was */
    const char *event; /* what the engine reported: "epoch_complete", "step", "log" ...; or NULL */
    const json_t *data;      /* of the event; NULL without one */
};
typedef void app_listener(void *context, const struct job_news *news);

struct app_options {
    const char *data_folder;  /* made when missing */
    const char *database_url; /* NULL: vision_platform.db in the data folder */
};

struct app {
    char *data_folder;
    char *output_folder; /* OUTPUT_DIR, else DATA/outputs */
    char *upload_folder; /* what has uploads/: UPLOAD_DIR, else DATA */
    struct db *db;
    unsigned char token_secret[TOKEN_SECRET_BYTES]; /* JWT_SECRET, else made once and kept */
    char *internal_secret; /* INTERNAL_SECRET, INTERNAL_AUTH_TOKEN, else made once and kept */
    int access_seconds; /* how long an access token serves; ACCESS_TOKEN_EXPIRE_MINUTES, else 1 h */
    struct services *services; /* app/services/services.h */
    struct job_control *control; /* app/jobs/job_control.h */
    struct datasets *datasets; /* app/datasets/datasets.h */
    pthread_rwlock_t listening;
    app_listener *listener;
    void *listener_context;
};

int app_open(struct app **out, const struct app_options *options, struct error *err);
void app_close(struct app *app); /* NULL is fine */

/* One listener at a time; NULL: none.  When this returns the one before is no longer running. */
void app_listen(struct app *app, app_listener *listener, void *context);
void app_tell(struct app *app, const struct job_news *news);

/* Where "outputs/1/x", as the database says, lies on the disk, in the arena: in DATA, but for what
 * begins with "outputs/" or "uploads/".  An absolute path stays what it is. */
const char *app_path(const struct app *app, const char *relative, struct arena *arena);

/* The other way round, so that folders can be moved; what lies elsewhere stays what it is. */
const char *app_relative(const struct app *app, const char *path, struct arena *arena);

#endif
