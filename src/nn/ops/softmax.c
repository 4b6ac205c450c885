/* softmax.c - softmax over the last dimension. */

#include "nn/ops/ops_internal.h"

#include <math.h>

static void softmax_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    if (op_has_inputs(graph, node, 1, 1))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void softmax_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    if (op_has_inputs(graph, node, 2, 2) &&
        op_has_shape(graph, node, 1, "the gradient", &node->inputs[0]->shape))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void softmax_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);

    if (dy)
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(gradient->graph, &op_softmax_grad, node->name, NULL,
                                 node->outputs[0], dy));
}

static void softmax_reference(const struct reference_call *call)
{
    const struct shape *shape = &call->node->inputs[0]->shape;
    int64_t count = shape_last(shape);

    for (int64_t row = 0; row < shape_rows(shape); row++) {
        const double *x = call->inputs[0] + row * count;
        double *y = call->outputs[0] + row * count, largest = x[0], sum = 0;

        for (int64_t i = 1; i < count; i++)
            largest = fmax(largest, x[i]);
        for (int64_t i = 0; i < count; i++)
            sum += y[i] = exp(x[i] - largest);
        for (int64_t i = 0; i < count; i++)
            y[i] /= sum;
    }
}

static void softmax_grad_reference(const struct reference_call *call)
{
    const struct shape *shape = &call->node->inputs[0]->shape;
    int64_t count = shape_last(shape);

    for (int64_t row = 0; row < shape_rows(shape); row++) {
        const double *y = call->inputs[0] + row * count, *dy = call->inputs[1] + row * count;
        double mean = vector_dot(y, dy, count); /* of dy, weighted by y */

        for (int64_t i = 0; i < count; i++)
            call->outputs[0][row * count + i] = y[i] * (dy[i] - mean);
    }
}

const struct op op_softmax = {
    .name = "softmax",
    .version = 1,
    .shape = softmax_shape,
    .gradient = softmax_gradient,
    .reference = softmax_reference,
};

const struct op op_softmax_grad = {
    .name = "softmax_grad",
    .version = 1,
    .shape = softmax_grad_shape,
    .reference = softmax_grad_reference,
};
