/* last_batch_test.c - a last batch that is not full is filled up: what a network learns from it,
 * and above all the statistics of its batch norms, must be those of images. */

#include "base/error.h"
#include "cpu/device_cpu.h"
#include "data/sample.h"
#include "formats/safetensors.h"
#include "nn/device.h"
#include "test.h"
#include "train/run.h"

#include <string.h>

#define CHANNELS 16
#define START 0.81 /* what two updates with 0.1 leave of a variance that began with 1 */

/* Three classes of three training images. */
static void make_data(const char *path)
{
    const struct sample_options options = {
        .class_count = 3, .train_per_class = 3, .val_per_class = 1, .image_size = 40, .seed = 9
    };
    struct error err;

    CHECK_OK(sample_write(path, &options, &err), err);
}

/* Trains without learning, and reads the variances of the first batch norm. */
static double run(const char *data, const char *out, const char *drop_last, const char *epochs,
                  float variances[CHANNELS])
{
    const char *const settings[][2] = {
        { "model_name", "mobilenetv3_small_100" }, { "dataset_path", data }, { "seed", "3" },
        { "batch_size", "8" }, { "image_size", "32" }, { "learning_rate", "1e-9" },
        { "optimizer.type", "sgd" }, { "augmentation.enabled", "false" }, { "loader_threads", "2" },
        { "drop_last", drop_last }, { "epochs", epochs },
    };
    struct device_cpu_options cpu = { .threads = 2 };
    struct safetensors file;
    const struct safetensors_tensor *tensor;
    struct arena arena = ARENA_INIT;
    struct field_values values;
    struct run_result result;
    struct config config = { 0 };
    struct error err;
    struct run_options options = { .config = &config, .values = &values, .quiet = true };

    field_values_init(&values, config_fields, &config, &arena);
    for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
        field_set_text(&values, settings[i][0], settings[i][1], ORIGIN_FLAG);
    field_set_text(&values, "output_dir", out, ORIGIN_FLAG);
    config_settle_task(&values, &config);
    config_settle(&values, &config);
    CHECK_OK(field_finish(&values, "the configuration", &err), err);
    options.device = device_cpu_open(&cpu, &err);
    CHECK(options.device);
    CHECK_OK(run_train(&options, &result, &err), err);
    CHECK_OK(safetensors_open(&file, arena_printf(&arena, "%s/checkpoints/latest.safetensors", out),
                              &err), err);
    tensor = safetensors_find(&file, "bn1.running_var");
    CHECK(tensor && tensor->size_bytes == CHANNELS * sizeof(float));
    memcpy(variances, tensor->data, tensor->size_bytes);
    safetensors_close(&file);
    device_close(options.device);
    field_values_release(&values);
    arena_release(&arena);
    return scores_get(&result.last, "loss");
}

/* Nine images are a batch of eight and one of a single image, or two epochs of one batch. */
TEST(a_last_batch_of_one_image_is_filled_with_others)
{
    float filled[CHANNELS], full[CHANNELS];
    double loss, sum = 0, wanted = 0;
    struct arena arena = ARENA_INIT;
    const char *folder = test_folder(), *data = arena_printf(&arena, "%s/data", folder);

    make_data(data);
    loss = run(data, arena_printf(&arena, "%s/filled", folder), "false", "1", filled);
    run(data, arena_printf(&arena, "%s/full", folder), "true", "2", full);
    CHECK(isfinite(loss) && loss > 0);
    for (int i = 0; i < CHANNELS; i++) {
        sum += filled[i] - START;
        wanted += full[i] - START;
    }
    if (!(sum > 0.8 * wanted && sum < 1.25 * wanted))
        test_fail(__FILE__, __LINE__, "variances of %g, not about %g", sum, wanted);
    arena_release(&arena);
}
