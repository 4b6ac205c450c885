/* bind_conv_test.c - oneDNN's convolutions against the reference kernels, at awkward shapes. */

#include "base/rng.h"
#include "cpu/conv_rules.h"
#include "cpu/device_cpu_internal.h"
#include "device_support.h"
#include "kernel_support.h"
#include "nn/ops.h"
#include "test.h"

struct conv_shapes {
    int images, in, out, height, width;
    struct conv_attributes a;
};

static int output_side(const struct conv_shapes *s, int axis)
{
    int size = axis ? s->width : s->height;

    return (size + 2 * s->a.pad[axis] - s->a.dilation[axis] * (s->a.kernel[axis] - 1) - 1) /
               s->a.stride[axis] +
           1;
}

/* The node of one of the four ops for these shapes. */
static struct node *conv_node(struct graph *g, const struct conv_shapes *s, const struct op *op)
{
    const struct conv_attributes *a = &s->a;
    struct init init = { 0 };
    struct shape weight_shape = SHAPE(s->out, s->in / a->groups, a->kernel[0], a->kernel[1]);
    struct value *x = test_image(g, s->images, s->in, s->height, s->width);
    struct value *y = test_image(g, s->images, s->out, output_side(s, 0), output_side(s, 1));
    struct value *weight = graph_parameter(g, "weight", weight_shape, init);
    struct value *bias = graph_parameter(g, "bias", SHAPE(s->out), init);
    struct conv_attributes attributes = *a;

    attributes.input_size[0] = s->height;
    attributes.input_size[1] = s->width;
    if (op == &op_conv2d && a->has_bias)
        return TEST_NODE(g, op, &attributes, x, weight, bias);
    if (op == &op_conv2d)
        return TEST_NODE(g, op, &attributes, x, weight);
    if (op == &op_conv2d_weight_grad)
        return TEST_NODE(g, op, &attributes, x, y);
    return TEST_NODE(g, op, &attributes, y, weight);
}

static void check_conv(const struct conv_shapes *s, const struct op *op, uint64_t seed, bool fast)
{
    struct graph graph;

    graph_init(&graph);
    check_device(&(struct device_check){ .node = conv_node(&graph, s, op), .rows = conv_kernels,
                                         .tolerance = 2e-5, .seed = seed, .must_be_fast = fast });
    graph_release(&graph);
}

static const struct op *const ops[] = { &op_conv2d, &op_conv2d_input_grad, &op_conv2d_weight_grad,
                                        &op_conv_transpose2d };

static int pick_groups(struct rng *rng, struct conv_shapes *s)
{
    int groups = test_pick(rng, 2, 5);

    switch (test_pick(rng, 0, 3)) {
    case 0: /* depthwise */
        s->out = s->in;
        return s->in;
    case 1:
        s->in = groups * test_pick(rng, 1, 6);
        s->out = groups * test_pick(rng, 1, 6);
        return groups;
    default:
        return 1;
    }
}

static struct conv_shapes draw(struct rng *rng)
{
    struct conv_shapes s = { .images = test_pick(rng, 1, 3), .in = test_pick(rng, 1, 33),
                             .out = test_pick(rng, 1, 33), .height = test_pick(rng, 1, 14),
                             .width = test_pick(rng, 1, 14) };
    int side[2] = { s.height, s.width };

    s.a.groups = pick_groups(rng, &s);
    s.a.has_bias = test_pick(rng, 0, 1);
    for (int i = 0; i < 2; i++) {
        s.a.kernel[i] = test_pick(rng, 1, 5);
        s.a.stride[i] = test_pick(rng, 1, 3); /* sometimes over the kernel */
        s.a.dilation[i] = test_pick(rng, 1, 2);
        s.a.pad[i] = test_pick(rng, 0, s.a.kernel[i] - 1);
        while (s.a.dilation[i] * (s.a.kernel[i] - 1) + 1 > side[i] + 2 * s.a.pad[i])
            s.a.kernel[i]--;
    }
    return s;
}

TEST(convolutions_agree_with_the_reference_at_random_shapes)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct rng rng = rng_for(seed, 5, 0);
        struct conv_shapes s = draw(&rng);

        for (int i = 0; i < 4; i++) {
            struct conv_shapes one = s;

            if (ops[i] == &op_conv_transpose2d)
                one.a.has_bias = false;
            check_conv(&one, ops[i], seed, false);
        }
    }
}

/* Shapes of real networks, small in pixels: none may fall to oneDNN's slow kernels. */
static const struct conv_shapes usual[] = {
    { 2, 3, 64, 29, 31, { { 7, 7 }, { 2, 2 }, { 3, 3 }, { 1, 1 }, 1, { 0 }, false } },
    { 2, 3, 24, 16, 16, { { 3, 3 }, { 2, 2 }, { 1, 1 }, { 1, 1 }, 1, { 0 }, false } },
    { 1, 1, 8, 28, 28, { { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, 1, { 0 }, true } },
    { 4, 64, 64, 14, 15, { { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, 1, { 0 }, true } },
    { 2, 16, 12, 27, 30, { { 3, 3 }, { 1, 1 }, { 0, 1 }, { 1, 1 }, 1, { 0 }, false } },
    { 2, 64, 128, 13, 13, { { 3, 3 }, { 2, 2 }, { 1, 1 }, { 1, 1 }, 1, { 0 }, false } },
    { 2, 64, 128, 13, 13, { { 1, 1 }, { 2, 2 }, { 0, 0 }, { 1, 1 }, 1, { 0 }, false } },
    { 1, 96, 24, 7, 7, { { 1, 1 }, { 1, 1 }, { 0, 0 }, { 1, 1 }, 1, { 0 }, false } },
    { 2, 8, 16, 12, 12, { { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, 1, { 0 }, true } },
    { 2, 16, 8, 12, 12, { { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, 1, { 0 }, false } },
    { 2, 24, 40, 12, 12, { { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, 1, { 0 }, false } },
    { 1, 64, 255, 10, 10, { { 1, 1 }, { 1, 1 }, { 0, 0 }, { 1, 1 }, 1, { 0 }, true } },
    { 1, 32, 32, 12, 12, { { 3, 3 }, { 1, 1 }, { 2, 2 }, { 2, 2 }, 1, { 0 }, false } },
    { 1, 64, 64, 9, 9, { { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, 4, { 0 }, false } },
    { 1, 40, 40, 9, 9, { { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, 40, { 0 }, false } },
};

TEST(usual_convolutions_get_fast_kernels)
{
    for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
        for (int k = 0; k < 3; k++)
            check_conv(&usual[i], ops[k], i, test_device()->block == 16 && usual[i].in > 3);
}

TEST(winograd_needs_channels_and_a_dense_3x3)
{
    struct conv_case conv = { .direction = ONEDNN_FORWARD, .isa = ONEDNN_AVX512, .images = 16,
                              .in = 256, .out = 250, .kernel = { 3, 3 }, .stride = { 1, 1 },
                              .dilation = { 1, 1 }, .groups = 1, .out_size = { 14, 14 } };

    CHECK(conv_rules_algorithm(&conv) == CONV_AUTO);
    conv.out = 10;
    CHECK(conv_rules_algorithm(&conv) == CONV_DIRECT);
    conv.isa = ONEDNN_AVX512_BF16;
    CHECK(conv_rules_algorithm(&conv) == CONV_WINOGRAD);
    conv.images = 1;
    CHECK(conv_rules_algorithm(&conv) == CONV_DIRECT);
    conv.images = 100;
    conv.out_size[0] = conv.out_size[1] = 2; /* tiles would be mostly empty */
    CHECK(conv_rules_algorithm(&conv) == CONV_DIRECT);
    conv.out_size[0] = conv.out_size[1] = 14;
    conv.stride[0] = 2;
    CHECK(conv_rules_algorithm(&conv) == CONV_DIRECT);
    conv.stride[0] = 1;
    conv.isa = ONEDNN_AVX2;
    CHECK(conv_rules_algorithm(&conv) == CONV_DIRECT);
}
