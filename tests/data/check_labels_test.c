/* The doctor of labels: every row accounted for, fixes that work. */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "data/check.h"
#include "data/dataset_convert.h"
#include "data/sample.h"
#include "test.h"
#include "tree_support.h"
#include <stdlib.h>

static struct error err;
static char root[400], other[400];

static const struct dataset_options lenient = { .task = DATASET_TASK_BY_CONTENT,
                                                .is_lenient = true };

static void make_dataset(enum dataset_task task)
{
    const struct sample_options options = { .task = task, .train_count = 4, .val_count = 2,
                                            .image_size = 64, .seed = 5 };

    snprintf(root, sizeof(root), "%s/data", test_folder());
    snprintf(other, sizeof(other), "%s/other", test_folder());
    CHECK_OK(sample_write(root, &options, &err), err);
}

static void put(const char *path, const char *text)
{
    tree_add(root, path, text, strlen(text));
}

static const struct dataset_finding *find(const struct dataset *dataset, const char *path, int line)
{
    for (int i = 0; i < dataset->finding_count; i++)
        if (!strcmp(dataset->findings[i].path, path) && dataset->findings[i].line == line)
            return &dataset->findings[i];
    return NULL;
}

/* One round of all proposed fixes; returns how many there were. */
static int fix_once(void)
{
    struct dataset dataset;
    struct check_report report;
    bool chosen[100];
    int edited = 0, moved = 0;

    memset(chosen, true, sizeof(chosen));
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    CHECK_OK(check_run(&report, &dataset, NULL, &err), err);
    CHECK(report.fix_count <= 100);
    for (int i = 0; i < report.fix_count; i++)
        if (report.fixes[i].removes) {
            CHECK_OK(check_apply_fix(&report, &report.fixes[i], other, &err), err);
            moved++;
        }
    CHECK_OK(check_apply_edits(&report, chosen, other, &edited, &err), err);
    check_release(&report);
    dataset_close(&dataset);
    return edited + moved;
}

static const char dirty[] = "0 0.5 0.5 0.2 0.2\n"
                            "1 0.9 0.5 0.4 0.2\n"      /* 2: right edge at 1.1 */
                            "0 0.5 0.5 0.2\n"          /* 3: too short */
                            "\n"
                            "0 0.5 0.5 0.2 0.2\n"      /* 5: again */
                            "x 0.5 0.5 0.2 0.2\n"      /* 6: no class */
                            "7 0.5 0.5 0.2 0.2\n"      /* 7: unknown class */
                            "0 320 240 20 20\n"        /* 8: pixels */
                            "2 0.1 0.1 0.4 0.1 0.2 0.6\n" /* 9: an outline */
                            "0 0.2 0.2 0 0.1\n"        /* 10: no area */
                            "0 0.1 nan 0.1 0.1";       /* 11, without an end */

TEST(check_accounts_for_every_row)
{
    const char *path = "labels/train/000000000001.txt";
    struct dataset dataset;

    make_dataset(DATASET_TASK_DETECTION);
    put(path, dirty);
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    CHECK_TEXT(find(&dataset, path, 2)->message, "right edge at x = 70.4 of 0 to 64");
    CHECK_TEXT(find(&dataset, path, 3)->message, "Expected 5 values, got 4");
    CHECK_TEXT(find(&dataset, path, 5)->remedy, "drop_duplicate");
    CHECK_TEXT(find(&dataset, path, 6)->message, "Invalid class_id 'x'");
    CHECK(strstr(find(&dataset, path, 7)->message, "Invalid class_id 7"));
    CHECK_TEXT(find(&dataset, path, 7)->remedy, "drop");
    CHECK(strstr(find(&dataset, path, 8)->message, "out of range [0, 1]: x = 320 > 1"));
    CHECK_TEXT(find(&dataset, path, 9)->remedy, "boxes");
    CHECK(strstr(find(&dataset, path, 10)->message, "no area"));
    CHECK(strstr(find(&dataset, path, 11)->message, "no number"));
    CHECK(find(&dataset, path, 2)->outcome == DATASET_FIXED);
    CHECK(find(&dataset, path, 3)->outcome == DATASET_EXCLUDED);
    CHECK(!find(&dataset, path, 1) && !find(&dataset, path, 4));
    CHECK(dataset.rows.fixed == 2 && dataset.rows.excluded == 7);
    CHECK(dataset.annotations.images[0].count == 3);
    dataset_close(&dataset);
}

TEST(check_fixes_rows_until_nothing_is_left)
{
    struct dataset dataset;
    struct str text = STR_INIT;
    char path[600];
    int rounds = 0;

    make_dataset(DATASET_TASK_DETECTION);
    put("labels/train/000000000001.txt", dirty);
    put("labels/train/orphan.txt", "0 0.5 0.5 0.1 0.1\n");
    put("labels/train/#temp", "");
    while (fix_once() > 0 && rounds < 5)
        rounds++;
    CHECK(rounds >= 1 && rounds < 4);
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    CHECK(dataset.finding_count == 0);
    CHECK(dataset.class_count == 4); /* one row of class 7 makes no class */
    CHECK(dataset.annotations.images[0].count == 3);
    CHECK_NEAR(annotations_of(&dataset.annotations, 0)[1].box.right, 64, 1e-3);
    dataset_close(&dataset);
    snprintf(path, sizeof(path), "%s/labels/train/000000000001.txt", root);
    CHECK_OK(file_read(path, 1 << 20, &text, &err), err);
    CHECK(strstr(text.text, "0 0.5 0.5 0.2 0.2\n")); /* a good row is not touched */
    str_clear(&text);
    snprintf(path, sizeof(path), "%s/labels/train/000000000001.txt", other);
    CHECK_OK(file_read(path, 1 << 20, &text, &err), err);
    CHECK_TEXT(text.text, dirty); /* what it was is kept */
    str_release(&text);
}

/* Break a converted data set, fix it, and count what is left. */
static void check_fixed(const char *format, const char *file, const char *from, const char *to,
                        int findings)
{
    struct dataset dataset;
    struct convert_result result;
    struct str text = STR_INIT;
    char path[1000], set[400];
    char *found;
    int objects;

    make_dataset(DATASET_TASK_DETECTION);
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    snprintf(set, sizeof(set), "%s/%s", test_folder(), format);
    CHECK_OK(dataset_convert(&dataset, set, format, &result, &err), err);
    objects = (int)dataset.annotations.item_count;
    dataset_close(&dataset);
    snprintf(root, sizeof(root), "%s", set);
    snprintf(path, sizeof(path), "%s/%s", set, file);
    CHECK_OK(file_read(path, 1 << 20, &text, &err), err);
    found = strstr(text.text, from);
    CHECK(found && strlen(from) == strlen(to));
    memcpy(found, to, strlen(to));
    CHECK_OK(file_replace(path, text.text, text.length, &err), err);
    str_release(&text);
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    CHECK(dataset.finding_count == findings);
    CHECK(dataset.rows.used + dataset.rows.fixed + dataset.rows.excluded == objects);
    dataset_close(&dataset);
    CHECK(fix_once() == findings);
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    CHECK(dataset.finding_count == 0);
    CHECK(dataset.rows.used == objects - findings);
    dataset_close(&dataset);
}

TEST(check_drops_annotations_from_coco_files)
{
    check_fixed("coco", "annotations/instances_train.json", "\"image_id\":1,", "\"image_id\":9,",
                1);
}

TEST(check_drops_annotations_from_dice_files)
{
    check_fixed("dice", "annotations.json", "\"category_id\":", "\"catexxxy_id\":", 1);
}

TEST(check_keeps_objects_of_voc_with_an_empty_part)
{
    check_fixed("voc", "Annotations/000000000001.xml", "<difficult>0</difficult>",
                "<bndbox></bndbox>       ", 0);
}

TEST(check_clips_and_drops_objects_of_voc_files)
{
    struct dataset dataset;
    struct convert_result result;
    const char *image = "Annotations/000000000002.xml";
    char set[400];

    make_dataset(DATASET_TASK_DETECTION);
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    snprintf(set, sizeof(set), "%s/voc", test_folder());
    CHECK_OK(dataset_convert(&dataset, set, "voc", &result, &err), err);
    dataset_close(&dataset);
    snprintf(root, sizeof(root), "%s", set);
    put(image, "<annotation>\n"
               " <object><name>star</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>90</xmax>"
               "<ymax>20</ymax></bndbox></object>\n"
               " <object><name>star</name><bndbox><xmin>9</xmin><ymin>5</ymin><xmax>9</xmax>"
               "<ymax>20</ymax></bndbox></object>\n"
               " <object><name>star</name><bndbox><xmin>9</xmin><ymin>5</ymin><xmax>12</xmax>"
               "<ymax>20</ymax></bndbox></object>\n"
               "</annotation>\n");
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    CHECK(find(&dataset, image, 2)->outcome == DATASET_FIXED);
    CHECK(find(&dataset, image, 3)->outcome == DATASET_EXCLUDED);
    dataset_close(&dataset);
    CHECK(fix_once() == 2);
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    CHECK(dataset.finding_count == 0);
    CHECK(dataset.annotations.images[1].count == 2);
    CHECK(annotations_of(&dataset.annotations, 1)[0].box.right == 64);
    dataset_close(&dataset);
}

TEST(check_refuses_entity_bombs_and_aliases)
{
    struct dataset dataset;

    make_dataset(DATASET_TASK_DETECTION);
    put("data.yaml", "a: &a [1, 2]\nnames: [*a, *a]\n");
    CHECK(dataset_open(&dataset, root, &lenient, &err) && strstr(err.text, "aliases"));
    put("data.yaml", "names: [a, b, c, d]\nnames: [e]\n");
    CHECK(dataset_open(&dataset, root, &lenient, &err) && strstr(err.text, "twice"));
    put("data.yaml", "names: {-1: a}\n");
    CHECK(dataset_open(&dataset, root, &lenient, &err) && strstr(err.text, "class -1"));
    put("data.yaml", "train: ../../../../etc\nnames: [a, b, c, d]\n");
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    CHECK(strstr(dataset.findings[0].message, "is not there"));
    dataset_close(&dataset);
}

TEST(check_fixes_ships_dirty)
{
    const char *source = test_shared("data/detection/ships_dirty");
    char command[900];
    struct dataset dataset;
    const struct dataset_options strict = { .task = DATASET_TASK_DETECTION };
    int rounds = 0;

    if (!source)
        SKIP("../shared/data/detection/ships_dirty is not there");
    snprintf(root, sizeof(root), "%s/ships", test_folder());
    snprintf(other, sizeof(other), "%s/other", test_folder());
    snprintf(command, sizeof(command), "cp -r '%s' '%s' && chmod -R u+w '%s'", source, root, root);
    CHECK(system(command) == 0);
    CHECK(dataset_open(&dataset, root, &strict, &err)); /* no train split */
    while (rounds < 5 && fix_once() > 0)
        rounds++;
    CHECK_OK(dataset_open(&dataset, root, &strict, &err), err);
    CHECK(dataset.class_count == 5 && dataset.item_count == 63);
    CHECK(dataset.finding_count == 0 && dataset.rows.used == 82);
    CHECK(dataset_count(&dataset, DATASET_SPLIT_VAL) == 12);
    CHECK(dataset.annotations.ring_count == 0);
    dataset_close(&dataset);
}

/* From one format to another and back: the same objects, to the bit but for YOLO's decimals. */
static void check_round_trip(enum dataset_task task, const char *format)
{
    struct dataset first, there, back;
    struct convert_result result;
    char yolo[450], set[450], again[450];

    make_dataset(task);
    snprintf(yolo, sizeof(yolo), "%s/y", test_folder());
    snprintf(set, sizeof(set), "%s/s", test_folder());
    snprintf(again, sizeof(again), "%s/b", test_folder());
    CHECK_OK(dataset_open(&first, root, &lenient, &err), err);
    CHECK_OK(dataset_convert(&first, set, format, &result, &err), err);
    CHECK(result.images == 6 && result.objects == first.annotations.item_count);
    CHECK_OK(dataset_open(&there, set, &lenient, &err), err);
    CHECK_TEXT(there.format, format);
    CHECK(there.task == task && there.finding_count == 0);
    CHECK_OK(dataset_convert(&there, again, "yolo", &result, &err), err);
    CHECK_OK(dataset_open(&back, again, &lenient, &err), err);
    CHECK_TEXT(back.hash, first.hash);
    CHECK(back.annotations.keypoint_count == first.annotations.keypoint_count);
    if (task == DATASET_TASK_POSE) {
        CHECK_TEXT(back.keypoint_names[4], "left");
        CHECK(back.flip_index[2] == 4 && back.skeleton_count == 4 && back.skeleton[3][1] == 4);
    }
    dataset_close(&first);
    dataset_close(&there);
    dataset_close(&back);
}

TEST(convert_round_trip_is_exact)
{
    static const char *const formats[] = { "coco", "dice", "yolo" };

    for (int task = DATASET_TASK_DETECTION; task <= DATASET_TASK_POSE; task++)
        for (int i = 0; i < 3; i++)
            check_round_trip((enum dataset_task)task, formats[i]);
    check_round_trip(DATASET_TASK_DETECTION, "voc");
}
