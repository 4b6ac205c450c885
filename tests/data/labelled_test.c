/* Data sets of boxes, outlines and key points: real ones and made ones. */
#include "base/error.h"
#include "data/dataset.h"
#include "data/mask.h"
#include "test.h"
#include "tree_support.h"
#include <stdlib.h>

static void open_shared(struct dataset *dataset, const char *path, enum dataset_task task,
                        const char *format, bool is_lenient)
{
    const struct dataset_options options = { .task = task, .format = format,
                                             .is_lenient = is_lenient };
    const char *folder = test_shared(path);
    struct error err = { 0 };

    if (!folder)
        SKIP("../shared/%s is not there", path);
    CHECK_OK(dataset_open(dataset, folder, &options, &err), err);
}

static int object_count(const struct dataset *dataset)
{
    int count = 0;

    for (int i = 0; i < dataset->item_count; i++)
        count += dataset->annotations.images[i].count;
    return count;
}

TEST(labelled_reads_yolo_boxes_of_bccd)
{
    struct dataset dataset;
    const struct annotation *item;

    open_shared(&dataset, "data/detection/bccd", DATASET_TASK_BY_CONTENT, "yolo", false);
    CHECK(dataset.task == DATASET_TASK_DETECTION);
    CHECK(dataset.item_count == 292 && dataset.class_count == 3);
    CHECK(dataset_count(&dataset, DATASET_SPLIT_VAL) == 87);
    CHECK(object_count(&dataset) == 3941);
    CHECK(dataset.finding_count == 0);
    CHECK(dataset.rows.used == 3941);
    CHECK_TEXT(dataset.classes[2], "Platelets");
    item = annotations_of(&dataset.annotations, 0);
    CHECK(item->box.right > item->box.left && item->box.right <= 640);
    dataset_close(&dataset);
}

TEST(labelled_reads_list_files_of_raccoon)
{
    struct dataset dataset;

    open_shared(&dataset, "data/detection/raccoon", DATASET_TASK_BY_CONTENT, NULL, false);
    CHECK_TEXT(dataset.format, "yolo");
    CHECK(dataset_count(&dataset, DATASET_SPLIT_TRAIN) == 136);
    CHECK(dataset_count(&dataset, DATASET_SPLIT_VAL) == 24);
    CHECK(object_count(&dataset) == 173);
    dataset_close(&dataset);
}

TEST(labelled_reads_yolo_without_data_yaml)
{
    struct dataset dataset;

    open_shared(&dataset, "data/detection/coco8_origin", DATASET_TASK_BY_CONTENT, NULL, false);
    CHECK(dataset.item_count == 8 && dataset_count(&dataset, DATASET_SPLIT_VAL) == 4);
    CHECK(dataset.task == DATASET_TASK_DETECTION);
    dataset_close(&dataset);
    open_shared(&dataset, "data/instance_seg/coco8_seg_origin", DATASET_TASK_BY_CONTENT, NULL,
                false);
    CHECK(dataset.item_count == 8 && dataset.task == DATASET_TASK_SEGMENTATION);
    CHECK(dataset.annotations.items[0].ring_count == 1);
    dataset_close(&dataset);
}

TEST(labelled_reads_yolo_pose_of_mirror_mouse)
{
    struct dataset dataset;

    open_shared(&dataset, "data/pose/mirror_mouse", DATASET_TASK_BY_CONTENT, NULL, false);
    CHECK(dataset.task == DATASET_TASK_POSE && dataset.annotations.keypoint_count == 17);
    CHECK(dataset.keypoint_size == 3 && object_count(&dataset) == 62);
    CHECK(dataset_count(&dataset, DATASET_SPLIT_VAL) == 12);
    dataset_close(&dataset);
}

TEST(labelled_accounts_for_everything_in_ships_dirty)
{
    struct dataset dataset;
    int added = 0, boxes = 0, clipped = 0;

    open_shared(&dataset, "data/detection/ships_dirty", DATASET_TASK_BY_CONTENT, NULL, true);
    CHECK(dataset.item_count == 63);
    CHECK(dataset.rows.used + dataset.rows.fixed + dataset.rows.excluded == 82);
    for (int i = 0; i < dataset.finding_count; i++) {
        const struct dataset_finding *f = &dataset.findings[i];

        added += f->line > 0 && !strcmp(f->remedy, "add_classes");
        boxes += f->line > 0 && !strcmp(f->remedy, "boxes");
        clipped += f->line > 0 && !strcmp(f->remedy, "clip");
        if (getenv("SHOW"))
            printf("%s:%d %s [%s]\n", f->path, f->line, f->message, f->remedy);
    }
    CHECK(added == 54 && dataset.wanted_class_count == 5);
    dataset_close(&dataset);
}

/* The same data set in two formats: boxes differ by what six decimals cannot hold. */
static void check_same_boxes(const struct dataset *a, const struct dataset *b, double tolerance)
{
    CHECK(a->item_count == b->item_count && a->class_count == b->class_count);
    for (int i = 0; i < a->item_count; i++) {
        const struct annotation *first = annotations_of(&a->annotations, i);
        const struct annotation *second = annotations_of(&b->annotations, i);

        CHECK_TEXT(a->items[i].path, b->items[i].path);
        CHECK(a->items[i].split == b->items[i].split);
        CHECK(a->annotations.images[i].count == b->annotations.images[i].count);
        for (int j = 0; j < a->annotations.images[i].count; j++) {
            CHECK(first[j].class_id == second[j].class_id);
            CHECK_NEAR(first[j].box.left, second[j].box.left, tolerance);
            CHECK_NEAR(first[j].box.top, second[j].box.top, tolerance);
            CHECK_NEAR(first[j].box.right, second[j].box.right, tolerance);
            CHECK_NEAR(first[j].box.bottom, second[j].box.bottom, tolerance);
        }
    }
}

TEST(labelled_reads_the_same_from_coco_as_from_yolo)
{
    static const struct {
        const char *path;
        enum dataset_task task;
    } sets[] = { { "data/detection/bccd", DATASET_TASK_DETECTION },
                 { "data/pose/mirror_mouse", DATASET_TASK_POSE } };

    for (int i = 0; i < 2; i++) {
        struct dataset yolo, coco;

        open_shared(&yolo, sets[i].path, sets[i].task, "yolo", false);
        open_shared(&coco, sets[i].path, sets[i].task, "coco", false);
        CHECK(coco.finding_count == 0);
        check_same_boxes(&yolo, &coco, 0.01);
        CHECK(yolo.annotations.keypoint_total == coco.annotations.keypoint_total);
        for (int64_t k = 0; k < yolo.annotations.keypoint_total; k++) {
            CHECK_NEAR(yolo.annotations.keypoints[k].x, coco.annotations.keypoints[k].x, 0.01);
            CHECK(yolo.annotations.keypoints[k].visibility ==
                  coco.annotations.keypoints[k].visibility);
        }
        dataset_close(&yolo);
        dataset_close(&coco);
    }
}

TEST(labelled_reads_outlines_of_nuclei)
{
    struct dataset dataset;

    open_shared(&dataset, "data/instance_seg/nuclei", DATASET_TASK_BY_CONTENT, "coco", false);
    CHECK(dataset.task == DATASET_TASK_SEGMENTATION);
    CHECK(dataset_count(&dataset, DATASET_SPLIT_TRAIN) == 90);
    CHECK(object_count(&dataset) == 3802 && dataset.rows.used == 3802);
    CHECK(dataset.annotations.ring_count >= 3802);
    dataset_close(&dataset);
    open_shared(&dataset, "data/instance_seg/nuclei", DATASET_TASK_BY_CONTENT, NULL, false);
    CHECK_TEXT(dataset.format, "yolo");
    CHECK(object_count(&dataset) > 3700);
    dataset_close(&dataset);
}

/* ---- DICE: made data sets, one image of 8 x 6 pixels each --------------------------------- */

static const unsigned char bmp[54 + 6 * 24] = { 'B', 'M', 198, [10] = 54, [14] = 40, [18] = 8,
                                                [22] = 6, [26] = 1, [28] = 24 };

static void open_made(struct dataset *dataset, const char *folder)
{
    const struct dataset_options options = { .task = DATASET_TASK_BY_CONTENT,
                                             .is_lenient = true };
    struct error err = { 0 };

    CHECK_OK(dataset_open(dataset, folder, &options, &err), err);
    CHECK_TEXT(dataset->format, "dice");
}

TEST(labelled_reads_dice_with_a_background_class)
{
    static const char json[] =
        "{\"version\":\"1.0\",\"categories\":[{\"id\":0,\"name\":\"__background__\"},"
        "{\"id\":4,\"name\":\"cat\"},{\"id\":2,\"name\":\"dog\"}],"
        "\"images\":[{\"id\":1,\"file_name\":\"train/a.bmp\",\"width\":8,\"height\":6},"
        "{\"id\":2,\"file_name\":\"b.bmp\",\"width\":8,\"height\":6}],"
        "\"annotations\":[{\"id\":1,\"image_id\":1,\"category_id\":4,\"bbox\":[1,1,4,2]},\n"
        "{\"id\":2,\"image_id\":2,\"category_id\":0},\n"
        "{\"id\":3,\"image_id\":3,\"category_id\":4,\"bbox\":[1,1,4,2]},\n"
        "{\"id\":4,\"image_id\":1,\"category_id\":9,\"bbox\":[1,1,4,2]}],"
        "\"split_config\":{\"method\":\"manual\",\"splits\":{\"1\":\"train\",\"2\":\"val\"}}}";
    const char *folder = test_folder();
    struct dataset dataset;

    tree_add(folder, "images/train/a.bmp", bmp, sizeof(bmp));
    tree_add(folder, "images/x/b.bmp", bmp, sizeof(bmp));
    tree_add(folder, "annotations.json", json, strlen(json));
    open_made(&dataset, folder);
    CHECK(dataset.class_count == 2);
    CHECK_TEXT(dataset.classes[0], "dog");
    CHECK_TEXT(dataset.classes[1], "cat");
    CHECK(dataset.items[0].split == DATASET_SPLIT_TRAIN);
    CHECK(dataset.items[1].split == DATASET_SPLIT_VAL);
    CHECK(object_count(&dataset) == 1 && dataset.annotations.items[0].class_id == 1);
    CHECK(dataset.finding_count == 2 && dataset.findings[0].line == 3);
    CHECK(strstr(dataset.findings[0].message, "non-existent image_id 3"));
    CHECK(strstr(dataset.findings[1].message, "non-existent category_id 9"));
    dataset_close(&dataset);
}

TEST(labelled_reads_dice_with_annotations_inside_images)
{
    static const char json[] =
        "{\"format_version\":\"1.0\",\"task_type\":\"instance_segmentation\","
        "\"classes\":[{\"id\":0,\"name\":\"cat\"}],\"images\":[{\"id\":\"k1\",\"file_name\":"
        "\"a.bmp\",\"split\":\"train\",\"annotations\":[{\"id\":1,\"class_id\":0,\"bbox\":"
        "[1,1,4,2],\"segmentation\":[[1,1,5,1,5,3]]}]},{\"id\":\"k2\",\"file_name\":\"b.bmp\","
        "\"split\":\"val\",\"annotations\":[]}]}";
    const char *folder = test_folder();
    struct dataset dataset;

    tree_add(folder, "images/a.bmp", bmp, sizeof(bmp));
    tree_add(folder, "images/b.bmp", bmp, sizeof(bmp));
    tree_add(folder, "annotations.json", json, strlen(json));
    open_made(&dataset, folder);
    CHECK(dataset.task == DATASET_TASK_SEGMENTATION && object_count(&dataset) == 1);
    CHECK(dataset_count(&dataset, DATASET_SPLIT_VAL) == 1);
    CHECK_NEAR(dataset.annotations.items[0].area, 4, 1e-6);
    dataset_close(&dataset);
}

TEST(labelled_reads_dice_of_a_file_per_image)
{
    static const char map[] = "{\"task_type\":\"det\",\"class_summary\":{\"num_classes\":2,"
                              "\"classes\":[{\"name\":\"cat\",\"idx\":0},"
                              "{\"name\":\"dog\",\"idx\":1}]}}";
    static const char label[] =
        "{\"version\":\"0.9\",\"split\":\"val\",\"shapes\":[{\"label\":\"dog\",\"points\":"
        "[[1,1],[5,3]],\"shape_type\":\"rectangle\"},{\"label\":\"bird\",\"points\":[[1,1],[2,2]],"
        "\"shape_type\":\"rectangle\"},{\"label\":\"cat\",\"points\":[[1,1]],\"shape_type\":"
        "\"point\"}]}";
    const char *folder = test_folder();
    struct dataset dataset;

    tree_add(folder, "images/a.bmp", bmp, sizeof(bmp));
    tree_add(folder, "labels/a.json", label, strlen(label));
    tree_add(folder, "label_map.json", map, strlen(map));
    open_made(&dataset, folder);
    CHECK(dataset.items[0].split == DATASET_SPLIT_VAL && object_count(&dataset) == 1);
    CHECK(dataset.annotations.items[0].class_id == 1);
    CHECK(dataset.annotations.items[0].box.right == 5);
    CHECK(dataset.rows.excluded == 2 && dataset.rows.used == 1);
    dataset_close(&dataset);
}

TEST(labelled_reads_runs_of_nuclei_with_their_area)
{
    const char *source = test_shared("data/instance_seg/nuclei");
    const struct dataset_options options = { .task = DATASET_TASK_SEGMENTATION,
                                             .format = "coco" };
    char command[1200];
    const char *folder = test_folder();
    struct dataset dataset;
    struct error err = { 0 };

    if (!source)
        SKIP("../shared/data/instance_seg/nuclei is not there");
    snprintf(command, sizeof(command),
             "mkdir '%s'/annotations && for s in train val; do "
             "cp '%s'/annotations/instances_${s}_rle.json "
             "'%s'/annotations/instances_$s.json; done && cp -r '%s'/images '%s'",
             folder, source, folder, source, folder);
    CHECK(system(command) == 0);
    CHECK_OK(dataset_open(&dataset, folder, &options, &err), err);
    CHECK(object_count(&dataset) == 3802 && dataset.finding_count == 0);
    for (int i = 0; i < dataset.item_count; i++)
        for (int j = 0; j < dataset.annotations.images[i].count; j++) {
            const struct annotation *item = annotations_of(&dataset.annotations, i) + j;
            const struct annotation_image *image = &dataset.annotations.images[i];
            struct mask mask = MASK_INIT;
            struct annotation_box box;

            CHECK_OK(mask_set_annotation(&mask, image->width, image->height,
                                         &dataset.annotations, item, &err),
                     err);
            box = mask_box(&mask);
            CHECK((double)mask_area(&mask) == (double)item->area); /* as the file says */
            CHECK(box.left == item->box.left && box.bottom == item->box.bottom);
            mask_release(&mask);
        }
    dataset_close(&dataset);
}
