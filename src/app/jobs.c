/* jobs.c - rows and states of training jobs; see jobs.h. */

#include "app/jobs.h"

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
                         db_int(w->created_at ? w->created_at : clock_unix_microseconds())),
                 arena, &rows, err))
        return -1;
    return jobs_get(app, db_at(&rows, 0, 0)->integer, arena, job, err);
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

int jobs_list(struct app *app, int64_t project_id, const struct job_page *page, struct arena *arena,
              struct job **jobs, int *count, int64_t *total, struct error *err)
{
    struct db_value project = db_int(project_id), limit = db_int(page->limit);
    struct db_value offset = db_int(page->offset);
    struct db_rows rows, counted;
    int result = page->status
                     ? db_read(app->db, STATEMENT_job_list_status,
                               DB_ARGS(project, db_text(page->status), limit, offset), arena, &rows,
                               err)
                     : db_read(app->db, STATEMENT_job_list, DB_ARGS(project, limit, offset), arena,
                               &rows, err);

    if (result || db_read(app->db, STATEMENT_job_count, DB_ARGS(project, db_text(page->status)),
                          arena, &counted, err))
        return -1;
    *total = db_at(&counted, 0, 0)->integer;
    *count = rows.count;
    *jobs = ARENA_ARRAY(arena, struct job, rows.count + 1);
    for (int i = 0; i < rows.count; i++)
        columns_read(columns, COLUMN_COUNT, &rows, i, &(*jobs)[i]);
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

int jobs_start(struct app *app, int64_t id, bool resume, int64_t *attempt, struct error *err)
{
    return move(app, id, STATEMENT_job_set_running,
                DB_ARGS(db_int(id), db_int(clock_unix_microseconds()), db_int(resume)), "start",
                attempt, err);
}

int jobs_enqueue(struct app *app, int64_t id, struct error *err)
{
    return move(app, id, STATEMENT_job_set_queued,
                DB_ARGS(db_int(id), db_int(clock_unix_microseconds())), "start", NULL, err);
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

int jobs_remove(struct app *app, int64_t id, struct error *err)
{
    return move(app, id, STATEMENT_job_remove, DB_ARGS(db_int(id)), "delete", NULL, err);
}

/* The status, the metrics and the logs go together. */
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
        result = db_run(connection, STATEMENT_metric_remove, DB_ARGS(db_int(r->id)), NULL, NULL,
                        err) ||
                         db_run(connection, STATEMENT_log_remove, DB_ARGS(db_int(r->id)), NULL,
                                NULL, err)
                     ? -1
                     : 0;
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

int jobs_queue(struct app *app, struct arena *arena, int64_t **ids, int *count, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_job_queue, DB_NO_ARGS, arena, &rows, err))
        return -1;
    *ids = ARENA_ARRAY(arena, int64_t, rows.count + 1);
    *count = rows.count;
    for (int i = 0; i < rows.count; i++)
        (*ids)[i] = db_at(&rows, i, 0)->integer;
    return 0;
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
