/* bind_linear.c - linear layers by oneDNN's inner product, on plain rows. */

#include "cpu/device_cpu_internal.h"

#include "base/error.h"
#include "nn/ops.h"

struct linear_choice {
    struct kernel_desc kernel;
    struct memory_desc x, y, bias;
};

static int64_t last(const struct shape *shape)
{
    return shape->dim[shape->rank - 1];
}

/* x has k features, y has o. */
static struct linear_choice *choose(struct device_cpu *cpu, struct arena *arena,
                                    enum onednn_direction direction, int64_t rows, int64_t k,
                                    int64_t o, bool has_bias)
{
    struct linear_choice *choice = ARENA_NEW(arena, struct linear_choice);
    int64_t x[] = { rows, k }, w[] = { o, k }, y[] = { rows, o };
    struct memory_desc weight = memory_desc_any(2, w);
    struct error ignored;

    choice->x = memory_desc_plain(2, x);
    choice->y = memory_desc_plain(2, y);
    choice->bias = memory_desc_plain(1, &o);
    if (onednn_choose_linear(&cpu->onednn, direction, &choice->x, &weight,
                             has_bias ? &choice->bias : NULL, &choice->y, &choice->kernel, &ignored))
        return NULL;
    device_cpu_keep(cpu, &choice->kernel);
    return choice;
}

static void settle(const struct linear_choice *choice, const struct node *node, struct offer *offer)
{
    offer->choice = (void *)choice;
    offer->scratch_bytes = choice->kernel.scratch_bytes;
    offer->cost = kernel_seconds(choice->kernel.name, node->op->flops(node));
}

/* --- linear ------------------------------------------------------------------------------------------ */

static bool offer_forward(struct device *device, struct arena *arena, const struct node *node,
                          const int *wish, struct offer *offer)
{
    struct device_cpu *cpu = device_cpu_of(device);
    const struct shape *x = &node->inputs[0]->shape, *y = &node->outputs[0]->shape;
    struct linear_choice *choice =
        choose(cpu, arena, ONEDNN_FORWARD, shape_count(x) / last(x), last(x), last(y),
               node->input_count > 2 && node->inputs[2]);

    (void)wish;
    if (!choice)
        return false;
    offer->inputs[1] = device_cpu_layout(cpu, &choice->kernel.weight);
    settle(choice, node, offer);
    return true;
}

static int create_forward(struct device *device, struct arena *arena, const struct offer *offer,
                          struct step *step, struct error *err)
{
    const struct linear_choice *c = offer->choice;
    const struct node *node = step->node;
    bool bias = node->input_count > 2 && node->inputs[2];
    struct primitive_arg args[] = { { DNNL_ARG_SRC, 0, c->x },
                                    { DNNL_ARG_WEIGHTS, 1, c->kernel.weight },
                                    { DNNL_ARG_DST, node->input_count, c->y },
                                    { DNNL_ARG_BIAS, 2, c->bias } };

    return primitive_step(device_cpu_of(device), arena, step, &c->kernel, args, 3 + bias, err);
}

/* --- gradients ------------------------------------------------------------------------------------------ */

static bool offer_input(struct device *device, struct arena *arena, const struct node *node,
                        const int *wish, struct offer *offer)
{
    struct device_cpu *cpu = device_cpu_of(device);
    const struct shape *dy = &node->inputs[0]->shape, *dx = &node->outputs[0]->shape;
    struct linear_choice *choice = choose(cpu, arena, ONEDNN_INPUT_GRAD,
                                          shape_count(dy) / last(dy), last(dx), last(dy), false);

    (void)wish;
    if (!choice)
        return false;
    offer->inputs[1] = device_cpu_layout(cpu, &choice->kernel.weight);
    settle(choice, node, offer);
    return true;
}

static int create_input(struct device *device, struct arena *arena, const struct offer *offer,
                        struct step *step, struct error *err)
{
    const struct linear_choice *c = offer->choice;
    struct primitive_arg args[] = { { DNNL_ARG_DIFF_DST, 0, c->y },
                                    { DNNL_ARG_WEIGHTS, 1, c->kernel.weight },
                                    { DNNL_ARG_DIFF_SRC, 2, c->x } };

    return primitive_step(device_cpu_of(device), arena, step, &c->kernel, args, 3, err);
}

static bool offer_weight(struct device *device, struct arena *arena, const struct node *node,
                         const int *wish, struct offer *offer)
{
    const struct linear_attributes *a = node->attributes;
    struct device_cpu *cpu = device_cpu_of(device);
    const struct shape *x = &node->inputs[0]->shape, *dy = &node->inputs[1]->shape;
    struct linear_choice *choice = choose(cpu, arena, ONEDNN_WEIGHT_GRAD, shape_count(x) / last(x),
                                          last(x), last(dy), a->has_bias);

    (void)wish;
    if (!choice)
        return false;
    offer->outputs[0] = device_cpu_layout(cpu, &choice->kernel.weight);
    settle(choice, node, offer);
    return true;
}

static int create_weight(struct device *device, struct arena *arena, const struct offer *offer,
                         struct step *step, struct error *err)
{
    const struct linear_choice *c = offer->choice;
    const struct linear_attributes *a = step->node->attributes;
    struct primitive_arg args[] = { { DNNL_ARG_SRC, 0, c->x },
                                    { DNNL_ARG_DIFF_DST, 1, c->y },
                                    { DNNL_ARG_DIFF_WEIGHTS, 2, c->kernel.weight },
                                    { DNNL_ARG_DIFF_BIAS, 3, c->bias } };

    return primitive_step(device_cpu_of(device), arena, step, &c->kernel, args, 3 + a->has_bias,
                          err);
}

static const struct kernel linear_forward = { "onednn linear", &op_linear, offer_forward,
                                              create_forward };
static const struct kernel linear_input = { "onednn linear", &op_linear_input_grad, offer_input,
                                            create_input };
static const struct kernel linear_weight = { "onednn linear", &op_linear_weight_grad, offer_weight,
                                             create_weight };

const struct kernel *const linear_kernels[] = { &linear_forward, &linear_input, &linear_weight,
                                                NULL };
