/* jobs.h - training jobs: their states, and what their engines report.
 *
 *   start     pending, stopped           -> running    with resume also from failed
 *   queue     pending                    -> pending    with a time in queued_at
 *   stop      running -> stopped (when the engine has written its checkpoint);
 *             pending and queued -> what it was before it waited
 *   cancel    pending, running, stopped  -> cancelled  for good
 *   restart   completed, failed, cancelled, stopped -> pending, results cleared
 *   ended     running -> completed, failed, stopped    by what the engine reports
 *
 * Each is one UPDATE that names where it may come from: of two at the same moment one wins, and the
 * other is told the status that it met.  What an engine reports of an earlier attempt, or a second
 * time, changes nothing: events carry attempt and seq.
 */
#ifndef APP_JOBS_H
#define APP_JOBS_H

#include "app/accounts/projects.h"
#include "base/json.h"

#define JOB_EPOCHS_MOST 1000
#define JOB_BATCH_MOST 512
#define JOB_LOGS_KEPT 2000

/* Numbers that may be absent are NAN, texts NULL, ids and counts 0. */
struct job {
    int64_t id, session_id, project_id, user_id, num_classes, epochs, batch_size, current_epoch,
        process_id, attempt, last_seq, priority;
    bool start_resume; /* how a queued job is to start */
    const char *start_checkpoint, *queued_from; /* its status before it waited */
    bool engine_ending; /* cancelled, and the engine has not ended yet: it holds its place */
    int64_t queued_at, created_at, updated_at, started_at, completed_at;
    double learning_rate, accuracy, loss;
    bool pretrained;
    const char *experiment_name, *tags, *notes, *framework, *model_name, *task_type, *dataset_id,
        *dataset_path, *dataset_format, *optimizer, *advanced_config, *output_dir, *status,
        *primary_metric, *primary_metric_mode, *best_checkpoint_path, *error_message;
    const char *split_strategy; /* JSON of a job to be made; of others jobs_split_strategy() */
};

/* Checks the ranges, in the words of the contract; output_dir and created_at are given by the
 * caller, who has made the folder. */
int jobs_check(const struct job *job, struct error *err);
int jobs_add(struct app *app, const struct job *wanted, struct arena *arena, struct job *job,
             struct error *err);

/* It may name every image of a data set, and so is no part of lists.  NULL: the job has none. */
int jobs_split_strategy(struct app *app, int64_t id, struct arena *arena, const char **text,
                        struct error *err);

/* NOT_FOUND "Training job not found" */
int jobs_read(struct db_connection *connection, int64_t id, struct arena *arena, struct job *job,
              struct error *err);
int jobs_get(struct app *app, int64_t id, struct arena *arena, struct job *job, struct error *err);

enum job_sort { JOB_SORT_CREATED, JOB_SORT_NAME, JOB_SORT_ACCURACY, JOB_SORT_UPDATED,
                JOB_SORT_COUNT };
extern const char *const job_sort_names[JOB_SORT_COUNT]; /* "created", "name" ... */

#define JOB_STATUS_COUNT 6
extern const char *const job_status_names[JOB_STATUS_COUNT];

#define JOB_SEARCH_MOST 20000

struct job_page {
    const char *status; /* NULL: all */
    int64_t limit, offset;
    /* In name, model, tags or notes, or the number of a job; NULL: all.  Of a project's newest
     * JOB_SEARCH_MOST jobs. */
    const char *search;
    enum job_sort sort; /* what has no value stands last */
    bool rising;
};
/* Of all projects that the user may view, newest first, by creation or by change. */
int jobs_list_visible(struct app *app, const struct user *user, const struct job_page *page,
                      struct arena *arena, struct job **jobs, int *count, struct error *err);

/* Sorted by creation, newest first, unless the page says otherwise; *total counts all that match,
 * whatever the page. */
int jobs_list(struct app *app, int64_t project_id, const struct job_page *page, struct arena *arena,
              struct job **jobs, int *count, int64_t *total, struct error *err);

struct job_summary {
    struct job_status_count {
        const char *status;
        int64_t jobs;
    } *statuses; /* those that there are */
    int count;
    int64_t total, last_activity_at; /* 0: never */
};
int jobs_summary(struct app *app, int64_t project_id, struct arena *arena,
                 struct job_summary *summary, struct error *err);

/* --- states ---------------------------------------------------------------------------------- */

struct job_start {
    bool resume;                 /* go on from the newest checkpoint; results are kept */
    const char *checkpoint_path; /* to begin from, or NULL */
    bool from_queue;             /* start a queued job, and no other */
    int64_t places;              /* that may run at once; 0: any number */
};

/* All of these: INVALID "Cannot <verb> job with status: <status>"; NOT_FOUND. */
/* CONFLICT when all places are taken. */
int jobs_start(struct app *app, int64_t id, const struct job_start *start, int64_t *attempt,
               struct error *err);
/* The service has refused: back to what the job was before this attempt, out of the queue. */
int jobs_revert_start(struct app *app, const struct job *before, int64_t attempt,
                      const char *message, struct error *err);
/* The service has accepted: what an earlier attempt has left goes, unless this one resumes.  So
 * does the first event of the attempt, as we may die in between. */
int jobs_begun(struct app *app, int64_t id, int64_t attempt, struct error *err);
/* For jobs_begun() and events, within their transaction. */
int jobs_clear_earlier(struct db_connection *connection, int64_t id, int64_t attempt,
                       struct error *err);
int jobs_enqueue(struct app *app, int64_t id, const struct job_start *start, struct error *err);
int jobs_dequeue(struct app *app, int64_t id, struct error *err);
int jobs_cancel(struct app *app, int64_t id, struct error *err);
int jobs_restart(struct app *app, int64_t id, struct error *err);
int jobs_remove(struct app *app, int64_t id, struct error *err);

/* status: completed, failed or stopped.  A job that has ended already stays as it is: *changed. */
int jobs_end(struct app *app, int64_t id, const char *status, const char *message, bool *changed,
             struct error *err);

/* Ids in the order in which they are to start; the ones that run. */
int jobs_queue(struct app *app, struct arena *arena, int64_t **ids, int *count, struct error *err);
int jobs_running(struct app *app, struct arena *arena, int64_t **ids, int *count,
                 struct error *err);
int jobs_running_count(struct app *app, int64_t *count, struct error *err);
/* Cancelled ones whose engines have not ended yet; the engine of this attempt has. */
int jobs_ending(struct app *app, struct arena *arena, int64_t **ids, int *count, struct error *err);
int jobs_engine_gone(struct app *app, int64_t id, int64_t attempt, struct error *err);
int jobs_set_priority(struct app *app, int64_t id, int64_t priority, struct error *err);
/* experiment_name, tags and notes, of which only what has changed is written. */
int jobs_rename(struct app *app, const struct job *before, const struct job *after,
                struct error *err);
/* Seconds that completed jobs took, on average; NAN: none has. */
int jobs_mean_seconds(struct app *app, double *seconds, struct error *err);

/* --- what engines report --------------------------------------------------------------------- */

/* One event, applied once, in one transaction, and told to who listens (app.h).  attempt 0: the
 * sender does not count, and the event is always taken; seq 0: taken for this attempt.  *applied
 * false: it was known, or of an earlier attempt.  Events of unknown names are taken and change
 * nothing. */
int jobs_apply_event(struct app *app, int64_t id, const char *event, int64_t attempt, int64_t seq,
                     const json_t *data, bool *applied, struct error *err);

struct job_metric {
    int64_t id, job_id, epoch, step, created_at;
    double loss, accuracy, learning_rate;
    const char *extra_metrics, *checkpoint_path;
};
int jobs_metrics(struct app *app, int64_t id, int64_t limit, struct arena *arena,
                 struct job_metric **metrics, int *count, struct error *err);

/* The newest `limit`, ascending. */
int jobs_latest_metrics(struct app *app, int64_t id, int64_t limit, struct arena *arena,
                        struct job_metric **metrics, int *count, struct error *err);

struct job_log {
    int64_t id, created_at;
    const char *log_type, *content;
};
struct job_log_page {
    int64_t limit;
    const char *log_type;  /* exactly this one; NULL: all */
    int level;             /* and worse: 0 DEBUG, 1 INFO, stdout, 2 WARNING, stderr, 3 ERROR */
    int64_t after, before; /* ids of lines; 0: none.  after: the oldest ones after it */
};
/* The newest of what is wanted, or with `after` the next; oldest first in any case. */
int jobs_logs(struct app *app, int64_t id, const struct job_log_page *page, struct arena *arena,
              struct job_log **logs, int *count, struct error *err);

#endif
