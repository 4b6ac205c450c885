/* launch.h - where engines are started: on this machine, or elsewhere.
 *
 * A launcher is a struct of functions.  What it starts must outlive us and be known again after a
 * restart by the two numbers of struct process.
 */
#ifndef TRAINER_LAUNCH_H
#define TRAINER_LAUNCH_H

#include "trainer/process.h"

struct launch_options {
    const char *const *argv;
    const char *log_path; /* what it prints is appended there */
};

struct launcher {
    const char *name;
    int (*start)(struct process *process, const struct launch_options *options, struct error *err);
    bool (*is_alive)(const struct process *process);
    void (*signal)(const struct process *process, int signal);
    enum process_end (*exit_status)(const struct process *process, int *wait_status);
};

/* A process of this machine, in a session of its own. */
extern const struct launcher launcher_local;

#endif
