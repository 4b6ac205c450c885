/* primitive_step.c - steps that run a kernel of oneDNN; see device_cpu_internal.h. */

#include "cpu/device_cpu_internal.h"

#include "base/error.h"
#include "base/vec.h"

#include <string.h>

struct primitive_context {
    struct primitive *primitive;
    struct device_cpu *device;
    int args[OPERAND_COUNT];
};

static void bound(struct step *step)
{
    const struct primitive_context *context = step->context;

    for (int i = 0; i < OPERAND_COUNT; i++)
        if (context->args[i] >= 0)
            primitive_bind(context->primitive, (enum operand)i, step->args[context->args[i]]);
    primitive_bind_scratch(context->primitive, step->scratch);
}

static int call(const struct step *step)
{
    return primitive_run(((const struct primitive_context *)step->context)->primitive);
}

static void release(struct step *step)
{
    struct primitive_context *context = step->context;
    struct device_cpu *device = context->device;

    for (int i = 0; i < device->waiting.count; i++)
        if (device->waiting.items[i] == context->primitive)
            device->waiting.items[i] = device->waiting.items[--device->waiting.count];
    primitive_free(context->primitive);
}

int primitive_step(struct device *device, struct arena *arena, struct kernel_desc *desc,
                   const int args[OPERAND_COUNT], struct step *step, struct error *err)
{
    struct primitive_context *context = ARENA_NEW(arena, struct primitive_context);

    context->device = device_cpu_of(device);
    memcpy(context->args, args, sizeof(context->args));
    if (primitive_new(&context->primitive, &context->device->onednn, desc, err))
        return -1;
    *VEC_ADD(&context->device->waiting) = context->primitive;
    step->context = context;
    step->bound = bound;
    step->call = call;
    step->release = release;
    return 0;
}

/* --- what kernels cost ------------------------------------------------------------------------ */

enum kernel_class kernel_class_of(const char *name)
{
    if (strstr(name, "ref") || strstr(name, "simple"))
        return KERNEL_SLOW;
    return strstr(name, "gemm") && !strstr(name, "brgemm") ? KERNEL_GEMM : KERNEL_FAST;
}

double kernel_seconds(const struct device *device, enum kernel_class kernel_class, double flops)
{
    static const double rates[] = { [KERNEL_FAST] = 1e11, [KERNEL_GEMM] = 2e10,
                                    [KERNEL_SLOW] = 2e8 }; /* per thread, measured on Zen 4 */
    const double start_seconds = 2e-6;

    return start_seconds + flops / (rates[kernel_class] * device->thread_count);
}
