/* weights.h - where parameters and states lie, independent of any one plan.
 *
 * All parameters of a graph lie in one segment, all states in another, each at an offset that is
 * the same in every copy of the segment: the live weights, their gradients, the optimizer's
 * moments, the moving average.  So the optimizer is one sweep over a segment, evaluating the
 * average binds another copy, and saving is a walk over a table.
 *
 * The layout of each weight is chosen by the first plan that uses it (the training plan) and is
 * then fixed; later plans take it as given.
 */
#ifndef NN_WEIGHTS_H
#define NN_WEIGHTS_H

#include "base/map.h"
#include "nn/device.h"
#include "tensor/slab.h"

enum segment { SEGMENT_PARAMETERS, SEGMENT_STATES, SEGMENT_COUNT };

struct weight {
    const char *name;
    enum segment segment;
    struct shape shape;
    int layout;           /* -1: not chosen yet */
    size_t offset, bytes; /* in the segment, once laid out; bytes are a multiple of 64 */
    struct init init;
    bool decay, frozen;
};

struct weights {
    struct device *device; /* borrowed */
    struct weight *items;  /* parameters in the graph's order, then states */
    int count;
    size_t segment_bytes[SEGMENT_COUNT]; /* once laid out */
    bool laid_out;
    struct arena arena;
    struct map _by_name;
};

/* One copy of the segments.  Zeroed, so that padding is zero and stays so. */
struct weights_memory {
    struct slab segments[SEGMENT_COUNT];
};

void weights_init(struct weights *weights, struct device *device, const struct graph *graph);
void weights_release(struct weights *weights);
struct weight *weights_find(const struct weights *weights, const char *name);

/* Fix the layouts (plain where no plan chose) and assign offsets.  Idempotent. */
void weights_lay_out(struct weights *weights);

/* with_states: false leaves the state segment empty (gradients and moments have none). */
int weights_memory_init(struct weights_memory *memory, const struct weights *weights,
                        bool with_states, struct error *err);
void weights_memory_release(struct weights_memory *memory);

/* Copy one weight out of or into a segment copy, as row-major float. */
int weights_read(const struct weights *weights, const struct weights_memory *memory,
                 const struct weight *weight, float *plain, struct error *err);
int weights_write(const struct weights *weights, struct weights_memory *memory,
                  const struct weight *weight, const float *plain, struct error *err);

/* Fill by each weight's init, from (seed, name): the order of weights does not matter. */
int weights_start(const struct weights *weights, struct weights_memory *memory, uint64_t seed,
                  struct error *err);
/* The values that weights_start() gives one weight. */
void weight_start_values(const struct weight *weight, uint64_t seed, float *plain);

#endif
