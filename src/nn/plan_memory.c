/* plan_memory.c - who lives when, who replaces whom, and where everything lies.
 *
 * Largest first, each into the gap that fits it best among those already placed whose lifetimes
 * meet its own (Pisarchyk and Lee 2020 call it greedy by size); on the networks here the result is
 * within a few percent of the bound, which is the largest sum of bytes alive at one step. */

#include "nn/plan_internal.h"

#include <stdlib.h>

static void find_lifetimes(struct plan *plan)
{
    int end = plan->planned.count;

    for (int i = 0; i < plan->buffers.count; i++) {
        struct buffer *buffer = &plan->buffers.items[i];
        bool is_input = buffer->value && buffer->value->kind == VALUE_INPUT &&
                        plan->main_buffer[buffer->value->id] == i;

        buffer->first = is_input ? -1 : end;
        buffer->last = -1;
    }
    for (int i = 0; i < end; i++) {
        const struct plan_step *step = &plan->planned.items[i];

        for (int j = 0; j <= step->arg_count; j++) {
            int index = j < step->arg_count ? step->args[j] : step->scratch;
            struct buffer *buffer;

            if (index < 0)
                continue;
            buffer = &plan->buffers.items[index];
            if (i < buffer->first)
                buffer->first = i;
            if (i > buffer->last)
                buffer->last = i;
        }
    }
    for (int i = 0; i < plan->graph->output_count; i++)
        plan->buffers.items[plan->main_buffer[plan->graph->outputs[i]->id]].last = end;
}

/* A view lives in its source's memory: that must be alive while either is. */
static void merge_lifetime(struct plan *plan, int into, const struct buffer *from)
{
    struct buffer *root = &plan->buffers.items[into];

    if (from->first < root->first)
        root->first = from->first;
    if (from->last > root->last)
        root->last = from->last;
}

static void merge_views(struct plan *plan)
{
    for (int i = 0; i < plan->buffers.count; i++)
        if (plan->buffers.items[i].alias >= 0)
            merge_lifetime(plan, buffer_root(plan, i), &plan->buffers.items[i]);
}

static bool can_replace(const struct plan *plan, const struct plan_step *step, int input_root,
                        int output, int at)
{
    const struct buffer *in = &plan->buffers.items[input_root];
    const struct buffer *out = &plan->buffers.items[output];

    if (in->storage != STORAGE_SLAB || out->storage != STORAGE_SLAB || out->alias >= 0 ||
        in->last != at || out->first != at || in->bytes < out->bytes || in->first < 0)
        return false;
    /* No other output of this step may have taken it already. */
    for (int j = step->input_count; j < step->arg_count; j++)
        if (step->args[j] >= 0 && step->args[j] != output &&
            buffer_root(plan, step->args[j]) == input_root)
            return false;
    return true;
}

static void replace_in_place(struct plan *plan)
{
    for (int i = 0; i < plan->planned.count; i++) {
        const struct plan_step *step = &plan->planned.items[i];

        for (int j = step->input_count; j < step->arg_count; j++) {
            int from = step->offer.in_place[j - step->input_count] - 1, root;

            if (from < 0 || step->args[from] < 0 || step->args[j] < 0)
                continue;
            root = buffer_root(plan, step->args[from]);
            if (!can_replace(plan, step, root, step->args[j], i))
                continue;
            plan->buffers.items[step->args[j]].alias = root;
            merge_lifetime(plan, root, &plan->buffers.items[step->args[j]]);
        }
    }
}

/* --- placing ------------------------------------------------------------------------------- */

static int larger_first(const void *a, const void *b)
{
    const struct buffer *x = *(const struct buffer *const *)a,
                        *y = *(const struct buffer *const *)b;

    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->first != y->first ? (x->first < y->first ? -1 : 1) : (x < y ? -1 : x > y);
}

/* Put a buffer into the smallest gap between those that live at the same time; `placed` is
 * sorted by offset. */
static void place(struct buffer *buffer, struct buffer **placed, int *placed_count)
{
    size_t cursor = 0, best = SIZE_MAX, best_gap = SIZE_MAX;
    int at;

    for (int i = 0; i < *placed_count; i++) {
        const struct buffer *other = placed[i];

        if (other->last < buffer->first || other->first > buffer->last)
            continue;
        if (other->offset > cursor && other->offset - cursor >= buffer->bytes &&
            other->offset - cursor < best_gap) {
            best_gap = other->offset - cursor;
            best = cursor;
        }
        if (other->offset + other->bytes > cursor)
            cursor = other->offset + other->bytes;
    }
    buffer->offset = best != SIZE_MAX ? best : cursor;
    for (at = *placed_count; at > 0 && placed[at - 1]->offset > buffer->offset; at--)
        placed[at] = placed[at - 1];
    placed[at] = buffer;
    (*placed_count)++;
}

static size_t lower_bound(const struct plan *plan, struct buffer *const *all, int count)
{
    size_t worst = 0;

    for (int step = -1; step <= plan->planned.count; step++) {
        size_t alive = 0;

        for (int i = 0; i < count; i++)
            if (all[i]->first <= step && all[i]->last >= step)
                alive += all[i]->bytes;
        if (alive > worst)
            worst = alive;
    }
    return worst;
}

void plan_place(struct plan *plan)
{
    struct arena arena = ARENA_INIT;
    struct buffer **all = ARENA_ARRAY(&arena, struct buffer *, plan->buffers.count + 1);
    struct buffer **placed = ARENA_ARRAY(&arena, struct buffer *, plan->buffers.count + 1);
    int count = 0, placed_count = 0;

    find_lifetimes(plan);
    merge_views(plan);
    if (!plan->options.no_in_place && !plan->options.no_reuse)
        replace_in_place(plan);
    for (int i = 0; i < plan->buffers.count; i++) {
        struct buffer *buffer = &plan->buffers.items[i];

        if (buffer->alias >= 0 || buffer->storage != STORAGE_SLAB || buffer->last < buffer->first)
            continue;
        if (plan->options.no_reuse) {
            buffer->first = -1;
            buffer->last = plan->planned.count;
        }
        all[count++] = buffer;
    }
    qsort(all, (size_t)count, sizeof(*all), larger_first);
    for (int i = 0; i < count; i++) {
        place(all[i], placed, &placed_count);
        if (all[i]->offset + all[i]->bytes > plan->slab_bytes)
            plan->slab_bytes = all[i]->offset + all[i]->bytes;
    }
    plan->bound_bytes = lower_bound(plan, all, count);
    arena_release(&arena);
}
