/* layouts.c - layouts by number, and steps that go from one to another; see device_cpu_internal.h.
 */

#include "cpu/device_cpu_internal.h"

#include "base/error.h"
#include "tensor/slab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct memory_desc *layout_desc(struct device *device, int layout, const struct shape *shape,
                                      enum dtype dtype)
{
    struct onednn *onednn = &device_cpu_of(device)->onednn;

    if (layout == LAYOUT_PLAIN)
        return memory_desc_plain(onednn, shape, dtype);
    if (layout == LAYOUT_BLOCKED)
        return memory_desc_blocked(onednn, shape, dtype, device->block);
    return memory_desc_by_id(onednn, layout - LAYOUT_FIRST_PRIVATE);
}

int layout_of_desc(struct device *device, const struct memory_desc *desc,
                   const struct shape *value)
{
    struct onednn *onednn = &device_cpu_of(device)->onednn;
    const struct shape *shape = memory_desc_shape(desc);

    if (desc == memory_desc_plain(onednn, shape, DTYPE_F32) &&
        shape_count(shape) == shape_count(value))
        return LAYOUT_PLAIN;
    return LAYOUT_FIRST_PRIVATE + memory_desc_id(desc);
}

size_t cpu_layout_bytes(struct device *device, int layout, const struct shape *shape,
                        enum dtype dtype)
{
    int64_t count = shape_count(shape);

    if (layout >= LAYOUT_FIRST_PRIVATE)
        return slab_round(memory_desc_bytes(layout_desc(device, layout, shape, dtype)));
    if (layout == LAYOUT_BLOCKED && count)
        count = count / shape->dim[1] *
                ((shape->dim[1] + device->block - 1) / device->block * device->block);
    return slab_round((size_t)count * dtype_size(dtype));
}

const char *cpu_layout_name(struct device *device, int layout, char *text, size_t size)
{
    if (layout >= LAYOUT_FIRST_PRIVATE)
        return memory_desc_text(layout_desc(device, layout, NULL, DTYPE_F32), text, size);
    snprintf(text, size, "%s", layout == LAYOUT_PLAIN ? "plain" : "blocked");
    return text;
}

/* --- copies ----------------------------------------------------------------------------------- */

static int run_copy(const struct step *step)
{
    memcpy(step->args[1], step->args[0], *(const size_t *)step->context);
    return 0;
}

/* --- reorders that add or drop channels
 * -------------------------------------------------------------
 *
 * Through two row-major arrays: unpack the source, copy what both sides have, pack the target. */

struct padding_context {
    struct step unpack, pack;    /* reorders; without a call where that side is row-major already */
    struct shape source, target; /* of the same rank */
    float *source_plain, *target_plain; /* ours, where the side is not row-major */
};

/* Rows are the last dimension; position counts rows of the smaller of the two shapes. */
static void copy_common(const struct shape *from_shape, const float *from,
                        const struct shape *to_shape, float *to)
{
    struct shape common = *from_shape;
    int64_t rows = 1, last;

    for (int i = 0; i < common.rank; i++)
        if (to_shape->dim[i] < common.dim[i])
            common.dim[i] = to_shape->dim[i];
    last = common.dim[common.rank - 1];
    for (int i = 0; i < common.rank - 1; i++)
        rows *= common.dim[i];
    for (int64_t row = 0; row < rows; row++) {
        int64_t rest = row, from_at = 0, to_at = 0, from_step = from_shape->dim[common.rank - 1];
        int64_t to_step = to_shape->dim[common.rank - 1];

        for (int i = common.rank - 2; i >= 0; i--) {
            from_at += rest % common.dim[i] * from_step;
            to_at += rest % common.dim[i] * to_step;
            rest /= common.dim[i];
            from_step *= from_shape->dim[i];
            to_step *= to_shape->dim[i];
        }
        memcpy(to + to_at, from + from_at, (size_t)last * sizeof(*to));
    }
}

static int run_padding(const struct step *step)
{
    struct padding_context *c = step->context;
    const float *from = c->source_plain ? c->source_plain : step->args[0];
    float *to = c->target_plain ? c->target_plain : step->args[1];
    int status;

    if (c->unpack.call && (status = c->unpack.call(&c->unpack)))
        return status;
    memset(to, 0, (size_t)shape_count(&c->target) * sizeof(*to));
    copy_common(&c->source, from, &c->target, to);
    return c->pack.call ? c->pack.call(&c->pack) : 0;
}

static void bind_padding(struct step *step)
{
    struct padding_context *c = step->context;

    if (c->unpack.call) {
        c->unpack.args[0] = step->args[0];
        c->unpack.args[1] = c->source_plain;
        c->unpack.bound(&c->unpack);
    }
    if (c->pack.call) {
        c->pack.args[0] = c->target_plain;
        c->pack.args[1] = step->args[1];
        c->pack.bound(&c->pack);
    }
}

static void release_padding(struct step *step)
{
    struct padding_context *c = step->context;

    if (c->unpack.call)
        c->unpack.release(&c->unpack);
    if (c->pack.call)
        c->pack.release(&c->pack);
    free(c->source_plain);
    free(c->target_plain);
}

static int reorder_descs(struct device *device, struct arena *arena,
                         const struct memory_desc *from, const struct memory_desc *to,
                         struct step *step, struct error *err);

/* A row-major array beside a side that is not. */
static int make_side(struct device *device, struct arena *arena, const struct memory_desc *desc,
                     bool is_source, float **plain, struct step *step, struct error *err)
{
    const struct shape *shape = memory_desc_shape(desc);
    const struct memory_desc *rows =
        memory_desc_plain(&device_cpu_of(device)->onednn, shape, DTYPE_F32);

    if (desc == rows)
        return 0;
    *plain = malloc(slab_round((size_t)shape_count(shape) * sizeof(**plain)));
    if (!*plain)
        return FAIL(err, NO_MEMORY, "no memory to reorder a weight");
    return reorder_descs(device, arena, is_source ? desc : rows, is_source ? rows : desc, step,
                         err);
}

static int reorder_padding(struct device *device, struct arena *arena,
                           const struct memory_desc *from, const struct memory_desc *to,
                           struct step *step, struct error *err)
{
    struct padding_context *context = ARENA_NEW(arena, struct padding_context);

    context->source = *memory_desc_shape(from);
    context->target = *memory_desc_shape(to);
    step->context = context;
    step->call = run_padding;
    step->bound = bind_padding;
    step->release = release_padding;
    return make_side(device, arena, from, true, &context->source_plain, &context->unpack, err) ||
                   make_side(device, arena, to, false, &context->target_plain, &context->pack, err)
               ? -1
               : 0;
}

/* --- reorders --------------------------------------------------------------------------------- */

static int reorder_descs(struct device *device, struct arena *arena,
                         const struct memory_desc *from, const struct memory_desc *to,
                         struct step *step, struct error *err)
{
    static const int args[OPERAND_COUNT] = { [OPERAND_X] = 0, [OPERAND_WEIGHT] = -1,
                                             [OPERAND_BIAS] = -1, [OPERAND_Y] = 1 };
    struct kernel_desc kernel;
    size_t scratch_bytes;

    if (onednn_choose_reorder(&device_cpu_of(device)->onednn, from, to, &kernel, err))
        return -1;
    scratch_bytes = kernel.scratch_bytes;
    if (primitive_step(device, arena, &kernel, args, step, err))
        return -1;
    if (scratch_bytes) /* rare: plans give reorders none */
        step->scratch = arena_alloc(arena, scratch_bytes);
    return 0;
}

/* The value's row-major array as the other side sees it: split into groups, or in whole blocks. */
static const struct memory_desc *plain_like(struct device *device, const struct shape *shape,
                                            enum dtype dtype, const struct memory_desc *other)
{
    const struct shape *as = memory_desc_shape(other);
    struct shape view = *shape;

    if (shape_count(as) == shape_count(shape))
        return memory_desc_plain(&device_cpu_of(device)->onednn, as, dtype);
    if (as->rank == shape->rank + 1) { /* depthwise: (C, 1, h, w) seen as (C, 1, 1, h, w) */
        view.rank++;
        memmove(view.dim + 2, view.dim + 1, (size_t)(shape->rank - 1) * sizeof(*view.dim));
        view.dim[1] = 1;
    }
    BUG_IF(view.rank != as->rank);
    return memory_desc_plain(&device_cpu_of(device)->onednn, &view, dtype);
}

int cpu_reorder(struct device *device, struct arena *arena, const struct shape *shape,
                enum dtype dtype, int from, int to, struct step *step, struct error *err)
{
    const struct memory_desc *source, *target;
    size_t bytes = cpu_layout_bytes(device, from, shape, dtype);

    if (from == to) {
        if (from == LAYOUT_PLAIN) /* the other side may be a caller's array, not rounded up */
            bytes = (size_t)shape_count(shape) * dtype_size(dtype);
        step->context = arena_copy(arena, &bytes, sizeof(bytes));
        step->call = run_copy;
        return 0;
    }
    if (dtype_size(dtype) != 4)
        return FAIL(err, UNSUPPORTED, "only values of four bytes have other layouts than plain");
    if ((from == LAYOUT_BLOCKED || to == LAYOUT_BLOCKED) && shape->rank != 4)
        return FAIL(err, UNSUPPORTED, "only values of four dimensions have the blocked layout");
    source = from == LAYOUT_PLAIN ? NULL : layout_desc(device, from, shape, dtype);
    target = to == LAYOUT_PLAIN ? NULL : layout_desc(device, to, shape, dtype);
    if (!source)
        source = plain_like(device, shape, dtype, target);
    if (!target)
        target = plain_like(device, shape, dtype, source);
    if (shape_equal(memory_desc_shape(source), memory_desc_shape(target)))
        return reorder_descs(device, arena, source, target, step, err);
    return reorder_padding(device, arena, source, target, step, err);
}
