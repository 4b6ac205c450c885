/* capture.h - running a program to its end and taking what it prints. */
#ifndef TRAINER_CAPTURE_H
#define TRAINER_CAPTURE_H

#include "base/str.h"

#include <stdatomic.h>

struct error;

struct capture_options {
    const char *const *argv; /* a path, then arguments; ended by NULL */
    double timeout_seconds;
    size_t limit_bytes;          /* of the output; 0: 16 MB */
    const atomic_bool *give_up;  /* becomes true: kill it and return CANCELLED; may be NULL */
    int nice;
};

struct capture {
    struct str output, messages; /* standard output; the last of standard error */
    int exit_code;               /* -N: killed by signal N */
};

/* Fails only when there is no end to report: it cannot be started, ran out of time (UNAVAILABLE),
 * printed too much (TOO_LARGE).  Release in any case. */
int capture_run(struct capture *capture, const struct capture_options *options, struct error *err);
void capture_release(struct capture *capture);

/* The last line of its messages without "fovea COMMAND: ", or what the exit code means; lent. */
const char *capture_reason(const struct capture *capture);

#endif
