/* bind_reference.c - the row that takes every op: its reference kernel, in double, on one thread.
 *
 * Slow, so that it costs more than any other kernel; but every graph runs. */

#include "cpu/device_cpu_internal.h"

#include "tensor/slab.h"

#define REFERENCE_SECONDS 10 /* on top of its work: only where there is nothing else */
#define REFERENCE_FLOPS 1e8

static const struct value *value_of(const struct node *node, int arg)
{
    return arg < node->input_count ? node->inputs[arg] : node->outputs[arg - node->input_count];
}

static int value_count(const struct node *node)
{
    return node->input_count + node->output_count;
}

static size_t wide_bytes(const struct value *value)
{
    return slab_round((size_t)shape_count(&value->shape) * sizeof(double));
}

static bool offer_reference(struct device *device, struct arena *arena, const struct node *node,
                            const int *wish, struct offer *offer)
{
    double work = node->op->flops ? node->op->flops(node) : 0;

    (void)device;
    (void)arena;
    (void)wish;
    if (!node->op->reference)
        return false;
    for (int i = 0; i < value_count(node); i++)
        if (value_of(node, i)) {
            offer->scratch_bytes += wide_bytes(value_of(node, i));
            work += (double)shape_count(&value_of(node, i)->shape);
        }
    offer->cost = REFERENCE_SECONDS + work / REFERENCE_FLOPS;
    return true; /* all layouts are LAYOUT_PLAIN, which is 0 */
}

static void widen(const struct value *value, const void *from, double *to)
{
    int64_t count = shape_count(&value->shape);

    for (int64_t i = 0; i < count; i++)
        to[i] = value->dtype == DTYPE_F32   ? (double)((const float *)from)[i]
                : value->dtype == DTYPE_I32 ? (double)((const int32_t *)from)[i]
                                            : (double)((const uint8_t *)from)[i];
}

static void narrow(const struct value *value, const double *from, void *to)
{
    int64_t count = shape_count(&value->shape);

    for (int64_t i = 0; i < count; i++)
        if (value->dtype == DTYPE_F32)
            ((float *)to)[i] = (float)from[i];
        else if (value->dtype == DTYPE_I32)
            ((int32_t *)to)[i] = (int32_t)from[i];
        else
            ((uint8_t *)to)[i] = (uint8_t)from[i];
}

static int run_reference(const struct step *step)
{
    const struct node *node = step->node;
    double *wide[NODE_MAX_INPUTS + NODE_MAX_OUTPUTS] = { 0 };
    struct reference_call call = { node, wide, wide + node->input_count, step->run };
    char *scratch = step->scratch;

    for (int i = 0; i < value_count(node); i++) {
        const struct value *value = value_of(node, i);

        if (!value)
            continue;
        wide[i] = (double *)scratch;
        scratch += wide_bytes(value);
        if (i < node->input_count)
            widen(value, step->args[i], wide[i]);
    }
    node->op->reference(&call);
    for (int i = 0; i < value_count(node); i++)
        if (value_of(node, i) && (i >= node->input_count || node->op->mutates >> i & 1))
            narrow(value_of(node, i), wide[i], step->args[i]);
    return 0;
}

static int create_reference(struct device *device, struct arena *arena, const struct offer *offer,
                            struct step *step, struct error *err)
{
    (void)device;
    (void)arena;
    (void)offer;
    (void)err;
    step->call = run_reference;
    return 0;
}

const struct kernel cpu_reference_kernel = { "ref", NULL, offer_reference, create_reference };
