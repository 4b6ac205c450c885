/* bind_batch_norm.c - rows for the batch norm family; kernels/vector_batch_norm.c. */

#include "cpu/bind.h"
#include "nn/ops.h"

static size_t partial_bytes(struct device *device, const struct node *node)
{
    struct blocked size = blocked_of(&node->inputs[0]->shape, device->block);

    return (size_t)(blocked_pieces(&size) * 2 * device->block) * sizeof(float);
}

static struct batch_norm_work *bind_batch_norm(struct device *device, struct arena *arena,
                                               struct step *step, bind_fn *bind)
{
    struct batch_norm_work *work = bind_step(arena, step, sizeof(*work), bind);

    work->size = blocked_of(&step->node->inputs[0]->shape, device->block);
    work->stream = worth_streaming(blocked_floats(&work->size, device->block));
    return work;
}

/* --- batch_stats ----------------------------------------------------------------------------- */

static bool offer_stats(struct device *device, struct arena *arena, const struct node *node,
                        const int *wish, struct offer *offer)
{
    (void)arena;
    (void)wish;
    if (!is_image(node->inputs[0]))
        return false;
    offer_blocked(node, offer, 1);
    offer->scratch_bytes = partial_bytes(device, node);
    return true;
}

static void bind_stats(const struct step *step, void *data)
{
    struct batch_norm_work *work = data;

    work->x = step_input(step, 0);
    work->running_mean = step_input(step, 1);
    work->running_variance = step_input(step, 2);
    work->mean = step_output(step, 0);
    work->istd = step_output(step, 1);
    work->partial = step->scratch;
}

static int create_stats(struct device *device, struct arena *arena, const struct offer *offer,
                        struct step *step, struct error *err)
{
    const struct batch_norm_attributes *attributes = step->node->attributes;
    const struct cpu_kernels *kernels = bind_kernels(device);
    struct batch_norm_work *work = bind_batch_norm(device, arena, step, bind_stats);

    (void)offer;
    (void)err;
    work->eps = attributes->eps;
    work->momentum = attributes->momentum;
    bind_phase(step, kernels->batch_stats_pieces, work, blocked_pieces(&work->size));
    bind_phase(step, kernels->batch_stats_finish, work, work->size.blocks);
    return 0;
}

static const struct kernel batch_stats = { "v:batch_stats", &op_batch_stats, offer_stats,
                                           create_stats };

/* --- batch_running --------------------------------------------------------------------------- */

static bool offer_running(struct device *device, struct arena *arena, const struct node *node,
                          const int *wish, struct offer *offer)
{
    (void)device;
    (void)arena;
    (void)wish;
    offer_plain(node, offer);
    return true;
}

static void bind_running(const struct step *step, void *data)
{
    struct batch_norm_work *work = data;

    work->running_mean = step_input(step, 0);
    work->running_variance = step_input(step, 1);
    work->mean = step_output(step, 0);
    work->istd = step_output(step, 1);
}

static int create_running(struct device *device, struct arena *arena, const struct offer *offer,
                          struct step *step, struct error *err)
{
    const struct batch_norm_attributes *attributes = step->node->attributes;
    struct batch_norm_work *work = bind_step(arena, step, sizeof(*work), bind_running);

    (void)offer;
    (void)err;
    work->eps = attributes->eps;
    work->size.channels = step->node->inputs[0]->shape.dim[0];
    work->size.blocks = (work->size.channels + device->block - 1) / device->block;
    bind_phase(step, bind_kernels(device)->batch_running, work, work->size.blocks);
    return 0;
}

static const struct kernel batch_running = { "v:batch_running", &op_batch_running, offer_running,
                                             create_running };

/* --- batch_apply ----------------------------------------------------------------------------- */

enum { APPLY_X, APPLY_MEAN, APPLY_ISTD, APPLY_GAMMA, APPLY_BETA, APPLY_RESIDUAL };

static bool has_input(const struct node *node, int index)
{
    return index < node->input_count && node->inputs[index];
}

static bool offer_apply(struct device *device, struct arena *arena, const struct node *node,
                        const int *wish, struct offer *offer)
{
    bool residual = has_input(node, APPLY_RESIDUAL);

    (void)device;
    (void)arena;
    (void)wish;
    if (!is_image(node->inputs[APPLY_X]))
        return false;
    offer_blocked(node, offer, residual ? 3 : 2);
    offer_in_place(offer, 0, residual ? APPLY_RESIDUAL : APPLY_X);
    return true;
}

static void bind_apply(const struct step *step, void *data)
{
    struct batch_norm_work *work = data;

    work->x = step_input(step, APPLY_X);
    work->mean = step_input(step, APPLY_MEAN);
    work->istd = step_input(step, APPLY_ISTD);
    work->gamma = step_input(step, APPLY_GAMMA);
    work->beta = step_input(step, APPLY_BETA);
    if (has_input(step->node, APPLY_RESIDUAL))
        work->residual = step_input(step, APPLY_RESIDUAL);
    work->y = step_output(step, 0);
    if (work->y == work->x || work->y == work->residual)
        work->stream = false;
}

static int create_apply(struct device *device, struct arena *arena, const struct offer *offer,
                        struct step *step, struct error *err)
{
    const struct batch_apply_attributes *attributes = step->node->attributes;
    struct batch_norm_work *work = bind_batch_norm(device, arena, step, bind_apply);

    (void)offer;
    (void)err;
    work->activation = attributes->activation;
    work->residual_after = attributes->residual_after;
    bind_phase(step, bind_kernels(device)->batch_apply, work, blocked_pieces(&work->size));
    return 0;
}

static const struct kernel batch_apply = { "v:batch_apply", &op_batch_apply, offer_apply,
                                           create_apply };

/* --- batch_apply_grad ------------------------------------------------------------------------ */

enum { GRAD_DY = 5, GRAD_Y = 6 };

static bool offer_grad(struct device *device, struct arena *arena, const struct node *node,
                       const int *wish, struct offer *offer)
{
    const struct batch_apply_attributes *attributes = node->attributes;
    bool from_output = has_input(node, GRAD_Y);

    (void)arena;
    (void)wish;
    if (!is_image(node->inputs[APPLY_X]))
        return false;
    offer_blocked(node, offer, from_output ? 7 : 5);
    /* The residual's gradient takes dy's place, or is dy itself. */
    offer_in_place(offer, 0, from_output || attributes->residual_after ? APPLY_X : GRAD_DY);
    if (from_output)
        offer_in_place(offer, 3, GRAD_DY);
    offer->scratch_bytes = partial_bytes(device, node);
    return true;
}

static void bind_grad(const struct step *step, void *data)
{
    struct batch_norm_work *work = data;
    bool from_output = has_input(step->node, GRAD_Y);

    work->x = step_input(step, APPLY_X);
    work->mean = step_input(step, APPLY_MEAN);
    work->istd = step_input(step, APPLY_ISTD);
    work->gamma = step_input(step, APPLY_GAMMA);
    work->beta = step_input(step, APPLY_BETA);
    work->dy = step_input(step, GRAD_DY);
    work->relu_output = from_output ? step_input(step, GRAD_Y) : NULL;
    work->dx = step_output(step, 0);
    work->dgamma = step_output(step, 1);
    work->dbeta = step_output(step, 2);
    work->dz = from_output ? step_output(step, 3) : NULL;
    work->partial = step->scratch;
    if (work->dx == work->x || work->dx == work->dy)
        work->stream = false;
}

static int create_grad(struct device *device, struct arena *arena, const struct offer *offer,
                       struct step *step, struct error *err)
{
    const struct batch_apply_attributes *attributes = step->node->attributes;
    const struct cpu_kernels *kernels = bind_kernels(device);
    struct batch_norm_work *work = bind_batch_norm(device, arena, step, bind_grad);

    (void)offer;
    (void)err;
    work->activation = attributes->activation;
    work->fixed_stats = attributes->fixed_stats;
    bind_phase(step, kernels->batch_grad_pieces, work, blocked_pieces(&work->size));
    bind_phase(step, kernels->batch_grad_finish, work, work->size.blocks);
    bind_phase(step, kernels->batch_grad_input, work, blocked_pieces(&work->size));
    return 0;
}

static const struct kernel batch_apply_grad = { "v:batch_apply_grad", &op_batch_apply_grad,
                                                offer_grad, create_grad };

/* --- batch_apply_grad_input ------------------------------------------------------------------ */

enum { GRAD_INPUT_DGAMMA = 4, GRAD_INPUT_DBETA, GRAD_INPUT_DZ };

static bool offer_grad_input(struct device *device, struct arena *arena, const struct node *node,
                             const int *wish, struct offer *offer)
{
    (void)device;
    (void)arena;
    (void)wish;
    if (!is_image(node->inputs[APPLY_X]))
        return false;
    offer_blocked(node, offer, 3);
    offer_in_place(offer, 0, GRAD_INPUT_DZ);
    return true;
}

static void bind_grad_input(const struct step *step, void *data)
{
    struct batch_norm_work *work = data;

    work->x = step_input(step, APPLY_X);
    work->mean = step_input(step, APPLY_MEAN);
    work->istd = step_input(step, APPLY_ISTD);
    work->gamma = step_input(step, APPLY_GAMMA);
    work->dgamma = step_input(step, GRAD_INPUT_DGAMMA);
    work->dbeta = step_input(step, GRAD_INPUT_DBETA);
    work->dy = step_input(step, GRAD_INPUT_DZ);
    work->dx = step_output(step, 0);
    if (work->dx == work->x || work->dx == work->dy)
        work->stream = false;
}

static int create_grad_input(struct device *device, struct arena *arena, const struct offer *offer,
                             struct step *step, struct error *err)
{
    struct batch_norm_work *work = bind_batch_norm(device, arena, step, bind_grad_input);

    (void)offer;
    (void)err;
    bind_phase(step, bind_kernels(device)->batch_grad_input, work, blocked_pieces(&work->size));
    return 0;
}

static const struct kernel batch_apply_grad_input = { "v:batch_grad_input",
                                                      &op_batch_apply_grad_input,
                                                      offer_grad_input, create_grad_input };

const struct kernel *const batch_norm_kernels[] = { &batch_stats, &batch_running, &batch_apply,
                                                    &batch_apply_grad, &batch_apply_grad_input,
                                                    NULL };
