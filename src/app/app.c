/* app.c - see app.h. */

#include "app/app.h"

#include "app/jobs/job_control.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A stored secret, made when there is none.  Two processes that start at once get the same. */
static char *stored_secret(struct db *db, const char *name, struct error *err)
{
    unsigned char bytes[TOKEN_SECRET_BYTES / 2];
    char hex[2 * sizeof(bytes) + 1], *copy = NULL;
    struct arena arena = ARENA_INIT;
    struct db_rows rows;

    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2hex(hex, sizeof(hex), bytes, sizeof(bytes));
    if (!db_write(db, STATEMENT_setting_put_new, DB_ARGS(db_text(name), db_text(hex)), NULL, NULL,
                  err) &&
        !db_read(db, STATEMENT_setting_get, DB_ARGS(db_text(name)), &arena, &rows, err)) {
        copy = strdup(db_at(&rows, 0, 0)->text);
        BUG_IF(!copy);
    }
    arena_release(&arena);
    return copy;
}

static int load_secrets(struct app *app, struct error *err)
{
    const char *token = environment_find("JWT_SECRET");
    const char *internal = environment_find("INTERNAL_SECRET");
    char *stored = NULL;

    if (!internal)
        internal = environment_find("INTERNAL_AUTH_TOKEN");
    if (!token) {
        token = stored = stored_secret(app->db, "token_secret", err);
        if (!stored)
            return -1;
    }
    token_make_key(token, app->token_secret);
    free(stored);
    app->internal_secret = internal ? strdup(internal)
                                    : stored_secret(app->db, "internal_secret", err);
    return app->internal_secret ? 0 : -1;
}

static int read_lifetime(struct app *app, struct error *err)
{
    double minutes;
    int result = environment_number("ACCESS_TOKEN_EXPIRE_MINUTES", 60, 1, 7 * 24 * 60, &minutes,
                                    err);

    app->access_seconds = (int)(60 * minutes);
    return result;
}

static int check_algorithm(struct error *err)
{
    const char *algorithm = environment_find("JWT_ALGORITHM");

    if (!algorithm || !strcmp(algorithm, TOKEN_ALGORITHM))
        return 0;
    return FAIL(err, INVALID,
                "JWT_ALGORITHM '%s' is not supported: tokens are signed with " TOKEN_ALGORITHM,
                algorithm);
}

/* --- folders --------------------------------------------------------------------------------- */

/* Absolute from here on: engines and services have other working folders. */
static int make_folder(char **real, const char *folder, struct error *err)
{
    if (file_make_folders(folder, err))
        return -1;
    *real = realpath(folder, NULL);
    return *real ? 0 : FAIL_ERRNO(err, "%s cannot be used", folder);
}

/* What is not there will be made in the data folder; what is may be a link. */
static int check_same_disk(const struct app *app, const char *name, const char *path,
                           struct error *err)
{
    struct stat data, other;

    if (stat(app->data_folder, &data) || stat(path, &other) || data.st_dev == other.st_dev)
        return 0;
    return FAIL(err, INVALID, "%s '%s' must be on the same file system as the data folder '%s'",
                name, path, app->data_folder);
}

/* What has arrived is moved into its data set, and what a fix takes out into quarantine: neither
 * may be a copy. */
static int check_disks(const struct app *app, struct error *err)
{
    struct arena arena = ARENA_INIT;
    int result =
        check_same_disk(app, "UPLOAD_DIR", app->upload_folder, err) ||
        check_same_disk(app, "datasets", app_path(app, "datasets", &arena), err) ||
        check_same_disk(app, "quarantine", app_path(app, "quarantine", &arena), err);

    arena_release(&arena);
    return result ? -1 : 0;
}

static int make_folders(struct app *app, const char *data, struct error *err)
{
    const char *outputs = environment_find("OUTPUT_DIR"), *uploads = environment_find("UPLOAD_DIR");
    struct arena arena = ARENA_INIT;
    int result = make_folder(&app->data_folder, data, err);

    if (!result)
        result = make_folder(
            &app->output_folder,
            outputs ? outputs : arena_printf(&arena, "%s/outputs", app->data_folder), err);
    if (!result)
        result = make_folder(&app->upload_folder, uploads ? uploads : app->data_folder, err);
    arena_release(&arena);
    return result ? result : check_disks(app, err);
}

/* The rest of the path below a folder; NULL: it lies elsewhere. */
static const char *rest_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    return !strncmp(path, folder, length) && (!path[length] || path[length] == '/') ? path + length
                                                                                    : NULL;
}

const char *app_path(const struct app *app, const char *relative, struct arena *arena)
{
    const char *in_outputs = rest_below(relative, "outputs");

    if (*relative == '/')
        return relative;
    if (in_outputs)
        return arena_printf(arena, "%s%s", app->output_folder, in_outputs);
    return arena_printf(arena, "%s/%s",
                        rest_below(relative, "uploads") ? app->upload_folder : app->data_folder,
                        relative);
}

const char *app_relative(const struct app *app, const char *path, struct arena *arena)
{
    const char *in_outputs = rest_below(path, app->output_folder);
    const char *in_data = rest_below(path, app->data_folder);

    if (in_outputs)
        return arena_printf(arena, "outputs%s", in_outputs);
    return in_data && *in_data ? in_data + 1 : path;
}

/* --- life ------------------------------------------------------------------------------------ */

int app_open(struct app **out, const struct app_options *options, struct error *err)
{
    struct app *app = calloc(1, sizeof(*app));
    struct str path = STR_INIT;
    int result = -1;

    BUG_IF(!app || sodium_init() < 0);
    BUG_IF(pthread_rwlock_init(&app->listening, NULL));
    if (!check_algorithm(err) && !read_lifetime(app, err) &&
        !make_folders(app, options->data_folder, err)) {
        str_printf(&path, "%s/vision_platform.db", app->data_folder);
        if (!db_open(&app->db, options->database_url ? options->database_url : path.text, err) &&
            !load_secrets(app, err))
            result = 0;
    }
    str_release(&path);
    if (result)
        app_close(app);
    else
        *out = app;
    return result;
}

void app_close(struct app *app)
{
    if (!app)
        return;
    control_free(app->control);
    db_close(app->db);
    if (app->internal_secret)
        sodium_memzero(app->internal_secret, strlen(app->internal_secret));
    sodium_memzero(app->token_secret, sizeof(app->token_secret));
    free(app->internal_secret);
    free(app->upload_folder);
    free(app->output_folder);
    free(app->data_folder);
    pthread_rwlock_destroy(&app->listening);
    free(app);
}

/* --- news ------------------------------------------------------------------------------------ */

void app_listen(struct app *app, app_listener *listener, void *context)
{
    pthread_rwlock_wrlock(&app->listening);
    app->listener = listener;
    app->listener_context = context;
    pthread_rwlock_unlock(&app->listening);
}

void app_tell(struct app *app, const struct job_news *news)
{
    pthread_rwlock_rdlock(&app->listening);
    if (app->listener)
        app->listener(app->listener_context, news);
    pthread_rwlock_unlock(&app->listening);
}
