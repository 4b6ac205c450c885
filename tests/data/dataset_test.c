/* dataset_test.c - layouts, classes, splits, accounts and errors of image folders. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "data/dataset.h"
#include "test.h"
#include "tree_support.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_fails(const char *folder, const struct dataset_options *options,
                        enum error_kind kind, const char *part)
{
    struct dataset dataset;
    struct error err = { 0 };

    CHECK(dataset_open(&dataset, folder, options, &err) == -1);
    if (!strstr(err.text, part))
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", err.text, part);
    CHECK(err.kind == kind);
}

static const char *find_reason(const struct dataset *dataset, const char *path)
{
    for (int i = 0; i < dataset->excluded_count; i++)
        if (!strcmp(dataset->excluded[i].path, path))
            return dataset->excluded[i].reason;
    return NULL;
}

static bool has_warning(const struct dataset *dataset, const char *part)
{
    for (int i = 0; i < dataset->warning_count; i++)
        if (strstr(dataset->warnings[i], part))
            return true;
    return false;
}

static bool has_item(const struct dataset *dataset, const char *path, enum dataset_split split)
{
    for (int i = 0; i < dataset->item_count; i++)
        if (!strcmp(dataset->items[i].path, path))
            return dataset->items[i].split == split;
    return false;
}

TEST(dataset_reads_train_and_val_folders)
{
    const char *folder = test_folder();
    struct dataset dataset;
    struct error err = { 0 };

    tree_add_many(folder, "train/dog/d", 3);
    tree_add_many(folder, "train/cat/c", 2);
    tree_add_many(folder, "val/cat/v", 2);
    tree_add_many(folder, "val/dog/inner/v", 1);
    tree_add_many(folder, "test/dog/t", 1);
    CHECK_OK(dataset_open(&dataset, folder, NULL, &err), err);
    CHECK(dataset.class_count == 2);
    CHECK_TEXT(dataset.classes[0], "cat");
    CHECK_TEXT(dataset.classes[1], "dog");
    CHECK_TEXT(dataset.format, "imagefolder");
    CHECK(dataset_count(&dataset, DATASET_SPLIT_TRAIN) == 5);
    CHECK(dataset_count(&dataset, DATASET_SPLIT_VAL) == 3);
    CHECK(dataset_count(&dataset, DATASET_SPLIT_TEST) == 1);
    CHECK(dataset.class_counts[DATASET_SPLIT_TRAIN][1] == 3);
    CHECK(has_item(&dataset, "val/dog/inner/v000.jpg", DATASET_SPLIT_VAL));
    CHECK(!dataset.is_divided);
    CHECK(dataset.has_folder[DATASET_SPLIT_TEST]);
    CHECK(dataset.warning_count == 0);
    CHECK(dataset.excluded_count == 0);
    for (int i = 1; i < dataset.item_count; i++)
        CHECK(strcmp(dataset.items[i - 1].path, dataset.items[i].path) < 0);
    dataset_close(&dataset);
}

TEST(dataset_accepts_split_names_in_any_case_and_a_wrapping_folder)
{
    const char *folder = test_folder();
    struct dataset dataset;
    struct error err = { 0 };

    tree_add_many(folder, "archive/Training/a/x", 2);
    tree_add_many(folder, "archive/Training/b/x", 2);
    tree_add_many(folder, "archive/VALIDATION/a/x", 1);
    tree_add_many(folder, "archive/VALIDATION/b/x", 1);
    tree_add_many(folder, "archive/testing/b/x", 1);
    tree_add(folder, "readme.txt", "hello", 5);
    CHECK_OK(dataset_open(&dataset, folder, NULL, &err), err);
    CHECK(has_item(&dataset, "archive/Training/a/x001.jpg", DATASET_SPLIT_TRAIN));
    CHECK(has_item(&dataset, "archive/VALIDATION/b/x000.jpg", DATASET_SPLIT_VAL));
    CHECK(has_item(&dataset, "archive/testing/b/x000.jpg", DATASET_SPLIT_TEST));
    CHECK_TEXT(find_reason(&dataset, "readme.txt"), "not an image by its name");
    dataset_close(&dataset);
}

TEST(dataset_accounts_for_every_file)
{
    const char *folder = test_folder();
    struct dataset dataset;
    struct error err = { 0 };
    const char *const exclude[] = { "train/a/x001.jpg" };

    tree_add_many(folder, "train/a/x", 3);
    tree_add_many(folder, "train/b/x", 2);
    tree_add_many(folder, "train/empty/.x", 1);
    tree_add_many(folder, "val/a/x", 1);
    tree_add_many(folder, "val/only/x", 2);
    tree_add_many(folder, "notes/x", 1);
    tree_add(folder, "train/loose.png", "x", 1);
    tree_add(folder, "train/a/Thumbs.db", "x", 1);
    tree_add(folder, "train/a/.hidden.jpg", "x", 1);
    tree_add(folder, "train/a/zero.jpg", "", 0);
    tree_add(folder, "train/a/UPPER.JPEG", "x", 1);
    tree_add(folder, "train/a/t.TIF", "x", 1);
    CHECK_OK(dataset_open(&dataset, folder,
                          &(struct dataset_options){ .exclude = exclude, .exclude_count = 1 },
                          &err),
             err);
    CHECK(dataset.class_count == 2);
    CHECK_TEXT(find_reason(&dataset, "train/a/x001.jpg"), "on the exclude list");
    CHECK_TEXT(find_reason(&dataset, "train/empty/.x000.jpg"), "hidden");
    CHECK_TEXT(find_reason(&dataset, "val/only/x001.jpg"), "its class has no images in train");
    CHECK_TEXT(find_reason(&dataset, "notes/x000.jpg"), "outside the split folders");
    CHECK_TEXT(find_reason(&dataset, "train/loose.png"), "not inside a class folder");
    CHECK_TEXT(find_reason(&dataset, "train/a/Thumbs.db"), "not an image by its name");
    CHECK_TEXT(find_reason(&dataset, "train/a/zero.jpg"), "empty file");
    CHECK(has_item(&dataset, "train/a/UPPER.JPEG", DATASET_SPLIT_TRAIN));
    CHECK(has_item(&dataset, "train/a/t.TIF", DATASET_SPLIT_TRAIN));
    CHECK(has_warning(&dataset, "'train/empty' holds no images"));
    CHECK(has_warning(&dataset, "class 'only' has images in val but none in train"));
    CHECK(has_warning(&dataset, "class 'b' has no images in val"));
    CHECK(has_warning(&dataset, "'notes' stands beside the split folders"));
    CHECK(dataset.item_count + dataset.excluded_count == 16);
    dataset_close(&dataset);
}

TEST(dataset_divides_a_flat_folder_by_class)
{
    const char *folder = test_folder();
    struct dataset dataset, again, other;
    struct error err = { 0 };
    int moved = 0;

    tree_add_many(folder, "a/x", 50);
    tree_add_many(folder, "b/x", 10);
    tree_add_many(folder, "pair/x", 2);
    tree_add_many(folder, "test/x", 1); /* without a train folder this is a class */
    CHECK_OK(dataset_open(&dataset, folder, NULL, &err), err);
    CHECK(dataset.is_divided);
    CHECK(dataset.seed == 42);
    CHECK_NEAR(dataset.train_ratio, 0.8, 0);
    CHECK(dataset.class_count == 4);
    CHECK(dataset.class_counts[DATASET_SPLIT_TRAIN][0] == 40);
    CHECK(dataset.class_counts[DATASET_SPLIT_VAL][0] == 10);
    CHECK(dataset.class_counts[DATASET_SPLIT_TRAIN][1] == 8);
    CHECK(dataset.class_counts[DATASET_SPLIT_VAL][1] == 2);
    CHECK(dataset.class_counts[DATASET_SPLIT_TRAIN][2] == 1);
    CHECK(dataset.class_counts[DATASET_SPLIT_VAL][2] == 1);
    CHECK(dataset.class_counts[DATASET_SPLIT_TRAIN][3] == 1);
    CHECK(dataset.class_counts[DATASET_SPLIT_VAL][3] == 0);
    CHECK(has_warning(&dataset, "class 'test' has no images in val"));

    CHECK_OK(dataset_open(&again, folder, NULL, &err), err);
    CHECK_OK(dataset_open(&other, folder, &(struct dataset_options){ .seed = 7 }, &err), err);
    for (int i = 0; i < dataset.item_count; i++) {
        CHECK(dataset.items[i].split == again.items[i].split);
        moved += dataset.items[i].split != other.items[i].split;
    }
    CHECK(moved > 0);
    CHECK_TEXT(dataset.hash, other.hash);
    dataset_close(&dataset);
    dataset_close(&again);
    dataset_close(&other);
}

TEST(dataset_divides_train_when_val_is_missing_or_auto_is_asked)
{
    const char *folder = test_folder();
    struct dataset dataset;
    struct error err = { 0 };
    struct dataset_options options = { .method = DATASET_SPLIT_AUTO, .train_ratio = 0.5 };

    tree_add_many(folder, "train/a/x", 10);
    tree_add_many(folder, "train/b/x", 10);
    tree_add_many(folder, "test/b/x", 3);
    CHECK_OK(dataset_open(&dataset, folder, NULL, &err), err);
    CHECK(dataset.is_divided);
    CHECK(dataset_count(&dataset, DATASET_SPLIT_VAL) == 4);
    CHECK(dataset_count(&dataset, DATASET_SPLIT_TEST) == 3);
    dataset_close(&dataset);

    tree_add_many(folder, "val/a/y", 2);
    CHECK_OK(dataset_open(&dataset, folder, &options, &err), err);
    CHECK(dataset.class_counts[DATASET_SPLIT_TRAIN][0] == 6);
    CHECK(dataset.class_counts[DATASET_SPLIT_VAL][0] == 6);
    CHECK(dataset.class_counts[DATASET_SPLIT_VAL][1] == 5);
    CHECK(dataset.class_counts[DATASET_SPLIT_TEST][1] == 3);
    dataset_close(&dataset);
}

TEST(dataset_follows_custom_assignments)
{
    const char *folder = test_folder();
    struct dataset dataset;
    struct error err = { 0 };
    const struct dataset_assignment assignments[] = { { "a/x000.jpg", DATASET_SPLIT_VAL },
                                                      { "b/x001.jpg", DATASET_SPLIT_VAL },
                                                      { "b/x002.jpg", DATASET_SPLIT_TEST } };
    const struct dataset_assignment wrong = { "c/x000.jpg", DATASET_SPLIT_VAL };
    struct dataset_options options = { .method = DATASET_SPLIT_CUSTOM,
                                       .assignments = assignments,
                                       .assignment_count = 3 };

    tree_add_many(folder, "a/x", 4);
    tree_add_many(folder, "b/x", 4);
    CHECK_OK(dataset_open(&dataset, folder, &options, &err), err);
    CHECK(!dataset.is_divided);
    CHECK(dataset_count(&dataset, DATASET_SPLIT_TRAIN) == 5);
    CHECK(has_item(&dataset, "a/x000.jpg", DATASET_SPLIT_VAL));
    CHECK(has_item(&dataset, "b/x002.jpg", DATASET_SPLIT_TEST));
    dataset_close(&dataset);
    options.assignments = &wrong;
    options.assignment_count = 1;
    check_fails(folder, &options, ERR_INVALID, "'c/x000.jpg', which is not an image");
}

TEST(dataset_hash_sees_names_and_sizes)
{
    const char *folder = test_folder();
    struct dataset before, after;
    struct error err = { 0 };

    tree_add_many(folder, "a/x", 3);
    tree_add_many(folder, "b/x", 3);
    CHECK_OK(dataset_open(&before, folder, NULL, &err), err);
    CHECK(strlen(before.hash) == 64);
    tree_add(folder, "b/x001.jpg", "longer than before", 18);
    CHECK_OK(dataset_open(&after, folder, NULL, &err), err);
    CHECK(strcmp(before.hash, after.hash));
    dataset_close(&before);
    dataset_close(&after);
}

TEST(dataset_refuses_what_cannot_be_trained_on)
{
    const char *folder = test_folder();
    char path[500];

    check_fails("/nowhere/at/all", NULL, ERR_NOT_FOUND, "cannot open the dataset '/nowhere");
    check_fails(folder, NULL, ERR_INVALID, "holds no images");
    check_fails(folder, &(struct dataset_options){ .format = "yolo" }, ERR_UNSUPPORTED,
                "dataset format 'yolo' is not supported");
    check_fails(folder, &(struct dataset_options){ .train_ratio = 1.5 }, ERR_INVALID,
                "train ratio 1.5");
    tree_add_many(folder, "a/x", 3);
    check_fails(folder, NULL, ERR_INVALID, "has one class only, 'a'");
    snprintf(path, sizeof(path), "%s/a/x000.jpg", folder);
    check_fails(path, NULL, ERR_INVALID, "is not a folder");
    tree_add_many(folder, "val/b/x", 3);
    snprintf(path, sizeof(path), "%s/a", folder);
    check_fails(path, NULL, ERR_INVALID, "holds no images in class folders");
    snprintf(path, sizeof(path), "%s/sole", folder);
    tree_add_many(folder, "sole/val/a/x", 3);
    check_fails(path, NULL, ERR_INVALID, "but no folder 'train'");
}

TEST(dataset_refuses_ambiguous_and_single_image_splits)
{
    const char *folder = test_folder();
    char path[500];

    tree_add_many(folder, "one/train/a/x", 2);
    tree_add_many(folder, "one/training/b/x", 2);
    snprintf(path, sizeof(path), "%s/one", folder);
    check_fails(path, NULL, ERR_INVALID, "both 'train' and 'training'");
    tree_add_many(folder, "two/a/x", 1);
    tree_add_many(folder, "two/b/x", 1);
    snprintf(path, sizeof(path), "%s/two", folder);
    check_fails(path, NULL, ERR_INVALID, "nothing to validate with");
}

TEST(dataset_names_an_unreadable_folder)
{
    const char *folder = test_folder();
    char path[500];

    if (geteuid() == 0)
        SKIP("root may read everything");
    tree_add_many(folder, "a/x", 2);
    tree_add_many(folder, "b/x", 2);
    snprintf(path, sizeof(path), "%s/b", folder);
    CHECK(chmod(path, 0) == 0);
    check_fails(folder, NULL, ERR_DENIED, "cannot read the folder");
    CHECK(chmod(path, 0700) == 0);
}

TEST(dataset_writes_disjoint_split_lists)
{
    const char *folder = test_folder();
    char out[500], path[600];
    struct dataset dataset;
    struct error err = { 0 };
    struct str text = STR_INIT;
    json_t *metadata;

    tree_add_many(folder, "data/a b/x", 10);
    tree_add_many(folder, "data/c/x", 5);
    snprintf(path, sizeof(path), "%s/data", folder);
    snprintf(out, sizeof(out), "%s/run", folder);
    CHECK_OK(dataset_open(&dataset, path, &(struct dataset_options){ .format = "dice" }, &err),
             err);
    CHECK_OK(dataset_write_splits(&dataset, out, &err), err);
    CHECK(tree_count_lines(out, "splits/train.txt") == 12);
    CHECK(tree_count_lines(out, "splits/val.txt") == 3);
    CHECK(tree_count_lines(out, "splits/classes.txt") == 2);
    snprintf(path, sizeof(path), "%s/splits/split_metadata.json", out);
    CHECK_OK(file_read(path, 1 << 20, &text, &err), err);
    metadata = json_parse(text.text, text.length, "split_metadata.json", &err);
    CHECK(metadata);
    CHECK_TEXT(json_string_value(json_object_get(metadata, "content_hash")), dataset.hash);
    CHECK_TEXT(json_string_value(json_object_get(metadata, "format")), "dice");
    CHECK(json_integer_value(json_object_get(metadata, "seed")) == 42);
    json_decref(metadata);
    str_clear(&text);
    snprintf(path, sizeof(path), "%s/splits/val.txt", out);
    CHECK_OK(file_read(path, 1 << 20, &text, &err), err);
    for (int i = 0; i < dataset.item_count; i++) {
        char line[300];

        snprintf(line, sizeof(line), "%s %d\n", dataset.items[i].path, dataset.items[i].class_id);
        CHECK(!strstr(text.text, line) == (dataset.items[i].split != DATASET_SPLIT_VAL));
    }
    str_release(&text);
    dataset_close(&dataset);
}

TEST(dataset_reads_real_folders)
{
    const char *folder = test_shared("data/classification/dogs_cats");
    struct dataset dataset;
    struct error err = { 0 };

    if (!folder)
        SKIP("the real data is not here");
    CHECK_OK(dataset_open(&dataset, folder, NULL, &err), err);
    CHECK(dataset.class_count == 2);
    CHECK(dataset.item_count == 1000);
    CHECK(!dataset.is_divided);
    CHECK_TEXT(find_reason(&dataset, "README.md"), "not an image by its name");
    dataset_close(&dataset);
}
