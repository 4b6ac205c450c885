/* plan_check.c - every step of a plan against the reference kernel of its op; see plan.h.
 *
 * The reference is slow, so of large convolutions and linear layers only some images, or some
 * output channels, are computed: the node is cut along an axis, and the reference runs on the cut
 * as on any other node. */

#include "nn/plan_internal.h"

#include "base/rng.h"
#include "nn/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET 4e8 /* floating-point operations of the reference for one step */
#define PLAIN_ERROR 1e-5 /* below it nobody asks how sensitive the output is */
#define NUDGE 1e-6       /* relative change of inputs to find out */

enum { WHOLE = -1, LAST = -2 }; /* instead of an axis */

static const struct cut {
    const struct op *op;
    int inputs[3], outputs[2]; /* the axis along which each can be cut, all at the same places */
} cuts[] = {
    { &op_conv2d, { 0, WHOLE, WHOLE }, { 0 } },
    { &op_conv2d_input_grad, { 0, WHOLE }, { 0 } },
    { &op_conv2d_weight_grad, { WHOLE, 1 }, { 0, 0 } },
    { &op_conv_transpose2d, { 0, WHOLE }, { 0 } },
    { &op_linear, { 0, WHOLE, WHOLE }, { 0 } },
    { &op_linear_input_grad, { 0, WHOLE }, { 0 } },
    { &op_linear_weight_grad, { WHOLE, LAST }, { 0, 0 } },
};

/* One step while it is checked: its node cut to [first, first + taken) of `places`. */
struct check {
    const struct plan *plan;
    int step;
    struct node node;
    struct value values[NODE_MAX_INPUTS + NODE_MAX_OUTPUTS];
    int axes[NODE_MAX_INPUTS + NODE_MAX_OUTPUTS];
    double *inputs[NODE_MAX_INPUTS], *outputs[NODE_MAX_OUTPUTS];
    double *nudged[NODE_MAX_INPUTS + NODE_MAX_OUTPUTS]; /* the same on nudged inputs; or NULL */
    int64_t first, taken, places;
};

static const struct cut *cut_of(const struct node *node)
{
    const struct conv_attributes *conv = node->attributes;

    /* The channels of one output belong to one group's inputs only. */
    if (node->op == &op_conv2d_weight_grad && conv->groups > 1)
        return NULL;
    for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++)
        if (cuts[i].op == node->op)
            return &cuts[i];
    return NULL;
}

static const struct value *argument(const struct node *node, int i)
{
    return i < node->input_count ? node->inputs[i] : node->outputs[i - node->input_count];
}

static int axis_of(const struct cut *cut, const struct node *node, int i)
{
    int axis;

    if (!cut || !argument(node, i))
        return WHOLE;
    axis = i < node->input_count ? cut->inputs[i] : cut->outputs[i - node->input_count];
    return axis == LAST ? argument(node, i)->shape.rank - 1 : axis;
}

static void begin(struct check *check, const struct plan *plan, int step)
{
    const struct node *node = plan->steps[step].node;
    const struct cut *cut = cut_of(node);
    double flops = node->op->flops ? node->op->flops(node) : 0;

    *check = (struct check){ .plan = plan, .step = step, .node = *node };
    for (int i = 0; i < node->input_count + node->output_count; i++) {
        check->axes[i] = axis_of(cut, node, i);
        if (check->axes[i] >= 0)
            check->places = argument(node, i)->shape.dim[check->axes[i]];
    }
    check->taken = check->places;
    if (flops > BUDGET)
        check->taken = (int64_t)((double)check->places * BUDGET / flops);
    if (check->taken < 1)
        check->taken = 1;
    if (check->places > check->taken)
        check->first = step * 7919 % (check->places - check->taken + 1);
    for (int i = 0; i < node->input_count + node->output_count; i++) {
        if (!argument(node, i))
            continue;
        check->values[i] = *argument(node, i);
        if (check->axes[i] >= 0)
            check->values[i].shape.dim[check->axes[i]] = check->taken;
        if (i < node->input_count)
            check->node.inputs[i] = &check->values[i];
        else
            check->node.outputs[i - node->input_count] = &check->values[i];
    }
}

static void end(struct check *check)
{
    for (int i = 0; i < NODE_MAX_INPUTS; i++)
        free(check->inputs[i]);
    for (int i = 0; i < NODE_MAX_OUTPUTS; i++)
        free(check->outputs[i]);
    for (int i = 0; i < NODE_MAX_INPUTS + NODE_MAX_OUTPUTS; i++)
        free(check->nudged[i]);
}

/* A buffer as it lies -> row-major, in the buffer's own type. */
static int read_plain(const struct plan *plan, int buffer, void *plain, struct error *err)
{
    const struct buffer *b = &plan->buffers.items[buffer];
    struct device *device = plan->device;
    struct arena arena = ARENA_INIT;
    struct step step = { 0 };
    struct run_state run = { 0 };
    int result;

    result = device->reorder(device, &arena, &b->value->shape, b->value->dtype, b->layout,
                             LAYOUT_PLAIN, &step, err);
    if (!result) {
        step.args[0] = plan_address(plan, buffer);
        step.args[1] = plain;
        step.arg_count = 2;
        if (step.bound)
            step.bound(&step);
        result = device->run(device, &step, 1, &run, NULL, err);
        if (step.release)
            step.release(&step);
    }
    arena_release(&arena);
    return result;
}

static double element(const void *plain, int64_t i, enum dtype dtype)
{
    return dtype == DTYPE_F32   ? (double)((const float *)plain)[i]
           : dtype == DTYPE_I32 ? (double)((const int32_t *)plain)[i]
                                : (double)((const uint8_t *)plain)[i];
}

/* The cut of argument i as the step's buffers have it now; NULL after a failure.  The caller
 * frees it. */
static double *read_argument(const struct check *check, int i, struct error *err)
{
    int buffer = check->plan->planned.items[check->step].args[i];
    const struct value *whole = check->plan->buffers.items[buffer].value;
    int64_t count = shape_count(&whole->shape), inner = count, places = 1, at = 0;
    int64_t first = 0, taken = 1;
    void *plain = malloc((size_t)count * dtype_size(whole->dtype) + 1);
    double *cut = malloc((size_t)count * sizeof(double) + 1);

    BUG_IF(!plain || !cut);
    if (check->axes[i] >= 0) {
        for (int axis = 0; axis <= check->axes[i]; axis++)
            inner /= whole->shape.dim[axis];
        places = check->places;
        first = check->first;
        taken = check->taken;
    }
    if (read_plain(check->plan, buffer, plain, err)) {
        free(plain);
        free(cut);
        return NULL;
    }
    for (int64_t outer = 0; outer < count; outer += places * inner)
        for (int64_t j = first * inner; j < (first + taken) * inner; j++)
            cut[at++] = element(plain, outer + j, whole->dtype);
    free(plain);
    return cut;
}

static int read_inputs(struct check *check, struct error *err)
{
    for (int i = 0; i < check->node.input_count; i++)
        if (check->node.inputs[i] && !(check->inputs[i] = read_argument(check, i, err)))
            return -1;
    return 0;
}

static double *new_array(const struct value *value)
{
    double *array = calloc((size_t)shape_count(&value->shape) + 1, sizeof(double));

    BUG_IF(!array);
    return array;
}

/* The reference on the inputs, and on inputs that are changed a little at random. */
static void run_references(struct check *check, const struct run_state *run)
{
    const struct node *node = &check->node;
    struct reference_call call = { node, check->inputs, check->outputs, run };
    struct reference_call nudged = { node, check->nudged, check->nudged + node->input_count, run };

    for (int i = 0; i < node->input_count; i++) {
        const struct value *value = node->inputs[i];

        if (!value)
            continue;
        check->nudged[i] = new_array(value);
        for (int64_t j = 0; j < shape_count(&value->shape); j++) {
            bool up = rng_hash((uint64_t)check->step, (uint64_t)i, (uint64_t)j) & 1;

            check->nudged[i][j] =
                check->inputs[i][j] * (value->dtype == DTYPE_F32 ? 1 + (up ? NUDGE : -NUDGE) : 1);
        }
    }
    for (int i = 0; i < node->output_count; i++) {
        check->outputs[i] = new_array(node->outputs[i]);
        check->nudged[node->input_count + i] = new_array(node->outputs[i]);
    }
    node->op->reference(&call);
    node->op->reference(&nudged);
}

/* The largest difference of two arrays; infinite where only one of them is finite. */
static double difference(const double *a, const double *b, int64_t count)
{
    double largest = 0;

    for (int64_t i = 0; i < count; i++) {
        if (isfinite(a[i]) != isfinite(b[i]))
            return INFINITY;
        if (isfinite(a[i]))
            largest = fmax(largest, fabs(a[i] - b[i]));
    }
    return largest;
}

static double magnitude(const double *array, int64_t count)
{
    double largest = 1e-30;

    for (int64_t i = 0; i < count; i++)
        if (isfinite(array[i]))
            largest = fmax(largest, fabs(array[i]));
    return largest;
}

/* A sum whose terms cancel is small, but no more exact than its terms: then the error is relative
 * to what the output does when its inputs change in their last digits. */
static double relative_error(const struct check *check, int i, const double *found,
                             const double *wanted)
{
    const struct value *value = argument(&check->node, i);
    int64_t count = shape_count(&value->shape);
    double error = difference(found, wanted, count), size = magnitude(wanted, count);

    if (error > PLAIN_ERROR * size && value->dtype == DTYPE_F32)
        size = fmax(size, difference(check->nudged[i], wanted, count) / NUDGE);
    return error / size;
}

/* Outputs, and inputs that the op changes in place. */
static int compare(const struct check *check, struct plan_deviation *worst, struct error *err)
{
    const struct node *node = &check->node;

    for (int i = 0; i < node->input_count + node->output_count; i++) {
        bool is_output = i >= node->input_count;
        const double *wanted =
            is_output ? check->outputs[i - node->input_count] : check->inputs[i];
        double *found, error;

        if (!wanted || !(is_output || node->op->mutates >> i & 1) ||
            check->plan->planned.items[check->step].args[i] < 0)
            continue;
        found = read_argument(check, i, err);
        if (!found)
            return -1;
        error = relative_error(check, i, found, wanted);
        free(found);
        if (error > worst->error || !worst->checked) {
            worst->error = error;
            worst->output = i - node->input_count;
        }
        worst->checked = true;
    }
    return 0;
}

int plan_run_checked(struct plan *plan, const struct run_state *run,
                     struct plan_deviation *deviations, struct error *err)
{
    if (plan->device->values_are_double)
        return FAIL(err, UNSUPPORTED, "the reference device is what others are checked against");
    for (int i = 0; i < plan->planned.count; i++) {
        bool checks = plan->steps[i].node && plan->steps[i].node->op->reference;
        struct check check = { 0 };
        int result = 0;

        deviations[i] = (struct plan_deviation){ 0 };
        if (checks) {
            begin(&check, plan, i);
            deviations[i].sampled = check.taken < check.places;
            result = read_inputs(&check, err);
        }
        result = result || plan->device->run(plan->device, &plan->steps[i], 1, run, NULL, err);
        if (checks && !result) {
            run_references(&check, run);
            result = compare(&check, &deviations[i], err);
        }
        end(&check);
        if (result)
            return -1;
    }
    return 0;
}

/* --- values that are not finite --------------------------------------------------------------- */

static const char *not_finite_among(const float *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return isnan(values[i]) ? "NaN" : "Inf";
    return NULL;
}

/* By value, not by byte: a layout may hold more than the shape says, and leave some of it unset. */
static int look_at_outputs(const struct plan *plan, int at, const char **what, struct error *err)
{
    const struct plan_step *planned = &plan->planned.items[at];

    for (int j = planned->input_count; j < planned->arg_count && !*what; j++) {
        const struct value *value = planned->args[j] < 0
                                        ? NULL
                                        : plan->buffers.items[planned->args[j]].value;
        int64_t count = value ? shape_count(&value->shape) : 0;
        float *plain;
        int result;

        if (!value || value->dtype != DTYPE_F32)
            continue;
        plain = malloc((size_t)count * sizeof(*plain) + 1);
        if (!plain)
            return FAIL(err, NO_MEMORY, "no memory to look at %lld values", (long long)count);
        result = read_plain(plan, planned->args[j], plain, err);
        if (!result)
            *what = not_finite_among(plain, count);
        free(plain);
        if (result)
            return -1;
    }
    return 0;
}

int plan_run_to_not_finite(struct plan *plan, const struct run_state *run,
                           struct plan_not_finite *found, struct error *err)
{
    *found = (struct plan_not_finite){ 0 };
    if (plan->device->values_are_double)
        return FAIL(err, UNSUPPORTED, "the reference device keeps other values than floats");
    for (int i = 0; i < plan->planned.count && !found->what; i++) {
        if (plan->device->run(plan->device, &plan->steps[i], 1, run, NULL, err))
            return -1;
        if (!plan->steps[i].node)
            continue; /* a reorder */
        if (look_at_outputs(plan, i, &found->what, err))
            return -1;
        if (found->what)
            found->step = &plan->steps[i];
    }
    return 0;
}
