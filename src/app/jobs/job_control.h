/* job_control.h - starting and stopping training jobs: the queue, the services, what became lost.
 *
 * A start moves the job to running by compare-and-set first and asks the training service then, so
 * that no event of the engine meets a job that does not run yet; when the service refuses, the job
 * is what it was before, with all its results.  At most `jobs_running_limit` (a setting, 1) run at
 * once, a cancelled one for as long as its engine does; who finds no place waits in the queue, by
 * priority and time.  A thread starts the next one when a place gets free, and asks the services
 * about running jobs that have not been heard of: one that its service does not know is failed,
 * with the reason, and one that has ended without our hearing of it ends in the same way.
 */
#ifndef APP_JOB_CONTROL_H
#define APP_JOB_CONTROL_H

#include "app/jobs/jobs.h"

/* Events are taken from here on.  Empties tmp/: what is there was left by a server that was killed,
 * as the caller has the folder for itself. */
void control_open(struct app *app);
/* Begins the thread, which needs the services. */
void control_run(struct app *app);
/* Ends the thread; running jobs are left alone.  Events are still taken until app_close(), which
 * calls control_free(). */
void control_close(struct app *app);
void control_free(struct job_control *control); /* NULL is fine */

/* Make a job: checks ranges and folder, gives it an output folder with checkpoints/, logs/ and
 * results/, and a row.  Nothing is started, and nothing is left behind when it fails. */
int control_create(struct app *app, const struct job *wanted, struct arena *arena, struct job *job,
                   struct error *err);

/* What a service would be asked for this job, whose folder is not made: a new object, given back
 * with control_forget_body(), as its split is in a file; NULL: that cannot be written. */
json_t *control_start_body(struct app *app, const struct job *job, struct arena *arena,
                           struct error *err);
void control_forget_body(json_t *body); /* NULL is fine */

struct start_request {
    int resume; /* 1, 0; -1: as the job asks for: one that was stopped goes on */
    const char *checkpoint_path;
};
/* INVALID "Cannot start job with status: ...", NOT_FOUND; UNAVAILABLE with why the service did not.
 * *queued: it waits for a place. */
int control_start(struct app *app, int64_t id, const struct start_request *request, bool *queued,
                  struct error *err);
/* Stop: take out of the queue (then the job is what it was before it waited), or ask the engine to
 * write its checkpoint and end, and wait some seconds for it.  Cancel: for good. */
int control_stop(struct app *app, int64_t id, struct error *err);
int control_cancel(struct app *app, int64_t id, struct error *err);
/* Back to pending, results cleared, files too. */
int control_restart(struct app *app, int64_t id, struct error *err);
int control_clone(struct app *app, int64_t id, const struct user *user, struct arena *arena,
                  struct job *job, struct error *err);
/* CONFLICT while it runs, unless forced: then it is stopped first.  Its files go too. */
int control_remove(struct app *app, int64_t id, bool force, struct error *err);
/* A project with all its jobs and data sets; *removed of the jobs.  CONFLICT, and all stays, while
 * one of its jobs runs or is queued, or one of another project is going to use its data sets,
 * unless forced; while such a one runs, in any case. */
int control_remove_project(struct app *app, int64_t project_id, bool force, int64_t *removed,
                           struct error *err);

/* What a service reports: {job_id, event, data, attempt?, seq?}.  INVALID, NOT_FOUND. */
int control_event(struct app *app, const json_t *message, struct error *err);

/* The queue at one moment, in the arena. */
struct job_queue {
    int64_t *waiting, *running; /* ids; those that wait in their order */
    int waiting_count, running_count;
    int64_t places;
    double _mean_seconds, _soonest_seconds;
};
int control_queue(struct app *app, struct arena *arena, struct job_queue *queue, struct error *err);

struct queue_place {
    int64_t position; /* from 1; 0: does not wait */
    double eta_seconds; /* until its turn; NAN: nobody knows */
};
struct queue_place job_queue_place(const struct job_queue *queue, int64_t id);

/* What a running job said last; zeros when it is not known. */
struct job_pulse {
    double images_per_second, eta_seconds, rss_mb, heard_at;
    int64_t epoch, step, steps;
};
void control_pulse(struct app *app, int64_t id, struct job_pulse *pulse);

#endif
