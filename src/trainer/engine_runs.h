/* engine_runs.h - the runs of a training service: started, stopped, found again.
 *
 * One thread per run (watch.h).  All calls may come from any thread; opening and closing from one.
 */
#ifndef TRAINER_ENGINE_RUNS_H
#define TRAINER_ENGINE_RUNS_H

#include "trainer/run_state.h"
#include "trainer/trainer_internal.h"

/* Takes up all runs that are not done. */
int engine_runs_open(struct engine_runs **out, struct trainer *trainer, struct error *err);
/* Engines go on unless stop_engines: then they are asked to stop, and waited for. */
void engine_runs_close(struct engine_runs *runs, bool stop_engines); /* NULL is fine */

/* CONFLICT: it runs already. */
int engine_runs_start(struct engine_runs *runs, const json_t *request, int64_t *pid,
                      struct error *err);

/* Ask a run to stop and wait a moment for it: *state is as it is then.  *was_over: it had ended
 * before.  NOT_FOUND */
int engine_runs_stop(struct engine_runs *runs, int64_t job_id, struct run_state *state,
                     bool *was_over, struct error *err);

int engine_runs_status(struct engine_runs *runs, int64_t job_id, struct run_state *state,
                       struct error *err); /* NOT_FOUND */
int engine_runs_count(struct engine_runs *runs); /* that run now */

#endif
