/* random_graph_support.c - see random_graph_support.h. */

#include "nn/random_graph_support.h"

#include "base/rng.h"
#include "nn/layers.h"

#define MAX_POOL 64
#define MAX_CHANNELS 48

struct maker {
    struct graph *g;
    struct rng rng;
    bool smooth;
    struct value *pool[MAX_POOL]; /* what layers may read, oldest first */
    int pool_count;
};

/* Appends a layer behind x; NULL when it does not go with x's shape. */
typedef struct value *make_fn(struct maker *m, struct value *x);

static int between(struct maker *m, int low, int high)
{
    return low + (int)rng_below(&m->rng, (uint32_t)(high - low + 1));
}

static bool chance(struct maker *m, int percent)
{
    return between(m, 0, 99) < percent;
}

static int side(const struct value *x, int axis)
{
    return (int)x->shape.dim[axis];
}

static int smaller_side(const struct value *x)
{
    return side(x, 2) < side(x, 3) ? side(x, 2) : side(x, 3);
}

static int channel_count(struct maker *m)
{
    return chance(m, 25) ? between(m, 1, 33) : between(m, 1, 9);
}

/* A divisor of n, small ones more often. */
static int divisor(struct maker *m, int n)
{
    int found;

    do
        found = between(m, 1, n < 8 ? n : 8);
    while (n % found);
    return found;
}

/* Later layers may read it. */
static void offer(struct maker *m, struct value *x)
{
    if (x && m->pool_count < MAX_POOL)
        m->pool[m->pool_count++] = x;
}

/* Another value of the same shape, or NULL. */
static struct value *partner(struct maker *m, const struct value *x)
{
    int start = between(m, 0, m->pool_count - 1);

    for (int i = 0; i < m->pool_count; i++) {
        struct value *other = m->pool[(start + i) % m->pool_count];

        if (other != x && shape_equal(&other->shape, &x->shape))
            return other;
    }
    return NULL;
}

/* --- everywhere ------------------------------------------------------------------------------- */

static struct value *make_activation(struct maker *m, struct value *x)
{
    static const enum activation smooth[] = { ACTIVATION_SILU, ACTIVATION_GELU, ACTIVATION_SIGMOID,
                                              ACTIVATION_TANH };

    if (m->smooth)
        return nn_activation(m->g, x, smooth[between(m, 0, 3)]);
    return nn_activation(m->g, x, chance(m, 40) ? ACTIVATION_RELU
                                                : (enum activation)between(m, ACTIVATION_RELU,
                                                                           ACTIVATION_TANH));
}

static struct value *make_add(struct maker *m, struct value *x)
{
    struct value *other = chance(m, 10) ? x : partner(m, x);

    return !other ? NULL : chance(m, 50) ? nn_add(m->g, x, other) : nn_add(m->g, other, x);
}

/* One factor is bounded, so that products of products do not explode. */
static struct value *make_mul(struct maker *m, struct value *x)
{
    struct value *other = chance(m, 10) ? x : partner(m, x);

    return other ? nn_mul(m->g, x, nn_activation(m->g, other, ACTIVATION_SIGMOID)) : NULL;
}

static struct value *make_dropout(struct maker *m, struct value *x)
{
    return nn_dropout(m->g, x, 0.1 * between(m, 1, 5));
}

static struct value *make_drop_path(struct maker *m, struct value *x)
{
    return nn_drop_path(m->g, x, 0.25);
}

/* --- images ----------------------------------------------------------------------------------- */

static struct value *make_conv(struct maker *m, struct value *x)
{
    static const int kernels[] = { 1, 1, 3, 3, 3, 5 };
    struct conv opt = { .kernel = kernels[between(m, 0, 5)], .bias = chance(m, 30) };

    opt.groups = chance(m, 20) ? divisor(m, channels(x)) : 1;
    opt.out = chance(m, 50) ? channels(x) : opt.groups * ((channel_count(m) - 1) / opt.groups + 1);
    opt.stride = chance(m, 20) && smaller_side(x) > 3 ? 2 : 1;
    if (opt.kernel == 3 && chance(m, 10) && smaller_side(x) > 4)
        opt.dilation = 2;
    else if (chance(m, 10) && smaller_side(x) > opt.kernel)
        opt.pad = NO_PAD;
    return nn_conv_with(m->g, "conv", x, &opt);
}

static struct value *make_depthwise(struct maker *m, struct value *x)
{
    return nn_conv(m->g, "depthwise", x, .out = channels(x), .kernel = chance(m, 70) ? 3 : 5,
                   .stride = chance(m, 25) && smaller_side(x) > 3 ? 2 : 1, .groups = DEPTHWISE,
                   .bias = chance(m, 15));
}

/* Statistics of a few numbers are too badly conditioned to compare anything behind them. */
static bool can_norm(const struct value *x)
{
    return x && side(x, 0) * side(x, 2) * side(x, 3) >= 12;
}

static struct value *batch_norm(struct maker *m, const char *name, struct value *x)
{
    return nn_batchnorm(m->g, name, x, .eps = chance(m, 30) ? 1e-3 : 0,
                        .momentum = chance(m, 30) ? 0.03 : 0);
}

static struct value *make_batch_norm(struct maker *m, struct value *x)
{
    return can_norm(x) ? batch_norm(m, "bn", x) : NULL;
}

/* The ways in which a norm, an activation and a residual follow each other. */
static struct value *make_residual(struct maker *m, struct value *x)
{
    struct value *y = nn_conv(m->g, "conv1", x, .out = channels(x), .kernel = 3), *shortcut = x;

    if (!can_norm(x))
        return NULL;
    y = batch_norm(m, "bn1", y);
    if (chance(m, 25))
        shortcut = batch_norm(m, "bn2", nn_conv(m->g, "conv2", x, .out = channels(x)));
    if (chance(m, 30))
        y = make_activation(m, y);
    y = chance(m, 50) ? nn_add(m->g, y, shortcut) : nn_add(m->g, shortcut, y);
    return chance(m, 70) ? make_activation(m, y) : y;
}

/* Expansion, depthwise convolution, projection: what fuse_depthwise looks for, or nearly. */
static struct value *make_mobile(struct maker *m, struct value *x)
{
    int width = chance(m, 50) ? 2 * channels(x) : channel_count(m);
    int stride = chance(m, 25) && can_norm(x) && smaller_side(x) > 6 ? 2 : 1;
    struct value *y;

    if (!can_norm(x))
        return NULL;
    y = nn_conv(m->g, "expand", x, .out = width < MAX_CHANNELS ? width : MAX_CHANNELS);
    y = batch_norm(m, "bn1", y);
    if (chance(m, 80))
        y = make_activation(m, y);
    if (chance(m, 15)) /* a second reader: no longer fusable */
        offer(m, y);
    y = nn_conv(m->g, "depthwise", y, .out = channels(y), .kernel = chance(m, 60) ? 3 : 5,
                .stride = stride, .groups = DEPTHWISE);
    if (!can_norm(y))
        return y;
    if (chance(m, 15))
        offer(m, y);
    y = batch_norm(m, "bn2", y);
    if (chance(m, 80))
        y = make_activation(m, y);
    y = nn_conv(m->g, "project", y, .out = channels(x));
    y = batch_norm(m, "bn3", y);
    return stride == 1 && chance(m, 70) ? nn_add(m->g, y, x) : y;
}

static struct value *make_squeeze(struct maker *m, struct value *x)
{
    struct value *s = nn_global_avgpool(m->g, x);

    s = nn_linear(m->g, "reduce", s, .out = between(m, 1, 5), .as_conv = chance(m, 50));
    s = nn_linear(m->g, "expand", make_activation(m, s), .out = channels(x));
    s = nn_activation(m->g, s, m->smooth || chance(m, 50) ? ACTIVATION_SIGMOID
                                                          : ACTIVATION_HARD_SIGMOID);
    return nn_scale_channels(m->g, x, s);
}

static struct value *make_group_norm(struct maker *m, struct value *x)
{
    int groups = divisor(m, channels(x));

    if (channels(x) / groups * side(x, 2) * side(x, 3) < 12)
        return NULL;
    return nn_groupnorm(m->g, "gn", x, groups, 0);
}

static struct value *make_max_pool(struct maker *m, struct value *x)
{
    int kernel = between(m, 2, 3);

    if (smaller_side(x) < kernel)
        return NULL;
    return nn_maxpool(m->g, x, .kernel = kernel, .stride = between(m, 1, 2),
                      .pad = kernel == 3 && chance(m, 60));
}

static struct value *make_avg_pool(struct maker *m, struct value *x)
{
    int kernel = between(m, 2, 3);

    if (smaller_side(x) < kernel)
        return NULL;
    return nn_avgpool(m->g, x, .kernel = kernel, .stride = between(m, 1, 2),
                      .pad = kernel == 3 && chance(m, 40));
}

static struct value *make_concat(struct maker *m, struct value *x)
{
    struct value *xs[3] = { x };
    int count = 1, sum = channels(x);

    for (int tries = 0; tries < 8 && count < 3; tries++) {
        struct value *other = m->pool[between(m, 0, m->pool_count - 1)];

        if (other->shape.rank == 4 && side(other, 2) == side(x, 2) &&
            side(other, 3) == side(x, 3) && sum + channels(other) <= MAX_CHANNELS) {
            xs[count++] = other;
            sum += channels(other);
        }
    }
    return count > 1 ? nn_concat(m->g, 1, xs, count) : NULL;
}

static struct value *make_slice(struct maker *m, struct value *x)
{
    int axis = chance(m, 70) ? 1 : between(m, 1, x->shape.rank - 1), size = side(x, axis), begin;

    if (size < 2 || (axis > 1 && size < 5))
        return NULL;
    begin = between(m, 0, size / 2);
    return nn_slice(m->g, x, axis, begin, between(m, begin + 1, size));
}

static struct value *make_upsample(struct maker *m, struct value *x)
{
    return side(x, 2) * side(x, 3) > 30 ? NULL : nn_upsample(m->g, x, 2);
}

static struct value *make_to_tokens(struct maker *m, struct value *x)
{
    return nn_to_tokens(m->g, x);
}

static struct value *make_flat(struct maker *m, struct value *x)
{
    return nn_reshape(m->g, x, SHAPE(side(x, 0), channels(x), side(x, 2) * side(x, 3)));
}

/* --- tokens and vectors ----------------------------------------------------------------------- */

static struct value *make_linear(struct maker *m, struct value *x)
{
    return nn_linear(m->g, "fc", x, .out = chance(m, 50) ? channels(x) : channel_count(m),
                     .no_bias = chance(m, 25), .as_conv = chance(m, 20));
}

static struct value *make_layer_norm(struct maker *m, struct value *x)
{
    if (channels(x) < 5) /* a few numbers are badly conditioned, as with batch norms */
        x = nn_linear(m->g, "widen", x, .out = between(m, 5, 20));
    return nn_layernorm(m->g, "ln", x, 0);
}

static struct value *make_layer_scale(struct maker *m, struct value *x)
{
    return nn_layer_scale(m->g, "gamma", x, 0.5);
}

static struct value *make_attention(struct maker *m, struct value *x)
{
    int heads = between(m, 1, 3), width = heads * between(m, 1, 8);
    struct value *y = x;

    if (channels(x) >= 5)
        y = nn_layernorm(m->g, "norm", x, 1e-6);
    y = nn_linear(m->g, "qkv", y, .out = 3 * width, .no_bias = chance(m, 30));
    y = nn_linear(m->g, "proj", nn_attention(m->g, y, heads), .out = channels(x));
    return chance(m, 70) ? nn_add(m->g, x, y) : y;
}

static struct value *make_prepended(struct maker *m, struct value *x)
{
    struct init init = { INIT_TRUNCATED_NORMAL, 0.5 };

    return nn_prepend_token(m->g, x,
                            graph_parameter(m->g, "token", SHAPE(1, 1, channels(x)), init));
}

static struct value *make_position(struct maker *m, struct value *x)
{
    struct init init = { INIT_NORMAL, 0.5 };

    return nn_add_samples(m->g, x,
                          graph_parameter(m->g, "position",
                                          SHAPE(1, x->shape.dim[1], channels(x)), init));
}

static struct value *make_from_tokens(struct maker *m, struct value *x)
{
    int height = divisor(m, side(x, 1));

    return channels(x) > MAX_CHANNELS
               ? NULL
               : nn_from_tokens(m->g, x, height, side(x, 1) / height);
}

static struct value *make_transpose(struct maker *m, struct value *x)
{
    return nn_transpose(m->g, x, (const int[]){ 0, 2, 1 });
}

static struct value *make_gram(struct maker *m, struct value *x)
{
    bool swap = chance(m, 50);

    return side(x, swap ? 2 : 1) > 33
               ? NULL
               : nn_matmul(m->g, x, x, swap, !swap, 1.0 / side(x, swap ? 1 : 2));
}

static struct value *make_softmax(struct maker *m, struct value *x)
{
    return nn_softmax(m->g, x);
}

/* --- growing ---------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    make_fn *make;
    int least_rank, most_rank, weight;
    bool has_kinks;
} makers[] = {
    { make_activation,  2, 4, 6, false }, { make_add,         2, 4, 8, false },
    { make_mul,         2, 4, 3, false }, { make_dropout,     2, 4, 2, false },
    { make_drop_path,   2, 4, 2, false },
    { make_conv,        4, 4, 9, false }, { make_depthwise,   4, 4, 3, false },
    { make_batch_norm,  4, 4, 8, false }, { make_residual,    4, 4, 6, false },
    { make_mobile,      4, 4, 8, false }, { make_squeeze,     4, 4, 4, false },
    { make_group_norm,  4, 4, 2, false }, { make_max_pool,    4, 4, 3, true },
    { make_avg_pool,    4, 4, 2, false }, { make_concat,      4, 4, 4, false },
    { make_slice,       3, 4, 3, false }, { make_upsample,    4, 4, 2, false },
    { make_to_tokens,   4, 4, 8, false }, { make_flat,        4, 4, 1, false },
    { make_linear,      2, 3, 5, false }, { make_layer_norm,  2, 3, 4, false },
    { make_layer_scale, 2, 3, 2, false }, { make_attention,   3, 3, 6, false },
    { make_prepended,   3, 3, 2, false }, { make_position,    3, 3, 2, false },
    { make_from_tokens, 3, 3, 4, false }, { make_transpose,   3, 3, 2, false },
    { make_gram,        3, 3, 3, false }, { make_softmax,     2, 3, 1, false },
};
/* clang-format on */

#define MAKER_COUNT ((int)(sizeof(makers) / sizeof(makers[0])))

static make_fn *pick_maker(struct maker *m, const struct value *x)
{
    int rank = x->shape.rank, total = 0, at;

    for (int pass = 0; pass < 2; pass++) {
        at = pass ? between(m, 0, total - 1) : 0;
        for (int i = 0; i < MAKER_COUNT; i++) {
            if (makers[i].least_rank > rank || makers[i].most_rank < rank ||
                (m->smooth && makers[i].has_kinks))
                continue;
            total += pass ? 0 : makers[i].weight;
            at -= makers[i].weight;
            if (pass && at < 0)
                return makers[i].make;
        }
    }
    return make_activation;
}

/* The newest value mostly, so that graphs get deep; shapes too large for a fast test are left. */
static void grow(struct maker *m, int layer_count)
{
    for (int i = 0, tries = 0; i < layer_count && tries < 60; tries++) {
        struct value *x = m->pool[chance(m, 65) ? m->pool_count - 1
                                                : between(m, 0, m->pool_count - 1)];
        struct value *y;

        graph_enter(m->g, "layer%d", tries);
        y = pick_maker(m, x)(m, x);
        graph_leave(m->g);
        if (!y || shape_count(&y->shape) > 9000)
            continue;
        offer(m, y);
        i++;
    }
}

static struct value *head(struct maker *m, struct value *x, int classes)
{
    if (x->shape.rank == 4)
        x = chance(m, 70) ? nn_global_avgpool(m->g, x)
                          : nn_reshape(m->g, x, SHAPE(side(x, 0), -1));
    else if (x->shape.rank == 3 && chance(m, 50))
        x = nn_reshape(m->g, nn_slice(m->g, x, 1, 0, 1), SHAPE(side(x, 0), channels(x)));
    else if (x->shape.rank == 3)
        x = nn_reshape(m->g, x, SHAPE(side(x, 0), -1));
    return nn_linear(m->g, "head", x, .out = classes);
}

void net_finish(struct graph *g, struct value *image, struct value *logits, struct net *net)
{
    struct value *per_sample, *probability;

    *net = (struct net){ .image = image };
    if (!logits)
        return;
    net->target = graph_input(g, "target", logits->shape, DTYPE_F32);
    net->loss = nn_softmax_cross_entropy(g, logits, net->target, &per_sample, &probability);
    graph_add_output(g, net->loss);
    graph_add_output(g, per_sample);
    graph_add_output(g, probability);
}

/* With a loss, its outputs stand first, else the logits. */
static void build(struct graph *g, uint64_t seed, bool smooth, bool has_loss, struct net *net)
{
    struct maker m = { .g = g, .rng = rng_for(seed, 7, 0), .smooth = smooth };
    int classes = between(&m, 2, 7), head_count = between(&m, 1, 3);
    struct value *image, *logits = NULL;

    image = graph_input(g, "image", SHAPE(between(&m, 1, 3), between(&m, 1, 7), between(&m, 4, 9),
                                          between(&m, 4, 9)), DTYPE_F32);
    offer(&m, image);
    grow(&m, between(&m, 3, 12));
    for (int i = 0; i < head_count; i++) {
        struct value *x = m.pool[i ? between(&m, 0, m.pool_count - 1) : m.pool_count - 1], *y;

        graph_enter(g, "head%d", i);
        y = head(&m, x, classes);
        logits = logits ? nn_add(g, logits, y) : y;
        graph_leave(g);
    }
    if (has_loss) {
        net_finish(g, image, logits, net);
    } else {
        *net = (struct net){ .image = image };
        graph_add_output(g, logits);
    }
    if (m.pool_count > 1 && chance(&m, 30))
        graph_add_output(g, m.pool[between(&m, 1, m.pool_count - 1)]);
    for (int i = 0; i < g->value_count && !smooth; i++)
        g->values[i]->frozen = g->values[i]->kind == VALUE_PARAMETER && chance(&m, 8);
}

void random_graph_build(struct graph *g, uint64_t seed, struct net *net)
{
    build(g, seed, false, true, net);
}

void random_smooth_graph_build(struct graph *g, uint64_t seed, struct net *net)
{
    build(g, seed, true, true, net);
}

void random_network_build(struct graph *g, uint64_t seed, struct net *net)
{
    build(g, seed, false, false, net);
}
