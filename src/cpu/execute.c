/* execute.c - runs lists of steps on all threads.
 *
 * Ranges are split in contiguous parts, always in the same way, so that a thread finds in its
 * caches what it wrote a step before.  Neighbouring steps of phases share one parallel region. */

#include "cpu/device_cpu_internal.h"

#include "base/clock.h"
#include "base/error.h"

#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* --- generating code -------------------------------------------------------------------------- */

struct generation {
    struct primitive **items;
    int count;
    atomic_int next, failed;
    struct error error; /* of the one that failed first */
};

static void *generate(void *data)
{
    struct generation *g = data;

    for (int i; !atomic_load(&g->failed) && (i = atomic_fetch_add(&g->next, 1)) < g->count;) {
        struct error err;

        if (primitive_generate(g->items[i], &err) && !atomic_exchange(&g->failed, 1))
            g->error = err;
    }
    return NULL;
}

/* Not in a parallel region: there oneDNN believes to have one thread only. */
int cpu_generate(struct device_cpu *device, struct error *err)
{
    enum { MAX_HELPERS = 63 };
    struct generation g = { .items = device->waiting.items, .count = device->waiting.count };
    pthread_t helpers[MAX_HELPERS];
    int helper_count = 0, wanted = device->vector.device.thread_count - 1;

    if (!g.count)
        return 0;
    if (wanted > g.count / 2) /* a thread for one kernel does not pay */
        wanted = g.count / 2;
    while (helper_count < wanted && helper_count < MAX_HELPERS &&
           !pthread_create(&helpers[helper_count], NULL, generate, &g))
        helper_count++;
    generate(&g);
    while (helper_count)
        pthread_join(helpers[--helper_count], NULL);
    if (atomic_load(&g.failed)) {
        *err = g.error;
        return -1;
    }
    device->waiting.count = 0;
    return 0;
}

/* --- running ---------------------------------------------------------------------------------- */

/* Numbers below 1e-38 would cost a hundred times as much as others, and are worth nothing here. */
static unsigned flush_denormals(void)
{
#if defined(__x86_64__)
    unsigned before = _mm_getcsr();

    _mm_setcsr(before | 0x8040); /* results and operands */
    return before;
#else
    return 0;
#endif
}

static void restore_denormals(unsigned before)
{
#if defined(__x86_64__)
    _mm_setcsr(before);
#else
    (void)before;
#endif
}

/* Every thread of the team flushes denormals, and the team has the size that primitives were made
 * for: with another their results would be wrong. */
static void prepare_team(int thread_count)
{
    atomic_int present = 0;

    omp_set_num_threads(thread_count);
#pragma omp parallel num_threads(thread_count)
    {
        flush_denormals();
        atomic_fetch_add(&present, 1);
    }
    BUG_IF(atomic_load(&present) != thread_count);
}

static void run_phases(const struct step *steps, int count, int thread_count)
{
#pragma omp parallel num_threads(thread_count)
    {
        int64_t thread = omp_get_thread_num();

        for (int i = 0; i < count; i++)
            for (int j = 0; j < steps[i].phase_count; j++) {
                const struct phase *phase = &steps[i].phases[j];
                int64_t begin = phase->count * thread / thread_count;
                int64_t end = phase->count * (thread + 1) / thread_count;

                if (end > begin)
                    phase->run(&steps[i], begin, end);
#pragma omp barrier
            }
    }
}

static int run_steps(struct step *steps, int count, int thread_count, double *seconds,
                     struct error *err)
{
    for (int i = 0, next; i < count; i = next) {
        double start = seconds ? clock_seconds() : 0;

        next = i + 1;
        if (steps[i].call) {
            int status = steps[i].call(&steps[i]);

            if (status)
                return FAIL(err, INVALID, "step '%s' (%s) failed with status %d", steps[i].name,
                            steps[i].kernel, status);
        } else {
            while (!seconds && next < count && !steps[next].call)
                next++;
            run_phases(&steps[i], next - i, thread_count);
        }
        if (seconds)
            seconds[i] += clock_seconds() - start;
    }
    return 0;
}

int cpu_run(struct device *device, struct step *steps, int count, const struct run_state *run,
            double *seconds, struct error *err)
{
    unsigned before;
    int result;

    if (cpu_generate(device_cpu_of(device), err))
        return -1;
    for (int i = 0; i < count; i++)
        steps[i].run = run;
    before = flush_denormals();
    prepare_team(device->thread_count);
    result = run_steps(steps, count, device->thread_count, seconds, err);
    restore_denormals(before);
    return result;
}
