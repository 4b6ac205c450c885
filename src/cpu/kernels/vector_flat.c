/* vector_flat.c - long vectors: optimizers, averages; see nn/flat.h. */

#include "cpu/kernels/kernel.h"

/* For each vector: i is its place, n the floats from there to the end. */
#define FOR_FLAT(i, n, count) \
    for (int64_t i = 0, n = (count); i < (count); i += LANES, n = (count) - i)

static void sgd(float *w, const float *g, float *m, int64_t count, const struct flat_update *u)
{
    FOR_FLAT(i, n, count) {
        vector weight = vector_load_first(w + i, n);
        vector d = vector_load_first(g + i, n) * u->gradient_scale + weight * u->weight_decay;
        vector momentum = vector_load_first(m + i, n) * u->momentum + d;
        vector step = u->nesterov ? momentum * u->momentum + d : momentum;

        vector_store_first(m + i, momentum, n);
        vector_store_first(w + i, weight - step * u->learning_rate, n);
    }
}

/* The common part of adam and adamw: the weight after the step. */
INLINE vector adam_step(vector weight, vector d, float *m, float *v, int64_t n,
                        const struct flat_update *u)
{
    vector mean = vector_load_first(m, n) * u->beta1 + d * (1 - u->beta1);
    vector square = vector_load_first(v, n) * u->beta2 + d * d * (1 - u->beta2);
    vector deviation = vector_sqrt(square * (1 / u->correction2)) + u->eps;

    vector_store_first(m, mean, n);
    vector_store_first(v, square, n);
    return weight - mean * (u->learning_rate / u->correction1) / deviation;
}

static void adam(float *w, const float *g, float *m, float *v, int64_t count,
                 const struct flat_update *u)
{
    FOR_FLAT(i, n, count) {
        vector weight = vector_load_first(w + i, n);
        vector d = vector_load_first(g + i, n) * u->gradient_scale + weight * u->weight_decay;

        vector_store_first(w + i, adam_step(weight, d, m + i, v + i, n, u), n);
    }
}

static void adamw(float *w, const float *g, float *m, float *v, int64_t count,
                  const struct flat_update *u)
{
    float keep = 1 - u->learning_rate * u->weight_decay;

    FOR_FLAT(i, n, count) {
        vector weight = vector_load_first(w + i, n) * keep;
        vector d = vector_load_first(g + i, n) * u->gradient_scale;

        vector_store_first(w + i, adam_step(weight, d, m + i, v + i, n, u), n);
    }
}

static void rmsprop(float *w, const float *g, float *m, float *v, int64_t count,
                    const struct flat_update *u)
{
    FOR_FLAT(i, n, count) {
        vector weight = vector_load_first(w + i, n);
        vector d = vector_load_first(g + i, n) * u->gradient_scale + weight * u->weight_decay;
        vector square = vector_load_first(v + i, n) * u->beta2 + d * d * (1 - u->beta2);
        vector momentum = vector_load_first(m + i, n) * u->momentum +
                          d / (vector_sqrt(square) + u->eps);

        vector_store_first(v + i, square, n);
        vector_store_first(m + i, momentum, n);
        vector_store_first(w + i, weight - momentum * u->learning_rate, n);
    }
}

static void lerp(float *average, const float *value, int64_t count, float weight)
{
    FOR_FLAT(i, n, count) {
        vector a = vector_load_first(average + i, n);

        vector_store_first(average + i, a + (vector_load_first(value + i, n) - a) * weight, n);
    }
}

static void add(float *sum, const float *value, int64_t count)
{
    FOR_FLAT(i, n, count)
        vector_store_first(sum + i, vector_load_first(sum + i, n) + vector_load_first(value + i, n),
                           n);
}

#define SQUARES_CHUNK 1024 /* floats summed in float before they go into the double */

static double sum_squares(const float *x, int64_t count)
{
    double sum = 0;

    for (int64_t first = 0; first < count; first += SQUARES_CHUNK) {
        int64_t length = smaller(SQUARES_CHUNK, count - first);
        vector squares = vector_zero();

        FOR_FLAT(i, n, length) {
            vector v = vector_load_first(x + first + i, n);

            squares += v * v;
        }
        sum += vector_sum(squares);
    }
    return sum;
}

const struct flat_kernels KERNEL(flat) = { sgd, adam, adamw, rmsprop, lerp, add, sum_squares };
