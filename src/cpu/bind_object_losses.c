/* bind_object_losses.c - rows for the losses that detectors have beside boxes and classes: masks,
 * key points, and their sum. */

#include "cpu/bind.h"
#include "nn/object_losses.h"
#include "nn/ops.h"

#include <math.h>

static bool offer_sums(struct device *device, struct arena *arena, const struct node *node,
                       const int *wish, struct offer *offer)
{
    (void)device;
    (void)arena;
    (void)wish;
    offer_plain(node, offer);
    if (node->op == &op_mask_loss || node->op == &op_point_loss) /* at most two per image */
        offer->scratch_bytes = (size_t)(2 * node->inputs[0]->shape.dim[0]) * sizeof(double);
    return true;
}

/* --- masks ------------------------------------------------------------------------------------ */

struct mask_step {
    struct mask_work mask;
    float *loss, *parts;
};

static void mask_finish(const void *data, int64_t begin, int64_t end)
{
    const struct mask_step *w = data;
    double sum = 0;

    if (begin == end)
        return;
    for (int64_t n = 0; n < w->mask.images; n++)
        sum += w->mask.sums[n];
    sum *= w->mask.gain / fmax(w->mask.totals[1], 1);
    w->parts[0] = (float)sum;
    *w->loss = (float)(sum * (double)present_images(w->mask.counts, w->mask.images));
}

static bool offer_mask(struct device *device, struct arena *arena, const struct node *node,
                       const int *wish, struct offer *offer)
{
    return node->inputs[0]->shape.dim[1] <= MASK_MOST_PROTOTYPES &&
           offer_sums(device, arena, node, wish, offer);
}

static void setup_mask(struct step *step, void *data, const struct setup *setup)
{
    const struct node *node = step->node;
    const struct mask_loss_attributes *a = node->attributes;
    const struct shape *prototypes = &node->inputs[1]->shape;
    struct mask_step *w = data;
    bool is_loss = node->op == &op_mask_loss;

    w->mask = (struct mask_work){
        .images = prototypes->dim[0], .prototype_count = prototypes->dim[1],
        .anchors = node->inputs[0]->shape.dim[2], .height = prototypes->dim[2],
        .width = prototypes->dim[3], .most_boxes = node->inputs[5]->shape.dim[1],
        .image = { a->image[0], a->image[1] }, .coefficients = step_input(step, 0),
        .prototypes = step_input(step, 1), .masks = step_input(step, 2),
        .index = step_input(step, 3), .totals = step_input(step, 4), .boxes = step_input(step, 5),
        .counts = step_input(step, 6), .gain = a->gain, .sums = step->scratch
    };
    if (!is_loss) {
        w->mask.dloss = node->input_count > 7 ? step_input(step, 7) : NULL;
        w->mask.dcoefficients = step_output(step, 0);
        w->mask.dprototypes = step_output(step, 1);
        bind_phase(step, setup->kernels->mask_loss_grad, &w->mask, w->mask.images);
        return;
    }
    w->loss = step_output(step, 0);
    w->parts = step_output(step, 1);
    bind_phase(step, setup->kernels->mask_loss, &w->mask, w->mask.images);
    bind_phase(step, mask_finish, w, 1);
}

/* --- key points ------------------------------------------------------------------------------- */

struct point_work {
    const struct point_loss_attributes *attributes;
    struct point_image image; /* of image 0 */
    int64_t images, most;
    const float *totals, *dloss;
    const int32_t *counts;
    double *sums; /* 2 per image */
    float *loss, *parts, *draw;
};

static struct point_image image_of(const struct point_work *w, int64_t n)
{
    struct point_image image = w->image;
    int64_t anchors = image.anchor_total;

    image.raw = reals_from(image.raw, n * image.points * image.size * anchors);
    image.index = reals_from(image.index, n * anchors);
    image.boxes = reals_from(image.boxes, n * w->most * 4);
    image.key_points = reals_from(image.key_points, n * w->most * image.points * 3);
    return image;
}

static void point_images(const void *data, int64_t begin, int64_t end)
{
    const struct point_work *w = data;

    for (int64_t n = begin; n < end; n++) {
        struct point_image image = image_of(w, n);
        struct point_image_sums sums = point_image_losses(&image);

        w->sums[2 * n] = sums.place;
        w->sums[2 * n + 1] = sums.visible;
    }
}

static void point_finish(const void *data, int64_t begin, int64_t end)
{
    const struct point_work *w = data;
    double gains[2] = { w->attributes->place, w->attributes->visible }, sums[2] = { 0, 0 };

    if (begin == end)
        return;
    for (int64_t i = 0; i < 2 * w->images; i++)
        sums[i % 2] += w->sums[i];
    for (int i = 0; i < 2; i++) {
        sums[i] *= gains[i] / fmax(w->totals[1], 1);
        w->parts[i] = (float)sums[i];
    }
    *w->loss = (float)((sums[0] + sums[1]) * (double)present_images(w->counts, w->images));
}

static void point_grad_images(const void *data, int64_t begin, int64_t end)
{
    const struct point_work *w = data;
    int64_t per_image = (int64_t)w->image.points * w->image.size * w->image.anchor_total;
    double factor = (double)present_images(w->counts, w->images) * (w->dloss ? *w->dloss : 1) /
                    fmax(w->totals[1], 1);

    for (int64_t n = begin; n < end; n++) {
        struct point_image image = image_of(w, n);
        float *draw = w->draw + n * per_image;

        for (int64_t i = 0; i < per_image; i++)
            draw[i] = 0;
        point_image_gradients(&image, w->attributes->place * factor,
                              w->attributes->visible * factor, (struct reals){ draw, REALS_F32 });
    }
}

static void setup_point(struct step *step, void *data, const struct setup *setup)
{
    const struct node *node = step->node;
    const struct point_loss_attributes *a = node->attributes;
    struct point_work *w = data;

    (void)setup;
    *w = (struct point_work){ .attributes = a, .images = node->inputs[0]->shape.dim[0],
                              .most = node->inputs[3]->shape.dim[1],
                              .totals = step_input(step, 2), .counts = step_input(step, 5),
                              .sums = step->scratch };
    w->image = (struct point_image){ .grids = &a->grids, .points = a->points, .size = a->size,
                                     .anchor_total = node->inputs[0]->shape.dim[2],
                                     .raw = { step_input(step, 0), REALS_F32 },
                                     .index = { step_input(step, 1), REALS_I32 },
                                     .boxes = { step_input(step, 3), REALS_F32 },
                                     .key_points = { step_input(step, 4), REALS_F32 } };
    if (node->op == &op_point_loss_grad) {
        w->dloss = node->input_count > 6 ? step_input(step, 6) : NULL;
        w->draw = step_output(step, 0);
        bind_phase(step, point_grad_images, w, w->images);
        return;
    }
    w->loss = step_output(step, 0);
    w->parts = step_output(step, 1);
    bind_phase(step, point_images, w, w->images);
    bind_phase(step, point_finish, w, 1);
}

/* --- their sum -------------------------------------------------------------------------------- */

struct sum_work {
    int count;
    const float *losses[NODE_MAX_INPUTS];
    float *loss;
};

static void sum_all(const void *data, int64_t begin, int64_t end)
{
    const struct sum_work *w = data;
    double sum = w->count ? 0 : 1; /* sum_losses_grad */

    for (int i = 0; i < w->count; i++)
        sum += *w->losses[i];
    if (begin < end)
        *w->loss = (float)sum;
}

static void setup_sum(struct step *step, void *data, const struct setup *setup)
{
    struct sum_work *w = data;

    (void)setup;
    w->count = step->node->input_count;
    for (int i = 0; i < w->count; i++)
        w->losses[i] = step_input(step, i);
    w->loss = step_output(step, 0);
    bind_phase(step, sum_all, w, 1);
}

/* clang-format off */
static const struct simple_row rows[] = {
    SIMPLE_ROW(mask_loss, offer_mask, struct mask_step, setup_mask),
    SIMPLE_ROW(mask_loss_grad, offer_mask, struct mask_step, setup_mask),
    SIMPLE_ROW(point_loss, offer_sums, struct point_work, setup_point),
    SIMPLE_ROW(point_loss_grad, offer_sums, struct point_work, setup_point),
    SIMPLE_ROW(sum_losses, offer_sums, struct sum_work, setup_sum),
    SIMPLE_ROW(sum_losses_grad, offer_sums, struct sum_work, setup_sum),
};
/* clang-format on */

const struct kernel *const object_loss_kernels[] = {
    &rows[0].kernel, &rows[1].kernel, &rows[2].kernel, &rows[3].kernel, &rows[4].kernel,
    &rows[5].kernel, NULL,
};
