/* vector_pool.c - windows over blocked planes: maximum, average, nearest-neighbour enlargement. */

#include "cpu/kernels/kernel.h"

#include <math.h>

/* The part of a window that lies in the image: taps [first, end) in both directions. */
struct window {
    int64_t y, x; /* of tap 0, may be negative */
    int64_t first[2], end[2];
};

INLINE struct window window_at(const struct pool_work *w, int64_t oy, int64_t ox)
{
    struct window window = { .y = oy * w->stride[0] - w->pad[0],
                             .x = ox * w->stride[1] - w->pad[1] };

    window.first[0] = larger(-window.y, 0);
    window.first[1] = larger(-window.x, 0);
    window.end[0] = smaller(w->kernel[0], w->height - window.y);
    window.end[1] = smaller(w->kernel[1], w->width - window.x);
    return window;
}

#define FOR_TAPS(i, j, window)                                                    \
    for (int64_t i = (window).first[0]; i < (window).end[0]; i++)                 \
        for (int64_t j = (window).first[1]; j < (window).end[1]; j++)

INLINE int64_t tap_at(const struct pool_work *w, const struct window *window, int64_t i, int64_t j)
{
    return ((window->y + i) * w->width + window->x + j) * LANES;
}

#define FOR_PLANES(plane, begin, end) for (int64_t plane = (begin); plane < (end); plane++)

#define FOR_OUTPUTS(oy, ox, w)                              \
    for (int64_t oy = 0; oy < (w)->out_height; oy++)        \
        for (int64_t ox = 0; ox < (w)->out_width; ox++)

/* --- maximum --------------------------------------------------------------------------------- */

void KERNEL(max_pool)(const void *work, int64_t begin, int64_t end)
{
    const struct pool_work *w = work;

    FOR_PLANES(plane, begin, end) {
        vector_mask lanes = vector_first(w->channels - plane % w->blocks * LANES);
        const float *x = w->x + plane * w->height * w->width * LANES;
        int64_t out = plane * w->out_height * w->out_width * LANES;

        FOR_OUTPUTS(oy, ox, w) {
            struct window window = window_at(w, oy, ox);
            int32_t first = (int32_t)(window.first[0] * w->kernel[1] + window.first[1]);
            vector best = vector_load(x + tap_at(w, &window, window.first[0], window.first[1]));
            vector index = (vector)((vector_int){ 0 } + first);

            FOR_TAPS(i, j, window) {
                vector v = vector_load(x + tap_at(w, &window, i, j));
                vector_mask more = vector_greater(v, best);

                best = vector_select(more, v, best);
                index = vector_select(
                    more, (vector)((vector_int){ 0 } + (int32_t)(i * w->kernel[1] + j)), index);
            }
            vector_store(w->y + out, best);
            vector_store((float *)w->index + out, vector_keep(lanes, index));
            out += LANES;
        }
    }
}

void KERNEL(max_pool_grad)(const void *work, int64_t begin, int64_t end)
{
    const struct pool_work *w = work;

    FOR_PLANES(plane, begin, end) {
        float *dx = w->dx + plane * w->height * w->width * LANES;
        int64_t out = plane * w->out_height * w->out_width * LANES;

        memset(dx, 0, (size_t)(w->height * w->width * LANES) * sizeof(float));
        FOR_OUTPUTS(oy, ox, w) {
            struct window window = window_at(w, oy, ox);
            vector_int index = (vector_int)vector_load((const float *)w->index + out);
            vector dy = vector_load(w->dy + out);

            FOR_TAPS(i, j, window) {
                float *to = dx + tap_at(w, &window, i, j);
                vector_mask here = vector_equal_int(index, (int32_t)(i * w->kernel[1] + j));

                vector_store(to, vector_load(to) + vector_keep(here, dy));
            }
            out += LANES;
        }
    }
}

/* --- average --------------------------------------------------------------------------------- */

void KERNEL(avg_pool)(const void *work, int64_t begin, int64_t end)
{
    const struct pool_work *w = work;
    float share = 1.0f / (float)(w->kernel[0] * w->kernel[1]);

    FOR_PLANES(plane, begin, end) {
        const float *x = w->x + plane * w->height * w->width * LANES;
        float *y = w->y + plane * w->out_height * w->out_width * LANES;

        FOR_OUTPUTS(oy, ox, w) {
            struct window window = window_at(w, oy, ox);
            vector sum = vector_zero();

            FOR_TAPS(i, j, window)
                sum += vector_load(x + tap_at(w, &window, i, j));
            vector_store(y, sum * share);
            y += LANES;
        }
    }
}

void KERNEL(avg_pool_grad)(const void *work, int64_t begin, int64_t end)
{
    const struct pool_work *w = work;
    float share = 1.0f / (float)(w->kernel[0] * w->kernel[1]);

    FOR_PLANES(plane, begin, end) {
        float *dx = w->dx + plane * w->height * w->width * LANES;
        const float *dy = w->dy + plane * w->out_height * w->out_width * LANES;

        memset(dx, 0, (size_t)(w->height * w->width * LANES) * sizeof(float));
        FOR_OUTPUTS(oy, ox, w) {
            struct window window = window_at(w, oy, ox);
            vector d = vector_load(dy) * share;

            FOR_TAPS(i, j, window) {
                float *to = dx + tap_at(w, &window, i, j);

                vector_store(to, vector_load(to) + d);
            }
            dy += LANES;
        }
    }
}

/* --- enlargement: every pixel becomes a square ----------------------------------------------- */

void KERNEL(upsample)(const void *work, int64_t begin, int64_t end)
{
    const struct pool_work *w = work;
    int64_t factor = w->stride[0], row = w->out_width * LANES;

    FOR_PLANES(plane, begin, end) {
        const float *x = w->x + plane * w->height * w->width * LANES;
        float *y = w->y + plane * w->out_height * row;

        for (int64_t i = 0; i < w->height; i++) {
            float *first = y + i * factor * row, *to = first;

            for (int64_t j = 0; j < w->width; j++)
                for (int64_t k = 0; k < factor; k++, to += LANES)
                    vector_store(to, vector_load(x + (i * w->width + j) * LANES));
            for (int64_t k = 1; k < factor; k++)
                memcpy(first + k * row, first, (size_t)row * sizeof(float));
        }
    }
}

void KERNEL(upsample_grad)(const void *work, int64_t begin, int64_t end)
{
    const struct pool_work *w = work;
    int64_t factor = w->stride[0], row = w->out_width * LANES;

    FOR_PLANES(plane, begin, end) {
        float *dx = w->dx + plane * w->height * w->width * LANES;
        const float *dy = w->dy + plane * w->out_height * row;

        for (int64_t i = 0; i < w->height; i++)
            for (int64_t j = 0; j < w->width; j++) {
                const float *from = dy + i * factor * row + j * factor * LANES;
                vector sum = vector_zero();

                for (int64_t k = 0; k < factor * factor; k++)
                    sum += vector_load(from + k / factor * row + k % factor * LANES);
                vector_store(dx + (i * w->width + j) * LANES, sum);
            }
    }
}
