/* depthwise.h - what the two directions of the depthwise convolution share.
 *
 * Both walk over a plane row by row and keep the few rows that they need in a ring in the first
 * cache.  There the rows have zeros left and right, so the inner loops know no edges; wide planes
 * are cut into strips of columns.  Positions count in the padded image: row r is image row
 * r - pad[0]. */
#ifndef CPU_KERNELS_DEPTHWISE_H
#define CPU_KERNELS_DEPTHWISE_H

#include "cpu/kernels/activations.h"
#include "cpu/kernels/kernel.h"

#define KERNEL_MAX 7
#define ROW_VECTORS 136 /* the longest row kept: 112 pixels and their padding fit */

#ifdef __SANITIZE_ADDRESS__
#define UNROLL /* with checks in it, unrolled code takes minutes to compile */
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* The batch norm before, for one block: z = x * scale + shift. */
struct before {
    vector mean, istd, scale, shift;
};

INLINE struct before before_of(const struct depthwise_work *w, int64_t block)
{
    struct piece piece = { .block = block,
                           .lanes = smaller(w->channels - block * LANES, LANES) };
    struct before before = { vector_zero(), vector_zero(), vector_set(1), vector_zero() };

    if (!w->normalize)
        return before;
    before.mean = channels_load(w->mean, &piece);
    before.istd = channels_load(w->istd, &piece);
    before.scale = channels_load(w->gamma, &piece) * before.istd;
    before.shift = channels_load(w->beta, &piece) - before.mean * before.scale;
    return before;
}

INLINE void clear_vectors(float *to, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        vector_store(to + i * LANES, vector_zero());
}

INLINE void copy_vectors(float *to, const float *from, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        vector_store(to + i * LANES, vector_load(from + i * LANES));
}

/* Ask for a row that will be needed soon: rows are too short for the hardware to foresee, unless
 * the plane is small as well. */
#define PREFETCH_AT_LEAST 16

INLINE void prefetch_row(const float *row, int64_t count)
{
    if (count < PREFETCH_AT_LEAST)
        return;
    for (int64_t i = 0; i < count * LANES; i += 16)
        __builtin_prefetch(row + i, 0, 2);
}

INLINE void prefetch_row_to_write(float *row, int64_t count)
{
    if (count < PREFETCH_AT_LEAST)
        return;
    for (int64_t i = 0; i < count * LANES; i += 16)
        __builtin_prefetch(row + i, 1, 2);
}

#endif
