/* log.c - see log.h. */

#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 4096

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

static enum log_level highest_level(void)
{
    const char *given = getenv("FOVEA_LOG");

    for (int i = 0; given && i <= LOG_DEBUG; i++)
        if (!strcmp(given, level_names[i]))
            return (enum log_level)i;
    return LOG_INFO;
}

/* A message may quote a user's text; whatever it holds, an event stays one line. */
static void remove_line_breaks(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\n' || text[i] == '\r')
            text[i] = ' ';
}

/* The line is built on the stack and written by one write(2): lines of several threads or
 * processes do not mix, and it works when there is no memory left. */
void log_write(enum log_level level, const char *format, ...)
{
    int number = errno;
    char line[LINE_SIZE], time[CLOCK_TEXT_SIZE];
    size_t length;
    int added;
    va_list list;

    if (level > highest_level())
        return;
    clock_format_utc(clock_unix_microseconds(), time);
    length = (size_t)snprintf(line, sizeof(line), "%s %s ", time, level_names[level]);
    errno = number; /* the message may print %m */
    va_start(list, format);
    added = vsnprintf(line + length, sizeof(line) - length, format, list);
    va_end(list);
    if (added > 0)
        length += (size_t)added;
    if (length > sizeof(line) - 2)
        length = sizeof(line) - 2;
    remove_line_breaks(line, length);
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, length) < 0) {
        /* There is nowhere left to report it. */
    }
    errno = number;
}
