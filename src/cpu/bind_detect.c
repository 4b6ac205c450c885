/* bind_detect.c - rows for the ops that find objects: what is done at every anchor by vector
 * kernels (kernels/vector_detect.c, vector_mask.c), what is done per object by the code that the
 * reference runs too (nn/assignment.h, nn/object_losses.h). */

#include "cpu/bind.h"
#include "nn/assignment.h"
#include "nn/box_math.h"
#include "nn/object_losses.h"
#include "nn/ops.h"
#include "tensor/slab.h"

#include <math.h>

static struct reals floats(const float *at, int64_t offset)
{
    return (struct reals){ at ? at + offset : NULL, REALS_F32 };
}

static struct reals integers(const int32_t *at, int64_t offset)
{
    return (struct reals){ at ? at + offset : NULL, REALS_I32 };
}

/* --- decoding --------------------------------------------------------------------------------- */

static bool offer_decode(struct device *device, struct arena *arena, const struct node *node,
                         const int *wish, struct offer *offer)
{
    (void)device;
    (void)arena;
    (void)wish;
    offer_plain(node, offer);
    offer->scratch_bytes = (size_t)(3 * node->outputs[0]->shape.dim[2]) * sizeof(float);
    return true;
}

static void setup_decode(struct step *step, struct anchors_work *work, const struct setup *setup,
                         range_fn *range)
{
    const struct shape *y = &step->node->outputs[0]->shape;

    work->images = y->dim[0];
    work->anchors = y->dim[2];
    work->chunks = (y->dim[2] + ANCHORS_PER_ITEM - 1) / ANCHORS_PER_ITEM;
    work->table = step->scratch;
    work->x = step_input(step, 0);
    work->y = step_output(step, 0);
    bind_phase(step, setup->kernels->anchors_make, work, 1);
    bind_phase(step, range, work, work->images * work->chunks);
}

static void setup_boxes(struct step *step, void *data, const struct setup *setup)
{
    const struct box_decode_attributes *a = step->node->attributes;
    struct anchors_work *work = data;

    work->grids = a->grids;
    work->centred = a->centred;
    work->bins = step->node->inputs[0]->shape.dim[1] / 4;
    work->projection = step_input(step, 1);
    setup_decode(step, work, setup, setup->kernels->boxes_decode);
}

static void setup_points(struct step *step, void *data, const struct setup *setup)
{
    const struct point_decode_attributes *a = step->node->attributes;
    struct anchors_work *work = data;

    work->grids = a->grids;
    work->points = a->points;
    work->size = a->size;
    setup_decode(step, work, setup, setup->kernels->points_decode);
}

/* --- assignment: image by image --------------------------------------------------------------- */

struct assign_work {
    struct assignment_rule rule;
    const struct assign_attributes *attributes;
    int64_t images, classes, anchors, most;
    const float *predicted, *logits, *boxes;
    const int32_t *class_of, *counts;
    int32_t *index;
    float *score, *totals;
    struct assignment_anchor *work; /* images * anchors */
    double *best;                   /* images * 2 * most */
    double *sums;                   /* images * 2: scores, anchors found */
};

static void assign_images(const void *data, int64_t begin, int64_t end)
{
    const struct assign_work *w = data;

    for (int64_t n = begin; n < end; n++) {
        int64_t count = w->counts[n] < 0 ? 0 : w->counts[n];
        struct assignment assignment = {
            .grids = &w->attributes->grids, .rule = &w->rule,
            .boxes = floats(w->predicted, n * 4 * w->anchors),
            .logits = floats(w->logits, n * w->classes * w->anchors),
            .class_count = (int)w->classes, .targets = floats(w->boxes, n * w->most * 4),
            .classes = integers(w->class_of, n * w->most),
            .count = count < w->most ? count : w->most, .anchors = w->work + n * w->anchors,
            .best = w->best + n * 2 * w->most, .index = integers(w->index, n * w->anchors),
            .score = floats(w->score, n * w->anchors)
        };

        w->sums[2 * n + 1] = (double)assignment_run(&assignment, &w->sums[2 * n]);
    }
}

static void assign_finish(const void *data, int64_t begin, int64_t end)
{
    const struct assign_work *w = data;
    double sums[2] = { 0, 0 };

    if (begin == end)
        return;
    for (int64_t i = 0; i < 2 * w->images; i++)
        sums[i % 2] += w->sums[i];
    w->totals[0] = (float)fmax(sums[0], 1);
    w->totals[1] = (float)sums[1];
}

static size_t assign_scratch(const struct node *node, size_t *best_at, size_t *sums_at)
{
    int64_t images = node->inputs[1]->shape.dim[0], anchors = node->inputs[1]->shape.dim[2];
    size_t work = slab_round((size_t)(images * anchors) * sizeof(struct assignment_anchor));
    size_t best = slab_round((size_t)(images * 2 * node->inputs[2]->shape.dim[1]) * sizeof(double));

    *best_at = work;
    *sums_at = work + best;
    return work + best + (size_t)(2 * images) * sizeof(double);
}

static bool offer_assign(struct device *device, struct arena *arena, const struct node *node,
                         const int *wish, struct offer *offer)
{
    size_t best_at, sums_at;

    (void)device;
    (void)arena;
    (void)wish;
    offer_plain(node, offer);
    offer->scratch_bytes = assign_scratch(node, &best_at, &sums_at);
    return true;
}

static void setup_assign(struct step *step, void *data, const struct setup *setup)
{
    const struct node *node = step->node;
    const struct shape *logits = &node->inputs[1]->shape;
    char *scratch = step->scratch;
    struct assign_work *work = data;
    size_t best_at, sums_at;

    (void)setup;
    assign_scratch(node, &best_at, &sums_at);
    work->attributes = node->attributes;
    work->rule = (struct assignment_rule){ work->attributes->most, work->attributes->alpha,
                                           work->attributes->beta };
    work->images = logits->dim[0];
    work->classes = logits->dim[1];
    work->anchors = logits->dim[2];
    work->most = node->inputs[2]->shape.dim[1];
    work->predicted = step_input(step, 0);
    work->logits = step_input(step, 1);
    work->boxes = step_input(step, 2);
    work->class_of = step_input(step, 3);
    work->counts = step_input(step, 4);
    work->index = step_output(step, 0);
    work->score = step_output(step, 1);
    work->totals = step_output(step, 2);
    work->work = (struct assignment_anchor *)scratch;
    work->best = scratch ? (double *)(scratch + best_at) : NULL;
    work->sums = scratch ? (double *)(scratch + sums_at) : NULL;
    bind_phase(step, assign_images, work, work->images);
    bind_phase(step, assign_finish, work, 1);
}

/* --- boxes and classes ------------------------------------------------------------------------ */

struct detect_work {
    struct class_rows_work rows;
    const struct detect_loss_attributes *attributes;
    struct box_image image; /* of image 0 */
    int64_t most;
    double *sums; /* 3 per image */
    float *loss, *parts, *ddistribution;
};

static struct box_image image_of(const struct detect_work *w, int64_t n)
{
    struct box_image image = w->image;
    int64_t anchors = image.anchor_total;

    image.distribution = reals_from(image.distribution, n * 4 * image.bins * anchors);
    image.logits = reals_from(image.logits, n * image.class_count * anchors);
    image.index = reals_from(image.index, n * anchors);
    image.score = reals_from(image.score, n * anchors);
    image.boxes = reals_from(image.boxes, n * w->most * 4);
    image.classes = reals_from(image.classes, n * w->most);
    return image;
}

static void detect_images(const void *data, int64_t begin, int64_t end)
{
    const struct detect_work *w = data;

    for (int64_t n = begin; n < end; n++) {
        struct box_image image = image_of(w, n);
        struct box_image_sums sums = box_image_losses(&image);

        w->sums[3 * n] = sums.box;
        w->sums[3 * n + 1] = -sums.agreement;
        w->sums[3 * n + 2] = sums.distance;
    }
}

static void detect_finish(const void *data, int64_t begin, int64_t end)
{
    const struct detect_work *w = data;
    double gains[3] = { w->attributes->box, w->attributes->cls, w->attributes->dfl };
    double sums[3] = { 0, 0, 0 }, loss = 0;

    if (begin == end)
        return;
    for (int64_t row = 0; row < w->rows.images * w->rows.channels; row++)
        sums[1] += w->rows.sums[row];
    for (int64_t i = 0; i < 3 * w->rows.images; i++)
        sums[i % 3] += w->sums[i];
    for (int i = 0; i < 3; i++) {
        double part = gains[i] * sums[i] / w->rows.totals[0];

        w->parts[i] = (float)part;
        loss += part;
    }
    *w->loss = (float)(loss * (double)present_images(w->rows.counts, w->rows.images));
}

static void detect_grad_images(const void *data, int64_t begin, int64_t end)
{
    const struct detect_work *w = data;
    double factor = (double)present_images(w->rows.counts, w->rows.images) *
                    (w->rows.dloss ? *w->rows.dloss : 1) / w->rows.totals[0];
    int64_t per_image = 4 * w->image.bins * w->image.anchor_total;

    for (int64_t n = begin; n < end; n++) {
        struct box_image image = image_of(w, n);
        float *ddistribution = w->ddistribution + n * per_image;

        for (int64_t i = 0; i < per_image; i++)
            ddistribution[i] = 0;
        box_image_gradients(&image, w->attributes->box * factor, w->attributes->dfl * factor,
                            w->attributes->cls * factor, floats(ddistribution, 0),
                            floats(w->rows.dx, n * w->rows.channels * w->rows.anchors));
    }
}

static bool offer_detect(struct device *device, struct arena *arena, const struct node *node,
                         const int *wish, struct offer *offer)
{
    const struct shape *logits = &node->inputs[1]->shape;

    (void)device;
    (void)arena;
    (void)wish;
    offer_plain(node, offer);
    if (node->op == &op_detect_loss)
        offer->scratch_bytes = slab_round((size_t)(3 * logits->dim[0]) * sizeof(double)) +
                               (size_t)(logits->dim[0] * logits->dim[1]) * sizeof(float);
    return true;
}

static void setup_detect(struct step *step, void *data, const struct setup *setup)
{
    const struct node *node = step->node;
    const struct shape *logits = &node->inputs[1]->shape;
    bool is_loss = node->op == &op_detect_loss;
    struct detect_work *w = data;
    char *scratch = step->scratch;

    w->attributes = node->attributes;
    w->most = node->inputs[5]->shape.dim[1];
    w->rows = (struct class_rows_work){ .images = logits->dim[0], .channels = logits->dim[1],
                                        .anchors = logits->dim[2], .x = step_input(step, 1),
                                        .totals = step_input(step, 4),
                                        .counts = step_input(step, 7),
                                        .gain = (float)w->attributes->cls };
    w->image = (struct box_image){ .grids = &w->attributes->grids,
                                   .bins = (int)(node->inputs[0]->shape.dim[1] / 4),
                                   .class_count = (int)logits->dim[1],
                                   .anchor_total = logits->dim[2],
                                   .distribution = floats(step_input(step, 0), 0),
                                   .logits = floats(step_input(step, 1), 0),
                                   .index = integers(step_input(step, 2), 0),
                                   .score = floats(step_input(step, 3), 0),
                                   .boxes = floats(step_input(step, 5), 0),
                                   .classes = integers(step_input(step, 6), 0) };
    if (is_loss) {
        w->sums = (double *)scratch;
        w->rows.sums = scratch ? (float *)(scratch + slab_round((size_t)(3 * logits->dim[0]) *
                                                                sizeof(double))) : NULL;
        w->loss = step_output(step, 0);
        w->parts = step_output(step, 1);
    } else {
        w->ddistribution = step_output(step, 0);
        w->rows.dx = step_output(step, 1);
        w->rows.dloss = node->input_count > 8 ? step_input(step, 8) : NULL;
    }
    bind_phase(step, is_loss ? setup->kernels->class_loss_rows : setup->kernels->class_grad_rows,
               &w->rows, w->rows.images * w->rows.channels);
    bind_phase(step, is_loss ? detect_images : detect_grad_images, w, w->rows.images);
    if (is_loss)
        bind_phase(step, detect_finish, w, 1);
}

/* clang-format off */
static const struct simple_row rows[] = {
    SIMPLE_ROW(box_decode, offer_decode, struct anchors_work, setup_boxes),
    SIMPLE_ROW(point_decode, offer_decode, struct anchors_work, setup_points),
    SIMPLE_ROW(assign, offer_assign, struct assign_work, setup_assign),
    SIMPLE_ROW(detect_loss, offer_detect, struct detect_work, setup_detect),
    SIMPLE_ROW(detect_loss_grad, offer_detect, struct detect_work, setup_detect),
};
/* clang-format on */

const struct kernel *const detect_kernels[] = { &rows[0].kernel, &rows[1].kernel, &rows[2].kernel,
                                                &rows[3].kernel, &rows[4].kernel, NULL };
