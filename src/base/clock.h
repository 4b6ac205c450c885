/* clock.h - time. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

double clock_seconds(void);       /* monotonic */
int64_t clock_unix_microseconds(void);
#define CLOCK_TEXT_SIZE 32
/* 2026-01-02T03:04:05.678Z */
void clock_format_utc(int64_t unix_microseconds, char text[CLOCK_TEXT_SIZE]);

#endif
