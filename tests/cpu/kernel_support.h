/* kernel_support.h - hold the vector kernels of a node against the op's reference kernel. */
#ifndef TESTS_CPU_KERNEL_SUPPORT_H
#define TESTS_CPU_KERNEL_SUPPORT_H

#include "base/rng.h"
#include "nn/device.h"
#include "nn/graph.h"
#include "nn/ops.h"

/* Overwrite the random numbers of an input where the op wants others. */
typedef void draw_fn(struct rng *rng, const struct node *node, int input, double *data,
                     int64_t count);

struct kernel_check {
    const struct node *node;
    const struct kernel *const *rows; /* one of the lists of cpu/bindings.h */
    draw_fn *draw;                    /* NULL: normal numbers everywhere */
    double tolerance;                 /* relative to 1 + |value|; 0: 2e-5 */
    uint64_t seed;
    bool training;
    bool any_layout; /* images may lie blocked or plain: try both */
    int least_rows; /* how many rows must take the node; 0: 1 */
};

/* Every row that takes the node, on every instruction set of this machine, must give what the
 * reference gives; the same bits for one and for several ranges, and in place where it offers
 * that; zeros in padded lanes; nothing unwritten. */
void check_kernels(const struct kernel_check *check);

/* A graph for one test: graph_init() and a node whose inputs are images or vectors. */
struct value *test_image(struct graph *graph, int64_t n, int64_t c, int64_t h, int64_t w);
struct value *test_vector(struct graph *graph, int64_t count);
struct value *test_state(struct graph *graph, const char *name, int64_t count);
struct node *test_node(struct graph *graph, const struct op *op, struct value *const *inputs,
                       int count, const void *attributes);
#define TEST_NODE(graph, op, attributes, ...)                                        \
    test_node(graph, op, (struct value *[]){ __VA_ARGS__ },                          \
              (int)(sizeof((struct value *[]){ __VA_ARGS__ }) / sizeof(struct value *)), attributes)

/* A whole number in [low, high]. */
int test_pick(struct rng *rng, int low, int high);

#endif
