/* progress.h - a run seen on a terminal: a bar that moves, or plain lines where there is none. */
#ifndef TRAIN_PROGRESS_H
#define TRAIN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool quiet;    /* print nothing */
    bool terminal; /* stderr is one: redraw a line */
    bool _open;    /* a bar is on the screen */
    double _last;
};

struct progress_step {
    int64_t epoch, epochs, step, steps; /* step of steps in this epoch */
    double loss, learning_rate, images_per_second, eta_seconds;
    int64_t rss_mb;
};

void progress_init(struct progress *progress, bool quiet);
void progress_step(struct progress *progress, const struct progress_step *step);
/* A line of its own, above the bar. */
void progress_line(struct progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
