/* trajectory_test.c - a hundred steps of real training beside PyTorch's: the same weights and
 * batches, with the real optimizer, schedule, label smoothing and average of the weights. */

#include "cpu/device_cpu.h"
#include "golden_support.h"
#include "nn/schedule.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

struct trajectory {
    json_t *root;
    struct device *device;
    struct network network;
    struct schedule_options schedule;
    int batch, size, classes, steps;
};

static struct optimizer_options optimizer_of(const json_t *root)
{
    const char *name = json_string_value(json_object_get(root, "optimizer"));
    struct optimizer_options options;

    optimizer_options_init(&options, !strcmp(name, "adamw") ? OPTIMIZER_ADAMW : OPTIMIZER_SGD);
    options.weight_decay = golden_number(root, "weight_decay");
    options.momentum = golden_number(root, "momentum");
    return options;
}

static void open_trajectory(struct trajectory *t, const char *name)
{
    struct network_options options = { .training = true, .average = true };
    struct device_cpu_options cpu = { .threads = 2 };
    char path[128];
    struct error err;

    *t = (struct trajectory){ 0 };
    snprintf(path, sizeof(path), "trajectory/%s", name);
    t->root = golden_read(path);
    t->batch = (int)golden_number(t->root, "batch");
    t->size = (int)golden_number(t->root, "size");
    t->classes = (int)golden_number(t->root, "classes");
    t->steps = (int)golden_number(t->root, "steps");
    t->schedule =
        (struct schedule_options){ .kind = SCHEDULE_COSINE,
                                   .learning_rate = golden_number(t->root, "learning_rate"),
                                   .steps_per_epoch = 10,
                                   .total_steps = t->steps,
                                   .warmup_epochs = 1 };
    t->device = device_cpu_open(&cpu, &err);
    CHECK(t->device);
    options.model = model_find(name);
    options.optimizer = optimizer_of(t->root);
    options.shape = (struct model_options){ t->batch, t->size, t->classes, 0, 0 };
    CHECK_OK(network_open(&t->network, t->device, &options, &err), err);
    CHECK_OK(weights_start(&t->network.weights, &t->network.live, 1, &err), err);
    golden_fill_weights(&t->network, json_object_get(t->root, "params"), 1);
    for (int i = 0; i < SEGMENT_COUNT; i++)
        if (t->network.live.segments[i].base)
            memcpy(t->network.average.segments[i].base, t->network.live.segments[i].base,
                   t->network.weights.segment_bytes[i]);
    network_bind_training(&t->network);
}

static double one_step(struct trajectory *t, int step)
{
    struct network *n = &t->network;
    struct run_state run = { .seed = 1, .step = step, .training = true };
    double smoothing = golden_number(t->root, "label_smoothing");
    double decay = golden_number(t->root, "average_decay");
    float *image = plan_value(n->train_plan, n->train.image).data;
    float *target = plan_value(n->train_plan, n->train.targets[0]).data, loss;
    struct error err;

    golden_fill_image(image, t->batch, t->size, (uint32_t)step + 1);
    for (int b = 0; b < t->batch; b++)
        for (int c = 0; c < t->classes; c++)
            target[b * t->classes + c] =
                (float)(smoothing / t->classes +
                        (c == (b * 37 + 11 + (step + 1) * 5) % t->classes ? 1 - smoothing : 0));
    CHECK_OK(network_gradients(n, &run, &loss, &err), err);
    optimizer_step(n->optimizer, &n->live, &n->gradients, schedule_rate(&t->schedule, step, 1), 1);
    optimizer_average(n->optimizer, &n->average, &n->live, average_decay_for(decay, step));
    return loss;
}

/* Within 1 % for 20 steps, and the running mean within 3 % for all. */
static void check_trajectory(const char *name)
{
    struct trajectory t;
    const json_t *losses;
    double sum = 0, want_sum = 0;

    open_trajectory(&t, name);
    losses = json_object_get(json_object_get(t.root, "f32"), "losses");
    for (int step = 0; step < t.steps; step++) {
        double loss = one_step(&t, step);
        double want = json_number_value(json_array_get(losses, (size_t)step));

        sum += loss;
        want_sum += want;
        if (step < 20 && !(fabs(loss - want) <= 0.01 * want))
            test_fail(__FILE__, __LINE__, "%s: loss of step %d is %.6f, not %.6f", name, step + 1,
                      loss, want);
        if (!(fabs(sum - want_sum) <= 0.03 * want_sum))
            test_fail(__FILE__, __LINE__, "%s: mean loss of %d steps is %.6f, not %.6f", name,
                      step + 1, sum / (step + 1), want_sum / (step + 1));
    }
    network_close(&t.network);
    device_close(t.device);
    json_decref(t.root);
}

/* clang-format off */
TEST_SLOW(trajectory_resnet18) { check_trajectory("resnet18"); }
TEST_SLOW(trajectory_efficientnet_b0) { check_trajectory("efficientnet_b0"); }
TEST_SLOW(trajectory_vit_tiny) { check_trajectory("vit_tiny_patch16_224"); }
