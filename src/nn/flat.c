/* flat.c - the plain versions; see flat.h. */

#include "nn/flat.h"

#include <math.h>

static void sgd(float *w, const float *g, float *m, int64_t count, const struct flat_update *u)
{
    for (int64_t i = 0; i < count; i++) {
        float d = g[i] * u->gradient_scale + u->weight_decay * w[i];

        m[i] = u->momentum * m[i] + d;
        w[i] -= u->learning_rate * (u->nesterov ? d + u->momentum * m[i] : m[i]);
    }
}

/* The common part of adam and adamw. */
static void adam_step(float *w, float g, float *m, float *v, const struct flat_update *u)
{
    *m = u->beta1 * *m + (1 - u->beta1) * g;
    *v = u->beta2 * *v + (1 - u->beta2) * g * g;
    *w -= u->learning_rate / u->correction1 * *m / (sqrtf(*v / u->correction2) + u->eps);
}

static void adam(float *w, const float *g, float *m, float *v, int64_t count,
                 const struct flat_update *u)
{
    for (int64_t i = 0; i < count; i++)
        adam_step(&w[i], g[i] * u->gradient_scale + u->weight_decay * w[i], &m[i], &v[i], u);
}

static void adamw(float *w, const float *g, float *m, float *v, int64_t count,
                  const struct flat_update *u)
{
    for (int64_t i = 0; i < count; i++) {
        w[i] *= 1 - u->learning_rate * u->weight_decay;
        adam_step(&w[i], g[i] * u->gradient_scale, &m[i], &v[i], u);
    }
}

static void rmsprop(float *w, const float *g, float *m, float *v, int64_t count,
                    const struct flat_update *u)
{
    for (int64_t i = 0; i < count; i++) {
        float d = g[i] * u->gradient_scale + u->weight_decay * w[i];

        v[i] = u->beta2 * v[i] + (1 - u->beta2) * d * d;
        m[i] = u->momentum * m[i] + d / (sqrtf(v[i]) + u->eps);
        w[i] -= u->learning_rate * m[i];
    }
}

static void lerp(float *average, const float *value, int64_t count, float weight)
{
    for (int64_t i = 0; i < count; i++)
        average[i] += (value[i] - average[i]) * weight;
}

static void add(float *sum, const float *value, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        sum[i] += value[i];
}

static double sum_squares(const float *x, int64_t count)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += (double)x[i] * x[i];
    return sum;
}

const struct flat_kernels flat_plain = {
    .sgd = sgd, .adam = adam, .adamw = adamw, .rmsprop = rmsprop,
    .lerp = lerp, .add = add, .sum_squares = sum_squares,
};
