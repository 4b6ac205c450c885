/* vit.c - Vision Transformer (Dosovitskiy et al. 2020), class-token form, with the training sizes
 * of DeiT (Touvron et al. 2020). */

#include "models/model.h"

#include <math.h>

struct vit {
    int width, depth, heads, patch;
};

#define NORM_EPS 1e-6
static const struct init trunc_002 = { INIT_TRUNCATED_NORMAL, 0.02 };

static struct value *block(struct graph *g, struct value *x, const struct vit *v, double drop_path)
{
    struct value *y = nn_layernorm(g, "norm1", x, NORM_EPS);

    y = nn_linear(g, "attn.qkv", y, .out = 3 * v->width, .init = trunc_002);
    y = nn_linear(g, "attn.proj", nn_attention(g, y, v->heads), .out = v->width, .init = trunc_002);
    x = nn_add(g, x, nn_drop_path(g, y, drop_path));

    y = nn_layernorm(g, "norm2", x, NORM_EPS);
    y = nn_linear(g, "mlp.fc1", y, .out = 4 * v->width, .init = trunc_002);
    y = nn_linear(g, "mlp.fc2", nn_activation(g, y, ACTIVATION_GELU), .out = v->width,
                  .init = trunc_002);
    return nn_add(g, x, nn_drop_path(g, y, drop_path));
}

/* The patch projection keeps the initialization of a plain convolution. */
static struct value *patches(struct graph *g, struct value *image, const struct vit *v)
{
    double bound = 1 / sqrt(3.0 * v->patch * v->patch);
    struct value *x = nn_conv(g, "patch_embed.proj", image, .out = v->width, .kernel = v->patch,
                              .stride = v->patch, .pad = NO_PAD, .bias = true,
                              .init = { INIT_UNIFORM, bound });
    struct value *bias = graph_find(g, "patch_embed.proj.bias");

    if (bias)
        bias->init = (struct init){ INIT_UNIFORM, bound };
    return nn_to_tokens(g, x);
}

static struct value *build(struct graph *g, struct value *image,
                           const struct model_options *options, const void *config)
{
    const struct vit *v = config;
    int side = options->image_size / v->patch;
    struct value *token = graph_parameter(g, "cls_token", SHAPE(1, 1, v->width),
                                          (struct init){ INIT_NORMAL, 1e-6 });
    struct value *position = graph_parameter(g, "pos_embed", SHAPE(1, side * side + 1, v->width),
                                             trunc_002);
    struct value *x;

    if (!token || !position)
        return NULL;
    token->decay = position->decay = false;
    x = nn_add_samples(g, nn_prepend_token(g, patches(g, image, v), token), position);
    for (int i = 0; i < v->depth; i++) {
        graph_enter(g, "blocks.%d", i);
        x = block(g, x, v, options->drop_path_rate * i / (v->depth - 1));
        graph_leave(g);
    }
    x = nn_slice(g, nn_layernorm(g, "norm", x, NORM_EPS), 1, 0, 1);
    x = nn_reshape(g, x, SHAPE(options->batch, v->width));
    return nn_linear(g, "head", nn_dropout(g, x, options->drop_rate), .out = options->classes,
                     .init = trunc_002);
}

/* clang-format off */
#define VIT(size, shown, count, batch_, ...)                                                     \
    const struct model model_vit_##size##_patch16_224 = {                                        \
        .name = "vit_" #size "_patch16_224", .alias = "vit_" #size,                              \
        .display_name = "ViT " shown "/16",                                                      \
        .description = "Transformer over 16x16 patches: strong with pretrained weights.",        \
        .paper = "Dosovitskiy et al. 2020, arXiv:2010.11929", .parameters = count,               \
        .image_size = 224, .size_multiple = 16, .smallest_size = 32, .recommended_batch = batch_,\
        .recommended_learning_rate = 5e-4, .head = "head", .stem = "patch_embed.proj.weight",    \
        .tags = "transformer attention", .build = build,                                         \
        .config = &(const struct vit){ __VA_ARGS__ },                                            \
    }

VIT(tiny,  "Tiny",  5717416,  32, 192, 12, 3,  16);
VIT(small, "Small", 22050664, 16, 384, 12, 6,  16);
VIT(base,  "Base",  86567656, 8,  768, 12, 12, 16);
