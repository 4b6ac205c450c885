/* fuse_batch_apply.c - see passes.h.
 *
 *     y = relu(bn(x))              -> activation
 *     y = relu(bn(x) + residual)   -> residual before the activation
 *     y = bn(x) + residual         -> the same without one
 *     y = silu(bn(x)) + residual   -> residual after the activation
 *
 * The activation's own output is then never kept: backward recomputes it from x, and relu after
 * a residual reads its sign from y, which the next layer keeps anyway.  Other activations after
 * a residual stay apart, because they would need the sum. */

#include "nn/ops.h"
#include "nn/passes.h"

/* The one node that reads the value, or NULL. */
static struct node *sole_consumer(const struct graph *graph, const struct value *value)
{
    struct node *node = NULL;

    return graph_consumers(graph, value, &node) == 1 ? node : NULL;
}

/* Put a batch_apply with these attributes and residual in the place of `last`. */
static void fuse(struct graph *graph, struct node *apply, struct node *last,
                 const struct batch_apply_attributes *attributes, struct value *residual)
{
    struct value *y;

    graph_insert_begin(graph, graph_position(graph, last));
    y = GRAPH_APPLY(graph, &op_batch_apply, apply->name, attributes, apply->inputs[0],
                    apply->inputs[1], apply->inputs[2], apply->inputs[3], apply->inputs[4],
                    residual);
    if (y) {
        graph_replace(graph, last->outputs[0], y);
        graph_remove_node(graph, last);
        graph_remove_node(graph, apply);
    }
    graph_insert_end(graph);
}

/* One step of fusion for this node; false when there is nothing left to do. */
static bool fuse_once(struct graph *graph, struct node *apply)
{
    struct batch_apply_attributes attributes =
        *(const struct batch_apply_attributes *)apply->attributes;
    struct node *next = sole_consumer(graph, apply->outputs[0]);
    struct value *residual = apply->inputs[5];

    if (!next || attributes.residual_after)
        return false;
    if (next->op == &op_activation && !attributes.activation) {
        const struct activation_attributes *activation = next->attributes;

        if (residual && activation->kind != ACTIVATION_RELU)
            return false;
        attributes.activation = activation->kind;
        fuse(graph, apply, next, &attributes, residual);
        return true;
    }
    if (next->op == &op_add && !residual) {
        struct value *other = next->inputs[next->inputs[0] == apply->outputs[0]];

        attributes.residual_after = attributes.activation != ACTIVATION_NONE;
        fuse(graph, apply, next, &attributes, other);
        return true;
    }
    return false;
}

void pass_fuse_batch_apply(struct graph *graph)
{
    for (int i = 0; i < graph->node_count && !graph->_failed;)
        if (graph->nodes[i]->op != &op_batch_apply || !fuse_once(graph, graph->nodes[i]))
            i++;
}
