/* live_frame.h - what watchers are told: one JSON object per event.
 *
 * A frame is built once and sent to any number of watchers: as text of a WebSocket, or as an event
 * of Socket.IO, where its type is the event's name.  Frames are counted; any thread may keep and
 * release one, the forms to send are asked for on one thread at a time.
 */
#ifndef API_LIVE_FRAME_H
#define API_LIVE_FRAME_H

#include "app/jobs/jobs.h"

#define LIVE_DUMP_FLAGS (JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15))

struct live_frame;
struct str;
struct websocket_message;

/* Takes the text, an object whose "type" is this one. */
struct live_frame *live_frame_new(const char *type, struct str *text);
struct live_frame *live_frame_keep(struct live_frame *frame);
void live_frame_release(struct live_frame *frame); /* NULL is fine */

const char *live_frame_text(const struct live_frame *frame, size_t *length);
struct websocket_message *live_frame_message(struct live_frame *frame); /* NULL: no memory */
/* 42["training_progress",{...}], and the same as a message */
const char *live_frame_event(struct live_frame *frame, size_t *length);
struct websocket_message *live_frame_event_message(struct live_frame *frame);

/* --- what is said ---------------------------------------------------------------------------- */

/* {"type", "message", "timestamp"}: connected, error */
struct live_frame *live_frame_note(const char *type, const char *message);
/* {"type", "channel", "timestamp"}: subscribed, unsubscribed; with job_id where it is a job's */
struct live_frame *live_frame_channel(const char *type, const char *channel, int64_t job_id);
struct live_frame *live_frame_pong(void);

/* An epoch of a job.  Numbers that are unknown are NAN, extra is the text of an object or NULL. */
struct live_epoch {
    int64_t epoch, time; /* 0: now */
    double loss, accuracy, learning_rate;
    const char *extra;
};
struct live_frame *live_frame_progress(const struct job *job, const struct live_epoch *epoch,
                                       bool is_replay);
/* old_status NULL: told to who has just come. */
struct live_frame *live_frame_status(const struct job *job, const char *old_status);
/* What a job that has ended well or badly is told with; NULL for other statuses. */
struct live_frame *live_frame_end(const struct job *job, const json_t *data);
/* What an engine reported, but for epochs and ends; NULL for events that are nobody's business. */
struct live_frame *live_frame_event_of(const struct job *job, const char *event,
                                       const json_t *data);

#endif
