/* events.h - what a run tells the world: events.jsonl in the run's folder, one JSON object a line.
 *
 *     {"seq":17,"attempt":1,"time":"2026-...Z","job_id":"...","event":"step","data":{...}}
 *
 * seq grows by one per event and attempt by one per start; both go on after a resume, and what a
 * killed run has written stays: readers know an event by its seq and may have seen it already.
 * Each line is written with one write(2), so that a reader never sees half of one that is
 * complete; half a line at the end, from a killed run, is cut off. */
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

/* Open FOLDER/events.jsonl: empty, or with `append` after the events that are there. */
int events_open(struct events *events, const char *folder, const char *job_id, bool append,
                struct error *err);
void events_close(struct events *events);

/* Begin an event and get the writer, positioned inside its open "data" object; then send it. */
struct json_writer *events_begin(struct events *events, const char *event);
int events_send(struct events *events, struct error *err);

/* A "log" event. */
int events_log(struct events *events, const char *level, struct error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
