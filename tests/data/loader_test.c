/* loader_test.c - batches do not depend on threads, on where one begins, or on what fits a cache;
 * bad files are replaced, counted and limited. */
#include "base/error.h"
#include "data/decode.h"
#include "data/loader.h"
#include "data/sample.h"
#include "test.h"
#include "tree_support.h"
#include <stdlib.h>

#define SIDE 24

/* Three classes, 7 train and 3 val images each. */
static void make_dataset(struct dataset *dataset)
{
    const struct sample_options options = {
        .class_count = 3, .train_per_class = 7, .val_per_class = 3, .image_size = 40, .seed = 9
    };
    struct error err = { 0 };
    char path[500];

    snprintf(path, sizeof(path), "%s/data", test_folder());
    CHECK_OK(sample_write(path, &options, &err), err);
    CHECK_OK(dataset_open(dataset, path, NULL, &err), err);
}

static struct augment_settings everything_on(void)
{
    struct augment_settings settings;

    augment_settings_init(&settings);
    settings.vertical_flip_prob = 0.3;
    settings.random_rotation = settings.color_jitter = settings.rand_augment = true;
    settings.random_grayscale = settings.gaussian_blur = 0.3;
    settings.random_erasing = settings.erasing_noise = true;
    return settings;
}

static struct mix_settings mix_on(void)
{
    struct mix_settings settings;

    mix_settings_init(&settings);
    settings.mixup = settings.cutmix = true;
    settings.label_smoothing = 0.1;
    return settings;
}

static struct loader_options training_options(void)
{
    struct loader_options options = { .split = DATASET_SPLIT_TRAIN,
                                      .batch_size = 4,
                                      .threads = 2,
                                      .seed = 77,
                                      .shuffle = true,
                                      .drop_last = true };

    transform_init(&options.transform, SIDE);
    return options;
}

static struct loader_options evaluation_options(void)
{
    struct loader_options options = { .split = DATASET_SPLIT_VAL, .batch_size = 4, .threads = 2 };

    transform_init(&options.transform, SIDE);
    return options;
}

static struct loader *open_loader(const struct dataset *dataset,
                                  const struct loader_options *options)
{
    struct loader *loader = NULL;
    struct error err = { 0 };

    CHECK_OK(loader_open(&loader, dataset, options, &err), err);
    return loader;
}

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++)
        hash = (hash ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t hash_batch(const struct batch *batch)
{
    size_t rows = (size_t)batch->capacity, side = (size_t)batch->image_size;
    uint64_t hash =
        hash_bytes(0xcbf29ce484222325u, batch->images, sizeof(float) * rows * 3 * side * side);

    hash = hash_bytes(hash, batch->targets, sizeof(float) * rows * (size_t)batch->class_count);
    hash = hash_bytes(hash, batch->labels, sizeof(int) * rows);
    return hash_bytes(hash, batch->items, sizeof(int) * rows);
}

/* Hashes of the next `count` batches, passing over the ends of epochs. */
static void collect(struct loader *loader, uint64_t *hashes, int count)
{
    const struct batch *batch;
    struct error err = { 0 };

    for (int i = 0; i < count;) {
        int result = loader_next(loader, &batch, &err);

        if (result < 0)
            test_fail(__FILE__, __LINE__, "%s", err.text);
        if (result)
            hashes[i++] = hash_batch(batch);
    }
}

static void check_same(const uint64_t *a, const uint64_t *b, int count)
{
    for (int i = 0; i < count; i++)
        if (a[i] != b[i])
            test_fail(__FILE__, __LINE__, "batch %d differs", i);
}

TEST(loader_gives_the_same_batches_with_any_number_of_threads)
{
    struct augment_settings augment = everything_on();
    struct mix_settings mix = mix_on();
    struct loader_options options = training_options();
    uint64_t hashes[4][15];
    struct dataset dataset;

    make_dataset(&dataset);
    options.augment = &augment;
    options.mix = &mix;
    for (int i = 0; i < 4; i++) {
        struct loader *loader;

        options.threads = 1 << i;
        options.ahead = i == 3 ? 12 : 1 + i; /* neither does it matter how far they run ahead */
        loader = open_loader(&dataset, &options);
        CHECK(loader_batch_count(loader) == 5);
        CHECK(loader_image_count(loader) == 21);
        collect(loader, hashes[i], 15);
        loader_free(loader);
        check_same(hashes[0], hashes[i], 15);
    }
    for (int i = 1; i < 15; i++)
        CHECK(hashes[0][i] != hashes[0][i - 1]);
    dataset_close(&dataset);
}

TEST(loader_resumes_at_any_batch)
{
    struct augment_settings augment = everything_on();
    struct mix_settings mix = mix_on();
    struct loader_options options = training_options();
    uint64_t whole[15], part[15];
    struct dataset dataset;
    struct loader *loader;

    make_dataset(&dataset);
    options.augment = &augment;
    options.mix = &mix;
    loader = open_loader(&dataset, &options);
    collect(loader, whole, 15);
    loader_start(loader, 1, 3);
    collect(loader, part, 7);
    check_same(whole + 8, part, 7);
    loader_start(loader, 0, 5); /* the end of an epoch is where the next begins */
    collect(loader, part, 10);
    check_same(whole + 5, part, 10);
    loader_free(loader);
    loader = open_loader(&dataset, &options);
    loader_start(loader, 2, 0);
    collect(loader, part, 5);
    check_same(whole + 10, part, 5);
    loader_free(loader);
    dataset_close(&dataset);
}

TEST(loader_ends_each_epoch_once)
{
    struct loader_options options = training_options();
    const struct batch *batch;
    struct dataset dataset;
    struct loader *loader;
    struct error err = { 0 };

    make_dataset(&dataset);
    loader = open_loader(&dataset, &options);
    for (int epoch = 0; epoch < 3; epoch++) {
        for (int i = 0; i < 5; i++) {
            CHECK(loader_next(loader, &batch, &err) == 1);
            CHECK(batch->epoch == epoch && batch->index == i);
            CHECK(batch->count == 4 && batch->capacity == 4);
        }
        CHECK(loader_next(loader, &batch, &err) == 0);
    }
    loader_start(loader, 4, 5);
    CHECK(loader_next(loader, &batch, &err) == 0);
    CHECK(loader_next(loader, &batch, &err) == 1);
    CHECK(batch->epoch == 5 && batch->index == 0);
    CHECK(loader_stats(loader).batch_count == 16);
    CHECK(loader_stats(loader).image_count == 64);
    loader_free(loader);
    dataset_close(&dataset);
}

TEST(loader_shuffles_every_epoch_anew)
{
    struct loader_options options = training_options();
    int orders[2][21], moved = 0;
    const struct batch *batch;
    struct dataset dataset;
    struct loader *loader;
    struct error err = { 0 };

    make_dataset(&dataset);
    options.drop_last = false;
    loader = open_loader(&dataset, &options);
    for (int epoch = 0; epoch < 2; epoch++) {
        bool is_seen[100] = { false };
        int count = 0;

        while (loader_next(loader, &batch, &err) == 1)
            for (int i = 0; i < batch->count; i++) {
                CHECK(!is_seen[batch->items[i]]);
                is_seen[batch->items[i]] = true;
                orders[epoch][count++] = batch->items[i];
                CHECK(dataset.items[batch->items[i]].split == DATASET_SPLIT_TRAIN);
                CHECK(dataset.items[batch->items[i]].class_id == batch->labels[i]);
            }
        CHECK(count == 21);
    }
    for (int i = 0; i < 21; i++)
        moved += orders[0][i] != orders[1][i];
    CHECK(moved > 12);
    loader_free(loader);
    dataset_close(&dataset);
}

TEST(loader_fills_the_last_batch_with_the_first_images)
{
    struct loader_options options = training_options();
    int order[64], count = 0, batches;
    const struct batch *batch;
    struct dataset dataset;
    struct loader *loader;
    struct error err = { 0 };

    make_dataset(&dataset);
    options.drop_last = false;
    options.fill_last = true;
    loader = open_loader(&dataset, &options);
    batches = loader_batch_count(loader);
    while (loader_next(loader, &batch, &err) == 1) {
        CHECK(batch->count == batch->capacity);
        for (int i = 0; i < batch->count; i++)
            order[count++] = batch->items[i];
    }
    CHECK(count == batches * options.batch_size && count > 21);
    for (int i = 21; i < count; i++)
        CHECK(order[i] == order[i - 21]);
    loader_free(loader);
    dataset_close(&dataset);
}

/* What the evaluation transform is defined to give. */
static void evaluate_by_hand(const struct dataset *dataset, int item, float *values)
{
    struct decoder *decoder = decoder_new();
    struct arena arena = ARENA_INIT;
    struct error err = { 0 };
    struct decode_info info;
    struct decode_view view = { .width = SIDE, .height = SIDE, .is_exact = true };
    uint8_t pixels[SIDE * SIDE * 3];
    struct transform transform;

    transform_init(&transform, SIDE);
    CHECK_OK(decoder_open(decoder, dataset_item_path(dataset, &arena, item), &info, &err), err);
    view.part = (struct augment_rectangle){ 0, 0, info.width, info.height };
    CHECK_OK(decoder_draw(decoder, &view, pixels, &err), err);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < SIDE * SIDE; i++)
            values[c * SIDE * SIDE + i] =
                (float)((pixels[3 * i + c] / 255.0 - transform.mean[c]) / transform.std[c]);
    arena_release(&arena);
    decoder_free(decoder);
}

TEST(loader_evaluates_every_image_once_and_pads_with_zeros)
{
    struct loader_options options = evaluation_options();
    const size_t size = 3 * SIDE * SIDE;
    const struct batch *batch;
    struct dataset dataset;
    struct loader *loader;
    struct error err = { 0 };
    float expected[3 * SIDE * SIDE];
    int last = -1, count = 0;

    make_dataset(&dataset);
    loader = open_loader(&dataset, &options);
    CHECK(loader_batch_count(loader) == 3);
    while (loader_next(loader, &batch, &err) == 1) {
        for (int i = 0; i < batch->count; i++) {
            const float *target = batch->targets + 3 * i;

            CHECK(batch->items[i] > last);
            last = batch->items[i];
            count++;
            evaluate_by_hand(&dataset, last, expected);
            for (size_t j = 0; j < size; j++)
                CHECK_NEAR(batch->images[(size_t)i * size + j], expected[j], 1e-6);
            CHECK(target[batch->labels[i]] == 1);
            CHECK(target[0] + target[1] + target[2] == 1);
        }
        for (int i = batch->count; i < batch->capacity; i++) {
            CHECK(batch->labels[i] == -1 && batch->items[i] == -1);
            for (size_t j = 0; j < size; j++)
                CHECK(batch->images[(size_t)i * size + j] == 0);
            for (int c = 0; c < 3; c++)
                CHECK(batch->targets[3 * i + c] == 0);
        }
    }
    CHECK(count == 9);
    loader_free(loader);
    dataset_close(&dataset);
}

/* Overwrite an item's file with something that has a header but no end. */
static void spoil(const struct dataset *dataset, int item)
{
    tree_add(dataset->root, dataset->items[item].path, "\xff\xd8\xff\xe0 no image", 12);
}

static int find_item(const struct dataset *dataset, enum dataset_split split, int skip)
{
    for (int i = 0; i < dataset->item_count; i++)
        if (dataset->items[i].split == split && skip-- == 0)
            return i;
    return -1;
}

TEST(loader_replaces_bad_files_in_training)
{
    struct loader_options options = training_options();
    uint64_t hashes[2][10];
    const struct loader_failure *failures;
    struct dataset dataset;
    int bad[2], count;

    make_dataset(&dataset);
    bad[0] = find_item(&dataset, DATASET_SPLIT_TRAIN, 2);
    bad[1] = find_item(&dataset, DATASET_SPLIT_TRAIN, 9);
    spoil(&dataset, bad[0]);
    spoil(&dataset, bad[1]);
    options.failure_limit = 0.2;
    for (int i = 0; i < 2; i++) {
        struct loader *loader;

        options.threads = 1 + 3 * i;
        loader = open_loader(&dataset, &options);
        collect(loader, hashes[i], 10);
        failures = loader_failures(loader, &count);
        CHECK(count == 2);
        CHECK(loader_stats(loader).failed_count == 2);
        for (int j = 0; j < 2; j++) {
            CHECK(failures[j].item == bad[0] || failures[j].item == bad[1]);
            CHECK(strstr(failures[j].message, dataset.items[failures[j].item].path));
        }
        CHECK(loader_stats(loader).image_count == 40); /* no batch was shorter */
        loader_free(loader);
    }
    check_same(hashes[0], hashes[1], 10);
    dataset_close(&dataset);
}

TEST(loader_leaves_bad_files_out_of_evaluation)
{
    struct loader_options options = evaluation_options();
    const struct batch *batch;
    struct dataset dataset;
    struct loader *loader;
    struct error err = { 0 };
    int bad, count = 0;

    make_dataset(&dataset);
    bad = find_item(&dataset, DATASET_SPLIT_VAL, 1);
    spoil(&dataset, bad);
    options.failure_limit = 0.2;
    loader = open_loader(&dataset, &options);
    while (loader_next(loader, &batch, &err) == 1) {
        for (int i = 0; i < batch->count; i++)
            CHECK(batch->items[i] >= 0 && batch->items[i] != bad);
        for (int i = batch->count; i < batch->capacity; i++)
            CHECK(batch->items[i] == -1 && batch->images[i * 3 * SIDE * SIDE] == 0);
        CHECK(batch->count == (batch->index == 0 ? 3 : batch->index == 2 ? 1 : 4));
        count += batch->count;
    }
    CHECK(count == 8);
    loader_free(loader);
    dataset_close(&dataset);
}

TEST(loader_fails_above_the_limit_of_bad_files)
{
    struct loader_options options = training_options();
    const struct batch *batch;
    struct dataset dataset;
    struct loader *loader;
    struct error err = { 0 };
    int result;

    make_dataset(&dataset);
    spoil(&dataset, find_item(&dataset, DATASET_SPLIT_TRAIN, 3));
    spoil(&dataset, find_item(&dataset, DATASET_SPLIT_TRAIN, 4));
    options.failure_limit = 0.05;
    loader = open_loader(&dataset, &options);
    while ((result = loader_next(loader, &batch, &err)) == 1)
        ;
    CHECK(result == -1);
    CHECK(err.kind == ERR_CORRUPT);
    CHECK(strstr(err.text, "2 of the 21 train images do not decode, more than the limit of 5 %"));
    CHECK(loader_next(loader, &batch, &err) == -1);
    loader_free(loader);

    for (int i = 0; i < 21; i++)
        spoil(&dataset, find_item(&dataset, DATASET_SPLIT_TRAIN, i));
    options.failure_limit = 0.99;
    loader = open_loader(&dataset, &options);
    CHECK(loader_next(loader, &batch, &err) == -1);
    CHECK(strstr(err.text, "none of the 21 train images can be decoded"));
    loader_free(loader);
    dataset_close(&dataset);
}

TEST(loader_cache_changes_nothing_but_the_speed)
{
    struct loader_options options = training_options();
    struct augment_settings augment = everything_on();
    uint64_t none[10], cached[10], little[10];
    struct loader_stats stats;
    struct dataset dataset;
    struct loader *loader;

    make_dataset(&dataset);
    augment.random_crop = false; /* what is kept are the final pixels: equal to no cache at all */
    options.augment = &augment;
    loader = open_loader(&dataset, &options);
    collect(loader, none, 10);
    loader_free(loader);
    options.cache_limit_bytes = 10 << 20;
    loader = open_loader(&dataset, &options);
    collect(loader, cached, 10);
    stats = loader_stats(loader);
    CHECK(stats.cached_count > 18 && stats.cached_count <= 21);
    CHECK(stats.cache_bytes >= (int64_t)stats.cached_count * 3 * SIDE * SIDE);
    loader_free(loader);
    check_same(none, cached, 10);

    augment.random_crop = true; /* shrunk images are kept: equal however many of them fit */
    loader = open_loader(&dataset, &options);
    collect(loader, cached, 10);
    loader_free(loader);
    options.cache_limit_bytes = 20000;
    loader = open_loader(&dataset, &options);
    collect(loader, little, 10);
    stats = loader_stats(loader);
    CHECK(stats.cached_count > 0 && stats.cached_count < 10);
    CHECK(stats.cache_bytes <= 20000);
    loader_free(loader);
    check_same(cached, little, 10);
    dataset_close(&dataset);
}

TEST(loader_crops_alike_with_and_without_exact_decoding)
{
    struct loader_options options = training_options();
    struct augment_settings augment;
    const size_t size = 4 * 3 * SIDE * SIDE;
    const struct batch *batch;
    struct dataset dataset;
    struct error err = { 0 };
    float *images = calloc(size, sizeof(float));
    double difference = 0, spread = 0;

    make_dataset(&dataset);
    augment_settings_init(&augment);
    options.augment = &augment;
    for (int i = 0; i < 2; i++) {
        struct loader *loader;

        options.is_exact = i == 1;
        loader = open_loader(&dataset, &options);
        CHECK(loader_next(loader, &batch, &err) == 1);
        for (size_t j = 0; j < size; j++) {
            difference += i ? fabs(images[j] - batch->images[j]) : 0;
            spread += i ? fabs(batch->images[j]) : 0;
            images[j] = batch->images[j];
        }
        loader_free(loader);
    }
    CHECK(difference < 0.1 * spread);
    free(images);
    dataset_close(&dataset);
}

static void check_refused(const struct dataset *dataset, struct loader_options options,
                          const char *message)
{
    struct loader *loader = NULL;
    struct error err = { 0 };

    CHECK(loader_open(&loader, dataset, &options, &err) == -1);
    CHECK(!loader);
    CHECK_TEXT(err.text, message);
}

TEST(loader_refuses_bad_options)
{
    struct loader_options options = training_options();
    struct dataset dataset;

    make_dataset(&dataset);
    options.batch_size = 22;
    check_refused(&dataset, options,
                  "the batch size 22 is larger than the train split of 21 images");
    options.batch_size = 0;
    check_refused(&dataset, options, "the batch size is 0");
    options = training_options();
    options.transform.image_size = 0;
    check_refused(&dataset, options, "the image size is 0, not within 1 and 4096");
    options = training_options();
    options.threads = 1000;
    check_refused(&dataset, options, "the number of loader threads is 1000, not within 0 and 256");
    options = training_options();
    options.failure_limit = 2;
    check_refused(&dataset, options, "the limit of bad images is 2, not within 0 and 1");
    dataset_close(&dataset);
}

TEST(loader_memory_estimate_covers_slots_and_cache)
{
    struct loader_options options = training_options();
    struct loader_extent extent = { 500 * 375, 50000 };
    int64_t small, large;

    options.batch_size = 64;
    options.transform.image_size = 224;
    small = loader_memory_bytes(&options, &extent, 10);
    CHECK(small > (int64_t)3 * 64 * 3 * 224 * 224 * 4);
    options.cache_limit_bytes = 1 << 30;
    large = loader_memory_bytes(&options, &extent, 10);
    CHECK(large - small == 1 << 30);
}

TEST(loader_reads_real_images)
{
    const char *folder = test_shared("data/classification/dogs_cats");
    struct loader_options options = training_options();
    struct augment_settings augment;
    const struct batch *batch;
    struct dataset dataset;
    struct loader *loader;
    struct error err = { 0 };
    double sum = 0;
    int result;

    if (!folder)
        SKIP("the real data is not here");
    CHECK_OK(dataset_open(&dataset, folder, NULL, &err), err);
    augment_settings_init(&augment);
    options.augment = &augment;
    options.batch_size = 16;
    loader = open_loader(&dataset, &options);
    while ((result = loader_next(loader, &batch, &err)) == 1)
        for (int i = 0; i < 16 * 3 * SIDE * SIDE; i++)
            sum += batch->images[i];
    CHECK(result == 0);
    CHECK(loader_stats(loader).failed_count == 0);
    sum /= (double)loader_stats(loader).image_count * 3 * SIDE * SIDE;
    CHECK(fabs(sum) < 0.5); /* normalised photographs are about zero on average */
    loader_free(loader);
    dataset_close(&dataset);
}
