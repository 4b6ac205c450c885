/* datasets.c - rows and rights of data sets; see datasets.h. */

#include "app/datasets/datasets.h"

#include "app/datasets/datasets_internal.h"
#include "app/jobs/job_control.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "store/columns.h"

#include <sodium.h>
#include <string.h>

#define NAME_MOST 200
#define DESCRIPTION_MOST 10000

#define RECORD struct dataset
static const struct column columns[] = { COLUMNS_TABLE(DATASET_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))

static const char *const formats[] = { "imagefolder", "yolo", "coco", "dice", "voc",
                                      "auto" };
const char *const dataset_kinds[DATASET_KIND_COUNT] = { "datasets", "thumbnails", "quarantine" };
static const char *const visibilities[] = { "private", "public", "organization" };

/* --- ids ------------------------------------------------------------------------------------- */

void dataset_make_id(char id[DATASET_ID_SIZE])
{
    unsigned char b[16];

    randombytes_buf(b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* a random UUID, RFC 9562 */
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(id, DATASET_ID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

bool dataset_is_id(const char *text)
{
    for (int i = 0; i < DATASET_ID_SIZE - 1; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (is_dash ? text[i] != '-' : !text[i] || !strchr("0123456789abcdef", text[i]))
            return false;
    }
    return !text[DATASET_ID_SIZE - 1];
}

const char *dataset_key(const char *kind, const char *id, const char *path, struct arena *arena)
{
    return arena_printf(arena, "%s/%s%s%s", kind, id, path ? "/" : "", path ? path : "");
}

/* --- rights ---------------------------------------------------------------------------------- */

int dataset_read(struct app *app, const char *id, struct arena *arena, struct dataset *dataset,
                 struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_dataset_by_id, DB_ARGS(db_text(id)), arena, &rows, err))
        return -1;
    if (!rows.count)
        return FAIL(err, NOT_FOUND, "Dataset not found");
    columns_read(columns, COLUMN_COUNT, &rows, 0, dataset);
    return 0;
}

/* Of one without a project. */
static int own_right(const struct user *user, const struct dataset *dataset, enum right right,
                     struct error *err)
{
    enum right greatest =
        permission_right(user->system_role, dataset->user_id == user->id ? "owner" : NULL);

    if (greatest == RIGHT_NONE)
        return FAIL(err, NOT_FOUND, "Dataset not found");
    return right > greatest ? FAIL(err, DENIED, "Not enough permissions") : 0;
}

int datasets_get(struct app *app, const struct user *user, const char *id, enum right right,
                 struct arena *arena, struct dataset *dataset, struct error *err)
{
    struct project project;
    int result;

    if (dataset_read(app, id, arena, dataset, err))
        return -1;
    result = dataset->project_id
                 ? projects_open(app, user, dataset->project_id, right, arena, &project, err)
                 : own_right(user, dataset, right, err);
    if (!result || err->kind != ERR_NOT_FOUND)
        return result;
    if (!strcmp(dataset->visibility, "private"))
        return FAIL(err, NOT_FOUND, "Dataset not found");
    return right == RIGHT_VIEW ? 0 : FAIL(err, DENIED, "Not enough permissions");
}

/* --- lists ----------------------------------------------------------------------------------- */

static struct db_value id_or_null(int64_t id)
{
    return id ? db_int(id) : db_null();
}

int datasets_list(struct app *app, const struct user *user, const struct dataset_page *page,
                  struct arena *arena, struct dataset **datasets, int *count, int64_t *total,
                  struct error *err)
{
    bool sees_all = permission_has(user->system_role, PERMISSION_all_projects);
    struct db_value id = db_int(user->id), admin = db_int(sees_all);
    struct db_value project = id_or_null(page->project_id), format = db_text(page->format);
    struct db_rows rows, counted;

    if (db_read(app->db, STATEMENT_dataset_list,
                DB_ARGS(id, admin, project, format, db_int(page->limit), db_int(page->offset)),
                arena, &rows, err) ||
        db_read(app->db, STATEMENT_dataset_count, DB_ARGS(id, admin, project, format), arena,
                &counted, err))
        return -1;
    *total = db_at(&counted, 0, 0)->integer;
    *count = rows.count;
    *datasets = ARENA_ARRAY(arena, struct dataset, rows.count + 1);
    for (int i = 0; i < rows.count; i++)
        columns_read(columns, COLUMN_COUNT, &rows, i, &(*datasets)[i]);
    return 0;
}

/* --- making and changing --------------------------------------------------------------------- */

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; text && i < count; i++)
        if (!strcmp(text, words[i]))
            return true;
    return false;
}

static int check_texts(const struct dataset *d, struct error *err)
{
    if (!d->name || !*d->name || strlen(d->name) > NAME_MOST)
        return FAIL(err, INVALID, "A dataset needs a name of 1 to %d bytes", NAME_MOST);
    if (d->description && strlen(d->description) > DESCRIPTION_MOST)
        return FAIL(err, INVALID, "The description has more than %d bytes", DESCRIPTION_MOST);
    if (!is_one_of(d->format, formats, sizeof(formats) / sizeof(*formats)))
        return FAIL(err, INVALID, "The format must be imagefolder, yolo, coco, dice, voc or auto");
    if (!is_one_of(d->visibility, visibilities, sizeof(visibilities) / sizeof(*visibilities)))
        return FAIL(err, INVALID, "The visibility must be private, public or organization");
    if (d->tags && strlen(d->tags) > DESCRIPTION_MOST)
        return FAIL(err, INVALID, "The tags have more than %d bytes", DESCRIPTION_MOST);
    return 0;
}

int datasets_check(struct app *app, const struct user *user, const struct dataset *wanted,
                   struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct project project;
    int result;

    if (wanted->project_id)
        result = projects_open(app, user, wanted->project_id, RIGHT_WORK, &arena, &project, err);
    else
        result = permission_has(user->system_role, PERMISSION_make_datasets)
                     ? 0
                     : FAIL(err, DENIED, "Not enough permissions");
    if (!result)
        result = check_texts(wanted, err);
    arena_release(&arena);
    return result;
}

int datasets_add(struct app *app, const struct user *user, const struct dataset *w,
                 struct arena *arena, struct dataset *dataset, struct error *err)
{
    char id[DATASET_ID_SIZE];

    if (datasets_check(app, user, w, err))
        return -1;
    if (w->id)
        snprintf(id, sizeof(id), "%s", w->id);
    else
        dataset_make_id(id);
    if (db_write(app->db, STATEMENT_dataset_add,
                 DB_ARGS(db_text(id), db_text(w->name), db_text(w->description),
                         db_text(w->format), db_text(w->visibility), id_or_null(w->project_id),
                         db_int(user->id), db_text(arena_printf(arena, "datasets/%s/", id)),
                         db_text(w->tags), db_text(w->status ? w->status : "empty"),
                         db_int(clock_unix_microseconds())),
                 NULL, NULL, err))
        return -1;
    return dataset_read(app, id, arena, dataset, err);
}

int datasets_update(struct app *app, const struct dataset *before, const struct dataset *after,
                    struct error *err)
{
    const char *const old[] = { before->name, before->description, before->visibility,
                                before->tags };
    const char *const new[] = { after->name, after->description, after->visibility, after->tags };
    struct arena arena = ARENA_INIT;
    struct db_rows rows = { 0 };
    int result = -1;

    if (!check_texts(after, err))
        result = db_write(app->db, STATEMENT_dataset_update,
                          DB_ARGS(db_text(after->id), db_text(new[0]), db_text(new[1]),
                                  db_text(new[2]), db_text(new[3]),
                                  db_int(clock_unix_microseconds()),
                                  db_int(columns_changed(old, new, 4))),
                          &arena, &rows, err);
    if (!result && !rows.count)
        result = FAIL(err, NOT_FOUND, "Dataset not found");
    arena_release(&arena);
    return result;
}

/* --- removing -------------------------------------------------------------------------------- */

static int find_jobs(struct app *app, const char *id, struct arena *arena, struct db_rows *jobs,
                     struct error *err)
{
    return db_read(app->db, STATEMENT_dataset_jobs, DB_ARGS(db_text(id)), arena, jobs, err);
}

int dataset_check_idle(struct app *app, const struct dataset *dataset, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows jobs;
    int result = find_jobs(app, dataset->id, &arena, &jobs, err);

    for (int i = 0; !result && i < jobs.count; i++)
        if (!strcmp(db_at(&jobs, i, 1)->text, "running"))
            result = FAIL(err, CONFLICT, "Training job %lld runs with this dataset",
                          (long long)db_at(&jobs, i, 0)->integer);
    arena_release(&arena);
    return result;
}

/* Forced: they are cancelled, those that run only where `stops_running`. */
static int release_jobs(struct app *app, const char *id, bool force, bool stops_running,
                        struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows jobs;
    int result = find_jobs(app, id, &arena, &jobs, err);

    for (int i = 0; !result && i < jobs.count; i++) {
        int64_t job = db_at(&jobs, i, 0)->integer;

        if (!force || (!stops_running && !strcmp(db_at(&jobs, i, 1)->text, "running")))
            result = FAIL(err, CONFLICT, "The dataset is in use by training job %lld (%s)",
                          (long long)job, db_at(&jobs, i, 1)->text);
        else if (app->control)
            result = control_cancel(app, job, err);
        else
            result = jobs_cancel(app, job, err);
        if (result && force && (err->kind == ERR_INVALID || err->kind == ERR_NOT_FOUND))
            result = 0; /* it has ended by itself */
    }
    arena_release(&arena);
    return result;
}

static int remove_rows(struct app *app, const char *id, struct error *err)
{
    struct db_value key = db_text(id);
    int64_t now = clock_unix_microseconds();

    /* Many rows go before it, in parts.  If we do not get to the end, the doctor makes new ones. */
    return db_write(app->db, STATEMENT_dataset_set_changed, DB_ARGS(key, db_int(now)), NULL, NULL,
                    err) ||
                   db_write_parts(app->db, STATEMENT_dataset_object_forget_all, DB_ARGS(key),
                                  err) ||
                   db_write_parts(app->db, STATEMENT_dataset_file_forget_all, DB_ARGS(key), err) ||
                   db_write(app->db, STATEMENT_dataset_remove, DB_ARGS(key), NULL, NULL, err)
               ? -1
               : 0;
}

/* The row first: without it the files are what the janitor takes for lost, if we do not come to
 * their end. */
int dataset_remove_all(struct app *app, const char *id, struct error *err)
{
    struct arena arena = ARENA_INIT;
    int result = remove_rows(app, id, err);

    for (int i = 0; !result && i < DATASET_KIND_COUNT; i++)
        result = blob_remove_tree(app->datasets->blob,
                                  dataset_key(dataset_kinds[i], id, NULL, &arena), err);
    arena_release(&arena);
    return result;
}

static int remove_one(struct app *app, const char *id, bool force, bool stops_running,
                      struct error *err)
{
    struct dataset_lock lock;
    int result;

    if (dataset_lock(app, id, &lock, err))
        return -1;
    result = release_jobs(app, id, force, stops_running, err) || dataset_remove_all(app, id, err)
                 ? -1
                 : 0;
    dataset_unlock(app, &lock);
    return result;
}

int datasets_remove(struct app *app, const struct dataset *dataset, bool force, struct error *err)
{
    return remove_one(app, dataset->id, force, true, err);
}

int datasets_remove_of_project(struct app *app, int64_t project_id, bool force, int64_t *removed,
                               struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows ids;
    int result = db_read(app->db, STATEMENT_dataset_ids_of_project, DB_ARGS(db_int(project_id)),
                         &arena, &ids, err);

    *removed = 0;
    for (int i = 0; !result && i < ids.count; i++) {
        result = remove_one(app, db_at(&ids, i, 0)->text, force, false, err);
        *removed += !result;
    }
    arena_release(&arena);
    return result;
}
