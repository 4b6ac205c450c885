/* random_mask.h - which elements a random node drops: a pure function, so that every device and
 * every repetition of a step draws the same.
 *
 * Sample n of a batch is running sample first_sample + n of its optimizer step. */
#ifndef NN_RANDOM_MASK_H
#define NN_RANDOM_MASK_H

#include "base/rng.h"
#include "nn/op.h"

#include <stdbool.h>
#include <stdint.h>

/* The stream of a node in a step for one sample. */
static inline uint64_t mask_stream(const struct run_state *run, int key, int64_t sample)
{
    uint64_t place =
        (uint64_t)run->step * 0x9E3779B97F4A7C15u + (uint64_t)(run->first_sample + sample);

    return place * 0xD1B54A32D192ED03u + (uint64_t)key;
}

/* Kept with probability 1 - rate. */
static inline bool mask_keeps(const struct run_state *run, uint64_t stream, int64_t element,
                              double rate)
{
    return (double)rng_hash(run->seed, stream, (uint64_t)element) >= rate * 4294967296.0;
}

#endif
