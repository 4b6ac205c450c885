/* The rates of detectors: numbers worked out by hand from what recipe.h says. */

#include "base/arena.h"
#include "test.h"
#include "train/recipe.h"

#include <math.h>

struct filled {
    struct config config;
    struct field_values values;
    struct arena arena;
};

static void filled_init(struct filled *f, const char *model)
{
    *f = (struct filled){ 0 };
    field_values_init(&f->values, config_fields, &f->config, &f->arena);
    field_set_text(&f->values, "model_name", model, ORIGIN_FLAG);
    field_set_text(&f->values, "dataset_path", "somewhere", ORIGIN_FLAG);
    field_set_text(&f->values, "epochs", "100", ORIGIN_FLAG);
}

static void filled_release(struct filled *f)
{
    field_values_release(&f->values);
    arena_release(&f->arena);
}

static void settle(struct filled *f)
{
    config_settle_task(&f->values, &f->config);
    config_settle(&f->values, &f->config);
    CHECK(!f->values.problem_count);
}

TEST(recipe_of_a_short_detector_run)
{
    const struct recipe_data data = { .train_images = 205, .batch_size = 16, .classes = 3 };
    struct recipe_pace pace;
    struct recipe r;
    struct filled f;

    filled_init(&f, "yolo11n");
    field_set_text(&f.values, "cos_lr", "false", ORIGIN_FLAG);
    settle(&f);
    recipe_init(&r, &f.config, &data);
    CHECK(r.optimizer.kind == OPTIMIZER_ADAMW && r.optimizer.separate_biases);
    CHECK(r.batches_per_epoch == 13 && r.accumulation == 4 && r.clip == 10 && r.adds_gradients);
    CHECK_NEAR(r.optimizer.weight_decay, 0.0005, 1e-15); /* 16 * 4 / 64 */
    CHECK_NEAR(r.optimizer.beta1, 0.9, 1e-15);
    pace = recipe_pace(&r, 0, 0, 0, 1);
    CHECK(pace.learning_rate == 0 && pace.bias_learning_rate == 0 && pace.accumulation == 1);
    CHECK_NEAR(pace.momentum, 0.8, 1e-15);
    /* Batch 50 of the 100 of the warm-up lies in epoch 3. */
    pace = recipe_pace(&r, 3, 11, 0, 1);
    CHECK_NEAR(pace.learning_rate, 0.001429 * (0.97 * 0.99 + 0.01) / 2, 1e-9);
    CHECK_NEAR(pace.momentum, 0.85, 1e-12);
    CHECK(pace.accumulation == 2); /* 2.5, to even */
    pace = recipe_pace(&r, 50, 0, 0, 1);
    CHECK_NEAR(pace.learning_rate, 0.001429 * (0.5 * 0.99 + 0.01), 1e-9);
    CHECK(pace.accumulation == 4);
    CHECK_NEAR(recipe_average_decay(&r, 1999), 0.9999 * (1 - exp(-1)), 1e-12);
    filled_release(&f);
}

TEST(recipe_of_a_long_detector_run_and_of_chosen_optimizers)
{
    const struct recipe_data data = { .train_images = 20000, .batch_size = 128, .classes = 80 };
    struct recipe_pace pace;
    struct recipe r;
    struct filled f;

    filled_init(&f, "yolo11n");
    settle(&f);
    recipe_init(&r, &f.config, &data);
    CHECK(r.optimizer.kind == OPTIMIZER_SGD); /* 157 updates an epoch, 100 epochs */
    CHECK(r.accumulation == 1 && r.detector.warmup_batches == 471);
    CHECK_NEAR(r.optimizer.weight_decay, 0.001, 1e-15); /* 128 * 1 / 64 */
    pace = recipe_pace(&r, 50, 0, 0, 1);
    CHECK_NEAR(pace.learning_rate, 0.01 * (0.5 * -0.99 + 1), 1e-12); /* cosine, half way */
    filled_release(&f);

    filled_init(&f, "yolo11n");
    field_set_text(&f.values, "optimizer", "sgd", ORIGIN_FLAG);
    field_set_text(&f.values, "learning_rate", "0.02", ORIGIN_FLAG);
    settle(&f);
    recipe_init(&r, &f.config, &data);
    CHECK(r.optimizer.kind == OPTIMIZER_SGD);
    pace = recipe_pace(&r, 0, 0, 0, 1);
    CHECK_NEAR(pace.bias_learning_rate, 0.1, 1e-15);
    pace = recipe_pace(&r, 4, 0, 0, 1);
    CHECK_NEAR(pace.momentum, 0.937, 1e-12);
    CHECK_NEAR(pace.learning_rate, 0.02 * ((1 - cos(M_PI * 0.04)) / 2 * -0.99 + 1), 1e-12);
    filled_release(&f);
}

TEST(settings_of_the_other_kind_of_network_are_refused)
{
    struct filled f;

    filled_init(&f, "yolo11n");
    field_set_text(&f.values, "label_smoothing", "0.1", ORIGIN_FLAG);
    config_settle_task(&f.values, &f.config);
    config_settle(&f.values, &f.config);
    CHECK(f.values.problem_count == 1);
    CHECK(strstr(f.values.problems.text, "label_smoothing is a setting of classifiers"));
    filled_release(&f);

    filled_init(&f, "resnet18");
    field_set_text(&f.values, "mosaic", "0.5", ORIGIN_FLAG);
    field_set_text(&f.values, "task_type", "object_detection", ORIGIN_FLAG);
    config_settle_task(&f.values, &f.config);
    CHECK(f.values.problem_count == 1);
    CHECK(strstr(f.values.problems.text, "resnet18 is a model of image_classification"));
    filled_release(&f);
}
