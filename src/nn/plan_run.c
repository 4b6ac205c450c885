/* plan_run.c - addresses, running, reading and writing values; see plan.h. */

#include "nn/plan_internal.h"

#include "base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void *plan_address(const struct plan *plan, int buffer)
{
    const struct buffer *root;

    if (buffer < 0)
        return NULL;
    root = &plan->buffers.items[buffer_root(plan, buffer)];
    if (root->storage == STORAGE_SLAB)
        return plan->slab + root->offset;
    if (root->storage == STORAGE_GRADIENT)
        return plan->gradients->segments[SEGMENT_PARAMETERS].base + root->weight->offset;
    return plan->memory->segments[root->weight->segment].base + root->weight->offset;
}

void plan_bind(struct plan *plan, char *slab, const struct weights_memory *memory,
               const struct weights_memory *gradients)
{
    BUG_IF(!plan->weights->laid_out);
    plan->slab = slab;
    plan->memory = memory;
    plan->gradients = gradients;
    for (int i = 0; i < plan->planned.count; i++) {
        const struct plan_step *planned = &plan->planned.items[i];
        struct step *step = &plan->steps[i];

        for (int j = 0; j < planned->arg_count; j++)
            step->args[j] = plan_address(plan, planned->args[j]);
        step->scratch = plan_address(plan, planned->scratch);
        if (step->bound)
            step->bound(step);
    }
}

int plan_run(struct plan *plan, const struct run_state *run, struct error *err)
{
    return plan_run_timed(plan, run, NULL, err);
}

int plan_run_timed(struct plan *plan, const struct run_state *run, double *seconds,
                   struct error *err)
{
    return plan->device->run(plan->device, plan->steps, plan->planned.count, run, seconds, err);
}

struct plan_slot plan_value(const struct plan *plan, const struct value *value)
{
    int index = plan->main_buffer[value->id];
    const struct buffer *buffer;

    BUG_IF(index < 0);
    buffer = &plan->buffers.items[index];
    return (struct plan_slot){ plan_address(plan, index), buffer->layout, buffer->bytes };
}

/* Between a value's buffer and row-major float, through the device's reorder. */
static int transfer(const struct plan *plan, const struct value *value, float *plain, bool store,
                    struct error *err)
{
    struct plan_slot slot = plan_value(plan, value);
    struct device *device = plan->device;
    int64_t count = shape_count(&value->shape);
    bool wide = device->values_are_double && value->dtype == DTYPE_F32;
    struct arena arena = ARENA_INIT;
    struct step step = { 0 };
    struct run_state run = { 0 };
    void *rows = plain;
    int result = -1;

    if (wide) {
        rows = malloc((size_t)count * sizeof(double));
        BUG_IF(!rows);
        for (int64_t i = 0; store && i < count; i++)
            ((double *)rows)[i] = plain[i];
    }
    if (device->reorder(device, &arena, &value->shape, value->dtype,
                        store ? LAYOUT_PLAIN : slot.layout, store ? slot.layout : LAYOUT_PLAIN,
                        &step, err))
        goto done;
    step.args[0] = store ? rows : slot.data;
    step.args[1] = store ? slot.data : rows;
    step.arg_count = 2;
    if (step.bound)
        step.bound(&step);
    result = device->run(device, &step, 1, &run, NULL, err);
    for (int64_t i = 0; wide && !store && i < count; i++)
        plain[i] = (float)((double *)rows)[i];
done:
    if (step.release)
        step.release(&step);
    arena_release(&arena);
    if (wide)
        free(rows);
    return result;
}

int plan_read(const struct plan *plan, const struct value *value, float *plain, struct error *err)
{
    return transfer(plan, value, plain, false, err);
}

int plan_write(const struct plan *plan, const struct value *value, const float *plain,
               struct error *err)
{
    return transfer(plan, value, (float *)plain, true, err);
}

/* --- looking inside ------------------------------------------------------------------------ */

size_t plan_slab_bytes(const struct plan *plan)
{
    return plan->slab_bytes;
}

size_t plan_bound_bytes(const struct plan *plan)
{
    return plan->bound_bytes;
}

int plan_step_count(const struct plan *plan)
{
    return plan->planned.count;
}

const struct step *plan_step(const struct plan *plan, int index)
{
    return &plan->steps[index];
}

void plan_print(const struct plan *plan, struct str *out)
{
    char shape[SHAPE_TEXT_SIZE], layout[128];

    for (int i = 0; i < plan->planned.count; i++) {
        const struct plan_step *planned = &plan->planned.items[i];
        const struct step *step = &plan->steps[i];

        str_printf(out, "%4d %-20s %-28s %s", i, step->kernel, step->name,
                   step->node ? step->node->op->name : "reorder");
        for (int j = 0; j < planned->arg_count; j++) {
            int index = planned->args[j];
            const struct buffer *buffer = &plan->buffers.items[index < 0 ? 0 : index];

            str_add(out, j == planned->input_count ? " -> " : " ");
            if (index < 0) {
                str_add(out, "-");
                continue;
            }
            str_printf(out, "%s:%s", shape_text(&buffer->value->shape, shape),
                       plan->device->layout_name(plan->device, buffer->layout, layout,
                                                 sizeof(layout)));
            buffer = &plan->buffers.items[buffer_root(plan, index)];
            if (buffer->storage == STORAGE_SLAB)
                str_printf(out, "@%zu", buffer->offset);
        }
        str_add_char(out, '\n');
    }
}

/* --- debugging runs ------------------------------------------------------------------------ */

static void poison_dead(struct plan *plan, int at, unsigned char *alive)
{
    memset(alive, 0, plan->slab_bytes / SLAB_ALIGNMENT + 1);
    for (int i = 0; i < plan->buffers.count; i++) {
        const struct buffer *buffer = &plan->buffers.items[i];

        if (buffer->alias < 0 && buffer->storage == STORAGE_SLAB && buffer->first < at &&
            buffer->last >= at)
            memset(alive + buffer->offset / SLAB_ALIGNMENT, 1, buffer->bytes / SLAB_ALIGNMENT);
    }
    for (size_t i = 0; i < plan->slab_bytes / SLAB_ALIGNMENT; i++)
        if (!alive[i]) /* all bits set is a NaN, as float and as double */
            memset(plan->slab + i * SLAB_ALIGNMENT, 0xff, SLAB_ALIGNMENT);
}

int plan_run_poisoned(struct plan *plan, const struct run_state *run, struct error *err)
{
    unsigned char *alive = malloc(plan->slab_bytes / SLAB_ALIGNMENT + 1);
    int result = 0;

    BUG_IF(!alive);
    for (int i = 0; i < plan->planned.count && !result; i++) {
        poison_dead(plan, i, alive);
        result = plan->device->run(plan->device, &plan->steps[i], 1, run, NULL, err);
    }
    free(alive);
    return result;
}

int plan_run_hashed(struct plan *plan, const struct run_state *run, uint64_t *hashes,
                    struct error *err)
{
    for (int i = 0; i < plan->planned.count; i++) {
        const struct plan_step *planned = &plan->planned.items[i];
        uint64_t hash = 1469598103934665603u; /* FNV-1a over 32-bit words */

        if (plan->device->run(plan->device, &plan->steps[i], 1, run, NULL, err))
            return -1;
        for (int j = planned->input_count; j < planned->arg_count; j++) {
            const uint32_t *words = plan_address(plan, planned->args[j]);
            size_t count = plan->buffers.items[planned->args[j]].bytes / sizeof(*words);

            for (size_t k = 0; k < count; k++)
                hash = (hash ^ words[k]) * 1099511628211u;
        }
        hashes[i] = hash;
    }
    return 0;
}
