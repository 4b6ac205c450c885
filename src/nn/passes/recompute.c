/* recompute.c - see passes.h. */

#include "nn/op.h"
#include "nn/ops.h"
#include "nn/passes.h"

/* The copy's inputs must be alive in backward anyway; a cheap node's inputs are, because its own
 * gradient rule reads them. */
static struct node *copy_before(struct graph *graph, const struct node *node, int at)
{
    struct node *copy;

    graph_insert_begin(graph, at);
    graph->_backward = true;
    copy = graph_node(graph, node->op, node->name, (struct value *const *)node->inputs,
                      node->input_count, node->attributes);
    graph->_backward = false;
    graph_insert_end(graph);
    if (copy)
        copy->is_recompute = true;
    return copy;
}

static bool keeps_its_inputs(const struct graph *graph, const struct node *node)
{
    struct value *x = node->inputs[0];

    for (int i = 0; i < graph->node_count; i++) {
        const struct node *user = graph->nodes[i];

        for (int j = 0; user->is_backward && !user->is_recompute && j < user->input_count; j++)
            if (user->inputs[j] == x)
                return true;
    }
    return false;
}

/* A 1x1 convolution or linear layer to at least twice as many features: its output is what takes
 * the memory of bottlenecks and of transformers' perceptrons, and making it again is a small part
 * of all the arithmetic. */
static bool is_expansion(const struct node *node)
{
    const struct conv_attributes *conv = node->attributes;

    if (node->op == &op_conv2d) {
        if (conv->kernel[0] * conv->kernel[1] > 1 || conv->groups > 1)
            return false;
    } else if (node->op != &op_linear) {
        return false;
    }
    return shape_count(&node->outputs[0]->shape) >= 2 * shape_count(&node->inputs[0]->shape);
}

/* Made again while it is in a cache: the gate of squeeze and excitation on the last, small maps.
 * Takes less than half a percent of a step. */
static bool is_free(const struct node *node)
{
    const int64_t cached_bytes = (int64_t)4 << 20;

    return node->op == &op_scale_channels &&
           shape_count(&node->outputs[0]->shape) * (int64_t)sizeof(float) <= cached_bytes;
}

static bool is_worth_it(const struct node *node, bool lean)
{
    if (node->op->mutates || node->is_backward)
        return false;
    if (!lean)
        return is_free(node);
    if (is_expansion(node))
        return true;
    /* A batch norm with a residual would keep the residual alive instead: nothing is won. */
    return (node->op->flags & OP_CHEAP) && !(node->input_count > 5 && node->inputs[5]);
}

static void recompute(struct graph *graph, struct node *node, bool lean)
{
    struct value *y = node->outputs[0];
    struct node *copy = NULL;

    if (!is_worth_it(node, lean) || !keeps_its_inputs(graph, node))
        return;
    for (int i = 0; i < graph->node_count; i++) {
        struct node *user = graph->nodes[i];

        for (int j = 0; user->is_backward && j < user->input_count; j++)
            if (user->inputs[j] == y) {
                if (!copy) {
                    copy = copy_before(graph, node, i);
                    if (!copy)
                        return;
                    i++;
                }
                user->inputs[j] = copy->outputs[0];
            }
    }
}

/* From the end, so that what a copy reads is itself a copy where that is worth it. */
void pass_recompute(struct graph *graph, bool lean)
{
    for (int i = graph->node_count - 1; i >= 0 && !graph->_failed; i--)
        if (!graph->nodes[i]->is_backward)
            recompute(graph, graph->nodes[i], lean);
}
