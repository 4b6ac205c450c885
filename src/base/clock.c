/* clock.c - see clock.h. */

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

double clock_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int64_t clock_unix_microseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void clock_format_utc(int64_t unix_microseconds, char text[CLOCK_TEXT_SIZE])
{
    int64_t microseconds = unix_microseconds % 1000000;
    time_t seconds = (time_t)(unix_microseconds / 1000000);
    struct tm parts;
    size_t length;
    int milliseconds;

    if (microseconds < 0) { /* before 1970: the fraction still counts forwards */
        microseconds += 1000000;
        seconds--;
    }
    gmtime_r(&seconds, &parts);
    length = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    milliseconds = (int)(microseconds / 1000);
    text[length++] = '.';
    text[length++] = (char)('0' + milliseconds / 100);
    text[length++] = (char)('0' + milliseconds / 10 % 10);
    text[length++] = (char)('0' + milliseconds % 10);
    text[length++] = 'Z';
    text[length] = '\0';
}
