/* mask_loss.c - the loss of masks that are made of prototypes. */

#include "nn/box_math.h"
#include "nn/object_losses.h"
#include "nn/ops/detect_internal.h"

#include <math.h>
#include <string.h>

static const struct attribute table[] = {
    ATTRIBUTE_OF_INTS(mask_loss_attributes, image, 2),
    ATTRIBUTE_OF_REAL(mask_loss_attributes, gain), ATTRIBUTE_END,
};

enum { COEFFICIENTS, PROTOTYPES, MASKS, INDEX, TOTALS, BOXES, COUNTS, INPUTS };

static bool check(struct graph *graph, const struct node *node,
                  const struct mask_loss_attributes *a, int most_inputs)
{
    const struct shape *coefficients, *prototypes;
    int64_t images;

    if (!op_has_inputs(graph, node, INPUTS, most_inputs) ||
        !op_has_rank(graph, node, COEFFICIENTS, "the coefficients", 3) ||
        !op_has_rank(graph, node, PROTOTYPES, "the prototypes", 4))
        return false;
    coefficients = &node->inputs[COEFFICIENTS]->shape;
    prototypes = &node->inputs[PROTOTYPES]->shape;
    images = coefficients->dim[0];
    if (a->image[0] < 1 || a->image[1] < 1) {
        graph_fail(graph, "%s: images of %d x %d pixels", node->op->name, a->image[0],
                   a->image[1]);
        return false;
    }
    return op_has_shape(graph, node, PROTOTYPES, "the prototypes",
                        &SHAPE(images, coefficients->dim[1], prototypes->dim[2],
                               prototypes->dim[3])) &&
           op_has_shape(graph, node, MASKS, "the masks",
                        &SHAPE(images, prototypes->dim[2], prototypes->dim[3])) &&
           op_has_shape(graph, node, INDEX, "the index", &SHAPE(images, coefficients->dim[2])) &&
           op_has_shape(graph, node, TOTALS, "the totals", &SHAPE(2)) &&
           op_has_targets(graph, node, images, BOXES, -1, COUNTS);
}

static void mask_loss_shape(struct graph *graph, struct node *node, void *attributes)
{
    if (!check(graph, node, attributes, INPUTS))
        return;
    graph_node_output(graph, node, SHAPE_SCALAR, DTYPE_F32);
    graph_node_output(graph, node, SHAPE(1), DTYPE_F32);
}

static void mask_loss_gradient(struct gradient *gradient, const struct node *node)
{
    loss_gradient(gradient, node, &op_mask_loss_grad);
}

/* --- reference: pixel by pixel ---------------------------------------------------------------- */

/* One anchor and what it has to paint. */
struct painting {
    const double *coefficient, *prototype; /* the first of each */
    const double *mask;
    double *dcoefficient, *dprototype; /* NULL: not wanted */
    int64_t count, anchors, width, pixels;
    struct mask_area area;
    int64_t object;
};

static double paint_pixel(const struct painting *p, int64_t at, double factor)
{
    double x = 0, wanted = p->mask[at] == (double)(p->object + 1), dx;

    for (int64_t k = 0; k < p->count; k++)
        x += p->coefficient[k * p->anchors] * p->prototype[k * p->pixels + at];
    if (!p->dprototype)
        return softplus(x) - wanted * x;
    dx = factor * (sigmoid(x) - wanted);
    for (int64_t k = 0; k < p->count; k++) {
        p->dcoefficient[k * p->anchors] += dx * p->prototype[k * p->pixels + at];
        p->dprototype[k * p->pixels + at] += dx * p->coefficient[k * p->anchors];
    }
    return 0;
}

static double paint(const struct painting *p, double factor)
{
    double sum = 0;

    for (int64_t y = p->area.y[0]; y < p->area.y[1]; y++)
        for (int64_t x = p->area.x[0]; x < p->area.x[1]; x++)
            sum += paint_pixel(p, y * p->width + x, factor * p->area.weight);
    return sum * p->area.weight;
}

/* All anchors of image n that have an object. */
static double paint_image(const struct reference_call *call, int64_t n, bool backward,
                          double factor)
{
    const struct node *node = call->node;
    const struct mask_loss_attributes *a = node->attributes;
    const struct shape *prototypes = &node->inputs[PROTOTYPES]->shape;
    int64_t most = node->inputs[BOXES]->shape.dim[1];
    int64_t anchors = node->inputs[COEFFICIENTS]->shape.dim[2];
    struct painting p = { .count = prototypes->dim[1], .anchors = anchors,
                          .width = prototypes->dim[3],
                          .pixels = prototypes->dim[2] * prototypes->dim[3] };
    double sum = 0;

    p.prototype = call->inputs[PROTOTYPES] + n * p.count * p.pixels;
    p.dprototype = backward ? call->outputs[1] + n * p.count * p.pixels : NULL;
    p.mask = call->inputs[MASKS] + n * p.pixels;
    for (int64_t i = 0; i < anchors; i++) {
        p.object = (int64_t)call->inputs[INDEX][n * anchors + i];
        if (p.object < 0)
            continue;
        p.coefficient = call->inputs[COEFFICIENTS] + n * p.count * anchors + i;
        p.dcoefficient = backward ? call->outputs[0] + n * p.count * anchors + i : NULL;
        p.area = mask_area_of(reals_of(call->inputs[BOXES] + (n * most + p.object) * 4), a->image,
                              prototypes->dim[2], prototypes->dim[3]);
        sum += paint(&p, factor);
    }
    return sum;
}

static void mask_loss_reference(const struct reference_call *call)
{
    const struct mask_loss_attributes *a = call->node->attributes;
    int64_t images = call->node->inputs[INDEX]->shape.dim[0];
    double sum = 0;

    for (int64_t n = 0; n < images; n++)
        sum += paint_image(call, n, false, 1);
    call->outputs[1][0] = a->gain * sum / fmax(call->inputs[TOTALS][1], 1);
    call->outputs[0][0] = call->outputs[1][0] *
                          (double)images_present(call->inputs[COUNTS], images);
}

const struct op op_mask_loss = {
    .name = "mask_loss", .version = 1, .flags = OP_LOSS,
    .attributes_size = sizeof(struct mask_loss_attributes), .attributes = table,
    .shape = mask_loss_shape, .gradient = mask_loss_gradient, .reference = mask_loss_reference,
};

static void mask_loss_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    if (!check(graph, node, attributes, INPUTS + 1))
        return;
    graph_node_output(graph, node, node->inputs[COEFFICIENTS]->shape, DTYPE_F32);
    graph_node_output(graph, node, node->inputs[PROTOTYPES]->shape, DTYPE_F32);
}

static void mask_loss_grad_reference(const struct reference_call *call)
{
    const struct mask_loss_attributes *a = call->node->attributes;
    const struct node *node = call->node;
    double factor = a->gain * loss_factor(call, COUNTS) / fmax(call->inputs[TOTALS][1], 1);

    for (int i = 0; i < 2; i++)
        memset(call->outputs[i], 0,
               (size_t)shape_count(&node->outputs[i]->shape) * sizeof(double));
    for (int64_t n = 0; n < node->inputs[INDEX]->shape.dim[0]; n++)
        paint_image(call, n, true, factor);
}

const struct op op_mask_loss_grad = {
    .name = "mask_loss_grad", .version = 1, .attributes_size = sizeof(struct mask_loss_attributes),
    .attributes = table, .shape = mask_loss_grad_shape, .reference = mask_loss_grad_reference,
};
