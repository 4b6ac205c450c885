/* model_pebble.c - a model as one file and one row; it uses the op of op_softsign.c. */

#include "models/model.h"
#include "nn/ops.h"

static struct value *build(struct graph *g, struct value *image,
                           const struct model_options *options, const void *config)
{
    struct value *x = image;

    (void)config;
    for (int i = 0; i < 2; i++) {
        graph_enter(g, "stage%d", i);
        x = nn_conv(g, "conv", x, .out = 16 << i, .kernel = 3, .stride = 2);
        x = GRAPH_APPLY(g, &op_softsign, "act", NULL, nn_batchnorm(g, "bn", x));
        graph_leave(g);
    }
    return nn_linear(g, "fc", nn_global_avgpool(g, x), .out = options->classes);
}

const struct model model_pebble = {
    .name = "pebble",
    .display_name = "Pebble",
    .description = "Two convolutions, to show how a model is added.",
    .paper = "none",
    .parameters = 38160,
    .image_size = 32,
    .size_multiple = 1,
    .smallest_size = 8,
    .recommended_batch = 32,
    .recommended_learning_rate = 1e-2,
    .head = "fc",
    .stem = "stage0.conv.weight",
    .tags = "cnn",
    .build = build,
};
