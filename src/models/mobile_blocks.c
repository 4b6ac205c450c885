/* mobile_blocks.c - see mobile_blocks.h. */

#include "models/mobile_blocks.h"

#include <math.h>

struct block {
    const struct mobile_net *net;
    const struct block_row *row;
    int out, stride;
    enum activation activation;
    double drop_path;
};

int round_channels(double channel_count)
{
    int rounded = (int)(channel_count + 4) / 8 * 8;

    if (rounded < 8)
        rounded = 8;
    return rounded < 0.9 * channel_count ? rounded + 8 : rounded;
}

static struct value *norm(struct graph *g, const char *name, struct value *x,
                          enum activation activation)
{
    x = nn_batchnorm(g, name, x);
    return activation ? nn_activation(g, x, activation) : x;
}

/* Squeeze and excitation (Hu et al. 2018): scale each channel by a gate computed from all means. */
static struct value *squeeze_excite(struct graph *g, const struct block *b, struct value *x,
                                    int block_in)
{
    int reduced = b->net->squeeze_of_expanded ? round_channels(channels(x) * 0.25)
                                              : (int)round(block_in * 0.25);
    struct init reduce = { INIT_NORMAL, sqrt(2.0 / reduced) };
    struct init expand = { INIT_NORMAL, sqrt(2.0 / channels(x)) };
    struct value *s;

    graph_enter(g, "se");
    s = nn_linear(g, "conv_reduce", nn_global_avgpool(g, x), .out = reduced, .as_conv = true,
                  .init = reduce);
    s = nn_activation(g, s, b->net->squeeze_activation);
    s = nn_linear(g, "conv_expand", s, .out = channels(x), .as_conv = true, .init = expand);
    x = nn_scale_channels(g, x, nn_activation(g, s, b->net->gate));
    graph_leave(g);
    return x;
}

static struct value *conv_block(struct graph *g, const struct block *b, struct value *x)
{
    x = nn_conv(g, "conv", x, .out = b->out, .kernel = b->row->kernel, .stride = b->stride);
    return norm(g, "bn1", x, b->activation);
}

static struct value *separable_block(struct graph *g, const struct block *b, struct value *x)
{
    int in = channels(x);

    x = nn_conv(g, "conv_dw", x, .out = in, .kernel = b->row->kernel, .stride = b->stride,
                .groups = DEPTHWISE);
    x = norm(g, "bn1", x, b->activation);
    if (b->row->squeeze)
        x = squeeze_excite(g, b, x, in);
    return norm(g, "bn2", nn_conv(g, "conv_pw", x, .out = b->out), ACTIVATION_NONE);
}

static struct value *inverted_block(struct graph *g, const struct block *b, struct value *x)
{
    int in = channels(x), middle = round_channels(in * b->row->expand);

    x = norm(g, "bn1", nn_conv(g, "conv_pw", x, .out = middle), b->activation);
    x = nn_conv(g, "conv_dw", x, .out = middle, .kernel = b->row->kernel, .stride = b->stride,
                .groups = DEPTHWISE);
    x = norm(g, "bn2", x, b->activation);
    if (b->row->squeeze)
        x = squeeze_excite(g, b, x, in);
    return norm(g, "bn3", nn_conv(g, "conv_pwl", x, .out = b->out), ACTIVATION_NONE);
}

static struct value *fused_block(struct graph *g, const struct block *b, struct value *x)
{
    int middle = round_channels(channels(x) * b->row->expand);

    x = nn_conv(g, "conv_exp", x, .out = middle, .kernel = b->row->kernel, .stride = b->stride);
    x = norm(g, "bn1", x, b->activation);
    return norm(g, "bn2", nn_conv(g, "conv_pwl", x, .out = b->out), ACTIVATION_NONE);
}

static struct value *build_block(struct graph *g, const struct block *b, struct value *x)
{
    static struct value *(*const builders[])(struct graph *, const struct block *,
                                             struct value *) = {
        [BLOCK_CONV] = conv_block, [BLOCK_SEPARABLE] = separable_block,
        [BLOCK_INVERTED] = inverted_block, [BLOCK_FUSED] = fused_block,
    };
    bool skip = b->stride == 1 && channels(x) == b->out &&
                (b->row->kind != BLOCK_CONV || b->row->skip);
    struct value *y = builders[b->row->kind](g, b, x);

    return skip ? nn_add(g, nn_drop_path(g, y, b->drop_path), x) : y;
}

static int repeats(const struct mobile_net *net, const struct block_row *row)
{
    return net->depth ? (int)ceil(row->repeats * net->depth) : row->repeats;
}

static struct value *head(struct graph *g, const struct mobile_net *net, struct value *x, int out)
{
    struct init init = { INIT_NORMAL, sqrt(2.0 / out) };

    if (!net->head_after_pool) {
        x = norm(g, "bn2", nn_conv(g, "conv_head", x, .out = out), net->activation);
        return nn_global_avgpool(g, x);
    }
    x = nn_linear(g, "conv_head", nn_global_avgpool(g, x), .out = out, .as_conv = true,
                  .init = init);
    return nn_activation(g, x, net->activation);
}

struct value *mobile_net_build(struct graph *g, struct value *image,
                               const struct model_options *options, const void *config)
{
    const struct mobile_net *net = config;
    double width = net->width ? net->width : 1, outer = net->fixed_stem_head ? 1 : width;
    int total = 0, done = 0, stage = -1, index = 0;
    struct value *x;

    for (const struct block_row *row = net->rows; row->repeats; row++)
        total += repeats(net, row);
    x = nn_conv(g, "conv_stem", image, .out = round_channels(net->stem * outer), .kernel = 3,
                .stride = 2);
    x = norm(g, "bn1", x, net->activation);
    for (const struct block_row *row = net->rows; row->repeats; row++)
        for (int i = 0; i < repeats(net, row); i++) {
            struct block block = { net, row, round_channels(row->out * width),
                                   i ? 1 : row->stride,
                                   row->relu ? ACTIVATION_RELU : net->activation,
                                   options->drop_path_rate * done++ / total };

            index = row->stage == stage ? index + 1 : 0;
            stage = row->stage;
            graph_enter(g, "blocks.%d.%d", stage, index);
            x = build_block(g, &block, x);
            graph_leave(g);
        }
    x = nn_dropout(g, head(g, net, x, round_channels(net->head * outer)), options->drop_rate);
    return nn_linear(g, "classifier", x, .out = options->classes,
                     .init = { INIT_UNIFORM, 1 / sqrt(options->classes) });
}
