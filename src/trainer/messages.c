/* messages.c - see messages.h. */

#include "trainer/messages.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "trainer/ending.h"
#include "trainer/run_state.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define LINE_MOST 4000

static json_t *new_message(const struct run_state *state, const char *event, int64_t seq,
                           const char *time, json_t *data)
{
    char now[CLOCK_TEXT_SIZE];
    json_t *message;

    clock_format_utc(clock_unix_microseconds(), now);
    message = json_pack("{s:I, s:s, s:I, s:I, s:s, s:o}", "job_id", (json_int_t)state->job_id,
                        "event", event, "attempt", (json_int_t)state->attempt, "seq",
                        (json_int_t)seq, "timestamp", time ? time : now, "data", data);
    BUG_IF(!message);
    return message;
}

json_t *message_of_event(const struct run_state *state, const char *line)
{
    struct error ignored;
    json_t *root = json_parse(line, strlen(line), "events.jsonl", &ignored), *message = NULL;
    const char *event = json_string_value(json_object_get(root, "event"));
    json_t *data = json_object_get(root, "data");

    if (event && json_is_object(data)) {
        if (!strcmp(event, "training_started"))
            json_object_set_new(data, "pid", json_integer((json_int_t)state->process.pid));
        message = new_message(state, event, json_integer_value(json_object_get(root, "seq")),
                              json_string_value(json_object_get(root, "time")), json_incref(data));
    }
    json_decref(root);
    return message;
}

/* --- the service's own ----------------------------------------------------------------------- */

/* Text that may hold anything, as JSON: what is not UTF-8 is replaced. */
static json_t *text_value(const char *text, size_t length)
{
    struct str copy = STR_INIT, quoted = STR_INIT;
    struct error ignored;
    struct json_writer w;
    json_t *value, *array;

    str_add_bytes(&copy, text, length);
    json_begin(&w, &quoted);
    json_array_open(&w);
    json_text(&w, copy.text);
    json_close(&w);
    array = json_parse(quoted.text, quoted.length, "text", &ignored);
    value = array ? json_incref(json_array_get(array, 0)) : json_string("");
    json_decref(array);
    str_release(&quoted);
    str_release(&copy);
    return value;
}

static const char *level_of(const char *line)
{
    static const struct {
        const char *word, *level;
    } words[] = { { "error", "ERROR" }, { "fovea train:", "ERROR" }, { "warn", "WARNING" },
                  { "skipped", "WARNING" } };

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strcasestr(line, words[i].word))
            return words[i].level;
    return "INFO";
}

json_t *message_of_line(const struct run_state *state, const char *line)
{
    size_t length = strnlen(line, LINE_MOST);
    json_t *data = json_pack("{s:s, s:o, s:s}", "level", level_of(line), "message",
                             text_value(line, length), "log_type", "stderr");

    return new_message(state, "log", 0, NULL, data);
}

/* The checkpoint that this attempt has left behind. */
static json_t *checkpoint_of(const struct run_state *state)
{
    struct str path = STR_INIT;
    struct stat status;
    json_t *value;

    str_printf(&path, "%s/checkpoints/latest.safetensors", state->output_dir);
    value = !stat(path.text, &status) && status.st_mtim.tv_sec >= state->started_at / 1000000
                ? text_value(path.text, path.length)
                : json_null();
    str_release(&path);
    return value;
}

json_t *message_of_ending(const struct run_state *state, const char *log)
{
    bool stopped = state->status == RUN_STATUS_STOPPED;
    json_t *code = state->exit_code == ENDING_UNKNOWN ? json_null()
                                                      : json_integer((json_int_t)state->exit_code);
    json_t *data =
        json_pack("{s:s, s:I, s:o, s:o, s:o, s:o}", "status", run_status_name(state->status),
                  "epoch", (json_int_t)state->epoch, "exit_code", code,
                  stopped ? "message" : "error_message",
                  text_value(state->error, strlen(state->error)), "traceback",
                  text_value(log, strlen(log)), "checkpoint_path", checkpoint_of(state));

    return new_message(state, stopped ? "training_stopped" : "training_failed", 0, NULL, data);
}
