/* sample_test.c - the drawn dataset: files, determinism, and what it says about its images. */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "data/decode.h"
#include "data/sample.h"
#include "data/sample_shapes.h"
#include "test.h"
#include "tree_support.h"
#include <stdlib.h>

static const struct sample_options small = {
    .class_count = 3, .train_per_class = 3, .val_per_class = 1, .image_size = 32, .seed = 5
};

static void check_refused(const char *folder, struct sample_options options, const char *message)
{
    struct error err = { 0 };

    CHECK(sample_write(folder, &options, &err) == -1);
    if (!strstr(err.text, message))
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", err.text, message);
}

TEST(sample_writes_a_dataset_that_opens)
{
    const char *folder = test_folder();
    char path[500];
    struct dataset dataset;
    struct decode_info info;
    struct error err = { 0 };
    struct decoder *decoder = decoder_new();

    snprintf(path, sizeof(path), "%s/made/here", folder);
    CHECK_OK(sample_write(path, &small, &err), err);
    CHECK_OK(dataset_open(&dataset, path, NULL, &err), err);
    CHECK(dataset.class_count == 3);
    CHECK_TEXT(dataset.classes[0], "circle");
    CHECK_TEXT(dataset.classes[1], "square");
    CHECK_TEXT(dataset.classes[2], "triangle");
    CHECK(dataset_count(&dataset, DATASET_SPLIT_TRAIN) == 9);
    CHECK(dataset_count(&dataset, DATASET_SPLIT_VAL) == 3);
    CHECK(dataset.warning_count == 0);
    snprintf(path, sizeof(path), "%s/%s", dataset.root, dataset.items[0].path);
    CHECK_OK(decoder_open(decoder, path, &info, &err), err);
    CHECK(info.width == 32 && info.height == 32);
    decoder_free(decoder);
    dataset_close(&dataset);
}

TEST(sample_draws_the_same_bytes_again)
{
    const char *folder = test_folder();
    struct sample_options more = small;
    struct str one = STR_INIT, two = STR_INIT;
    struct error err = { 0 };
    char path[500];

    more.train_per_class = 4;
    more.class_count = 5;
    snprintf(path, sizeof(path), "%s/a", folder);
    CHECK_OK(sample_write(path, &small, &err), err);
    snprintf(path, sizeof(path), "%s/b", folder);
    CHECK_OK(sample_write(path, &more, &err), err);
    snprintf(path, sizeof(path), "%s/a/train/square/0002.jpg", folder);
    CHECK_OK(file_read(path, 1 << 20, &one, &err), err);
    snprintf(path, sizeof(path), "%s/b/train/square/0002.jpg", folder);
    CHECK_OK(file_read(path, 1 << 20, &two, &err), err);
    CHECK(one.length == two.length && !memcmp(one.text, two.text, one.length));
    str_clear(&two);
    snprintf(path, sizeof(path), "%s/b/val/square/0000.jpg", folder);
    CHECK_OK(file_read(path, 1 << 20, &two, &err), err);
    CHECK(one.length != two.length || memcmp(one.text, two.text, one.length));
    str_release(&one);
    str_release(&two);
}

TEST(sample_scene_says_exactly_where_the_shape_is)
{
    struct sample_options options = small;
    uint8_t pixels[48 * 48 * 3];

    options.class_count = SAMPLE_CLASS_LIMIT;
    options.image_size = 48;
    for (int class_id = 0; class_id < SAMPLE_CLASS_LIMIT; class_id++)
        for (int i = 0; i < 3; i++) {
            struct sample_scene scene;
            double inside = 0;

            sample_draw(&options, DATASET_SPLIT_TRAIN, class_id, i, pixels, &scene);
            CHECK(scene.class_id == class_id);
            CHECK(scene.x >= 0 && scene.x + scene.width <= 48);
            CHECK(scene.y >= 0 && scene.y + scene.height <= 48);
            CHECK(scene.width > 8 && scene.height > 8);
            CHECK(scene.loops[0].count >= 3 && scene.loops[0].count <= SAMPLE_POINT_LIMIT);
            for (int y = 0; y < 48; y++)
                for (int x = 0; x < 48; x++) {
                    bool is_in = sample_distance(&scene, x + 0.5, y + 0.5) < 0;

                    inside += is_in;
                    if (is_in) {
                        CHECK(x + 0.5 >= scene.x && x + 0.5 <= scene.x + scene.width);
                        CHECK(y + 0.5 >= scene.y && y + 0.5 <= scene.y + scene.height);
                    }
                }
            CHECK(inside > 0.15 * scene.width * scene.height);
            CHECK(scene.keypoints[SAMPLE_KEYPOINT_TOP].x != scene.keypoints[0].x);
        }
}

TEST(sample_shapes_are_distinct_and_a_ring_has_a_hole)
{
    struct sample_scene scene = { 0 };

    sample_shapes[5].outline(&scene);
    CHECK_TEXT(sample_shapes[5].name, "ring");
    CHECK(scene.loop_count == 2);
    CHECK(sample_distance(&scene, 0, 0) > 0);
    CHECK(sample_distance(&scene, 0.7, 0) < 0);
    CHECK_NEAR(sample_distance(&scene, 1.95, 0), 1, 0.01);
    for (int i = 1; i < SAMPLE_CLASS_LIMIT; i++)
        CHECK(strcmp(sample_class_name(SAMPLE_CLASS_LIMIT, i - 1),
                     sample_class_name(SAMPLE_CLASS_LIMIT, i)) < 0);
}

TEST(sample_refuses_bad_options_and_full_folders)
{
    const char *folder = test_folder();
    struct sample_options options = small;

    options.class_count = 11;
    check_refused(folder, options, "2 to 10 classes, not 11");
    options = small;
    options.image_size = 8;
    check_refused(folder, options, "image size is 8");
    options = small;
    options.val_per_class = -1;
    check_refused(folder, options, "at least one image");
    tree_add(folder, "mine.txt", "x", 1);
    check_refused(folder, small, "is not empty");
}
