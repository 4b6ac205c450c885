/* assign.c - which anchor is to find which object; see nn/assignment.h. */

#include "nn/assignment.h"
#include "nn/ops/detect_internal.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>

static const struct attribute assign_table[] = {
    ATTRIBUTE_OF_INTS(assign_attributes, grids.image, 2),
    ATTRIBUTE_OF_INTS(assign_attributes, grids.stride, ANCHOR_LEVELS),
    ATTRIBUTE_OF_INT(assign_attributes, most), ATTRIBUTE_OF_REAL(assign_attributes, alpha),
    ATTRIBUTE_OF_REAL(assign_attributes, beta), ATTRIBUTE_END,
};

static void assign_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct assign_attributes *a = attributes;
    int64_t images, anchors;

    if (!op_has_inputs(graph, node, 5, 5) || !op_has_grids(graph, node, &a->grids))
        return;
    a->most = a->most ? a->most : 10;
    a->alpha = a->alpha > 0 ? a->alpha : 0.5;
    a->beta = a->beta > 0 ? a->beta : 6;
    if (a->most < 1 || a->most > ASSIGNMENT_MOST) {
        graph_fail(graph, "assign: takes 1 to %d anchors per object, not %d", ASSIGNMENT_MOST,
                   a->most);
        return;
    }
    images = node->inputs[0]->shape.dim[0];
    anchors = anchor_count(&a->grids);
    if (!op_has_anchors(graph, node, 0, "the predicted boxes", images, 4, anchors) ||
        !op_has_anchors(graph, node, 1, "the logits", images, 0, anchors) ||
        !op_has_targets(graph, node, images, 2, 3, 4))
        return;
    graph_node_output(graph, node, SHAPE(images, anchors), DTYPE_I32);
    graph_node_output(graph, node, SHAPE(images, anchors), DTYPE_F32);
    graph_node_output(graph, node, SHAPE(2), DTYPE_F32);
}

static void assign_reference(const struct reference_call *call)
{
    const struct assign_attributes *a = call->node->attributes;
    const struct shape *logits = &call->node->inputs[1]->shape;
    int64_t images = logits->dim[0], anchors = logits->dim[2];
    int64_t most = call->node->inputs[2]->shape.dim[1];
    struct assignment_rule rule = { a->most, a->alpha, a->beta };
    struct assignment work = { .grids = &a->grids, .rule = &rule,
                               .class_count = (int)logits->dim[1],
                               .anchors = malloc((size_t)anchors * sizeof(*work.anchors)),
                               .best = malloc((size_t)(2 * most + 1) * sizeof(double)) };
    double scores = 0, found = 0;

    BUG_IF(!work.anchors || !work.best);
    for (int64_t n = 0; n < images; n++) {
        double sum;

        work.boxes = reals_of(call->inputs[0] + n * 4 * anchors);
        work.logits = reals_of(call->inputs[1] + n * logits->dim[1] * anchors);
        work.targets = reals_of(call->inputs[2] + n * most * 4);
        work.classes = reals_of(call->inputs[3] + n * most);
        work.count = (int64_t)fmin(fmax(call->inputs[4][n], 0), (double)most);
        work.index = reals_of(call->outputs[0] + n * anchors);
        work.score = reals_of(call->outputs[1] + n * anchors);
        found += (double)assignment_run(&work, &sum);
        scores += sum;
    }
    call->outputs[2][0] = fmax(scores, 1);
    call->outputs[2][1] = found;
    free(work.anchors);
    free(work.best);
}

const struct op op_assign = {
    .name = "assign", .version = 1, .attributes_size = sizeof(struct assign_attributes),
    .attributes = assign_table, .shape = assign_shape, .reference = assign_reference,
};
