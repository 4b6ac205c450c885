/* detect_loss.c - the loss of boxes and classes. */

#include "nn/box_math.h"
#include "nn/object_losses.h"
#include "nn/ops/detect_internal.h"

#include <string.h>

static const struct attribute table[] = {
    ATTRIBUTE_OF_INTS(detect_loss_attributes, grids.image, 2),
    ATTRIBUTE_OF_INTS(detect_loss_attributes, grids.stride, ANCHOR_LEVELS),
    ATTRIBUTE_OF_REAL(detect_loss_attributes, box), ATTRIBUTE_OF_REAL(detect_loss_attributes, cls),
    ATTRIBUTE_OF_REAL(detect_loss_attributes, dfl), ATTRIBUTE_END,
};

enum { DISTRIBUTION, LOGITS, INDEX, SCORE, TOTALS, BOXES, CLASSES, COUNTS, INPUTS };

static bool check(struct graph *graph, const struct node *node,
                  const struct detect_loss_attributes *a, int most_inputs)
{
    int64_t images, anchors, channel_count;

    if (!op_has_inputs(graph, node, INPUTS, most_inputs) || !op_has_grids(graph, node, &a->grids) ||
        !op_has_rank(graph, node, DISTRIBUTION, "the distribution", 3))
        return false;
    images = node->inputs[0]->shape.dim[0];
    channel_count = node->inputs[0]->shape.dim[1];
    anchors = anchor_count(&a->grids);
    if (channel_count % 4 || channel_count < 8 || channel_count > 4 * BOX_MOST_BINS) {
        graph_fail(graph, "%s: a distribution of %d numbers is not one of four sides",
                   node->op->name, (int)channel_count);
        return false;
    }
    return op_has_anchors(graph, node, DISTRIBUTION, "the distribution", images, 0, anchors) &&
           op_has_anchors(graph, node, LOGITS, "the logits", images, 0, anchors) &&
           op_has_shape(graph, node, INDEX, "the index", &SHAPE(images, anchors)) &&
           op_has_shape(graph, node, SCORE, "the score", &SHAPE(images, anchors)) &&
           op_has_shape(graph, node, TOTALS, "the totals", &SHAPE(2)) &&
           op_has_targets(graph, node, images, BOXES, CLASSES, COUNTS);
}

static void detect_loss_shape(struct graph *graph, struct node *node, void *attributes)
{
    if (!check(graph, node, attributes, INPUTS))
        return;
    graph_node_output(graph, node, SHAPE_SCALAR, DTYPE_F32);
    graph_node_output(graph, node, SHAPE(3), DTYPE_F32);
}

static void detect_loss_gradient(struct gradient *gradient, const struct node *node)
{
    loss_gradient(gradient, node, &op_detect_loss_grad);
}

static struct box_image image_at(const struct reference_call *call, int64_t n)
{
    const struct node *node = call->node;
    const struct detect_loss_attributes *a = node->attributes;
    const struct shape *distribution = &node->inputs[DISTRIBUTION]->shape;
    int64_t class_count = node->inputs[LOGITS]->shape.dim[1], anchors = distribution->dim[2];
    int64_t most = node->inputs[BOXES]->shape.dim[1];
    struct box_image image = { .grids = &a->grids, .bins = (int)(distribution->dim[1] / 4),
                               .class_count = (int)class_count, .anchor_total = anchors };

    image.distribution = reals_of(call->inputs[DISTRIBUTION] + n * distribution->dim[1] * anchors);
    image.logits = reals_of(call->inputs[LOGITS] + n * class_count * anchors);
    image.index = reals_of(call->inputs[INDEX] + n * anchors);
    image.score = reals_of(call->inputs[SCORE] + n * anchors);
    image.boxes = reals_of(call->inputs[BOXES] + n * most * 4);
    image.classes = reals_of(call->inputs[CLASSES] + n * most);
    return image;
}

static void detect_loss_reference(const struct reference_call *call)
{
    const struct detect_loss_attributes *a = call->node->attributes;
    const struct shape *logits = &call->node->inputs[LOGITS]->shape;
    int64_t images = logits->dim[0], per_image = logits->dim[1] * logits->dim[2];
    double total = call->inputs[TOTALS][0], *parts = call->outputs[1];

    memset(parts, 0, 3 * sizeof(*parts));
    for (int64_t n = 0; n < images; n++) {
        struct box_image image = image_at(call, n);
        struct box_image_sums sums = box_image_losses(&image);

        parts[0] += a->box * sums.box / total;
        parts[1] -= a->cls * sums.agreement / total;
        parts[2] += a->dfl * sums.distance / total;
        for (int64_t i = 0; call->inputs[COUNTS][n] >= 0 && i < per_image; i++)
            parts[1] += a->cls * softplus(call->inputs[LOGITS][n * per_image + i]) / total;
    }
    call->outputs[0][0] = (parts[0] + parts[1] + parts[2]) *
                          (double)images_present(call->inputs[COUNTS], images);
}

const struct op op_detect_loss = {
    .name = "detect_loss", .version = 1, .flags = OP_LOSS,
    .attributes_size = sizeof(struct detect_loss_attributes), .attributes = table,
    .shape = detect_loss_shape, .gradient = detect_loss_gradient,
    .reference = detect_loss_reference,
};

static void detect_loss_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    if (!check(graph, node, attributes, INPUTS + 1))
        return;
    graph_node_output(graph, node, node->inputs[DISTRIBUTION]->shape, DTYPE_F32);
    graph_node_output(graph, node, node->inputs[LOGITS]->shape, DTYPE_F32);
}

static void detect_loss_grad_reference(const struct reference_call *call)
{
    const struct node *node = call->node;
    const struct detect_loss_attributes *a = node->attributes;
    const struct shape *logits = &node->inputs[LOGITS]->shape;
    int64_t per_image = logits->dim[1] * logits->dim[2];
    int64_t distribution_per_image = shape_count(&node->inputs[DISTRIBUTION]->shape) /
                                     logits->dim[0];
    double factor = loss_factor(call, COUNTS) / call->inputs[TOTALS][0];

    for (int64_t n = 0; n < logits->dim[0]; n++) {
        struct box_image image = image_at(call, n);
        double *ddistribution = call->outputs[0] + n * distribution_per_image;
        double *dlogits = call->outputs[1] + n * per_image;
        bool is_present = call->inputs[COUNTS][n] >= 0;

        memset(ddistribution, 0, (size_t)distribution_per_image * sizeof(double));
        for (int64_t i = 0; i < per_image; i++)
            dlogits[i] = is_present ? a->cls * factor *
                                          sigmoid(call->inputs[LOGITS][n * per_image + i])
                                    : 0;
        box_image_gradients(&image, a->box * factor, a->dfl * factor, a->cls * factor,
                            reals_of(ddistribution), reals_of(dlogits));
    }
}

const struct op op_detect_loss_grad = {
    .name = "detect_loss_grad", .version = 1,
    .attributes_size = sizeof(struct detect_loss_attributes), .attributes = table,
    .shape = detect_loss_grad_shape, .reference = detect_loss_grad_reference,
};
