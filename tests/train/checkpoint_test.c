/* checkpoint_test.c - checkpoints come back exactly, whole or not at all. */

#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"
#include "cpu/device_cpu.h"
#include "test.h"
#include "train/checkpoint.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SIZE 32
#define CLASSES 3

static const char *const class_names[CLASSES] = { "cat", "dog \"x\"", "배" };

static void open_network(struct network *network, struct device *device, bool average)
{
    struct network_options options = {
        .model = model_find("mobilenetv3_small_100"),
        .shape = { .batch = 2, .image_size = SIZE, .classes = CLASSES, .drop_path_rate = 0.1 },
        .training = true, .average = average
    };
    struct error err;

    optimizer_options_init(&options.optimizer, OPTIMIZER_ADAMW);
    options.optimizer.weight_decay = 0.01;
    CHECK_OK(network_open(network, device, &options, &err), err);
}

/* Every segment gets values of its own. */
static void fill(struct network *network, uint64_t seed)
{
    struct weights_memory *memories[] = { &network->live, &network->average,
                                          optimizer_moment(network->optimizer, 0),
                                          optimizer_moment(network->optimizer, 1) };
    struct error err;

    for (int i = 0; i < 4; i++)
        for (int j = 0; j < network->weights.count; j++) {
            const struct weight *weight = &network->weights.items[j];
            int64_t count = shape_count(&weight->shape);
            struct rng rng = rng_for(seed, (uint64_t)i, (uint64_t)j);
            float *values;

            if (!memories[i]->segments[weight->segment].base)
                continue;
            values = malloc((size_t)count * sizeof(float));
            CHECK(values);
            for (int64_t k = 0; k < count; k++)
                values[k] = (float)rng_normal(&rng);
            CHECK_OK(weights_write(&network->weights, memories[i], weight, values, &err), err);
            free(values);
        }
}

static bool same_segment(const struct weights_memory *a, const struct weights_memory *b,
                         const struct weights *weights, int segment)
{
    return !a->segments[segment].base ||
           !memcmp(a->segments[segment].base, b->segments[segment].base,
                   weights->segment_bytes[segment]);
}

static bool same_network(const struct network *a, const struct network *b)
{
    bool same = true;

    for (int i = 0; i < SEGMENT_COUNT; i++) {
        same &= same_segment(&a->live, &b->live, &a->weights, i);
        same &= same_segment(&a->average, &b->average, &a->weights, i);
    }
    for (int i = 0; i < optimizer_moment_count(a->optimizer); i++)
        same &= same_segment(optimizer_moment(a->optimizer, i), optimizer_moment(b->optimizer, i),
                             &a->weights, SEGMENT_PARAMETERS);
    return same;
}

static int write_checkpoint(const char *path, const struct network *network,
                            const struct checkpoint_state *state, bool resumable, struct error *err)
{
    struct transform transform;
    struct checkpoint_info info = { .model = network->options.model,
                                    .class_names = (char *const *)class_names,
                                    .class_count = CLASSES, .transform = &transform,
                                    .config_json = "{\"epochs\":3}" };

    transform_init(&transform, SIZE);
    return checkpoint_write(path, network, &info, state, resumable, err);
}

static const struct checkpoint_state some_state = {
    .epoch = 3, .batch = 7, .step = 123456789012, .updates = 5, .average_updates = 6,
    .best = 0.1 + 0.2, .best_loss = 1.0 / 7, .best_epoch = 2, .epochs_without_gain = 1,
    .plateau_scale = 1.0 / 3, .plateau_best = -1e-300, .plateau_bad_epochs = 4,
    .plateau_has_best = true,
    .loss_sum = 1e300, .loss_count = 9, .results_bytes = 77, .device = "some device"
};

static char *path_in(const char *folder, struct str *path)
{
    str_clear(path);
    str_printf(path, "%s/c.safetensors", folder);
    return path->text;
}

TEST(checkpoint_restores_everything_exactly)
{
    struct device *device;
    struct network written, read;
    struct checkpoint checkpoint;
    struct str path = STR_INIT;
    struct error err;

    device = device_cpu_open(NULL, &err);
    CHECK(device);
    for (int average = 0; average < 2; average++) {
        path_in(test_folder(), &path);
        open_network(&written, device, average);
        open_network(&read, device, average);
        fill(&written, 1);
        fill(&read, 2);
        CHECK(!same_network(&written, &read));
        CHECK_OK(write_checkpoint(path.text, &written, &some_state, true, &err), err);
        CHECK_OK(checkpoint_open(&checkpoint, path.text, &err), err);
        CHECK(checkpoint.resumable && checkpoint.class_count == CLASSES);
        for (int i = 0; i < CLASSES; i++)
            CHECK_TEXT(checkpoint.class_names[i], class_names[i]);
        CHECK(checkpoint.transform.image_size == SIZE);
        CHECK_OK(checkpoint_restore(&checkpoint, &read, &err), err);
        CHECK(same_network(&written, &read));
        CHECK(checkpoint.state.step == some_state.step && checkpoint.state.batch == 7 &&
              checkpoint.state.best == some_state.best &&
              checkpoint.state.best_loss == some_state.best_loss &&
              checkpoint.state.plateau_scale == some_state.plateau_scale &&
              checkpoint.state.plateau_best == some_state.plateau_best &&
              checkpoint.state.loss_sum == some_state.loss_sum &&
              checkpoint.state.plateau_has_best && checkpoint.state.results_bytes == 77);
        CHECK_TEXT(checkpoint.state.device, "some device");
        checkpoint_close(&checkpoint);
        network_close(&written);
        network_close(&read);
    }
    str_release(&path);
    device_close(device);
}

TEST(checkpoint_for_predicting_holds_the_weights_alone)
{
    struct device *device = device_reference_open(false);
    struct network network;
    struct checkpoint checkpoint;
    struct str path = STR_INIT;
    struct error err;

    path_in(test_folder(), &path);
    open_network(&network, device, true);
    fill(&network, 1);
    CHECK_OK(write_checkpoint(path.text, &network, &some_state, false, &err), err);
    CHECK_OK(checkpoint_open(&checkpoint, path.text, &err), err);
    CHECK(!checkpoint.resumable);
    CHECK(checkpoint.file.tensor_count == network.weights.count);
    CHECK(checkpoint_restore(&checkpoint, &network, &err));
    checkpoint_close(&checkpoint);
    network_close(&network);
    str_release(&path);
    device_close(device);
}

/* A byte of the file changed, or its end cut off: refused by name, or the same tensors are there
 * with other values; never a crash. */
TEST(checkpoint_damaged_is_refused_or_read)
{
    struct device *device = device_reference_open(false);
    struct network network;
    struct str path = STR_INIT, bytes = STR_INIT;
    struct error err;
    int refused = 0;

    path_in(test_folder(), &path);
    open_network(&network, device, false);
    CHECK_OK(write_checkpoint(path.text, &network, &some_state, true, &err), err);
    CHECK_OK(file_read(path.text, (size_t)1 << 30, &bytes, &err), err);
    for (int i = 0; i < 60; i++) {
        struct rng rng = rng_for(1, 2, (uint64_t)i);
        struct checkpoint checkpoint;
        size_t length = bytes.length, at = rng_below(&rng, 3000);
        char before = bytes.text[at];

        if (i % 2)
            length = (size_t)(rng_uniform(&rng) * (double)bytes.length);
        else
            bytes.text[at] = (char)(before ^ (1 << rng_below(&rng, 8)));
        CHECK_OK(file_replace(path.text, bytes.text, length, &err), err);
        bytes.text[at] = before;
        if (checkpoint_open(&checkpoint, path.text, &err)) {
            CHECK(strstr(err.text, path.text));
            refused++;
        } else {
            checkpoint_close(&checkpoint);
        }
    }
    CHECK(refused > 30);
    network_close(&network);
    str_release(&path);
    str_release(&bytes);
    device_close(device);
}

/* A limit on file sizes stands for a full disk: both fail in the middle of writing. */
TEST(checkpoint_that_does_not_fit_leaves_the_old_one)
{
    struct device *device = device_reference_open(false);
    struct rlimit before, limit;
    struct network network, read;
    struct checkpoint checkpoint;
    struct str path = STR_INIT;
    struct error err;
    int result;

    path_in(test_folder(), &path);
    open_network(&network, device, false);
    open_network(&read, device, false);
    fill(&network, 1);
    CHECK_OK(write_checkpoint(path.text, &network, &some_state, true, &err), err);
    fill(&network, 2);
    CHECK(!getrlimit(RLIMIT_FSIZE, &before));
    limit = before;
    limit.rlim_cur = (rlim_t)1 << 20;
    signal(SIGXFSZ, SIG_IGN);
    CHECK(!setrlimit(RLIMIT_FSIZE, &limit));
    result = write_checkpoint(path.text, &network, &some_state, true, &err);
    CHECK(!setrlimit(RLIMIT_FSIZE, &before));
    CHECK(result && err.kind == ERR_TOO_LARGE); /* what such a limit is called */
    CHECK(strstr(err.text, path.text));
    CHECK_OK(checkpoint_open(&checkpoint, path.text, &err), err);
    CHECK_OK(checkpoint_restore(&checkpoint, &read, &err), err);
    fill(&network, 1);
    CHECK(same_network(&network, &read));
    checkpoint_close(&checkpoint);
    network_close(&network);
    network_close(&read);
    str_release(&path);
    device_close(device);
}

TEST(checkpoint_weights_of_other_shapes_are_listed)
{
    struct device *device = device_reference_open(false);
    struct network network, other;
    struct network_options options;
    struct load_report report;
    struct checkpoint checkpoint;
    struct str path = STR_INIT;
    struct error err;

    path_in(test_folder(), &path);
    open_network(&network, device, false);
    CHECK_OK(write_checkpoint(path.text, &network, &some_state, false, &err), err);
    options = network.options;
    options.shape.classes = CLASSES + 1;
    CHECK_OK(network_open(&other, device, &options, &err), err);
    CHECK_OK(checkpoint_open(&checkpoint, path.text, &err), err);
    CHECK_OK(checkpoint_load_weights(&checkpoint.file, "", &other.weights, &other.live, &report,
                                     &err), err);
    CHECK(report.misshapen_count == 2 && report.loaded == other.weights.count - 2 &&
          !report.missing_count && !report.unexpected_count);
    CHECK(strstr(report.misshapen.text, "classifier.weight"));
    load_report_release(&report);
    checkpoint_close(&checkpoint);
    network_close(&network);
    network_close(&other);
    str_release(&path);
    device_close(device);
}
