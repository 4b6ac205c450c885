/* progress.c - see progress.h. */

#include "train/progress.h"

#include "base/clock.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define BAR_WIDTH 24
#define REDRAW_SECONDS 0.1

void progress_init(struct progress *progress, bool quiet)
{
    *progress = (struct progress){ .quiet = quiet, .terminal = !quiet && isatty(STDERR_FILENO) };
}

static void duration(double seconds, struct str *out)
{
    int64_t s = (int64_t)(seconds + 0.5);

    if (s >= 3600)
        str_printf(out, "%ld:%02ld:%02ld", (long)(s / 3600), (long)(s / 60 % 60), (long)(s % 60));
    else
        str_printf(out, "%ld:%02ld", (long)(s / 60), (long)(s % 60));
}

static void draw(const struct progress_step *s, struct str *out)
{
    int filled = s->steps ? (int)(s->step * BAR_WIDTH / s->steps) : 0;

    str_printf(out, "epoch %ld/%ld [", (long)s->epoch, (long)s->epochs);
    for (int i = 0; i < BAR_WIDTH; i++)
        str_add_char(out, i < filled ? '=' : i == filled ? '>' : ' ');
    str_printf(out, "] %ld/%ld  loss %.4f  lr %.2e  %.1f images/s  %ld MB  left ", (long)s->step,
               (long)s->steps, s->loss, s->learning_rate, s->images_per_second, (long)s->rss_mb);
    duration(s->eta_seconds, out);
}

void progress_step(struct progress *progress, const struct progress_step *step)
{
    struct str line = STR_INIT;
    double now = clock_seconds();

    if (!progress->terminal || (now - progress->_last < REDRAW_SECONDS && step->step < step->steps))
        return;
    progress->_last = now;
    draw(step, &line);
    fprintf(stderr, "\r\033[K%s", line.text);
    progress->_open = true;
    str_release(&line);
}

void progress_line(struct progress *progress, const char *format, ...)
{
    va_list list;

    if (progress->quiet)
        return;
    if (progress->_open)
        fputs("\r\033[K", stderr);
    progress->_open = false;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}
