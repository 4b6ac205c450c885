/* channel_bias.c - one number per channel, added to all its pixels. */

#include "nn/ops/ops_internal.h"

#include <string.h>

static bool has_channels(struct graph *graph, const struct node *node)
{
    char text[SHAPE_TEXT_SIZE];

    if (node->inputs[0]->shape.rank >= 2)
        return true;
    graph_fail(graph, "%s: %s has no channels", node->op->name,
               shape_text(&node->inputs[0]->shape, text));
    return false;
}

static int64_t pixels_of(const struct shape *shape)
{
    return shape_count(shape) / (shape->dim[0] * shape->dim[1]);
}

static void add_channels_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    if (op_has_inputs(graph, node, 2, 2) && has_channels(graph, node) &&
        op_has_shape(graph, node, 1, "the bias", &SHAPE(node->inputs[0]->shape.dim[1])))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void add_channels_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);

    gradient_add(gradient, node, 0, dy);
    if (gradient_wanted(gradient, node, 1))
        gradient_add(gradient, node, 1,
                     GRAPH_APPLY(gradient->graph, &op_sum_channels, node->name, NULL, dy));
}

static void add_channels_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t pixels = pixels_of(x);

    for (int64_t i = 0; i < shape_count(x); i++)
        call->outputs[0][i] = call->inputs[0][i] + call->inputs[1][i / pixels % x->dim[1]];
}

const struct op op_add_channels = {
    .name = "add_channels", .version = 1, .shape = add_channels_shape,
    .gradient = add_channels_gradient, .reference = add_channels_reference,
};

static void sum_channels_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    if (op_has_inputs(graph, node, 1, 1) && has_channels(graph, node))
        graph_node_output(graph, node, SHAPE(node->inputs[0]->shape.dim[1]), DTYPE_F32);
}

static void sum_channels_reference(const struct reference_call *call)
{
    const struct shape *dy = &call->node->inputs[0]->shape;
    int64_t pixels = pixels_of(dy);

    memset(call->outputs[0], 0, (size_t)dy->dim[1] * sizeof(double));
    for (int64_t i = 0; i < shape_count(dy); i++)
        call->outputs[0][i / pixels % dy->dim[1]] += call->inputs[0][i];
}

const struct op op_sum_channels = {
    .name = "sum_channels", .version = 1, .shape = sum_channels_shape,
    .reference = sum_channels_reference,
};
