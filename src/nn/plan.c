/* plan.c - choose kernels and layouts, step by step in the graph's order; see plan.h.
 *
 * The choice is greedy: each node takes the offer whose own cost plus the reorders that it needs
 * from what its inputs already are is least.  Activations keep one layout through a network in
 * practice, so looking further ahead gains nothing measurable. */

#include "nn/plan_internal.h"

#include "base/str.h"
#include "base/vec.h"
#include "nn/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A reorder reads and writes memory once; 10 GB/s is what copies reach with all threads. */
#define REORDER_SECONDS_PER_BYTE (2 / 10e9)

static int add_buffer(struct plan *plan, const struct value *value, int layout, size_t bytes)
{
    *VEC_ADD(&plan->buffers) = (struct buffer){ .value = value, .layout = layout,
                                                .bytes = slab_round(bytes), .alias = -1 };
    return plan->buffers.count - 1;
}

static size_t value_bytes(const struct plan *plan, const struct value *value, int layout)
{
    return plan->device->layout_bytes(plan->device, layout, &value->shape, value->dtype);
}

/* The buffer that holds the value in that layout, or -1.  A copy made in forward is not used in
 * backward: it would have to be kept, and making it again is cheaper than its memory. */
static int find_buffer(const struct plan *plan, const struct value *value, int layout,
                       bool is_backward)
{
    int main = plan->main_buffer[value->id];

    if (main >= 0 && plan->buffers.items[main].layout == layout)
        return main;
    for (int i = plan->buffers.count - 1; i >= 0; i--) {
        const struct buffer *buffer = &plan->buffers.items[i];

        if (buffer->value == value && buffer->layout == layout &&
            buffer->made_in_backward == is_backward)
            return i;
    }
    return -1;
}

/* Inputs and weights get their buffers when they are first met: the list may grow and move. */
static int main_buffer(struct plan *plan, const struct value *value)
{
    int *slot = &plan->main_buffer[value->id];

    if (*slot >= 0)
        return *slot;
    BUG_IF(value->kind == VALUE_COMPUTED);
    *slot = add_buffer(plan, value, LAYOUT_PLAIN, 0);
    struct buffer *buffer = &plan->buffers.items[*slot];

    if (value->kind == VALUE_INPUT) {
        buffer->bytes = slab_round(value_bytes(plan, value, LAYOUT_PLAIN));
    } else {
        buffer->storage = STORAGE_WEIGHT;
        buffer->weight = weights_find(plan->weights, value->name);
        BUG_IF(!buffer->weight);
        buffer->layout = buffer->weight->layout;
        if (buffer->layout >= 0)
            buffer->bytes = slab_round(value_bytes(plan, value, buffer->layout));
    }
    return *slot;
}

static int main_layout(struct plan *plan, const struct value *value)
{
    int index = main_buffer(plan, value);

    return plan->buffers.items[index].layout;
}

/* --- reorders ------------------------------------------------------------------------------ */

static int add_reorder(struct plan *plan, int from, int layout, const struct node *node)
{
    const struct value *value = plan->buffers.items[from].value;
    int to = add_buffer(plan, value, layout, value_bytes(plan, value, layout));
    struct plan_step step = { .args = { from, to }, .input_count = 1, .arg_count = 2,
                              .scratch = -1 };

    plan->buffers.items[to].made_in_backward = node && node->is_backward;
    step.offer.inputs[0] = plan->buffers.items[from].layout;
    step.offer.outputs[0] = layout;
    *VEC_ADD(&plan->planned) = step;
    return to;
}

static int in_layout(struct plan *plan, const struct value *value, int layout,
                     const struct node *node)
{
    int main = main_buffer(plan, value);
    struct buffer *buffer = &plan->buffers.items[main];
    int found;

    if (buffer->layout < 0) { /* a weight whose layout is still free takes this one */
        BUG_IF(plan->weights->laid_out);
        weights_find(plan->weights, value->name)->layout = layout;
        buffer->layout = layout;
        buffer->bytes = slab_round(value_bytes(plan, value, layout));
        return main;
    }
    found = find_buffer(plan, value, layout, node && node->is_backward);
    return found >= 0 ? found : add_reorder(plan, main, layout, node);
}

/* --- choosing ------------------------------------------------------------------------------ */

static double reorder_cost(struct plan *plan, const struct node *node, const struct offer *offer)
{
    double cost = 0;

    for (int i = 0; i < node->input_count; i++) {
        const struct value *value = node->inputs[i];
        int have;

        if (!value)
            continue;
        have = main_layout(plan, value);
        if (have >= 0 && have != offer->inputs[i] &&
            find_buffer(plan, value, offer->inputs[i], node->is_backward) < 0)
            cost += (double)value_bytes(plan, value, offer->inputs[i]) * REORDER_SECONDS_PER_BYTE;
    }
    return cost;
}

static int choose(struct plan *plan, const struct node *node, struct offer *best, struct error *err)
{
    int wish[NODE_MAX_INPUTS];
    double best_cost = INFINITY;

    for (int i = 0; i < node->input_count; i++)
        wish[i] = node->inputs[i] ? main_layout(plan, node->inputs[i]) : LAYOUT_PLAIN;
    for (const struct kernel *const *k = plan->device->kernels; *k; k++) {
        struct offer offer = { .kernel = *k };
        double cost;

        if ((*k)->op != node->op && (*k)->op)
            continue;
        if (!(*k)->offer(plan->device, &plan->arena, node, wish, &offer))
            continue;
        cost = offer.cost + reorder_cost(plan, node, &offer);
        if (cost < best_cost) {
            best_cost = cost;
            *best = offer;
        }
    }
    if (best_cost == INFINITY)
        return FAIL(err, UNSUPPORTED, "device '%s' has no kernel for %s '%s'", plan->device->name,
                    node->op->name, node->name);
    return 0;
}

/* A view of a plain value costs nothing: its output is its input's memory. */
static bool plan_view(struct plan *plan, const struct node *node)
{
    const struct value *in = node->inputs[0], *out = node->outputs[0];
    int from, to;

    if (!(node->op->flags & OP_VIEW))
        return false;
    from = main_buffer(plan, in);
    if (plan->buffers.items[from].layout != LAYOUT_PLAIN ||
        plan->buffers.items[from].storage == STORAGE_WEIGHT)
        return false;
    to = add_buffer(plan, out, LAYOUT_PLAIN, value_bytes(plan, out, LAYOUT_PLAIN));
    plan->buffers.items[to].alias = from;
    plan->buffers.items[to].is_view = true;
    plan->buffers.items[to].made_in_backward = node->is_backward;
    plan->main_buffer[out->id] = to;
    return true;
}

static int plan_node(struct plan *plan, const struct node *node, struct error *err)
{
    struct plan_step step = { .scratch = -1 };

    if (plan_view(plan, node))
        return 0;
    if (choose(plan, node, &step.offer, err))
        return -1;
    for (int i = 0; i < node->input_count; i++)
        step.args[i] = node->inputs[i]
                           ? in_layout(plan, node->inputs[i], step.offer.inputs[i], node)
                           : -1;
    step.input_count = node->input_count;
    step.arg_count = node->input_count;
    for (int i = 0; i < node->output_count; i++) {
        const struct value *value = node->outputs[i];
        int layout = step.offer.outputs[i];
        int buffer = add_buffer(plan, value, layout, value_bytes(plan, value, layout));

        plan->buffers.items[buffer].made_in_backward = node->is_backward;
        plan->main_buffer[value->id] = buffer;
        step.args[step.arg_count++] = buffer;
    }
    if (step.offer.scratch_bytes)
        step.scratch = add_buffer(plan, NULL, LAYOUT_PLAIN, step.offer.scratch_bytes);
    *VEC_ADD(&plan->planned) = step;
    return 0;
}

/* --- gradients --------------------------------------------------------------------------- */

/* Let the gradient of each parameter be made in the gradient segment, in the parameter's own
 * layout; where the kernel makes another one, or memory cannot be shared, copy. */
static void place_gradients(struct plan *plan)
{
    for (int i = 0; i < plan->graph->value_count; i++) {
        const struct value *parameter = plan->graph->values[i];
        struct value *gradient;
        const struct weight *weight;
        int buffer, root;

        if (parameter->kind != VALUE_PARAMETER || !plan->options.gradient_of[i])
            continue;
        gradient = plan->options.gradient_of[i];
        weight = weights_find(plan->weights, parameter->name);
        buffer = main_buffer(plan, gradient);
        if (weight->layout < 0)
            weights_find(plan->weights, parameter->name)->layout =
                plan->buffers.items[buffer].layout;
        root = buffer_root(plan, buffer);
        if (plan->buffers.items[buffer].layout != weight->layout ||
            plan->buffers.items[root].storage != STORAGE_SLAB ||
            (plan->buffers.items[root].value &&
             plan->buffers.items[root].value->kind == VALUE_INPUT))
            root = add_reorder(plan, buffer, weight->layout, gradient->producer);
        plan->buffers.items[root].storage = STORAGE_GRADIENT;
        plan->buffers.items[root].weight = weight;
    }
}

/* --- making it runnable -------------------------------------------------------------------- */

static int create_steps(struct plan *plan, struct error *err)
{
    const struct node *by_output = NULL;

    plan->steps = ARENA_ARRAY(&plan->arena, struct step, plan->planned.count + 1);
    for (int i = 0; i < plan->planned.count; i++) {
        const struct plan_step *planned = &plan->planned.items[i];
        const struct buffer *out = &plan->buffers.items[planned->args[planned->input_count]];
        struct step *step = &plan->steps[i];
        bool is_reorder = !planned->offer.kernel;

        by_output = out->value ? out->value->producer : NULL;
        step->node = is_reorder ? NULL : by_output;
        step->kernel = is_reorder ? "reorder" : planned->offer.kernel->name;
        step->name = by_output ? by_output->name : out->value ? out->value->name : "";
        step->arg_count = planned->arg_count;
        for (int j = 0; j < planned->arg_count; j++)
            if (planned->args[j] >= 0)
                step->bytes += (double)plan->buffers.items[planned->args[j]].bytes;
        if (step->node && step->node->op->flops)
            step->flops = step->node->op->flops(step->node);
        if (is_reorder
                ? plan->device->reorder(plan->device, &plan->arena, &out->value->shape,
                                        out->value->dtype, planned->offer.inputs[0],
                                        planned->offer.outputs[0], step, err)
                : planned->offer.kernel->create(plan->device, &plan->arena, &planned->offer, step,
                                                err))
            return -1;
    }
    return 0;
}

int plan_new(struct plan **out, const struct graph *graph, struct device *device,
             struct weights *weights, const struct plan_options *options, struct error *err)
{
    struct plan *plan = calloc(1, sizeof(*plan));

    BUG_IF(!plan);
    plan->graph = graph;
    plan->device = device;
    plan->weights = weights;
    if (options)
        plan->options = *options;
    plan->main_buffer = ARENA_ARRAY(&plan->arena, int, graph->value_count + 1);
    for (int i = 0; i < graph->value_count; i++)
        plan->main_buffer[i] = -1;
    if (graph->_failed) {
        *err = graph->_error;
        goto failed;
    }
    for (int i = 0; i < graph->node_count; i++)
        if (plan_node(plan, graph->nodes[i], err))
            goto failed;
    for (int i = 0; i < graph->output_count; i++)
        main_buffer(plan, graph->outputs[i]);
    if (plan->options.gradient_of)
        place_gradients(plan);
    plan_place(plan);
    if (create_steps(plan, err))
        goto failed;
    *out = plan;
    return 0;
failed:
    plan_free(plan);
    return -1;
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    for (int i = 0; plan->steps && i < plan->planned.count; i++)
        if (plan->steps[i].release)
            plan->steps[i].release(&plan->steps[i]);
    VEC_RELEASE(&plan->buffers);
    VEC_RELEASE(&plan->planned);
    arena_release(&plan->arena);
    free(plan);
}
