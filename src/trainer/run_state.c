/* run_state.c - see run_state.h. */

#include "trainer/run_state.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_LIMIT ((size_t)64 << 10)

static const char *const status_names[] = { "starting", "running", "completed", "failed",
                                            "stopped" };
#define STATUS_COUNT ((int)(sizeof(status_names) / sizeof(*status_names)))

const char *run_status_name(enum run_status status)
{
    return status_names[status == RUN_STATUS_STARTING ? RUN_STATUS_RUNNING : status];
}

/* --- the fields ------------------------------------------------------------------------------ */

#define NUMBER(name) { #name, offsetof(struct run_state, name) }
/* clang-format off */
static const struct number {
    const char *name;
    size_t offset;
} numbers[] = {
    NUMBER(job_id), NUMBER(attempt), NUMBER(started_at), NUMBER(last_event_at),
    NUMBER(events_start), NUMBER(log_start), NUMBER(events_offset), NUMBER(log_offset),
    NUMBER(epoch), NUMBER(exit_code),
    { "pid", offsetof(struct run_state, process.pid) },
    { "process_start", offsetof(struct run_state, process.start_ticks) },
};

static const struct {
    const char *name;
    size_t offset;
} flags[] = { NUMBER(has_spoken), NUMBER(stop_requested), NUMBER(is_done) };

static const struct {
    const char *name;
    size_t offset, size;
} texts[] = {
#define TEXT(name) { #name, offsetof(struct run_state, name), sizeof(((struct run_state *)0)->name) }
    TEXT(boot_id), TEXT(output_dir), TEXT(error),
#undef TEXT
};
/* clang-format on */
#undef NUMBER

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static char *path_of(const char *folder, int64_t job_id, const char *suffix, struct str *path)
{
    str_clear(path);
    str_printf(path, "%s/job_%lld.%s", folder, (long long)job_id, suffix);
    return path->text;
}

/* --- writing --------------------------------------------------------------------------------- */

int run_state_write(const struct run_state *state, const char *folder, struct error *err)
{
    const char *base = (const char *)state;
    struct str text = STR_INIT, path = STR_INIT;
    struct json_writer w;
    int result;

    json_begin(&w, &text);
    json_object_open(&w);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        int64_t value;

        memcpy(&value, base + numbers[i].offset, sizeof(value));
        json_put_int(&w, numbers[i].name, value);
    }
    for (size_t i = 0; i < COUNT(flags); i++)
        json_put_bool(&w, flags[i].name, *(const bool *)(base + flags[i].offset));
    for (size_t i = 0; i < COUNT(texts); i++)
        json_put_text(&w, texts[i].name, base + texts[i].offset);
    json_put_text(&w, "status", status_names[state->status]);
    json_close(&w);
    str_add_char(&text, '\n');
    result = file_replace(path_of(folder, state->job_id, "json", &path), text.text, text.length,
                          err);
    run_state_write_position(state, folder);
    str_release(&path);
    str_release(&text);
    return result;
}

void run_state_write_position(const struct run_state *state, const char *folder)
{
    struct str path = STR_INIT;
    char text[64];
    int fd = open(path_of(folder, state->job_id, "position", &path),
                  O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

    /* One write of fixed length, so that never half of one and half of another stands there; the
     * attempt tells that it is not of an earlier run. */
    snprintf(text, sizeof(text), "%19lld %19lld %19lld\n", (long long)state->attempt,
             (long long)state->events_offset, (long long)state->log_offset);
    if (fd >= 0 && pwrite(fd, text, strlen(text), 0) < 0)
        log_debug("cannot write '%s'", path.text);
    if (fd >= 0)
        close(fd);
    str_release(&path);
}

/* --- reading --------------------------------------------------------------------------------- */

static void read_position(struct run_state *state, const char *folder)
{
    struct str text = STR_INIT, path = STR_INIT;
    struct error ignored;
    long long attempt, events, log;

    if (!file_read(path_of(folder, state->job_id, "position", &path), STATE_LIMIT, &text,
                   &ignored) &&
        sscanf(text.text, "%lld %lld %lld", &attempt, &events, &log) == 3 &&
        attempt == state->attempt && events >= 0 && log >= 0) {
        state->events_offset = events;
        state->log_offset = log;
    }
    str_release(&path);
    str_release(&text);
}

static int read_status(struct run_state *state, const json_t *root)
{
    const char *name = json_string_value(json_object_get(root, "status"));

    for (int i = 0; name && i < STATUS_COUNT; i++)
        if (!strcmp(name, status_names[i])) {
            state->status = (enum run_status)i;
            return 0;
        }
    return -1;
}

static int read_object(struct run_state *state, const json_t *root)
{
    char *base = (char *)state;

    for (size_t i = 0; i < COUNT(numbers); i++) {
        const json_t *item = json_object_get(root, numbers[i].name);
        int64_t value = json_integer_value(item);

        if (!json_is_integer(item))
            return -1;
        memcpy(base + numbers[i].offset, &value, sizeof(value));
    }
    for (size_t i = 0; i < COUNT(flags); i++)
        *(bool *)(base + flags[i].offset) = json_is_true(json_object_get(root, flags[i].name));
    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *text = json_string_value(json_object_get(root, texts[i].name));

        if (!text || strlen(text) >= texts[i].size)
            return -1;
        memcpy(base + texts[i].offset, text, strlen(text) + 1);
    }
    return read_status(state, root);
}

int run_state_read(struct run_state *state, const char *folder, int64_t job_id, struct error *err)
{
    struct str text = STR_INIT, path = STR_INIT;
    json_t *root = NULL;
    int result = -1;

    *state = (struct run_state){ 0 };
    path_of(folder, job_id, "json", &path);
    if (file_read(path.text, STATE_LIMIT, &text, err))
        goto done;
    root = json_parse(text.text, text.length, path.text, err);
    if (!root)
        goto done;
    if (read_object(state, root) || state->job_id != job_id) {
        FAIL(err, CORRUPT, "'%s' is not the state of a run", path.text);
        goto done;
    }
    read_position(state, folder);
    result = 0;
done:
    json_decref(root);
    str_release(&path);
    str_release(&text);
    return result;
}

int run_state_list(struct arena *arena, const char *folder, int64_t **ids, int *count,
                   struct error *err)
{
    char **names;
    int name_count;

    *count = 0;
    if (file_list(arena, folder, &names, &name_count, err))
        return -1;
    *ids = ARENA_ARRAY(arena, int64_t, name_count + 1);
    for (int i = 0; i < name_count; i++) {
        char *end;
        long long id;

        if (!str_starts_with(names[i], "job_"))
            continue;
        id = strtoll(names[i] + 4, &end, 10);
        if (!strcmp(end, ".json"))
            (*ids)[(*count)++] = id;
    }
    return 0;
}
