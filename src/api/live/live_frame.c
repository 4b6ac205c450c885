/* live_frame.c - see live_frame.h. */

#include "api/live/live_frame.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "net/websocket.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER_LIMIT_BYTES ((size_t)16 << 10) /* of one value; what is larger can be asked for */

struct live_frame {
    atomic_int references;
    const char *type;
    struct str text, event;
    struct websocket_message *message, *event_message; /* made when first wanted */
};

/* --- forms ----------------------------------------------------------------------------------- */

struct live_frame *live_frame_new(const char *type, struct str *text)
{
    struct live_frame *frame = calloc(1, sizeof(*frame));

    BUG_IF(!frame);
    atomic_init(&frame->references, 1);
    frame->type = type;
    frame->text = *text;
    str_init(&frame->event);
    str_init(text);
    return frame;
}

struct live_frame *live_frame_keep(struct live_frame *frame)
{
    atomic_fetch_add(&frame->references, 1);
    return frame;
}

void live_frame_release(struct live_frame *frame)
{
    if (!frame || atomic_fetch_sub(&frame->references, 1) > 1)
        return;
    websocket_message_release(frame->message);
    websocket_message_release(frame->event_message);
    str_release(&frame->text);
    str_release(&frame->event);
    free(frame);
}

const char *live_frame_text(const struct live_frame *frame, size_t *length)
{
    *length = frame->text.length;
    return frame->text.text;
}

struct websocket_message *live_frame_message(struct live_frame *frame)
{
    if (!frame->message)
        frame->message = websocket_message_new(frame->text.text, frame->text.length);
    return frame->message;
}

const char *live_frame_event(struct live_frame *frame, size_t *length)
{
    if (!frame->event.length)
        str_printf(&frame->event, "42[\"%s\",%s]", frame->type, frame->text.text);
    *length = frame->event.length;
    return frame->event.text;
}

struct websocket_message *live_frame_event_message(struct live_frame *frame)
{
    size_t length;
    const char *text = live_frame_event(frame, &length);

    if (!frame->event_message)
        frame->event_message = websocket_message_new(text, length);
    return frame->event_message;
}

/* --- writing --------------------------------------------------------------------------------- */

struct draft {
    const char *type;
    struct str text;
    struct json_writer w;
};

static struct json_writer *begin(struct draft *draft, const char *type)
{
    draft->type = type;
    str_init(&draft->text);
    json_begin(&draft->w, &draft->text);
    json_object_open(&draft->w);
    json_put_text(&draft->w, "type", type);
    return &draft->w;
}

static struct json_writer *begin_for_job(struct draft *draft, const char *type,
                                         const struct job *job)
{
    struct json_writer *w = begin(draft, type);

    json_put_int(w, "job_id", job->id);
    json_put_int(w, "experiment_id", job->id);
    json_put_int(w, "project_id", job->project_id);
    return w;
}

static struct live_frame *finish(struct draft *draft, int64_t time)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format_utc(time ? time : clock_unix_microseconds(), text);
    json_put_text(&draft->w, "timestamp", text);
    json_close(&draft->w);
    return live_frame_new(draft->type, &draft->text);
}

/* A member of what was reported, as it is; null where it is absent or too much for everybody. */
static void put_member(struct json_writer *w, const json_t *data, const char *key)
{
    const json_t *value = json_object_get(data, key);
    char *text = value ? json_dumps(value, LIVE_DUMP_FLAGS) : NULL;

    json_key(w, key);
    json_raw(w, text && strlen(text) <= MEMBER_LIMIT_BYTES ? text : "null");
    free(text);
}

struct live_frame *live_frame_note(const char *type, const char *message)
{
    struct draft draft;

    json_put_text(begin(&draft, type), "message", message);
    return finish(&draft, 0);
}

struct live_frame *live_frame_channel(const char *type, const char *channel, int64_t job_id)
{
    struct draft draft;

    json_put_text(begin(&draft, type), "channel", channel);
    if (job_id)
        json_put_int(&draft.w, "job_id", job_id);
    return finish(&draft, 0);
}

struct live_frame *live_frame_pong(void)
{
    struct draft draft;

    begin(&draft, "pong");
    return finish(&draft, 0);
}

/* --- jobs ------------------------------------------------------------------------------------ */

static void put_numbers(struct json_writer *w, const struct live_epoch *e)
{
    json_put_number(w, "loss", e->loss);
    json_put_number(w, "accuracy", e->accuracy);
    json_put_number(w, "learning_rate", e->learning_rate);
}

struct live_frame *live_frame_progress(const struct job *job, const struct live_epoch *e,
                                       bool is_replay)
{
    struct draft draft;
    struct json_writer *w = begin_for_job(&draft, "training_progress", job);

    json_put_text(w, "status", job->status);
    json_put_int(w, "epoch", e->epoch);
    json_put_int(w, "total_epochs", job->epochs);
    json_put_number(w, "progress_percent",
                    job->epochs ? 100.0 * (double)e->epoch / (double)job->epochs : 0);
    put_numbers(w, e);
    json_key(w, "data");
    json_object_open(w);
    json_put_int(w, "epoch", e->epoch);
    put_numbers(w, e);
    json_key(w, "extra_metrics");
    json_raw(w, e->extra && strlen(e->extra) <= MEMBER_LIMIT_BYTES ? e->extra : "null");
    json_close(w);
    if (is_replay)
        json_put_bool(w, "replay", true);
    return finish(&draft, e->time);
}

struct live_frame *live_frame_status(const struct job *job, const char *old_status)
{
    struct draft draft;
    struct json_writer *w = begin_for_job(&draft, "training_status_change", job);

    json_put_text(w, "old_status", old_status);
    json_put_text(w, "new_status", job->status);
    json_put_text(w, "error_message", job->error_message);
    if (!old_status)
        json_put_bool(w, "replay", true);
    return finish(&draft, 0);
}

struct live_frame *live_frame_end(const struct job *job, const json_t *data)
{
    bool is_good = !strcmp(job->status, "completed");
    struct draft draft;
    struct json_writer *w;

    if (!is_good && strcmp(job->status, "failed"))
        return NULL;
    w = begin_for_job(&draft, is_good ? "training_complete" : "training_error", job);
    json_put_text(w, "status", job->status);
    json_put_int(w, "epoch", job->current_epoch);
    put_member(w, data, "final_metrics");
    put_member(w, data, "best_metrics");
    put_member(w, data, "best_metric");
    put_member(w, data, "best_epoch");
    put_member(w, data, "duration_seconds");
    json_put_text(w, "best_checkpoint_path", job->best_checkpoint_path);
    json_put_text(w, "error_message", job->error_message);
    return finish(&draft, 0);
}

#define MEMBERS_MOST 10

static const struct {
    const char *event, *type, *members[MEMBERS_MOST];
} kinds[] = {
    { "step",
      "training_step",
      { "epoch", "step", "steps", "loss", "learning_rate", "images_per_second", "rss_mb",
        "eta_s" } },
    { "log", "training_log", { "level", "message", "epoch", "log_type" } },
    { "checkpoint_saved",
      "checkpoint_saved",
      { "epoch", "kind", "path", "size", "sha256", "metrics" } },
    { "validation_result",
      "validation_result",
      { "epoch", "task_type", "primary_metric_name", "primary_metric_value", "overall_loss",
        "metrics" } },
};

struct live_frame *live_frame_event_of(const struct job *job, const char *event,
                                       const json_t *data)
{
    struct draft draft;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (strcmp(kinds[i].event, event))
            continue;
        begin_for_job(&draft, kinds[i].type, job);
        for (int j = 0; j < MEMBERS_MOST && kinds[i].members[j]; j++)
            put_member(&draft.w, data, kinds[i].members[j]);
        return finish(&draft, 0);
    }
    return NULL;
}
