/* cross_entropy.c - the classification loss: softmax and cross entropy with soft targets. */

#include "nn/ops/ops_internal.h"

#include <math.h>

static void softmax_cross_entropy_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *logits;

    (void)attributes;
    if (!op_has_inputs(graph, node, 2, 2) || !op_has_rank(graph, node, 0, "the logits", 2))
        return;
    logits = &node->inputs[0]->shape;
    if (!op_has_shape(graph, node, 1, "the target", logits))
        return;
    graph_node_output(graph, node, SHAPE_SCALAR, DTYPE_F32);
    graph_node_output(graph, node, SHAPE(logits->dim[0]), DTYPE_F32);
    graph_node_output(graph, node, *logits, DTYPE_F32);
}

static void softmax_cross_entropy_grad_shape(struct graph *graph, struct node *node,
                                             void *attributes)
{
    (void)attributes;
    if (op_has_inputs(graph, node, 2, 2) && op_has_rank(graph, node, 0, "the probability", 2) &&
        op_has_shape(graph, node, 1, "the target", &node->inputs[0]->shape))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

/* The mean is the loss itself, whose own gradient is 1. */
static void softmax_cross_entropy_gradient(struct gradient *gradient, const struct node *node)
{
    for (int i = 0; i < node->output_count; i++)
        if (gradient_of_output(gradient, node, i)) {
            graph_fail(gradient->graph, "softmax_cross_entropy: its outputs cannot be part of "
                       "another loss");
            return;
        }
    if (gradient_wanted(gradient, node, 1)) {
        graph_fail(gradient->graph, "softmax_cross_entropy: targets have no gradient");
        return;
    }
    gradient_add(gradient, node, 0,
                 GRAPH_APPLY(gradient->graph, &op_softmax_cross_entropy_grad, node->name, NULL,
                             node->outputs[2], node->inputs[1]));
}

static void softmax_cross_entropy_reference(const struct reference_call *call)
{
    const struct shape *shape = &call->node->inputs[0]->shape;
    int64_t classes = shape->dim[1];
    double mean = 0;

    for (int64_t n = 0; n < shape->dim[0]; n++) {
        const double *logits = call->inputs[0] + n * classes;
        const double *target = call->inputs[1] + n * classes;
        double largest = logits[0], sum = 0, log_sum, loss = 0;

        for (int64_t i = 1; i < classes; i++)
            largest = fmax(largest, logits[i]);
        for (int64_t i = 0; i < classes; i++)
            sum += exp(logits[i] - largest);
        log_sum = largest + log(sum);
        for (int64_t i = 0; i < classes; i++) {
            call->outputs[2][n * classes + i] = exp(logits[i] - log_sum);
            loss += target[i] * (log_sum - logits[i]);
        }
        call->outputs[1][n] = loss;
        mean += loss / (double)shape->dim[0];
    }
    call->outputs[0][0] = mean;
}

static void softmax_cross_entropy_grad_reference(const struct reference_call *call)
{
    const struct shape *shape = &call->node->inputs[0]->shape;
    int64_t classes = shape->dim[1];

    for (int64_t n = 0; n < shape->dim[0]; n++) {
        const double *probability = call->inputs[0] + n * classes;
        const double *target = call->inputs[1] + n * classes;
        double weight = 0; /* 1 for a distribution, 0 for padding */

        for (int64_t i = 0; i < classes; i++)
            weight += target[i];
        for (int64_t i = 0; i < classes; i++)
            call->outputs[0][n * classes + i] =
                (weight * probability[i] - target[i]) / (double)shape->dim[0];
    }
}

const struct op op_softmax_cross_entropy = {
    .name = "softmax_cross_entropy",
    .version = 1,
    .flags = OP_LOSS,
    .shape = softmax_cross_entropy_shape,
    .gradient = softmax_cross_entropy_gradient,
    .reference = softmax_cross_entropy_reference,
};

const struct op op_softmax_cross_entropy_grad = {
    .name = "softmax_cross_entropy_grad",
    .version = 1,
    .shape = softmax_cross_entropy_grad_shape,
    .reference = softmax_cross_entropy_grad_reference,
};
