/* device_cpu.c - opening the device, its layouts, reorders and the executor; see device_cpu.h. */

#include "cpu/device_cpu_internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/vec.h"
#include "cpu/features.h"
#include "cpu/kernels.h"
#include "nn/reference_kernel.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* --- layouts ---------------------------------------------------------------------------------------- */

int device_cpu_layout(struct device_cpu *cpu, const struct memory_desc *desc)
{
    struct memory_desc plain = memory_desc_plain(desc->rank, desc->dims);

    if (memory_desc_equal(desc, &plain))
        return LAYOUT_PLAIN;
    for (int i = 0; i < cpu->layouts.count; i++)
        if (memory_desc_equal(&cpu->layouts.items[i], desc))
            return LAYOUT_FIRST_PRIVATE + i;
    *VEC_ADD(&cpu->layouts) = *desc;
    return LAYOUT_FIRST_PRIVATE + cpu->layouts.count - 1;
}

struct memory_desc device_cpu_desc(struct device_cpu *cpu, int layout, const struct shape *shape,
                                   enum dtype dtype)
{
    bool is_int = dtype == DTYPE_I32;

    if (layout >= LAYOUT_FIRST_PRIVATE)
        return cpu->layouts.items[layout - LAYOUT_FIRST_PRIVATE];
    if (layout == LAYOUT_BLOCKED)
        return memory_desc_blocked(shape->dim, cpu->vector.device.block, is_int);
    return is_int ? memory_desc_plain_int(shape->rank, shape->dim)
                  : memory_desc_plain(shape->rank, shape->dim);
}

static size_t round_to_line(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static size_t layout_bytes(struct device *device, int layout, const struct shape *shape,
                           enum dtype dtype)
{
    struct device_cpu *cpu = device_cpu_of(device);
    int64_t block = device->block;

    if (layout >= LAYOUT_FIRST_PRIVATE)
        return round_to_line(memory_desc_bytes(&cpu->layouts.items[layout - LAYOUT_FIRST_PRIVATE]));
    if (layout == LAYOUT_BLOCKED) {
        int64_t channels = (shape->dim[1] + block - 1) / block * block;

        return round_to_line((size_t)(shape->dim[0] * channels * shape->dim[2] * shape->dim[3]) *
                             dtype_size(dtype));
    }
    return round_to_line((size_t)shape_count(shape) * dtype_size(dtype));
}

static const char *layout_name(struct device *device, int layout, char *text, size_t size)
{
    if (layout == LAYOUT_PLAIN)
        snprintf(text, size, "plain");
    else if (layout == LAYOUT_BLOCKED)
        snprintf(text, size, "blocked%d", device->block);
    else
        snprintf(text, size, "own%d", layout - LAYOUT_FIRST_PRIVATE);
    return text;
}

/* --- steps that run a primitive ---------------------------------------------------------------------- */

struct primitive_context {
    struct primitive primitive;
    int from[PRIMITIVE_MAX_ARGS];
};

static void bind_primitive(struct step *step)
{
    struct primitive_context *context = step->context;

    for (int i = 0; i < context->primitive.arg_count; i++)
        primitive_bind(&context->primitive, i,
                       context->from[i] == STEP_SCRATCH ? step->scratch
                                                        : step->args[context->from[i]]);
}

static int run_primitive(const struct step *step)
{
    const struct primitive_context *context = step->context;

    return primitive_run(&context->primitive);
}

static void release_primitive(struct step *step)
{
    struct primitive_context *context = step->context;

    primitive_release(&context->primitive);
}

int primitive_step(struct device_cpu *cpu, struct arena *arena, struct step *step,
                   const struct kernel_desc *desc, const struct primitive_arg *args, int count,
                   struct error *err)
{
    struct primitive_context *context = ARENA_NEW(arena, struct primitive_context);

    step->context = context;
    step->call = run_primitive;
    step->bound = bind_primitive;
    step->release = release_primitive;
    if (primitive_init(&context->primitive, &cpu->onednn, desc, err))
        return -1;
    for (int i = 0; i < count; i++) {
        context->from[i] = args[i].from;
        if (primitive_add(&context->primitive, &cpu->onednn, args[i].id, &args[i].desc, err))
            return -1;
    }
    if (desc->scratch_bytes) {
        context->from[count] = STEP_SCRATCH;
        return primitive_add_scratch(&context->primitive, &cpu->onednn, desc, err);
    }
    return 0;
}

double kernel_seconds(const char *implementation, double flops)
{
    double rate = strstr(implementation, "ref")    ? 2e9
                  : strstr(implementation, "gemm") ? 60e9
                                                   : 180e9;

    return 2e-6 + flops / rate;
}

void device_cpu_keep(struct device_cpu *cpu, const struct kernel_desc *desc)
{
    *VEC_ADD(&cpu->chosen) = *desc;
}

/* --- reorders ----------------------------------------------------------------------------------------- */

/* Plain and private layouts of weights may see the same elements under other extents (groups as a
 * dimension of their own): the private one's extents hold for both. */
static struct memory_desc side_of(struct device_cpu *cpu, int layout, int other,
                                  const struct shape *shape, enum dtype dtype)
{
    if (layout == LAYOUT_PLAIN && other >= LAYOUT_FIRST_PRIVATE) {
        const struct memory_desc *own = &cpu->layouts.items[other - LAYOUT_FIRST_PRIVATE];

        return memory_desc_plain(own->rank, own->dims);
    }
    return device_cpu_desc(cpu, layout, shape, dtype);
}

static int run_copy(const struct step *step)
{
    memcpy(step->args[1], step->args[0], *(const size_t *)step->context);
    return 0;
}

static int reorder(struct device *device, struct arena *arena, const struct shape *shape,
                   enum dtype dtype, int from, int to, struct step *step, struct error *err)
{
    struct device_cpu *cpu = device_cpu_of(device);
    struct kernel_desc desc = { 0 };
    struct primitive_arg args[2];
    int result;

    if (from == to) {
        size_t bytes = from == LAYOUT_PLAIN ? (size_t)shape_count(shape) * dtype_size(dtype)
                                            : layout_bytes(device, from, shape, dtype);

        step->context = arena_copy(arena, &bytes, sizeof(bytes));
        step->call = run_copy;
        return 0;
    }
    args[0] = (struct primitive_arg){ DNNL_ARG_FROM, 0, side_of(cpu, from, to, shape, dtype) };
    args[1] = (struct primitive_arg){ DNNL_ARG_TO, 1, side_of(cpu, to, from, shape, dtype) };
    if (onednn_choose_reorder(&cpu->onednn, &args[0].desc, &args[1].desc, &desc, err))
        return -1;
    /* A reorder has no scratch buffer in the plan; oneDNN's between these layouts need none. */
    if (desc.scratch_bytes)
        result = FAIL(err, UNSUPPORTED, "oneDNN wants scratch for a reorder");
    else
        result = primitive_step(cpu, arena, step, &desc, args, 2, err);
    kernel_desc_release(&desc);
    return result;
}

/* --- the executor --------------------------------------------------------------------------------------- */

/* Each thread takes one contiguous part; kernels may count on the parts not to overlap. */
static void run_phases(const struct step *step, int thread_count)
{
#pragma omp parallel num_threads(thread_count)
    {
        int64_t thread = omp_get_thread_num();

        for (int i = 0; i < step->phase_count; i++) {
            int64_t count = step->phases[i].count;
            int64_t begin = count * thread / thread_count, end = count * (thread + 1) / thread_count;

            if (begin < end)
                step->phases[i].run(step, begin, end);
            if (i + 1 < step->phase_count) {
#pragma omp barrier
            }
        }
    }
}

static int run_steps(struct device *device, struct step *steps, int count,
                     const struct run_state *run, double *seconds, struct error *err)
{
    BUG_IF(omp_get_max_threads() != device->thread_count);
    for (int i = 0; i < count; i++) {
        double start = seconds ? clock_seconds() : 0;
        int status = 0;

        steps[i].run = run;
        if (steps[i].call)
            status = steps[i].call(&steps[i]);
        else
            run_phases(&steps[i], device->thread_count);
        if (status)
            return FAIL(err, INVALID, "step %d (%s of '%s') failed with status %d", i,
                        steps[i].kernel, steps[i].name, status);
        if (seconds)
            seconds[i] += clock_seconds() - start;
    }
    return 0;
}

/* --- opening -------------------------------------------------------------------------------------------- */

/* Numbers near zero would slow a dying ReLU network down many times. */
static void flush_denormals(int thread_count)
{
#if defined(__x86_64__)
#pragma omp parallel num_threads(thread_count)
    _mm_setcsr(_mm_getcsr() | 0x8040);
#else
    (void)thread_count;
#endif
}

static int count_rows(const struct kernel *const *rows)
{
    int count = 0;

    while (rows[count])
        count++;
    return count;
}

/* One table: oneDNN's rows, ours, and the reference for everything. */
static void make_table(struct device_cpu *cpu)
{
    const struct kernel *const *lists[32] = { conv_kernels, linear_kernels };
    int list_count = 2, total = 1, at = 0;

    for (const struct kernel *const *const *list = vector_kernel_lists; *list; list++)
        lists[list_count++] = *list;
    for (int i = 0; i < list_count; i++)
        total += count_rows(lists[i]);
    cpu->table = calloc((size_t)total + 1, sizeof(*cpu->table));
    BUG_IF(!cpu->table);
    for (int i = 0; i < list_count; i++)
        for (int j = 0; lists[i][j]; j++)
            cpu->table[at++] = lists[i][j];
    cpu->table[at] = &reference_kernel;
}

static void cpu_name(char *text, size_t size)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[256];

    snprintf(text, size, "unknown CPU");
    while (file && fgets(line, sizeof(line), file)) {
        char *colon = strchr(line, ':');

        if (strncmp(line, "model name", 10) || !colon)
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(text, size, "%s", colon + 2);
        break;
    }
    if (file)
        fclose(file);
}

static void close_cpu(struct device *device)
{
    struct device_cpu *cpu = device_cpu_of(device);

    for (int i = 0; i < cpu->chosen.count; i++)
        kernel_desc_release(&cpu->chosen.items[i]);
    VEC_RELEASE(&cpu->chosen);
    VEC_RELEASE(&cpu->layouts);
    onednn_close(&cpu->onednn);
    free(cpu->table);
    free(cpu);
}

struct device *device_cpu_open(const struct device_cpu_options *options, struct error *err)
{
    struct device_cpu *cpu = calloc(1, sizeof(*cpu));
    struct device *device = &cpu->vector.device;
    char name[96];

    BUG_IF(!cpu);
    if (cpu_kernels_pick(&cpu->vector.kernels, err) || onednn_open(&cpu->onednn, err)) {
        free(cpu);
        return NULL;
    }
    if (options->threads > 0)
        omp_set_num_threads(options->threads);
    omp_set_dynamic(0);
    *device = (struct device){ .name = "cpu", .thread_count = omp_get_max_threads(),
                               .block = cpu->vector.kernels->lanes,
                               .flat = cpu->vector.kernels->flat.sgd ? &cpu->vector.kernels->flat
                                                                       : &flat_plain,
                               .layout_bytes = layout_bytes,
                               .layout_name = layout_name, .reorder = reorder, .run = run_steps,
                               .close = close_cpu, .identity = cpu->identity };
    make_table(cpu);
    device->kernels = cpu->table;
    flush_denormals(device->thread_count);
    cpu_name(name, sizeof(name));
    snprintf(cpu->identity, sizeof(cpu->identity), "%s, %s, %d threads, oneDNN %s", name,
             cpu->vector.kernels->name, device->thread_count, onednn_version());
    return device;
}
