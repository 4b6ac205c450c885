/* moments.h - mean and squared deviations of a stream of vectors, lane by lane.
 *
 * Short runs are gone through twice, the second time out of the cache, so that the deviations are
 * from their own mean; runs are then merged (Chan et al. 1979).  Nothing cancels, even where the
 * mean is large against the deviation. */
#ifndef CPU_KERNELS_MOMENTS_H
#define CPU_KERNELS_MOMENTS_H

#include "cpu/kernels/kernel.h"

#define MOMENTS_RUN 256 /* vectors that surely stay in the first cache */

struct moments {
    vector mean, deviations; /* the sum of their squares */
    int64_t count;
};

#define MOMENTS_INIT { vector_zero(), vector_zero(), 0 }

INLINE void moments_merge(struct moments *all, vector mean, vector deviations, int64_t count)
{
    float share = (float)count / (float)(all->count + count);
    vector shift = mean - all->mean;

    all->mean += shift * share;
    all->deviations += deviations + shift * shift * (share * (float)all->count);
    all->count += count;
}

INLINE void moments_add_run(struct moments *all, const float *x, int64_t count)
{
    vector sum[4] = { 0 }, mean, d;
    int64_t i = 0;

    for (; i + 4 <= count; i += 4)
        for (int k = 0; k < 4; k++)
            sum[k] += vector_load(x + (i + k) * LANES);
    for (; i < count; i++)
        sum[0] += vector_load(x + i * LANES);
    mean = (sum[0] + sum[1] + (sum[2] + sum[3])) * (1.0f / (float)count);
    for (int k = 0; k < 4; k++)
        sum[k] = vector_zero();
    for (i = 0; i + 4 <= count; i += 4)
        for (int k = 0; k < 4; k++) {
            d = vector_load(x + (i + k) * LANES) - mean;
            sum[k] += d * d;
        }
    for (; i < count; i++) {
        d = vector_load(x + i * LANES) - mean;
        sum[0] += d * d;
    }
    moments_merge(all, mean, sum[0] + sum[1] + (sum[2] + sum[3]), count);
}

INLINE void moments_add(struct moments *all, const float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i += MOMENTS_RUN)
        moments_add_run(all, x + i * LANES, smaller(MOMENTS_RUN, count - i));
}

/* Partial results lie as mean and deviations, one vector each. */
INLINE void moments_store(const struct moments *moments, float *partial)
{
    vector_store(partial, moments->mean);
    vector_store(partial + LANES, moments->deviations);
}

#endif
