/* messages.h - what is told about a run: {job_id, event, attempt, seq, timestamp, data}. */
#ifndef TRAINER_MESSAGES_H
#define TRAINER_MESSAGES_H

#include "base/json.h"

struct run_state;

/* From a line of events.jsonl; NULL when it is not one. */
json_t *message_of_event(const struct run_state *state, const char *line);

/* From a line that the engine printed: a log event whose level is taken from its words. */
json_t *message_of_line(const struct run_state *state, const char *line);

/* How it ended, where the engine did not say: training_failed, or training_stopped if that was
 * asked for.  log: its last lines. */
json_t *message_of_ending(const struct run_state *state, const char *log);

#endif
