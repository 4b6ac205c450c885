/* job_control_internal.h - what the files of job_control.h share. */
#ifndef APP_JOB_CONTROL_INTERNAL_H
#define APP_JOB_CONTROL_INTERNAL_H

#include "app/jobs/job_control.h"

enum { PULSES = 64 }; /* jobs whose last words are remembered: more than a machine can run */

struct job_control {
    struct app *app;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    bool closing, kicked, is_running;
    struct job_memory {
        int64_t id;
        int launches; /* under way: until they are over its service knows nothing of it */
        struct job_pulse pulse;
    } memories[PULSES];
};

/* Something ended, or was put into the queue. */
void control_kick(struct app *app);
void control_hear(struct app *app, int64_t id, const char *event, const json_t *data);
int64_t control_places(struct app *app);
/* Around a start, from before the job runs until its service has answered and it is put back if it
 * was refused. */
void control_launch_begins(struct app *app, int64_t id);
void control_launch_ends(struct app *app, int64_t id);

/* Around a start that does not resume: the engine calls checkpoints/ of an earlier attempt
 * checkpoints-1 then. What has that name by now makes room, and goes when the job was started, so
 * that one attempt more is kept and not one for every start; after a refusal it is back. */
void control_make_room(struct app *app, const struct job *job);
void control_use_room(struct app *app, const struct job *job, bool was_started);

/* Ask the service to start a job that runs by now; on refusal the job goes back to `before`. */
int control_launch(struct app *app, const struct job *before, int64_t attempt, bool resume,
                   const char *checkpoint_path, struct error *err);
/* Ask the service to end it; the answer may come before the engine has ended. */
int control_ask_to_stop(struct app *app, const struct job *job, struct error *err);
/* What its service says of a job's engine. */
struct engine_report {
    int status;      /* of the answer; 0: none came */
    int64_t attempt; /* the newest that it knows; 0: it does not count them */
    char state[16];  /* "running", "completed", "failed", "stopped"; "": not said */
    char error[512]; /* why it failed, or "" */
};
void control_ask_engine(struct app *app, const struct job *job, struct engine_report *report);
/* Does its service say that the engine still runs, or is it being started? */
bool control_engine_runs(struct app *app, const struct job *job);

/* The folder of a job's results, on this disk; NULL: it has none, or one that is not ours. */
const char *control_output_folder(struct app *app, const struct job *job, struct arena *arena);

#endif
