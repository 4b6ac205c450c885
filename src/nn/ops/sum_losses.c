/* sum_losses.c - several losses minimised as one. */

#include "nn/ops/ops_internal.h"

static void sum_losses_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    if (!op_has_inputs(graph, node, node->input_count > 0 ? node->input_count : 1, NODE_MAX_INPUTS))
        return;
    for (int i = 0; i < node->input_count; i++)
        if (!op_has_rank(graph, node, i, "a loss", 0))
            return;
    graph_node_output(graph, node, SHAPE_SCALAR, DTYPE_F32);
}

static void sum_losses_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dloss = gradient_of_output(gradient, node, 0);

    if (!dloss) /* it is the loss itself */
        dloss = graph_apply(gradient->graph, &op_sum_losses_grad, node->name, NULL, 0, NULL);
    for (int i = 0; i < node->input_count; i++)
        gradient_add(gradient, node, i, dloss);
}

static void sum_losses_reference(const struct reference_call *call)
{
    call->outputs[0][0] = 0;
    for (int i = 0; i < call->node->input_count; i++)
        call->outputs[0][0] += call->inputs[i][0];
}

const struct op op_sum_losses = {
    .name = "sum_losses", .version = 1, .flags = OP_LOSS, .shape = sum_losses_shape,
    .gradient = sum_losses_gradient, .reference = sum_losses_reference,
};

static void sum_losses_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    graph_node_output(graph, node, SHAPE_SCALAR, DTYPE_F32);
}

static void sum_losses_grad_reference(const struct reference_call *call)
{
    call->outputs[0][0] = 1;
}

const struct op op_sum_losses_grad = {
    .name = "sum_losses_grad", .version = 1, .shape = sum_losses_grad_shape,
    .reference = sum_losses_grad_reference,
};
