/* layers.c - see layers.h.  Layers with parameters; those without are in layers_plain.c. */

#include "nn/layers.h"

#include <math.h>

/* "<name>.weight"; just "weight" for a layer that is its whole scope. */
static struct value *parameter_of(struct graph *g, const char *name, const char *part,
                                  struct shape shape, struct init init)
{
    return graph_parameter(
        g, name && name[0] ? arena_printf(&g->arena, "%s.%s", name, part) : part, shape, init);
}

static struct value *state_of(struct graph *g, const char *name, const char *part,
                              struct shape shape, double start)
{
    return graph_state(
        g, name && name[0] ? arena_printf(&g->arena, "%s.%s", name, part) : part, shape, start);
}

static struct init constant(double a)
{
    return (struct init){ INIT_CONSTANT, a };
}

static bool is_default(struct init init)
{
    return init.kind == INIT_CONSTANT && init.a == 0;
}

/* --- convolution ----------------------------------------------------------------------------- */

static bool check_conv(struct graph *g, const char *name, const struct value *x,
                       const struct conv *opt, int groups)
{
    char text[SHAPE_TEXT_SIZE];

    if (!x)
        graph_fail(g, "conv '%s': there is no input", name);
    else if (x->shape.rank != 4)
        graph_fail(g, "conv '%s': the input has the shape %s, but needs 4 dimensions", name,
                   shape_text(&x->shape, text));
    else if (opt->out < 1)
        graph_fail(g, "conv '%s': %d output channels", name, opt->out);
    else if (opt->kernel < 0 || opt->stride < 0 || opt->dilation < 0 || opt->pad < NO_PAD)
        graph_fail(g, "conv '%s': a kernel of %d with stride %d, padding %d and dilation %d", name,
                   opt->kernel, opt->stride, opt->pad, opt->dilation);
    else if (groups < 1 || channels(x) % groups || opt->out % groups)
        graph_fail(g, "conv '%s': %d and %d channels cannot be split into %d groups", name,
                   channels(x), opt->out, groups);
    else
        return true;
    return false;
}

/* Uniform, or zeros. */
static struct init bias_start(double bound, double usual)
{
    return bound == 0 ? constant(0) : (struct init){ INIT_UNIFORM, bound < 0 ? usual : bound };
}

struct value *nn_conv_with(struct graph *g, const char *name, struct value *x,
                           const struct conv *opt)
{
    int kernel = opt->kernel ? opt->kernel : 1, stride = opt->stride ? opt->stride : 1;
    int dilation = opt->dilation ? opt->dilation : 1;
    int groups = opt->groups == DEPTHWISE ? channels(x) : opt->groups ? opt->groups : 1;
    int pad = opt->pad == NO_PAD ? 0 : opt->pad ? opt->pad : (kernel - 1) / 2 * dilation;
    struct conv_attributes attributes = {
        .kernel = { kernel, kernel }, .stride = { stride, stride }, .pad = { pad, pad },
        .dilation = { dilation, dilation }, .groups = groups, .has_bias = opt->bias,
    };
    struct init init = opt->init;
    struct value *weight, *bias = NULL;

    if (!check_conv(g, name, x, opt, groups))
        return NULL;
    if (is_default(init)) /* keeps the variance of gradients behind a relu (He et al. 2015) */
        init = (struct init){ INIT_NORMAL,
                              sqrt(2.0 * groups / ((double)opt->out * kernel * kernel)) };
    weight = parameter_of(g, name, "weight",
                          SHAPE(opt->out, channels(x) / groups, kernel, kernel), init);
    if (opt->bias)
        bias = parameter_of(g, name, "bias", SHAPE(opt->out),
                            bias_start(opt->bias_bound, 1 / sqrt((double)(channels(x) / groups) *
                                                                 kernel * kernel)));
    return graph_apply(g, &op_conv2d, name, (struct value *[]){ x, weight, bias },
                       opt->bias ? 3 : 2, &attributes);
}

/* The fan in is counted over the output's channels, as the peers do for their transposed layers. */
struct value *nn_conv_transpose_with(struct graph *g, const char *name, struct value *x,
                                     const struct conv *opt)
{
    int kernel = opt->kernel ? opt->kernel : 1, stride = opt->stride ? opt->stride : 1;
    struct conv_attributes attributes = { .kernel = { kernel, kernel },
                                          .stride = { stride, stride }, .dilation = { 1, 1 },
                                          .groups = 1 };
    double usual = 1 / sqrt((double)opt->out * kernel * kernel);
    struct init init = opt->init;
    struct value *weight, *y;

    if (!check_conv(g, name, x, opt, 1))
        return NULL;
    if (is_default(init))
        init = (struct init){ INIT_UNIFORM, usual };
    weight = parameter_of(g, name, "weight", SHAPE(channels(x), opt->out, kernel, kernel), init);
    y = GRAPH_APPLY(g, &op_conv_transpose2d, name, &attributes, x, weight);
    if (!opt->bias)
        return y;
    return GRAPH_APPLY(g, &op_add_channels, name, NULL, y,
                       parameter_of(g, name, "bias", SHAPE(opt->out),
                                    bias_start(opt->bias_bound, usual)));
}

/* --- linear ---------------------------------------------------------------------------------- */

struct value *nn_linear_with(struct graph *g, const char *name, struct value *x,
                             const struct linear *opt)
{
    struct linear_attributes attributes = { .has_bias = !opt->no_bias };
    struct init init = opt->init, bias_init = constant(0);
    struct value *weight, *bias = NULL;
    int64_t in;
    double usual;

    if (!x)
        return graph_fail(g, "linear '%s': there is no input", name);
    if (opt->out < 1 || !x->shape.rank)
        return graph_fail(g, "linear '%s': %d output features", name, opt->out);
    in = x->shape.dim[x->shape.rank - 1];
    usual = 1 / sqrt((double)in);
    if (is_default(init))
        init = (struct init){ INIT_UNIFORM, usual };
    if (opt->bias_bound != 0)
        bias_init = (struct init){ INIT_UNIFORM, opt->bias_bound < 0 ? usual : opt->bias_bound };
    weight = parameter_of(g, name, "weight",
                          opt->as_conv ? SHAPE(opt->out, in, 1, 1) : SHAPE(opt->out, in), init);
    if (!opt->no_bias)
        bias = parameter_of(g, name, "bias", SHAPE(opt->out), bias_init);
    return graph_apply(g, &op_linear, name, (struct value *[]){ x, weight, bias },
                       opt->no_bias ? 2 : 3, &attributes);
}

/* --- normalisation --------------------------------------------------------------------------- */

struct value *nn_batchnorm_with(struct graph *g, const char *name, struct value *x,
                                const struct batchnorm *opt)
{
    struct batch_norm_attributes attributes = {
        .eps = opt->eps > 0 ? opt->eps : 1e-5,
        .momentum = opt->momentum > 0 ? opt->momentum : 0.1,
    };
    struct shape shape = SHAPE(channels(x));
    struct value *gamma, *beta, *mean, *variance;

    if (!x)
        return graph_fail(g, "batch norm '%s': there is no input", name);
    gamma = parameter_of(g, name, "weight", shape, constant(opt->zero_gamma ? 0 : 1));
    beta = parameter_of(g, name, "bias", shape, constant(0));
    mean = state_of(g, name, "running_mean", shape, 0);
    variance = state_of(g, name, "running_var", shape, 1);
    return GRAPH_APPLY(g, &op_batch_norm, name, &attributes, x, gamma, beta, mean, variance);
}

struct value *nn_layernorm(struct graph *g, const char *name, struct value *x, double eps)
{
    struct layer_norm_attributes attributes = { .eps = eps > 0 ? eps : 1e-5 };
    struct value *gamma, *beta;
    struct shape shape;

    if (!x || !x->shape.rank)
        return graph_fail(g, "layer norm '%s': there is nothing to normalise", name);
    shape = SHAPE(x->shape.dim[x->shape.rank - 1]);
    gamma = parameter_of(g, name, "weight", shape, constant(1));
    beta = parameter_of(g, name, "bias", shape, constant(0));
    return GRAPH_APPLY(g, &op_layer_norm, name, &attributes, x, gamma, beta);
}

struct value *nn_groupnorm(struct graph *g, const char *name, struct value *x, int groups,
                           double eps)
{
    struct group_norm_attributes attributes = { .groups = groups, .eps = eps > 0 ? eps : 1e-5 };
    struct shape shape = SHAPE(channels(x));
    struct value *gamma, *beta;

    if (!x)
        return graph_fail(g, "group norm '%s': there is no input", name);
    gamma = parameter_of(g, name, "weight", shape, constant(1));
    beta = parameter_of(g, name, "bias", shape, constant(0));
    return GRAPH_APPLY(g, &op_group_norm, name, &attributes, x, gamma, beta);
}

struct value *nn_layer_scale(struct graph *g, const char *name, struct value *x, double start)
{
    struct value *gamma;

    if (!x || !x->shape.rank)
        return graph_fail(g, "layer scale '%s': there is no input", name);
    gamma = graph_parameter(g, name, SHAPE(x->shape.dim[x->shape.rank - 1]), constant(start));
    return GRAPH_APPLY(g, &op_scale_last, name, NULL, x, gamma);
}
