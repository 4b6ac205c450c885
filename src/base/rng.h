/* rng.h - random numbers that depend on a key, never on order or threads.
 *
 * rng_for(seed, stream, index) starts an independent sequence (SplitMix64 of the mixed key,
 * Steele et al. 2014), so that sample 17 of epoch 3 gets the same numbers whichever thread
 * makes it, and resuming needs no saved state.  Not for secrets. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state;
};

struct rng rng_for(uint64_t seed, uint64_t stream, uint64_t index);
uint64_t rng_next(struct rng *rng);
uint32_t rng_below(struct rng *rng, uint32_t bound);      /* uniform in [0, bound) */
double rng_uniform(struct rng *rng);                      /* [0, 1) */
double rng_between(struct rng *rng, double low, double high);
double rng_normal(struct rng *rng);                       /* mean 0, variance 1 */
double rng_beta(struct rng *rng, double a, double b);     /* Beta(a, b), by two gammas */
void rng_shuffle(struct rng *rng, int *items, int count); /* Fisher-Yates */

/* One number for one place: the counter-based form that dropout masks use. */
uint32_t rng_hash(uint64_t seed, uint64_t stream, uint64_t index);

#endif
