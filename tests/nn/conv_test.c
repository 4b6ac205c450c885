/* conv_test.c - convolutions against the definition and against differences. */

#include "base/rng.h"
#include "nn/ops.h"
#include "nn/ops_support.h"
#include "test.h"

/* A convolution x -> y; the transpose goes from y's shape to x's. */
struct conv_case {
    struct shape x, weight, y;
    struct conv_attributes conv;
    bool is_transpose;
};

static int between(struct rng *rng, int low, int high)
{
    return low + (int)rng_below(rng, (uint32_t)(high - low + 1));
}

static struct conv_case draw_case(uint64_t seed, int most_channels, int most_pixels)
{
    struct rng rng = rng_for(seed, 7, 0);
    struct conv_case drawn = { 0 };
    struct conv_attributes *conv = &drawn.conv;
    bool is_depthwise = rng_below(&rng, 4) == 0;
    int in = between(&rng, 1, most_channels), out = between(&rng, 1, most_channels);
    int64_t size[2], result[2];

    conv->groups = is_depthwise ? in : between(&rng, 1, 3);
    in = is_depthwise ? 1 : (in + conv->groups - 1) / conv->groups;
    out = is_depthwise ? between(&rng, 1, 2) : (out + conv->groups - 1) / conv->groups;
    for (int i = 0; i < 2; i++) {
        conv->kernel[i] = between(&rng, 1, 5);
        conv->stride[i] = between(&rng, 1, 3); /* more than the kernel sometimes */
        conv->dilation[i] = between(&rng, 1, 2);
        conv->pad[i] = between(&rng, 0, conv->kernel[i]);
        size[i] = between(&rng, 1, most_pixels);
        if (size[i] + 2 * conv->pad[i] <= conv->dilation[i] * (conv->kernel[i] - 1))
            size[i] = (int64_t)conv->dilation[i] * (conv->kernel[i] - 1) + 1;
        conv->input_size[i] = (int)size[i];
        result[i] = (size[i] + 2 * conv->pad[i] - conv->dilation[i] * (conv->kernel[i] - 1) - 1) /
                        conv->stride[i] + 1;
    }
    drawn.x = SHAPE(between(&rng, 1, 3), in * conv->groups, size[0], size[1]);
    drawn.weight = SHAPE(out * conv->groups, in, conv->kernel[0], conv->kernel[1]);
    drawn.y = SHAPE(drawn.x.dim[0], out * conv->groups, result[0], result[1]);
    return drawn;
}

static void build_conv(struct graph *graph, const void *context)
{
    const struct conv_case *c = context;
    struct init init = { 0 };
    struct value *x = graph_parameter(graph, "x", c->is_transpose ? c->y : c->x, init);
    struct value *weight = graph_parameter(graph, "weight", c->weight, init), *y;

    if (c->is_transpose)
        y = GRAPH_APPLY(graph, &op_conv_transpose2d, "conv", &c->conv, x, weight);
    else if (c->conv.has_bias)
        y = GRAPH_APPLY(graph, &op_conv2d, "conv", &c->conv, x, weight,
                        graph_parameter(graph, "bias", SHAPE(c->weight.dim[0]), init));
    else
        y = GRAPH_APPLY(graph, &op_conv2d, "conv", &c->conv, x, weight);
    graph_add_output(graph, y);
}

static double at(const double *data, const struct shape *shape, int64_t i, int64_t j, int64_t k,
                 int64_t l)
{
    if (k < 0 || l < 0 || k >= shape->dim[2] || l >= shape->dim[3])
        return 0;
    return data[((i * shape->dim[1] + j) * shape->dim[2] + k) * shape->dim[3] + l];
}

/* One element of y by the definition. */
static double conv_at(const struct conv_case *c, const double *x, const double *weight, int64_t n,
                      int64_t o, int64_t i, int64_t j)
{
    int64_t in = c->weight.dim[1], out = c->weight.dim[0] / c->conv.groups;
    double sum = 0;

    for (int64_t channel = 0; channel < in; channel++)
        for (int64_t ky = 0; ky < c->conv.kernel[0]; ky++)
            for (int64_t kx = 0; kx < c->conv.kernel[1]; kx++)
                sum += at(weight, &c->weight, o, channel, ky, kx) *
                       at(x, &c->x, n, o / out * in + channel,
                          i * c->conv.stride[0] - c->conv.pad[0] + ky * c->conv.dilation[0],
                          j * c->conv.stride[1] - c->conv.pad[1] + kx * c->conv.dilation[1]);
    return sum;
}

TEST(conv2d_is_the_sum_of_its_definition)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct conv_case c = draw_case(seed, 33, 9);
        struct graph graph;
        struct numbers numbers;
        const double *x, *weight, *bias, *y;
        int64_t plane = c.y.dim[2] * c.y.dim[3];

        c.conv.has_bias = seed % 2;
        graph_init(&graph);
        build_conv(&graph, &c);
        CHECK(graph.output_count == 1 && shape_equal(&graph.outputs[0]->shape, &c.y));
        numbers_init(&numbers, &graph);
        numbers_draw(&numbers, seed);
        numbers_run(&numbers, NULL);
        x = numbers_of(&numbers, graph_find(&graph, "x"));
        weight = numbers_of(&numbers, graph_find(&graph, "weight"));
        bias = c.conv.has_bias ? numbers_of(&numbers, graph_find(&graph, "bias")) : NULL;
        y = numbers_of(&numbers, graph.outputs[0]);
        for (int64_t e = 0; e < shape_count(&c.y); e++) {
            int64_t o = e / plane % c.y.dim[1], pixel = e % plane;
            double expected = conv_at(&c, x, weight, e / plane / c.y.dim[1], o,
                                      pixel / c.y.dim[3], pixel % c.y.dim[3]);

            if (fabs(y[e] - expected - (bias ? bias[o] : 0)) > 1e-12)
                test_fail(__FILE__, __LINE__, "seed %llu: element %lld is %g, not %g",
                          (unsigned long long)seed, (long long)e, y[e], expected);
        }
        numbers_release(&numbers);
        graph_release(&graph);
    }
}

/* <conv(x), y> = <x, transpose(y)> for all x and y: what makes it the transpose. */
TEST(conv_transpose2d_is_the_adjoint)
{
    for (uint64_t seed = 100; seed < 140; seed++) {
        struct conv_case c = draw_case(seed, 17, 9);
        struct graph graph;
        struct numbers numbers;
        struct value *x, *y, *weight, *forward, *backward;
        double left = 0, right = 0;

        graph_init(&graph);
        x = graph_input(&graph, "x", c.x, DTYPE_F32);
        y = graph_input(&graph, "y", c.y, DTYPE_F32);
        weight = graph_input(&graph, "weight", c.weight, DTYPE_F32);
        forward = GRAPH_APPLY(&graph, &op_conv2d, "a", &c.conv, x, weight);
        backward = GRAPH_APPLY(&graph, &op_conv_transpose2d, "b", &c.conv, y, weight);
        CHECK(forward && backward && shape_equal(&backward->shape, &c.x));
        numbers_init(&numbers, &graph);
        numbers_draw(&numbers, seed);
        numbers_run(&numbers, NULL);
        for (int64_t i = 0; i < shape_count(&c.y); i++)
            left += numbers_of(&numbers, forward)[i] * numbers_of(&numbers, y)[i];
        for (int64_t i = 0; i < shape_count(&c.x); i++)
            right += numbers_of(&numbers, x)[i] * numbers_of(&numbers, backward)[i];
        if (fabs(left - right) > 1e-10 * (1 + fabs(left)))
            test_fail(__FILE__, __LINE__, "seed %llu: %.12g and %.12g", (unsigned long long)seed,
                      left, right);
        numbers_release(&numbers);
        graph_release(&graph);
    }
}

TEST(conv_transpose2d_without_a_size_gives_the_smallest)
{
    struct conv_attributes conv = { .kernel = { 2, 2 }, .stride = { 2, 2 } };
    struct graph graph;
    struct numbers numbers;
    struct value *x, *weight, *y;
    const double expected[] = { 1, 10, 2, 20, 100, 1000, 200, 2000 };

    graph_init(&graph);
    x = graph_input(&graph, "x", SHAPE(1, 1, 1, 2), DTYPE_F32);
    weight = graph_input(&graph, "weight", SHAPE(1, 1, 2, 2), DTYPE_F32);
    y = GRAPH_APPLY(&graph, &op_conv_transpose2d, "up", &conv, x, weight);
    CHECK(y && shape_equal(&y->shape, &SHAPE(1, 1, 2, 4)));
    numbers_init(&numbers, &graph);
    numbers_set(&numbers, x, (const double[]){ 1, 2 });
    numbers_set(&numbers, weight, (const double[]){ 1, 10, 100, 1000 });
    numbers_run(&numbers, NULL);
    for (int i = 0; i < 8; i++)
        CHECK_NEAR(numbers_of(&numbers, y)[i], expected[i], 0);
    CHECK_NEAR(graph_flops(&graph), 2 * 8, 0);
    numbers_release(&numbers);
    graph_release(&graph);
}

TEST(conv2d_counts_flops_per_group)
{
    struct conv_attributes conv = { .kernel = { 3, 3 }, .pad = { 1, 1 }, .groups = 2 };
    struct conv_case c = { .x = SHAPE(2, 4, 5, 5), .weight = SHAPE(6, 2, 3, 3), .conv = conv };
    struct graph graph;

    graph_init(&graph);
    build_conv(&graph, &c);
    CHECK_NEAR(graph_flops(&graph), 2.0 * 2 * 6 * 25 * 2 * 9, 0);
    graph_release(&graph);
}

TEST(conv2d_gradients_match_differences)
{
    for (uint64_t seed = 200; seed < 224; seed++) {
        struct conv_case c = draw_case(seed, 9, 7);

        c.conv.has_bias = seed % 2;
        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_conv, .context = &c,
                                                  .elements = 12 });
    }
}

TEST(conv_transpose2d_gradients_match_differences)
{
    for (uint64_t seed = 300; seed < 316; seed++) {
        struct conv_case c = draw_case(seed, 9, 7);

        c.is_transpose = true;
        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_conv, .context = &c,
                                                  .elements = 12 });
    }
}

TEST(conv2d_refuses_what_does_not_fit)
{
    struct conv_attributes plain = { .kernel = { 3, 3 } };
    struct conv_case few = { .x = SHAPE(1, 3, 8, 8), .weight = SHAPE(4, 2, 3, 3), .conv = plain };
    struct conv_case small = { .x = SHAPE(1, 2, 2, 8), .weight = SHAPE(4, 2, 3, 3), .conv = plain };
    struct conv_case other = { .x = SHAPE(1, 2, 8, 8), .weight = SHAPE(4, 2, 5, 5), .conv = plain };
    struct conv_case flat = { .x = SHAPE(1, 2, 8), .weight = SHAPE(4, 2, 3, 3), .conv = plain };
    struct conv_case odd = { .x = SHAPE(1, 3, 8, 8), .weight = SHAPE(4, 1, 3, 3), .conv = plain };

    odd.conv.groups = 2;
    check_build_fails(build_conv, &few, "conv2d: ");
    check_build_fails(build_conv, &small, "conv2d: ");
    check_build_fails(build_conv, &other, "conv2d: ");
    check_build_fails(build_conv, &flat, "conv2d: ");
    check_build_fails(build_conv, &odd, "conv2d: ");
}

TEST(conv_transpose2d_refuses_what_does_not_fit)
{
    struct conv_case c = { .y = SHAPE(1, 4, 3, 3), .weight = SHAPE(4, 2, 2, 2),
                           .is_transpose = true,
                           .conv = { .kernel = { 2, 2 }, .stride = { 2, 2 } } };

    c.conv.input_size[0] = c.conv.input_size[1] = 9; /* would have given 4 x 4 */
    check_build_fails(build_conv, &c, "conv_transpose2d: ");
    c.conv.input_size[0] = c.conv.input_size[1] = 0;
    c.weight.dim[0] = 5;
    check_build_fails(build_conv, &c, "conv_transpose2d: ");
}
