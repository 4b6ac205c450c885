/* One stray row decides neither what a set is for nor how many classes it has. */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "data/check.h"
#include "data/sample.h"
#include "test.h"
#include "tree_support.h"
#include <stdlib.h>

static const char label_path[] = "labels/train/000000000001.txt";

static struct error err;
static char root[400], other[400];

static const struct dataset_options lenient = { .task = DATASET_TASK_BY_CONTENT,
                                                .is_lenient = true };

static void make_dataset(enum dataset_task task)
{
    const struct sample_options options = { .task = task, .train_count = 12, .val_count = 4,
                                            .image_size = 64, .seed = 5 };

    snprintf(root, sizeof(root), "%s/data", test_folder());
    snprintf(other, sizeof(other), "%s/other", test_folder());
    CHECK_OK(sample_write(root, &options, &err), err);
}

/* Append rows to the first label file; returns the line of the first of them. */
static int append(const char *rows)
{
    struct str text = STR_INIT;
    char path[600];
    int line = 1;

    snprintf(path, sizeof(path), "%s/%s", root, label_path);
    CHECK_OK(file_read(path, 1 << 20, &text, &err), err);
    for (const char *at = text.text; *at; at++)
        line += *at == '\n';
    str_add(&text, rows);
    CHECK_OK(file_replace(path, text.text, text.length, &err), err);
    str_release(&text);
    return line;
}

static const struct dataset_finding *find(const struct dataset *dataset, int line)
{
    for (int i = 0; i < dataset->finding_count; i++)
        if (!strcmp(dataset->findings[i].path, label_path) && dataset->findings[i].line == line)
            return &dataset->findings[i];
    test_fail(__FILE__, __LINE__, "no finding on line %d", line);
    return NULL;
}

static bool has_warning(const struct dataset *dataset, const char *text)
{
    for (int i = 0; i < dataset->warning_count; i++)
        if (strstr(dataset->warnings[i], text))
            return true;
    return false;
}

/* Apply all proposed fixes at once, and open what there is then. */
static void fix(struct dataset *dataset)
{
    struct check_report report;
    bool chosen[100];
    int count = 0;

    memset(chosen, true, sizeof(chosen));
    CHECK_OK(check_run(&report, dataset, NULL, &err), err);
    CHECK(report.fix_count > 0 && report.fix_count <= 100);
    CHECK_OK(check_apply_edits(&report, chosen, other, &count, &err), err);
    check_release(&report);
    dataset_close(dataset);
    CHECK_OK(dataset_open(dataset, root, &lenient, &err), err);
    CHECK(dataset->finding_count == 0);
}

TEST(labelled_task_leaves_out_boxes_among_outlines)
{
    const struct dataset_options strict = { .task = DATASET_TASK_SEGMENTATION };
    struct dataset dataset;
    int64_t outlines;
    int line;

    make_dataset(DATASET_TASK_SEGMENTATION);
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    outlines = dataset.annotations.item_count;
    CHECK(outlines >= 20 && dataset.rows.used == outlines);
    dataset_close(&dataset);
    line = append("0 0.5 0.5 0.2 0.2\n"
                  "1 0.95 0.5 0.2 0.3\n"); /* reaches outside as well */

    CHECK_OK(dataset_open(&dataset, root, &strict, &err), err);
    CHECK(has_warning(&dataset, "2 label rows are left out (2: a box where an outline is "
                                "expected)"));
    CHECK(dataset.rows.used == outlines && dataset.rows.excluded == 2 && dataset.rows.fixed == 0);
    dataset_close(&dataset);

    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    CHECK(dataset.task == DATASET_TASK_SEGMENTATION);
    CHECK(find(&dataset, line)->outcome == DATASET_EXCLUDED);
    CHECK_TEXT(find(&dataset, line)->remedy, "drop");
    CHECK(has_warning(&dataset, "2 boxes"));
    fix(&dataset);
    CHECK(dataset.task == DATASET_TASK_SEGMENTATION);
    CHECK(dataset.annotations.item_count == outlines && dataset.rows.used == outlines);
    for (int64_t i = 0; i < outlines; i++)
        CHECK(dataset.annotations.items[i].ring_count == 1);
    dataset_close(&dataset);
}

TEST(labelled_task_makes_boxes_of_outlines_among_boxes)
{
    struct dataset dataset;
    int64_t boxes;
    int line;

    make_dataset(DATASET_TASK_DETECTION);
    line = append("0 0.1 0.1 0.4 0.1 0.2 0.6\n");
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    boxes = dataset.annotations.item_count;
    CHECK(dataset.task == DATASET_TASK_DETECTION && dataset.rows.fixed == 1);
    CHECK_TEXT(find(&dataset, line)->remedy, "boxes");
    fix(&dataset);
    CHECK(dataset.task == DATASET_TASK_DETECTION && dataset.rows.used == boxes);
    dataset_close(&dataset);
}

TEST(labelled_task_asked_for_boxes_changes_no_outlines)
{
    const struct dataset_options boxes = { .task = DATASET_TASK_DETECTION, .is_lenient = true };
    struct dataset dataset;

    make_dataset(DATASET_TASK_SEGMENTATION);
    append("0 0.5 0.5 0.2 0.2\n");
    CHECK_OK(dataset_open(&dataset, root, &boxes, &err), err);
    CHECK(dataset.finding_count == 0 && dataset.rows.used == dataset.annotations.item_count);
    CHECK(dataset.annotations.ring_count == 0);
    dataset_close(&dataset);
}

TEST(check_drops_rows_of_stray_classes)
{
    const struct dataset_options strict = { .task = DATASET_TASK_DETECTION };
    struct dataset dataset;
    int line;

    make_dataset(DATASET_TASK_DETECTION);
    line = append("3999 0.5 0.5 0.2 0.2\n"
                  "12 0.5 0.5 0.2 0.3\n" /* often enough, and too far */
                  "12 0.5 0.5 0.2 0.4\n"
                  "4 0.5 0.5 0.2 0.5\n"); /* near, and too rare */
    CHECK_OK(dataset_open(&dataset, root, &strict, &err), err);
    CHECK(dataset.class_count == 4 && has_warning(&dataset, "4 label rows are left out (2: "
                                                            "Invalid class_id 12"));
    dataset_close(&dataset);
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    for (int i = 0; i < 4; i++)
        CHECK_TEXT(find(&dataset, line + i)->remedy, "drop");
    CHECK(dataset.finding_count == 4 && dataset.rows.excluded == 4);
    fix(&dataset);
    CHECK(dataset.class_count == 4 && dataset.rows.excluded == 0);
    dataset_close(&dataset);
}

TEST(check_adds_classes_that_many_rows_use)
{
    struct dataset dataset;
    struct check_report report;
    bool is_proposed = false;
    int line;

    make_dataset(DATASET_TASK_DETECTION);
    line = append("3999 0.5 0.5 0.2 0.2\n"
                  "5 0.5 0.5 0.2 0.3\n"
                  "5 0.5 0.5 0.2 0.4\n");
    CHECK_OK(dataset_open(&dataset, root, &lenient, &err), err);
    CHECK_TEXT(find(&dataset, line)->remedy, "drop");
    CHECK_TEXT(find(&dataset, line + 1)->remedy, "add_classes");
    CHECK_OK(check_run(&report, &dataset, NULL, &err), err);
    for (int i = 0; i < report.fix_count; i++)
        if (report.fixes[i].configures) {
            CHECK(!is_proposed);
            is_proposed = true;
            CHECK_TEXT(report.fixes[i].kind, "add_classes");
            CHECK_TEXT(report.fixes[i].reason, "classes: 4 named, but 2 rows use ids up to 5: "
                                               "names are added up to class_5");
        }
    CHECK(is_proposed);
    check_release(&report);
    fix(&dataset);
    CHECK(dataset.class_count == 6);
    CHECK_TEXT(dataset.classes[5], "class_5");
    dataset_close(&dataset);
}
