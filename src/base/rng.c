/* rng.c - see rng.h. */

#include "base/rng.h"

#include "base/error.h"

#include <math.h>

/* The step of SplitMix64: 2^64 divided by the golden ratio. */
#define STEP 0x9e3779b97f4a7c15u

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Seed and stream pass through mix() one after the other, so that (1, 2) and (2, 1) differ. */
static uint64_t stream_key(uint64_t seed, uint64_t stream)
{
    return mix(mix(seed + STEP) + stream * STEP + 1);
}

struct rng rng_for(uint64_t seed, uint64_t stream, uint64_t index)
{
    return (struct rng){ mix(stream_key(seed, stream) + index * STEP) };
}

uint32_t rng_hash(uint64_t seed, uint64_t stream, uint64_t index)
{
    return (uint32_t)(mix(stream_key(seed, stream) + index * STEP) >> 32);
}

uint64_t rng_next(struct rng *rng)
{
    rng->state += STEP;
    return mix(rng->state);
}

/* Multiply and shift (Lemire 2019): the low half of the product tells when to draw again. */
uint32_t rng_below(struct rng *rng, uint32_t bound)
{
    uint64_t product;
    uint32_t uneven;

    BUG_IF(bound == 0);
    uneven = -bound % bound;
    do
        product = (rng_next(rng) >> 32) * bound;
    while ((uint32_t)product < uneven);
    return (uint32_t)(product >> 32);
}

double rng_uniform(struct rng *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

double rng_between(struct rng *rng, double low, double high)
{
    return low + (high - low) * rng_uniform(rng);
}

/* Uniform in (0, 1], for logarithms. */
static double uniform_above_zero(struct rng *rng)
{
    return 1.0 - rng_uniform(rng);
}

/* The logarithm of a Gamma(shape) number (Marsaglia and Tsang 2000).  Logarithms, because with
 * small shapes the number itself is often below what a double holds. */
static double log_gamma(struct rng *rng, double shape)
{
    double log_boost = 0, d, c;

    if (shape < 1) { /* the method needs shape >= 1: Gamma(a) = Gamma(a + 1) U^(1/a) */
        log_boost = log(uniform_above_zero(rng)) / shape;
        shape += 1;
    }
    d = shape - 1.0 / 3.0;
    c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        double x = rng_normal(rng), v = 1.0 + c * x;

        if (v <= 0)
            continue;
        v = v * v * v;
        if (log(uniform_above_zero(rng)) < 0.5 * x * x + d - d * v + d * log(v))
            return log(d * v) + log_boost;
    }
}

double rng_beta(struct rng *rng, double a, double b)
{
    double log_x, log_y;

    BUG_IF(!(a > 0 && b > 0));
    log_x = log_gamma(rng, a);
    log_y = log_gamma(rng, b);
    return 1.0 / (1.0 + exp(log_y - log_x));
}

void rng_shuffle(struct rng *rng, int *items, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int j = (int)rng_below(rng, (uint32_t)i + 1);
        int item = items[i];

        items[i] = items[j];
        items[j] = item;
    }
}
