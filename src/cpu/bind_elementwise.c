/* bind_elementwise.c - rows for elementwise ops; kernels/vector_elementwise.c. */

#include "cpu/bind.h"
#include "nn/ops.h"

static int64_t chunks_of(int64_t floats)
{
    return (floats + ELEMENTWISE_CHUNK - 1) / ELEMENTWISE_CHUNK;
}

/* --- equal shapes ---------------------------------------------------------------------------- */

static bool offer_pair(struct device *device, struct arena *arena, const struct node *node,
                       const int *wish, struct offer *offer)
{
    (void)device;
    (void)arena;
    offer_alike(node, wish, offer);
    offer_in_place(offer, 0, 0);
    return true;
}

static void setup_pair(struct step *step, struct elementwise_work *work, const struct setup *setup,
                       range_fn *range)
{
    work->count = step_floats(setup->device, step->node->outputs[0], setup->offer.outputs[0]);
    work->a = step_input(step, 0);
    work->b = step->node->input_count > 1 ? step_input(step, 1) : NULL;
    work->y = step_output(step, 0);
    bind_phase(step, range, work, chunks_of(work->count));
}

static void setup_add(struct step *step, void *work, const struct setup *setup)
{
    setup_pair(step, work, setup, setup->kernels->elementwise_add);
}

static void setup_mul(struct step *step, void *work, const struct setup *setup)
{
    setup_pair(step, work, setup, setup->kernels->elementwise_mul);
}

/* Padded lanes would not stay zero where act(0) is not. */
static bool offer_activation(struct device *device, struct arena *arena, const struct node *node,
                             const int *wish, struct offer *offer)
{
    const struct activation_attributes *attributes = node->attributes;
    const struct shape *shape = &node->inputs[0]->shape;
    static const int plain[NODE_MAX_INPUTS] = { LAYOUT_PLAIN };
    bool lifts_zero = attributes->kind == ACTIVATION_SIGMOID ||
                      attributes->kind == ACTIVATION_HARD_SIGMOID;
    bool padded = shape->rank < 2 || shape->dim[1] % device->block;

    return offer_pair(device, arena, node, lifts_zero && padded ? plain : wish, offer);
}

static void setup_activation(struct step *step, void *data, const struct setup *setup)
{
    const struct activation_attributes *attributes = step->node->attributes;
    struct elementwise_work *work = data;

    work->activation = attributes->kind;
    setup_pair(step, work, setup, setup->kernels->activation_apply);
}

static void setup_activation_grad(struct step *step, void *data, const struct setup *setup)
{
    const struct activation_attributes *attributes = step->node->attributes;
    struct elementwise_work *work = data;

    work->activation = attributes->kind;
    work->from_output = attributes->from_output;
    setup_pair(step, work, setup, setup->kernels->activation_slopes);
}

static bool offer_activation_grad(struct device *device, struct arena *arena,
                                  const struct node *node, const int *wish, struct offer *offer)
{
    offer_pair(device, arena, node, wish, offer);
    offer_in_place(offer, 0, 1); /* dy */
    return true;
}

/* --- samples --------------------------------------------------------------------------------- */

static bool offer_samples(struct device *device, struct arena *arena, const struct node *node,
                          const int *wish, struct offer *offer)
{
    (void)device;
    (void)arena;
    (void)wish;
    offer_plain(node, offer);
    if (node->op != &op_sum_samples)
        offer_in_place(offer, 0, 0);
    return true;
}

/* x and y in any layout, as long as samples lie one after the other: plain or blocked. */
static bool offer_scale_samples(struct device *device, struct arena *arena,
                                const struct node *node, const int *wish, struct offer *offer)
{
    offer_samples(device, arena, node, wish, offer);
    if (wish[0] == LAYOUT_BLOCKED)
        offer->inputs[0] = offer->outputs[0] = LAYOUT_BLOCKED;
    return true;
}

static void setup_samples(struct step *step, struct samples_work *work, const struct setup *setup,
                          range_fn *range)
{
    int64_t floats = step_floats(setup->device, step->node->inputs[0], setup->offer.inputs[0]);

    work->samples = step->node->inputs[0]->shape.dim[0];
    work->per = floats / work->samples;
    work->chunks = chunks_of(work->per);
    work->x = step_input(step, 0);
    work->s = step_input(step, 1);
    work->y = step_output(step, 0);
    bind_phase(step, range, work,
               step->node->op == &op_sum_samples ? work->chunks : work->chunks * work->samples);
}

static void setup_scale_samples(struct step *step, void *work, const struct setup *setup)
{
    setup_samples(step, work, setup, setup->kernels->samples_scale);
}

static void setup_add_samples(struct step *step, void *work, const struct setup *setup)
{
    setup_samples(step, work, setup, setup->kernels->samples_add);
}

static void setup_sum_samples(struct step *step, void *work, const struct setup *setup)
{
    setup_samples(step, work, setup, setup->kernels->samples_sum);
}

/* clang-format off */
static const struct simple_row rows[] = {
    SIMPLE_ROW(add, offer_pair, struct elementwise_work, setup_add),
    SIMPLE_ROW(mul, offer_pair, struct elementwise_work, setup_mul),
    SIMPLE_ROW(activation, offer_activation, struct elementwise_work, setup_activation),
    SIMPLE_ROW(activation_grad, offer_activation_grad, struct elementwise_work,
               setup_activation_grad),
    SIMPLE_ROW(scale_samples, offer_scale_samples, struct samples_work, setup_scale_samples),
    SIMPLE_ROW(add_samples, offer_samples, struct samples_work, setup_add_samples),
    SIMPLE_ROW(sum_samples, offer_samples, struct samples_work, setup_sum_samples),
};
/* clang-format on */

const struct kernel *const elementwise_kernels[] = {
    &rows[0].kernel, &rows[1].kernel, &rows[2].kernel, &rows[3].kernel,
    &rows[4].kernel, &rows[5].kernel, &rows[6].kernel, NULL,
};
