/* Batches of images with objects. */
#include "base/error.h"
#include "base/str.h"
#include "data/loader.h"
#include "data/sample.h"
#include "formats/image.h"
#include "test.h"
#include <stdlib.h>

#define SIDE 96
#define ROWS 4

static struct error err;

static void open_sample(struct dataset *dataset, enum dataset_task task)
{
    const struct sample_options sample = { .task = task, .train_count = 10, .val_count = 3,
                                           .image_size = 128, .seed = 4 };
    const struct dataset_options options = { .task = task };
    static char folder[512];

    snprintf(folder, sizeof(folder), "%s/set", test_folder());
    CHECK_OK(sample_write(folder, &sample, &err), err);
    CHECK_OK(dataset_open(dataset, folder, &options, &err), err);
    CHECK(dataset->finding_count == 0);
}

static struct loader_options training(const struct scene_settings *settings)
{
    struct loader_options options = { .split = DATASET_SPLIT_TRAIN, .batch_size = ROWS,
                                      .shuffle = true, .seed = 11, .threads = 1,
                                      .scene = settings };

    transform_init(&options.transform, SIDE);
    for (int i = 0; i < 3; i++) {
        options.transform.mean[i] = 0;
        options.transform.std[i] = 1;
    }
    return options;
}

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Everything that a network would see of a batch. */
static uint64_t hash_batch(const struct batch *batch, int keypoints)
{
    uint64_t hash = hash_bytes(1, batch->images,
                               sizeof(float) * 3 * SIDE * SIDE * (size_t)batch->capacity);

    for (int row = 0; row < batch->capacity; row++) {
        int count = batch->counts[row];

        hash = hash_bytes(hash, &count, sizeof(count));
        if (count <= 0)
            continue;
        hash = hash_bytes(hash, batch->boxes + (size_t)row * (size_t)batch->most_boxes * 4,
                          sizeof(float) * 4 * (size_t)count);
        hash = hash_bytes(hash, batch->classes + (size_t)row * (size_t)batch->most_boxes,
                          sizeof(int32_t) * (size_t)count);
        if (batch->key_points)
            hash = hash_bytes(hash,
                              batch->key_points +
                                  (size_t)row * (size_t)batch->most_boxes * (size_t)keypoints * 3,
                              sizeof(float) * 3 * (size_t)count * (size_t)keypoints);
    }
    if (batch->masks)
        hash = hash_bytes(hash, batch->masks,
                          sizeof(int32_t) * (SIDE / 4) * (SIDE / 4) * (size_t)batch->capacity);
    return hash;
}

static void check_targets(const struct batch *batch, const struct dataset *dataset)
{
    for (int row = 0; row < batch->capacity; row++) {
        const float *box = batch->boxes + (size_t)row * (size_t)batch->most_boxes * 4;
        const int32_t *mask = batch->masks ? batch->masks + row * (SIDE / 4) * (SIDE / 4) : NULL;

        CHECK(row < batch->count ? batch->counts[row] >= 0 : batch->counts[row] == -1);
        CHECK(batch->counts[row] <= batch->most_boxes);
        for (int i = 0; i < batch->counts[row]; i++, box += 4) {
            int class_id = batch->classes[row * batch->most_boxes + i];

            CHECK(box[0] >= 0 && box[1] >= 0 && box[2] <= SIDE && box[3] <= SIDE);
            CHECK(box[2] > box[0] && box[3] > box[1]);
            CHECK(class_id >= 0 && class_id < dataset->class_count);
        }
        for (int i = 0; mask && row < batch->count && i < (SIDE / 4) * (SIDE / 4); i++) {
            const float *of = batch->boxes + ((size_t)row * (size_t)batch->most_boxes +
                                              (size_t)(mask[i] - 1)) * 4;

            CHECK(mask[i] >= 0 && mask[i] <= batch->counts[row]);
            if (mask[i]) { /* a mask lies in its box */
                CHECK((float)(i % (SIDE / 4)) * 4 + 2 >= of[0] - 0.01f);
                CHECK((float)(i % (SIDE / 4)) * 4 + 2 <= of[2] + 0.01f);
                CHECK((float)(i / (SIDE / 4)) * 4 + 2 >= of[1] - 0.01f);
                CHECK((float)(i / (SIDE / 4)) * 4 + 2 <= of[3] + 0.01f);
            }
        }
    }
}

static uint64_t hash_epochs(const struct dataset *dataset, const struct loader_options *options,
                            int first_batch, uint64_t *hashes)
{
    struct loader *loader;
    const struct batch *batch;
    int count = 0;

    CHECK_OK(loader_open(&loader, dataset, options, &err), err);
    loader_start(loader, 0, first_batch);
    for (int epoch = 0; epoch < 2; epoch++) {
        int more;

        while ((more = loader_next(loader, &batch, &err)) > 0) {
            check_targets(batch, dataset);
            hashes[count++] = hash_batch(batch, dataset->annotations.keypoint_count);
        }
        CHECK_OK(more, err);
    }
    loader_free(loader);
    return (uint64_t)count;
}

static void check_everything(enum dataset_task task)
{
    struct dataset dataset;
    struct scene_settings settings;
    struct loader_options options;
    uint64_t one[16], three[16], cached[16], late[16];

    open_sample(&dataset, task);
    scene_settings_init(&settings);
    settings.mixup = settings.copy_paste = settings.flipud = 0.5;
    settings.degrees = 20;
    settings.shear = 5;
    settings.perspective = 0.0005;
    options = training(&settings);
    CHECK(hash_epochs(&dataset, &options, 0, one) == 6);
    options.threads = 3;
    hash_epochs(&dataset, &options, 0, three);
    CHECK(!memcmp(one, three, 6 * sizeof(*one)));
    options.cache_limit_bytes = 1 << 22;
    hash_epochs(&dataset, &options, 0, cached);
    CHECK(!memcmp(one, cached, 6 * sizeof(*one)));
    hash_epochs(&dataset, &options, 2, late); /* resumed */
    CHECK(!memcmp(one + 2, late, 4 * sizeof(*one)));
    CHECK(one[0] != one[3]);
    dataset_close(&dataset);
}

TEST(loader_makes_the_same_scenes_with_any_number_of_threads)
{
    check_everything(DATASET_TASK_DETECTION);
}

TEST(loader_makes_the_same_masks_with_any_number_of_threads)
{
    check_everything(DATASET_TASK_SEGMENTATION);
}

TEST(loader_makes_the_same_key_points_with_any_number_of_threads)
{
    check_everything(DATASET_TASK_POSE);
}

TEST(loader_letterboxes_for_evaluation_and_says_where)
{
    const char *folder = test_shared("data/detection/bccd");
    const struct dataset_options wanted = { .task = DATASET_TASK_DETECTION, .format = "yolo" };
    struct loader_options options = training(NULL);
    struct dataset dataset;
    struct loader *loader;
    const struct batch *batch;

    if (!folder)
        SKIP("../shared/data/detection/bccd is not there");
    options.split = DATASET_SPLIT_VAL;
    options.shuffle = false;
    CHECK_OK(dataset_open(&dataset, folder, &wanted, &err), err);
    CHECK_OK(loader_open(&loader, &dataset, &options, &err), err);
    CHECK(loader_next(loader, &batch, &err) == 1);
    for (int row = 0; row < batch->count; row++) {
        const struct annotation *objects = annotations_of(&dataset.annotations, batch->items[row]);
        const struct batch_place *place = &batch->places[row];
        const float *box = batch->boxes + (size_t)row * (size_t)batch->most_boxes * 4;

        CHECK(place->width == 640 && place->height == 480 && place->left == 0 && place->top == 12);
        CHECK(batch->counts[row] == dataset.annotations.images[batch->items[row]].count);
        for (int i = 0; i < batch->counts[row]; i++, box += 4) {
            CHECK_NEAR((box[0] - place->left) / place->scale_x, objects[i].box.left, 0.02);
            CHECK_NEAR((box[3] - place->top) / place->scale_y, objects[i].box.bottom, 0.02);
        }
    }
    /* above the image it is grey */
    CHECK_NEAR(batch->images[5 * SIDE + 50], 114.0 / 255, 1e-6);
    loader_free(loader);
    dataset_close(&dataset);
}

TEST(loader_knows_the_most_boxes_of_a_scene)
{
    struct dataset dataset;
    struct scene_settings settings = { 0 };
    int plain;

    open_sample(&dataset, DATASET_TASK_SEGMENTATION);
    plain = scene_most_objects(&dataset, DATASET_SPLIT_TRAIN, &settings);
    CHECK(plain >= 1 && plain <= SAMPLE_OBJECT_LIMIT);
    settings.mosaic = 1;
    CHECK(scene_most_objects(&dataset, DATASET_SPLIT_TRAIN, &settings) == 4 * plain);
    settings.mixup = 0.1;
    settings.copy_paste = 0.1;
    CHECK(scene_most_objects(&dataset, DATASET_SPLIT_TRAIN, &settings) == 16 * plain);
    dataset_close(&dataset);
}
