/* ending.h - how an engine ended, in words. */
#ifndef TRAINER_ENDING_H
#define TRAINER_ENDING_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct str;

#define ENDING_UNKNOWN INT32_MIN /* as an exit code: nobody could see it */

/* The exit code from waitpid()'s status; -N: killed by signal N. */
int ending_code(int wait_status);

/* What such a code means: "it does not fit into memory", "killed by signal 9 (Killed)". */
const char *ending_exit_text(int code);

/* What a call fails with when its engine ended so: the user's files and settings are INVALID,
 * CORRUPT, UNSUPPORTED or NOT_FOUND; a full disk, a full memory, a crash and what nobody foresaw
 * are not his fault. */
enum error_kind ending_kind(int code);

/* The engine's own words, where the last line of its log is "fovea COMMAND: words"; they go to the
 * end of that line, and are lent by the log.  NULL: it said nothing. */
const char *ending_message(const char *log);

/* How often the kernel has ended a process for want of memory: here, and on the whole machine. */
int64_t ending_memory_kills(void);

struct ending {
    int code;               /* or ENDING_UNKNOWN */
    const char *log;        /* the last lines of the engine */
    const char *folder;     /* of the run: is its disk full? */
    bool memory_ran_out;    /* the kernel has ended processes for want of memory meanwhile */
    bool machine_restarted;
    bool was_watched;       /* false: it ended while no service ran */
};

/* Why it ended without saying so itself. */
void ending_describe(const struct ending *ending, struct str *out);

#endif
