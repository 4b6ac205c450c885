/* bind_attention.c - rows for attention; kernels/vector_attention.c. */

#include "cpu/bind.h"
#include "nn/ops.h"

#define FLOPS_PER_SECOND 5e10

static bool offer_attention(struct device *device, struct arena *arena, const struct node *node,
                            const int *wish, struct offer *offer)
{
    int heads = ((const struct attention_attributes *)node->attributes)->heads;
    int64_t width = node->inputs[0]->shape.dim[2] / 3;

    (void)device;
    (void)arena;
    (void)wish;
    if (width / heads > ATTENTION_HEAD_MAX)
        return false;
    offer_plain(node, offer);
    if (node->op->flops)
        offer->cost += node->op->flops(node) / FLOPS_PER_SECOND;
    return true;
}

static void setup_heads(struct step *step, struct attention_work *work, range_fn *range)
{
    const struct shape *qkv = &step->node->inputs[0]->shape;

    work->images = qkv->dim[0];
    work->heads = ((const struct attention_attributes *)step->node->attributes)->heads;
    work->tokens = qkv->dim[1];
    work->head_size = qkv->dim[2] / 3 / work->heads;
    work->qkv = step_input(step, 0);
    bind_phase(step, range, work, work->images * work->heads);
}

static void setup_attention(struct step *step, void *data, const struct setup *setup)
{
    struct attention_work *work = data;

    work->out = step_output(step, 0);
    work->log_sum_exp = step_output(step, 1);
    setup_heads(step, work, setup->kernels->attention);
}

static void setup_attention_grad(struct step *step, void *data, const struct setup *setup)
{
    struct attention_work *work = data;

    work->out = step_input(step, 1);
    work->log_sum_exp = step_input(step, 2);
    work->dout = step_input(step, 3);
    work->dqkv = step_output(step, 0);
    setup_heads(step, work, setup->kernels->attention_grad);
}

/* clang-format off */
static const struct simple_row rows[] = {
    SIMPLE_ROW(attention, offer_attention, struct attention_work, setup_attention),
    SIMPLE_ROW(attention_grad, offer_attention, struct attention_work, setup_attention_grad),
};
/* clang-format on */

const struct kernel *const attention_kernels[] = { &rows[0].kernel, &rows[1].kernel, NULL };
