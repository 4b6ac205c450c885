/* point_loss.c - the loss of key points: object key point similarity, and visibility. */

#include "nn/object_losses.h"
#include "nn/ops/detect_internal.h"

#include <math.h>
#include <string.h>

static const struct attribute table[] = {
    ATTRIBUTE_OF_INTS(point_loss_attributes, grids.image, 2),
    ATTRIBUTE_OF_INTS(point_loss_attributes, grids.stride, ANCHOR_LEVELS),
    ATTRIBUTE_OF_INT(point_loss_attributes, points), ATTRIBUTE_OF_INT(point_loss_attributes, size),
    ATTRIBUTE_OF_REAL(point_loss_attributes, place),
    ATTRIBUTE_OF_REAL(point_loss_attributes, visible), ATTRIBUTE_END,
};

enum { RAW, INDEX, TOTALS, BOXES, KEY_POINTS, COUNTS, INPUTS };

static bool check(struct graph *graph, const struct node *node,
                  const struct point_loss_attributes *a, int most_inputs)
{
    int64_t images, anchors, most;

    if (!op_has_inputs(graph, node, INPUTS, most_inputs) || !op_has_grids(graph, node, &a->grids))
        return false;
    if (a->points < 1 || a->size < 2 || a->size > 3) {
        graph_fail(graph, "%s: %d key points of %d numbers", node->op->name, a->points, a->size);
        return false;
    }
    images = node->inputs[RAW]->shape.dim[0];
    anchors = anchor_count(&a->grids);
    if (!op_has_anchors(graph, node, RAW, "the input", images, (int64_t)a->points * a->size,
                        anchors) ||
        !op_has_shape(graph, node, INDEX, "the index", &SHAPE(images, anchors)) ||
        !op_has_shape(graph, node, TOTALS, "the totals", &SHAPE(2)) ||
        !op_has_targets(graph, node, images, BOXES, -1, COUNTS))
        return false;
    most = node->inputs[BOXES]->shape.dim[1];
    return op_has_shape(graph, node, KEY_POINTS, "the key points",
                        &SHAPE(images, most, a->points, 3));
}

static void point_loss_shape(struct graph *graph, struct node *node, void *attributes)
{
    if (!check(graph, node, attributes, INPUTS))
        return;
    graph_node_output(graph, node, SHAPE_SCALAR, DTYPE_F32);
    graph_node_output(graph, node, SHAPE(2), DTYPE_F32);
}

static void point_loss_gradient(struct gradient *gradient, const struct node *node)
{
    loss_gradient(gradient, node, &op_point_loss_grad);
}

static struct point_image image_at(const struct reference_call *call, int64_t n)
{
    const struct node *node = call->node;
    const struct point_loss_attributes *a = node->attributes;
    const struct shape *raw = &node->inputs[RAW]->shape;
    int64_t most = node->inputs[BOXES]->shape.dim[1];

    return (struct point_image){
        .grids = &a->grids, .points = a->points, .size = a->size, .anchor_total = raw->dim[2],
        .raw = reals_of(call->inputs[RAW] + n * raw->dim[1] * raw->dim[2]),
        .index = reals_of(call->inputs[INDEX] + n * raw->dim[2]),
        .boxes = reals_of(call->inputs[BOXES] + n * most * 4),
        .key_points = reals_of(call->inputs[KEY_POINTS] + n * most * a->points * 3) };
}

static void point_loss_reference(const struct reference_call *call)
{
    const struct point_loss_attributes *a = call->node->attributes;
    int64_t images = call->node->inputs[RAW]->shape.dim[0];
    double found = fmax(call->inputs[TOTALS][1], 1), *parts = call->outputs[1];

    parts[0] = parts[1] = 0;
    for (int64_t n = 0; n < images; n++) {
        struct point_image image = image_at(call, n);
        struct point_image_sums sums = point_image_losses(&image);

        parts[0] += a->place * sums.place / found;
        parts[1] += a->visible * sums.visible / found;
    }
    call->outputs[0][0] = (parts[0] + parts[1]) *
                          (double)images_present(call->inputs[COUNTS], images);
}

const struct op op_point_loss = {
    .name = "point_loss", .version = 1, .flags = OP_LOSS,
    .attributes_size = sizeof(struct point_loss_attributes), .attributes = table,
    .shape = point_loss_shape, .gradient = point_loss_gradient, .reference = point_loss_reference,
};

static void point_loss_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    if (check(graph, node, attributes, INPUTS + 1))
        graph_node_output(graph, node, node->inputs[RAW]->shape, DTYPE_F32);
}

static void point_loss_grad_reference(const struct reference_call *call)
{
    const struct point_loss_attributes *a = call->node->attributes;
    const struct shape *raw = &call->node->inputs[RAW]->shape;
    double factor = loss_factor(call, COUNTS) / fmax(call->inputs[TOTALS][1], 1);

    memset(call->outputs[0], 0, (size_t)shape_count(raw) * sizeof(double));
    for (int64_t n = 0; n < raw->dim[0]; n++) {
        struct point_image image = image_at(call, n);

        point_image_gradients(&image, a->place * factor, a->visible * factor,
                              reals_of(call->outputs[0] + n * raw->dim[1] * raw->dim[2]));
    }
}

const struct op op_point_loss_grad = {
    .name = "point_loss_grad", .version = 1,
    .attributes_size = sizeof(struct point_loss_attributes), .attributes = table,
    .shape = point_loss_grad_shape, .reference = point_loss_grad_reference,
};
