#include "base/log.h"

#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* What `body` logs, as text.  Less than a pipe holds. */
static void capture(void (*body)(void), char *text, size_t size)
{
    int ends[2], saved = dup(STDERR_FILENO);
    ssize_t length;

    CHECK(saved >= 0 && !pipe(ends));
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    body();
    dup2(saved, STDERR_FILENO); /* closes the pipe's last writing end */
    close(saved);
    length = read(ends[0], text, size - 1);
    close(ends[0]);
    CHECK(length >= 0);
    text[length] = '\0';
}

static void log_all_levels(void)
{
    log_error("one %d", 1);
    log_warn("two");
    log_info("three");
    log_debug("four");
}

TEST(log_writes_one_line_per_event_up_to_the_level)
{
    char text[1024];
    int year, month, day, hour, minute, used = 0;
    double second;

    capture(log_all_levels, text, sizeof(text));
    CHECK(sscanf(text, "%d-%d-%dT%d:%d:%lfZ error one 1\n%n", &year, &month, &day, &hour, &minute,
                 &second, &used) == 6);
    CHECK(used > 0 && year > 2023);
    CHECK(strstr(text, "Z warn two\n") && strstr(text, "Z info three\n"));
    CHECK(!strstr(text, "four"));
}

TEST(log_level_is_that_of_the_environment)
{
    char text[1024];

    setenv("FOVEA_LOG", "debug", 1);
    capture(log_all_levels, text, sizeof(text));
    CHECK(strstr(text, "Z debug four\n"));
    setenv("FOVEA_LOG", "error", 1);
    capture(log_all_levels, text, sizeof(text));
    CHECK(strstr(text, "one 1") && !strstr(text, "two"));
    setenv("FOVEA_LOG", "nonsense", 1);
    capture(log_all_levels, text, sizeof(text));
    unsetenv("FOVEA_LOG");
    CHECK(strstr(text, "Z info three\n") && !strstr(text, "four"));
}

static void log_difficult(void)
{
    log_info("a\nb\rc");
    log_info("%10000s|", "x");
    errno = ENOENT;
    log_info("%m");
    if (errno != ENOENT)
        log_info("errno was changed");
}

TEST(log_keeps_events_on_one_line)
{
    char text[32768];
    int lines = 0;

    capture(log_difficult, text, sizeof(text));
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    CHECK(lines == 3);
    CHECK(strstr(text, "info a b c\n"));
    CHECK(strstr(text, "info No such file or directory\n"));
    CHECK(!strchr(text, '|')); /* the long one was cut */
}
