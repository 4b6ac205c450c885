/* datasets_clean.c - life of the data sets' threads, and what is thrown away. */

#include "app/datasets/datasets_internal.h"

#include "app/datasets/uploads_internal.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DEAD "dead-" /* begins the names of folders in uploads/ that are to go */
#define LOOK_SECONDS 3600.0 /* for uploads that have expired */

/* --- threads --------------------------------------------------------------------------------- */

bool background_is_stopping(const struct background *background)
{
    return atomic_load(&background->is_stopping);
}

static void *run_background(void *argument)
{
    struct background *b = argument;

    while (!background_is_stopping(b)) {
        double seconds = b->run(b->app);
        struct pollfd wait = { .fd = b->fd, .events = POLLIN };
        uint64_t count;

        if (poll(&wait, 1, seconds < 0 ? -1 : (int)lround(1000 * seconds)) > 0 &&
            read(b->fd, &count, sizeof(count)) < 0)
            log_error("an eventfd cannot be read: %s", strerror(errno));
    }
    return NULL;
}

void background_start(struct background *background, struct app *app,
                      double (*run)(struct app *app))
{
    background->app = app;
    background->run = run;
    background->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    BUG_IF(background->fd < 0);
    BUG_IF(pthread_create(&background->thread, NULL, run_background, background));
    background->has_started = true;
}

void background_wake(struct background *background)
{
    uint64_t one = 1;

    if (background->has_started && write(background->fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
        log_error("a thread cannot be woken: %s", strerror(errno));
}

void background_stop(struct background *background)
{
    if (!background->has_started)
        return;
    atomic_store(&background->is_stopping, true);
    background_wake(background);
    pthread_join(background->thread, NULL);
    close(background->fd);
    background->has_started = false;
}

/* --- what is left over ----------------------------------------------------------------------- */

static void remove_tree(struct blob *blob, const char *key)
{
    struct error err;

    if (blob_remove_tree(blob, key, &err))
        log_warn("cannot clean up '%s': %s", key, err.text);
}

static bool has_no_row(struct app *app, const char *id, struct arena *arena)
{
    struct dataset dataset;
    struct error err;

    return dataset_read(app, id, arena, &dataset, &err) && err.kind == ERR_NOT_FOUND;
}

/* A folder of files that no row knows: a process ended between the two.  When the upload that they
 * came from is still there, they go back to it; its commit may come again meanwhile. */
static void clean_locked(struct app *app, const char *id, struct arena *arena)
{
    if (!has_no_row(app, id, arena) || upload_take_back(app, id) != TAKEN_BACK_NOT)
        return;
    log_info("removing the files of dataset %s, which was never finished", id);
    for (int i = 0; i < DATASET_KIND_COUNT; i++)
        remove_tree(app->datasets->blob, dataset_key(dataset_kinds[i], id, NULL, arena));
}

static void clean_folder(struct app *app, const char *id, struct arena *arena)
{
    struct dataset_lock lock;
    struct error err;

    if (!has_no_row(app, id, arena))
        return;
    if (dataset_lock(app, id, &lock, &err)) {
        log_warn("cannot clean up 'datasets/%s': %s", id, err.text);
        return;
    }
    clean_locked(app, id, arena);
    dataset_unlock(app, &lock);
}

static void clean_start(struct app *app)
{
    struct datasets *d = app->datasets;

    for (int kind = 0; kind < DATASET_KIND_COUNT; kind++)
        for (int i = 0; i < d->kinds[kind].count && !background_is_stopping(&d->janitor); i++)
            clean_folder(app, d->kinds[kind].names[i], &d->arena);
    for (int i = 0; i < d->uploads.count && !background_is_stopping(&d->janitor); i++)
        if (!upload_is_alive(app, d->uploads.names[i]))
            remove_tree(d->local, dataset_key("uploads", d->uploads.names[i], NULL, &d->arena));
}

static void clean_dead(struct app *app)
{
    struct arena arena = ARENA_INIT;
    struct error err;
    char **names;
    int count = 0;

    if (blob_list_folders(app->datasets->local, "uploads", &arena, &names, &count, &err))
        log_warn("cannot clean up uploads: %s", err.text);
    for (int i = 0; i < count; i++)
        if (str_starts_with(names[i], DEAD) ||
            (dataset_is_id(names[i]) && upload_has_expired(app, names[i])))
            remove_tree(app->datasets->local, dataset_key("uploads", names[i], NULL, &arena));
    arena_release(&arena);
}

double janitor_run(struct app *app)
{
    if (!app->datasets->has_cleaned)
        clean_start(app);
    app->datasets->has_cleaned = true;
    clean_dead(app);
    return LOOK_SECONDS;
}

void janitor_take(struct app *app, const char *upload_id)
{
    struct arena arena = ARENA_INIT;
    struct blob *local = app->datasets->local;
    char *from = blob_local_path(local, dataset_key("uploads", upload_id, NULL, &arena), &arena);
    char id[DATASET_ID_SIZE];

    dataset_make_id(id);
    if (!rename(from, app_path(app, arena_printf(&arena, "uploads/" DEAD "%s", id), &arena)))
        background_wake(&app->datasets->janitor);
    arena_release(&arena);
}

/* --- life ------------------------------------------------------------------------------------ */

/* What stays free for the database and for training: a twentieth of the disk, at most 256 MiB. */
static int64_t choose_reserve(const char *folder)
{
    struct statvfs status;
    int64_t most = (int64_t)256 << 20, share;

    if (statvfs(folder, &status))
        return most;
    share = (int64_t)status.f_blocks * (int64_t)status.f_frsize / 20;
    return share < most ? share : most;
}

static int set_limits(struct dataset_limits *limits, const char *folder, struct error *err)
{
    double bytes;
    int result = environment_number("UPLOAD_LIMIT_BYTES", 0x1p40, 1, 1e18, &bytes, err);

    *limits = (struct dataset_limits){
        .files = 500000,
        .bytes = (int64_t)bytes,
        .reserve_bytes = choose_reserve(folder),
        .chunk_bytes = (int64_t)64 << 20,
        .field_bytes = (int64_t)16 << 20,
        .session_seconds = (int64_t)7 * 24 * 60 * 60,
    };
    return result;
}

struct dataset_limits *datasets_limits(struct app *app)
{
    return &app->datasets->limits;
}

/* What is there now and has no row can only be left over: new ones get other names. */
static int list_leftovers(struct datasets *d, struct error *err)
{
    int result = blob_list_folders(d->local, "uploads", &d->arena, &d->uploads.names,
                                   &d->uploads.count, err);

    for (int i = 0; i < DATASET_KIND_COUNT && !result; i++)
        result = blob_list_folders(d->blob, dataset_kinds[i], &d->arena, &d->kinds[i].names,
                                   &d->kinds[i].count, err);
    return result;
}

int datasets_open(struct app *app, struct error *err)
{
    struct datasets *d = calloc(1, sizeof(*d));

    BUG_IF(!d);
    app->datasets = d;
    arena_init(&d->arena);
    dataset_locks_init(&d->locks);
    if (set_limits(&d->limits, app->data_folder, err) ||
        blob_open_local(&d->blob, app->data_folder, err) ||
        blob_open_local(&d->local, app->upload_folder, err) || list_leftovers(d, err)) {
        datasets_close(app);
        return -1;
    }
    background_start(&d->janitor, app, janitor_run);
    background_start(&d->doctor, app, doctor_run);
    return 0;
}

void datasets_interrupt(struct app *app)
{
    if (app->datasets)
        atomic_store(&app->datasets->doctor.is_stopping, true);
}

void datasets_close(struct app *app)
{
    struct datasets *d = app->datasets;

    if (!d)
        return;
    background_stop(&d->doctor);
    background_stop(&d->janitor);
    blob_close(d->blob);
    blob_close(d->local);
    dataset_locks_release(&d->locks);
    arena_release(&d->arena);
    free(d);
    app->datasets = NULL;
}
