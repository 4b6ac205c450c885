/* Label files with slips of those who wrote them: nothing is lost without a word. */
#include "base/error.h"
#include "base/str.h"
#include "data/check.h"
#include "data/dataset.h"
#include "test.h"
#include "tree_support.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK "\xef\xbb\xbf" /* of byte order */
#define ROW "0.5 0.5 0.5 0.5\n"

static struct error err;
static char root[400];

/* 8 x 6 pixels. */
static const unsigned char bmp[54 + 6 * 24] = { 'B', 'M', 198, [10] = 54, [14] = 40, [18] = 8,
                                                [22] = 6, [26] = 1, [28] = 24 };

static const struct dataset_options strict = { .task = DATASET_TASK_DETECTION };
static const struct dataset_options lenient = { .task = DATASET_TASK_BY_CONTENT,
                                                .is_lenient = true };

static void begin(void)
{
    snprintf(root, sizeof(root), "%s/set", test_folder());
}

static void put(const char *path, const char *text)
{
    tree_add(root, path, text, strlen(text));
}

/* images/FOLDER/NAME.bmp and the label file of it. */
static void put_image(const char *folder, const char *name, const char *rows)
{
    char path[200];

    snprintf(path, sizeof(path), "images/%s/%s.bmp", folder, name);
    tree_add(root, path, bmp, sizeof(bmp));
    snprintf(path, sizeof(path), "labels/%s/%s.txt", folder, name);
    put(path, rows);
}

static void put_yolo(const char *yaml)
{
    static const char *const names[] = { "a", "b", "c", "d", "e" };

    for (int i = 0; i < 5; i++)
        put_image(i < 3 ? "train" : "val", names[i], "0 " ROW);
    put("data.yaml", yaml);
}

static int open_with(struct dataset *dataset, const struct dataset_options *options)
{
    err = (struct error){ 0 };
    return dataset_open(dataset, root, options, &err);
}

static void open_made(struct dataset *dataset, const struct dataset_options *options)
{
    CHECK_OK(open_with(dataset, options), err);
}

static bool has_warning(const struct dataset *dataset, const char *text)
{
    for (int i = 0; i < dataset->warning_count; i++)
        if (strstr(dataset->warnings[i], text))
            return true;
    for (int i = 0; i < dataset->warning_count; i++)
        printf("warning: %s\n", dataset->warnings[i]);
    return false;
}

/* ---- what a run is told ------------------------------------------------------------------ */

TEST(labelled_refuses_a_val_entry_that_names_nothing)
{
    const struct dataset_options automatic = { .task = DATASET_TASK_DETECTION,
                                               .method = DATASET_SPLIT_AUTO };
    struct dataset dataset;

    begin();
    put_yolo("train: images/train\nval: images/vaild\nnames: [x]\n");
    CHECK(open_with(&dataset, &strict) == -1);
    CHECK(strstr(err.text, "val in 'data.yaml' names 'images/vaild', which is not there in '"));
    open_made(&dataset, &lenient); /* check proposes what to do */
    CHECK_TEXT(dataset.findings[0].remedy, "splits");
    dataset_close(&dataset);
    open_made(&dataset, &automatic); /* somebody else decides */
    CHECK(has_warning(&dataset, "data.yaml: val: 'images/vaild' is not there"));
    dataset_close(&dataset);

    put("images/empty/note.md", "nothing");
    put("data.yaml", "train: images/train\nval: [images/val, images/empty]\nnames: [x]\n");
    CHECK(open_with(&dataset, &strict) == -1 && strstr(err.text, "'images/empty', which holds no"));
    put("val.txt", "images/train/gone.bmp\n");
    put("data.yaml", "train: images/train\nval: val.txt\nnames: [x]\n");
    CHECK(open_with(&dataset, &strict) == -1 && strstr(err.text, "'val.txt', which holds no"));

    put("data.yaml", "train: images/train\nnames: [x]\n"); /* without val: divided as before */
    open_made(&dataset, &strict);
    CHECK(dataset.is_divided && dataset.item_count == 3);
    dataset_close(&dataset);
}

TEST(labelled_warns_of_val_that_is_train)
{
    struct dataset dataset;

    begin();
    put_yolo("train: images/train\nval: images/train\nnames: [x]\n");
    open_made(&dataset, &strict);
    CHECK(dataset.is_divided && dataset_count(&dataset, DATASET_SPLIT_VAL) == 1);
    CHECK(has_warning(&dataset, "val names the same images as train: to validate with others, "
                                "train is divided 80 to 20"));
    CHECK(has_warning(&dataset, "images/train/a.bmp: listed in train and in val: it stays in the "
                                "first; and 2 more like it"));
    dataset_close(&dataset);

    put("data.yaml", "train: images/train\nval: images/broken\nnames: [x]\n");
    put("images/broken/x.bmp", "no image");
    open_made(&dataset, &strict);
    CHECK(has_warning(&dataset, "no image of val can be read: train is divided 80 to 20"));
    dataset_close(&dataset);
}

TEST(labelled_tells_runs_of_remarks)
{
    char path[600];
    struct dataset dataset;

    begin();
    put_yolo("train: images/train\nval: images/val\nnames: [x]\n");
    snprintf(path, sizeof(path), "%s/labels/train/a.txt", root);
    CHECK(truncate(path, (off_t)65 << 20) == 0); /* more than is read */
    open_made(&dataset, &strict);
    CHECK(has_warning(&dataset, "labels/train/a.txt: its image counts as one without objects: "));
    dataset_close(&dataset);
}

TEST(labelled_tells_that_key_points_are_not_mirrored)
{
    static const char *const flips[] = { "", "flip_idx: [1, 0]\n", "flip_idx: [1, 1]\n" };
    static const char *const words[] = { "images are not mirrored, whatever fliplr is", NULL,
                                         "flip_idx does not pair the key points: images are not" };
    const struct dataset_options pose = { .task = DATASET_TASK_POSE };
    struct dataset dataset;
    char yaml[200];

    begin();
    put_image("train", "a", "0 0.5 0.5 0.5 0.5 0.4 0.4 0.6 0.6\n");
    put_image("val", "b", "0 0.5 0.5 0.5 0.5 0.4 0.4 0.6 0.6\n");
    for (int i = 0; i < 3; i++) {
        snprintf(yaml, sizeof(yaml), "train: images/train\nval: images/val\nnames: [x]\n"
                                     "kpt_shape: [2, 2]\n%s", flips[i]);
        put("data.yaml", yaml);
        open_made(&dataset, &pose);
        CHECK(dataset.warning_count == !!words[i]);
        CHECK(!words[i] || has_warning(&dataset, words[i]));
        dataset_close(&dataset);
    }
}

/* ---- COCO: images that are listed and not there ------------------------------------------ */

TEST(labelled_keeps_annotations_of_images_that_are_not_there)
{
    static const char json[] =
        "{\"categories\":[{\"id\":1,\"name\":\"cat\"}],\"images\":["
        "{\"id\":1,\"file_name\":\"a.bmp\"},{\"id\":2,\"file_name\":\"gone.bmp\"},"
        "{\"id\":3,\"file_name\":\"broken.bmp\"},{\"id\":4,\"file_name\":\"out.bmp\"},"
        "{\"id\":6,\"file_name\":\"gone2.bmp\"}],\"annotations\":["
        "{\"id\":1,\"image_id\":1,\"category_id\":1,\"bbox\":[1,1,4,2]},"
        "{\"id\":2,\"image_id\":2,\"category_id\":1,\"bbox\":[1,1,4,2]},"
        "{\"id\":3,\"image_id\":3,\"category_id\":1,\"bbox\":[1,1,4,2]},"
        "{\"id\":4,\"image_id\":4,\"category_id\":1,\"bbox\":[1,1,4,2]},"
        "{\"id\":5,\"image_id\":5,\"category_id\":1,\"bbox\":[1,1,4,2]},"
        "{\"id\":6,\"image_id\":6,\"category_id\":1,\"bbox\":[1,1,4,2]}]}";
    static const char *const reasons[] = { "its image is not there", "its image cannot be read",
                                           "its image is left out",
                                           "references non-existent image_id 5",
                                           "its image is not there" };
    static const char *const excluded[] = { "images/out.bmp" };
    struct dataset_options options = lenient;
    struct dataset dataset;
    int found = 0;

    begin();
    options.exclude = excluded;
    options.exclude_count = 1;
    tree_add(root, "images/a.bmp", bmp, sizeof(bmp));
    tree_add(root, "images/b.bmp", bmp, sizeof(bmp));
    tree_add(root, "images/out.bmp", bmp, sizeof(bmp));
    put("images/broken.bmp", "no image");
    put("annotations/instances_train.json", json);
    open_made(&dataset, &options);
    CHECK_TEXT(dataset.format, "coco");
    CHECK(dataset.rows.used == 1 && dataset.rows.excluded == 5);
    for (int i = 0; i < dataset.finding_count; i++) {
        const struct dataset_finding *finding = &dataset.findings[i];

        if (finding->outcome != DATASET_EXCLUDED)
            continue;
        CHECK(found < 5 && finding->element == found + 1);
        CHECK_TEXT(finding->message, reasons[found]);
        CHECK(found == 3 ? !strcmp(finding->remedy, "drop") : !finding->remedy);
        found++;
    }
    CHECK(found == 5);
    dataset_close(&dataset);
}

/* ---- byte order marks -------------------------------------------------------------------- */

TEST(labelled_skips_byte_order_marks)
{
    struct dataset dataset;

    begin();
    put_image("train", "a", MARK "1 " ROW "0 0.9 0.5 0.4 0.5\n");
    put_image("val", "b", MARK "0 " ROW);
    put("classes.txt", MARK "cat\ndog\n");
    open_made(&dataset, &lenient);
    CHECK(dataset.class_count == 2 && dataset.annotations.item_count == 3);
    CHECK_TEXT(dataset.classes[0], "cat");
    CHECK(dataset.finding_count == 1 && dataset.findings[0].line == 2);
    dataset_close(&dataset);
    put("data.yaml", MARK "train: images/train\nval: images/val\nnames: [bird, fish]\n");
    open_made(&dataset, &lenient);
    CHECK_TEXT(dataset.classes[0], "bird");
    dataset_close(&dataset);
}

TEST(labelled_skips_byte_order_marks_of_json)
{
    static const char json[] =
        MARK "{\"categories\":[{\"id\":1,\"name\":\"cat\"}],\"images\":[{\"id\":1,\"file_name\":"
        "\"a.bmp\"},{\"id\":2,\"file_name\":\"b.bmp\"}],\"annotations\":[{\"id\":1,\"image_id\":1,"
        "\"category_id\":1,\"bbox\":[1,1,4,2]},{\"id\":2,\"image_id\":2,\"category_id\":1,"
        "\"bbox\":[-3,1,5,2]}]}";
    struct check_report report;
    struct dataset dataset;
    char other[600];
    bool chosen = true;
    int count = 0;

    begin();
    tree_add(root, "data/images/a.bmp", bmp, sizeof(bmp));
    tree_add(root, "data/images/b.bmp", bmp, sizeof(bmp));
    tree_add(root, "data/annotations/instances_train.json", json, strlen(json));
    open_made(&dataset, &lenient);
    CHECK(dataset.annotations.item_count == 2 && dataset.rows.fixed == 1);
    CHECK_OK(check_run(&report, &dataset, &(struct check_options){ .labels_only = true }, &err),
             err);
    CHECK(report.fix_count == 1);
    snprintf(other, sizeof(other), "%s/.other", root);
    CHECK_OK(check_apply_edits(&report, &chosen, other, &count, &err), err);
    check_release(&report);
    dataset_close(&dataset);
    open_made(&dataset, &lenient);
    CHECK(dataset.annotations.item_count == 2 && dataset.rows.fixed == 0);
    dataset_close(&dataset);
}

/* ---- classes ----------------------------------------------------------------------------- */

TEST(labelled_guesses_no_classes_from_strays)
{
    struct dataset dataset;

    begin();
    put_image("train", "a", "0 " ROW "1 0.5 0.5 0.4 0.4\n9999 " ROW "16 " ROW);
    put_image("val", "b", "0 " ROW "45 " ROW);
    open_made(&dataset, &strict);
    CHECK(dataset.class_count == 46); /* sparse, as in small parts of large sets */
    CHECK_TEXT(dataset.classes[45], "class_45");
    CHECK(dataset.rows.used == 5 && dataset.rows.excluded == 1);
    CHECK(has_warning(&dataset, "1 label rows are left out (1: Invalid class_id 9999"));
    dataset_close(&dataset);
    open_made(&dataset, &lenient);
    CHECK_TEXT(dataset.findings[0].remedy, "drop");
    dataset_close(&dataset);

    put_image("train", "a", "700 " ROW); /* no stray when there is nothing else */
    put_image("val", "b", "701 " ROW);
    open_made(&dataset, &lenient);
    CHECK(dataset.class_count == 702 && dataset.rows.used == 2);
    dataset_close(&dataset);
}

TEST(labelled_makes_class_names_unique)
{
    static const char json[] =
        "{\"categories\":[{\"id\":1,\"name\":\"car\"},{\"id\":2,\"name\":\"car\"}],\"images\":["
        "{\"id\":1,\"file_name\":\"images/train/a.bmp\"}],\"annotations\":[{\"id\":1,"
        "\"image_id\":1,\"category_id\":2,\"bbox\":[1,1,4,2]}]}";
    struct dataset dataset;

    begin();
    put_yolo("train: images/train\nval: images/val\nnames: [car, car, 'car (2)', bus, car]\n");
    open_made(&dataset, &strict);
    CHECK_TEXT(dataset.classes[0], "car");
    CHECK_TEXT(dataset.classes[1], "car (3)");
    CHECK_TEXT(dataset.classes[2], "car (2)");
    CHECK_TEXT(dataset.classes[4], "car (4)");
    CHECK(has_warning(&dataset, "class names that stand twice: 2; the second 'car' is called "
                                "'car (3)'"));
    dataset_close(&dataset);

    put("annotations/instances_train.json", json);
    open_made(&dataset, &(struct dataset_options){ .task = DATASET_TASK_DETECTION,
                                                   .format = "coco", .is_lenient = true });
    CHECK(dataset.class_count == 2 && dataset.annotations.items[0].class_id == 1);
    CHECK_TEXT(dataset.classes[1], "car (2)");
    CHECK(has_warning(&dataset, "class names that stand twice: 1"));
    dataset_close(&dataset);
}

/* ---- division ---------------------------------------------------------------------------- */

/* Is each of the classes in train and in val? */
static bool is_balanced(const struct dataset *dataset)
{
    for (int c = 0; c < dataset->class_count; c++)
        if (!dataset->class_counts[DATASET_SPLIT_TRAIN][c] ||
            !dataset->class_counts[DATASET_SPLIT_VAL][c])
            return false;
    return true;
}

/* Classes in a chain: each image shows two neighbours, so that what moves for one class takes its
 * neighbour along. */
TEST(labelled_division_puts_all_classes_on_both_sides)
{
    struct dataset dataset, again;

    begin();
    for (int classes = 3; classes < 12; classes++)
        for (int seed = 1; seed < 12; seed++) {
            const struct dataset_options options = { .task = DATASET_TASK_DETECTION,
                                                     .method = DATASET_SPLIT_AUTO,
                                                     .seed = (uint64_t)seed };

            for (int i = 0; i < classes; i++) {
                char name[16], rows[100];

                snprintf(name, sizeof(name), "%02d", i);
                snprintf(rows, sizeof(rows), "%d " ROW "%d " ROW, i, (i + 1) % classes);
                put_image("train", name, rows);
            }
            open_made(&dataset, &options);
            /* Of three in a ring no division serves all: then none is missing in train. */
            if (classes == 3 || classes % 2)
                for (int c = 0; c < classes; c++)
                    CHECK(dataset.class_counts[DATASET_SPLIT_TRAIN][c] > 0);
            else
                CHECK(is_balanced(&dataset));
            open_made(&again, &options);
            for (int i = 0; i < dataset.item_count; i++)
                CHECK(dataset.items[i].split == again.items[i].split);
            dataset_close(&dataset);
            dataset_close(&again);
        }
}

/* ---- key points -------------------------------------------------------------------------- */

static void put_pose(int points)
{
    struct str row = STR_INIT;
    char yaml[200];

    str_add(&row, "0 0.5 0.5 0.5 0.5");
    for (int i = 0; i < points; i++)
        str_add(&row, " 0.5 0.5");
    str_add_char(&row, '\n');
    put_image("train", "a", row.text);
    put_image("val", "b", row.text);
    snprintf(yaml, sizeof(yaml), "train: images/train\nval: images/val\nnames: [x]\n"
                                 "kpt_shape: [%d, 2]\n", points);
    put("data.yaml", yaml);
    str_release(&row);
}

TEST(labelled_reads_the_points_of_a_face_and_refuses_too_many)
{
    const struct dataset_options pose = { .task = DATASET_TASK_POSE, .format = "coco" };
    struct dataset dataset;
    struct str json = STR_INIT;

    begin();
    put_pose(468);
    open_made(&dataset, &lenient);
    CHECK(dataset.task == DATASET_TASK_POSE && dataset.annotations.keypoint_count == 468);
    dataset_close(&dataset);
    put_pose(ANNOTATION_KEYPOINTS_MOST + 1);
    CHECK(open_with(&dataset, &lenient) == -1);
    CHECK(strstr(err.text, "kpt_shape in 'data.yaml' is of 513 key points: at most 512"));

    str_add(&json, "{\"images\":[{\"id\":1,\"file_name\":\"images/train/a.bmp\"}],"
                   "\"annotations\":[],\"categories\":[{\"id\":1,\"name\":\"x\",\"keypoints\":[");
    for (int i = 0; i <= ANNOTATION_KEYPOINTS_MOST; i++)
        str_printf(&json, "%s\"p%d\"", i ? "," : "", i);
    str_add(&json, "]}]}");
    put("annotations/person_keypoints_train.json", json.text);
    CHECK(open_with(&dataset, &pose) == -1 && strstr(err.text, "has 513 key points: at most 512"));
    str_release(&json);
}
