/* events.c - see events.h. */

#include "train/events.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int events_open(struct events *events, const char *folder, const char *job_id, int64_t cut_at,
                int64_t seq, int64_t attempt, struct error *err)
{
    struct str path = STR_INIT;

    str_printf(&path, "%s/events.jsonl", folder);
    *events = (struct events){ .seq = seq, .attempt = attempt + 1, .job_id = job_id,
                               ._line = STR_INIT };
    events->path = str_detach(&path);
    events->fd = open(events->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (events->fd < 0 || (cut_at >= 0 && ftruncate(events->fd, cut_at))) {
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

int64_t events_size(const struct events *events)
{
    return lseek(events->fd, 0, SEEK_END);
}
