/* job_support.h - a platform with a training service inside the test: the other user of the seam
 * that `fovea serve` uses for its trainer. */
#ifndef APP_JOB_SUPPORT_H
#define APP_JOB_SUPPORT_H

#include "app/jobs/job_control.h"
#include "base/error.h"
#include "test.h"

#include <pthread.h>

/* What the service was asked last, and what it answers. */
struct service {
    pthread_mutex_t lock;
    int start_status, starts, stops;
    int64_t started_job, attempt;
    bool resume, forgets;
    const char *state; /* of the engine, as it says; NULL: it does not */
    int64_t state_attempt;
    char output_dir[512], split[512];
};

struct setup {
    const char *folder;
    struct app *app;
    struct arena arena;
    struct user user;
    struct project project;
    struct service service;
};

void setup_init(struct setup *s);
void setup_release(struct setup *s);

/* --- jobs ------------------------------------------------------------------------------------ */

struct job add(struct setup *s);
struct job add_with_split(struct setup *s, const char *split_strategy);
int start(struct setup *s, int64_t id, int resume, bool *queued, struct error *err);
/* As its engine would. */
void report(struct setup *s, int64_t id, const char *event, const char *data);
void write_checkpoint(struct setup *s, const struct job *job);
const char *status_of(struct setup *s, int64_t id);
/* Until it has that status, or the patience ends. */
void wait_for(struct setup *s, int64_t id, const char *status);
int count_metrics(struct setup *s, int64_t id);

/* --- what the service says of an engine ------------------------------------------------------ */

void say_state(struct setup *s, const char *state, int64_t attempt);
/* As if nothing had been heard of a job for so long; the thread looks at once. */
void be_silent(struct setup *s, int64_t id, double seconds);

#endif
