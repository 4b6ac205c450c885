/* events_test.c - events.jsonl: numbered, whole lines, only ever appended to. */

#include "base/error.h"
#include "base/file.h"
#include "test.h"
#include "train/events.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void read_file(const char *folder, struct str *text)
{
    struct str path = STR_INIT;
    struct error err;

    str_printf(&path, "%s/events.jsonl", folder);
    str_clear(text);
    CHECK_OK(file_read(path.text, (size_t)1 << 20, text, &err), err);
    str_release(&path);
}

/* Each line is an object with its seq. */
static int check_lines(const char *text, const char *job_id)
{
    int count = 0;

    while (*text) {
        size_t length = strcspn(text, "\n");
        struct error err;
        json_t *event = json_parse(text, length, "event", &err);

        CHECK(event && text[length] == '\n');
        CHECK(json_integer_value(json_object_get(event, "seq")) == ++count);
        CHECK(json_is_object(json_object_get(event, "data")));
        CHECK(json_string_length(json_object_get(event, "time")) >= 20);
        if (job_id)
            CHECK_TEXT(json_string_value(json_object_get(event, "job_id")), job_id);
        json_decref(event);
        text += length + 1;
    }
    return count;
}

static void send(struct events *events, const char *name, int64_t value)
{
    struct error err;

    json_put_int(events_begin(events, name), "value", value);
    CHECK_OK(events_send(events, &err), err);
}

TEST(events_are_lines_of_json_with_running_numbers)
{
    const char *folder = test_folder();
    struct events events;
    struct str text = STR_INIT;
    struct error err;

    CHECK_OK(events_open(&events, folder, "job \"7\"", false, &err), err);
    send(&events, "step", 1);
    CHECK_OK(events_log(&events, "INFO", &err, "a line\nwith \"%s\"", "quotes"), err);
    events_close(&events);
    read_file(folder, &text);
    CHECK(check_lines(text.text, "job \"7\"") == 2);
    str_release(&text);
}

TEST(events_go_on_after_a_resume)
{
    const char *folder = test_folder();
    struct events events;
    struct str text = STR_INIT;
    struct error err;

    for (int attempt = 1; attempt <= 3; attempt++) {
        CHECK_OK(events_open(&events, folder, NULL, attempt > 1, &err), err);
        CHECK(events.attempt == attempt);
        send(&events, "step", attempt);
        send(&events, "step", attempt);
        events_close(&events);
    }
    read_file(folder, &text);
    CHECK(check_lines(text.text, NULL) == 6);
    CHECK(strstr(text.text, "\"seq\":6,\"attempt\":3"));
    CHECK_OK(events_open(&events, folder, NULL, false, &err), err); /* a fresh start is empty */
    send(&events, "step", 1);
    events_close(&events);
    read_file(folder, &text);
    CHECK(check_lines(text.text, NULL) == 1);
    str_release(&text);
}

TEST(events_cut_off_half_a_line_of_a_killed_run)
{
    const char *folder = test_folder();
    struct str path = STR_INIT, text = STR_INIT;
    struct events events;
    struct error err;

    CHECK_OK(events_open(&events, folder, NULL, false, &err), err);
    send(&events, "step", 1);
    send(&events, "step", 2);
    events_close(&events);
    str_printf(&path, "%s/events.jsonl", folder);
    read_file(folder, &text);
    CHECK(!truncate(path.text, (off_t)text.length - 9));
    CHECK_OK(events_open(&events, folder, NULL, true, &err), err);
    send(&events, "step", 3);
    events_close(&events);
    read_file(folder, &text);
    CHECK(check_lines(text.text, NULL) == 2);
    CHECK(strstr(text.text, "\"value\":3") && !strstr(text.text, "\"value\":2"));
    str_release(&path);
    str_release(&text);
}
