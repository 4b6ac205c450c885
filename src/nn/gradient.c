/* gradient.c - see gradient.h. */

#include "nn/gradient.h"

#include "nn/op.h"
#include "nn/ops.h"

/* Which values have a trained parameter behind them. */
static void mark_wanted(struct gradient *gradient)
{
    const struct graph *graph = gradient->graph;

    for (int i = 0; i < graph->value_count; i++) {
        const struct value *value = graph->values[i];

        gradient->_wanted[i] = value->kind == VALUE_PARAMETER && !value->frozen;
    }
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];
        bool wanted = false;

        for (int j = 0; j < node->input_count; j++)
            wanted |= gradient_wanted(gradient, node, j);
        for (int j = 0; j < node->output_count; j++)
            gradient->_wanted[node->outputs[j]->id] = wanted && node->op->gradient;
    }
}

int gradient_build(struct graph *graph, struct value *loss, struct value ***of, struct error *err)
{
    int forward_count = graph->node_count;
    struct gradient gradient = { .graph = graph, ._count = graph->value_count };

    if (graph_finish(graph, err))
        return -1;
    if (!loss->producer || !(loss->producer->op->flags & OP_LOSS))
        return FAIL(err, INVALID, "the gradient is taken of a loss, not of '%s'",
                    loss->producer ? loss->producer->op->name : loss->name);
    gradient._of = ARENA_ARRAY(&graph->arena, struct value *, gradient._count);
    gradient._wanted = ARENA_ARRAY(&graph->arena, bool, gradient._count);
    mark_wanted(&gradient);
    graph->_backward = true;
    for (int i = forward_count - 1; i >= 0; i--) {
        const struct node *node = graph->nodes[i];
        bool needed = loss->producer == node;

        for (int j = 0; j < node->output_count; j++)
            needed |= gradient._of[node->outputs[j]->id] != NULL;
        if (needed && node->op->gradient && gradient._wanted[node->outputs[0]->id])
            node->op->gradient(&gradient, node);
    }
    graph->_backward = false;
    *of = gradient._of;
    return graph_finish(graph, err);
}

struct value *gradient_of_output(const struct gradient *gradient, const struct node *node,
                                 int index)
{
    int id = node->outputs[index]->id;

    return id < gradient->_count ? gradient->_of[id] : NULL;
}

bool gradient_wanted(const struct gradient *gradient, const struct node *node, int index)
{
    return index < node->input_count && node->inputs[index] &&
           gradient->_wanted[node->inputs[index]->id];
}

void gradient_add(struct gradient *gradient, const struct node *node, int index,
                  struct value *contribution)
{
    struct value **slot;

    if (!contribution || !gradient_wanted(gradient, node, index))
        return;
    slot = &gradient->_of[node->inputs[index]->id];
    *slot = *slot ? GRAPH_APPLY(gradient->graph, &op_add, "", NULL, *slot, contribution)
                  : contribution;
}

struct value *gradient_collected(const struct gradient *gradient, const struct node *node,
                                 int index)
{
    return gradient_wanted(gradient, node, index) ? gradient->_of[node->inputs[index]->id] : NULL;
}

void gradient_set(struct gradient *gradient, const struct node *node, int index, struct value *sum)
{
    if (sum && gradient_wanted(gradient, node, index))
        gradient->_of[node->inputs[index]->id] = sum;
}
