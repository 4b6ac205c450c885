/* optimizer_golden_test.c - optimizers, clipping and the moving average against PyTorch's numbers
 * in golden/optimizers.json, which states the formulas of its inputs. */

#include "cpu/device_cpu.h"
#include "nn/golden_numbers_support.h"
#include "nn/optimizer.h"
#include "test.h"

#include <string.h>

#define WEIGHTS 24
#define SHARE 8 /* the second parameter has these, so that a norm runs over both */

/* Two parameters that make up the 24 weights, on one device. */
struct setup {
    struct graph graph;
    struct weights weights;
    struct weights_memory live, gradients;
    struct optimizer *optimizer;
};

static void setup_init(struct setup *s, struct device *device, const struct optimizer_options *o)
{
    struct error err;

    graph_init(&s->graph);
    graph_parameter(&s->graph, "a.weight", SHAPE(4, (WEIGHTS - SHARE) / 4),
                    (struct init){ INIT_CONSTANT, 0 });
    graph_parameter(&s->graph, "b.weight", SHAPE(2, SHARE / 2), (struct init){ INIT_CONSTANT, 0 });
    weights_init(&s->weights, device, &s->graph);
    weights_lay_out(&s->weights);
    CHECK_OK(weights_memory_init(&s->live, &s->weights, true, &err), err);
    CHECK_OK(weights_memory_init(&s->gradients, &s->weights, false, &err), err);
    CHECK_OK(optimizer_new(&s->optimizer, &s->weights, o, &err), err);
}

static void setup_release(struct setup *s)
{
    optimizer_free(s->optimizer);
    weights_memory_release(&s->live);
    weights_memory_release(&s->gradients);
    weights_release(&s->weights);
    graph_release(&s->graph);
}

static void write_all(struct setup *s, struct weights_memory *memory, const float *values)
{
    struct error err;

    CHECK_OK(weights_write(&s->weights, memory, &s->weights.items[0], values, &err), err);
    CHECK_OK(weights_write(&s->weights, memory, &s->weights.items[1], values + WEIGHTS - SHARE,
                           &err), err);
}

static void read_all(struct setup *s, const struct weights_memory *memory, float *values)
{
    struct error err;

    CHECK_OK(weights_read(&s->weights, memory, &s->weights.items[0], values, &err), err);
    CHECK_OK(weights_read(&s->weights, memory, &s->weights.items[1], values + WEIGHTS - SHARE,
                          &err), err);
}

static struct optimizer_options options_of(const json_t *item)
{
    static const char *const kinds[] = { "adam", "adamw", "sgd", "rmsprop" };
    const char *kind = json_string_value(json_object_get(item, "kind"));
    const json_t *betas = json_object_get(item, "betas");
    struct optimizer_options o;

    for (int i = 0; i < 4; i++)
        if (!strcmp(kind, kinds[i]))
            optimizer_options_init(&o, (enum optimizer_kind)i);
    o.weight_decay = numbers_at(item, "weight_decay");
    o.momentum = numbers_at(item, "momentum");
    if (json_object_get(item, "eps"))
        o.eps = numbers_at(item, "eps");
    o.plain_momentum = !json_is_true(json_object_get(item, "nesterov"));
    if (betas) {
        o.beta1 = json_number_value(json_array_get(betas, 0));
        o.beta2 = json_number_value(json_array_get(betas, 1));
    }
    return o;
}

static void check_case(struct device *device, const json_t *item)
{
    static const int stored_steps[] = { 1, 2, 10 };
    struct optimizer_options options = options_of(item);
    double clip = numbers_at(item, "clip");
    float w[WEIGHTS], g[WEIGHTS];
    struct setup s = { 0 };
    int stored = 0;

    setup_init(&s, device, &options);
    for (int i = 0; i < WEIGHTS; i++)
        w[i] = (float)((i * 7 + 3) % 16 - 8) / 8 + 1.0f / 32;
    write_all(&s, &s.live, w);
    for (int step = 1; step <= 10; step++) {
        double norm;

        read_all(&s, &s.live, w);
        for (int i = 0; i < WEIGHTS; i++)
            g[i] = (float)((i * 5 + step * 3) % 11 - 5) / 8 + w[i] / 2;
        write_all(&s, &s.gradients, g);
        norm = optimizer_gradient_norm(s.optimizer, &s.gradients);
        optimizer_step(s.optimizer, &s.live, &s.gradients, numbers_at(item, "learning_rate"),
                       clip > 0 && norm > clip ? clip / norm : 1);
        if (step != stored_steps[stored])
            continue;
        read_all(&s, &s.live, w);
        numbers_check(json_array_get(json_object_get(item, "weights"), (size_t)stored++), w,
                      WEIGHTS, 2e-6);
    }
    setup_release(&s);
}

static void on_both_devices(void (*check)(struct device *device, const json_t *item),
                            const char *list)
{
    json_t *root = numbers_open("optimizers");
    const json_t *items = json_object_get(root, list);
    struct error err;
    struct device *devices[] = { device_reference_open(false), device_cpu_open(NULL, &err) };

    CHECK(devices[1] && json_array_size(items) > 1);
    for (size_t i = 0; i < json_array_size(items); i++)
        for (int j = 0; j < 2; j++)
            check(devices[j], json_array_get(items, i));
    for (int j = 0; j < 2; j++)
        device_close(devices[j]);
    json_decref(root);
}

TEST(optimizers_step_as_pytorch_does)
{
    on_both_devices(check_case, "optimizers");
}

static void check_clip(struct device *device, const json_t *item)
{
    const struct optimizer_options options = { .kind = OPTIMIZER_SGD, .plain_momentum = true };
    double limit = numbers_at(item, "max_norm"), norm;
    float g[WEIGHTS] = { 0 }, zeros[WEIGHTS] = { 0 }, w[WEIGHTS];
    struct setup s = { 0 };

    setup_init(&s, device, &options);
    for (int i = 0; i < 15; i++)
        g[i] = (float)(i * 7 % 13 - 6) / 4;
    for (int i = 0; i < 6; i++)
        g[15 + i] = (float)(i * 5 % 9 - 4) / 2;
    write_all(&s, &s.live, zeros);
    write_all(&s, &s.gradients, g);
    norm = optimizer_gradient_norm(s.optimizer, &s.gradients);
    CHECK_NEAR(norm, numbers_at(item, "norm"), 1e-5);
    /* A step of rate 1 from zero is the clipped gradient, turned round. */
    optimizer_step(s.optimizer, &s.live, &s.gradients, 1, norm > limit ? limit / norm : 1);
    read_all(&s, &s.live, w);
    for (int i = 0; i < WEIGHTS; i++)
        w[i] = -w[i];
    numbers_check(json_object_get(item, "clipped"), w, 21, 1e-6);
    setup_release(&s);
}

TEST(gradients_are_clipped_by_their_global_norm)
{
    on_both_devices(check_clip, "clip");
}

static void check_average(struct device *device, const json_t *item)
{
    static const int stored_updates[] = { 1, 2, 10 };
    const struct optimizer_options options = { .kind = OPTIMIZER_SGD };
    float w[WEIGHTS] = { 0 };
    struct weights_memory average;
    struct setup s = { 0 };
    struct error err;
    int stored = 0;

    setup_init(&s, device, &options);
    CHECK_OK(weights_memory_init(&average, &s.weights, true, &err), err);
    for (int k = 0; k <= 10; k++) {
        for (int i = 0; i < 8; i++)
            w[i] = (float)((i * 7 + k * 3) % 16 - 8) / 8;
        if (!k) {
            write_all(&s, &average, w);
            continue;
        }
        write_all(&s, &s.live, w);
        optimizer_average(s.optimizer, &average, &s.live,
                          average_decay_for(numbers_at(item, "decay"), k - 1));
        if (k != stored_updates[stored])
            continue;
        read_all(&s, &average, w);
        numbers_check(json_array_get(json_object_get(item, "values"), (size_t)stored++), w, 8,
                      2e-6);
    }
    weights_memory_release(&average);
    setup_release(&s);
}

TEST(the_average_warms_up)
{
    on_both_devices(check_average, "average");
}

TEST(decay_spares_vectors_and_frozen_weights_stay)
{
    const struct optimizer_options options = { .kind = OPTIMIZER_SGD, .weight_decay = 0.5 };
    struct device *device = device_reference_open(false);
    struct setup s = { 0 };
    struct graph *g = &s.graph;
    const float ones[4] = { 1, 1, 1, 1 };
    struct error err;

    graph_init(g);
    graph_parameter(g, "matrix", SHAPE(2, 2), (struct init){ INIT_CONSTANT, 1 });
    graph_parameter(g, "vector", SHAPE(4), (struct init){ INIT_CONSTANT, 1 });
    graph_parameter(g, "frozen", SHAPE(2, 2), (struct init){ INIT_CONSTANT, 1 })->frozen = true;
    weights_init(&s.weights, device, g);
    weights_lay_out(&s.weights);
    CHECK_OK(weights_memory_init(&s.live, &s.weights, true, &err), err);
    CHECK_OK(weights_memory_init(&s.gradients, &s.weights, false, &err), err);
    CHECK_OK(optimizer_new(&s.optimizer, &s.weights, &options, &err), err);
    for (int i = 0; i < 3; i++)
        CHECK_OK(weights_write(&s.weights, &s.live, &s.weights.items[i], ones, &err), err);
    CHECK_OK(weights_write(&s.weights, &s.gradients, &s.weights.items[2], ones, &err), err);
    CHECK_NEAR(optimizer_gradient_norm(s.optimizer, &s.gradients), 0, 0); /* frozen: not counted */
    optimizer_step(s.optimizer, &s.live, &s.gradients, 0.1, 1);
    for (int i = 0; i < 3; i++) {
        static const float wanted[] = { 0.95f, 1, 1 };
        float w[4];

        CHECK_OK(weights_read(&s.weights, &s.live, &s.weights.items[i], w, &err), err);
        for (int j = 0; j < 4; j++)
            CHECK_NEAR(w[j], wanted[i], 1e-7);
    }
    setup_release(&s);
    device_close(device);
}
