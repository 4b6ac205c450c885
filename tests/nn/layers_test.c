/* layers_test.c - what the builders make: names, shapes, defaults. */

#include "nn/layers.h"
#include "nn/ops_support.h"
#include "test.h"

static struct value *image(struct graph *graph)
{
    return graph_input(graph, "image", SHAPE(2, 6, 9, 7), DTYPE_F32);
}

static const struct conv_attributes *conv_of(const struct value *y)
{
    CHECK(y && y->producer->op == &op_conv2d);
    return y->producer->attributes;
}

static void check_init(const struct graph *graph, const char *name, enum init_kind kind, double a)
{
    const struct value *parameter = graph_find(graph, name);

    if (!parameter)
        test_fail(__FILE__, __LINE__, "there is no parameter '%s'", name);
    CHECK(parameter->init.kind == kind);
    CHECK_NEAR(parameter->init.a, a, 1e-12);
}

TEST(nn_conv_fills_in_the_usual)
{
    struct graph graph;
    struct value *x, *y;

    graph_init(&graph);
    graph_enter(&graph, "layer%d", 1);
    x = image(&graph);
    y = nn_conv(&graph, "conv1", x, .out = 8, .kernel = 3, .stride = 2);
    CHECK(y && shape_equal(&y->shape, &SHAPE(2, 8, 5, 4)));
    CHECK(conv_of(y)->pad[0] == 1 && conv_of(y)->pad[1] == 1 && !conv_of(y)->has_bias);
    CHECK_TEXT(y->producer->name, "layer1.conv1");
    CHECK(shape_equal(&graph_find(&graph, "layer1.conv1.weight")->shape, &SHAPE(8, 6, 3, 3)));
    CHECK(graph_find(&graph, "layer1.conv1.weight")->decay);
    CHECK(!graph_find(&graph, "layer1.conv1.bias"));
    check_init(&graph, "layer1.conv1.weight", INIT_NORMAL, sqrt(2.0 / (8 * 9)));

    y = nn_conv(&graph, "conv2", x, .out = 6, .kernel = 5, .dilation = 2, .groups = DEPTHWISE,
                .bias = true, .init = { INIT_TRUNCATED_NORMAL, 0.02 });
    CHECK(y && shape_equal(&y->shape, &SHAPE(2, 6, 9, 7)));
    CHECK(conv_of(y)->groups == 6 && conv_of(y)->pad[0] == 4 && conv_of(y)->has_bias);
    CHECK(shape_equal(&graph_find(&graph, "layer1.conv2.weight")->shape, &SHAPE(6, 1, 5, 5)));
    check_init(&graph, "layer1.conv2.weight", INIT_TRUNCATED_NORMAL, 0.02);
    check_init(&graph, "layer1.conv2.bias", INIT_CONSTANT, 0);
    CHECK(!graph_find(&graph, "layer1.conv2.bias")->decay);

    y = nn_conv(&graph, "conv3", x, .out = 4, .kernel = 3, .pad = NO_PAD, .groups = 2);
    CHECK(y && shape_equal(&y->shape, &SHAPE(2, 4, 7, 5)));
    check_init(&graph, "layer1.conv3.weight", INIT_NORMAL, sqrt(2.0 * 2 / (4 * 9)));
    graph_leave(&graph);
    y = nn_conv(&graph, "fc", x, .out = 4);
    CHECK(y && shape_equal(&y->shape, &SHAPE(2, 4, 9, 7)));
    CHECK(graph_find(&graph, "fc.weight"));
    graph_release(&graph);
}

TEST(nn_linear_starts_as_asked)
{
    struct graph graph;
    struct value *x, *y;

    graph_init(&graph);
    x = graph_input(&graph, "x", SHAPE(2, 5, 16), DTYPE_F32);
    y = nn_linear(&graph, "a", x, .out = 3);
    CHECK(y && shape_equal(&y->shape, &SHAPE(2, 5, 3)));
    check_init(&graph, "a.weight", INIT_UNIFORM, 0.25);
    check_init(&graph, "a.bias", INIT_CONSTANT, 0);
    nn_linear(&graph, "b", x, .out = 3, .bias_bound = BIAS_DEFAULT,
              .init = { INIT_LECUN_NORMAL, 0 });
    check_init(&graph, "b.weight", INIT_LECUN_NORMAL, 0);
    check_init(&graph, "b.bias", INIT_UNIFORM, 0.25);
    nn_linear(&graph, "c", x, .out = 3, .bias_bound = 0.5, .as_conv = true);
    check_init(&graph, "c.bias", INIT_UNIFORM, 0.5);
    CHECK(shape_equal(&graph_find(&graph, "c.weight")->shape, &SHAPE(3, 16, 1, 1)));
    y = nn_linear(&graph, "d", x, .out = 3, .no_bias = true);
    CHECK(y && y->producer->input_count == 2 && !graph_find(&graph, "d.bias"));
    graph_release(&graph);
}

TEST(norms_start_as_the_identity)
{
    struct graph graph;
    struct value *x, *tokens;
    const struct batch_norm_attributes *norm;

    graph_init(&graph);
    x = image(&graph);
    tokens = nn_to_tokens(&graph, x);
    norm = nn_batchnorm(&graph, "bn1", x, .zero_gamma = false)->producer->attributes;
    CHECK(norm->eps == 1e-5 && norm->momentum == 0.1);
    check_init(&graph, "bn1.weight", INIT_CONSTANT, 1);
    check_init(&graph, "bn1.bias", INIT_CONSTANT, 0);
    check_init(&graph, "bn1.running_mean", INIT_CONSTANT, 0);
    check_init(&graph, "bn1.running_var", INIT_CONSTANT, 1);
    CHECK(graph_find(&graph, "bn1.running_var")->kind == VALUE_STATE);
    norm = nn_batchnorm(&graph, "bn2", x, .zero_gamma = true, .eps = 1e-3, .momentum = 0.03)
               ->producer->attributes;
    CHECK(norm->eps == 1e-3 && norm->momentum == 0.03);
    check_init(&graph, "bn2.weight", INIT_CONSTANT, 0);
    CHECK(nn_layernorm(&graph, "ln", tokens, 0));
    check_init(&graph, "ln.weight", INIT_CONSTANT, 1);
    CHECK(nn_groupnorm(&graph, "gn", x, 3, 0));
    check_init(&graph, "gn.bias", INIT_CONSTANT, 0);
    CHECK(nn_layer_scale(&graph, "gamma", tokens, 1e-6));
    check_init(&graph, "gamma", INIT_CONSTANT, 1e-6);
    CHECK(!graph_find(&graph, "gamma")->decay);
    graph_release(&graph);
}

TEST(layers_that_do_nothing_add_no_node)
{
    struct graph graph;
    struct value *x;

    graph_init(&graph);
    x = image(&graph);
    CHECK(nn_dropout(&graph, x, 0) == x);
    CHECK(nn_drop_path(&graph, x, 0) == x);
    CHECK(nn_activation(&graph, x, ACTIVATION_NONE) == x);
    CHECK(nn_upsample(&graph, x, 1) == x);
    CHECK(graph.node_count == 0);
    graph_release(&graph);
}

TEST(layers_give_the_shapes_they_promise)
{
    struct graph graph;
    struct value *x, *y;

    graph_init(&graph);
    x = image(&graph);
    y = nn_maxpool(&graph, x, .kernel = 3, .stride = 2, .pad = 1);
    CHECK(y && shape_equal(&y->shape, &SHAPE(2, 6, 5, 4)));
    y = nn_avgpool(&graph, x, .kernel = 2);
    CHECK(y && shape_equal(&y->shape, &SHAPE(2, 6, 4, 3)));
    y = nn_global_avgpool(&graph, x);
    CHECK(y && shape_equal(&y->shape, &SHAPE(2, 6)));
    y = nn_upsample(&graph, x, 2);
    CHECK(y && shape_equal(&y->shape, &SHAPE(2, 6, 18, 14)));
    y = nn_from_tokens(&graph, nn_to_tokens(&graph, x), 9, 7);
    CHECK(y && shape_equal(&y->shape, &x->shape));
    y = nn_concat(&graph, 1, (struct value *[]){ x, x, y }, 3);
    CHECK(y && shape_equal(&y->shape, &SHAPE(2, 18, 9, 7)));
    y = nn_slice(&graph, y, 1, 2, 7);
    CHECK(y && shape_equal(&y->shape, &SHAPE(2, 5, 9, 7)));
    y = nn_reshape(&graph, y, SHAPE(2, -1, 7));
    CHECK(y && shape_equal(&y->shape, &SHAPE(2, 45, 7)));
    y = nn_transpose(&graph, y, (const int[]){ 1, 0, 2 });
    CHECK(y && shape_equal(&y->shape, &SHAPE(45, 2, 7)));
    y = nn_matmul(&graph, y, y, false, true, 0);
    CHECK(y && shape_equal(&y->shape, &SHAPE(45, 2, 2)));
    y = nn_drop_path(&graph, x, 0.5);
    CHECK(y && shape_equal(&y->shape, &x->shape));
    y = nn_attention(&graph, nn_to_tokens(&graph, x), 2);
    CHECK(y && shape_equal(&y->shape, &SHAPE(2, 63, 2)));
    graph_release(&graph);
}

/* --- failures --------------------------------------------------------------------------------- */

static void build_after_failure(struct graph *graph, const void *context)
{
    struct value *x = image(graph);

    (void)context;
    graph_enter(graph, "model.13");
    x = nn_conv(graph, "cv1", x, .out = 8, .groups = 4);
    x = nn_batchnorm(graph, "bn", nn_activation(graph, x, ACTIVATION_SILU), .eps = 1e-3);
    x = nn_layer_scale(graph, "gamma", nn_drop_path(graph, nn_add(graph, x, x), 0.1), 1);
    x = nn_linear(graph, "fc", nn_global_avgpool(graph, x), .out = 10);
    graph_leave(graph);
    CHECK(x == NULL);
}

TEST(the_first_failure_sticks_and_names_its_scope)
{
    check_build_fails(build_after_failure, NULL,
                      "model.13: conv 'cv1': 6 and 8 channels cannot be split into 4 groups");
}

static void build_without_size(struct graph *graph, const void *context)
{
    (void)context;
    nn_conv(graph, "stem", image(graph), .kernel = 3);
}

static void build_wide_concat(struct graph *graph, const void *context)
{
    struct value *x = image(graph), *many[NODE_MAX_INPUTS + 1];

    (void)context;
    for (int i = 0; i <= NODE_MAX_INPUTS; i++)
        many[i] = x;
    nn_concat(graph, 1, many, NODE_MAX_INPUTS + 1);
}

TEST(layers_refuse_what_cannot_be)
{
    check_build_fails(build_without_size, NULL, "conv 'stem': 0 output channels");
    check_build_fails(build_wide_concat, NULL, "concat: takes 1 to 12 values, not 13");
}
