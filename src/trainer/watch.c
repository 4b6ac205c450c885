/* watch.c - see watch.h.
 *
 * One turn: is the engine alive, tell what is new, and once it is gone say how it ended.  Whether
 * it lives is asked before its files are read, so that nothing that it wrote last is missed. */

#include "trainer/watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "trainer/ending.h"
#include "trainer/messages.h"
#include "trainer/tail.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TURN_MS 50
#define TELL_MOST 256 /* of a kind in a turn, so that deadlines are kept beside a slow backend */
#define PAUSE_LEAST 0.1
#define PAUSE_MOST 5.0
#define GRACE_SECONDS 30.0
#define GRACE_STEPS 3.0
#define LOG_LINES_PER_SECOND 200
#define MEMORY_LOOK_SECONDS 1.0
#define LAST_LINES 20
#define LAST_LINES_BYTES ((size_t)8 << 10)

struct watcher {
    struct engine_run *run;
    struct run_state *state;
    struct tail events, log;
    double next_try, pause;  /* after a failed delivery */
    double kill_at, grace_seconds; /* 0: not asked to stop */
    bool has_ended, has_changed, was_killed;
    int64_t memory_kills[2]; /* as seen at the last two looks */
    double memory_looked;
    int64_t step;            /* of the last step event, and its time of the day */
    double step_time, step_seconds;
    double log_second;       /* lines that were told since then; left out since then */
    int log_count, log_left_out;
};

/* --- delivery -------------------------------------------------------------------------------- */

/* Takes the message.  false: try again later. */
static bool deliver(struct watcher *w, json_t *message)
{
    const struct trainer_sink *sink = &w->run->trainer->sink;
    struct error err = { 0 };
    bool is_told = !sink->deliver || !sink->deliver(sink->context, message, &err);

    if (!is_told &&
        (err.kind == ERR_INVALID || err.kind == ERR_DENIED || err.kind == ERR_NOT_FOUND)) {
        log_warn("job %lld: '%s' was refused and is left out: %s", (long long)w->state->job_id,
                 json_string_value(json_object_get(message, "event")), err.text);
        is_told = true;
    }
    if (is_told) {
        w->pause = 0;
        w->has_changed = true;
    } else {
        if (!w->pause)
            log_warn("job %lld: events wait: %s", (long long)w->state->job_id, err.text);
        w->pause = w->pause ? w->pause * 2 : PAUSE_LEAST;
        w->pause = w->pause > PAUSE_MOST ? PAUSE_MOST : w->pause;
        w->next_try = clock_seconds() + w->pause;
    }
    json_decref(message);
    return is_told;
}

static void note_position(struct watcher *w)
{
    w->state->events_offset = w->events.offset;
    w->state->log_offset = w->log.offset;
    run_state_write_position(w->state, w->run->trainer->state_folder);
}

/* --- events ---------------------------------------------------------------------------------- */

/* Seconds of the day in "2026-01-02T03:04:05.678Z". */
static double time_of_day(const char *time)
{
    const char *at = time ? strchr(time, 'T') : NULL;
    int hours, minutes;
    double seconds;

    if (!at || sscanf(at, "T%d:%d:%lf", &hours, &minutes, &seconds) != 3)
        return 0;
    return 3600.0 * hours + 60.0 * minutes + seconds;
}

static void note_step(struct watcher *w, const json_t *message, const json_t *data)
{
    double now = time_of_day(json_string_value(json_object_get(message, "timestamp")));
    int64_t step = json_integer_value(json_object_get(data, "step"));

    if (w->step && step > w->step && now > w->step_time)
        w->step_seconds = (now - w->step_time) / (double)(step - w->step);
    w->step = step;
    w->step_time = now;
}

static void note_event(struct watcher *w, const json_t *message)
{
    const json_t *data = json_object_get(message, "data");
    const json_t *epoch = json_object_get(data, "epoch");

    if (json_is_integer(epoch))
        w->state->epoch = json_integer_value(epoch);
    if (!strcmp(json_string_value(json_object_get(message, "event")), "step"))
        note_step(w, message, data);
}

/* true: there is nothing more to tell now. */
static bool tell_events(struct watcher *w)
{
    const char *line;

    for (int i = 0; i < TELL_MOST; i++) {
        json_t *message;

        line = tail_line(&w->events, false);
        if (!line)
            return true;
        message = message_of_event(w->state, line);
        if (message) {
            note_event(w, message);
            if (!deliver(w, message))
                return false;
        } else {
            log_warn("job %lld: a line of events.jsonl is no event and is left out",
                     (long long)w->state->job_id);
        }
        tail_pass(&w->events);
        note_position(w);
    }
    return false;
}

/* --- what the engine prints ------------------------------------------------------------------ */

static bool tell_left_out(struct watcher *w)
{
    char text[64];

    snprintf(text, sizeof(text), "%d lines left out", w->log_left_out);
    if (!deliver(w, message_of_line(w->state, text)))
        return false;
    w->log_left_out = 0;
    return true;
}

static bool tell_log(struct watcher *w)
{
    for (int i = 0; i < TELL_MOST; i++) {
        const char *line = tail_line(&w->log, w->has_ended);
        double now = clock_seconds();

        if (now - w->log_second >= 1 || (!line && w->has_ended)) {
            if (w->log_left_out && !tell_left_out(w))
                return false;
            w->log_second = now;
            w->log_count = 0;
        }
        if (!line)
            return true;
        if (++w->log_count > LOG_LINES_PER_SECOND)
            w->log_left_out++;
        else if (*line && !deliver(w, message_of_line(w->state, line)))
            return false;
        tail_pass(&w->log);
        note_position(w);
    }
    return false;
}

/* --- the end --------------------------------------------------------------------------------- */

static const struct {
    const char *event;
    enum run_status status;
} final_events[] = { { "training_complete", RUN_STATUS_COMPLETED },
                     { "training_failed", RUN_STATUS_FAILED },
                     { "training_stopped", RUN_STATUS_STOPPED } };

/* The last event of this attempt, if it says how the run ended, is the last line of the file. */
static bool engine_has_spoken(struct watcher *w)
{
    struct str line = STR_INIT;
    const char *event, *said;
    json_t *message;
    bool found = false;

    tail_last_line(w->events.path, w->state->events_start, &line);
    message = line.length ? message_of_event(w->state, line.text) : NULL;
    event = json_string_value(json_object_get(message, "event"));
    for (size_t i = 0; event && i < sizeof(final_events) / sizeof(*final_events); i++)
        if (!strcmp(event, final_events[i].event)) {
            said = json_string_value(
                json_object_get(json_object_get(message, "data"), "error_message"));
            snprintf(w->state->error, sizeof(w->state->error), "%s", said ? said : "");
            w->state->status = final_events[i].status;
            found = true;
        }
    json_decref(message);
    str_release(&line);
    return found;
}

/* Was told to stop and did, if not in the way it should have? */
static bool has_stopped(const struct watcher *w, struct str *text)
{
    int64_t code = w->state->exit_code;

    if (!w->state->stop_requested ||
        !(code == -SIGTERM || code == -SIGKILL || code == ENDING_UNKNOWN))
        return false;
    if (w->was_killed)
        str_printf(text, "it did not stop within %.0f s and was killed", w->grace_seconds);
    else if (code == -SIGTERM)
        str_add(text, "it was stopped before it had begun to train");
    else
        str_add(text, "it ended while it was being stopped");
    return true;
}

static void describe_ending(struct watcher *w)
{
    struct str log = STR_INIT, text = STR_INIT;
    struct ending ending = { .code = (int)w->state->exit_code, .folder = w->state->output_dir,
                             .memory_ran_out = ending_memory_kills() > w->memory_kills[0],
                             .machine_restarted = w->run->machine_restarted,
                             .was_watched = !w->run->was_gone };

    tail_last(w->log.path, w->state->log_start, LAST_LINES, LAST_LINES_BYTES, &log);
    ending.log = log.text;
    if (has_stopped(w, &text)) {
        w->state->status = RUN_STATUS_STOPPED;
    } else {
        w->state->status = RUN_STATUS_FAILED;
        ending_describe(&ending, &text);
    }
    snprintf(w->state->error, sizeof(w->state->error), "%s", text.text);
    str_release(&text);
    str_release(&log);
}

static void save(struct watcher *w)
{
    struct error err;

    if (run_state_write(w->state, w->run->trainer->state_folder, &err))
        log_error("job %lld: %s", (long long)w->state->job_id, err.text);
}

static void note_end(struct watcher *w)
{
    int wait_status;
    enum process_end end = w->run->trainer->launcher->exit_status(&w->state->process, &wait_status);

    if (end == PROCESS_END_NOT_YET)
        return; /* some of its threads are dying still */
    w->has_ended = true;
    w->state->stop_requested |= atomic_load(&w->run->stop_wanted);
    w->state->exit_code = end == PROCESS_END_KNOWN ? ending_code(wait_status) : ENDING_UNKNOWN;
    w->state->has_spoken = engine_has_spoken(w);
    if (!w->state->has_spoken)
        describe_ending(w);
    log_info("job %lld: %s%s%s", (long long)w->state->job_id, run_status_name(w->state->status),
             *w->state->error ? ": " : "", w->state->error);
    save(w);
    engine_run_show(w->run); /* before it is told: who hears of it may ask */
}

static bool tell_end(struct watcher *w)
{
    struct str log = STR_INIT;
    json_t *message;

    if (!w->state->has_spoken) {
        tail_last(w->log.path, w->state->log_start, LAST_LINES, LAST_LINES_BYTES, &log);
        message = message_of_ending(w->state, log.text);
        str_release(&log);
        if (!deliver(w, message))
            return false;
    }
    w->state->is_done = true;
    save(w);
    return true;
}

/* --- turns ----------------------------------------------------------------------------------- */

static void look_at_memory(struct watcher *w)
{
    if (clock_seconds() - w->memory_looked < MEMORY_LOOK_SECONDS)
        return;
    w->memory_looked = clock_seconds();
    w->memory_kills[0] = w->memory_kills[1];
    w->memory_kills[1] = ending_memory_kills();
}

/* When the engine last wrote an event, told or not. */
static void look_at_heartbeat(struct watcher *w)
{
    struct stat status;
    int64_t at;

    if (stat(w->events.path, &status) || status.st_size <= w->state->events_start)
        return;
    at = (int64_t)status.st_mtim.tv_sec * 1000000 + status.st_mtim.tv_nsec / 1000;
    w->has_changed |= at != w->state->last_event_at;
    w->state->last_event_at = at;
}

/* The signal was sent by who asked; this is for an engine that does not obey. */
static void keep_deadline(struct watcher *w)
{
    double grace = GRACE_STEPS * w->step_seconds;

    if (!atomic_load(&w->run->stop_wanted) || w->has_ended)
        return;
    grace = grace > GRACE_SECONDS ? grace : GRACE_SECONDS;
    if (!w->kill_at) {
        w->state->stop_requested = true;
        w->grace_seconds = grace;
        w->kill_at = clock_seconds() + grace;
        save(w);
    } else if (!w->was_killed && clock_seconds() > w->kill_at) {
        w->was_killed = true;
        w->run->trainer->launcher->signal(&w->state->process, SIGKILL);
    }
}

static void wait_for_turn(struct watcher *w, bool has_more)
{
    struct pollfd wake = { .fd = w->run->wake, .events = POLLIN };
    uint64_t count;

    if (poll(&wake, 1, has_more && !w->pause ? 0 : TURN_MS) > 0 &&
        read(w->run->wake, &count, sizeof(count)) < 0)
        log_debug("no wake-up to read");
}

static void begin(struct watcher *w, struct engine_run *run)
{
    struct str path = STR_INIT;

    *w = (struct watcher){ .run = run, .state = &run->state };
    str_printf(&path, "%s/events.jsonl", run->state.output_dir);
    tail_open(&w->events, path.text, run->state.events_offset);
    str_clear(&path);
    str_printf(&path, "%s/logs/engine.log", run->state.output_dir);
    tail_open(&w->log, path.text, run->state.log_offset);
    str_release(&path);
    w->memory_kills[0] = w->memory_kills[1] = ending_memory_kills();
    w->has_ended = run->state.status > RUN_STATUS_RUNNING;
    if (run->state.stop_requested)
        atomic_store(&run->stop_wanted, true);
}

/* true: it has ended and everything is told. */
static bool turn(struct watcher *w)
{
    bool is_told = false;

    if (!w->has_ended && !w->run->trainer->launcher->is_alive(&w->state->process))
        note_end(w);
    keep_deadline(w);
    look_at_memory(w);
    look_at_heartbeat(w);
    if (!w->pause || clock_seconds() >= w->next_try)
        is_told = tell_events(w) && tell_log(w) && (!w->has_ended || tell_end(w));
    if (w->has_changed)
        engine_run_show(w->run);
    w->has_changed = false;
    if (!w->state->is_done)
        wait_for_turn(w, !is_told);
    return w->state->is_done;
}

void watch_run(struct engine_run *run)
{
    struct watcher w;

    begin(&w, run);
    while (!atomic_load(&run->quit_wanted) && !turn(&w))
        ;
    tail_close(&w.events);
    tail_close(&w.log);
}
