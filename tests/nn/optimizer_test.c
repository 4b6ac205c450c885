/* optimizer_test.c - what an optimizer must do whatever its formula: spare what is not decayed,
 * add up batches, average states, go on from saved moments, not depend on threads. */

#include "nn/optimizer.h"
#include "base/error.h"
#include "base/rng.h"
#include "cpu/device_cpu.h"
#include "nn/gradient.h"
#include "nn/layers.h"
#include "nn/plan.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define KINDS 4 /* of enum optimizer_kind */

struct setup {
    struct graph graph;
    struct weights weights;
    struct weights_memory live, other, gradients;
    struct optimizer *optimizer;
};

/* A matrix that is decayed, one that its model spares, a vector and a state. */
static void describe(struct graph *graph, int rows)
{
    graph_init(graph);
    graph_parameter(graph, "matrix", SHAPE(rows, 5), (struct init){ INIT_CONSTANT, 0 });
    graph_parameter(graph, "spared", SHAPE(3, 5), (struct init){ INIT_CONSTANT, 0 })->decay = false;
    graph_parameter(graph, "vector", SHAPE(7), (struct init){ INIT_CONSTANT, 0 });
    graph_state(graph, "state", SHAPE(9), 0);
}

static void fill(struct setup *s, struct weights_memory *memory, uint64_t seed)
{
    struct error err;

    for (int i = 0; i < s->weights.count; i++) {
        const struct weight *weight = &s->weights.items[i];
        struct rng rng = rng_for(seed, (uint64_t)i, 0);
        float *values = malloc((size_t)shape_count(&weight->shape) * sizeof(float));

        CHECK(values);
        for (int64_t k = 0; k < shape_count(&weight->shape); k++)
            values[k] = (float)rng_normal(&rng);
        if (memory->segments[weight->segment].base)
            CHECK_OK(weights_write(&s->weights, memory, weight, values, &err), err);
        free(values);
    }
}

static void setup_init(struct setup *s, struct device *device, int rows,
                       const struct optimizer_options *options)
{
    struct error err;

    *s = (struct setup){ 0 };
    describe(&s->graph, rows);
    weights_init(&s->weights, device, &s->graph);
    weights_lay_out(&s->weights);
    CHECK_OK(weights_memory_init(&s->live, &s->weights, true, &err), err);
    CHECK_OK(weights_memory_init(&s->other, &s->weights, true, &err), err);
    CHECK_OK(weights_memory_init(&s->gradients, &s->weights, false, &err), err);
    CHECK_OK(optimizer_new(&s->optimizer, &s->weights, options, &err), err);
    fill(s, &s->live, 1);
    fill(s, &s->other, 2);
    fill(s, &s->gradients, 3);
}

static void setup_release(struct setup *s)
{
    optimizer_free(s->optimizer);
    weights_memory_release(&s->live);
    weights_memory_release(&s->other);
    weights_memory_release(&s->gradients);
    weights_release(&s->weights);
    graph_release(&s->graph);
}

static void read_weight(const struct setup *s, const struct weights_memory *memory,
                        const char *name, float *values)
{
    struct error err;

    CHECK_OK(weights_read(&s->weights, memory, weights_find(&s->weights, name), values, &err),
             err);
}

static bool same_bytes(const struct setup *a, const struct setup *b)
{
    return !memcmp(a->live.segments[SEGMENT_PARAMETERS].base,
                   b->live.segments[SEGMENT_PARAMETERS].base,
                   a->weights.segment_bytes[SEGMENT_PARAMETERS]);
}

static struct optimizer_options options_of(int kind, double weight_decay)
{
    struct optimizer_options options;

    optimizer_options_init(&options, (enum optimizer_kind)kind);
    options.momentum = 0.9;
    options.weight_decay = weight_decay;
    return options;
}

/* Weights that are not decayed move as if there were no decay at all; the matrix does not. */
TEST(decay_is_applied_by_every_kind_only_where_it_is_due)
{
    struct device *device = device_reference_open(false);

    for (int kind = 0; kind < KINDS; kind++) {
        static const char *const names[] = { "matrix", "spared", "vector" };
        struct setup with, without;

        for (int i = 0; i < 2; i++) {
            struct optimizer_options options = options_of(kind, i ? 0.25 : 0);
            struct setup *s = i ? &with : &without;

            setup_init(s, device, 3, &options);
            for (int step = 0; step < 3; step++)
                optimizer_step(s->optimizer, &s->live, &s->gradients, 0.1, 1);
        }
        for (int i = 0; i < 3; i++) {
            float a[15] = { 0 }, b[15] = { 0 };

            read_weight(&with, &with.live, names[i], a);
            read_weight(&without, &without.live, names[i], b);
            if (!memcmp(a, b, sizeof(a)) != (i > 0))
                test_fail(__FILE__, __LINE__, "kind %d: decay of '%s'", kind, names[i]);
        }
        setup_release(&with);
        setup_release(&without);
    }
    device_close(device);
}

/* Without memory of earlier gradients a step of adam goes by the newest alone: two steps of the
 * paper's formulas with betas of 0, in double. */
TEST(betas_of_zero_are_zero)
{
    static const enum optimizer_kind kinds[] = { OPTIMIZER_ADAM, OPTIMIZER_ADAMW };
    struct device *device = device_reference_open(false);

    for (int i = 0; i < 4; i++) {
        struct optimizer_options options = options_of(kinds[i / 2], 0);
        double w[15], v[15] = { 0 }, b;
        float values[15];
        struct setup s;

        options.beta1 = 0;
        options.beta2 = b = i % 2 ? 0 : 0.999;
        setup_init(&s, device, 3, &options);
        read_weight(&s, &s.live, "matrix", values);
        for (int k = 0; k < 15; k++)
            w[k] = values[k];
        for (int step = 1; step <= 2; step++) {
            fill(&s, &s.gradients, 3 + (uint64_t)step);
            read_weight(&s, &s.gradients, "matrix", values);
            optimizer_step(s.optimizer, &s.live, &s.gradients, 0.1, 1);
            for (int k = 0; k < 15; k++) {
                double g = values[k];

                v[k] = b * v[k] + (1 - b) * g * g;
                w[k] -= 0.1 * g / (sqrt(v[k] / (1 - pow(b, step))) + 1e-8);
            }
        }
        read_weight(&s, &s.live, "matrix", values);
        for (int k = 0; k < 15; k++)
            CHECK_NEAR(values[k], w[k], 2e-5);
        setup_release(&s);
    }
    device_close(device);
}

TEST(options_without_a_meaning_are_refused)
{
    struct device *device = device_reference_open(false);
    struct optimizer_options options = options_of(OPTIMIZER_ADAMW, 0);
    struct optimizer *optimizer;
    struct error err;
    struct setup s;

    setup_init(&s, device, 3, &options);
    options.beta1 = 1;
    CHECK(optimizer_new(&optimizer, &s.weights, &options, &err) == -1 && err.kind == ERR_INVALID);
    CHECK_TEXT(err.text, "the betas of adam must be at least 0 and below 1, not 1 and 0.999");
    options.beta1 = 0;
    options.beta2 = 0.99999999999; /* 1 in single precision */
    CHECK(optimizer_new(&optimizer, &s.weights, &options, &err) == -1);
    options.beta2 = options.eps = 0;
    CHECK(optimizer_new(&optimizer, &s.weights, &options, &err) == -1);
    setup_release(&s);
    device_close(device);
}

TEST(the_average_follows_weights_and_states_with_its_warm_up)
{
    static const char *const names[] = { "matrix", "vector", "state" };
    static const int counts[] = { 15, 7, 9 };
    const double decay = 0.5; /* beyond the warm-up from n = 8 on */
    struct device *device = device_reference_open(false);
    struct optimizer_options options = options_of(OPTIMIZER_SGD, 0);
    struct setup s;
    double wanted[3][15] = { 0 };

    setup_init(&s, device, 3, &options);
    for (int i = 0; i < 3; i++) {
        float start[15];

        read_weight(&s, &s.other, names[i], start);
        for (int k = 0; k < counts[i]; k++)
            wanted[i][k] = start[k];
    }
    for (int n = 0; n < 12; n++) {
        double d = fmin(decay, (1.0 + n) / (10.0 + n));

        CHECK_NEAR(average_decay_for(decay, n), d, 1e-15);
        fill(&s, &s.live, 10 + (uint64_t)n);
        optimizer_average(s.optimizer, &s.other, &s.live, average_decay_for(decay, n));
        for (int i = 0; i < 3; i++) {
            float live[15], average[15];

            read_weight(&s, &s.live, names[i], live);
            read_weight(&s, &s.other, names[i], average);
            for (int k = 0; k < counts[i]; k++) {
                wanted[i][k] = d * wanted[i][k] + (1 - d) * live[k];
                CHECK_NEAR(average[k], wanted[i][k], 2e-6);
            }
        }
    }
    setup_release(&s);
    device_close(device);
}

TEST(an_optimizer_goes_on_from_saved_moments_with_the_same_bits)
{
    struct device *device = device_reference_open(false);

    for (int kind = 0; kind < KINDS; kind++) {
        struct optimizer_options options = options_of(kind, 0.01);
        struct setup whole, resumed;

        setup_init(&whole, device, 3, &options);
        setup_init(&resumed, device, 3, &options);
        for (int step = 0; step < 6; step++) {
            fill(&whole, &whole.gradients, 20 + (uint64_t)step);
            optimizer_step(whole.optimizer, &whole.live, &whole.gradients, 0.1, 1);
            if (step >= 3) {
                fill(&resumed, &resumed.gradients, 20 + (uint64_t)step);
                optimizer_step(resumed.optimizer, &resumed.live, &resumed.gradients, 0.1, 1);
            }
            if (step != 2)
                continue;
            CHECK(optimizer_updates(whole.optimizer) == 3);
            optimizer_set_updates(resumed.optimizer, 3);
            memcpy(resumed.live.segments[SEGMENT_PARAMETERS].base,
                   whole.live.segments[SEGMENT_PARAMETERS].base,
                   whole.weights.segment_bytes[SEGMENT_PARAMETERS]);
            for (int i = 0; i < optimizer_moment_count(whole.optimizer); i++)
                memcpy(optimizer_moment(resumed.optimizer, i)->segments[SEGMENT_PARAMETERS].base,
                       optimizer_moment(whole.optimizer, i)->segments[SEGMENT_PARAMETERS].base,
                       whole.weights.segment_bytes[SEGMENT_PARAMETERS]);
        }
        CHECK(same_bytes(&whole, &resumed));
        setup_release(&whole);
        setup_release(&resumed);
    }
    device_close(device);
}

TEST(the_norm_shows_a_gradient_that_is_not_finite)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    struct device *device = device_reference_open(false);
    struct optimizer_options options = options_of(OPTIMIZER_SGD, 0);
    struct setup s;
    float values[7];
    struct error err;

    setup_init(&s, device, 3, &options);
    CHECK(isfinite(optimizer_gradient_norm(s.optimizer, &s.gradients)));
    for (int i = 0; i < 3; i++) {
        read_weight(&s, &s.gradients, "vector", values);
        values[6] = bad[i];
        CHECK_OK(weights_write(&s.weights, &s.gradients, weights_find(&s.weights, "vector"), values,
                               &err), err);
        CHECK(!isfinite(optimizer_gradient_norm(s.optimizer, &s.gradients)));
    }
    setup_release(&s);
    device_close(device);
}

/* Enough weights for several pieces of work. */
TEST(the_number_of_threads_changes_no_bit_of_an_update)
{
    for (int kind = 0; kind < KINDS; kind++) {
        struct optimizer_options options = options_of(kind, 0.01);
        struct device *devices[2];
        struct setup s[2];
        double norms[2];
        struct error err;

        for (int i = 0; i < 2; i++) {
            devices[i] = device_cpu_open(&(struct device_cpu_options){ .threads = i + 1 }, &err);
            CHECK(devices[i]);
            setup_init(&s[i], devices[i], 60000, &options);
            norms[i] = optimizer_gradient_norm(s[i].optimizer, &s[i].gradients);
            for (int step = 0; step < 2; step++)
                optimizer_step(s[i].optimizer, &s[i].live, &s[i].gradients, 0.1, 0.5);
            optimizer_average(s[i].optimizer, &s[i].live, &s[i].other, 0.75);
        }
        CHECK(norms[0] == norms[1] && norms[0] > 1);
        CHECK(same_bytes(&s[0], &s[1]));
        for (int i = 0; i < 2; i++) {
            setup_release(&s[i]);
            device_close(devices[i]);
        }
    }
}

/* --- accumulation ----------------------------------------------------------------------------- */

#define FEATURES 6
#define CLASSES 3
#define BATCH 4
#define BATCHES 3

/* A linear classifier at some batch size. */
struct classifier {
    struct graph graph;
    struct value *x, *target;
    struct weights weights;
    struct weights_memory live, gradients, sum;
    struct slab slab;
    struct plan *plan;
    struct optimizer *optimizer;
};

static void classifier_init(struct classifier *c, struct device *device, int batch)
{
    struct optimizer_options options = options_of(OPTIMIZER_ADAMW, 0.01);
    struct plan_options plan = { 0 };
    struct value **gradient_of, *loss;
    struct error err;

    *c = (struct classifier){ 0 };
    graph_init(&c->graph);
    c->x = graph_input(&c->graph, "x", SHAPE(batch, FEATURES), DTYPE_F32);
    c->target = graph_input(&c->graph, "target", SHAPE(batch, CLASSES), DTYPE_F32);
    loss = nn_softmax_cross_entropy(&c->graph, nn_linear(&c->graph, "fc", c->x, .out = CLASSES),
                                    c->target, NULL, NULL);
    graph_add_output(&c->graph, loss);
    CHECK_OK(gradient_build(&c->graph, loss, &gradient_of, &err), err);
    for (int i = 0; i < c->graph.value_count; i++)
        if (c->graph.values[i]->kind == VALUE_PARAMETER)
            graph_add_output(&c->graph, gradient_of[i]);
    CHECK_OK(graph_finish(&c->graph, &err), err);
    plan.gradient_of = gradient_of;
    weights_init(&c->weights, device, &c->graph);
    CHECK_OK(plan_new(&c->plan, &c->graph, device, &c->weights, &plan, &err), err);
    weights_lay_out(&c->weights);
    CHECK_OK(weights_memory_init(&c->live, &c->weights, true, &err), err);
    CHECK_OK(weights_memory_init(&c->gradients, &c->weights, false, &err), err);
    CHECK_OK(weights_memory_init(&c->sum, &c->weights, false, &err), err);
    CHECK_OK(slab_init(&c->slab, plan_slab_bytes(c->plan), &err), err);
    CHECK_OK(optimizer_new(&c->optimizer, &c->weights, &options, &err), err);
    CHECK_OK(weights_start(&c->weights, &c->live, 1, &err), err);
    plan_bind(c->plan, c->slab.base, &c->live, &c->gradients);
}

static void classifier_release(struct classifier *c)
{
    optimizer_free(c->optimizer);
    plan_free(c->plan);
    slab_release(&c->slab);
    weights_memory_release(&c->live);
    weights_memory_release(&c->gradients);
    weights_memory_release(&c->sum);
    weights_release(&c->weights);
    graph_release(&c->graph);
}

/* Gradients of samples first .. first + batch. */
static void classifier_run(struct classifier *c, int first, int batch)
{
    float x[BATCHES * BATCH * FEATURES], target[BATCHES * BATCH * CLASSES] = { 0 };
    struct run_state run = { .seed = 1, .training = true };
    struct error err;

    for (int i = 0; i < batch; i++) {
        struct rng rng = rng_for(7, (uint64_t)(first + i), 0);

        for (int k = 0; k < FEATURES; k++)
            x[i * FEATURES + k] = (float)rng_normal(&rng);
        target[i * CLASSES + (first + i) % CLASSES] = 1;
    }
    CHECK_OK(plan_write(c->plan, c->x, x, &err), err);
    CHECK_OK(plan_write(c->plan, c->target, target, &err), err);
    CHECK_OK(plan_run(c->plan, &run, &err), err);
}

static void compare(struct classifier *small, struct classifier *large)
{
    for (int i = 0; i < small->weights.count; i++) {
        const struct weight *weight = &small->weights.items[i];
        const struct weight *same = weights_find(&large->weights, weight->name);
        float a[FEATURES * CLASSES], b[FEATURES * CLASSES];
        struct error err;

        CHECK_OK(weights_read(&small->weights, &small->live, weight, a, &err), err);
        CHECK_OK(weights_read(&large->weights, &large->live, same, b, &err), err);
        for (int64_t k = 0; k < shape_count(&weight->shape); k++)
            CHECK_NEAR(a[k], b[k], 2e-6);
    }
}

TEST(accumulated_batches_update_like_one_large_batch)
{
    struct device *devices[2];
    struct error err;

    devices[0] = device_reference_open(false);
    devices[1] = device_cpu_open(NULL, &err);
    CHECK(devices[1]);
    for (int d = 0; d < 2; d++) {
        struct classifier small, large;
        double norm;

        classifier_init(&small, devices[d], BATCH);
        classifier_init(&large, devices[d], BATCHES * BATCH);
        compare(&small, &large);
        for (int k = 0; k < BATCHES; k++) {
            classifier_run(&small, k * BATCH, BATCH);
            optimizer_accumulate(small.optimizer, &small.sum, &small.gradients);
        }
        classifier_run(&large, 0, BATCHES * BATCH);
        norm = optimizer_gradient_norm(large.optimizer, &large.gradients);
        CHECK_NEAR(optimizer_gradient_norm(small.optimizer, &small.sum) / BATCHES, norm,
                   1e-6 * norm);
        optimizer_step(small.optimizer, &small.live, &small.sum, 0.1, 1.0 / BATCHES);
        optimizer_step(large.optimizer, &large.live, &large.gradients, 0.1, 1);
        compare(&small, &large);
        classifier_release(&small);
        classifier_release(&large);
        device_close(devices[d]);
    }
}
