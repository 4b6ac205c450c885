/* upsample.c - repeat each pixel `factor` times in both directions. */

#include "nn/ops/ops_internal.h"

#include <string.h>

static const struct attribute upsample_attribute_table[] = {
    ATTRIBUTE_OF_INT(upsample_attributes, factor),
    ATTRIBUTE_END,
};

static bool check(struct graph *graph, const struct node *node, int factor)
{
    if (!op_has_inputs(graph, node, 1, 1) || !op_has_rank(graph, node, 0, "the input", 4))
        return false;
    if (factor >= 1)
        return true;
    graph_fail(graph, "%s: a factor of %d", node->op->name, factor);
    return false;
}

static void upsample_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct upsample_attributes *upsample = attributes;
    struct shape y;

    if (!check(graph, node, upsample->factor))
        return;
    y = node->inputs[0]->shape;
    y.dim[2] *= upsample->factor;
    y.dim[3] *= upsample->factor;
    graph_node_output(graph, node, y, DTYPE_F32);
}

static void upsample_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct upsample_attributes *upsample = attributes;
    char text[SHAPE_TEXT_SIZE];
    struct shape dx;

    if (!check(graph, node, upsample->factor))
        return;
    dx = node->inputs[0]->shape;
    if (dx.dim[2] % upsample->factor || dx.dim[3] % upsample->factor) {
        graph_fail(graph, "upsample_grad: %s is not divisible by %d", shape_text(&dx, text),
                   upsample->factor);
        return;
    }
    dx.dim[2] /= upsample->factor;
    dx.dim[3] /= upsample->factor;
    graph_node_output(graph, node, dx, DTYPE_F32);
}

static void upsample_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);

    if (dy)
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(gradient->graph, &op_upsample_grad, node->name, node->attributes,
                                 dy));
}

/* Rows count through all planes, because each plane's height is scaled alike. */
static void upsample_reference(const struct reference_call *call)
{
    int factor = ((const struct upsample_attributes *)call->node->attributes)->factor;
    const struct shape *y = &call->node->outputs[0]->shape;
    int64_t width = shape_last(y);

    for (int64_t row = 0; row < shape_rows(y); row++)
        for (int64_t i = 0; i < width; i++)
            call->outputs[0][row * width + i] =
                call->inputs[0][row / factor * (width / factor) + i / factor];
}

static void upsample_grad_reference(const struct reference_call *call)
{
    int factor = ((const struct upsample_attributes *)call->node->attributes)->factor;
    const struct shape *dy = &call->node->inputs[0]->shape;
    int64_t width = shape_last(dy);

    memset(call->outputs[0], 0,
           (size_t)shape_count(&call->node->outputs[0]->shape) * sizeof(double));
    for (int64_t row = 0; row < shape_rows(dy); row++)
        for (int64_t i = 0; i < width; i++)
            call->outputs[0][row / factor * (width / factor) + i / factor] +=
                call->inputs[0][row * width + i];
}

const struct op op_upsample = {
    .name = "upsample",
    .version = 1,
    .attributes_size = sizeof(struct upsample_attributes),
    .attributes = upsample_attribute_table,
    .shape = upsample_shape,
    .gradient = upsample_gradient,
    .reference = upsample_reference,
};

const struct op op_upsample_grad = {
    .name = "upsample_grad",
    .version = 1,
    .attributes_size = sizeof(struct upsample_attributes),
    .attributes = upsample_attribute_table,
    .shape = upsample_grad_shape,
    .reference = upsample_grad_reference,
};
