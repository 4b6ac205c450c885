/* box_decode.c - from what anchors say to boxes and key points in pixels. */

#include "nn/box_math.h"
#include "nn/object_losses.h"
#include "nn/ops/detect_internal.h"

/* --- boxes ------------------------------------------------------------------------------------ */

static const struct attribute box_decode_table[] = {
    ATTRIBUTE_OF_INTS(box_decode_attributes, grids.image, 2),
    ATTRIBUTE_OF_INTS(box_decode_attributes, grids.stride, ANCHOR_LEVELS),
    ATTRIBUTE_OF_BOOL(box_decode_attributes, centred),
    ATTRIBUTE_END,
};

static void box_decode_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct box_decode_attributes *a = attributes;
    int64_t images, anchors, bins;

    if (!op_has_inputs(graph, node, 2, 2) || !op_has_grids(graph, node, &a->grids))
        return;
    images = node->inputs[0]->shape.dim[0];
    anchors = anchor_count(&a->grids);
    bins = shape_count(&node->inputs[1]->shape);
    if (!op_has_anchors(graph, node, 0, "the distribution", images, 4 * bins, anchors))
        return;
    if (bins < 2 || bins > BOX_MOST_BINS) {
        graph_fail(graph, "box_decode: takes 2 to %d bins, not %d", BOX_MOST_BINS, (int)bins);
        return;
    }
    graph_node_output(graph, node, SHAPE(images, 4, anchors), DTYPE_F32);
}

static void box_decode_reference(const struct reference_call *call)
{
    const struct box_decode_attributes *a = call->node->attributes;
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t anchors = x->dim[2];
    int bins = (int)(x->dim[1] / 4);

    for (int64_t i = 0; i < x->dim[0] * anchors; i++) {
        struct anchor anchor = anchor_at(&a->grids, i % anchors);
        const double *logits = call->inputs[0] + i / anchors * x->dim[1] * anchors + i % anchors;
        double *box = call->outputs[0] + i / anchors * 4 * anchors + i % anchors, far[4];

        for (int j = 0; j < 4; j++) {
            struct side side;

            side_read(&side, reals_of(logits + j * bins * anchors), anchors, bins);
            far[j] = vector_dot(side.probability, call->inputs[1], bins) * anchor.stride;
        }
        box[0] = a->centred ? anchor.x + (far[2] - far[0]) / 2 : anchor.x - far[0];
        box[anchors] = a->centred ? anchor.y + (far[3] - far[1]) / 2 : anchor.y - far[1];
        box[2 * anchors] = a->centred ? far[0] + far[2] : anchor.x + far[2];
        box[3 * anchors] = a->centred ? far[1] + far[3] : anchor.y + far[3];
    }
}

const struct op op_box_decode = {
    .name = "box_decode", .version = 1, .attributes_size = sizeof(struct box_decode_attributes),
    .attributes = box_decode_table, .shape = box_decode_shape, .reference = box_decode_reference,
};

/* --- key points ------------------------------------------------------------------------------- */

static const struct attribute point_decode_table[] = {
    ATTRIBUTE_OF_INTS(point_decode_attributes, grids.image, 2),
    ATTRIBUTE_OF_INTS(point_decode_attributes, grids.stride, ANCHOR_LEVELS),
    ATTRIBUTE_OF_INT(point_decode_attributes, points),
    ATTRIBUTE_OF_INT(point_decode_attributes, size), ATTRIBUTE_END,
};

static void point_decode_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct point_decode_attributes *a = attributes;
    int64_t channel_count = (int64_t)a->points * a->size;

    if (!op_has_inputs(graph, node, 1, 1) || !op_has_grids(graph, node, &a->grids))
        return;
    if (a->points < 1 || a->size < 2 || a->size > 3) {
        graph_fail(graph, "point_decode: %d key points of %d numbers", a->points, a->size);
        return;
    }
    if (op_has_anchors(graph, node, 0, "the input", node->inputs[0]->shape.dim[0], channel_count,
                       anchor_count(&a->grids)))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void point_decode_reference(const struct reference_call *call)
{
    const struct point_decode_attributes *a = call->node->attributes;
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t anchors = x->dim[2];

    for (int64_t row = 0; row < x->dim[0] * x->dim[1]; row++)
        for (int64_t i = 0; i < anchors; i++) {
            struct anchor anchor = anchor_at(&a->grids, i);
            double raw = call->inputs[0][row * anchors + i];
            int64_t part = row % a->size; /* every image has a whole number of points */

            call->outputs[0][row * anchors + i] =
                part == 2 ? sigmoid(raw)
                          : point_decode(raw, part ? anchor.y : anchor.x, anchor.stride);
        }
}

const struct op op_point_decode = {
    .name = "point_decode", .version = 1,
    .attributes_size = sizeof(struct point_decode_attributes), .attributes = point_decode_table,
    .shape = point_decode_shape, .reference = point_decode_reference,
};
