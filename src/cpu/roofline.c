/* roofline.c - how fast the device can be at best (Williams et al. 2009), for profiles. */

#include "cpu/device_cpu_internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "cpu/kernels.h"
#include "tensor/slab.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#define TRIES 5
#define ITEMS_PER_THREAD 4
#define ROUNDS 200000
#define LEAST_BYTES ((size_t)192 << 20)
#define MOST_BYTES ((size_t)1 << 30)

static void run_flops(const struct step *step, int64_t begin, int64_t end)
{
    device_cpu_of((struct device *)step->context)->vector.kernels->roofline_flops(step->args[0],
                                                                                 begin, end);
}

static void run_bytes(const struct step *step, int64_t begin, int64_t end)
{
    device_cpu_of((struct device *)step->context)->vector.kernels->roofline_bytes(step->args[0],
                                                                                 begin, end);
}

/* Seconds of the fastest of some runs. */
static int fastest(struct device *device, struct roofline_work *work,
                   void (*run)(const struct step *, int64_t, int64_t), int64_t items,
                   double *seconds, struct error *err)
{
    struct step step = { .kernel = "roofline", .name = "roofline", .context = device,
                         .args = { work }, .phases = { { run, items } }, .phase_count = 1 };
    struct run_state state = { 0 };

    *seconds = INFINITY;
    for (int i = 0; i < TRIES; i++) {
        double start = clock_seconds();

        if (device->run(device, &step, 1, &state, NULL, err))
            return -1;
        *seconds = fmin(*seconds, clock_seconds() - start);
    }
    return 0;
}

/* Of each of the three arrays: together twice what the last cache holds, in whole pieces. */
static size_t array_bytes(void)
{
    long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
    size_t total = cache > 0 ? 2 * (size_t)cache : 0, piece = ROOFLINE_PIECE * sizeof(float);

    if (total < LEAST_BYTES)
        total = LEAST_BYTES;
    if (total > MOST_BYTES)
        total = MOST_BYTES;
    return total / 3 / piece * piece;
}

int cpu_measure_roofline(struct device *device, struct roofline *roofline, struct error *err)
{
    int64_t lanes = device->block, items = ITEMS_PER_THREAD * (int64_t)device->thread_count;
    size_t bytes = array_bytes();
    int64_t pieces = (int64_t)(bytes / sizeof(float)) / ROOFLINE_PIECE;
    struct roofline_work work = { .rounds = ROUNDS };
    struct slab slab;
    double seconds;
    int result = -1;

    if (slab_init(&slab, 3 * bytes, err))
        return -1;
    memset(slab.base, 0x3c, 3 * bytes); /* or reads would find the kernel's one page of zeros */
    work.a = (float *)(void *)slab.base;
    work.b = (const float *)(void *)(slab.base + bytes);
    work.c = (const float *)(void *)(slab.base + 2 * bytes);
    if (fastest(device, &work, run_flops, items, &seconds, err))
        goto done;
    roofline->flops_per_second =
        2.0 * ROOFLINE_CHAINS * (double)lanes * ROUNDS * (double)items / seconds;
    if (fastest(device, &work, run_bytes, pieces, &seconds, err))
        goto done;
    roofline->bytes_per_second = 3.0 * (double)bytes / seconds;
    result = 0;
done:
    slab_release(&slab);
    return result;
}
