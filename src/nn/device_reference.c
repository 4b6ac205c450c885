/* device_reference.c - the plain device: every op by its reference kernel, one thread.
 *
 * Values are kept as double, so that chains of kernels show no rounding of their own, or as float,
 * which is what other devices do between their kernels. */

#include "nn/device.h"

#include "base/clock.h"
#include "nn/ops.h"
#include "nn/reference_kernel.h"
#include "tensor/slab.h"

#include <stdlib.h>
#include <string.h>

static size_t layout_bytes(struct device *device, int layout, const struct shape *shape,
                           enum dtype dtype)
{
    bool wide = device->values_are_double && dtype == DTYPE_F32;

    (void)layout;
    return slab_round((size_t)shape_count(shape) * (wide ? sizeof(double) : dtype_size(dtype)));
}

static const char *layout_name(struct device *device, int layout, char *text, size_t size)
{
    (void)device;
    (void)layout;
    (void)size;
    strncpy(text, "plain", size);
    return text;
}

/* --- copies, which stand for reorders: there is one layout only ---------------------------- */

static int run_copy(const struct step *step)
{
    memcpy(step->args[1], step->args[0], *(const size_t *)step->context);
    return 0;
}

static int reorder(struct device *device, struct arena *arena, const struct shape *shape,
                   enum dtype dtype, int from, int to, struct step *step, struct error *err)
{
    bool wide = device->values_are_double && dtype == DTYPE_F32;
    size_t bytes = (size_t)shape_count(shape) * (wide ? sizeof(double) : dtype_size(dtype));

    if (from != LAYOUT_PLAIN || to != LAYOUT_PLAIN)
        return FAIL(err, UNSUPPORTED, "the reference device has the plain layout only");
    step->context = arena_copy(arena, &bytes, sizeof(bytes));
    step->call = run_copy;
    return 0;
}

/* --- the one kernel, for all ops ------------------------------------------------------------ */

struct reference_context {
    bool direct; /* the buffers are doubles already */
    double *work[NODE_MAX_INPUTS + NODE_MAX_OUTPUTS];
    int64_t count[NODE_MAX_INPUTS + NODE_MAX_OUTPUTS];
    enum dtype dtype[NODE_MAX_INPUTS + NODE_MAX_OUTPUTS];
};

static void widen(double *to, const void *from, int64_t count, enum dtype dtype)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = dtype == DTYPE_F32   ? (double)((const float *)from)[i]
                : dtype == DTYPE_I32 ? (double)((const int32_t *)from)[i]
                                     : (double)((const uint8_t *)from)[i];
}

static void narrow(void *to, const double *from, int64_t count, enum dtype dtype)
{
    for (int64_t i = 0; i < count; i++)
        if (dtype == DTYPE_F32)
            ((float *)to)[i] = (float)from[i];
        else if (dtype == DTYPE_I32)
            ((int32_t *)to)[i] = (int32_t)from[i];
        else
            ((uint8_t *)to)[i] = (uint8_t)from[i];
}

static int run_reference(const struct step *step)
{
    const struct reference_context *context = step->context;
    const struct node *node = step->node;
    double *inputs[NODE_MAX_INPUTS] = { 0 }, *outputs[NODE_MAX_OUTPUTS] = { 0 };
    struct reference_call call = { node, inputs, outputs, step->run };

    for (int i = 0; i < node->input_count; i++) {
        if (!step->args[i])
            continue;
        inputs[i] = context->work[i] ? context->work[i] : step->args[i];
        if (context->work[i])
            widen(inputs[i], step->args[i], context->count[i], context->dtype[i]);
    }
    for (int i = 0; i < node->output_count; i++) {
        int arg = node->input_count + i;

        outputs[i] = context->work[arg] ? context->work[arg] : step->args[arg];
    }
    node->op->reference(&call);
    for (int i = 0; i < node->input_count + node->output_count; i++)
        if (context->work[i] && (i >= node->input_count || node->op->mutates >> i & 1))
            narrow(step->args[i], context->work[i], context->count[i], context->dtype[i]);
    return 0;
}

static bool offer_reference(struct device *device, struct arena *arena, const struct node *node,
                            const int *wish, struct offer *offer)
{
    (void)device;
    (void)arena;
    (void)wish;
    if (!node->op->reference)
        return false;
    offer->cost = 1e3;
    return true; /* all layouts are LAYOUT_PLAIN, which is 0 */
}

static void release_reference(struct step *step)
{
    struct reference_context *context = step->context;

    for (int i = 0; i < NODE_MAX_INPUTS + NODE_MAX_OUTPUTS; i++)
        free(context->work[i]);
}

static int create_reference(struct device *device, struct arena *arena, const struct offer *offer,
                            struct step *step, struct error *err)
{
    struct reference_context *context = ARENA_NEW(arena, struct reference_context);
    const struct node *node = step->node;

    (void)offer;
    (void)err;
    for (int i = 0; i < node->input_count + node->output_count; i++) {
        const struct value *value = i < node->input_count ? node->inputs[i]
                                                          : node->outputs[i - node->input_count];

        if (!value)
            continue;
        context->count[i] = shape_count(&value->shape);
        context->dtype[i] = value->dtype;
        if (device->values_are_double && value->dtype == DTYPE_F32)
            continue;
        context->work[i] = calloc((size_t)context->count[i] + 1, sizeof(double));
        BUG_IF(!context->work[i]);
    }
    step->context = context;
    step->call = run_reference;
    step->release = release_reference;
    return 0;
}

const struct kernel reference_kernel = { "ref", NULL, offer_reference, create_reference };

static int run_steps(struct device *device, struct step *steps, int count,
                     const struct run_state *run, double *seconds, struct error *err)
{
    (void)device;
    for (int i = 0; i < count; i++) {
        double start = seconds ? clock_seconds() : 0;

        steps[i].run = run;
        for (int j = 0; j < steps[i].phase_count; j++)
            steps[i].phases[j].run(&steps[i], 0, steps[i].phases[j].count);
        if (steps[i].call && steps[i].call(&steps[i]))
            return FAIL(err, INVALID, "step %d (%s '%s') failed", i, steps[i].kernel,
                        steps[i].name);
        if (seconds)
            seconds[i] += clock_seconds() - start;
    }
    return 0;
}

static void close_reference(struct device *device)
{
    free(device);
}

struct device *device_reference_open(bool values_are_double)
{
    static const struct kernel *const kernels[] = { &reference_kernel, NULL };
    struct device *device = calloc(1, sizeof(*device));

    BUG_IF(!device);
    *device = (struct device){ .name = values_are_double ? "reference (double)" : "reference",
                               .thread_count = 1, .block = 1,
                               .values_are_double = values_are_double, .kernels = kernels,
                               .flat = &flat_plain,
                               .identity = "reference", .layout_bytes = layout_bytes,
                               .layout_name = layout_name, .reorder = reorder, .run = run_steps,
                               .close = close_reference };
    return device;
}

void device_close(struct device *device)
{
    if (device)
        device->close(device);
}
