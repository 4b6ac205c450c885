/* fuse_depthwise.c - see passes.h.
 *
 * Depthwise convolutions are bound by memory.  Applying the batch norm and activation before
 * while loading, and summing the statistics for the batch norm after while storing, saves three
 * passes over the largest tensors of a mobile network, and the activated tensor is never kept. */

#include "nn/ops.h"
#include "nn/passes.h"

static bool is_depthwise(const struct node *node)
{
    const struct conv_attributes *conv = node->attributes;

    return node->op == &op_conv2d && !node->inputs[2] && conv->groups > 1 &&
           conv->groups == node->inputs[0]->shape.dim[1] &&
           conv->groups == node->outputs[0]->shape.dim[1] &&
           conv->kernel[0] == conv->kernel[1] && conv->stride[0] == conv->stride[1] &&
           conv->pad[0] == conv->pad[1] && conv->pad[0] == conv->kernel[0] / 2 &&
           conv->dilation[0] == 1 && conv->dilation[1] == 1 &&
           (conv->kernel[0] == 3 || conv->kernel[0] == 5) && conv->stride[0] <= 2;
}

/* The batch_stats that reads this value, if all that read it are it and one batch_apply. */
static struct node *statistics_of(const struct graph *graph, const struct value *y)
{
    struct node *stats = NULL;

    if (graph_consumers(graph, y, NULL) != 2)
        return NULL;
    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == &op_batch_stats && graph->nodes[i]->inputs[0] == y)
            stats = graph->nodes[i];
    return stats;
}

static void fuse(struct graph *graph, struct node *conv)
{
    struct node *apply = conv->inputs[0]->producer, *stats, *fused;
    const struct batch_apply_attributes *before;
    struct depthwise_norm_attributes attributes = { 0 };
    const struct batch_norm_attributes *after;

    if (!apply || apply->op != &op_batch_apply || apply->inputs[5] ||
        graph_consumers(graph, apply->outputs[0], NULL) != 1)
        return;
    before = apply->attributes;
    stats = statistics_of(graph, conv->outputs[0]);
    if (!stats || before->fixed_stats)
        return;
    after = stats->attributes;
    attributes.conv = *(const struct conv_attributes *)conv->attributes;
    attributes.activation = before->activation;
    attributes.eps = after->eps;
    attributes.momentum = after->momentum;
    graph_insert_begin(graph, graph_position(graph, conv));
    fused = graph_node(graph, &op_depthwise_norm, conv->name,
                       (struct value *[]){ apply->inputs[0], apply->inputs[1], apply->inputs[2],
                                           apply->inputs[3], apply->inputs[4], conv->inputs[1],
                                           stats->inputs[1], stats->inputs[2] },
                       8, &attributes);
    if (fused) {
        graph_replace(graph, conv->outputs[0], fused->outputs[0]);
        graph_replace(graph, stats->outputs[0], fused->outputs[1]);
        graph_replace(graph, stats->outputs[1], fused->outputs[2]);
        graph_remove_node(graph, stats);
        graph_remove_node(graph, conv);
        graph_remove_node(graph, apply);
    }
    graph_insert_end(graph);
}

void pass_fuse_depthwise(struct graph *graph)
{
    for (int i = 0; i < graph->node_count && !graph->_failed; i++)
        if (is_depthwise(graph->nodes[i]))
            fuse(graph, graph->nodes[i]);
}
