/* ops_support.h - run small graphs on the reference kernels and check their gradients.
 *
 * The interpreter walks the nodes in order and knows nothing of plans or devices, so it can
 * stand against them.  Every value has a buffer of its own, exactly as long as its shape says
 * and full of NaN before its node runs: what a kernel forgets to write shows. */
#ifndef TESTS_NN_OPS_SUPPORT_H
#define TESTS_NN_OPS_SUPPORT_H

#include "base/rng.h"
#include "nn/graph.h"
#include "nn/op.h"

#include <stdint.h>

/* The numbers of all values of a finished graph, as doubles. */
struct numbers {
    const struct graph *graph; /* borrowed */
    double **_of;              /* by value id */
};

void numbers_init(struct numbers *numbers, const struct graph *graph);
void numbers_release(struct numbers *numbers);

/* Where a value's numbers are, to set or to look at. */
double *numbers_of(const struct numbers *numbers, const struct value *value);
void numbers_set(struct numbers *numbers, const struct value *value, const double *data);

/* Draw inputs, parameters and states.  INIT_CONSTANT other than 0 draws from a/2 to 3a/2, which
 * stays positive for deviations and variances; INIT_UNIFORM and INIT_NORMAL mean what they say;
 * everything else is uniform in +-1. */
void numbers_draw(struct numbers *numbers, uint64_t seed);

/* Run all nodes.  run NULL: training, seed 1. */
void numbers_run(struct numbers *numbers, const struct run_state *run);

/* Build something small and mark what to look at with graph_add_output().  What shall get a
 * gradient is a parameter; graph_input() does not get one. */
typedef void build_fn(struct graph *graph, const void *context);

/* A graph with its numbers. */
struct built {
    struct graph graph;
    struct numbers numbers;
};

/* Build it, which must not fail, and draw its numbers. */
void built_init(struct built *built, build_fn *build, const void *context, uint64_t seed);
void built_release(struct built *built);
/* The numbers of an input, parameter or state, which must exist, and of an output. */
double *built_find(const struct built *built, const char *name);
double *built_output(const struct built *built, int index);

/* Fails the running test, naming the seed, when numbers differ by more than the tolerance. */
void check_numbers(uint64_t seed, const char *what, const double *got, const double *expected,
                   int64_t count, double tolerance);

/* Uniform in low..high, both possible. */
int pick_between(struct rng *rng, int low, int high);

/* Overwrite what numbers_draw() made, such as targets that have to sum to one. */
typedef void prepare_fn(struct numbers *numbers, const void *context);

struct gradient_check {
    uint64_t seed;
    build_fn *build;
    prepare_fn *prepare; /* may be NULL */
    const void *context;
    double tolerance; /* relative to 1 + |gradient|; 0: 1e-6 */
    int elements;     /* of each parameter, drawn at random; 0: 24 */
};

/* Compare the gradients of a randomly weighted sum of the graph's outputs, or of its first output
 * if that is a loss, with central differences; fails the running test. */
void check_gradients(const struct gradient_check *check);

/* The building must fail with a message that contains `text`. */
void check_build_fails(build_fn *build, const void *context, const char *text);

#endif
