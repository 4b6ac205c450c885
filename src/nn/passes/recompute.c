/* recompute.c - see passes.h. */

#include "nn/op.h"
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

static void recompute(struct graph *graph, struct node *node)
{
    struct value *y = node->outputs[0];
    struct node *copy = NULL;

    /* One with a residual would keep the residual alive instead: nothing is won. */
    if (node->op->mutates || node->is_backward || !(node->op->flags & OP_CHEAP) ||
        (node->input_count > 5 && node->inputs[5]) || !keeps_its_inputs(graph, node))
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

void pass_recompute(struct graph *graph)
{
    for (int i = 0; i < graph->node_count && !graph->_failed; i++)
        recompute(graph, graph->nodes[i]);
}
