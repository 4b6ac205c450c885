/* job_events.c - what engines report, applied once and in one transaction; see jobs.h. */

#include "app/jobs/job_results.h"
#include "app/jobs/jobs.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "store/columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MOST 65536 /* bytes of one line */

#define RECORD struct job_metric
static const struct column columns[] = { COLUMNS_TABLE(METRIC_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))

/* One event on its way into the tables. */
struct application {
    struct db_connection *connection;
    int64_t job_id, attempt, seq;
    const char *event;
    const json_t *data;
    const char *output_folder; /* of the job */
    const struct app *app;
    struct arena *arena;
    bool applied;
};

struct event_outcome {
    struct application *application;
    struct job before, after;
};

/* --- reading data ---------------------------------------------------------------------------- */

static struct db_value number(const json_t *data, const char *key)
{
    const json_t *value = json_object_get(data, key);

    return json_is_number(value) ? db_real(json_number_value(value)) : db_null();
}

static const char *text(const json_t *data, const char *key)
{
    return json_string_value(json_object_get(data, key));
}

static int64_t integer(const json_t *data, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(data, key));
}

static struct db_value integer_or_null(const json_t *data, const char *key)
{
    const json_t *value = json_object_get(data, key);

    return json_is_integer(value) ? db_int(json_integer_value(value)) : db_null();
}

static const char *first_text(const json_t *data, const char *a, const char *b)
{
    return text(data, a) ? text(data, a) : text(data, b);
}

/* --- one function per event ------------------------------------------------------------------ */

static int end_job(struct application *a, const char *status, const char *message,
                   struct error *err)
{
    return db_run(a->connection, STATEMENT_job_set_ended,
                  DB_ARGS(db_int(a->job_id), db_text(status), db_text(message),
                          db_int(clock_unix_microseconds())),
                  NULL, NULL, err);
}

static int epoch_complete(struct application *a, struct error *err)
{
    const json_t *extra = json_object_get(a->data, "extra_metrics");
    size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(15);
    char *written = json_is_object(extra) ? json_dumps(extra, flags) : NULL;
    int64_t now = clock_unix_microseconds(), epoch = integer(a->data, "epoch");
    struct db_value loss = number(a->data, "loss"), accuracy = number(a->data, "accuracy");
    int result;

    result = epoch < 1 ? FAIL(err, INVALID, "epoch_complete needs an epoch from 1 on")
                       : db_run(a->connection, STATEMENT_metric_put,
                                DB_ARGS(db_int(a->job_id), db_int(epoch), db_int(0), loss, accuracy,
                                        number(a->data, "learning_rate"), db_text(written),
                                        db_text(text(a->data, "checkpoint_path")), db_int(now)),
                                NULL, NULL, err);
    if (!result)
        result = series_add_epoch(a->connection, a->job_id, epoch, a->data, err);
    if (!result)
        result = db_run(a->connection, STATEMENT_job_set_progress,
                        DB_ARGS(db_int(a->job_id), db_int(epoch), loss, accuracy, db_int(now)),
                        NULL, NULL, err);
    free(written);
    return result;
}

static int log_line(struct application *a, struct error *err)
{
    const char *message = text(a->data, "message");
    const char *type = first_text(a->data, "log_type", "level");
    struct db_value content = db_text(message ? message : "");

    if (content.length > LOG_MOST)
        content.length = LOG_MOST;
    return db_run(a->connection, STATEMENT_log_add,
                  DB_ARGS(db_int(a->job_id), db_text(type ? type : "INFO"), content,
                          db_int(clock_unix_microseconds())),
                  NULL, NULL, err) ||
                   db_run(a->connection, STATEMENT_log_trim,
                          DB_ARGS(db_int(a->job_id), db_int(JOB_LOGS_KEPT)), NULL, NULL, err)
               ? -1
               : 0;
}

/* Relative where it lies in a folder of ours, so that the folder can be moved. */
static const char *stored_path(const struct application *a)
{
    const char *path = first_text(a->data, "path", "uri");

    return path ? app_relative(a->app, path, a->arena) : NULL;
}

static int checkpoint_saved(struct application *a, struct error *err)
{
    const char *kind = text(a->data, "kind"), *path = stored_path(a);
    const json_t *metrics = json_object_get(a->data, "metrics");
    char *written = json_is_object(metrics) ? json_dumps(metrics, JSON_COMPACT) : NULL;
    int result;

    if (!path)
        return 0;
    result = db_run(a->connection, STATEMENT_checkpoint_put,
                    DB_ARGS(db_int(a->job_id), integer_or_null(a->data, "epoch"),
                            db_text(kind ? kind : "epoch"), db_text(path),
                            integer_or_null(a->data, "size"), db_text(text(a->data, "sha256")),
                            db_text(written), db_int(clock_unix_microseconds())),
                    NULL, NULL, err);
    free(written);
    if (result || !kind || strcmp(kind, "best"))
        return result;
    return db_run(a->connection, STATEMENT_job_set_best,
                  DB_ARGS(db_int(a->job_id), db_text(path)), NULL, NULL, err);
}

static int dataset_analyzed(struct application *a, struct error *err)
{
    int64_t classes = integer(a->data, "num_classes");

    if (classes < 1)
        return 0;
    return db_run(a->connection, STATEMENT_job_set_classes,
                  DB_ARGS(db_int(a->job_id), db_int(classes)), NULL, NULL, err);
}

static int step(struct application *a, struct error *err)
{
    static const char *const names[][2] = { { "loss", "step_loss" },
                                            { "learning_rate", "step_learning_rate" },
                                            { "images_per_second", "images_per_second" },
                                            { "rss_mb", "rss_mb" } };
    int64_t x = (integer(a->data, "epoch") - 1) * integer(a->data, "steps") +
                integer(a->data, "step");

    for (size_t i = 0; x > 0 && i < sizeof(names) / sizeof(*names); i++) {
        const json_t *value = json_object_get(a->data, names[i][0]);

        if (json_is_number(value) &&
            series_add_point(a->connection, a->job_id, names[i][1], SERIES_STEP, x,
                             json_number_value(value), err))
            return -1;
    }
    return 0;
}

static int validation_result(struct application *a, struct error *err)
{
    return validation_store(a->connection, a->job_id, a->output_folder, a->data, err);
}

static int training_started(struct application *a, struct error *err)
{
    int64_t process = integer(a->data, "pid");

    return process <= 0 ? 0
                        : db_run(a->connection, STATEMENT_job_set_process,
                                 DB_ARGS(db_int(a->job_id), db_int(a->attempt), db_int(process)),
                                 NULL, NULL, err);
}

static int training_complete(struct application *a, struct error *err)
{
    return end_job(a, "completed", NULL, err);
}

static int training_failed(struct application *a, struct error *err)
{
    const char *message = first_text(a->data, "error_message", "error");

    return end_job(a, "failed", message ? message : "The training failed", err);
}

static int training_stopped(struct application *a, struct error *err)
{
    return end_job(a, "stopped", NULL, err);
}

static int status_event(struct application *a, struct error *err)
{
    const char *status = text(a->data, "status");

    if (status && !strcmp(status, "completed"))
        return training_complete(a, err);
    if (status && !strcmp(status, "failed"))
        return training_failed(a, err);
    if (status && !strcmp(status, "stopped"))
        return training_stopped(a, err);
    return 0;
}

static const struct {
    const char *name;
    int (*apply)(struct application *a, struct error *err);
    bool may_be_ours; /* told of a job whose engine may never have begun */
} events[] = {
    { "epoch_complete", epoch_complete, false },
    { "log", log_line, false },
    { "checkpoint_saved", checkpoint_saved, false },
    { "dataset_analyzed", dataset_analyzed, false },
    { "status", status_event, true },
    { "training_complete", training_complete, true },
    { "training_failed", training_failed, true },
    { "training_stopped", training_stopped, true },
    { "step", step, false },
    { "validation_result", validation_result, false },
    { "training_started", training_started, false },
};

/* --- once ------------------------------------------------------------------------------------ */

/* An event with a seq moves the job's mark; no row: known already, or of an earlier attempt, or no
 * such job.  One without has no order, but must not be of an earlier attempt either. */
static int claim(struct application *a, const struct job *job, bool *is_new, struct error *err)
{
    struct db_rows rows;

    *is_new = !a->attempt || a->attempt == job->attempt;
    if (!*is_new || !a->attempt || !a->seq)
        return 0;
    if (db_run(a->connection, STATEMENT_job_set_seq,
               DB_ARGS(db_int(a->job_id), db_int(a->attempt), db_int(a->seq)), a->arena, &rows,
               err))
        return -1;
    *is_new = rows.count > 0;
    return 0;
}

/* The first sign of an engine that begins anew takes away what an earlier one has left. */
static int apply_one(struct application *a, const struct job *before, size_t event,
                     struct error *err)
{
    if (before->last_seq < 0 && !events[event].may_be_ours &&
        jobs_clear_earlier(a->connection, a->job_id, before->attempt, err))
        return -1;
    return events[event].apply(a, err);
}

static int apply(struct db_connection *connection, void *context, struct error *err)
{
    struct event_outcome *outcome = context;
    struct application *a = outcome->application;
    bool is_new;

    a->connection = connection;
    a->applied = false;
    if (jobs_read(connection, a->job_id, a->arena, &outcome->before, err) ||
        claim(a, &outcome->before, &is_new, err))
        return -1;
    if (!is_new)
        return 0;
    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
        if (!strcmp(events[i].name, a->event) && apply_one(a, &outcome->before, i, err))
            return -1;
    a->applied = true;
    return jobs_read(connection, a->job_id, a->arena, &outcome->after, err);
}

/* What happened is told in its order: events of one job come one after the other. */
static void tell(struct app *app, const struct event_outcome *outcome)
{
    const struct application *a = outcome->application;
    bool moved = strcmp(outcome->before.status, outcome->after.status) != 0;

    app_tell(app, &(struct job_news){ .job = &outcome->after,
                                      .old_status = moved ? outcome->before.status : NULL,
                                      .event = a->event, .data = a->data });
}

int jobs_apply_event(struct app *app, int64_t id, const char *event, int64_t attempt, int64_t seq,
                     const json_t *data, bool *applied, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct application a = { .job_id = id, .attempt = attempt, .seq = seq, .event = event,
                             .data = data, .arena = &arena };
    struct event_outcome outcome = { .application = &a };
    struct job job;
    int result = jobs_get(app, id, &arena, &job, err);

    if (!result) {
        a.app = app;
        a.output_folder = job.output_dir ? app_path(app, job.output_dir, &arena) : NULL;
        result = db_transact(app->db, apply, &outcome, err);
    }
    *applied = !result && a.applied;
    if (*applied)
        tell(app, &outcome);
    arena_release(&arena);
    return result ? -1 : 0;
}

/* --- reading back ---------------------------------------------------------------------------- */

int jobs_metrics(struct app *app, int64_t id, int64_t limit, struct arena *arena,
                 struct job_metric **metrics, int *count, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_metric_list, DB_ARGS(db_int(id), db_int(limit)), arena, &rows,
                err))
        return -1;
    *metrics = ARENA_ARRAY(arena, struct job_metric, rows.count + 1);
    *count = rows.count;
    for (int i = 0; i < rows.count; i++)
        columns_read(columns, COLUMN_COUNT, &rows, i, &(*metrics)[i]);
    return 0;
}

int jobs_latest_metrics(struct app *app, int64_t id, int64_t limit, struct arena *arena,
                        struct job_metric **metrics, int *count, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_metric_latest, DB_ARGS(db_int(id), db_int(limit)), arena, &rows,
                err))
        return -1;
    *metrics = ARENA_ARRAY(arena, struct job_metric, rows.count + 1);
    *count = rows.count;
    for (int i = 0; i < rows.count; i++)
        columns_read(columns, COLUMN_COUNT, &rows, i, &(*metrics)[rows.count - 1 - i]);
    return 0;
}

int jobs_logs(struct app *app, int64_t id, const struct job_log_page *page, struct arena *arena,
              struct job_log **logs, int *count, struct error *err)
{
    bool is_next = page->after > 0;
    struct db_value from = is_next             ? db_int(page->after)
                           : page->before > 0 ? db_int(page->before)
                                              : db_null();
    struct db_rows rows;

    if (db_read(app->db, is_next ? STATEMENT_log_list_after : STATEMENT_log_list_before,
                DB_ARGS(db_int(id), db_int(page->limit), db_text(page->log_type),
                        db_int(page->level), from),
                arena, &rows, err))
        return -1;
    *logs = ARENA_ARRAY(arena, struct job_log, rows.count + 1);
    *count = rows.count;
    for (int i = 0; i < rows.count; i++)
        (*logs)[i] = (struct job_log){ .id = db_at(&rows, i, 0)->integer,
                                       .log_type = db_at(&rows, i, 1)->text,
                                       .content = db_at(&rows, i, 2)->text,
                                       .created_at = db_at(&rows, i, 3)->integer };
    return 0;
}
