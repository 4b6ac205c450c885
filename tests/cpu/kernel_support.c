/* kernel_support.c - see kernel_support.h. */

#include "kernel_support.h"

#include "base/error.h"
#include "cpu/bindings.h"
#include "cpu/features.h"
#include "cpu/kernels.h"
#include "tensor/slab.h"
#include "test.h"

#include <stdlib.h>

#define MAX_ARGS (NODE_MAX_INPUTS + NODE_MAX_OUTPUTS)

/* One check on one table and one row. */
struct trial {
    const struct kernel_check *check;
    struct vector_device device;
    const struct kernel *row;
    struct offer offer;
    double *const *given;    /* inputs */
    double *const *expected; /* inputs after the run, outputs */
    struct arena arena;
    char text[200];
};

/* --- nodes ----------------------------------------------------------------------------------- */

struct value *test_image(struct graph *graph, int64_t n, int64_t c, int64_t h, int64_t w)
{
    return graph_input(graph, "image", SHAPE(n, c, h, w), DTYPE_F32);
}

struct value *test_vector(struct graph *graph, int64_t count)
{
    return graph_input(graph, "vector", SHAPE(count), DTYPE_F32);
}

struct value *test_state(struct graph *graph, const char *name, int64_t count)
{
    return graph_state(graph, name, SHAPE(count), 0);
}

struct node *test_node(struct graph *graph, const struct op *op, struct value *const *inputs,
                       int count, const void *attributes)
{
    struct node *node = graph_node(graph, op, "test", inputs, count, attributes);
    struct error err;

    CHECK_OK(graph_finish(graph, &err), err);
    CHECK(node);
    return node;
}

int test_pick(struct rng *rng, int low, int high)
{
    return low + (int)rng_below(rng, (uint32_t)(high - low + 1));
}

static const struct value *value_at(const struct node *node, int arg)
{
    return arg < node->input_count ? node->inputs[arg] : node->outputs[arg - node->input_count];
}

static int arg_count(const struct node *node)
{
    return node->input_count + node->output_count;
}

/* --- layouts --------------------------------------------------------------------------------- */

static int layout_at(const struct trial *t, int arg)
{
    int inputs = t->check->node->input_count;

    return arg < inputs ? t->offer.inputs[arg] : t->offer.outputs[arg - inputs];
}

/* Where element `index` of row-major order lies, in elements. */
static int64_t place(const struct trial *t, int arg, int64_t index)
{
    const struct shape *shape = &value_at(t->check->node, arg)->shape;
    int64_t b = t->device.device.block, pixels, channel, image, blocks;

    if (layout_at(t, arg) == LAYOUT_PLAIN)
        return index;
    CHECK(layout_at(t, arg) == LAYOUT_BLOCKED && shape->rank == 4);
    pixels = shape->dim[2] * shape->dim[3];
    blocks = (shape->dim[1] + b - 1) / b;
    image = index / (shape->dim[1] * pixels);
    channel = index / pixels % shape->dim[1];
    return ((image * blocks + channel / b) * pixels + index % pixels) * b + channel % b;
}

static int64_t stored_count(const struct trial *t, int arg)
{
    const struct shape *shape = &value_at(t->check->node, arg)->shape;
    int64_t b = t->device.device.block;

    if (layout_at(t, arg) == LAYOUT_PLAIN)
        return shape_count(shape);
    return shape->dim[0] * ((shape->dim[1] + b - 1) / b) * shape->dim[2] * shape->dim[3] * b;
}

/* A 64-byte aligned buffer, rounded up like those of plans; all bytes set: NaN. */
static void *buffer_new(int64_t count)
{
    size_t bytes = slab_round((size_t)count * sizeof(float));
    void *buffer = aligned_alloc(64, bytes ? bytes : 64);

    BUG_IF(!buffer);
    memset(buffer, 0xff, bytes);
    return buffer;
}

static void fill_input(const struct trial *t, int arg, void *buffer)
{
    const struct value *value = value_at(t->check->node, arg);
    bool padded_zero = layout_at(t, arg) == LAYOUT_BLOCKED || value->kind != VALUE_COMPUTED;

    if (padded_zero)
        memset(buffer, 0, slab_round((size_t)stored_count(t, arg) * sizeof(float)));
    for (int64_t i = 0; i < shape_count(&value->shape); i++) {
        if (value->dtype == DTYPE_I32)
            ((int32_t *)buffer)[place(t, arg, i)] = (int32_t)t->given[arg][i];
        else
            ((float *)buffer)[place(t, arg, i)] = (float)t->given[arg][i];
    }
}

/* --- comparing ------------------------------------------------------------------------------- */

static void compare(const struct trial *t, int arg, const void *buffer)
{
    const struct value *value = value_at(t->check->node, arg);
    double tolerance = t->check->tolerance ? t->check->tolerance : 2e-5;
    int64_t count = shape_count(&value->shape), stored = stored_count(t, arg);
    char *used = calloc((size_t)stored + 1, 1), shape[SHAPE_TEXT_SIZE];

    for (int64_t i = 0; i < count; i++) {
        double want = t->expected[arg][i];
        double got = value->dtype == DTYPE_I32 ? ((const int32_t *)buffer)[place(t, arg, i)]
                                               : ((const float *)buffer)[place(t, arg, i)];

        used[place(t, arg, i)] = 1;
        if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
            test_fail(__FILE__, __LINE__, "%s: argument %d %s: element %lld is %.9g, not %.9g",
                      t->text, arg, shape_text(&value->shape, shape), (long long)i, got, want);
    }
    for (int64_t i = 0; i < stored; i++)
        if (!used[i] && ((const float *)buffer)[i] != 0) /* -0 is fine */
            test_fail(__FILE__, __LINE__, "%s: argument %d %s: padding at %lld is not zero",
                      t->text, arg, shape_text(&value->shape, shape), (long long)i);
    free(used);
}

/* --- running --------------------------------------------------------------------------------- */

static void run_phases(struct step *step, int parts)
{
    if (step->bound)
        step->bound(step);
    if (step->call) {
        CHECK(step->call(step) == 0);
        return;
    }
    for (int i = 0; i < step->phase_count; i++)
        for (int part = parts; part-- > 0;) {
            int64_t count = step->phases[i].count;

            step->phases[i].run(step, count * part / parts, count * (part + 1) / parts);
        }
}

/* Run with the phases cut into `parts`, in place if asked to; buffers are the caller's. */
static void run_once(struct trial *t, int parts, bool in_place, void **buffers)
{
    const struct node *node = t->check->node;
    struct run_state run = { .seed = t->check->seed, .step = 3, .first_sample = 5,
                             .training = t->check->training };
    struct step step = { .node = node, .kernel = t->row->name, .name = "test", .run = &run,
                         .arg_count = arg_count(node) };
    struct error err;

    for (int i = 0; i < arg_count(node); i++) {
        int output = i - node->input_count;

        if (!value_at(node, i))
            continue;
        if (output >= 0 && in_place && t->offer.in_place[output]) {
            step.args[i] = step.args[t->offer.in_place[output] - 1];
            continue;
        }
        step.args[i] = buffers[i] = buffer_new(stored_count(t, i));
        if (output < 0)
            fill_input(t, i, buffers[i]);
    }
    step.scratch = buffers[MAX_ARGS] = buffer_new((int64_t)t->offer.scratch_bytes / 4 + 1);
    CHECK_OK(t->row->create(&t->device.device, &t->arena, &t->offer, &step, &err), err);
    run_phases(&step, parts);
    for (int i = 0; i < arg_count(node); i++)
        if (value_at(node, i) && (i >= node->input_count || node->op->mutates >> i & 1))
            compare(t, i, step.args[i]);
    if (step.release)
        step.release(&step);
}

static void free_buffers(void **buffers)
{
    for (int i = 0; i <= MAX_ARGS; i++) {
        free(buffers[i]);
        buffers[i] = NULL;
    }
}

static void try_row(struct trial *t)
{
    static const int cuts[] = { 2, 3, 7 };
    const struct node *node = t->check->node;
    void *whole[MAX_ARGS + 1] = { 0 }, *cut[MAX_ARGS + 1] = { 0 };

    run_once(t, 1, false, whole);
    for (int i = 0; i < 3; i++) {
        run_once(t, cuts[i], false, cut);
        for (int arg = node->input_count; arg < arg_count(node); arg++)
            if (value_at(node, arg) &&
                memcmp(whole[arg], cut[arg], (size_t)stored_count(t, arg) * sizeof(float)))
                test_fail(__FILE__, __LINE__, "%s: argument %d differs in %d ranges", t->text, arg,
                          cuts[i]);
        free_buffers(cut);
    }
    run_once(t, 2, true, cut);
    free_buffers(cut);
    free_buffers(whole);
}

static size_t layout_bytes(struct device *device, int layout, const struct shape *shape,
                           enum dtype dtype)
{
    int64_t b = device->block;

    if (layout == LAYOUT_PLAIN)
        return slab_round((size_t)shape_count(shape) * dtype_size(dtype));
    return slab_round((size_t)(shape->dim[0] * ((shape->dim[1] + b - 1) / b) * shape->dim[2] *
                               shape->dim[3] * b) * dtype_size(dtype));
}

/* With the images of the inputs in this layout before. */
static int try_table(const struct kernel_check *check, const struct cpu_kernels *kernels,
                     double *const *given, double *const *expected, int layout)
{
    int taken = 0;

    for (const struct kernel *const *row = check->rows; *row; row++) {
        struct trial t = { .check = check, .row = *row, .given = given, .expected = expected };
        int wish[NODE_MAX_INPUTS] = { 0 };

        for (int i = 0; i < check->node->input_count; i++)
            if (check->node->inputs[i] && check->node->inputs[i]->shape.rank == 4)
                wish[i] = layout;
        t.device = (struct vector_device){ { .thread_count = 2, .block = kernels->lanes,
                                             .layout_bytes = layout_bytes }, kernels };
        t.offer.kernel = *row;
        if ((*row)->op == check->node->op &&
            (*row)->offer(&t.device.device, &t.arena, check->node, wish, &t.offer)) {
            CHECK(t.offer.cost > 0);
            snprintf(t.text, sizeof(t.text), "%s on %s, seed %llu", (*row)->name, kernels->name,
                     (unsigned long long)check->seed);
            try_row(&t);
            taken++;
        }
        arena_release(&t.arena);
    }
    return taken;
}

/* --- the reference --------------------------------------------------------------------------- */

void check_kernels(const struct kernel_check *check)
{
    const struct node *node = check->node;
    struct run_state run = { .seed = check->seed, .step = 3, .first_sample = 5,
                             .training = check->training };
    double *given[MAX_ARGS] = { 0 }, *expected[MAX_ARGS] = { 0 };
    struct rng rng = rng_for(check->seed, 77, 0);
    int least = check->least_rows ? check->least_rows : 1;

    for (int i = 0; i < arg_count(node); i++) {
        const struct value *value = value_at(node, i);
        int64_t count = value ? shape_count(&value->shape) : 0;

        if (!value)
            continue;
        given[i] = calloc((size_t)count + 1, sizeof(double));
        expected[i] = calloc((size_t)count + 1, sizeof(double));
        BUG_IF(!given[i] || !expected[i]);
        for (int64_t k = 0; i < node->input_count && k < count; k++)
            given[i][k] = (float)rng_normal(&rng);
        if (check->draw && i < node->input_count)
            check->draw(&rng, node, i, given[i], count);
        for (int64_t k = 0; k < count; k++)
            expected[i][k] = given[i][k] = (float)given[i][k];
    }
    node->op->reference(&(struct reference_call){ node, expected, expected + node->input_count,
                                                  &run });
    for (const struct cpu_kernels *const *kernels = cpu_kernels_all(); *kernels; kernels++) {
        int taken = try_table(check, *kernels, given, expected, LAYOUT_BLOCKED);

        if (check->any_layout)
            try_table(check, *kernels, given, expected, LAYOUT_PLAIN);
        if (taken < least)
            test_fail(__FILE__, __LINE__, "%d rows of %s take %s, not %d", taken, (*kernels)->name,
                      node->op->name, least);
    }
    for (int i = 0; i < arg_count(node); i++) {
        free(given[i]);
        free(expected[i]);
    }
}
