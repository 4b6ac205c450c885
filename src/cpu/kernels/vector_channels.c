/* vector_channels.c - one number per image and channel: squeeze-and-excitation, global pooling. */

#include "cpu/kernels/kernel.h"

/* A plane and its place among numbers per image and channel. */
struct plane {
    int64_t offset, number, lanes;
};

INLINE struct plane plane_at(const struct blocked *size, int64_t index)
{
    int64_t image = index / size->blocks, block = index % size->blocks;

    return (struct plane){ .offset = index * size->pixels * LANES,
                           .number = image * size->channels + block * LANES,
                           .lanes = size->channels - block * LANES };
}

void KERNEL(channels_scale)(const void *work, int64_t begin, int64_t end)
{
    const struct channels_work *w = work;

    for (int64_t index = begin; index < end; index++) {
        struct plane plane = plane_at(&w->size, index);
        vector s = vector_load_first(w->s + plane.number, plane.lanes);
        const float *x = w->x + plane.offset;
        float *y = w->y + plane.offset;

        for (int64_t i = 0; i < w->size.pixels * LANES; i += LANES)
            vector_store(y + i, vector_load(x + i) * s);
    }
}

void KERNEL(channels_spread)(const void *work, int64_t begin, int64_t end)
{
    const struct channels_work *w = work;

    for (int64_t index = begin; index < end; index++) {
        struct plane plane = plane_at(&w->size, index);
        vector s = vector_load_first(w->s + plane.number, plane.lanes) / (float)w->size.pixels;
        float *y = w->y + plane.offset;

        for (int64_t i = 0; i < w->size.pixels * LANES; i += LANES)
            vector_store(y + i, s);
    }
}

/* The sum over a plane of x, or of x dy, in four chains. */
INLINE vector plane_sum(const float *x, const float *dy, int64_t pixels)
{
    vector sum[4] = { 0 };
    int64_t i = 0;

    for (; i + 4 <= pixels; i += 4)
        for (int k = 0; k < 4; k++) {
            vector v = vector_load(x + (i + k) * LANES);

            sum[k] += dy ? v * vector_load(dy + (i + k) * LANES) : v;
        }
    for (; i < pixels; i++) {
        vector v = vector_load(x + i * LANES);

        sum[0] += dy ? v * vector_load(dy + i * LANES) : v;
    }
    return sum[0] + sum[1] + (sum[2] + sum[3]);
}

void KERNEL(channels_dot)(const void *work, int64_t begin, int64_t end)
{
    const struct channels_work *w = work;

    for (int64_t index = begin; index < end; index++) {
        struct plane plane = plane_at(&w->size, index);

        vector_store_first(w->sums + plane.number,
                           plane_sum(w->x + plane.offset, w->dy + plane.offset, w->size.pixels),
                           plane.lanes);
    }
}

void KERNEL(channels_mean)(const void *work, int64_t begin, int64_t end)
{
    const struct channels_work *w = work;

    for (int64_t index = begin; index < end; index++) {
        struct plane plane = plane_at(&w->size, index);

        vector_store_first(w->sums + plane.number,
                           plane_sum(w->x + plane.offset, NULL, w->size.pixels) /
                               (float)w->size.pixels,
                           plane.lanes);
    }
}

/* --- bias ------------------------------------------------------------------------------------- */

void KERNEL(channels_add)(const void *work, int64_t begin, int64_t end)
{
    const struct channels_work *w = work;

    for (int64_t index = begin; index < end; index++) {
        struct plane plane = plane_at(&w->size, index);
        vector s = vector_load_first(w->s + index % w->size.blocks * LANES, plane.lanes);
        const float *x = w->x + plane.offset;
        float *y = w->y + plane.offset;

        for (int64_t i = 0; i < w->size.pixels * LANES; i += LANES)
            vector_store(y + i, vector_load(x + i) + s);
    }
}

void KERNEL(channels_total)(const void *work, int64_t begin, int64_t end)
{
    const struct channels_work *w = work;

    for (int64_t index = begin; index < end; index++) {
        struct plane plane = plane_at(&w->size, index);

        vector_store_first(w->sums + plane.number,
                           plane_sum(w->dy + plane.offset, NULL, w->size.pixels), plane.lanes);
    }
}

void KERNEL(channels_total_finish)(const void *work, int64_t begin, int64_t end)
{
    const struct channels_work *w = work;

    for (int64_t c = begin * LANES; c < end * LANES; c++) {
        double sum = 0;

        for (int64_t n = 0; n < w->size.images && c < w->size.channels; n++)
            sum += w->sums[n * w->size.channels + c];
        w->total[c] = (float)sum; /* zero past the channels */
    }
}
