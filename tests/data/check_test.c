/* check_test.c - what `dataset check` finds in folders with known faults. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "data/check.h"
#include "data/sample.h"
#include "test.h"
#include "tree_support.h"
#include <stdlib.h>

static char root[500];

static void make_dataset(int train_per_class)
{
    const struct sample_options options = { .class_count = 2,
                                            .train_per_class = train_per_class,
                                            .val_per_class = 4,
                                            .image_size = 32,
                                            .seed = 3 };
    struct error err = { 0 };

    snprintf(root, sizeof(root), "%s/data", test_folder());
    CHECK_OK(sample_write(root, &options, &err), err);
}

static void copy(const char *from, const char *to)
{
    struct str bytes = STR_INIT;
    struct error err = { 0 };
    char path[700];

    snprintf(path, sizeof(path), "%s/%s", root, from);
    CHECK_OK(file_read(path, 1 << 20, &bytes, &err), err);
    tree_add(root, to, bytes.text, bytes.length);
    str_release(&bytes);
}

static void check(struct dataset *dataset, struct check_report *report)
{
    struct error err = { 0 };

    CHECK_OK(dataset_open(dataset, root, NULL, &err), err);
    CHECK_OK(check_run(report, dataset, &(struct check_options){ .threads = 2 }, &err), err);
}

static bool has_warning(const struct check_report *report, const char *part)
{
    for (int i = 0; i < report->warning_count; i++)
        if (strstr(report->warnings[i], part))
            return true;
    return false;
}

TEST(check_finds_nothing_wrong_with_the_sample)
{
    struct dataset dataset;
    struct check_report report;

    make_dataset(60);
    check(&dataset, &report);
    CHECK(report.good_count == 128);
    CHECK(report.corrupted_count == 0 && report.pair_count == 0 && report.rotated_count == 0);
    CHECK(report.warning_count == 0);
    CHECK(!report.obstacle);
    CHECK_NEAR(report.imbalance_ratio, 1, 0);
    CHECK(report.width_min == 32 && report.width_median == 32 && report.height_max == 32);
    check_release(&report);
    dataset_close(&dataset);
}

TEST(check_finds_duplicates_leaks_and_imbalance)
{
    struct dataset dataset;
    struct check_report report;

    make_dataset(4);
    for (int i = 10; i < 30; i++) {
        char path[100];

        snprintf(path, sizeof(path), "train/circle/%04d.jpg", i);
        copy(i == 10 ? "train/circle/0000.jpg" : "train/circle/0001.jpg", path);
    }
    copy("train/square/0002.jpg", "val/square/9999.jpg");
    check(&dataset, &report);
    CHECK(report.equal_count == 1 + 19 * 20 / 2 + 1);
    CHECK(report.leak_count == 1);
    for (int i = 0; i < report.pair_count; i++) {
        const struct check_pair *pair = &report.pairs[i];

        CHECK(pair->a < pair->b && pair->is_equal);
        if (pair->is_leak) {
            CHECK_TEXT(dataset.items[pair->a].path, "train/square/0002.jpg");
            CHECK_TEXT(dataset.items[pair->b].path, "val/square/9999.jpg");
        }
    }
    CHECK_NEAR(report.imbalance_ratio, 28.0 / 9, 1e-9);
    CHECK(has_warning(&report, "class imbalance: 'circle' has 3.1 times as many"));
    CHECK(has_warning(&report, "class 'square' has 9 images, below 70 %"));
    CHECK(has_warning(&report, "only 37 images"));
    CHECK(has_warning(&report, "lie in different splits"));
    CHECK(!report.obstacle);
    check_release(&report);
    dataset_close(&dataset);
}

TEST(check_names_what_does_not_decode)
{
    struct dataset dataset;
    struct check_report report;
    int item = -1;

    make_dataset(4);
    tree_add(root, "train/circle/0001.jpg", "\xff\xd8\xff\xe0 no image", 12);
    check(&dataset, &report);
    for (int i = 0; i < dataset.item_count; i++)
        if (report.files[i].message)
            item = i;
    CHECK(report.corrupted_count == 1 && report.good_count == 15);
    CHECK(item >= 0);
    CHECK_TEXT(dataset.items[item].path, "train/circle/0001.jpg");
    CHECK(strstr(report.files[item].message, "cannot decode '"));
    CHECK_TEXT(report.obstacle, "1 of 16 images do not decode, more than 5 %");
    check_release(&report);
    dataset_close(&dataset);
    for (int i = 0; i < 4; i++) {
        char path[100];

        snprintf(path, sizeof(path), "train/circle/%04d.jpg", i);
        tree_add(root, path, "nothing", 7);
    }
    check(&dataset, &report);
    CHECK_TEXT(report.obstacle, "class 'circle' has no decodable image in train");
    check_release(&report);
    dataset_close(&dataset);
}

TEST(check_writes_its_report_as_json)
{
    struct dataset dataset;
    struct check_report report;
    struct str text = STR_INIT;
    struct error err = { 0 };
    json_t *json, *quality;

    make_dataset(4);
    tree_add(root, "train/circle/notes.txt", "x", 1);
    tree_add(root, "train/circle/bad.png", "nothing", 7);
    copy("train/square/0002.jpg", "val/square/9999.jpg");
    check(&dataset, &report);
    check_write(&report, &text);
    json = json_parse(text.text, text.length, "report", &err);
    CHECK(json);
    CHECK_TEXT(json_string_value(json_object_get(json, "format")), "imagefolder");
    CHECK(json_integer_value(json_object_get(json_object_get(json, "structure"), "num_classes")) ==
          2);
    CHECK(json_integer_value(
              json_object_get(json_object_get(json, "samples_per_class"), "circle")) == 9);
    CHECK(json_integer_value(json_object_get(
              json_object_get(json_object_get(json, "statistics"), "image_formats"), "png")) == 1);
    quality = json_object_get(json, "quality_checks");
    CHECK(json_array_size(json_object_get(quality, "corrupted_files")) == 1);
    CHECK(json_array_size(json_object_get(quality, "duplicate_images")) == 1);
    CHECK(json_integer_value(json_object_get(quality, "across_splits_count")) == 1);
    CHECK(json_array_size(json_object_get(json, "excluded_files")) == 1);
    CHECK(json_array_size(json_object_get(json, "preview_images")) == 2);
    CHECK(json_is_false(json_object_get(json, "ready")));
    json_decref(json);
    str_release(&text);
    check_release(&report);
    dataset_close(&dataset);
}

TEST(check_counts_rotated_images)
{
    const char *folder = test_shared("data/awkward_images/exif_orientation");
    struct dataset dataset;
    struct check_report report;
    struct str bytes = STR_INIT;
    struct error err = { 0 };
    char **names = NULL, path[700];
    struct arena arena = ARENA_INIT;
    int count = 0, jpegs = 0;

    if (!folder)
        SKIP("the awkward images are not here");
    make_dataset(4);
    CHECK_OK(file_list(&arena, folder, &names, &count, &err), err);
    for (int i = 0; i < count; i++) {
        if (!str_ends_with(names[i], ".jpg"))
            continue;
        str_clear(&bytes);
        CHECK_OK(file_read(file_join(&arena, folder, names[i]), 1 << 24, &bytes, &err), err);
        snprintf(path, sizeof(path), "train/circle/%s", names[i]);
        tree_add(root, path, bytes.text, bytes.length);
        jpegs++;
    }
    check(&dataset, &report);
    CHECK(jpegs > 4);
    CHECK(report.rotated_count >= 7 && report.rotated_count < jpegs);
    check_release(&report);
    dataset_close(&dataset);
    str_release(&bytes);
    arena_release(&arena);
}

/* Two encodings of one photograph, in different splits: this data set really has them. */
TEST(check_finds_a_leak_in_real_images)
{
    const char *folder = test_shared("data/classification/dogs_cats");
    struct dataset dataset;
    struct check_report report;
    struct error err = { 0 };

    if (!folder)
        SKIP("the real data is not here");
    CHECK_OK(dataset_open(&dataset, folder, NULL, &err), err);
    CHECK_OK(check_run(&report, &dataset, &(struct check_options){ .threads = 2 }, &err), err);
    CHECK(report.good_count == 1000);
    CHECK(report.pair_count == 1 && report.leak_count == 1);
    CHECK(!report.pairs[0].is_equal);
    CHECK_TEXT(dataset.items[report.pairs[0].a].path, "train/dog/dog.180.jpg");
    CHECK_TEXT(dataset.items[report.pairs[0].b].path, "val/dog/dog.74.jpg");
    check_release(&report);
    dataset_close(&dataset);
}

TEST(check_accounts_for_real_images)
{
    const char *folder = test_shared("data/classification/imagenet10_origin");
    struct dataset dataset;
    struct check_report report;
    struct error err = { 0 };

    if (!folder)
        SKIP("the real data is not here");
    CHECK_OK(dataset_open(&dataset, folder, NULL, &err), err);
    CHECK_OK(check_run(&report, &dataset, NULL, &err), err);
    CHECK(report.good_count == dataset.item_count);
    CHECK(report.total_bytes > 0);
    check_release(&report);
    dataset_close(&dataset);
}
