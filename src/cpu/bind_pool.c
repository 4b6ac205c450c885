/* bind_pool.c - rows for pooling and enlarging; kernels/vector_pool.c. */

#include "cpu/bind.h"
#include "nn/ops.h"

static bool offer_pool(struct device *device, struct arena *arena, const struct node *node,
                       const int *wish, struct offer *offer)
{
    (void)device;
    (void)arena;
    (void)wish;
    offer_blocked(node, offer, 2);
    return true;
}

/* `image` is what the windows lie on, `out` has one pixel per window. */
static void setup_windows(struct step *step, struct pool_work *work, const struct setup *setup,
                          const struct value *image, const struct value *out, range_fn *range)
{
    const struct pool_attributes *pool = step->node->attributes;
    struct blocked size = blocked_of(&image->shape, setup->device->block);

    work->images = size.images;
    work->channels = size.channels;
    work->blocks = size.blocks;
    work->height = image->shape.dim[2];
    work->width = image->shape.dim[3];
    work->out_height = out->shape.dim[2];
    work->out_width = out->shape.dim[3];
    for (int i = 0; i < 2; i++) {
        work->kernel[i] = pool->kernel[i];
        work->stride[i] = pool->stride[i];
        work->pad[i] = pool->pad[i];
    }
    bind_phase(step, range, work, size.images * size.blocks);
}

static void setup_max(struct step *step, void *data, const struct setup *setup)
{
    struct pool_work *work = data;

    work->x = step_input(step, 0);
    work->y = step_output(step, 0);
    work->index = step_output(step, 1);
    setup_windows(step, work, setup, step->node->inputs[0], step->node->outputs[0],
                  setup->kernels->max_pool);
}

static void setup_max_grad(struct step *step, void *data, const struct setup *setup)
{
    struct pool_work *work = data;

    work->index = step_input(step, 0);
    work->dy = step_input(step, 1);
    work->dx = step_output(step, 0);
    setup_windows(step, work, setup, step->node->outputs[0], step->node->inputs[1],
                  setup->kernels->max_pool_grad);
}

static void setup_avg(struct step *step, void *data, const struct setup *setup)
{
    struct pool_work *work = data;

    work->x = step_input(step, 0);
    work->y = step_output(step, 0);
    setup_windows(step, work, setup, step->node->inputs[0], step->node->outputs[0],
                  setup->kernels->avg_pool);
}

static void setup_avg_grad(struct step *step, void *data, const struct setup *setup)
{
    struct pool_work *work = data;

    work->dy = step_input(step, 0);
    work->dx = step_output(step, 0);
    setup_windows(step, work, setup, step->node->outputs[0], step->node->inputs[0],
                  setup->kernels->avg_pool_grad);
}

/* --- upsample -------------------------------------------------------------------------------- */

static void setup_enlarge(struct step *step, struct pool_work *work, const struct setup *setup,
                          const struct value *small, const struct value *large, range_fn *range)
{
    struct blocked size = blocked_of(&small->shape, setup->device->block);

    work->height = small->shape.dim[2];
    work->width = small->shape.dim[3];
    work->out_height = large->shape.dim[2];
    work->out_width = large->shape.dim[3];
    work->stride[0] = ((const struct upsample_attributes *)step->node->attributes)->factor;
    bind_phase(step, range, work, size.images * size.blocks);
}

static void setup_upsample(struct step *step, void *data, const struct setup *setup)
{
    struct pool_work *work = data;

    work->x = step_input(step, 0);
    work->y = step_output(step, 0);
    setup_enlarge(step, work, setup, step->node->inputs[0], step->node->outputs[0],
                  setup->kernels->upsample);
}

static void setup_upsample_grad(struct step *step, void *data, const struct setup *setup)
{
    struct pool_work *work = data;

    work->dy = step_input(step, 0);
    work->dx = step_output(step, 0);
    setup_enlarge(step, work, setup, step->node->outputs[0], step->node->inputs[0],
                  setup->kernels->upsample_grad);
}

/* clang-format off */
static const struct simple_row rows[] = {
    SIMPLE_ROW(max_pool, offer_pool, struct pool_work, setup_max),
    SIMPLE_ROW(max_pool_grad, offer_pool, struct pool_work, setup_max_grad),
    SIMPLE_ROW(avg_pool, offer_pool, struct pool_work, setup_avg),
    SIMPLE_ROW(avg_pool_grad, offer_pool, struct pool_work, setup_avg_grad),
    SIMPLE_ROW(upsample, offer_pool, struct pool_work, setup_upsample),
    SIMPLE_ROW(upsample_grad, offer_pool, struct pool_work, setup_upsample_grad),
};
/* clang-format on */

const struct kernel *const pool_kernels[] = { &rows[0].kernel, &rows[1].kernel, &rows[2].kernel,
                                              &rows[3].kernel, &rows[4].kernel, &rows[5].kernel,
                                              NULL };
