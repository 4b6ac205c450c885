#include "base/clock.h"

#include "test.h"

#include <time.h>

TEST(clock_formats_utc)
{
    static const struct {
        int64_t unix_microseconds;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 1767323045678999, "2026-01-02T03:04:05.678Z" },
        { 951782400000000, "2000-02-29T00:00:00.000Z" },
        { -1, "1969-12-31T23:59:59.999Z" },
        { -1000000, "1969-12-31T23:59:59.000Z" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[CLOCK_TEXT_SIZE];

        clock_format_utc(rows[i].unix_microseconds, text);
        CHECK_TEXT(text, rows[i].text);
    }
}

TEST(clock_formats_the_furthest_times_inside_its_buffer)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format_utc(INT64_MAX, text);
    CHECK_TEXT(text, "294247-01-10T04:00:54.775Z");
    clock_format_utc(INT64_MIN, text);
    CHECK(strlen(text) < CLOCK_TEXT_SIZE && strchr(text, 'Z'));
}

TEST(clock_runs_forward_at_the_right_speed)
{
    double start = clock_seconds(), elapsed;
    int64_t unix_start = clock_unix_microseconds();
    struct timespec pause = { 0, 20000000 };

    nanosleep(&pause, NULL);
    elapsed = clock_seconds() - start;
    CHECK(elapsed >= 0.0199 && elapsed < 5);
    CHECK_NEAR((double)(clock_unix_microseconds() - unix_start) * 1e-6, elapsed, 0.5);
    CHECK(unix_start > 1700000000000000); /* after 2023 */
}
