/* batch_norm_test.c - kernels/vector_batch_norm.c against the reference. */

#include "kernel_support.h"

#include "cpu/bindings.h"
#include "test.h"

struct shapes {
    int n, c, h, w;
};

static struct shapes pick_shapes(struct rng *rng)
{
    return (struct shapes){ test_pick(rng, 1, 3), test_pick(rng, 1, 33), test_pick(rng, 1, 19),
                            test_pick(rng, 1, 19) };
}

/* istd and variances are positive; images keep away from kinks by being few. */
static void draw_positive(struct rng *rng, const struct node *node, int input, double *data,
                          int64_t count)
{
    bool positive = node->op == &op_batch_running || node->op == &op_batch_stats ? input >= 1
                                                                                 : input == 2;

    for (int64_t i = 0; positive && i < count; i++)
        data[i] = rng_between(rng, 0.3, 2);
}

TEST(batch_stats_equal_the_reference)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct batch_norm_attributes attributes = { .eps = 1e-5, .momentum = 0.1 };
        struct rng rng = rng_for(seed, 1, 0);
        struct shapes s = pick_shapes(&rng);
        struct graph graph;
        struct node *node;

        if (seed == 12) /* several segments */
            s = (struct shapes){ 1, 3, 50, 90 };
        if (s.n * s.h * s.w == 1)
            s.w++;
        graph_init(&graph);
        node = TEST_NODE(&graph, &op_batch_stats, &attributes,
                         test_image(&graph, s.n, s.c, s.h, s.w),
                         test_state(&graph, "mean", s.c), test_state(&graph, "variance", s.c));
        check_kernels(&(struct kernel_check){ .node = node, .rows = batch_norm_kernels,
                                              .draw = draw_positive, .seed = seed });
        graph_release(&graph);
    }
}

TEST(batch_running_equals_the_reference)
{
    for (int channels = 1; channels <= 33; channels += 8) {
        struct batch_norm_attributes attributes = { .eps = 1e-3 };
        struct graph graph;
        struct node *node;

        graph_init(&graph);
        node = TEST_NODE(&graph, &op_batch_running, &attributes,
                         test_state(&graph, "mean", channels),
                         test_state(&graph, "variance", channels));
        check_kernels(&(struct kernel_check){ .node = node, .rows = batch_norm_kernels,
                                              .draw = draw_positive, .seed = 1 });
        graph_release(&graph);
    }
}

enum { NO_RESIDUAL, BEFORE, AFTER };

TEST(batch_apply_equals_the_reference)
{
    for (int kind = ACTIVATION_NONE; kind <= ACTIVATION_TANH; kind++)
        for (int residual = NO_RESIDUAL; residual <= AFTER; residual++) {
            struct batch_apply_attributes attributes = { .activation = kind,
                                                         .residual_after = residual == AFTER };
            uint64_t seed = (uint64_t)(kind * 3 + residual);
            struct rng rng = rng_for(seed, 2, 0);
            struct shapes s = pick_shapes(&rng);
            struct graph graph;
            struct node *node;

            graph_init(&graph);
            node = TEST_NODE(&graph, &op_batch_apply, &attributes,
                             test_image(&graph, s.n, s.c, s.h, s.w), test_vector(&graph, s.c),
                             test_vector(&graph, s.c), test_vector(&graph, s.c),
                             test_vector(&graph, s.c),
                             residual ? test_image(&graph, s.n, s.c, s.h, s.w) : NULL);
            check_kernels(&(struct kernel_check){ .node = node, .rows = batch_norm_kernels,
                                                  .draw = draw_positive, .seed = seed });
            graph_release(&graph);
        }
}

TEST(batch_apply_grad_equals_the_reference)
{
    for (int kind = ACTIVATION_NONE; kind <= ACTIVATION_TANH; kind++)
        for (int variant = 0; variant < 4; variant++) { /* bit 0: fixed_stats, bit 1: given y */
            struct batch_apply_attributes attributes = { .activation = kind,
                                                         .fixed_stats = variant & 1 };
            uint64_t seed = (uint64_t)(kind * 4 + variant);
            struct rng rng = rng_for(seed, 3, 0);
            struct shapes s = pick_shapes(&rng);
            struct graph graph;
            struct node *node;

            if (variant & 2 && kind != ACTIVATION_RELU)
                continue;
            graph_init(&graph);
            node = TEST_NODE(&graph, &op_batch_apply_grad, &attributes,
                             test_image(&graph, s.n, s.c, s.h, s.w), test_vector(&graph, s.c),
                             test_vector(&graph, s.c), test_vector(&graph, s.c),
                             test_vector(&graph, s.c), test_image(&graph, s.n, s.c, s.h, s.w),
                             variant & 2 ? test_image(&graph, s.n, s.c, s.h, s.w) : NULL);
            CHECK(node->output_count == (variant & 2 ? 4 : 3));
            check_kernels(&(struct kernel_check){ .node = node, .rows = batch_norm_kernels,
                                                  .draw = draw_positive, .seed = seed,
                                                  .tolerance = 1e-4 });
            graph_release(&graph);
        }
}

TEST(batch_apply_grad_input_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct batch_apply_attributes attributes = { .fixed_stats = seed % 2 };
        struct rng rng = rng_for(seed, 4, 0);
        struct shapes s = pick_shapes(&rng);
        struct graph graph;
        struct node *node;

        graph_init(&graph);
        node = TEST_NODE(&graph, &op_batch_apply_grad_input, &attributes,
                         test_image(&graph, s.n, s.c, s.h, s.w), test_vector(&graph, s.c),
                         test_vector(&graph, s.c), test_vector(&graph, s.c),
                         test_vector(&graph, s.c), test_vector(&graph, s.c),
                         test_image(&graph, s.n, s.c, s.h, s.w));
        check_kernels(&(struct kernel_check){ .node = node, .rows = batch_norm_kernels,
                                              .draw = draw_positive, .seed = seed });
        graph_release(&graph);
    }
}
