/* jobs.c - rows and states of training jobs; see jobs.h. */

#include "app/jobs/jobs.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/columns.h"

#include <math.h>
#include <string.h>

#define RECORD struct job
static const struct column columns[] = { COLUMNS_TABLE(JOB_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))

/* --- rows ------------------------------------------------------------------------------------ */

int jobs_check(const struct job *job, struct error *err)
{
    if (!job->model_name || !*job->model_name)
        return FAIL(err, INVALID, "model_name is required");
    if (!job->task_type || !*job->task_type)
        return FAIL(err, INVALID, "task_type is required");
    if (!job->dataset_id && !job->dataset_path)
        return FAIL(err, INVALID, "Either dataset_id or dataset_path must be provided");
    if (job->epochs < 1 || job->epochs > JOB_EPOCHS_MOST)
        return FAIL(err, INVALID, "Epochs must be between 1 and %d", JOB_EPOCHS_MOST);
    if (job->batch_size < 1 || job->batch_size > JOB_BATCH_MOST)
        return FAIL(err, INVALID, "Batch size must be between 1 and %d", JOB_BATCH_MOST);
    if (!(job->learning_rate > 0 && job->learning_rate <= 1))
        return FAIL(err, INVALID, "Learning rate must be between 0 and 1");
    return 0;
}

static struct db_value id_or_null(int64_t id)
{
    return id ? db_int(id) : db_null();
}

int jobs_add(struct app *app, const struct job *w, struct arena *arena, struct job *job,
             struct error *err)
{
    struct db_rows rows;

    if (jobs_check(w, err))
        return -1;
    if (db_write(app->db, STATEMENT_job_add,
                 DB_ARGS(id_or_null(w->session_id), db_int(w->project_id), id_or_null(w->user_id),
                         db_text(w->experiment_name), db_text(w->tags), db_text(w->notes),
                         db_text(w->framework), db_text(w->model_name), db_text(w->task_type),
                         db_text(w->dataset_id), db_text(w->dataset_path),
                         db_text(w->dataset_format ? w->dataset_format : "imagefolder"),
                         id_or_null(w->num_classes), db_int(w->epochs), db_int(w->batch_size),
                         db_real(w->learning_rate), db_text(w->optimizer ? w->optimizer : "adam"),
                         db_int(w->pretrained), db_text(w->advanced_config),
                         db_text(w->output_dir ? w->output_dir : ""), db_text(w->primary_metric),
                         db_text(w->primary_metric_mode), db_int(w->priority),
                         db_int(w->created_at ? w->created_at : clock_unix_microseconds()),
                         db_text(w->split_strategy)),
                 arena, &rows, err))
        return -1;
    return jobs_get(app, db_at(&rows, 0, 0)->integer, arena, job, err);
}

int jobs_split_strategy(struct app *app, int64_t id, struct arena *arena, const char **text,
                        struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_job_split_strategy, DB_ARGS(db_int(id)), arena, &rows, err))
        return -1;
    *text = rows.count ? db_at(&rows, 0, 0)->text : NULL;
    return 0;
}

int jobs_read(struct db_connection *connection, int64_t id, struct arena *arena, struct job *job,
              struct error *err)
{
    struct db_rows rows;

    if (db_run(connection, STATEMENT_job_by_id, DB_ARGS(db_int(id)), arena, &rows, err))
        return -1;
    if (!rows.count)
        return FAIL(err, NOT_FOUND, "Training job not found");
    columns_read(columns, COLUMN_COUNT, &rows, 0, job);
    return 0;
}

int jobs_get(struct app *app, int64_t id, struct arena *arena, struct job *job, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_job_by_id, DB_ARGS(db_int(id)), arena, &rows, err))
        return -1;
    if (!rows.count)
        return FAIL(err, NOT_FOUND, "Training job not found");
    columns_read(columns, COLUMN_COUNT, &rows, 0, job);
    return 0;
}

/* --- states ---------------------------------------------------------------------------------- */

/* Nothing was changed: say what stood in the way. */
static int refuse(struct app *app, int64_t id, const char *verb, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct job job;
    int result = jobs_get(app, id, &arena, &job, err);

    if (!result) {
        bool is_queued = job.queued_at && !strcmp(job.status, "pending");

        result = FAIL(err, INVALID, "Cannot %s job with status: %s", verb,
                      is_queued ? "queued" : job.status);
    }
    arena_release(&arena);
    return result;
}

/* An UPDATE that gives a row where it found the job in one of the statuses that it names; the
 * row's first column goes to *given, which may be NULL. */
static int move(struct app *app, int64_t id, enum statement statement, const struct db_value *args,
                int count, const char *verb, int64_t *given, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows = { 0 };
    int result = db_write(app->db, statement, args, count, &arena, &rows, err);

    if (!result && !rows.count)
        result = refuse(app, id, verb, err);
    else if (!result && given)
        *given = db_at(&rows, 0, 0)->integer;
    arena_release(&arena);
    return result;
}

/* What earlier attempts have left. */
static int clear_results(struct db_connection *connection, int64_t id, struct error *err)
{
    static const enum statement statements[] = {
        STATEMENT_metric_remove, STATEMENT_log_remove, STATEMENT_series_remove,
        STATEMENT_checkpoint_remove_all, STATEMENT_validation_remove,
        STATEMENT_inference_remove_all,
    };

    for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++)
        if (db_run(connection, statements[i], DB_ARGS(db_int(id)), NULL, NULL, err))
            return -1;
    return 0;
}

struct job_starting {
    int64_t id, attempt;
    struct job_start start;
    bool could_start; /* but for the places that are taken */
};

/* What an earlier attempt has left stays until this one has begun: its service may refuse it. */
static int start_job(struct db_connection *connection, void *context, struct error *err)
{
    struct job_starting *s = context;
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    struct job job;
    int result;

    s->attempt = 0;
    s->could_start = false;
    result = jobs_read(connection, s->id, &arena, &job, err) ||
             db_run(connection, STATEMENT_job_set_running,
                    DB_ARGS(db_int(s->id), db_int(clock_unix_microseconds()),
                            db_int(s->start.resume), db_int(s->start.from_queue),
                            db_int(s->start.places > 0 ? s->start.places : INT64_MAX)),
                    &arena, &rows, err);
    if (!result && rows.count) {
        s->attempt = db_at(&rows, 0, 0)->integer;
    } else if (!result) {
        bool startable = !strcmp(job.status, "pending") || !strcmp(job.status, "stopped") ||
                         (s->start.resume && !strcmp(job.status, "failed"));

        s->could_start = startable && (job.queued_at != 0) == s->start.from_queue;
    }
    arena_release(&arena);
    return result ? -1 : 0;
}

int jobs_start(struct app *app, int64_t id, const struct job_start *start, int64_t *attempt,
               struct error *err)
{
    struct job_starting s = { .id = id, .start = *start };

    if (db_transact(app->db, start_job, &s, err))
        return -1;
    if (s.attempt) {
        *attempt = s.attempt;
        return 0;
    }
    return s.could_start ? FAIL(err, CONFLICT, "No free place to run the job")
                         : refuse(app, id, "start", err);
}

int jobs_revert_start(struct app *app, const struct job *before, int64_t attempt,
                      const char *message, struct error *err)
{
    const char *status =
        before->queued_at && before->queued_from ? before->queued_from : before->status;

    return db_write(app->db, STATEMENT_job_set_reverted,
                    DB_ARGS(db_int(before->id), db_int(attempt), db_text(status), db_text(message),
                            db_int(clock_unix_microseconds()), id_or_null(before->started_at),
                            id_or_null(before->completed_at)),
                    NULL, NULL, err);
}

int jobs_clear_earlier(struct db_connection *connection, int64_t id, int64_t attempt,
                       struct error *err)
{
    return clear_results(connection, id, err) ||
                   db_run(connection, STATEMENT_job_set_begun, DB_ARGS(db_int(id), db_int(attempt)),
                          NULL, NULL, err)
               ? -1
               : 0;
}

struct beginning {
    int64_t id, attempt;
};

static int begin(struct db_connection *connection, void *context, struct error *err)
{
    const struct beginning *b = context;
    struct arena arena = ARENA_INIT;
    struct job job;
    int result = jobs_read(connection, b->id, &arena, &job, err);

    if (!result && job.attempt == b->attempt && job.last_seq < 0)
        result = jobs_clear_earlier(connection, b->id, b->attempt, err);
    arena_release(&arena);
    return result;
}

int jobs_begun(struct app *app, int64_t id, int64_t attempt, struct error *err)
{
    return db_transact(app->db, begin, &(struct beginning){ id, attempt }, err);
}

int jobs_enqueue(struct app *app, int64_t id, const struct job_start *start, struct error *err)
{
    return move(app, id, STATEMENT_job_set_queued,
                DB_ARGS(db_int(id), db_int(clock_unix_microseconds()), db_int(start->resume),
                        db_text(start->checkpoint_path)),
                "start", NULL, err);
}

int jobs_dequeue(struct app *app, int64_t id, struct error *err)
{
    return move(app, id, STATEMENT_job_set_unqueued,
                DB_ARGS(db_int(id), db_int(clock_unix_microseconds())), "stop", NULL, err);
}

int jobs_cancel(struct app *app, int64_t id, struct error *err)
{
    return move(app, id, STATEMENT_job_set_cancelled,
                DB_ARGS(db_int(id), db_int(clock_unix_microseconds())), "cancel", NULL, err);
}

/* Millions of rows go before it, in parts, and nobody starts it meanwhile. */
int jobs_remove(struct app *app, int64_t id, struct error *err)
{
    static const enum statement parts[] = { STATEMENT_job_remove_points,
                                            STATEMENT_job_remove_metrics,
                                            STATEMENT_job_remove_logs,
                                            STATEMENT_job_remove_images };

    if (move(app, id, STATEMENT_job_hold, DB_ARGS(db_int(id)), "delete", NULL, err))
        return -1;
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (db_write_parts(app->db, parts[i], DB_ARGS(db_int(id)), err))
            return -1;
    return move(app, id, STATEMENT_job_remove, DB_ARGS(db_int(id)), "delete", NULL, err);
}

struct restart {
    int64_t id;
    bool changed;
};

static int restart(struct db_connection *connection, void *context, struct error *err)
{
    struct restart *r = context;
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int result = db_run(connection, STATEMENT_job_set_pending,
                        DB_ARGS(db_int(r->id), db_int(clock_unix_microseconds())), &arena, &rows,
                        err);

    r->changed = !result && rows.count;
    if (r->changed)
        result = clear_results(connection, r->id, err);
    arena_release(&arena);
    return result;
}

int jobs_restart(struct app *app, int64_t id, struct error *err)
{
    struct restart r = { .id = id };

    if (db_transact(app->db, restart, &r, err))
        return -1;
    return r.changed ? 0 : refuse(app, id, "restart", err);
}

int jobs_end(struct app *app, int64_t id, const char *status, const char *message, bool *changed,
             struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows = { 0 };
    int result = db_write(app->db, STATEMENT_job_set_ended,
                          DB_ARGS(db_int(id), db_text(status), db_text(message),
                                  db_int(clock_unix_microseconds())),
                          &arena, &rows, err);

    *changed = !result && rows.count;
    arena_release(&arena);
    return result;
}

/* --- lists ----------------------------------------------------------------------------------- */

static int list_ids(struct app *app, enum statement statement, struct arena *arena, int64_t **ids,
                    int *count, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, statement, DB_NO_ARGS, arena, &rows, err))
        return -1;
    *ids = ARENA_ARRAY(arena, int64_t, rows.count + 1);
    *count = rows.count;
    for (int i = 0; i < rows.count; i++)
        (*ids)[i] = db_at(&rows, i, 0)->integer;
    return 0;
}

int jobs_queue(struct app *app, struct arena *arena, int64_t **ids, int *count, struct error *err)
{
    return list_ids(app, STATEMENT_job_queue, arena, ids, count, err);
}

int jobs_running(struct app *app, struct arena *arena, int64_t **ids, int *count,
                 struct error *err)
{
    return list_ids(app, STATEMENT_job_list_running, arena, ids, count, err);
}

int jobs_ending(struct app *app, struct arena *arena, int64_t **ids, int *count, struct error *err)
{
    return list_ids(app, STATEMENT_job_list_ending, arena, ids, count, err);
}

int jobs_engine_gone(struct app *app, int64_t id, int64_t attempt, struct error *err)
{
    return db_write(app->db, STATEMENT_job_set_engine_gone, DB_ARGS(db_int(id), db_int(attempt)),
                    NULL, NULL, err);
}

int jobs_running_count(struct app *app, int64_t *count, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int result = db_read(app->db, STATEMENT_job_running_count, DB_NO_ARGS, &arena, &rows, err);

    if (!result)
        *count = db_at(&rows, 0, 0)->integer;
    arena_release(&arena);
    return result;
}

int jobs_set_priority(struct app *app, int64_t id, int64_t priority, struct error *err)
{
    return db_write(app->db, STATEMENT_job_set_priority,
                    DB_ARGS(db_int(id), db_int(priority), db_int(clock_unix_microseconds())), NULL,
                    NULL, err);
}

int jobs_rename(struct app *app, const struct job *before, const struct job *after,
                struct error *err)
{
    const char *const old[] = { before->experiment_name, before->tags, before->notes };
    const char *const new[] = { after->experiment_name, after->tags, after->notes };

    return db_write(app->db, STATEMENT_job_set_names,
                    DB_ARGS(db_int(after->id), db_text(new[0]), db_text(new[1]), db_text(new[2]),
                            db_int(clock_unix_microseconds()),
                            db_int(columns_changed(old, new, 3))),
                    NULL, NULL, err);
}

int jobs_mean_seconds(struct app *app, double *seconds, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int result = db_read(app->db, STATEMENT_job_mean_seconds, DB_NO_ARGS, &arena, &rows, err);

    if (!result)
        *seconds = db_at(&rows, 0, 0)->type == DB_REAL ? db_at(&rows, 0, 0)->real : NAN;
    arena_release(&arena);
    return result;
}
