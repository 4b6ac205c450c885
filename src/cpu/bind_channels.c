/* bind_channels.c - rows for numbers per image and channel; kernels/vector_channels.c. */

#include "cpu/bind.h"
#include "nn/ops.h"

static bool offer_channels(struct device *device, struct arena *arena, const struct node *node,
                           const int *wish, struct offer *offer)
{
    (void)device;
    (void)arena;
    (void)wish;
    offer_blocked(node, offer, node->op == &op_scale_channels ? 2 : 1);
    if (node->op == &op_scale_channels)
        offer_in_place(offer, 0, 0);
    return true;
}

/* `image`: the blocked value. */
static void setup_channels(struct step *step, struct channels_work *work,
                           const struct setup *setup, const struct value *image, range_fn *range)
{
    work->size = blocked_of(&image->shape, setup->device->block);
    bind_phase(step, range, work, work->size.images * work->size.blocks);
}

static void setup_scale(struct step *step, void *data, const struct setup *setup)
{
    struct channels_work *work = data;

    work->x = step_input(step, 0);
    work->s = step_input(step, 1);
    work->y = step_output(step, 0);
    setup_channels(step, work, setup, step->node->inputs[0], setup->kernels->channels_scale);
}

static void setup_scale_grad(struct step *step, void *data, const struct setup *setup)
{
    struct channels_work *work = data;

    work->x = step_input(step, 0);
    work->dy = step_input(step, 1);
    work->sums = step_output(step, 0);
    setup_channels(step, work, setup, step->node->inputs[0], setup->kernels->channels_dot);
}

static void setup_mean(struct step *step, void *data, const struct setup *setup)
{
    struct channels_work *work = data;

    work->x = step_input(step, 0);
    work->sums = step_output(step, 0);
    setup_channels(step, work, setup, step->node->inputs[0], setup->kernels->channels_mean);
}

static void setup_spread(struct step *step, void *data, const struct setup *setup)
{
    struct channels_work *work = data;

    work->s = step_input(step, 0);
    work->y = step_output(step, 0);
    setup_channels(step, work, setup, step->node->outputs[0], setup->kernels->channels_spread);
}

/* --- bias ------------------------------------------------------------------------------------- */

static bool offer_bias(struct device *device, struct arena *arena, const struct node *node,
                       const int *wish, struct offer *offer)
{
    const struct shape *x = &node->inputs[0]->shape;

    (void)device;
    (void)arena;
    (void)wish;
    if (!is_image(node->inputs[0]))
        return false;
    offer_blocked(node, offer, 2);
    if (node->op == &op_add_channels)
        offer_in_place(offer, 0, 0);
    else
        offer->scratch_bytes = (size_t)(x->dim[0] * x->dim[1]) * sizeof(float);
    return true;
}

static void setup_add(struct step *step, void *data, const struct setup *setup)
{
    struct channels_work *work = data;

    work->x = step_input(step, 0);
    work->s = step_input(step, 1);
    work->y = step_output(step, 0);
    setup_channels(step, work, setup, step->node->inputs[0], setup->kernels->channels_add);
}

static void setup_total(struct step *step, void *data, const struct setup *setup)
{
    struct channels_work *work = data;

    work->dy = step_input(step, 0);
    work->sums = step->scratch;
    work->total = step_output(step, 0);
    setup_channels(step, work, setup, step->node->inputs[0], setup->kernels->channels_total);
    bind_phase(step, setup->kernels->channels_total_finish, work, work->size.blocks);
}

/* clang-format off */
static const struct simple_row rows[] = {
    SIMPLE_ROW(scale_channels, offer_channels, struct channels_work, setup_scale),
    SIMPLE_ROW(scale_channels_scale_grad, offer_channels, struct channels_work, setup_scale_grad),
    SIMPLE_ROW(global_avg_pool, offer_channels, struct channels_work, setup_mean),
    SIMPLE_ROW(global_avg_pool_grad, offer_channels, struct channels_work, setup_spread),
    SIMPLE_ROW(add_channels, offer_bias, struct channels_work, setup_add),
    SIMPLE_ROW(sum_channels, offer_bias, struct channels_work, setup_total),
};
/* clang-format on */

const struct kernel *const channel_kernels[] = { &rows[0].kernel, &rows[1].kernel, &rows[2].kernel,
                                                 &rows[3].kernel, &rows[4].kernel, &rows[5].kernel,
                                                 NULL };
