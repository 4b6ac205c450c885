/* run_state.h - what is known of a run, on disk: a restarted service goes on from there.
 *
 * Two files per job.  job_ID.json is replaced and synced when something happens to the process: it
 * starts, is told to stop, has ended, everything has been told.  job_ID.position is how far its
 * events and its log were told; it is overwritten in place after each, which costs microseconds and
 * survives the death of the service.  Where the machine itself died, some events are told again;
 * the backend knows them by their seq.
 */
#ifndef TRAINER_RUN_STATE_H
#define TRAINER_RUN_STATE_H

#include "trainer/process.h"

#include <stddef.h>

struct arena;
struct error;

enum run_status {
    RUN_STATUS_STARTING, /* its process id is not known yet */
    RUN_STATUS_RUNNING,
    RUN_STATUS_COMPLETED,
    RUN_STATUS_FAILED,
    RUN_STATUS_STOPPED,
};

struct run_state {
    int64_t job_id, attempt;
    struct process process;
    char boot_id[64];
    char output_dir[4096]; /* absolute */
    int64_t started_at, last_event_at; /* microseconds */
    int64_t events_start, log_start;   /* where this attempt begins in the two files */
    int64_t events_offset, log_offset; /* how far they were told */
    int64_t epoch;
    enum run_status status;
    int64_t exit_code;     /* -N: killed by signal N; or ENDING_UNKNOWN */
    bool has_spoken;       /* the engine itself told how it ended */
    bool stop_requested;
    bool is_done;          /* it has ended, and all of it was told */
    char error[1024];
};

const char *run_status_name(enum run_status status); /* "running" also for starting */

int run_state_write(const struct run_state *state, const char *folder, struct error *err);
/* Only the offsets.  Failures are not reported: the next one may succeed, and too old is safe. */
void run_state_write_position(const struct run_state *state, const char *folder);

/* NOT_FOUND, CORRUPT */
int run_state_read(struct run_state *state, const char *folder, int64_t job_id, struct error *err);

/* The jobs of which there are states, in the arena. */
int run_state_list(struct arena *arena, const char *folder, int64_t **ids, int *count,
                   struct error *err);

#endif
