/* thread_waiting.h - how long a thread that waits for the others spins before it sleeps.
 *
 * libgomp's own choice is milliseconds.  Beside one other busy process, each barrier then waits
 * until the scheduler has taken the processor from a thread that only spins: training was seven
 * times slower, not two.  The figure is read when the program is loaded, so it must be in the
 * environment before.  Settings of the user's are left alone. */
#ifndef MAIN_THREAD_WAITING_H
#define MAIN_THREAD_WAITING_H

#include <stdbool.h>
#include <stdlib.h>

/* A tenth of a millisecond.  A tenth of that costs 8 % of resnet18's speed on a quiet machine, this
 * nothing; beside other processes (load 5 on 2 cores) mobilenetv2 trains 27 and 20 images/s with
 * the two, 4 with libgomp's own. */
#define SPIN_COUNT "10000"

static inline bool thread_waiting_is_set(void)
{
    return getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY");
}

static inline void thread_waiting_set(void)
{
    if (!thread_waiting_is_set())
        setenv("GOMP_SPINCOUNT", SPIN_COUNT, 1);
}

#endif
