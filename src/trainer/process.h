/* process.h - starting other programs, and knowing one again later.
 *
 * A process is its id and the moment it started, in ticks since the machine did: an id that was
 * given to another program since is not taken for it.  Both may be stored and used by a later
 * process, as long as the machine runs (process_boot_id() tells).
 */
#ifndef TRAINER_PROCESS_H
#define TRAINER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct error;

struct process {
    int64_t pid; /* 0: none */
    uint64_t start_ticks;
};

enum { PROCESS_NO_FILE = -1 /* /dev/null */, PROCESS_OUR_FILE = -2 /* what we have there */ };

struct process_options {
    const char *const *argv; /* a path, then arguments; ended by NULL */
    int input, output, error_output; /* descriptors */
    bool own_session;        /* signals of our terminal and our death do not reach it */
    bool dies_with_thread;   /* it is killed when the calling thread ends, however that happens */
    int nice;                /* 0 to 19: leaves the processors to others */
};

/* Fails when the program cannot be run.  No other descriptor of ours reaches it, and no signal is
 * blocked or ignored in it.  Where memory runs out, the kernel takes it rather than us. */
int process_start(struct process *process, const struct process_options *options,
                  struct error *err);

/* False also when only its exit code is left. */
bool process_is_alive(const struct process *process);

void process_signal(const struct process *process, int signal); /* nothing when it is gone */

enum process_end {
    PROCESS_END_KNOWN,
    PROCESS_END_NOT_YET, /* it runs, or some of its threads are still dying */
    PROCESS_END_UNKNOWN, /* it is not our child: it was started before a restart */
};

/* Takes the exit code of one that has ended, as waitpid() gives it. */
enum process_end process_reap(const struct process *process, int *wait_status);

int64_t process_resident_bytes(const struct process *process); /* 0 when it is gone */

/* Changes when the machine starts. */
const char *process_boot_id(struct arena *arena);

/* The process whose command line has all these words, else pid 0.  For the moment in which one was
 * started and its id could not be stored any more. */
struct process process_find(const char *const *words);

#endif
