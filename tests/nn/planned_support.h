/* planned_support.h - a network compiled, planned and filled on any device, ready to run.
 *
 *     planned_init(&p, device, &(struct planned_options){ .build = build, .seed = 3 });
 *     planned_run(&p, RUN_PLAIN);
 *     planned_compare(&p, &other, 1e-9);
 *     planned_release(&p);
 *
 * Weights, images and targets depend on the seed and on names alone, so that two devices, or the
 * same graph after different passes, get the same.  Failures end the running test and name the
 * seed. */
#ifndef TESTS_NN_PLANNED_SUPPORT_H
#define TESTS_NN_PLANNED_SUPPORT_H

#include "nn/plan.h"
#include "nn/random_graph_support.h"

enum planned_passes {
    PASSES_FUSE_APPLY = 1,
    PASSES_FUSE_DEPTHWISE = 2,
    PASSES_RECOMPUTE = 4,
    PASSES_REMOVE_DEAD = 8,
    PASSES_ALL = 15
};

struct planned_options {
    net_build_fn *build;
    uint64_t seed;
    unsigned passes; /* of enum planned_passes; batch norms are lowered anyway */
    bool evaluation; /* no gradients, running statistics */
    bool no_lowering; /* with evaluation only: batch norms stay as models say them */
    bool no_reuse, no_in_place;
};

struct planned {
    struct planned_options options;
    struct device *device; /* borrowed */
    struct graph graph;
    struct net net;
    struct value **gradient_of;
    int forward_output_count; /* the outputs that are not gradients */
    struct weights weights;
    struct weights_memory live, gradients;
    struct slab slab;
    struct plan *plan;
    struct run_state run;
};

void planned_init(struct planned *planned, struct device *device,
                  const struct planned_options *options);
void planned_release(struct planned *planned);

/* Weights and states as at the start, gradients NaN. */
void planned_restart(struct planned *planned);

enum planned_way { RUN_PLAIN, RUN_POISONED };

/* Write the inputs and run; everything in the slab but the inputs is NaN before. */
void planned_run(struct planned *planned, enum planned_way way);

/* --- reading; arrays are the caller's, free() ------------------------------------------------- */

double planned_loss(const struct planned *planned);
double *planned_output(const struct planned *planned, int index);
/* Of a weight or state as it is now; of a parameter's gradient. */
double *planned_weight(const struct planned *planned, const struct weight *weight);
double *planned_gradient(const struct planned *planned, const struct weight *weight);
/* Is the gradient of that parameter computed? */
bool planned_has_gradient(const struct planned *planned, const struct weight *weight);

/* Outputs, gradients and states of two plans of the same network agree: no element is off by more
 * than tolerance * (1 + the largest of its array), for gradients relative to the largest of all
 * gradients where that is more than its own. */
void planned_compare(const struct planned *got, const struct planned *expected, double tolerance,
                     const char *what);

/* The same bits of all outputs, gradients and states. */
struct planned_bits {
    char *bytes;
    size_t count;
};
void planned_bits_take(struct planned_bits *bits, const struct planned *planned);
void planned_bits_release(struct planned_bits *bits);
void planned_bits_check(const struct planned_bits *got, const struct planned_bits *expected,
                        const struct planned *planned, const char *what);

/* The padding of gradients and states is zero: optimizers and averages sweep over it. */
void planned_check_padding(const struct planned *planned);

#endif
