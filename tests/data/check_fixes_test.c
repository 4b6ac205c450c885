/* check_fixes_test.c - what the doctor proposes, and the small pictures that he draws. */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "data/check.h"
#include "data/sample.h"
#include "formats/image.h"
#include "test.h"
#include "tree_support.h"
#include <stdlib.h>
#include <utime.h>

static char root[400], other[400];

static void make_dataset(int image_size)
{
    const struct sample_options options = { .class_count = 2, .train_per_class = 3,
                                            .val_per_class = 2, .image_size = image_size,
                                            .seed = 5 };
    struct error err = { 0 };

    snprintf(root, sizeof(root), "%s/data", test_folder());
    snprintf(other, sizeof(other), "%s/other", test_folder());
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

static void check(const struct check_options *options, struct dataset *dataset,
                  struct check_report *report)
{
    struct error err = { 0 };

    CHECK_OK(dataset_open(dataset, root, NULL, &err), err);
    CHECK_OK(check_run(report, dataset, options, &err), err);
}

static const struct check_fix *fix_of(const struct check_report *report, const char *path)
{
    for (int i = 0; i < report->fix_count; i++)
        if (!strcmp(report->dataset->items[report->fixes[i].item].path, path))
            return &report->fixes[i];
    return NULL;
}

TEST(check_proposes_to_remove_what_is_of_no_use)
{
    struct dataset dataset;
    struct check_report report;
    const struct check_fix *fix;
    struct str text = STR_INIT;

    make_dataset(32);
    tree_add(root, "train/circle/bad.jpg", "no image", 8);
    copy("train/circle/0000.jpg", "train/circle/again.jpg");
    copy("train/circle/0001.jpg", "val/circle/leak.jpg");
    copy("train/circle/0002.jpg", "train/square/conflict.jpg");
    check(NULL, &dataset, &report);
    fix = fix_of(&report, "train/circle/bad.jpg");
    CHECK(fix && fix->removes);
    CHECK_TEXT(fix->kind, "unreadable");
    CHECK(!strstr(fix->reason, root));
    fix = fix_of(&report, "train/circle/again.jpg");
    CHECK(fix && fix->removes && !fix_of(&report, "train/circle/0000.jpg"));
    CHECK_TEXT(fix->reason, "the same file as 'train/circle/0000.jpg'");
    fix = fix_of(&report, "train/circle/0001.jpg"); /* that of val stays */
    CHECK(fix && fix->removes && !fix_of(&report, "val/circle/leak.jpg"));
    CHECK_TEXT(fix->reason, "the same file as 'val/circle/leak.jpg', which is in val");
    fix = fix_of(&report, "train/square/conflict.jpg");
    CHECK(fix && !fix->removes);
    CHECK_TEXT(fix->kind, "conflicting_duplicate");
    CHECK(fix_of(&report, "train/circle/0002.jpg"));
    CHECK(report.fix_count == 5);
    check_write_fixes(&report, &text);
    CHECK(strstr(text.text, "\"action\":\"look\"") && strstr(text.text, "\"action\":\"remove\""));
    str_release(&text);
    check_release(&report);
    dataset_close(&dataset);
}

TEST(check_applies_fixes_by_moving_files)
{
    struct dataset dataset;
    struct check_report report;
    struct error err = { 0 };
    char path[700];

    make_dataset(32);
    tree_add(root, "train/circle/bad.jpg", "no image", 8);
    check(NULL, &dataset, &report);
    CHECK(report.fix_count == 1);
    CHECK_OK(check_apply_fix(&report, &report.fixes[0], other, &err), err);
    snprintf(path, sizeof(path), "%s/train/circle/bad.jpg", other);
    CHECK(file_exists(path));
    snprintf(path, sizeof(path), "%s/train/circle/bad.jpg", root);
    CHECK(!file_exists(path));
    tree_add(root, "train/circle/bad.jpg", "no image", 8); /* the name is taken there now */
    CHECK_OK(check_apply_fix(&report, &report.fixes[0], other, &err), err);
    CHECK(!file_exists(path));
    snprintf(path, sizeof(path), "%s/train/circle/bad.jpg.2", other);
    CHECK(file_exists(path));
    check_release(&report);
    dataset_close(&dataset);
}

static void load(const char *path, int width, int height)
{
    struct image image = IMAGE_INIT;
    struct error err = { 0 };
    char full[700];

    snprintf(full, sizeof(full), "%s/%s", other, path);
    CHECK_OK(image_load(&image, full, NULL, &err), err);
    CHECK(image.width == width && image.height == height);
    image_release(&image);
}

TEST(check_draws_thumbnails_and_tells_of_every_file)
{
    struct check_options options = { .thumbnails_folder = other };
    struct dataset dataset;
    struct check_report report;
    struct str text = STR_INIT;
    int lines = 0;

    make_dataset(300);
    tree_add(root, "train/circle/bad.jpg", "no image", 8);
    tree_add(root, "notes.txt", "hello", 5);
    options.thumbnails_folder = other;
    check(&options, &dataset, &report);
    load("train/circle/0000.jpg.jpg", THUMBNAIL_SIDE, THUMBNAIL_SIDE);
    load("val/square/0001.jpg.jpg", THUMBNAIL_SIDE, THUMBNAIL_SIDE);
    check_write_files(&report, NULL, &text);
    for (const char *c = text.text; *c; c++)
        lines += *c == '\n';
    CHECK(lines == 12);
    CHECK(strstr(text.text, "\"path\":\"train/circle/0000.jpg\"") &&
          strstr(text.text, "\"split\":\"train\",\"class\":\"circle\",\"width\":300"));
    CHECK(strstr(text.text, "{\"path\":\"notes.txt\",\"reason\":\"not an image by its name\"}"));
    str_release(&text);
    check_release(&report);
    dataset_close(&dataset);
}

/* One that is newer than its image stays, an older one is drawn again. */
TEST(check_draws_only_thumbnails_that_are_missing_or_old)
{
    struct check_options options = { .thumbnails_folder = other };
    struct dataset dataset;
    struct check_report report;
    struct str text = STR_INIT;
    struct error err = { 0 };
    char newer[700], older[700];

    make_dataset(32);
    tree_add(other, "train/circle/0000.jpg.jpg", "mark", 4);
    tree_add(other, "train/circle/0001.jpg.jpg", "mark", 4);
    snprintf(newer, sizeof(newer), "%s/train/circle/0000.jpg.jpg", other);
    snprintf(older, sizeof(older), "%s/train/circle/0001.jpg.jpg", other);
    CHECK(!utime(older, &(struct utimbuf){ 1000000000, 1000000000 }));
    check(&options, &dataset, &report);
    CHECK_OK(file_read(newer, 1 << 20, &text, &err), err);
    CHECK_TEXT(text.text, "mark");
    load("train/circle/0001.jpg.jpg", 32, 32);
    check_release(&report);
    dataset_close(&dataset);
    str_release(&text);
}

TEST(check_fails_when_thumbnails_cannot_be_stored)
{
    struct check_options options = { .thumbnails_folder = "/dev/null/thumbnails" };
    struct dataset dataset;
    struct check_report report;
    struct error err = { 0 };

    make_dataset(32);
    CHECK_OK(dataset_open(&dataset, root, NULL, &err), err);
    CHECK(check_run(&report, &dataset, &options, &err));
    CHECK(strstr(err.text, "/dev/null"));
    dataset_close(&dataset);
}
