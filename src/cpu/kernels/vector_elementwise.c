/* vector_elementwise.c - what looks at one element at a time, and the same for every sample. */

#include "cpu/kernels/activations.h"
#include "cpu/kernels/kernel.h"

/* For each vector of the items: i is its place, n the floats from there to the end. */
#define FOR_VECTORS(i, n, w, begin, end)                                                       \
    for (int64_t i = (begin) * ELEMENTWISE_CHUNK,                                              \
                 stop_ = smaller((end) * ELEMENTWISE_CHUNK, (w)->count), n = stop_ - i;        \
         i < stop_; i += LANES, n = stop_ - i)

void KERNEL(elementwise_add)(const void *work, int64_t begin, int64_t end)
{
    const struct elementwise_work *w = work;

    FOR_VECTORS(i, n, w, begin, end)
        vector_store_first(
            w->y + i, vector_load_first(w->a + i, n) + vector_load_first(w->b + i, n), n);
}

void KERNEL(elementwise_mul)(const void *work, int64_t begin, int64_t end)
{
    const struct elementwise_work *w = work;

    FOR_VECTORS(i, n, w, begin, end)
        vector_store_first(
            w->y + i, vector_load_first(w->a + i, n) * vector_load_first(w->b + i, n), n);
}

void KERNEL(activation_apply)(const void *work, int64_t begin, int64_t end)
{
    const struct elementwise_work *w = work;

#define APPLY(kind)                                                                        \
    FOR_VECTORS(i, n, w, begin, end)                                                       \
        vector_store_first(w->y + i, activation_of(kind, vector_load_first(w->a + i, n)), n)
    FOR_ACTIVATION(w->activation, APPLY)
}

/* The slope by the activation's output, for those where that is enough. */
INLINE vector slope_from_output(int kind, vector y, vector dy)
{
    switch (kind) {
    case ACTIVATION_RELU:
        return vector_keep(vector_greater(y, vector_zero()), dy);
    case ACTIVATION_HARD_SIGMOID:
        return keep_between(0, 1, y, dy * (1.0f / 6.0f));
    case ACTIVATION_SIGMOID:
        return dy * (y - y * y);
    case ACTIVATION_TANH:
        return dy * (1.0f - y * y);
    default:
        return dy;
    }
}

void KERNEL(activation_slopes)(const void *work, int64_t begin, int64_t end)
{
    const struct elementwise_work *w = work;

#define FROM_INPUT(kind)                                                                      \
    FOR_VECTORS(i, n, w, begin, end)                                                          \
        vector_store_first(w->y + i, activation_slope(kind, vector_load_first(w->a + i, n),   \
                                                      vector_load_first(w->b + i, n)), n)
#define FROM_OUTPUT(kind)                                                                     \
    FOR_VECTORS(i, n, w, begin, end)                                                          \
        vector_store_first(w->y + i, slope_from_output(kind, vector_load_first(w->a + i, n),  \
                                                       vector_load_first(w->b + i, n)), n)
    if (w->from_output)
        FOR_ACTIVATION(w->activation, FROM_OUTPUT)
    else
        FOR_ACTIVATION(w->activation, FROM_INPUT)
}

/* --- samples --------------------------------------------------------------------------------- */

void KERNEL(samples_scale)(const void *work, int64_t begin, int64_t end)
{
    const struct samples_work *w = work;

    for (int64_t item = begin; item < end; item++) {
        int64_t sample = item / w->chunks, first = item % w->chunks * ELEMENTWISE_CHUNK;
        vector s = vector_set(w->s[sample]);
        const float *x = w->x + sample * w->per;
        float *y = w->y + sample * w->per;

        for (int64_t i = first; i < smaller(first + ELEMENTWISE_CHUNK, w->per); i += LANES)
            vector_store_first(y + i, vector_load_first(x + i, w->per - i) * s, w->per - i);
    }
}

void KERNEL(samples_add)(const void *work, int64_t begin, int64_t end)
{
    const struct samples_work *w = work;

    for (int64_t item = begin; item < end; item++) {
        int64_t sample = item / w->chunks, first = item % w->chunks * ELEMENTWISE_CHUNK;
        const float *x = w->x + sample * w->per;
        float *y = w->y + sample * w->per;

        for (int64_t i = first; i < smaller(first + ELEMENTWISE_CHUNK, w->per); i += LANES)
            vector_store_first(y + i, vector_load_first(x + i, w->per - i) +
                                          vector_load_first(w->s + i, w->per - i), w->per - i);
    }
}

void KERNEL(samples_sum)(const void *work, int64_t begin, int64_t end)
{
    const struct samples_work *w = work;

    for (int64_t i = begin * ELEMENTWISE_CHUNK; i < smaller(end * ELEMENTWISE_CHUNK, w->per);
         i += LANES) {
        vector sum = vector_zero();

        for (int64_t sample = 0; sample < w->samples; sample++)
            sum += vector_load_first(w->x + sample * w->per + i, w->per - i);
        vector_store_first(w->y + i, sum, w->per - i);
    }
}
