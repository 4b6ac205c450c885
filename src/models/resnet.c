/* resnet.c - ResNet (He et al. 2015), in the v1.5 form: the stride sits on the 3x3.  The last
 * batch norm of each block starts at zero, so that blocks start as the identity (Goyal et al.
 * 2017). */

#include "models/model.h"

struct resnet {
    bool bottleneck;
    int depth[4]; /* blocks per stage */
};

static struct value *shortcut(struct graph *g, struct value *x, int out, int stride)
{
    if (stride == 1 && channels(x) == out)
        return x;
    x = nn_conv(g, "downsample.0", x, .out = out, .stride = stride);
    return nn_batchnorm(g, "downsample.1", x);
}

static struct value *conv_norm(struct graph *g, const char *conv, const char *norm,
                               struct value *x, int out, int kernel, int stride)
{
    x = nn_conv(g, conv, x, .out = out, .kernel = kernel, .stride = stride);
    return nn_activation(g, nn_batchnorm(g, norm, x), ACTIVATION_RELU);
}

static struct value *block(struct graph *g, struct value *x, int width, int stride, bool bottleneck,
                           double drop_path)
{
    int out = bottleneck ? width * 4 : width;
    struct value *y;

    if (bottleneck) {
        y = conv_norm(g, "conv1", "bn1", x, width, 1, 1);
        y = conv_norm(g, "conv2", "bn2", y, width, 3, stride);
        y = nn_batchnorm(g, "bn3", nn_conv(g, "conv3", y, .out = out), .zero_gamma = true);
    } else {
        y = conv_norm(g, "conv1", "bn1", x, width, 3, stride);
        y = nn_conv(g, "conv2", y, .out = out, .kernel = 3);
        y = nn_batchnorm(g, "bn2", y, .zero_gamma = true);
    }
    y = nn_drop_path(g, y, drop_path);
    return nn_activation(g, nn_add(g, y, shortcut(g, x, out, stride)), ACTIVATION_RELU);
}

static struct value *build(struct graph *g, struct value *image,
                           const struct model_options *options, const void *config)
{
    const struct resnet *r = config;
    int total = r->depth[0] + r->depth[1] + r->depth[2] + r->depth[3], index = 0;
    struct value *x = conv_norm(g, "conv1", "bn1", image, 64, 7, 2);

    x = nn_maxpool(g, x, .kernel = 3, .stride = 2, .pad = 1);
    for (int stage = 0; stage < 4; stage++)
        for (int i = 0; i < r->depth[stage]; i++, index++) {
            int stride = stage > 0 && i == 0 ? 2 : 1;

            graph_enter(g, "layer%d.%d", stage + 1, i);
            x = block(g, x, 64 << stage, stride, r->bottleneck,
                      options->drop_path_rate * index / (total - 1));
            graph_leave(g);
        }
    x = nn_dropout(g, nn_global_avgpool(g, x), options->drop_rate);
    return nn_linear(g, "fc", x, .out = options->classes, .bias_bound = BIAS_DEFAULT);
}

/* clang-format off */
#define RESNET(layers, is_bottleneck, count, batch_, ...)                                        \
    const struct model model_resnet##layers = {                                                  \
        .name = "resnet" #layers, .display_name = "ResNet-" #layers,                             \
        .description = "Residual network with " #layers " layers: the standard baseline.",       \
        .paper = "He et al. 2015, arXiv:1512.03385", .parameters = count, .image_size = 224,     \
        .size_multiple = 1, .smallest_size = 32, .recommended_batch = batch_,                    \
        .recommended_learning_rate = 1e-3, .head = "fc", .stem = "conv1.weight",                 \
        .tags = "cnn residual baseline", .build = build,                                         \
        .config = &(const struct resnet){ is_bottleneck, { __VA_ARGS__ } },                      \
    }

RESNET(18,  false, 11689512, 32, 2, 2, 2, 2);
RESNET(34,  false, 21797672, 32, 3, 4, 6, 3);
RESNET(50,  true,  25557032, 16, 3, 4, 6, 3);
RESNET(101, true,  44549160, 16, 3, 4, 23, 3);
