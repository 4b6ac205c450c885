/* events.h - what a run tells the world: events.jsonl in the run's folder, one JSON object a line.
 *
 *     {"seq":17,"attempt":1,"time":"2026-...Z","job_id":"...","event":"epoch_complete","data":{...}}
 *
 * seq grows by one per event and goes on after a resume; attempt counts the starts.  Each line is
 * written with one write(2), so that a reader never sees half of one that is complete. */
#ifndef TRAIN_EVENTS_H
#define TRAIN_EVENTS_H

#include "base/json.h"
#include "base/str.h"

#include <stdint.h>

struct error;

struct events {
    int fd;
    char *path;
    int64_t seq, attempt;
    const char *job_id; /* borrowed; NULL: none */
    struct str _line;
    struct json_writer _writer;
};

/* Open for appending.  cut_at >= 0 first cuts the file back to so many bytes: what a killed run
 * wrote after its last checkpoint.  seq and attempt are the last ones used before (0: none). */
int events_open(struct events *events, const char *folder, const char *job_id, int64_t cut_at,
                int64_t seq, int64_t attempt, struct error *err);
void events_close(struct events *events);

/* Begin an event and get the writer, positioned inside its open "data" object; then send it. */
struct json_writer *events_begin(struct events *events, const char *event);
int events_send(struct events *events, struct error *err);

/* A "log" event. */
int events_log(struct events *events, const char *level, struct error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Bytes written so far, for the next resume. */
int64_t events_size(const struct events *events);

#endif
