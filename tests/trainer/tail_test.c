#include "trainer/tail.h"

#include "base/error.h"
#include "base/file.h"
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char *path_of(const char *name)
{
    static char path[600];

    snprintf(path, sizeof(path), "%s/%s", test_folder(), name);
    return path;
}

static void append(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    struct error err;

    CHECK(fd >= 0);
    CHECK_OK(file_write_all(fd, text, strlen(text), path, &err), err);
    close(fd);
}

TEST(tail_lends_whole_lines_until_they_are_passed)
{
    const char *path = path_of("file");
    struct tail tail;

    tail_open(&tail, path, 0);
    CHECK(!tail_line(&tail, true)); /* it is not there yet */
    append(path, "one\ntw");
    CHECK_TEXT(tail_line(&tail, false), "one");
    CHECK_TEXT(tail_line(&tail, false), "one");
    CHECK(tail.offset == 0);
    tail_pass(&tail);
    CHECK(tail.offset == 4);
    CHECK(!tail_line(&tail, false));
    append(path, "o\n\nthree");
    CHECK_TEXT(tail_line(&tail, false), "two");
    tail_pass(&tail);
    CHECK_TEXT(tail_line(&tail, false), "");
    tail_pass(&tail);
    CHECK(!tail_line(&tail, false));
    CHECK_TEXT(tail_line(&tail, true), "three");
    tail_pass(&tail);
    CHECK(!tail_line(&tail, true) && tail.offset == 14);
    tail_close(&tail);
}

TEST(tail_begins_where_it_is_told)
{
    const char *path = path_of("file");
    struct tail tail;

    append(path, "one\ntwo\n");
    tail_open(&tail, path, 4);
    CHECK_TEXT(tail_line(&tail, false), "two");
    tail_close(&tail);
}

TEST(tail_begins_again_when_the_file_does)
{
    const char *path = path_of("file");
    struct tail tail;

    append(path, "a long line\nand another\n");
    tail_open(&tail, path, 12);
    CHECK_TEXT(tail_line(&tail, false), "and another");
    tail_pass(&tail);
    CHECK(!truncate(path, 0));
    append(path, "new\n");
    CHECK_TEXT(tail_line(&tail, false), "new");
    CHECK(tail.offset == 0);
    tail_close(&tail);
}

TEST(tail_leaves_out_lines_without_end)
{
    const char *path = path_of("file");
    size_t size = (size_t)9 << 20;
    char *text = malloc(size + 1);
    struct tail tail;

    CHECK(text);
    memset(text, 'x', size);
    text[size] = '\0';
    append(path, "first\n");
    append(path, text);
    append(path, "\nlast\n");
    tail_open(&tail, path, 0);
    CHECK_TEXT(tail_line(&tail, false), "first");
    tail_pass(&tail);
    CHECK_TEXT(tail_line(&tail, false), "last");
    CHECK(tail.offset == (int64_t)size + 7);
    tail_close(&tail);
    free(text);
}

TEST(tail_finds_the_end_and_the_last_lines)
{
    static const struct {
        const char *text, *last;
        int64_t end;
    } cases[] = { { "", "", 0 },           { "half", "", 0 },         { "one\n", "one", 4 },
                  { "one\ntwo\nth", "two", 8 }, { "\n", "", 1 },      { "one\n\n", "", 5 } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct str last = STR_INIT;
        const char *path;
        char name[16];

        snprintf(name, sizeof(name), "file%zu", i);
        path = path_of(name);
        append(path, cases[i].text);
        CHECK(tail_end(path) == cases[i].end);
        tail_last_line(path, 0, &last);
        CHECK_TEXT(last.text, cases[i].last);
        str_release(&last);
    }
    CHECK(tail_end(path_of("nowhere")) == 0);
}

TEST(tail_finds_a_last_line_that_is_long)
{
    const char *path = path_of("file");
    size_t size = 200000;
    char *text = malloc(size + 1);
    struct str last = STR_INIT;

    CHECK(text);
    memset(text, 'x', size);
    text[size] = '\0';
    append(path, "first\n");
    append(path, text);
    append(path, "\nha");
    CHECK(tail_end(path) == (int64_t)size + 7);
    tail_last_line(path, 0, &last);
    CHECK(last.length == size);
    str_clear(&last);
    tail_last_line(path, 6, &last); /* of what begins there */
    CHECK(last.length == size);
    str_clear(&last);
    tail_last_line(path, (int64_t)size + 7, &last);
    CHECK(last.length == 0);
    str_release(&last);
    free(text);
}

TEST(tail_gives_the_last_lines)
{
    const char *path = path_of("file");
    struct str out = STR_INIT;

    append(path, "one\ntwo\nthree\n");
    tail_last(path, 0, 2, 1000, &out);
    CHECK_TEXT(out.text, "two\nthree\n");
    str_clear(&out);
    tail_last(path, 8, 2, 1000, &out);
    CHECK_TEXT(out.text, "three\n");
    str_clear(&out);
    tail_last(path, 0, 9, 9, &out);
    CHECK_TEXT(out.text, "wo\nthree\n"); /* so many bytes at most */
    str_release(&out);
}
