/* gradient_test.c - the gradient of whole networks, against differences of the loss along random
 * directions, in double precision. */

#include "base/rng.h"
#include "nn/layers.h"
#include "nn/planned_support.h"
#include "test.h"

#include <stdlib.h>

/* Truncation is of the order of STEP squared, rounding of 1e-16 / STEP. */
#define STEP 1e-5
#define TOLERANCE 1e-6

/* A step along one direction in the space of all trained parameters. */
struct walk {
    struct planned *planned;
    uint64_t seed;
    const char *only; /* parameters that contain this text; NULL: all */
};

static double *numbers_of_weight(const struct weights_memory *memory, const struct weight *weight)
{
    return (double *)(memory->segments[weight->segment].base + weight->offset);
}

static bool is_walked(const struct walk *walk, const struct weight *weight)
{
    return weight->segment == SEGMENT_PARAMETERS && !weight->frozen &&
           (!walk->only || strstr(weight->name, walk->only));
}

/* Element `at` of the direction. */
static double direction(const struct walk *walk, const struct weight *weight, int64_t at)
{
    struct rng rng = rng_for(walk->seed, weight->offset + 1, (uint64_t)at);

    return rng_between(&rng, -1, 1);
}

static double loss_along(const struct walk *walk, double distance)
{
    struct planned *p = walk->planned;

    planned_restart(p);
    for (int i = 0; i < p->weights.count; i++) {
        const struct weight *weight = &p->weights.items[i];
        double *x = numbers_of_weight(&p->live, weight);

        for (int64_t k = 0; is_walked(walk, weight) && k < shape_count(&weight->shape); k++)
            x[k] += distance * direction(walk, weight, k);
    }
    planned_run(p, RUN_PLAIN);
    return planned_loss(p);
}

/* What the gradient says of the same step. */
static double slope_along(const struct walk *walk)
{
    struct planned *p = walk->planned;
    double slope = 0;

    planned_restart(p);
    planned_run(p, RUN_PLAIN);
    for (int i = 0; i < p->weights.count; i++) {
        const struct weight *weight = &p->weights.items[i];
        const double *gradient = numbers_of_weight(&p->gradients, weight);

        if (is_walked(walk, weight) && planned_has_gradient(p, weight))
            for (int64_t k = 0; k < shape_count(&weight->shape); k++)
                slope += gradient[k] * direction(walk, weight, k);
    }
    return slope;
}

static double check_walk(const struct walk *walk)
{
    double slope = slope_along(walk);
    double differences = (loss_along(walk, STEP) - loss_along(walk, -STEP)) / (2 * STEP);

    if (!(fabs(slope - differences) <= TOLERANCE * (1 + fabs(slope))))
        test_fail(__FILE__, __LINE__, "seed %llu: along '%s' the slope is %.10g, not %.10g",
                  (unsigned long long)walk->seed, walk->only ? walk->only : "all", slope,
                  differences);
    return fabs(slope);
}

/* Along all parameters at once and along those of each name; there, some slope must not be 0. */
static void check_network(net_build_fn *build, const char *const *parts)
{
    struct device *device = device_reference_open(true);

    for (uint64_t seed = 1; seed <= 3; seed++)
        for (unsigned passes = 0; passes <= PASSES_ALL; passes += PASSES_ALL) {
            struct planned_options options = { .build = build, .seed = seed, .passes = passes };
            struct planned planned;

            planned_init(&planned, device, &options);
            check_walk(&(struct walk){ &planned, seed, NULL });
            for (int i = 0; parts[i]; i++)
                if (!(check_walk(&(struct walk){ &planned, seed, parts[i] }) > 1e-5))
                    test_fail(__FILE__, __LINE__, "seed %llu: nothing depends on '%s'",
                              (unsigned long long)seed, parts[i]);
            planned_release(&planned);
        }
    device_close(device);
}

/* --- the networks ----------------------------------------------------------------------------- */

static struct value *residual_block(struct graph *g, struct value *x, int out, int stride)
{
    struct value *y, *shortcut = x;

    y = nn_conv(g, "conv1", x, .out = out, .kernel = 3, .stride = stride);
    y = nn_activation(g, nn_batchnorm(g, "bn1", y), ACTIVATION_SILU);
    y = nn_batchnorm(g, "bn2", nn_conv(g, "conv2", y, .out = out, .kernel = 3));
    if (stride > 1 || out != channels(x))
        shortcut = nn_batchnorm(g, "downsample.1", nn_conv(g, "downsample.0", x, .out = out,
                                                           .stride = stride));
    return nn_activation(g, nn_add(g, y, shortcut), ACTIVATION_TANH);
}

static void build_residual(struct graph *g, uint64_t seed, struct net *net)
{
    struct value *image = graph_input(g, "image", SHAPE(2, 3, 9, 7), DTYPE_F32), *x;

    (void)seed;
    x = nn_batchnorm(g, "bn0", nn_conv(g, "stem", image, .out = 5, .kernel = 3));
    x = nn_avgpool(g, nn_activation(g, x, ACTIVATION_GELU), .kernel = 3, .stride = 1, .pad = 1);
    graph_enter(g, "layer1");
    x = residual_block(g, x, 5, 1);
    graph_leave(g);
    graph_enter(g, "layer2");
    x = residual_block(g, x, 8, 2);
    graph_leave(g);
    net_finish(g, image, nn_linear(g, "fc", nn_global_avgpool(g, x), .out = 4), net);
}

TEST(the_gradient_of_a_residual_network_is_its_slope)
{
    static const char *const parts[] = { "stem.weight", "bn0.bias", "layer1.conv1.weight",
                                         "layer1.bn1.weight", "layer2.conv2.weight",
                                         "layer2.bn2.bias", "downsample.0.weight", "fc.weight",
                                         "fc.bias", NULL };

    check_network(build_residual, parts);
}

/* Expansion, depthwise convolution, squeeze and excitation, projection; batch norm and activation
 * fuse into the depthwise step. */
static struct value *mobile_block(struct graph *g, struct value *x, int kernel, int stride)
{
    struct value *y, *s;

    y = nn_conv(g, "conv_pw", x, .out = 2 * channels(x));
    y = nn_activation(g, nn_batchnorm(g, "bn1", y), ACTIVATION_SILU);
    y = nn_conv(g, "conv_dw", y, .out = channels(y), .kernel = kernel, .stride = stride,
                .groups = DEPTHWISE);
    y = nn_activation(g, nn_batchnorm(g, "bn2", y, .eps = 1e-3), ACTIVATION_SILU);
    s = nn_linear(g, "se.reduce", nn_global_avgpool(g, y), .out = 3, .as_conv = true);
    s = nn_linear(g, "se.expand", nn_activation(g, s, ACTIVATION_SILU), .out = channels(y),
                  .as_conv = true);
    y = nn_scale_channels(g, y, nn_activation(g, s, ACTIVATION_SIGMOID));
    y = nn_batchnorm(g, "bn3", nn_conv(g, "conv_pwl", y, .out = channels(x)));
    return stride == 1 ? nn_add(g, nn_drop_path(g, y, 0.2), x) : y;
}

static void build_mobile(struct graph *g, uint64_t seed, struct net *net)
{
    struct value *image = graph_input(g, "image", SHAPE(3, 3, 8, 9), DTYPE_F32), *x;

    (void)seed;
    x = nn_batchnorm(g, "bn0", nn_conv(g, "stem", image, .out = 4, .kernel = 3));
    x = nn_activation(g, x, ACTIVATION_SILU);
    for (int i = 0; i < 3; i++) {
        graph_enter(g, "blocks.%d", i);
        x = mobile_block(g, x, i ? 3 : 5, i == 1 ? 2 : 1);
        graph_leave(g);
    }
    x = nn_dropout(g, nn_global_avgpool(g, x), 0.3);
    net_finish(g, image, nn_linear(g, "classifier", x, .out = 5), net);
}

TEST(the_gradient_of_a_mobile_network_is_its_slope)
{
    static const char *const parts[] = { "stem.weight", "blocks.0.conv_dw.weight",
                                         "blocks.0.bn1.weight", "blocks.0.bn2.bias",
                                         "blocks.1.conv_dw.weight", "blocks.1.se.reduce.weight",
                                         "blocks.1.se.expand.bias", "blocks.2.conv_pw.weight",
                                         "blocks.2.bn3.weight", "classifier.weight", NULL };

    check_network(build_mobile, parts);
}

static void build_transformer(struct graph *g, uint64_t seed, struct net *net)
{
    struct value *image = graph_input(g, "image", SHAPE(2, 3, 6, 9), DTYPE_F32), *x, *y;
    struct init init = { INIT_TRUNCATED_NORMAL, 0.02 };

    (void)seed;
    x = nn_to_tokens(g, nn_conv(g, "patch_embed.proj", image, .out = 12, .kernel = 3, .stride = 3,
                                .pad = NO_PAD, .bias = true));
    x = nn_prepend_token(g, x, graph_parameter(g, "cls_token", SHAPE(1, 1, 12), init));
    x = nn_add_samples(g, x, graph_parameter(g, "pos_embed", SHAPE(1, 7, 12), init));
    for (int i = 0; i < 2; i++) {
        graph_enter(g, "blocks.%d", i);
        y = nn_linear(g, "attn.qkv", nn_layernorm(g, "norm1", x, 1e-6), .out = 36);
        y = nn_linear(g, "attn.proj", nn_attention(g, y, 3), .out = 12);
        x = nn_add(g, x, nn_drop_path(g, nn_layer_scale(g, "ls1.gamma", y, 0.5), 0.2));
        y = nn_linear(g, "mlp.fc1", nn_layernorm(g, "norm2", x, 1e-6), .out = 20);
        y = nn_linear(g, "mlp.fc2", nn_activation(g, y, ACTIVATION_GELU), .out = 12);
        x = nn_add(g, x, nn_dropout(g, y, 0.2));
        graph_leave(g);
    }
    x = nn_slice(g, nn_layernorm(g, "norm", x, 1e-6), 1, 0, 1);
    net_finish(g, image, nn_linear(g, "head", nn_reshape(g, x, SHAPE(2, 12)), .out = 5), net);
}

TEST(the_gradient_of_a_transformer_is_its_slope)
{
    static const char *const parts[] = { "patch_embed.proj.weight", "patch_embed.proj.bias",
                                         "cls_token", "pos_embed", "blocks.0.norm1.weight",
                                         "blocks.0.attn.qkv.weight", "blocks.0.attn.qkv.bias",
                                         "blocks.1.attn.proj.weight", "blocks.0.ls1.gamma",
                                         "blocks.1.mlp.fc1.weight", "blocks.0.mlp.fc2.bias",
                                         "norm.bias", "head.weight", NULL };

    check_network(build_transformer, parts);
}

TEST(the_gradient_of_random_networks_is_their_slope)
{
    struct device *device = device_reference_open(true);

    for (uint64_t seed = 9000; seed < 9120; seed++) {
        struct planned_options options = { .build = random_smooth_graph_build, .seed = seed,
                                           .passes = seed % 2 ? PASSES_ALL : 0 };
        struct planned planned;

        planned_init(&planned, device, &options);
        check_walk(&(struct walk){ &planned, seed, NULL });
        check_walk(&(struct walk){ &planned, seed, "layer" });
        planned_release(&planned);
    }
    device_close(device);
}

/* --- what gets none --------------------------------------------------------------------------- */

static void build_half_frozen(struct graph *g, uint64_t seed, struct net *net)
{
    build_residual(g, seed, net);
    for (int i = 0; i < g->value_count; i++)
        if (g->values[i]->kind == VALUE_PARAMETER)
            g->values[i]->frozen = !strstr(g->values[i]->name, "layer2") &&
                                   !strstr(g->values[i]->name, "fc");
}

TEST(frozen_parameters_get_no_gradient_and_change_no_other)
{
    struct device *device = device_reference_open(true);
    struct planned_options options = { .build = build_residual, .seed = 1, .passes = PASSES_ALL };
    struct planned all, half;
    int compared = 0;

    planned_init(&all, device, &options);
    planned_run(&all, RUN_PLAIN);
    options.build = build_half_frozen;
    planned_init(&half, device, &options);
    planned_run(&half, RUN_PLAIN);
    CHECK(plan_step_count(half.plan) < plan_step_count(all.plan));
    for (int i = 0; i < half.weights.count; i++) {
        const struct weight *weight = &half.weights.items[i], *same;

        if (weight->segment != SEGMENT_PARAMETERS)
            continue;
        CHECK(planned_has_gradient(&half, weight) == !weight->frozen);
        same = weights_find(&all.weights, weight->name);
        for (int64_t k = 0; !weight->frozen && k < shape_count(&weight->shape); k++, compared++)
            CHECK_NEAR(numbers_of_weight(&half.gradients, weight)[k],
                       numbers_of_weight(&all.gradients, same)[k], 1e-12);
    }
    CHECK(compared > 500);
    planned_release(&half);
    planned_release(&all);
    device_close(device);
}
