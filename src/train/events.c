/* events.c - see events.h. */

#include "train/events.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define EVENTS_LIMIT ((size_t)1 << 30)

/* The last whole line's seq and attempt, and where it ends. */
static int read_end(struct events *events, int64_t *end, struct error *err)
{
    struct str text = STR_INIT;
    size_t length, start;
    json_t *line;

    *end = 0;
    if (file_read(events->path, EVENTS_LIMIT, &text, err))
        return -1;
    for (length = text.length; length && text.text[length - 1] != '\n'; length--)
        ;
    for (start = length ? length - 1 : 0; start && text.text[start - 1] != '\n'; start--)
        ;
    if (length) {
        line = json_parse(text.text + start, length - start, events->path, err);
        if (!line) {
            str_release(&text);
            return -1;
        }
        events->seq = json_integer_value(json_object_get(line, "seq"));
        events->attempt = json_integer_value(json_object_get(line, "attempt"));
        json_decref(line);
    }
    *end = (int64_t)length;
    str_release(&text);
    return 0;
}

int events_open(struct events *events, const char *folder, const char *job_id, bool append,
                struct error *err)
{
    struct str path = STR_INIT;
    int64_t end = 0;

    str_printf(&path, "%s/events.jsonl", folder);
    *events = (struct events){ .fd = -1, .job_id = job_id, ._line = STR_INIT };
    events->path = str_detach(&path);
    if (append && file_exists(events->path) && read_end(events, &end, err)) {
        events_close(events);
        return -1;
    }
    events->attempt++;
    events->fd = open(events->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (events->fd < 0 || ftruncate(events->fd, end)) {
        FAIL_ERRNO(err, "cannot open '%s'", events->path);
        events_close(events);
        return -1;
    }
    return 0;
}

void events_close(struct events *events)
{
    if (events->path && events->fd >= 0)
        close(events->fd);
    free(events->path);
    str_release(&events->_line);
    *events = (struct events){ .fd = -1, ._line = STR_INIT };
}

struct json_writer *events_begin(struct events *events, const char *event)
{
    struct json_writer *w = &events->_writer;
    char now[CLOCK_TEXT_SIZE];

    clock_format_utc(clock_unix_microseconds(), now);
    str_clear(&events->_line);
    json_begin(w, &events->_line);
    json_object_open(w);
    json_put_int(w, "seq", ++events->seq);
    json_put_int(w, "attempt", events->attempt);
    json_put_text(w, "time", now);
    if (events->job_id)
        json_put_text(w, "job_id", events->job_id);
    json_put_text(w, "event", event);
    json_key(w, "data");
    json_object_open(w);
    return w;
}

int events_send(struct events *events, struct error *err)
{
    json_close(&events->_writer);
    json_close(&events->_writer);
    str_add_char(&events->_line, '\n');
    return file_write_all(events->fd, events->_line.text, events->_line.length, events->path, err);
}

int events_log(struct events *events, const char *level, struct error *err, const char *format, ...)
{
    struct json_writer *w = events_begin(events, "log");
    struct str text = STR_INIT;
    va_list list;

    va_start(list, format);
    str_vprintf(&text, format, list);
    va_end(list);
    json_put_text(w, "level", level);
    json_put_text(w, "message", text.text);
    str_release(&text);
    return events_send(events, err);
}
