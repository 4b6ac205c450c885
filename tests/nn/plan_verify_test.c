/* plan_verify_test.c - the verifier takes good plans and finds what is wrong with bad ones. */

#include "nn/plan_internal.h"
#include "nn/planned_support.h"
#include "test.h"

#define GRAPH_COUNT 60
#define FIRST_SEED 5000

static void open_graph(struct planned *p, struct device *device, uint64_t seed)
{
    planned_init(p, device, &(struct planned_options){ .build = random_graph_build, .seed = seed,
                                                       .passes = PASSES_ALL });
}

TEST(good_plans_are_accepted_and_their_bound_holds)
{
    struct device *device = device_reference_open(true);

    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + GRAPH_COUNT; seed++)
        for (int kind = 0; kind < 3; kind++) {
            struct planned_options options = { .build = random_graph_build, .seed = seed,
                                               .passes = PASSES_ALL, .no_in_place = kind == 1,
                                               .no_reuse = kind == 2 };
            struct planned p;

            planned_init(&p, device, &options); /* which verifies it */
            CHECK(plan_bound_bytes(p.plan) <= plan_slab_bytes(p.plan));
            planned_release(&p);
        }
    device_close(device);
}

/* --- damage ----------------------------------------------------------------------------------- */

/* Damages a plan at a place numbered `at`; false: there is nothing of that kind there. */
typedef bool damage_fn(struct plan *plan, int at);

static struct buffer *root_at(struct plan *plan, int index)
{
    return &plan->buffers.items[buffer_root(plan, index)];
}

static bool in_slab(struct plan *plan, int index)
{
    return index >= 0 && root_at(plan, index)->storage == STORAGE_SLAB;
}

/* The first input of step `at` that lies in the slab and was made by a step, or -1. */
static int made_input(struct plan *plan, int at)
{
    const struct plan_step *step = &plan->planned.items[at];

    for (int j = 0; j < step->input_count; j++)
        if (in_slab(plan, step->args[j]) && root_at(plan, step->args[j])->first >= 0)
            return step->args[j];
    return -1;
}

static int first_output(struct plan *plan, int at)
{
    const struct plan_step *step = &plan->planned.items[at];

    for (int j = step->input_count; j < step->arg_count; j++)
        if (in_slab(plan, step->args[j]))
            return step->args[j];
    return -1;
}

static bool read_after(const struct plan *plan, int index, int at)
{
    for (int i = at + 1; i < plan->planned.count; i++)
        for (int j = 0; j < plan->planned.items[i].input_count; j++)
            if (plan->planned.items[i].args[j] == index)
                return true;
    return false;
}

/* The output of a step moves onto a value that is read later. */
static bool overlap_alive(struct plan *plan, int at)
{
    int output = first_output(plan, at);

    for (int i = 0; output >= 0 && i < plan->buffers.count; i++) {
        const struct buffer *buffer = &plan->buffers.items[i];

        if (buffer->alias < 0 && buffer->storage == STORAGE_SLAB && buffer->first < at &&
            buffer->last > at && read_after(plan, i, at) && i != buffer_root(plan, output) &&
            buffer->bytes >= root_at(plan, output)->bytes) {
            root_at(plan, output)->offset = buffer->offset;
            return true;
        }
    }
    return false;
}

/* The output lies on an input that the kernel does not allow to be replaced. */
static bool overlap_own_input(struct plan *plan, int at)
{
    int input = made_input(plan, at), output = first_output(plan, at);

    if (input < 0 || output < 0 || root_at(plan, input)->bytes < root_at(plan, output)->bytes)
        return false;
    root_at(plan, output)->offset = root_at(plan, input)->offset;
    return true;
}

/* Two outputs of a step lie on each other. */
static bool overlap_outputs(struct plan *plan, int at)
{
    const struct plan_step *step = &plan->planned.items[at];
    int first = first_output(plan, at);

    for (int j = step->input_count; first >= 0 && j < step->arg_count; j++)
        if (step->args[j] != first && in_slab(plan, step->args[j])) {
            struct buffer *a = root_at(plan, first), *b = root_at(plan, step->args[j]);

            *(a->bytes < b->bytes ? &a->offset : &b->offset) =
                a->bytes < b->bytes ? b->offset : a->offset;
            return true;
        }
    return false;
}

static bool leave_slab(struct plan *plan, int at)
{
    int output = first_output(plan, at);

    if (output < 0)
        return false;
    root_at(plan, output)->offset = plan->slab_bytes - root_at(plan, output)->bytes + 64;
    return true;
}

static bool shrink_slab(struct plan *plan, int at)
{
    if (at)
        return false;
    plan->slab_bytes -= SLAB_ALIGNMENT;
    return true;
}

static bool misalign(struct plan *plan, int at)
{
    int output = first_output(plan, at);

    if (output < 0)
        return false;
    root_at(plan, output)->offset ^= 16;
    return true;
}

/* A step and the one that makes its input change places. */
static bool read_too_early(struct plan *plan, int at)
{
    int input = made_input(plan, at);
    struct plan_step kept = plan->planned.items[at];

    for (int i = 0; input >= 0 && i < at; i++)
        for (int j = plan->planned.items[i].input_count; j < plan->planned.items[i].arg_count; j++)
            if (plan->planned.items[i].args[j] == input) {
                plan->planned.items[at] = plan->planned.items[i];
                plan->planned.items[i] = kept;
                return true;
            }
    return false;
}

/* A value that replaces another in place has nothing to do with it. */
static bool alias_alive(struct plan *plan, int at)
{
    int output = first_output(plan, at), input = made_input(plan, at);

    if (output < 0 || input < 0 || plan->buffers.items[output].alias >= 0 ||
        plan->buffers.items[output].bytes > root_at(plan, input)->bytes ||
        !read_after(plan, input, at))
        return false;
    plan->buffers.items[output].alias = buffer_root(plan, input);
    return true;
}

static bool alias_smaller(struct plan *plan, int at)
{
    int output = first_output(plan, at), input = made_input(plan, at);

    if (output < 0 || input < 0 || plan->buffers.items[output].alias >= 0 ||
        plan->buffers.items[output].bytes <= root_at(plan, input)->bytes)
        return false;
    plan->buffers.items[output].alias = buffer_root(plan, input);
    return true;
}

static bool alias_circle(struct plan *plan, int at)
{
    int output = first_output(plan, at);

    if (output < 0)
        return false;
    plan->buffers.items[buffer_root(plan, output)].alias = output;
    return true;
}

/* A step writes over an output of the graph that only the caller will read. */
static bool overwrite_output(struct plan *plan, int at)
{
    int made = first_output(plan, at);

    for (int i = 0; made >= 0 && i < plan->graph->output_count; i++) {
        int output = plan->main_buffer[plan->graph->outputs[i]->id];

        if (in_slab(plan, output) && buffer_root(plan, made) != buffer_root(plan, output) &&
            root_at(plan, output)->first < at && !read_after(plan, output, at) &&
            root_at(plan, output)->offset + root_at(plan, made)->bytes <= plan->slab_bytes) {
            root_at(plan, made)->offset = root_at(plan, output)->offset;
            return true;
        }
    }
    return false;
}

/* The reference device asks for no scratch: a value that is not made yet serves as one. */
static bool overlap_scratch(struct plan *plan, int at)
{
    int input = made_input(plan, at);

    for (int i = 0; input >= 0 && i < plan->buffers.count; i++) {
        struct buffer *buffer = &plan->buffers.items[i];

        if (buffer->alias < 0 && buffer->storage == STORAGE_SLAB && buffer->first > at) {
            plan->planned.items[at].scratch = i;
            buffer->bytes = SLAB_ALIGNMENT;
            buffer->offset = root_at(plan, input)->offset;
            return true;
        }
    }
    return false;
}

/* Damages random plans at every place where it is possible; each must be found, with this in its
 * message. */
static void check_found(damage_fn *damage, const char *what, const char *text)
{
    struct device *device = device_reference_open(true);
    int done = 0;

    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + GRAPH_COUNT && done < 60; seed++)
        for (int at = (int)seed % 5;; at += 5) {
            struct planned p;
            struct error err;

            open_graph(&p, device, seed);
            if (at >= plan_step_count(p.plan)) {
                planned_release(&p);
                break;
            }
            if (damage(p.plan, at)) {
                done++;
                if (!plan_verify(p.plan, &err))
                    test_fail(__FILE__, __LINE__, "seed %llu: %s at step %d is not found",
                              (unsigned long long)seed, what, at);
                if (!strstr(err.text, text))
                    test_fail(__FILE__, __LINE__, "seed %llu: %s at step %d: \"%s\" lacks \"%s\"",
                              (unsigned long long)seed, what, at, err.text, text);
            }
            planned_release(&p);
        }
    if (done < 10)
        test_fail(__FILE__, __LINE__, "only %d plans could be damaged by %s", done, what);
    device_close(device);
}

#define FOUND(damage, text) check_found(damage, #damage, text)

TEST(plan_verify_finds_values_that_overlap)
{
    FOUND(overlap_alive, "lies there");
    FOUND(overlap_own_input, "lies there");
    FOUND(overlap_outputs, "lies there");
    FOUND(overlap_scratch, "lies there");
    FOUND(overwrite_output, "lies there");
}

TEST(plan_verify_finds_values_outside_the_slab)
{
    FOUND(leave_slab, "lies outside the slab");
    FOUND(shrink_slab, "lies outside the slab");
    FOUND(misalign, "begins inside a cache line");
}

TEST(plan_verify_finds_values_that_are_read_before_they_are_made)
{
    FOUND(read_too_early, "lies there");
}

TEST(plan_verify_finds_wrong_aliases)
{
    FOUND(alias_alive, "lies there");
    FOUND(alias_smaller, "is larger than the memory it shares");
    FOUND(alias_circle, "form a circle");
}
