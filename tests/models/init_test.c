/* init_test.c - initial weights have the distributions of timm's, stored in golden/init. */

#include "base/str.h"
#include "models/detector.h"
#include "nn/golden_numbers_support.h"
#include "nn/weights.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define SEEDS 3.0 /* that the stored figures were taken over */

struct figures {
    double mean, deviation, low, high;
};

static struct figures figures_of(const float *values, int64_t count)
{
    struct figures f = { .low = values[0], .high = values[0] };
    double squares = 0;

    for (int64_t i = 0; i < count; i++) {
        f.mean += values[i] / (double)count;
        f.low = fmin(f.low, values[i]);
        f.high = fmax(f.high, values[i]);
    }
    for (int64_t i = 0; i < count; i++)
        squares += (values[i] - f.mean) * (values[i] - f.mean);
    f.deviation = sqrt(squares / (double)count);
    return f;
}

static bool near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance;
}

/* Six standard errors, of our figure and of the stored one; the file has five digits. */
static bool same_distribution(const struct figures *f, const json_t *wanted, int64_t count)
{
    double mean = numbers_at(wanted, "mean"), deviation = numbers_at(wanted, "std");
    double low = numbers_at(wanted, "min"), high = numbers_at(wanted, "max");
    double error = 6 * deviation * sqrt((1 + 1 / SEEDS) / (double)count);
    double extreme = fmax(fabs(low), fabs(high));
    /* Distributions with an end show it; the tails of others vary. */
    double tolerance = extreme < 2.1 * deviation ? 0.03 : 0.4;

    /* PyTorch's truncated normal gives -2 itself once in ten million draws, a hundred deviations
     * away: what is compared is the distribution without that one. */
    if (low == -2 && high < 1) {
        deviation = sqrt(deviation * deviation - 4 / (SEEDS * (double)count));
        low = -high;
        extreme = high;
    }
    if (deviation == 0)
        return f->deviation < 1e-6 && near(f->mean, mean, 5e-5 * (1 + fabs(mean)));
    if (!near(f->mean, mean, error + 1e-4 * deviation) ||
        !near(f->deviation, deviation, error + 1e-4 * deviation))
        return false;
    return count < 3000 || (near(f->low, low, tolerance * extreme) &&
                            near(f->high, high, tolerance * extreme));
}

static void check_weight(const struct model *model, const struct weight *weight,
                         const json_t *wanted)
{
    int64_t count = shape_count(&weight->shape);
    float *values = malloc((size_t)count * sizeof(*values));
    struct figures f;

    CHECK(values && count == (int64_t)numbers_at(wanted, "n"));
    weight_start_values(weight, 1, values);
    f = figures_of(values, count);
    if (!same_distribution(&f, wanted, count))
        test_fail(__FILE__, __LINE__,
                  "%s %s: mean %g, deviation %g, %g to %g; timm: %g, %g, %g to %g", model->name,
                  weight->name, f.mean, f.deviation, f.low, f.high, numbers_at(wanted, "mean"),
                  numbers_at(wanted, "std"), numbers_at(wanted, "min"), numbers_at(wanted, "max"));
    free(values);
}

static void check_model(const struct model *model, struct device *device)
{
    static const int classes[] = { 1000, 80, 80, 1 }; /* by task, as the files have it */
    struct model_options options = { .batch = 1, .image_size = model->image_size,
                                     .classes = classes[model->task] };
    struct value *image, *logits;
    struct detector_head head;
    struct str name = STR_INIT;
    struct weights weights;
    struct graph graph;
    struct error err;
    json_t *root;
    const json_t *items;

    str_printf(&name, "init/%s", model->name);
    root = numbers_open(name.text);
    items = json_object_get(root, "params");
    if (model->task == TASK_CLASSIFY)
        CHECK_OK(model_build(&graph, model, &options, &image, &logits, &err), err);
    else
        CHECK_OK(detector_build(&graph, model, &options, &image, &head, &err), err);
    weights_init(&weights, device, &graph);
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        const char *parameter = json_string_value(json_object_get(item, "name"));
        const struct weight *weight = weights_find(&weights, parameter);

        if (!weight)
            test_fail(__FILE__, __LINE__, "%s has no %s", model->name, parameter);
        check_weight(model, weight, item);
    }
    weights_release(&weights);
    graph_release(&graph);
    json_decref(root);
    str_release(&name);
}

/* One model per family; the slow set has them all. */
TEST(initial_weights_have_timms_distributions)
{
    static const char *const names[] = { "resnet18", "mobilenetv2_100", "mobilenetv3_small_100",
                                         "efficientnet_b0", "vit_tiny_patch16_224", "yolo11n",
                                         "yolo11n-seg", "yolo11n-pose" };
    struct device *device = device_reference_open(false);

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        check_model(model_find(names[i]), device);
    device_close(device);
}

TEST_SLOW(initial_weights_of_all_models_have_timms_distributions)
{
    struct device *device = device_reference_open(false);
    const struct model *const *models;
    int count;

    models = model_all(&count);
    for (int i = 0; i < count; i++)
        if (models[i]->parameters < 9e6 || models[i]->task == TASK_CLASSIFY) /* yolo11n alone */
            check_model(models[i], device);
    device_close(device);
}

TEST(weights_start_from_seed_and_name_alone)
{
    struct weight weight = { .name = "a.weight", .shape = SHAPE(33, 200),
                             .init = { INIT_NORMAL, 1 } };
    struct weight other = weight;
    float first[6600], again[6600], seed[6600], name[6600];

    other.name = "b.weight";
    weight_start_values(&weight, 1, first);
    weight_start_values(&weight, 1, again);
    weight_start_values(&weight, 2, seed);
    weight_start_values(&other, 1, name);
    CHECK(!memcmp(first, again, sizeof(first)));
    CHECK(memcmp(first, seed, sizeof(first)) && memcmp(first, name, sizeof(first)));
}
