/* convnext.c - ConvNeXt (Liu et al. 2022). */

#include "models/model.h"

struct convnext {
    int depth[4], width[4];
};

#define NORM_EPS 1e-6
static const struct init trunc_002 = { INIT_TRUNCATED_NORMAL, 0.02 };

/* Layer norm over the channels of an image. */
static struct value *norm_image(struct graph *g, const char *name, struct value *x)
{
    int height = x ? (int)x->shape.dim[2] : 0, width = x ? (int)x->shape.dim[3] : 0;

    return nn_from_tokens(g, nn_layernorm(g, name, nn_to_tokens(g, x), NORM_EPS), height, width);
}

static struct value *block(struct graph *g, struct value *x, double drop_path)
{
    int width = channels(x), height = x ? (int)x->shape.dim[2] : 0;
    int columns = x ? (int)x->shape.dim[3] : 0;
    struct value *gamma =
        graph_parameter(g, "gamma", SHAPE(width), (struct init){ INIT_CONSTANT, 1e-6 });
    struct value *y = nn_conv(g, "conv_dw", x, .out = width, .kernel = 7, .groups = DEPTHWISE,
                              .bias = true, .init = trunc_002);

    y = nn_layernorm(g, "norm", nn_to_tokens(g, y), NORM_EPS);
    y = nn_linear(g, "mlp.fc1", y, .out = 4 * width, .init = trunc_002);
    y = nn_activation(g, y, ACTIVATION_GELU);
    y = nn_linear(g, "mlp.fc2", y, .out = width, .init = trunc_002);
    y = GRAPH_APPLY(g, &op_scale_last, "gamma", NULL, y, gamma);
    y = nn_drop_path(g, nn_from_tokens(g, y, height, columns), drop_path);
    return nn_add(g, y, x);
}

static struct value *build(struct graph *g, struct value *image,
                           const struct model_options *options, const void *config)
{
    const struct convnext *c = config;
    int total = c->depth[0] + c->depth[1] + c->depth[2] + c->depth[3], done = 0;
    struct value *x = nn_conv(g, "stem.0", image, .out = c->width[0], .kernel = 4, .stride = 4,
                              .pad = NO_PAD, .bias = true, .init = trunc_002);

    x = norm_image(g, "stem.1", x);
    for (int stage = 0; stage < 4; stage++) {
        graph_enter(g, "stages.%d", stage);
        if (stage) {
            x = norm_image(g, "downsample.0", x);
            x = nn_conv(g, "downsample.1", x, .out = c->width[stage], .kernel = 2, .stride = 2,
                        .pad = NO_PAD, .bias = true, .init = trunc_002);
        }
        for (int i = 0; i < c->depth[stage]; i++) {
            graph_enter(g, "blocks.%d", i);
            x = block(g, x, options->drop_path_rate * done++ / (total - 1));
            graph_leave(g);
        }
        graph_leave(g);
    }
    graph_enter(g, "head");
    x = nn_layernorm(g, "norm", nn_global_avgpool(g, x), NORM_EPS);
    x = nn_linear(g, "fc", nn_dropout(g, x, options->drop_rate), .out = options->classes,
                  .init = trunc_002);
    graph_leave(g);
    return x;
}

const struct model model_convnext_tiny = {
    .name = "convnext_tiny", .display_name = "ConvNeXt Tiny",
    .description = "A convolutional network with the design of a transformer.",
    .paper = "Liu et al. 2022, arXiv:2201.03545", .parameters = 28589128, .image_size = 224,
    .size_multiple = 1, .smallest_size = 32, .recommended_batch = 16,
    .recommended_learning_rate = 5e-4, .head = "head.fc", .stem = "stem.0.weight",
    .tags = "cnn modern", .build = build,
    .config = &(const struct convnext){ { 3, 3, 9, 3 }, { 96, 192, 384, 768 } },
};
