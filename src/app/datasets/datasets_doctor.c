/* datasets_doctor.c - the thread that looks at the files of data sets, one set after the other.
 *
 * What there is to do stands in the database: every set with the status "analyzing".  So nothing is
 * forgotten over a restart, and a set that changes meanwhile is simply found again. */

#include "app/datasets/datasets_internal.h"

#include "app/services/services.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define CHECK_SECONDS (6 * 60 * 60.0)
#define RETRY_SECONDS 5.0
#define POLL_NANOSECONDS 20000000
#define WAITERS_MOST 2 /* each takes one of the server's threads */
#define WAITING "waiting for the analysis"

/* --- asking ---------------------------------------------------------------------------------- */

/* The doctor's own words, without the folders of this machine. */
static void strip_folder(char *text, const char *folder)
{
    size_t length = strlen(folder);
    char *found;

    while (length && (found = strstr(text, folder)))
        memmove(found, found + length, strlen(found + length) + 1);
}

/* Every engine can look at every data set: the first service that is there is asked. */
static const char *framework_of(const struct services *services)
{
    return services_know(services, "timm") || !services_know(services, "ultralytics")
               ? "timm"
               : "ultralytics";
}

/* INVALID with the engine's reason when the files are what it cannot take. */
int doctor_call(struct app *app, const char *path, const json_t *parameters, json_t **answer,
                struct error *err)
{
    const char *detail;
    json_t *got = NULL;
    int status = 0, result = -1;

    if (!app->services) {
        FAIL(err, UNAVAILABLE, "There is no training service that could look at it");
    } else if (!services_call(app, framework_of(app->services), "POST", path, parameters,
                              CHECK_SECONDS, &status, &got, err)) {
        detail = json_string_value(json_object_get(got, "detail"));
        if (status == 200 && json_is_object(got))
            result = 0;
        else if (status >= 400 && status < 500)
            FAIL(err, INVALID, "%s", detail ? detail : "it cannot be read");
        else
            FAIL(err, UNAVAILABLE, "%s", detail ? detail : "the training service has failed");
    }
    if (result)
        json_decref(got);
    else
        *answer = got;
    return result;
}

/* format NULL: by content. */
static int ask(struct app *app, const char *path, const char *format, const char *thumbnails,
               json_t **report, struct error *err)
{
    json_t *parameters = json_object();
    int result;

    BUG_IF(!parameters);
    json_object_set_new(parameters, "dataset_path", json_string(path));
    if (format)
        json_object_set_new(parameters, "format", json_string(format));
    if (thumbnails)
        json_object_set_new(parameters, "thumbnails_folder", json_string(thumbnails));
    result = doctor_call(app, "/datasets/check", parameters, report, err);
    json_decref(parameters);
    return result;
}

static bool has_labels(const char *format)
{
    return format && strcmp(format, "imagefolder") != 0 && strcmp(format, "auto") != 0;
}

/* What is there counts.  Where that is nothing, what was said is tried: its words tell what is
 * missing.  INVALID with the reason when the files are no data set. */
static int ask_twice(struct app *app, const char *path, const char *declared,
                     const char *thumbnails, json_t **report, struct error *err)
{
    int result = ask(app, path, NULL, thumbnails, report, err);

    if (result && err->kind == ERR_INVALID && has_labels(declared))
        result = ask(app, path, declared, thumbnails, report, err);
    return result;
}

/* --- one data set ---------------------------------------------------------------------------- */

struct finding {
    const char *status, *reason, *report, *hash, *task_type, *format, *keypoints;
};

static int store(struct app *app, const struct dataset *d, const struct finding *f,
                 struct error *err)
{
    return db_write(app->db, STATEMENT_dataset_set_analyzed,
                    DB_ARGS(db_text(d->id), db_int(d->revision), db_text(f->status),
                            db_text(f->reason), db_text(f->report), db_text(f->hash),
                            db_text(f->task_type), db_int(clock_unix_microseconds()),
                            db_text(f->format), db_text(f->keypoints)),
                    NULL, NULL, err);
}

/* Both words mean folders of classes. */
static bool is_same_format(const char *declared, const char *found)
{
    return !strcmp(declared, found) || !strcmp(declared, "auto") ||
           (!strcmp(declared, "dice") && !strcmp(found, "imagefolder"));
}

/* What was declared is told beside what was found. */
static void add_declared(const struct dataset *d, const char *found, json_t *report)
{
    json_t *warnings = json_object_get(json_object_get(report, "quality_checks"), "warnings");

    json_object_set_new(report, "declared_format", json_string(d->format));
    if (found && !is_same_format(d->format, found))
        json_array_append_new(warnings, json_sprintf("declared as %s, but this is %s: it is used "
                                                     "as what it is",
                                                     d->format, found));
}

static int store_report(struct app *app, const struct dataset *d, json_t *report,
                        const char *thumbnails, struct error *err)
{
    const json_t *structure = json_object_get(report, "structure");
    const json_t *labels = json_object_get(report, "labels");
    const json_t *keypoints = json_object_get(labels, "keypoints");
    struct finding finding = {
        .status = json_is_true(json_object_get(report, "ready")) ? "ready" : "not_ready",
        .reason = json_string_value(json_object_get(report, "reason")),
        .hash = json_string_value(json_object_get(structure, "content_hash")),
        .task_type = json_string_value(json_object_get(report, "task_type")),
        .format = json_string_value(json_object_get(report, "format")),
    };
    char *text, *points = keypoints ? json_dumps(keypoints, JSON_COMPACT) : NULL;
    struct str lines = STR_INIT;
    int result;

    add_declared(d, finding.format, report);
    text = json_dumps(report, JSON_COMPACT);
    if (!text || (keypoints && !points)) {
        free(text);
        free(points);
        return FAIL(err, NO_MEMORY, "no memory for the report");
    }
    finding.report = text;
    finding.keypoints = points;
    str_printf(&lines, "%s/files.jsonl", thumbnails);
    result = file_exists(lines.text)
                 ? dataset_list_by_doctor(app, d->id, lines.text,
                                          labels ? json_object_get(structure, "class_names") : NULL,
                                          err)
                 : 0;
    if (!result)
        result = store(app, d, &finding, err);
    str_release(&lines);
    free(text);
    free(points);
    return result;
}

/* It is no data set, and the doctor has said why, with the folders of the machine in it. */
static int store_refusal(struct app *app, const struct dataset *d, struct error *err)
{
    struct finding finding = { .status = "not_ready" };
    struct arena arena = ARENA_INIT;
    char *folder = realpath(blob_local_path(app->datasets->blob, "datasets", &arena), NULL);
    char reason[sizeof(err->text)];
    int result;

    snprintf(reason, sizeof(reason), "%s", err->text);
    if (folder)
        strip_folder(reason, arena_printf(&arena, "%s/", folder));
    strip_folder(reason, blob_local_path(app->datasets->blob, "datasets/", &arena));
    finding.reason = reason;
    result = store(app, d, &finding, err);
    free(folder);
    arena_release(&arena);
    return result;
}

/* The rows come first: they are what is there to see while the doctor looks.  Of one that waits
 * they have been there since nobody could look the first time. */
static int look_at(struct app *app, const struct dataset *d, struct arena *arena, struct error *err)
{
    struct blob *blob = app->datasets->blob;
    const char *thumbnails = dataset_key("thumbnails", d->id, NULL, arena);
    json_t *report = NULL;
    int result;

    if (!d->status_reason && dataset_list_by_path(app, d->id, err))
        return -1;
    if (!ask_twice(app, d->id, d->format, thumbnails, &report, err))
        result = store_report(app, d, report, blob_local_path(blob, thumbnails, arena), err);
    else if (err->kind == ERR_INVALID)
        result = store_refusal(app, d, err);
    else
        result = -1;
    json_decref(report);
    return result;
}

static void tell_waiting(struct app *app, const struct dataset *d, const char *reason)
{
    struct error ignored;

    if (d->status_reason)
        return; /* has been told */
    log_warn("dataset %s: the analysis waits: %s", d->id, reason);
    db_write(app->db, STATEMENT_dataset_set_waiting,
             DB_ARGS(db_text(d->id), db_int(d->revision), db_text(WAITING)),
             NULL, NULL, &ignored);
}

/* Removed meanwhile: what was drawn of it has to go as well. */
static void clean_after(struct app *app, const char *id, struct arena *arena)
{
    struct dataset dataset;
    struct error ignored;

    if (dataset_read(app, id, arena, &dataset, &ignored) && ignored.kind == ERR_NOT_FOUND)
        blob_remove_tree(app->datasets->blob, dataset_key("thumbnails", id, NULL, arena),
                         &ignored);
}

/* *done: there was nothing to do. */
static int run_next(struct app *app, bool *done, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct dataset dataset;
    struct db_rows rows;
    char *failed_id = app->datasets->failed_id;
    int result = db_read(app->db, STATEMENT_dataset_next_unlooked, DB_ARGS(db_text(failed_id)),
                         &arena, &rows, err);

    *done = !result && !rows.count;
    if (!result && rows.count) {
        result = dataset_read(app, db_at(&rows, 0, 0)->text, &arena, &dataset, err);
        if (!result && look_at(app, &dataset, &arena, err)) {
            if (!background_is_stopping(&app->datasets->doctor))
                tell_waiting(app, &dataset, err->text);
            snprintf(failed_id, DATASET_ID_SIZE, "%s", dataset.id);
            result = -1;
        }
        clean_after(app, db_at(&rows, 0, 0)->text, &arena);
    }
    arena_release(&arena);
    return result;
}

double doctor_run(struct app *app)
{
    bool done = false;
    struct error err;

    while (!done && !background_is_stopping(&app->datasets->doctor))
        if (run_next(app, &done, &err))
            return RETRY_SECONDS;
    return -1;
}

/* --- others ---------------------------------------------------------------------------------- */

/* Is there nothing to wait for any more?  Also while no service is there to look at it. */
static int look_whether_over(struct app *app, const char *id, bool *over, struct error *err)
{
    struct arena scratch = ARENA_INIT;
    struct dataset now;
    int result = dataset_read(app, id, &scratch, &now, err);

    *over = !result && (strcmp(now.status, "analyzing") != 0 || now.status_reason);
    arena_release(&scratch);
    return result;
}

int datasets_wait(struct app *app, double seconds, struct arena *arena, struct dataset *dataset,
                  struct error *err)
{
    const struct timespec pause = { 0, POLL_NANOSECONDS };
    double end_seconds = clock_seconds() + seconds;
    bool over = atomic_fetch_add(&app->datasets->waiters, 1) >= WAITERS_MOST;
    int result = 0;

    while (!over && !result && clock_seconds() < end_seconds &&
           !background_is_stopping(&app->datasets->doctor)) {
        result = look_whether_over(app, dataset->id, &over, err);
        if (!over && !result)
            nanosleep(&pause, NULL);
    }
    atomic_fetch_sub(&app->datasets->waiters, 1);
    return result ? result : dataset_read(app, dataset->id, arena, dataset, err);
}

int datasets_report(struct app *app, const struct dataset *dataset, struct arena *arena,
                    const char **report, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_dataset_report, DB_ARGS(db_text(dataset->id)), arena, &rows,
                err))
        return -1;
    *report = rows.count ? db_at(&rows, 0, 0)->text : NULL;
    return 0;
}

/* --- folders of the machine ------------------------------------------------------------------ */

static bool lies_below(const char *path, const char *root, size_t root_length)
{
    char *folder = strndup(root, root_length), *real;
    size_t length;
    bool result;

    BUG_IF(!folder);
    real = *folder ? realpath(folder, NULL) : NULL;
    length = real ? strlen(real) : 0;
    result = real && !strncmp(path, real, length) && (path[length] == '/' || !path[length]);
    free(real);
    free(folder);
    return result;
}

/* Links are resolved before, so that none leads out.  Not the data folder: what is there belongs to
 * somebody, and is asked for by its id. */
static bool is_allowed(const char *real)
{
    const char *roots = getenv("DATASET_ROOTS");

    if (!roots || !*roots)
        roots = "/app/datasets";
    while (*roots) {
        size_t length = strcspn(roots, ":");

        if (lies_below(real, roots, length))
            return true;
        roots += length + (roots[length] == ':');
    }
    return false;
}

int datasets_check_folder(struct app *app, const char *path, const char *format, json_t **report,
                          struct error *err)
{
    char *real = *path == '/' ? realpath(path, NULL) : NULL;
    int result;

    /* The same words for what is missing: nobody is to learn what lies elsewhere. */
    if (!real || !is_allowed(real))
        result = FAIL(err, NOT_FOUND, "Dataset not found: %s", path);
    else
        result = ask_twice(app, real, format, NULL, report, err);
    free(real);
    return result;
}
