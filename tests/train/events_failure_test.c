/* events_failure_test.c - events.jsonl when the disk or the file is not as it should be. */

#include "base/error.h"
#include "base/file.h"
#include "test.h"
#include "train/events.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void path_of(const char *folder, struct str *path)
{
    str_printf(path, "%s/events.jsonl", folder);
}

static int send(struct events *events, int64_t value, struct error *err)
{
    json_put_int(events_begin(events, "step"), "value", value);
    return events_send(events, err);
}

/* A limit on file sizes fails in the middle of a line, as a full disk does. */
TEST(events_that_no_longer_fit_are_an_error_and_readers_see_whole_lines_after_a_resume)
{
    const char *folder = test_folder();
    struct str path = STR_INIT, text = STR_INIT;
    struct rlimit before, limit;
    struct events events;
    struct error err;
    int sent = 0, lines = 0;

    path_of(folder, &path);
    CHECK_OK(events_open(&events, folder, NULL, false, &err), err);
    CHECK(!getrlimit(RLIMIT_FSIZE, &before));
    limit = before;
    limit.rlim_cur = 1000;
    signal(SIGXFSZ, SIG_IGN);
    CHECK(!setrlimit(RLIMIT_FSIZE, &limit));
    while (sent < 100 && !send(&events, sent, &err))
        sent++;
    CHECK(!setrlimit(RLIMIT_FSIZE, &before));
    CHECK(sent > 3 && sent < 100 && err.kind == ERR_TOO_LARGE && strstr(err.text, path.text));
    events_close(&events);
    CHECK_OK(events_open(&events, folder, NULL, true, &err), err);
    CHECK(events.seq == sent);
    CHECK_OK(send(&events, -1, &err), err);
    events_close(&events);
    CHECK_OK(file_read(path.text, (size_t)1 << 20, &text, &err), err);
    for (const char *at = text.text; *at; at += strcspn(at, "\n") + 1) {
        json_t *event = json_parse(at, strcspn(at, "\n"), "event", &err);

        CHECK(event && json_integer_value(json_object_get(event, "seq")) == ++lines);
        json_decref(event);
    }
    CHECK(lines == sent + 1);
    str_release(&path);
    str_release(&text);
}

TEST(events_of_another_program_are_refused_by_name_and_kept)
{
    static const char other[] = "not JSON\n";
    const char *folder = test_folder();
    struct str path = STR_INIT, text = STR_INIT;
    struct events events;
    struct error err;

    path_of(folder, &path);
    CHECK_OK(file_replace(path.text, other, sizeof(other) - 1, &err), err);
    CHECK(events_open(&events, folder, NULL, true, &err) && err.kind == ERR_CORRUPT);
    CHECK(strstr(err.text, path.text));
    CHECK_OK(file_read(path.text, 100, &text, &err), err);
    CHECK_TEXT(text.text, other);
    str_clear(&path);
    str_printf(&path, "%s/none", folder);
    CHECK(events_open(&events, path.text, NULL, false, &err) && err.kind == ERR_NOT_FOUND);
    CHECK(strstr(err.text, path.text));
    str_release(&path);
    str_release(&text);
}
