/* plan.h - a graph made runnable on a device.
 *
 * plan_new() chooses a kernel for every node and a layout for every value, inserts reorders,
 * and places everything that a run needs in one slab by lifetime, so that memory is known before
 * anything runs and nothing is allocated while running.
 *
 *     plan_new(&plan, &graph, device, &weights, &options, &err);    choose and place
 *     weights_lay_out(&weights);                                    after the first plan
 *     plan_bind(plan, slab, &memory, &gradients);                   addresses
 *     copy images to plan_value(plan, image)->data; plan_run(plan, &run, &err);
 *
 * Several plans (training, evaluation, another batch size) may share one slab, sized to the
 * largest, and one copy of the weights.
 *
 * Ownership  A plan borrows the graph, the device and the weights.
 */
#ifndef NN_PLAN_H
#define NN_PLAN_H

#include "nn/device.h"
#include "nn/weights.h"

struct plan;

struct plan_options {
    /* By value id: the gradient of each parameter, from gradient_build(); placed in the gradient
     * copy of the parameter segment.  NULL: the plan computes no gradients. */
    struct value *const *gradient_of;
    bool no_reuse;    /* debugging: every value has memory of its own */
    bool no_in_place; /* debugging */
};

int plan_new(struct plan **out, const struct graph *graph, struct device *device,
             struct weights *weights, const struct plan_options *options, struct error *err);
void plan_free(struct plan *plan); /* NULL is fine */

size_t plan_slab_bytes(const struct plan *plan);

/* Bytes that are alive at the same time at the worst step: no placement can need less. */
size_t plan_bound_bytes(const struct plan *plan);

/* Give everything its address.  `slab` has at least plan_slab_bytes(); gradients may be NULL
 * when the plan makes none.  May be called again, for another copy of the weights. */
void plan_bind(struct plan *plan, char *slab, const struct weights_memory *memory,
               const struct weights_memory *gradients);

int plan_run(struct plan *plan, const struct run_state *run, struct error *err);

/* The same, adding each step's seconds to seconds[plan_step_count()]. */
int plan_run_timed(struct plan *plan, const struct run_state *run, double *seconds,
                   struct error *err);

/* Where an input is to be written before a run, or an output read after it. */
struct plan_slot {
    void *data;
    int layout;
    size_t bytes;
};
struct plan_slot plan_value(const struct plan *plan, const struct value *value);

/* Read any output or input as row-major float, whatever its layout. */
int plan_read(const struct plan *plan, const struct value *value, float *plain, struct error *err);
int plan_write(const struct plan *plan, const struct value *value, const float *plain,
               struct error *err);

/* --- looking inside ---------------------------------------------------------------------- */

int plan_step_count(const struct plan *plan);
const struct step *plan_step(const struct plan *plan, int index);
void plan_print(const struct plan *plan, struct str *out); /* steps, kernels, layouts, offsets */

/* Checks a finished plan without the planner's code: no two values that are alive together
 * overlap, in-place outputs replace inputs that die there, everything lies inside the slab. */
int plan_verify(const struct plan *plan, struct error *err);

/* Fill all slab memory that is dead before each step with NaN while running: a step that reads
 * what it may not, shows.  Slow. */
int plan_run_poisoned(struct plan *plan, const struct run_state *run, struct error *err);

/* How far a step is from its op's reference kernel on the inputs that it really got. */
struct plan_deviation {
    bool checked; /* false: a reorder, or an op without a reference */
    bool sampled; /* only some images or channels were computed */
    int output;   /* the worst one; negative: an input that the op changes in place */
    double error; /* largest difference, relative to the output's largest magnitude or, where that
                   * is larger, to how much the output follows small changes of its inputs */
};

/* Run, checking each step; deviations[plan_step_count()].  Not on the reference device.  Slow. */
int plan_run_checked(struct plan *plan, const struct run_state *run,
                     struct plan_deviation *deviations, struct error *err);

/* Run up to the first step with an output that is not finite; found->step is NULL when there is
 * none.  Not on the reference device.  Slow. */
struct plan_not_finite {
    const struct step *step;
    const char *what; /* "NaN", "Inf" */
};
int plan_run_to_not_finite(struct plan *plan, const struct run_state *run,
                           struct plan_not_finite *found, struct error *err);

/* A hash of each step's outputs after it ran, for comparing two runs; hashes[plan_step_count()]. */
int plan_run_hashed(struct plan *plan, const struct run_state *run, uint64_t *hashes,
                    struct error *err);

#endif
