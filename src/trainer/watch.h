/* watch.h - the thread of one run: it passes on what the engine tells, and says how it ended. */
#ifndef TRAINER_WATCH_H
#define TRAINER_WATCH_H

#include "trainer/run_state.h"
#include "trainer/trainer_internal.h"

#include <pthread.h>

struct engine_run {
    struct engine_run *next;
    struct trainer *trainer;
    struct run_state state;      /* the thread's own */
    struct run_state shown;      /* a copy for others, see engine_runs.c */
    bool is_finished;            /* likewise: the thread is at its end */
    bool was_gone, machine_restarted; /* when the service started */
    int wake;                    /* an eventfd: look at these now */
    atomic_bool stop_wanted;     /* the engine has been asked to stop */
    atomic_bool quit_wanted;     /* leave, whatever is untold */
    pthread_t thread;
};

/* Runs until everything is told or quit_wanted. */
void watch_run(struct engine_run *run);

/* Called by it when something in run->state has changed (engine_runs.c). */
void engine_run_show(struct engine_run *run);

#endif
