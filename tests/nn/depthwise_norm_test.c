/* depthwise_norm_test.c - batch norm, depthwise convolution and statistics in one op. */

#include "nn/ops.h"
#include "nn/ops_support.h"
#include "test.h"

struct depthwise_case {
    struct shape x;
    struct depthwise_norm_attributes norm;
};

static struct value *vector(struct graph *graph, const char *name, int64_t count, double about)
{
    return graph_parameter(graph, name, SHAPE(count), (struct init){ INIT_CONSTANT, about });
}

/* Statistics of x, the op, and the batch norm behind it: between them they own all gradients. */
static void build_chain(struct graph *graph, const void *context)
{
    const struct depthwise_case *c = context;
    const struct batch_norm_attributes norm = { .eps = 0.1 };
    const struct batch_apply_attributes apply = { .activation = ACTIVATION_TANH };
    int64_t count = c->x.dim[1];
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ INIT_NORMAL, 1.5 });
    struct value *weight = graph_parameter(
        graph, "weight", SHAPE(count, 1, c->norm.conv.kernel[0], c->norm.conv.kernel[1]),
        (struct init){ INIT_UNIFORM, 1 });
    struct value *state[4];
    struct node *before, *node;

    for (int i = 0; i < 4; i++)
        state[i] = graph_state(graph, arena_printf(&graph->arena, "state%d", i), SHAPE(count), 1);
    before = graph_node(graph, &op_batch_stats, "before",
                        (struct value *[]){ x, state[0], state[1] }, 3, &norm);
    if (!before)
        return;
    node = graph_node(graph, &op_depthwise_norm, "depthwise",
                      (struct value *[]){ x, before->outputs[0], before->outputs[1],
                                          vector(graph, "gamma", count, 0.8),
                                          vector(graph, "beta", count, 0), weight, state[2],
                                          state[3] },
                      8, &c->norm);
    if (node)
        graph_add_output(graph, GRAPH_APPLY(graph, &op_batch_apply, "behind", &apply,
                                            node->outputs[0], node->outputs[1], node->outputs[2],
                                            vector(graph, "gamma2", count, 1),
                                            vector(graph, "beta2", count, 0)));
}

static struct depthwise_case pick_case(uint64_t seed)
{
    struct rng rng = rng_for(seed, 26, 0);
    struct depthwise_case c = {
        .x = SHAPE(pick_between(&rng, 1, 3), pick_between(&rng, 1, 3), 0, 0),
        .norm = { .activation = (int)(seed % 9), .eps = 0.1, .momentum = 0.3 }
    };

    for (int i = 0; i < 2; i++) {
        int kernel = pick_between(&rng, 1, 3), dilation = pick_between(&rng, 1, 2);

        c.norm.conv.kernel[i] = kernel;
        c.norm.conv.dilation[i] = dilation;
        c.norm.conv.stride[i] = pick_between(&rng, 1, 2);
        c.norm.conv.pad[i] = pick_between(&rng, 0, kernel - 1);
        c.x.dim[2 + i] = (kernel - 1) * dilation + pick_between(&rng, 3, 6);
    }
    return c;
}

/* --- values ---------------------------------------------------------------------------------- */

/* One output by the definition: padding is zero behind the activation, not before it. */
static double output_at(const struct built *built, const struct depthwise_case *c, int64_t image,
                        int64_t row, int64_t column)
{
    const struct conv_attributes *conv = &c->norm.conv;
    const struct node *node = built->graph.nodes[1];
    int64_t channel = image % c->x.dim[1];
    double sum = 0;

    for (int ky = 0; ky < conv->kernel[0]; ky++)
        for (int kx = 0; kx < conv->kernel[1]; kx++) {
            int64_t y = row * conv->stride[0] - conv->pad[0] + ky * conv->dilation[0];
            int64_t x = column * conv->stride[1] - conv->pad[1] + kx * conv->dilation[1];
            double z;

            if (y < 0 || x < 0 || y >= c->x.dim[2] || x >= c->x.dim[3])
                continue;
            z = built_find(built, "x")[(image * c->x.dim[2] + y) * c->x.dim[3] + x];
            z = (z - numbers_of(&built->numbers, node->inputs[1])[channel]) *
                    numbers_of(&built->numbers, node->inputs[2])[channel] *
                    built_find(built, "gamma")[channel] +
                built_find(built, "beta")[channel];
            sum += activation_value(c->norm.activation, z) *
                   built_find(built,
                              "weight")[(channel * conv->kernel[0] + ky) * conv->kernel[1] + kx];
        }
    return sum;
}

/* The statistics of what the op gave, and what the states should have become. */
static void check_statistics(const struct built *built, uint64_t seed, const double *old_mean,
                             const double *old_variance)
{
    const struct node *node = built->graph.nodes[1];
    const struct shape *shape = &node->outputs[0]->shape;
    const double *y = numbers_of(&built->numbers, node->outputs[0]);
    int64_t plane = shape->dim[2] * shape->dim[3];

    for (int64_t channel = 0; channel < shape->dim[1]; channel++) {
        double count = 0, sum = 0, squares = 0, mean, variance, expected[4];

        for (int64_t i = 0; i < shape_count(shape); i++)
            if (i / plane % shape->dim[1] == channel) {
                count++;
                sum += y[i];
                squares += y[i] * y[i];
            }
        mean = sum / count;
        variance = squares / count - mean * mean;
        expected[0] = mean;
        expected[1] = 1 / sqrt(variance + 0.1);
        expected[2] = 0.7 * old_mean[channel] + 0.3 * mean;
        expected[3] = 0.7 * old_variance[channel] + 0.3 * variance * count / (count - 1);
        check_numbers(seed, "mean2", numbers_of(&built->numbers, node->outputs[1]) + channel,
                      &expected[0], 1, 1e-12);
        check_numbers(seed, "istd2", numbers_of(&built->numbers, node->outputs[2]) + channel,
                      &expected[1], 1, 1e-11);
        check_numbers(seed, "running mean", built_find(built, "state2") + channel, &expected[2], 1,
                      1e-12);
        check_numbers(seed, "running variance", built_find(built, "state3") + channel,
                      &expected[3], 1, 1e-11);
    }
}

TEST(depthwise_norm_equals_its_definition)
{
    for (uint64_t seed = 0; seed < 36; seed++) {
        struct depthwise_case c = pick_case(seed);
        double old_mean[3], old_variance[3];
        struct built built;
        const struct shape *y;

        built_init(&built, build_chain, &c, seed);
        memcpy(old_mean, built_find(&built, "state2"), (size_t)c.x.dim[1] * sizeof(double));
        memcpy(old_variance, built_find(&built, "state3"), (size_t)c.x.dim[1] * sizeof(double));
        numbers_run(&built.numbers, NULL);
        y = &built.graph.nodes[1]->outputs[0]->shape;
        for (int64_t i = 0; i < shape_count(y); i++) {
            double expected = output_at(&built, &c, i / (y->dim[2] * y->dim[3]),
                                        i / y->dim[3] % y->dim[2], i % y->dim[3]);

            check_numbers(seed, "y",
                          numbers_of(&built.numbers, built.graph.nodes[1]->outputs[0]) + i,
                          &expected, 1, 1e-12);
        }
        check_statistics(&built, seed, old_mean, old_variance);
        built_release(&built);
    }
}

/* --- equal to the ops that it stands for ----------------------------------------------------- */

static void build_apart_and_fused(struct graph *graph, const void *context)
{
    const struct depthwise_case *c = context;
    const struct batch_apply_attributes apply = { .activation = c->norm.activation };
    const struct batch_norm_attributes norm = { c->norm.eps, c->norm.momentum };
    struct conv_attributes conv = c->norm.conv;
    int64_t count = c->x.dim[1];
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ 0 }), *state[4], *y;
    struct value *in[4] = { vector(graph, "mean", count, 0), vector(graph, "istd", count, 1),
                            vector(graph, "gamma", count, 1), vector(graph, "beta", count, 0) };
    struct value *weight = graph_parameter(
        graph, "weight", SHAPE(count, 1, conv.kernel[0], conv.kernel[1]), (struct init){ 0 });
    struct node *fused, *stats;

    for (int i = 0; i < 4; i++)
        state[i] = graph_state(graph, arena_printf(&graph->arena, "state%d", i), SHAPE(count), 1);
    fused = graph_node(graph, &op_depthwise_norm, "fused",
                       (struct value *[]){ x, in[0], in[1], in[2], in[3], weight, state[0],
                                           state[1] },
                       8, &c->norm);
    conv.groups = (int)count;
    y = GRAPH_APPLY(graph, &op_batch_apply, "apart", &apply, x, in[0], in[1], in[2], in[3]);
    y = GRAPH_APPLY(graph, &op_conv2d, "apart", &conv, y, weight);
    stats = graph_node(graph, &op_batch_stats, "apart", (struct value *[]){ y, state[2], state[3] },
                       3, &norm);
    CHECK(fused && stats);
    graph_add_output(graph, fused->outputs[0]);
    graph_add_output(graph, fused->outputs[1]);
    graph_add_output(graph, fused->outputs[2]);
    graph_add_output(graph, y);
    graph_add_output(graph, stats->outputs[0]);
    graph_add_output(graph, stats->outputs[1]);
}

TEST(depthwise_norm_equals_the_ops_that_it_stands_for)
{
    for (uint64_t seed = 60; seed < 78; seed++) {
        struct depthwise_case c = pick_case(seed);
        struct built built;

        built_init(&built, build_apart_and_fused, &c, seed);
        numbers_set(&built.numbers, graph_find(&built.graph, "state2"),
                    built_find(&built, "state0"));
        numbers_set(&built.numbers, graph_find(&built.graph, "state3"),
                    built_find(&built, "state1"));
        numbers_run(&built.numbers, NULL);
        for (int i = 0; i < 3; i++) {
            CHECK(shape_equal(&built.graph.outputs[i]->shape, &built.graph.outputs[3 + i]->shape));
            check_numbers(seed, "an output", built_output(&built, i), built_output(&built, 3 + i),
                          shape_count(&built.graph.outputs[i]->shape), 1e-13);
        }
        check_numbers(seed, "running mean", built_find(&built, "state0"),
                      built_find(&built, "state2"), c.x.dim[1], 1e-13);
        check_numbers(seed, "running variance", built_find(&built, "state1"),
                      built_find(&built, "state3"), c.x.dim[1], 1e-13);
        built_release(&built);
    }
}

/* --- gradients ------------------------------------------------------------------------------- */

TEST(depthwise_norm_gradients_match_differences)
{
    for (uint64_t seed = 100; seed < 127; seed++) {
        struct depthwise_case c = pick_case(seed);

        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_chain,
                                                  .context = &c });
    }
}

/* --- refusals and costs ----------------------------------------------------------------------- */

TEST(depthwise_norm_refuses_what_does_not_fit)
{
    const struct conv_attributes three = { .kernel = { 3, 3 } };
    struct depthwise_case c = { .x = SHAPE(1, 2, 3, 3), .norm = { .conv = three } };

    check_build_fails(build_chain, &c, "batch norm needs more than one value per channel");
    c.x.dim[2] = 2;
    check_build_fails(build_chain, &c, "depthwise_norm: the output would have the shape");
    c.x.dim[2] = 5;
    c.norm.conv.has_bias = true;
    check_build_fails(build_chain, &c, "depthwise_norm: the convolution has a bias");
    c.norm.conv.has_bias = false;
    c.norm.conv.stride[1] = -1;
    check_build_fails(build_chain, &c, "depthwise_norm: a kernel of 3 with stride -1");
    c.norm.conv.stride[1] = 1;
    c.norm.activation = -3;
    check_build_fails(build_chain, &c, "depthwise_norm: there is no activation of kind -3");
}

struct grad_shapes {
    struct shape weight, dy;
};

static void build_grad(struct graph *graph, const void *context)
{
    const struct grad_shapes *s = context;
    struct depthwise_norm_attributes norm = { 0 };
    struct value *x = graph_input(graph, "x", SHAPE(2, 4, 5, 5), DTYPE_F32);
    struct value *v = graph_input(graph, "v", SHAPE(4), DTYPE_F32);

    GRAPH_APPLY(graph, &op_depthwise_norm_grad, "depthwise", &norm, x, v, v, v, v,
                graph_input(graph, "weight", s->weight, DTYPE_F32),
                graph_input(graph, "dy", s->dy, DTYPE_F32));
}

TEST(depthwise_norm_grad_refuses_what_does_not_fit)
{
    check_build_fails(
        build_grad, &(const struct grad_shapes){ SHAPE(2, 1, 3, 3), SHAPE(2, 4, 3, 3) },
        "depthwise_norm_grad: the weight has the shape (2, 1, 3, 3), but needs (4, 1");
    check_build_fails(
        build_grad, &(const struct grad_shapes){ SHAPE(4, 1, 3, 3), SHAPE(2, 4, 5, 5) },
        "depthwise_norm_grad: the gradient has the shape (2, 4, 5, 5), but needs (2, 4, 3");
}

TEST(depthwise_norm_counts_the_convolution)
{
    const struct depthwise_case c = { .x = SHAPE(2, 3, 6, 6),
                                      .norm = { .conv = { .kernel = { 3, 3 } } } };
    struct built built;

    built_init(&built, build_chain, &c, 1);
    CHECK_NEAR(graph_flops(&built.graph), 2.0 * (2 * 3 * 4 * 4) * 9, 0);
    built_release(&built);
}
