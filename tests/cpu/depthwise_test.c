/* depthwise_test.c - kernels/vector_depthwise*.c against the reference. */

#include "kernel_support.h"

#include "cpu/bindings.h"
#include "test.h"

/* Every kernel and stride, on sizes from smaller than the kernel to wider than one strip. */
struct geometry {
    int n, c, h, w;
    struct conv_attributes conv;
};

static struct geometry pick_geometry(uint64_t seed)
{
    struct rng rng = rng_for(seed, 5, 0);
    int kernel = 3 + 2 * (int)(seed % 3), stride = 1 + (int)(seed / 3 % 2);
    int pad = seed % 4 ? kernel / 2 : test_pick(&rng, 0, kernel - 1);
    int least = kernel > 2 * pad ? kernel - 2 * pad : 1;
    struct geometry g = { test_pick(&rng, 1, 2), test_pick(&rng, 2, 33),
                          test_pick(&rng, least, least + 14), test_pick(&rng, least, least + 18) };

    if (seed % 11 == 0)
        g.w = 150 + (int)seed;
    g.conv = (struct conv_attributes){ .kernel = { kernel, kernel }, .stride = { stride, stride },
                                       .pad = { pad, pad }, .dilation = { 1, 1 }, .groups = g.c,
                                       .input_size = { g.h, g.w } };
    return g;
}

static int out_size(int size, const struct conv_attributes *conv)
{
    return (size + 2 * conv->pad[0] - conv->kernel[0]) / conv->stride[0] + 1;
}

static struct value *weight_of(struct graph *graph, const struct geometry *g)
{
    return graph_parameter(graph, "weight", SHAPE(g->c, 1, g->conv.kernel[0], g->conv.kernel[0]),
                           (struct init){ INIT_CONSTANT, 1 });
}

static struct value *dy_of(struct graph *graph, const struct geometry *g)
{
    return test_image(graph, g->n, g->c, out_size(g->h, &g->conv), out_size(g->w, &g->conv));
}

/* The fourth input, istd, and variances are positive. */
static void draw_positive(struct rng *rng, const struct node *node, int input, double *data,
                          int64_t count)
{
    bool norm = node->op == &op_depthwise_norm || node->op == &op_depthwise_norm_grad;
    bool positive = norm && (input == 2 || (input == 7 && node->op == &op_depthwise_norm));

    for (int64_t i = 0; positive && i < count; i++)
        data[i] = rng_between(rng, 0.3, 1.5);
}

static void check_node(const struct node *node, uint64_t seed)
{
    check_kernels(&(struct kernel_check){ .node = node, .rows = depthwise_kernels, .seed = seed,
                                          .draw = draw_positive, .tolerance = 1e-4 });
}

#define GEOMETRIES 24

TEST(depthwise_forward_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= GEOMETRIES; seed++) {
        struct geometry g = pick_geometry(seed);
        struct graph graph;

        graph_init(&graph);
        check_node(TEST_NODE(&graph, &op_conv2d, &g.conv, test_image(&graph, g.n, g.c, g.h, g.w),
                             weight_of(&graph, &g), seed % 2 ? test_vector(&graph, g.c) : NULL),
                   seed);
        graph_release(&graph);
    }
}

TEST(depthwise_input_grad_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= GEOMETRIES; seed++) {
        struct geometry g = pick_geometry(seed);
        struct graph graph;

        graph_init(&graph);
        check_node(TEST_NODE(&graph, &op_conv2d_input_grad, &g.conv, dy_of(&graph, &g),
                             weight_of(&graph, &g)), seed);
        graph_release(&graph);
    }
}

TEST(depthwise_weight_grad_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= GEOMETRIES; seed++) {
        struct geometry g = pick_geometry(seed);
        struct graph graph;

        g.conv.has_bias = seed % 2;
        graph_init(&graph);
        check_node(TEST_NODE(&graph, &op_conv2d_weight_grad, &g.conv,
                             test_image(&graph, g.n, g.c, g.h, g.w), dy_of(&graph, &g)), seed);
        graph_release(&graph);
    }
}

TEST(depthwise_norm_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= GEOMETRIES; seed++) {
        struct geometry g = pick_geometry(seed);
        struct depthwise_norm_attributes attributes = { .conv = g.conv, .eps = 1e-3,
                                                        .momentum = 0.1,
                                                        .activation = (int)seed % 9 };
        struct graph graph;

        if (out_size(g.h, &g.conv) * out_size(g.w, &g.conv) == 1)
            continue; /* one pixel has no variance */
        graph_init(&graph);
        check_node(TEST_NODE(&graph, &op_depthwise_norm, &attributes,
                             test_image(&graph, g.n, g.c, g.h, g.w), test_vector(&graph, g.c),
                             test_vector(&graph, g.c), test_vector(&graph, g.c),
                             test_vector(&graph, g.c), weight_of(&graph, &g),
                             test_state(&graph, "mean", g.c), test_state(&graph, "variance", g.c)),
                   seed);
        graph_release(&graph);
    }
}

TEST(depthwise_norm_grad_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= GEOMETRIES; seed++) {
        struct geometry g = pick_geometry(seed);
        struct depthwise_norm_attributes attributes = { .conv = g.conv, .eps = 1e-3,
                                                        .momentum = 0.1,
                                                        .activation = (int)seed % 9 };
        struct graph graph;

        graph_init(&graph);
        check_node(TEST_NODE(&graph, &op_depthwise_norm_grad, &attributes,
                             test_image(&graph, g.n, g.c, g.h, g.w), test_vector(&graph, g.c),
                             test_vector(&graph, g.c), test_vector(&graph, g.c),
                             test_vector(&graph, g.c), weight_of(&graph, &g), dy_of(&graph, &g)),
                   seed);
        graph_release(&graph);
    }
}
