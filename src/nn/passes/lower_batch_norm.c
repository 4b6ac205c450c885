/* lower_batch_norm.c - see passes.h. */

#include "nn/ops.h"
#include "nn/passes.h"

static void lower(struct graph *graph, struct node *node, bool training)
{
    struct value *x = node->inputs[0], *gamma = node->inputs[1], *beta = node->inputs[2];
    struct value *running_mean = node->inputs[3], *running_var = node->inputs[4];
    struct batch_apply_attributes apply = { .fixed_stats = !training };
    struct node *stats;
    struct value *y;

    graph_insert_begin(graph, graph_position(graph, node));
    stats = training ? graph_node(graph, &op_batch_stats, node->name,
                                  (struct value *[]){ x, running_mean, running_var }, 3,
                                  node->attributes)
                     : graph_node(graph, &op_batch_running, node->name,
                                  (struct value *[]){ running_mean, running_var }, 2,
                                  node->attributes);
    if (stats) {
        y = GRAPH_APPLY(graph, &op_batch_apply, node->name, &apply, x, stats->outputs[0],
                        stats->outputs[1], gamma, beta, NULL);
        if (y) {
            graph_replace(graph, node->outputs[0], y);
            graph_remove_node(graph, node);
        }
    }
    graph_insert_end(graph);
}

void pass_lower_batch_norm(struct graph *graph, bool training)
{
    for (int i = 0; i < graph->node_count && !graph->_failed; i++)
        if (graph->nodes[i]->op == &op_batch_norm)
            lower(graph, graph->nodes[i], training);
}
