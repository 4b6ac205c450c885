/* bind_conv.c - convolutions by oneDNN.
 *
 * Images are blocked, except those of up to 4 channels, which the first layer reads as they come
 * from the loader.  Weights lie as the kernel that uses them first likes best; where backward
 * wants another layout, the plan reorders (a few MB, next to the gigabytes of the images). */

#include "cpu/device_cpu_internal.h"

#include "base/error.h"
#include "cpu/conv_rules.h"
#include "nn/ops.h"

#include <string.h>

#define PLAIN_CHANNELS 4

/* What an offer hands to create. */
struct conv_choice {
    struct kernel_desc kernel;
    struct memory_desc x, y, bias;
};

/* The three ops differ in which value is x and which is y. */
struct conv_values {
    const struct shape *x, *y;
    struct shape weight;
    bool has_bias;
};

static struct memory_desc image_desc(struct device_cpu *cpu, const struct shape *shape, int *layout)
{
    *layout = shape->dim[1] <= PLAIN_CHANNELS ? LAYOUT_PLAIN : LAYOUT_BLOCKED;
    return device_cpu_desc(cpu, *layout, shape, DTYPE_F32);
}

/* (O, I/g, kh, kw), or with groups (g, O/g, I/g, kh, kw). */
static struct memory_desc weight_desc(const struct shape *weight, int groups)
{
    const int64_t *w = weight->dim;
    int64_t dense[] = { w[0], w[1], w[2], w[3] };
    int64_t grouped[] = { groups, w[0] / groups, w[1], w[2], w[3] };

    return groups > 1 ? memory_desc_any(5, grouped) : memory_desc_any(4, dense);
}

static struct conv_geometry geometry_of(const struct conv_attributes *a, const struct shape *y)
{
    struct conv_geometry g;

    for (int i = 0; i < 2; i++) {
        int64_t reach = (int64_t)a->dilation[i] * (a->kernel[i] - 1) + 1;

        g.stride[i] = a->stride[i];
        g.dilation[i] = a->dilation[i];
        g.pad_begin[i] = a->pad[i];
        /* The last window may end before the padded side does: then there is less padding. */
        g.pad_end[i] = (y->dim[2 + i] - 1) * a->stride[i] + reach - a->input_size[i] - a->pad[i];
    }
    return g;
}

static struct conv_choice *choose(struct device_cpu *cpu, struct arena *arena,
                                  const struct node *node, enum onednn_direction direction,
                                  const struct conv_values *v, int *x_layout, int *y_layout)
{
    const struct conv_attributes *a = node->attributes;
    struct conv_choice *choice = ARENA_NEW(arena, struct conv_choice);
    struct memory_desc weight = weight_desc(&v->weight, a->groups);
    struct conv_geometry geometry = geometry_of(a, v->y);
    int64_t out = v->y->dim[1];
    struct conv_shape shape = { .direction = direction, .kernel = a->kernel[0] == a->kernel[1]
                                                                      ? a->kernel[0] : 0,
                                .stride = a->stride[0], .in = (int)v->x->dim[1], .out = (int)out,
                                .groups = a->groups, .pixels = v->y->dim[2] * v->y->dim[3] };
    struct error ignored;

    choice->x = image_desc(cpu, v->x, x_layout);
    choice->y = device_cpu_desc(cpu, *y_layout = LAYOUT_BLOCKED, v->y, DTYPE_F32);
    choice->bias = memory_desc_plain(1, &out);
    if (onednn_choose_conv(&cpu->onednn, direction, conv_rule_winograd(&shape), &choice->x, &weight,
                           v->has_bias ? &choice->bias : NULL, &choice->y, &geometry,
                           &choice->kernel, &ignored))
        return NULL;
    device_cpu_keep(cpu, &choice->kernel);
    return choice;
}

static void settle(const struct conv_choice *choice, const struct node *node, struct offer *offer)
{
    offer->choice = (void *)choice;
    offer->scratch_bytes = choice->kernel.scratch_bytes;
    offer->cost = kernel_seconds(choice->kernel.name, node->op->flops(node));
}

/* --- conv2d ------------------------------------------------------------------------------------------ */

static bool offer_forward(struct device *device, struct arena *arena, const struct node *node,
                          const int *wish, struct offer *offer)
{
    struct device_cpu *cpu = device_cpu_of(device);
    struct conv_values v = { &node->inputs[0]->shape, &node->outputs[0]->shape,
                             node->inputs[1]->shape, node->input_count > 2 && node->inputs[2] };
    struct conv_choice *choice = choose(cpu, arena, node, ONEDNN_FORWARD, &v, &offer->inputs[0],
                                        &offer->outputs[0]);

    (void)wish;
    if (!choice)
        return false;
    offer->inputs[1] = device_cpu_layout(cpu, &choice->kernel.weight);
    offer->inputs[2] = LAYOUT_PLAIN;
    settle(choice, node, offer);
    return true;
}

static int create_forward(struct device *device, struct arena *arena, const struct offer *offer,
                          struct step *step, struct error *err)
{
    const struct conv_choice *c = offer->choice;
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
    struct conv_values v = { &node->outputs[0]->shape, &node->inputs[0]->shape,
                             node->inputs[1]->shape, false };
    struct conv_choice *choice = choose(cpu, arena, node, ONEDNN_INPUT_GRAD, &v,
                                        &offer->outputs[0], &offer->inputs[0]);

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
    const struct conv_choice *c = offer->choice;
    struct primitive_arg args[] = { { DNNL_ARG_DIFF_DST, 0, c->y },
                                    { DNNL_ARG_WEIGHTS, 1, c->kernel.weight },
                                    { DNNL_ARG_DIFF_SRC, 2, c->x } };

    return primitive_step(device_cpu_of(device), arena, step, &c->kernel, args, 3, err);
}

static bool offer_weight(struct device *device, struct arena *arena, const struct node *node,
                         const int *wish, struct offer *offer)
{
    const struct conv_attributes *a = node->attributes;
    struct device_cpu *cpu = device_cpu_of(device);
    struct conv_values v = { &node->inputs[0]->shape, &node->inputs[1]->shape,
                             node->outputs[0]->shape, a->has_bias };
    struct conv_choice *choice = choose(cpu, arena, node, ONEDNN_WEIGHT_GRAD, &v,
                                        &offer->inputs[0], &offer->inputs[1]);

    (void)wish;
    if (!choice)
        return false;
    offer->outputs[0] = device_cpu_layout(cpu, &choice->kernel.weight);
    offer->outputs[1] = LAYOUT_PLAIN;
    settle(choice, node, offer);
    return true;
}

static int create_weight(struct device *device, struct arena *arena, const struct offer *offer,
                         struct step *step, struct error *err)
{
    const struct conv_choice *c = offer->choice;
    const struct conv_attributes *a = step->node->attributes;
    struct primitive_arg args[] = { { DNNL_ARG_SRC, 0, c->x },
                                    { DNNL_ARG_DIFF_DST, 1, c->y },
                                    { DNNL_ARG_DIFF_WEIGHTS, 2, c->kernel.weight },
                                    { DNNL_ARG_DIFF_BIAS, 3, c->bias } };

    return primitive_step(device_cpu_of(device), arena, step, &c->kernel, args, 3 + a->has_bias,
                          err);
}

static const struct kernel conv_forward = { "onednn conv", &op_conv2d, offer_forward,
                                            create_forward };
static const struct kernel conv_input = { "onednn conv", &op_conv2d_input_grad, offer_input,
                                          create_input };
static const struct kernel conv_weight = { "onednn conv", &op_conv2d_weight_grad, offer_weight,
                                           create_weight };

const struct kernel *const conv_kernels[] = { &conv_forward, &conv_input, &conv_weight, NULL };
