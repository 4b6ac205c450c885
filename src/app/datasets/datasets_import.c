/* datasets_import.c - from a folder of files to a data set, and reading files.
 *
 * The order: the files are durable and in place first, then comes the row.  What is in place
 * without a row was never acknowledged, and the janitor removes it at the next start. */

#include "app/datasets/datasets_internal.h"

#include "base/clock.h"
#include "base/error.h"

#include <string.h>

/* --- adding ---------------------------------------------------------------------------------- */

/* Files or their folders count double where others have them. */
static int check_conflicts(struct app *app, const char *prefix, const char *folder, bool replace,
                           struct arena *arena, struct error *err)
{
    struct blob_entry *entries;
    struct blob *incoming;
    int count, result;

    if (blob_open_local(&incoming, folder, err))
        return -1;
    result = blob_list(incoming, ".", arena, &entries, &count, err);
    for (int i = 0; i < count && !result && !replace; i++)
        if (blob_has(app->datasets->blob,
                     arena_printf(arena, "%s/%s", prefix, entries[i].path)))
            result = FAIL(err, CONFLICT, "The dataset has a file '%.300s' already",
                          entries[i].path);
    blob_close(incoming);
    return result;
}

static int set_changed(struct app *app, const char *id, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows = { 0 };
    int result = db_write(app->db, STATEMENT_dataset_set_changed,
                          DB_ARGS(db_text(id), db_int(clock_unix_microseconds())), &arena, &rows,
                          err);

    if (!result && !rows.count)
        result = FAIL(err, NOT_FOUND, "Dataset not found");
    arena_release(&arena);
    return result;
}

static int list_and_wake(struct app *app, const char *id, struct arena *arena,
                         struct dataset *dataset, struct error *err)
{
    if (dataset_list_by_path(app, id, err) || dataset_read(app, id, arena, dataset, err))
        return -1;
    background_wake(&app->datasets->doctor);
    return 0;
}

static int import(struct app *app, const struct user *user, const struct dataset *wanted,
                  const char *folder, struct arena *arena, struct dataset *dataset,
                  struct error *err)
{
    const char *key = dataset_key("datasets", wanted->id, NULL, arena);
    struct error ignored;

    if (blob_put_tree(app->datasets->blob, key, folder, err))
        return -1;
    if (datasets_add(app, user, wanted, arena, dataset, err)) {
        blob_remove_tree(app->datasets->blob, key, &ignored);
        return -1;
    }
    if (list_and_wake(app, dataset->id, arena, dataset, err)) {
        dataset_remove_all(app, wanted->id, &ignored);
        return -1;
    }
    return 0;
}

int datasets_import(struct app *app, const struct user *user, const struct dataset *wanted,
                    const char *folder, struct arena *arena, struct dataset *dataset,
                    struct error *err)
{
    struct dataset w = *wanted;
    struct dataset_lock lock;
    char id[DATASET_ID_SIZE];
    int result;

    if (datasets_check(app, user, wanted, err))
        return -1;
    if (!w.id) {
        dataset_make_id(id);
        w.id = id;
    }
    w.status = "analyzing";
    if (dataset_lock(app, w.id, &lock, err))
        return -1;
    result = import(app, user, &w, folder, arena, dataset, err);
    dataset_unlock(app, &lock);
    return result;
}

int dataset_check_more(struct app *app, const struct dataset *into, const char *folder,
                       bool replace, struct error *err)
{
    struct arena arena = ARENA_INIT;
    int result = dataset_check_idle(app, into, err) ||
                         check_conflicts(app, dataset_key("datasets", into->id, NULL, &arena),
                                         folder, replace, &arena, err)
                     ? -1
                     : 0;

    arena_release(&arena);
    return result;
}

int dataset_take_more(struct app *app, const struct dataset *into, const char *folder,
                      struct arena *arena, struct dataset *dataset, struct error *err)
{
    /* The row says that the files change before they do: a restart in between looks again. */
    if (set_changed(app, into->id, err))
        return -1;
    if (blob_put_tree(app->datasets->blob, dataset_key("datasets", into->id, NULL, arena), folder,
                      err)) {
        background_wake(&app->datasets->doctor);
        return -1;
    }
    return list_and_wake(app, into->id, arena, dataset, err);
}

int datasets_import_more(struct app *app, const struct dataset *into, const char *folder,
                         bool replace, struct arena *arena, struct dataset *dataset,
                         struct error *err)
{
    struct dataset_lock lock;
    int result;

    if (dataset_lock(app, into->id, &lock, err))
        return -1;
    result = dataset_check_more(app, into, folder, replace, err) ||
                     dataset_take_more(app, into, folder, arena, dataset, err)
                 ? -1
                 : 0;
    dataset_unlock(app, &lock);
    return result;
}

int datasets_analyze(struct app *app, const struct dataset *dataset, struct error *err)
{
    if (!dataset->file_count)
        return FAIL(err, INVALID, "The dataset has no files");
    if (set_changed(app, dataset->id, err))
        return -1;
    background_wake(&app->datasets->doctor);
    return 0;
}

/* --- reading --------------------------------------------------------------------------------- */

static int open_key(struct app *app, const char *key, int *fd, struct error *err)
{
    if (!blob_open_file(app->datasets->blob, key, fd, err))
        return 0;
    return err->kind == ERR_NOT_FOUND ? FAIL(err, NOT_FOUND, "File not found") : -1;
}

int datasets_open_file(struct app *app, const struct dataset *dataset, const char *path, int *fd,
                       struct error *err)
{
    struct arena arena = ARENA_INIT;
    int result = blob_check_key(path, err)
                     ? FAIL(err, NOT_FOUND, "File not found")
                     : open_key(app, dataset_key("datasets", dataset->id, path, &arena), fd, err);

    arena_release(&arena);
    return result;
}

int datasets_open_thumbnail(struct app *app, const struct dataset *dataset, const char *path,
                            int *fd, struct error *err)
{
    struct arena arena = ARENA_INIT;
    const char *key = dataset_key("thumbnails", dataset->id, path, &arena);
    int result = 0;

    /* One of a file that is no longer there does not count. */
    if (blob_check_key(path, err) ||
        !blob_has(app->datasets->blob, dataset_key("datasets", dataset->id, path, &arena)))
        result = FAIL(err, NOT_FOUND, "File not found");
    else if (open_key(app, arena_printf(&arena, "%s.jpg", key), fd, err))
        result = datasets_open_file(app, dataset, path, fd, err);
    arena_release(&arena);
    return result;
}
