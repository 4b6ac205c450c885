/* device_support.c - see device_support.h. */

#include "device_support.h"

#include "base/error.h"
#include "base/rng.h"
#include "cpu/device_cpu.h"
#include "test.h"

#include <stdlib.h>

#define MAX_ARGS (NODE_MAX_INPUTS + NODE_MAX_OUTPUTS)

struct trial {
    const struct device_check *check;
    struct device *device;
    struct arena arena;
    struct offer offer;
    double *expected[MAX_ARGS]; /* inputs as given, outputs as the reference makes them */
    float *stored[MAX_ARGS];
    char text[160];
};

struct device *test_device(void)
{
    static struct device *device;
    struct error err;

    if (!device)
        device = device_cpu_open(&(struct device_cpu_options){ .threads = 2 }, &err);
    if (!device)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return device;
}

static const struct value *value_at(const struct node *node, int arg)
{
    return arg < node->input_count ? node->inputs[arg] : node->outputs[arg - node->input_count];
}

static int arg_count(const struct node *node)
{
    return node->input_count + node->output_count;
}

static int layout_at(const struct trial *t, int arg)
{
    int inputs = t->check->node->input_count;

    return arg < inputs ? t->offer.inputs[arg] : t->offer.outputs[arg - inputs];
}

static size_t bytes_of(struct device *device, int layout, const struct value *value)
{
    return device->layout_bytes(device, layout, &value->shape, value->dtype);
}

/* All bits set: NaN. */
static float *buffer_new(size_t bytes)
{
    float *buffer = aligned_alloc(64, bytes ? bytes : 64);

    BUG_IF(!buffer);
    memset(buffer, 0xff, bytes);
    return buffer;
}

static void reorder(struct trial *t, const struct value *value, int from, int to, float *source,
                    float *target)
{
    struct step step = { .kernel = "reorder", .name = "test", .args = { source, target },
                         .arg_count = 2 };
    struct run_state run = { 0 };
    struct error err;

    CHECK_OK(t->device->reorder(t->device, &t->arena, &value->shape, value->dtype, from, to, &step,
                                &err), err);
    if (step.bound)
        step.bound(&step);
    CHECK_OK(t->device->run(t->device, &step, 1, &run, NULL, &err), err);
    if (step.release)
        step.release(&step);
}

/* --- the reference --------------------------------------------------------------------------- */

static void make_expected(struct trial *t)
{
    const struct node *node = t->check->node;
    struct rng rng = rng_for(t->check->seed, 99, 0);
    struct run_state run = { 0 };

    for (int i = 0; i < arg_count(node); i++) {
        int64_t count = value_at(node, i) ? shape_count(&value_at(node, i)->shape) : 0;

        t->expected[i] = value_at(node, i) ? calloc((size_t)count + 1, sizeof(double)) : NULL;
        for (int64_t k = 0; i < node->input_count && k < count; k++)
            t->expected[i][k] = (float)rng_normal(&rng);
    }
    node->op->reference(&(struct reference_call){ node, t->expected,
                                                  t->expected + node->input_count, &run });
}

/* --- one row --------------------------------------------------------------------------------- */

static void store_input(struct trial *t, int arg)
{
    const struct value *value = value_at(t->check->node, arg);
    float *plain = buffer_new(bytes_of(t->device, LAYOUT_PLAIN, value));

    memset(plain, 0, bytes_of(t->device, LAYOUT_PLAIN, value)); /* vectors are padded with zeros */
    for (int64_t k = 0; k < shape_count(&value->shape); k++)
        plain[k] = (float)t->expected[arg][k];
    reorder(t, value, LAYOUT_PLAIN, layout_at(t, arg), plain, t->stored[arg]);
    if (layout_at(t, arg) == LAYOUT_PLAIN)
        memcpy(t->stored[arg], plain, bytes_of(t->device, LAYOUT_PLAIN, value));
    free(plain);
}

static void compare_output(struct trial *t, int arg)
{
    const struct value *value = value_at(t->check->node, arg);
    double tolerance = t->check->tolerance ? t->check->tolerance : 1e-5, largest = 1;
    size_t bytes = bytes_of(t->device, layout_at(t, arg), value);
    int64_t count = shape_count(&value->shape);
    float *plain = buffer_new(bytes_of(t->device, LAYOUT_PLAIN, value)), *again = buffer_new(bytes);
    char shape[SHAPE_TEXT_SIZE];

    reorder(t, value, layout_at(t, arg), LAYOUT_PLAIN, t->stored[arg], plain);
    for (int64_t k = 0; k < count; k++)
        largest = fmax(largest, fabs(t->expected[arg][k]));
    for (int64_t k = 0; k < count; k++)
        if (!(fabs(plain[k] - t->expected[arg][k]) <= tolerance * largest))
            test_fail(__FILE__, __LINE__, "%s: argument %d %s: element %lld is %.9g, not %.9g",
                      t->text, arg, shape_text(&value->shape, shape), (long long)k, plain[k],
                      t->expected[arg][k]);
    /* Packing it again leaves zeros in all padding. */
    reorder(t, value, LAYOUT_PLAIN, layout_at(t, arg), plain, again);
    for (size_t k = 0; layout_at(t, arg) != LAYOUT_PLAIN && k < bytes / sizeof(float); k++)
        if (t->stored[arg][k] != again[k] && !(isnan(again[k]) && isnan(t->stored[arg][k])))
            test_fail(__FILE__, __LINE__, "%s: argument %d %s: padding at %zu is %.9g", t->text,
                      arg, shape_text(&value->shape, shape), k, t->stored[arg][k]);
    free(plain);
    free(again);
}

static void run_twice(struct trial *t, struct step *step)
{
    const struct node *node = t->check->node;
    struct run_state run = { 0 };
    float *first[MAX_ARGS];
    struct error err;

    for (int pass = 0; pass < 2; pass++) {
        for (int i = node->input_count; i < arg_count(node); i++) {
            first[i] = t->stored[i];
            t->stored[i] = buffer_new(bytes_of(t->device, layout_at(t, i), value_at(node, i)));
            step->args[i] = t->stored[i];
        }
        if (step->bound)
            step->bound(step);
        CHECK_OK(t->device->run(t->device, step, 1, &run, NULL, &err), err);
    }
    for (int i = node->input_count; i < arg_count(node); i++) {
        if (memcmp(first[i], t->stored[i], bytes_of(t->device, layout_at(t, i), value_at(node, i))))
            test_fail(__FILE__, __LINE__, "%s: argument %d differs in a second run", t->text, i);
        free(first[i]);
        compare_output(t, i);
    }
}

static void try_row(struct trial *t, const struct kernel *row, bool *is_fast)
{
    const struct node *node = t->check->node;
    struct step step = { .node = node, .kernel = row->name, .name = "test",
                         .arg_count = arg_count(node) };
    struct error err;

    for (int i = 0; i < node->input_count; i++)
        if (value_at(node, i)) {
            t->stored[i] = buffer_new(bytes_of(t->device, layout_at(t, i), value_at(node, i)));
            store_input(t, i);
            step.args[i] = t->stored[i];
        }
    CHECK(t->offer.cost > 0);
    CHECK_OK(row->create(t->device, &t->arena, &t->offer, &step, &err), err);
    step.scratch = buffer_new((t->offer.scratch_bytes + 63) / 64 * 64);
    *is_fast |= !strstr(step.kernel, "ref") && !strstr(step.kernel, "gemm:");
    snprintf(t->text + strlen(t->text), 60, " %s", step.kernel);
    run_twice(t, &step);
    if (step.release)
        step.release(&step);
    free(step.scratch);
    for (int i = 0; i < arg_count(node); i++) {
        free(t->stored[i]);
        t->stored[i] = NULL;
    }
}

/* Layouts of parameters that are free, or else plain; false: there are no parameters. */
static bool make_wish(const struct node *node, bool is_free, int *wish)
{
    bool has_parameters = false;

    for (int i = 0; i < node->input_count; i++) {
        bool is_parameter = node->inputs[i] && node->inputs[i]->kind == VALUE_PARAMETER;

        has_parameters |= is_parameter;
        wish[i] = is_parameter && is_free ? -1 : LAYOUT_PLAIN;
    }
    return has_parameters;
}

void check_device(const struct device_check *check)
{
    const struct node *node = check->node;
    struct trial t = { .check = check, .device = test_device() };
    int taken = 0;
    bool is_fast = false;

    make_expected(&t);
    for (int i = 0; check->rows[i]; i++)
        for (int wished = 0; wished < 2; wished++) {
            int wish[NODE_MAX_INPUTS];

            if (!make_wish(node, !wished, wish) && wished)
                break;
            t.offer = (struct offer){ .kernel = check->rows[i] };
            snprintf(t.text, sizeof(t.text), "%s, seed %llu", check->rows[i]->name,
                     (unsigned long long)check->seed);
            if (check->rows[i]->op == node->op &&
                check->rows[i]->offer(t.device, &t.arena, node, wish, &t.offer)) {
                try_row(&t, check->rows[i], &is_fast);
                taken++;
            }
            arena_release(&t.arena);
        }
    if (!taken)
        test_fail(__FILE__, __LINE__, "seed %llu: no row takes %s",
                  (unsigned long long)check->seed, node->op->name);
    if (check->must_be_fast && !is_fast)
        test_fail(__FILE__, __LINE__, "%s: only slow kernels (%s)", node->op->name, t.text);
    for (int i = 0; i < arg_count(node); i++)
        free(t.expected[i]);
}
