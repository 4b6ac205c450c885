/* layers_plain.c - layers without parameters; see layers.h.  Their nodes are named after the
 * scope they stand in. */

#include "nn/layers.h"

/* --- elementwise ----------------------------------------------------------------------------- */

struct value *nn_activation(struct graph *g, struct value *x, enum activation kind)
{
    struct activation_attributes attributes = { .kind = (int)kind };

    return kind == ACTIVATION_NONE ? x : GRAPH_APPLY(g, &op_activation, "", &attributes, x);
}

struct value *nn_add(struct graph *g, struct value *a, struct value *b)
{
    return GRAPH_APPLY(g, &op_add, "", NULL, a, b);
}

struct value *nn_mul(struct graph *g, struct value *a, struct value *b)
{
    return GRAPH_APPLY(g, &op_mul, "", NULL, a, b);
}

struct value *nn_scale_channels(struct graph *g, struct value *x, struct value *s)
{
    return GRAPH_APPLY(g, &op_scale_channels, "", NULL, x, s);
}

struct value *nn_add_samples(struct graph *g, struct value *x, struct value *b)
{
    return GRAPH_APPLY(g, &op_add_samples, "", NULL, x, b);
}

/* --- random ---------------------------------------------------------------------------------- */

struct value *nn_dropout(struct graph *g, struct value *x, double rate)
{
    struct random_attributes attributes = { .rate = rate };

    return rate == 0 ? x : GRAPH_APPLY(g, &op_dropout, "", &attributes, x);
}

struct value *nn_drop_path(struct graph *g, struct value *x, double rate)
{
    struct random_attributes attributes = { .rate = rate };
    struct value *mask;

    if (rate == 0)
        return x;
    if (!x || !x->shape.rank)
        return graph_fail(g, "drop path: there is no input");
    attributes.count = (int)x->shape.dim[0];
    mask = graph_apply(g, &op_drop_path_mask, "", NULL, 0, &attributes);
    return GRAPH_APPLY(g, &op_scale_samples, "", NULL, x, mask);
}

/* --- shapes ---------------------------------------------------------------------------------- */

struct value *nn_concat(struct graph *g, int axis, struct value *const *xs, int count)
{
    struct concat_attributes attributes = { .axis = axis };

    if (count < 1 || count > NODE_MAX_INPUTS)
        return graph_fail(g, "concat: takes 1 to %d values, not %d", NODE_MAX_INPUTS, count);
    return graph_apply(g, &op_concat, "", xs, count, &attributes);
}

struct value *nn_slice(struct graph *g, struct value *x, int axis, int begin, int end)
{
    struct slice_attributes attributes = { .axis = axis, .begin = begin, .end = end };

    return GRAPH_APPLY(g, &op_slice, "", &attributes, x);
}

struct value *nn_reshape(struct graph *g, struct value *x, struct shape shape)
{
    struct reshape_attributes attributes = { .rank = shape.rank };

    for (int i = 0; i < shape.rank; i++)
        attributes.dim[i] = (int)shape.dim[i];
    return GRAPH_APPLY(g, &op_reshape, "", &attributes, x);
}

struct value *nn_transpose(struct graph *g, struct value *x, const int *order)
{
    struct transpose_attributes attributes = { { 0 } };

    for (int i = 0; x && i < x->shape.rank; i++)
        attributes.order[i] = order[i];
    return GRAPH_APPLY(g, &op_transpose, "", &attributes, x);
}

struct value *nn_to_tokens(struct graph *g, struct value *x)
{
    return GRAPH_APPLY(g, &op_to_tokens, "", NULL, x);
}

struct value *nn_from_tokens(struct graph *g, struct value *x, int height, int width)
{
    struct reshape_attributes attributes = { .rank = 4, .dim = { 0, 0, height, width } };

    return GRAPH_APPLY(g, &op_from_tokens, "", &attributes, x);
}

struct value *nn_prepend_token(struct graph *g, struct value *x, struct value *token)
{
    return GRAPH_APPLY(g, &op_prepend_token, "", NULL, x, token);
}

/* --- pooling and resizing -------------------------------------------------------------------- */

static struct value *pool(struct graph *g, const struct op *op, struct value *x,
                          const struct pool *opt)
{
    int stride = opt->stride ? opt->stride : opt->kernel;
    struct pool_attributes attributes = { .kernel = { opt->kernel, opt->kernel },
                                          .stride = { stride, stride },
                                          .pad = { opt->pad, opt->pad } };

    return GRAPH_APPLY(g, op, "", &attributes, x);
}

struct value *nn_maxpool_with(struct graph *g, struct value *x, const struct pool *opt)
{
    return pool(g, &op_max_pool, x, opt);
}

struct value *nn_avgpool_with(struct graph *g, struct value *x, const struct pool *opt)
{
    return pool(g, &op_avg_pool, x, opt);
}

struct value *nn_global_avgpool(struct graph *g, struct value *x)
{
    return GRAPH_APPLY(g, &op_global_avg_pool, "", NULL, x);
}

struct value *nn_upsample(struct graph *g, struct value *x, int factor)
{
    struct upsample_attributes attributes = { .factor = factor };

    return factor == 1 ? x : GRAPH_APPLY(g, &op_upsample, "", &attributes, x);
}

/* --- products and losses --------------------------------------------------------------------- */

struct value *nn_softmax(struct graph *g, struct value *x)
{
    return GRAPH_APPLY(g, &op_softmax, "", NULL, x);
}

struct value *nn_matmul(struct graph *g, struct value *a, struct value *b, bool transpose_a,
                        bool transpose_b, double scale)
{
    struct matmul_attributes attributes = { transpose_a, transpose_b, scale };

    return GRAPH_APPLY(g, &op_matmul, "", &attributes, a, b);
}

struct value *nn_attention(struct graph *g, struct value *qkv, int heads)
{
    struct attention_attributes attributes = { .heads = heads };

    return GRAPH_APPLY(g, &op_attention, "", &attributes, qkv);
}

struct value *nn_softmax_cross_entropy(struct graph *g, struct value *logits, struct value *target,
                                       struct value **per_sample, struct value **probability)
{
    struct node *node = graph_node(g, &op_softmax_cross_entropy, "loss",
                                   (struct value *[]){ logits, target }, 2, NULL);

    if (per_sample)
        *per_sample = node ? node->outputs[1] : NULL;
    if (probability)
        *probability = node ? node->outputs[2] : NULL;
    return node ? node->outputs[0] : NULL;
}
