/* bind_linear_test.c - oneDNN's linear layers and matrix products against the reference. */

#include "base/rng.h"
#include "cpu/device_cpu_internal.h"
#include "device_support.h"
#include "kernel_support.h"
#include "nn/ops.h"
#include "test.h"

static const struct op *const ops[] = { &op_linear, &op_linear_input_grad, &op_linear_weight_grad };

static struct node *linear_node(struct graph *g, const struct op *op, struct shape rows, int in,
                                int out, bool has_bias, bool as_conv)
{
    struct linear_attributes attributes = { has_bias };
    struct init init = { 0 };
    struct shape x_shape = rows, y_shape = rows;
    struct value *x, *y, *weight, *bias;

    x_shape.dim[x_shape.rank++] = in;
    y_shape.dim[y_shape.rank++] = out;
    x = graph_input(g, "x", x_shape, DTYPE_F32);
    y = graph_input(g, "y", y_shape, DTYPE_F32);
    weight = graph_parameter(g, "weight", as_conv ? SHAPE(out, in, 1, 1) : SHAPE(out, in), init);
    bias = graph_parameter(g, "bias", SHAPE(out), init);
    if (op == &op_linear && has_bias)
        return TEST_NODE(g, op, &attributes, x, weight, bias);
    if (op == &op_linear)
        return TEST_NODE(g, op, &attributes, x, weight);
    if (op == &op_linear_weight_grad)
        return TEST_NODE(g, op, &attributes, x, y);
    return TEST_NODE(g, op, NULL, y, weight);
}

static void check_linear(struct shape rows, int in, int out, bool bias, bool as_conv, uint64_t seed)
{
    for (int i = 0; i < 3; i++) {
        struct graph graph;

        graph_init(&graph);
        check_device(&(struct device_check){
            .node = linear_node(&graph, ops[i], rows, in, out, bias, as_conv),
            .rows = linear_kernels, .tolerance = 2e-5, .seed = seed });
        graph_release(&graph);
    }
}

TEST(linear_agrees_with_the_reference_at_random_shapes)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct rng rng = rng_for(seed, 6, 0);
        int images = test_pick(&rng, 1, 5), tokens = test_pick(&rng, 1, 80);
        struct shape rows = seed % 2 ? SHAPE(images) : SHAPE(images, tokens);

        check_linear(rows, test_pick(&rng, 1, 70), test_pick(&rng, 1, 70), test_pick(&rng, 0, 1),
                     seed % 3 == 0, seed);
    }
}

TEST(linear_agrees_for_few_and_for_many_rows)
{
    check_linear(SHAPE(16), 192, 100, true, false, 1);
    check_linear(SHAPE(2, 197), 48, 96, true, false, 2);
}

static void check_matmul(struct rng *rng, uint64_t seed)
{
    int batch = test_pick(rng, 1, 3), heads = test_pick(rng, 1, 3), m = test_pick(rng, 1, 33);
    int k = test_pick(rng, 1, 33), n = test_pick(rng, 1, 33);
    struct matmul_attributes a = { .transpose_a = test_pick(rng, 0, 1),
                                   .transpose_b = test_pick(rng, 0, 1),
                                   .scale = test_pick(rng, 0, 1) ? 0.125 : 0 };
    struct graph graph;
    struct value *x, *y;

    graph_init(&graph);
    x = graph_input(&graph, "a", a.transpose_a ? SHAPE(batch, heads, k, m)
                                               : SHAPE(batch, heads, m, k), DTYPE_F32);
    y = graph_input(&graph, "b", a.transpose_b ? SHAPE(batch, heads, n, k)
                                               : SHAPE(batch, heads, k, n), DTYPE_F32);
    check_device(&(struct device_check){ .node = TEST_NODE(&graph, &op_matmul, &a, x, y),
                                         .rows = matmul_kernels, .tolerance = 1e-5, .seed = seed });
    graph_release(&graph);
}

TEST(matmul_agrees_with_the_reference_in_all_orders)
{
    for (uint64_t seed = 1; seed <= 16; seed++) {
        struct rng rng = rng_for(seed, 7, 0);

        check_matmul(&rng, seed);
    }
}
