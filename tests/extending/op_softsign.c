/* op_softsign.c - an op as one file and one row: y = x / (1 + |x|) and its gradient. */

#include "nn/ops/ops_internal.h"

#include <math.h>

static void softsign_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    if (op_has_inputs(graph, node, 1, 1))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void softsign_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    if (op_has_inputs(graph, node, 2, 2))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void softsign_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);

    if (dy)
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(gradient->graph, &op_softsign_grad, node->name, NULL,
                                 node->inputs[0], dy));
}

static void softsign_reference(const struct reference_call *call)
{
    for (int64_t i = 0; i < shape_count(&call->node->inputs[0]->shape); i++)
        call->outputs[0][i] = call->inputs[0][i] / (1 + fabs(call->inputs[0][i]));
}

static void softsign_grad_reference(const struct reference_call *call)
{
    for (int64_t i = 0; i < shape_count(&call->node->inputs[0]->shape); i++) {
        double base = 1 + fabs(call->inputs[0][i]);

        call->outputs[0][i] = call->inputs[1][i] / (base * base);
    }
}

const struct op op_softsign = {
    .name = "softsign",
    .version = 1,
    .shape = softsign_shape,
    .gradient = softsign_gradient,
    .reference = softsign_reference,
};

const struct op op_softsign_grad = {
    .name = "softsign_grad",
    .version = 1,
    .shape = softsign_grad_shape,
    .reference = softsign_grad_reference,
};
