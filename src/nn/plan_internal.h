/* plan_internal.h - what the files of a plan share: plan.c (choose), plan_memory.c (place),
 * plan_run.c (bind and run), plan_verify.c (check). */
#ifndef NN_PLAN_INTERNAL_H
#define NN_PLAN_INTERNAL_H

#include "nn/plan.h"

enum storage {
    STORAGE_SLAB,
    STORAGE_WEIGHT,  /* a parameter or state, read where it lies */
    STORAGE_GRADIENT /* a parameter's gradient, written where it belongs */
};

/* A piece of memory.  A value has one per layout in which it exists. */
struct buffer {
    const struct value *value; /* NULL for scratch */
    int layout;
    size_t bytes;
    enum storage storage;
    const struct weight *weight; /* of STORAGE_WEIGHT and STORAGE_GRADIENT */
    int alias;                   /* index of the buffer whose memory this one shares, or -1 */
    bool is_view;                /* alias through a view, not by replacing in place */
    int first, last;             /* steps; inputs are alive from -1, outputs until the end */
    size_t offset;               /* STORAGE_SLAB: in the slab */
    bool made_in_backward;
};

struct plan_step {
    int args[STEP_MAX_ARGS]; /* buffers: inputs, outputs; -1: absent */
    int input_count, arg_count;
    int scratch; /* buffer or -1 */
    struct offer offer;
};

struct plan {
    const struct graph *graph;
    struct device *device;
    struct weights *weights;
    struct plan_options options;
    struct arena arena;

    struct {
        struct buffer *items;
        int count, capacity;
    } buffers;
    struct {
        struct plan_step *items;
        int count, capacity;
    } planned;
    struct step *steps; /* one for each planned step */
    int *main_buffer;   /* by value id: the buffer it was made in, or -1 */
    size_t slab_bytes, bound_bytes;
    char *slab;
    const struct weights_memory *memory, *gradients;
};

/* The buffer at the end of the chain of aliases. */
static inline int buffer_root(const struct plan *plan, int index)
{
    while (plan->buffers.items[index].alias >= 0)
        index = plan->buffers.items[index].alias;
    return index;
}

/* plan_memory.c: lifetimes, in-place, offsets; sets slab_bytes and bound_bytes. */
void plan_place(struct plan *plan);

/* plan_run.c */
void *plan_address(const struct plan *plan, int buffer);

#endif
