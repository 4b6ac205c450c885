/* elementwise.c - sums and products, of equal shapes and broadcast. */

#include "nn/gradient.h"
#include "nn/ops.h"
#include "nn/ops/ops_internal.h"

#include <string.h>

/* --- equal shapes ----------------------------------------------------------------------------- */

static void pair_shape(struct graph *graph, struct node *node, void *attributes)
{
    char a[SHAPE_TEXT_SIZE], b[SHAPE_TEXT_SIZE];

    (void)attributes;
    if (!shape_equal(&node->inputs[0]->shape, &node->inputs[1]->shape)) {
        graph_fail(graph, "%s: shapes %s and %s differ", node->op->name,
                   shape_text(&node->inputs[0]->shape, a), shape_text(&node->inputs[1]->shape, b));
        return;
    }
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void add_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);

    gradient_add(gradient, node, 0, dy);
    gradient_add(gradient, node, 1, dy);
}

static void add_reference(const struct reference_call *call)
{
    int64_t count = shape_count(&call->node->outputs[0]->shape);

    for (int64_t i = 0; i < count; i++)
        call->outputs[0][i] = call->inputs[0][i] + call->inputs[1][i];
}

const struct op op_add = {
    .name = "add", .version = 1, .flags = OP_ELEMENTWISE, .shape = pair_shape,
    .gradient = add_gradient, .reference = add_reference,
};

static void mul_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);

    for (int i = 0; i < 2; i++)
        if (gradient_wanted(gradient, node, i))
            gradient_add(gradient, node, i,
                         GRAPH_APPLY(gradient->graph, &op_mul, node->name, NULL, dy,
                                     node->inputs[1 - i]));
}

static void mul_reference(const struct reference_call *call)
{
    int64_t count = shape_count(&call->node->outputs[0]->shape);

    for (int64_t i = 0; i < count; i++)
        call->outputs[0][i] = call->inputs[0][i] * call->inputs[1][i];
}

const struct op op_mul = {
    .name = "mul", .version = 1, .flags = OP_ELEMENTWISE, .shape = pair_shape,
    .gradient = mul_gradient, .reference = mul_reference,
};

/* --- a factor per image and channel ----------------------------------------------------------- */

static int64_t plane_of(const struct shape *x)
{
    return x->dim[2] * x->dim[3];
}

static void channels_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *x = &node->inputs[0]->shape, *s = &node->inputs[1]->shape;

    (void)attributes;
    if (x->rank != 4 || s->rank != 2 || s->dim[0] != x->dim[0] || s->dim[1] != x->dim[1]) {
        graph_fail(graph, "scale_channels: takes (N,C,H,W) and (N,C)");
        return;
    }
    graph_node_output(graph, node, *x, DTYPE_F32);
}

static void channels_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);
    struct graph *graph = gradient->graph;

    if (gradient_wanted(gradient, node, 0))
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(graph, &op_scale_channels, node->name, NULL, dy, node->inputs[1]));
    if (gradient_wanted(gradient, node, 1))
        gradient_add(gradient, node, 1,
                     GRAPH_APPLY(graph, &op_scale_channels_scale_grad, node->name, NULL,
                                 node->inputs[0], dy));
}

static void channels_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t plane = plane_of(x);

    for (int64_t i = 0; i < shape_count(x); i++)
        call->outputs[0][i] = call->inputs[0][i] * call->inputs[1][i / plane];
}

const struct op op_scale_channels = {
    .name = "scale_channels", .version = 1, .shape = channels_shape,
    .gradient = channels_gradient, .reference = channels_reference,
};

static void channels_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *x = &node->inputs[0]->shape;

    (void)attributes;
    graph_node_output(graph, node, SHAPE(x->dim[0], x->dim[1]), DTYPE_F32);
}

static void channels_grad_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t plane = plane_of(x);

    for (int64_t i = 0; i < x->dim[0] * x->dim[1]; i++)
        call->outputs[0][i] =
            vector_dot(call->inputs[0] + i * plane, call->inputs[1] + i * plane, plane);
}

const struct op op_scale_channels_scale_grad = {
    .name = "scale_channels_scale_grad", .version = 1, .shape = channels_grad_shape,
    .reference = channels_grad_reference,
};

/* --- a factor per feature --------------------------------------------------------------------- */

static void last_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *x = &node->inputs[0]->shape;

    (void)attributes;
    if (shape_count(&node->inputs[1]->shape) != shape_last(x)) {
        graph_fail(graph, "scale_last: %d factors for %d features",
                   (int)shape_count(&node->inputs[1]->shape), (int)shape_last(x));
        return;
    }
    graph_node_output(graph, node, *x, DTYPE_F32);
}

static void last_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);
    struct graph *graph = gradient->graph;

    if (gradient_wanted(gradient, node, 0))
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(graph, &op_scale_last, node->name, NULL, dy, node->inputs[1]));
    if (gradient_wanted(gradient, node, 1))
        gradient_add(gradient, node, 1,
                     GRAPH_APPLY(graph, &op_scale_last_scale_grad, node->name, NULL,
                                 node->inputs[0], dy));
}

static void last_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t c = shape_last(x);

    for (int64_t i = 0; i < shape_count(x); i++)
        call->outputs[0][i] = call->inputs[0][i] * call->inputs[1][i % c];
}

const struct op op_scale_last = {
    .name = "scale_last", .version = 1, .shape = last_shape, .gradient = last_gradient,
    .reference = last_reference,
};

static void last_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    graph_node_output(graph, node, SHAPE(shape_last(&node->inputs[0]->shape)), DTYPE_F32);
}

static void last_grad_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t c = shape_last(x);

    memset(call->outputs[0], 0, (size_t)c * sizeof(double));
    for (int64_t i = 0; i < shape_count(x); i++)
        call->outputs[0][i % c] += call->inputs[0][i] * call->inputs[1][i];
}

const struct op op_scale_last_scale_grad = {
    .name = "scale_last_scale_grad", .version = 1, .shape = last_grad_shape,
    .reference = last_grad_reference,
};

/* --- the same for every sample ---------------------------------------------------------------- */

static void samples_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *x = &node->inputs[0]->shape;

    (void)attributes;
    if (shape_count(&node->inputs[1]->shape) * x->dim[0] != shape_count(x)) {
        graph_fail(graph, "add_samples: the summand is not of one sample's size");
        return;
    }
    graph_node_output(graph, node, *x, DTYPE_F32);
}

static void samples_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);

    gradient_add(gradient, node, 0, dy);
    if (gradient_wanted(gradient, node, 1))
        gradient_add(gradient, node, 1,
                     GRAPH_APPLY(gradient->graph, &op_sum_samples, node->name, NULL, dy,
                                 node->inputs[1]));
}

static void samples_reference(const struct reference_call *call)
{
    int64_t count = shape_count(&call->node->inputs[0]->shape);
    int64_t per = shape_count(&call->node->inputs[1]->shape);

    for (int64_t i = 0; i < count; i++)
        call->outputs[0][i] = call->inputs[0][i] + call->inputs[1][i % per];
}

const struct op op_add_samples = {
    .name = "add_samples", .version = 1, .shape = samples_shape, .gradient = samples_gradient,
    .reference = samples_reference,
};

static void sum_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    graph_node_output(graph, node, node->inputs[1]->shape, DTYPE_F32);
}

static void sum_reference(const struct reference_call *call)
{
    int64_t count = shape_count(&call->node->inputs[0]->shape);
    int64_t per = shape_count(&call->node->inputs[1]->shape);

    memset(call->outputs[0], 0, (size_t)per * sizeof(double));
    for (int64_t i = 0; i < count; i++)
        call->outputs[0][i % per] += call->inputs[0][i];
}

const struct op op_sum_samples = {
    .name = "sum_samples", .version = 1, .shape = sum_shape, .reference = sum_reference,
};

static void scale_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *x = &node->inputs[0]->shape;

    (void)attributes;
    if (shape_count(&node->inputs[1]->shape) != x->dim[0]) {
        graph_fail(graph, "scale_samples: needs one factor per sample");
        return;
    }
    graph_node_output(graph, node, *x, DTYPE_F32);
}

/* The factors are random, not learned: they get no gradient. */
static void scale_gradient(struct gradient *gradient, const struct node *node)
{
    gradient_add(gradient, node, 0,
                 GRAPH_APPLY(gradient->graph, &op_scale_samples, node->name, NULL,
                             gradient_of_output(gradient, node, 0), node->inputs[1]));
}

static void scale_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t per = shape_count(x) / x->dim[0];

    for (int64_t i = 0; i < shape_count(x); i++)
        call->outputs[0][i] = call->inputs[0][i] * call->inputs[1][i / per];
}

const struct op op_scale_samples = {
    .name = "scale_samples", .version = 1, .shape = scale_shape, .gradient = scale_gradient,
    .reference = scale_reference,
};
