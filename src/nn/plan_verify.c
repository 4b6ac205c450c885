/* plan_verify.c - an independent check of a finished plan.
 *
 * It shares no code with the planner: it replays the steps over a map of the slab in which every
 * 64-byte cell remembers which buffer's value it holds, and complains when a step reads a cell
 * that holds something else.  That covers overlaps, in-place use and lifetimes at once. */

#include "nn/plan_internal.h"

#include <stdlib.h>
#include <string.h>

struct replay {
    const struct plan *plan;
    int *cells; /* which buffer wrote it last; -1: nothing */
};

static int root_of(const struct plan *plan, int index)
{
    int hops = 0;

    for (; plan->buffers.items[index].alias >= 0; hops++) {
        if (hops > plan->buffers.count)
            return -1;
        index = plan->buffers.items[index].alias;
    }
    return index;
}

/* What the cells say a view or its source holds is the same content. */
static int content_of(const struct plan *plan, int index)
{
    while (plan->buffers.items[index].is_view)
        index = plan->buffers.items[index].alias;
    return index;
}

static int check_range(const struct plan *plan, int index, struct error *err)
{
    int root = root_of(plan, index);
    const struct buffer *buffer;

    if (root < 0)
        return FAIL(err, INVALID, "plan: the aliases of buffer %d form a circle", index);
    buffer = &plan->buffers.items[root];
    if (buffer->storage == STORAGE_SLAB && buffer->offset % SLAB_ALIGNMENT)
        return FAIL(err, INVALID, "plan: buffer %d begins inside a cache line", index);
    if (buffer->storage == STORAGE_SLAB &&
        (buffer->offset > plan->slab_bytes || buffer->bytes > plan->slab_bytes - buffer->offset))
        return FAIL(err, INVALID, "plan: buffer %d lies outside the slab", index);
    if (plan->buffers.items[index].bytes > buffer->bytes)
        return FAIL(err, INVALID, "plan: buffer %d is larger than the memory it shares", index);
    return 0;
}

static void write_cells(struct replay *replay, int index)
{
    const struct buffer *root = &replay->plan->buffers.items[root_of(replay->plan, index)];
    size_t first = root->offset / SLAB_ALIGNMENT;
    size_t count = replay->plan->buffers.items[index].bytes / SLAB_ALIGNMENT;

    if (root->storage == STORAGE_SLAB)
        for (size_t i = 0; i < count; i++)
            replay->cells[first + i] = content_of(replay->plan, index);
}

static int read_cells(const struct replay *replay, int index, int step, struct error *err)
{
    const struct buffer *root = &replay->plan->buffers.items[root_of(replay->plan, index)];
    size_t first = root->offset / SLAB_ALIGNMENT;
    size_t count = replay->plan->buffers.items[index].bytes / SLAB_ALIGNMENT;

    if (root->storage != STORAGE_SLAB)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (replay->cells[first + i] != content_of(replay->plan, index))
            return FAIL(err, INVALID,
                        "plan: step %d (%s '%s') reads buffer %d, but buffer %d lies there", step,
                        replay->plan->steps[step].kernel, replay->plan->steps[step].name, index,
                        replay->cells[first + i]);
    return 0;
}

static int replay_step(struct replay *replay, int at, struct error *err)
{
    const struct plan_step *step = &replay->plan->planned.items[at];

    for (int j = 0; j < step->arg_count; j++)
        if (step->args[j] >= 0 && check_range(replay->plan, step->args[j], err))
            return -1;
    for (int j = 0; j < step->input_count; j++)
        if (step->args[j] >= 0 && read_cells(replay, step->args[j], at, err))
            return -1;
    if (step->scratch >= 0) {
        if (check_range(replay->plan, step->scratch, err))
            return -1;
        write_cells(replay, step->scratch);
        /* Scratch is written while inputs are read: it must not lie on them. */
        for (int j = 0; j < step->input_count; j++)
            if (step->args[j] >= 0 && read_cells(replay, step->args[j], at, err))
                return -1;
    }
    for (int j = step->input_count; j < step->arg_count; j++)
        write_cells(replay, step->args[j]);
    /* Outputs must not lie on each other nor on the scratch, nor on inputs except as offered. */
    for (int j = step->input_count; j < step->arg_count; j++)
        if (read_cells(replay, step->args[j], at, err))
            return -1;
    if (step->scratch >= 0 && read_cells(replay, step->scratch, at, err))
        return -1;
    for (int j = 0; j < step->input_count; j++) {
        bool replaced = false;

        for (int k = step->input_count; k < step->arg_count; k++)
            replaced |= step->offer.in_place[k - step->input_count] == j + 1;
        if (step->args[j] >= 0 && !replaced && read_cells(replay, step->args[j], at, err)) {
            /* The same memory may be given twice, once under a replaceable name. */
            for (int k = 0; k < step->input_count; k++)
                for (int o = step->input_count; o < step->arg_count; o++)
                    replaced |= k != j && step->args[k] >= 0 &&
                                root_of(replay->plan, step->args[k]) ==
                                    root_of(replay->plan, step->args[j]) &&
                                step->offer.in_place[o - step->input_count] == k + 1;
            if (!replaced)
                return -1;
        }
    }
    return 0;
}

int plan_verify(const struct plan *plan, struct error *err)
{
    size_t cell_count = plan->slab_bytes / SLAB_ALIGNMENT + 1;
    struct replay replay = { plan, malloc(cell_count * sizeof(int)) };
    int result = -1;

    BUG_IF(!replay.cells);
    memset(replay.cells, 0xff, cell_count * sizeof(int));
    for (int i = 0; i < plan->graph->value_count; i++) {
        if (plan->graph->values[i]->kind != VALUE_INPUT || plan->main_buffer[i] < 0)
            continue;
        if (check_range(plan, plan->main_buffer[i], err))
            goto done;
        write_cells(&replay, plan->main_buffer[i]);
    }
    for (int i = 0; i < plan->planned.count; i++)
        if (replay_step(&replay, i, err))
            goto done;
    for (int i = 0; i < plan->graph->output_count; i++) {
        int output = plan->main_buffer[plan->graph->outputs[i]->id];

        if (check_range(plan, output, err) ||
            read_cells(&replay, output, plan->planned.count - 1, err))
            goto done;
    }
    result = 0;
done:
    free(replay.cells);
    return result;
}
