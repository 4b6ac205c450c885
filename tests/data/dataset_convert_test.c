/* What survives a conversion: the order of classes, every image, ids that results refer to. */
#include "data/dataset_convert.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "data/sample.h"
#include "test.h"
#include "tree_support.h"
#include <stdio.h>

static struct error err;
static char root[400], first_set[450], second_set[450];

static const struct dataset_options lenient = { .task = DATASET_TASK_BY_CONTENT,
                                                .is_lenient = true };

static void name_folders(void)
{
    snprintf(root, sizeof(root), "%s/data", test_folder());
    snprintf(first_set, sizeof(first_set), "%s/first", test_folder());
    snprintf(second_set, sizeof(second_set), "%s/second", test_folder());
}

static void move(const char *from, const char *to)
{
    char source[600], target[600];

    snprintf(source, sizeof(source), "%s/%s", root, from);
    snprintf(target, sizeof(target), "%s/%s", root, to);
    CHECK(rename(source, target) == 0);
}

static void put(const char *folder, const char *path, const char *text)
{
    tree_add(folder, path, text, strlen(text));
}

static void read(const char *folder, const char *path, struct str *text)
{
    char whole[600];

    str_clear(text);
    snprintf(whole, sizeof(whole), "%s/%s", folder, path);
    CHECK_OK(file_read(whole, 1 << 20, text, &err), err);
}

/* Names with blanks, one of which looks like a flag of VOC's lists; classes in no order. */
static void make_dataset(void)
{
    const struct sample_options options = { .task = DATASET_TASK_DETECTION, .train_count = 4,
                                            .val_count = 2, .image_size = 64, .seed = 5 };

    name_folders();
    CHECK_OK(sample_write(root, &options, &err), err);
    put(root, "data.yaml", "path: .\ntrain: images/train\nval: images/val\n"
                           "names: [zebra, ant, 'big cat', mouse]\n");
    move("images/train/000000000001.jpg", "images/train/my photo 1.jpg");
    move("labels/train/000000000001.txt", "labels/train/my photo 1.txt");
    move("images/train/000000000002.jpg", "images/train/a b.jpg");
    move("labels/train/000000000002.txt", "labels/train/a b.txt");
}

static void convert(const char *from, const char *to, const char *format,
                    struct convert_result *result, struct dataset *dataset)
{
    CHECK_OK(dataset_open(dataset, from, &lenient, &err), err);
    CHECK_OK(dataset_convert(dataset, to, format, result, &err), err);
}

TEST(convert_to_voc_and_back_keeps_images_and_classes)
{
    struct dataset first, there, back;
    struct convert_result result;

    make_dataset();
    convert(root, first_set, "voc", &result, &first);
    CHECK(result.images == 6 && !result.reordered_classes);
    convert(first_set, second_set, "yolo", &result, &there);
    CHECK_TEXT(there.format, "voc");
    CHECK(there.item_count == 6 && there.finding_count == 0 && there.class_count == 4);
    CHECK(dataset_count(&there, DATASET_SPLIT_TRAIN) == 4);
    CHECK_OK(dataset_open(&back, second_set, &lenient, &err), err);
    for (int c = 0; c < 4; c++)
        CHECK_TEXT(back.classes[c], first.classes[c]);
    CHECK_TEXT(back.hash, first.hash);
    dataset_close(&first);
    dataset_close(&there);
    dataset_close(&back);
}

TEST(convert_to_voc_tells_of_classes_that_become_one)
{
    struct dataset first, there;
    struct convert_result result;

    make_dataset();
    put(root, "data.yaml", "path: .\ntrain: images/train\nval: images/val\n"
                           "names: [zebra, ant, 'zebra ', mouse]\n");
    convert(root, first_set, "voc", &result, &first);
    CHECK(result.reordered_classes);
    CHECK_OK(dataset_open(&there, first_set, &lenient, &err), err);
    CHECK(there.class_count == 3);
    CHECK_TEXT(there.classes[2], "mouse");
    dataset_close(&first);
    dataset_close(&there);
}

TEST(voc_lists_may_have_flags_and_name_what_is_missing)
{
    const struct dataset_options strict = { .task = DATASET_TASK_DETECTION };
    struct dataset first, dataset;
    struct convert_result result;
    int found = 0;
    bool is_warned = false;

    make_dataset();
    convert(root, first_set, "voc", &result, &first);
    dataset_close(&first);
    put(first_set, "ImageSets/Main/train.txt",
        "my photo 1  1\r\na b -1\n000000000003.jpg\nJPEGImages/000000000004\n\ngone away 0\n");
    put(first_set, "labels.txt", "no\nsuch\nclass\n"); /* about something else */
    CHECK_OK(dataset_open(&dataset, first_set, &strict, &err), err);
    CHECK(dataset.item_count == 6 && dataset_count(&dataset, DATASET_SPLIT_TRAIN) == 4);
    CHECK_TEXT(dataset.classes[0], "ant");
    for (int i = 0; i < dataset.finding_count; i++)
        if (dataset.findings[i].line == 6) {
            found++;
            CHECK_TEXT(dataset.findings[i].path, "ImageSets/Main/train.txt");
            CHECK_TEXT(dataset.findings[i].message, "no such image: 'gone away'");
        }
    for (int i = 0; i < dataset.warning_count; i++)
        is_warned |= !strcmp(dataset.warnings[i], "images that are listed or labelled and not "
                                                  "there: 1, the first is 'gone away'");
    CHECK(found == 1 && dataset.finding_count == 1 && is_warned);
    dataset_close(&dataset);
}

/* 8 x 6 pixels */
static const unsigned char bmp[54 + 6 * 24] = { 'B', 'M', 198, [10] = 54, [14] = 40, [18] = 8,
                                                [22] = 6, [26] = 1, [28] = 24 };

static void put_coco(const char *split, int image_id)
{
    char path[60], text[700];

    snprintf(path, sizeof(path), "images/%s/%s.bmp", split, split);
    tree_add(root, path, bmp, sizeof(bmp));
    snprintf(path, sizeof(path), "annotations/instances_%s.json", split);
    snprintf(text, sizeof(text),
             "{\"images\":[{\"id\":%d,\"file_name\":\"%s.bmp\",\"width\":8,\"height\":6}],"
             "\"categories\":[{\"id\":90,\"name\":\"toothbrush\"},{\"id\":17,\"name\":\"cat\"}],"
             "\"annotations\":[{\"id\":1,\"image_id\":%d,\"category_id\":90,\"bbox\":[1,1,4,2]},"
             "{\"id\":2,\"image_id\":%d,\"category_id\":17,\"bbox\":[2,1,4,2]}]}",
             image_id, split, image_id, image_id);
    put(root, path, text);
}

TEST(convert_keeps_the_ids_of_coco)
{
    struct dataset dataset;
    struct convert_result result;
    struct str text = STR_INIT;

    name_folders();
    put_coco("train", 139);
    put_coco("val", 139); /* another image: files are numbered on their own */
    convert(root, first_set, "coco", &result, &dataset);
    read(first_set, "annotations/instances_val.json", &text);
    CHECK(strstr(text.text, "{\"id\":139,\"file_name\":\"val.bmp\""));
    CHECK(strstr(text.text, "{\"id\":17,\"name\":\"cat\"}"));
    CHECK(strstr(text.text, "{\"id\":90,\"name\":\"toothbrush\"}"));
    CHECK(strstr(text.text, "\"image_id\":139,\"category_id\":90,\"bbox\":[1,1,4,2]"));
    CHECK(strstr(text.text, "\"image_id\":139,\"category_id\":17,\"bbox\":[2,1,4,2]"));
    CHECK_OK(dataset_convert(&dataset, second_set, "yolo", &result, &err), err);
    read(second_set, "labels/val/val.txt", &text);
    CHECK(str_starts_with(text.text, "1 ") && strstr(text.text, "\n0 "));
    dataset_close(&dataset);
    str_release(&text);
}

/* Train and val become one file, in which two images cannot have one id. */
TEST(convert_numbers_images_anew_where_ids_repeat)
{
    struct dataset dataset;
    struct convert_result result;
    struct str text = STR_INIT;

    name_folders();
    put_coco("train", 139);
    put_coco("val", 139);
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    dataset.is_divided = true;
    CHECK_OK(dataset_convert(&dataset, first_set, "coco", &result, &err), err);
    read(first_set, "annotations/instances_train.json", &text);
    CHECK(strstr(text.text, "\"id\":1,") && strstr(text.text, "{\"id\":2,\"file_name\""));
    CHECK(!strstr(text.text, "139") && strstr(text.text, "\"category_id\":90"));
    dataset_close(&dataset);
    str_release(&text);
}
