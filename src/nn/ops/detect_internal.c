/* detect_internal.c - see detect_internal.h. */

#include "nn/ops/detect_internal.h"

bool op_has_grids(struct graph *graph, const struct node *node, const struct anchor_grids *grids)
{
    for (int level = 0; level < ANCHOR_LEVELS; level++)
        for (int i = 0; i < 2; i++)
            if (grids->stride[level] < 1 || grids->image[i] < 1 ||
                grids->image[i] % grids->stride[level]) {
                graph_fail(graph, "%s: cells of %d pixels do not cover %d x %d", node->op->name,
                           grids->stride[level], grids->image[0], grids->image[1]);
                return false;
            }
    return true;
}

bool op_has_anchors(struct graph *graph, const struct node *node, int index, const char *what,
                    int64_t images, int64_t channels, int64_t anchors)
{
    if (!op_has_rank(graph, node, index, what, 3))
        return false;
    if (!channels)
        channels = node->inputs[index]->shape.dim[1];
    return op_has_shape(graph, node, index, what, &SHAPE(images, channels, anchors));
}

bool op_has_targets(struct graph *graph, const struct node *node, int64_t images, int boxes_at,
                    int classes_at, int counts_at)
{
    int64_t most;

    if (!op_has_rank(graph, node, boxes_at, "the boxes", 3))
        return false;
    most = node->inputs[boxes_at]->shape.dim[1];
    return op_has_shape(graph, node, boxes_at, "the boxes", &SHAPE(images, most, 4)) &&
           (classes_at < 0 ||
            op_has_shape(graph, node, classes_at, "the classes", &SHAPE(images, most))) &&
           op_has_shape(graph, node, counts_at, "the counts", &SHAPE(images));
}

void loss_gradient(struct gradient *gradient, const struct node *node, const struct op *op)
{
    struct value *inputs[NODE_MAX_INPUTS] = { 0 };
    struct value *dloss = gradient_of_output(gradient, node, 0);
    int count = node->input_count;
    struct node *grad;

    for (int i = 1; i < node->output_count; i++)
        if (gradient_of_output(gradient, node, i)) {
            graph_fail(gradient->graph, "%s: its parts cannot be part of another loss",
                       node->op->name);
            return;
        }
    for (int i = 0; i < count; i++)
        inputs[i] = node->inputs[i];
    if (dloss)
        inputs[count++] = dloss;
    grad = graph_node(gradient->graph, op, node->name, inputs, count, node->attributes);
    for (int i = 0; grad && i < node->input_count; i++) {
        if (i < grad->output_count)
            gradient_add(gradient, node, i, grad->outputs[i]);
        else if (gradient_wanted(gradient, node, i))
            graph_fail(gradient->graph, "%s: targets have no gradient", node->op->name);
    }
}

struct reals reals_of(const double *values)
{
    return (struct reals){ values, REALS_F64 };
}

int64_t images_present(const double *counts, int64_t images)
{
    int64_t present = 0;

    for (int64_t i = 0; i < images; i++)
        present += counts[i] >= 0;
    return present;
}

double loss_factor(const struct reference_call *call, int counts_at)
{
    const struct node *node = call->node;
    int last = node->input_count - 1;
    int64_t images = node->inputs[counts_at]->shape.dim[0];
    double dloss = last > counts_at ? call->inputs[last][0] : 1;

    return dloss * (double)images_present(call->inputs[counts_at], images);
}
