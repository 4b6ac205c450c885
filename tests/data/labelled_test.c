/* Data sets of boxes, outlines and key points: real ones and made ones. */
#include "base/error.h"
#include "data/dataset.h"
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
    int renumbered = 0, boxes = 0, clipped = 0;

    open_shared(&dataset, "data/detection/ships_dirty", DATASET_TASK_BY_CONTENT, NULL, true);
    CHECK(dataset.item_count == 63);
    CHECK(dataset.rows.used + dataset.rows.fixed + dataset.rows.excluded == 82);
    for (int i = 0; i < dataset.finding_count; i++) {
        const struct dataset_finding *f = &dataset.findings[i];

        renumbered += f->line > 0 && !strcmp(f->remedy, "renumber");
        boxes += f->line > 0 && !strcmp(f->remedy, "boxes");
        clipped += f->line > 0 && !strcmp(f->remedy, "clip");
        if (getenv("SHOW"))
            printf("%s:%d %s [%s]\n", f->path, f->line, f->message, f->remedy);
    }
    CHECK(renumbered == 54);
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
