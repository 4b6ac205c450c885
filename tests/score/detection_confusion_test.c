/* detection_confusion_test.c - who is taken for whom, and what is told of an image. */

#include "score/detection_confusion.h"

#include "base/error.h"
#include "base/str.h"
#include "test.h"
#include "score/detection_report.h"
#include "score/pose_quality.h"

static struct image_object at(int category, double x, double score)
{
    return (struct image_object){ .category = category, .score = score, .area = 100,
                                  .box = { x, 0, 10, 10 } };
}

/* truth 0: found right, and once more; truth 1: taken for class 1; truth 2: missed, as what covers
 * it is not sure enough; truth 3 is a crowd with something inside; and something where nothing
 * is. */
static const struct image_object *scene(struct image_object *found)
{
    static struct image_object truths[4];

    truths[0] = at(0, 0, 0);
    truths[1] = at(0, 100, 0);
    truths[2] = at(1, 200, 0);
    truths[3] = at(1, 300, 0);
    truths[3].is_crowd = true;
    truths[3].box.w = 100;
    found[0] = at(0, 2, 0.9);
    found[1] = at(0, 1, 0.5); /* overlaps more, so it is the partner */
    found[2] = at(1, 100, 0.8);
    found[3] = at(1, 200, 0.2);
    found[4] = at(1, 320, 0.7);
    found[5] = at(0, 600, 0.6);
    return truths;
}

TEST(confusion_takes_the_greatest_overlap_first)
{
    struct detection_confusion c;
    struct image_object found[6];
    const struct image_object *truths = scene(found);

    detection_confusion_init(&c, 2);
    detection_confusion_add(&c, truths, 4, found, 6);
    CHECK(c.match_count == 5);
    CHECK(c.matches[0].truth == 0 && c.matches[0].found == 1 &&
          c.matches[0].outcome == OUTCOME_RIGHT);
    CHECK_NEAR(c.matches[0].overlap, 90.0 / 110, 1e-12);
    CHECK(c.matches[1].truth == 1 && c.matches[1].found == 2 &&
          c.matches[1].outcome == OUTCOME_CONFUSED);
    CHECK(c.matches[2].truth == 2 && c.matches[2].found == -1 &&
          c.matches[2].outcome == OUTCOME_MISSED);
    CHECK(c.matches[3].truth == -1 && c.matches[3].found == 0 &&
          c.matches[3].outcome == OUTCOME_FALSE_ALARM);
    CHECK(c.matches[4].found == 5);
    CHECK(c.cells[0 * 3 + 0] == 1 && c.cells[0 * 3 + 1] == 1 && c.cells[1 * 3 + 2] == 1);
    CHECK(c.cells[2 * 3 + 0] == 2 && c.cells[2 * 3 + 1] == 0 && c.cells[2 * 3 + 2] == 0);
    detection_confusion_add(&c, truths, 4, found, 6);
    CHECK(c.cells[0] == 2 && c.match_count == 5);
    detection_confusion_clear(&c);
    CHECK(c.cells[0] == 0);
    detection_confusion_release(&c);
}

TEST(confusion_keeps_no_matrix_of_very_many_classes)
{
    const struct image_object truth = at(60000, 0, 0), found = at(59999, 0, 0.9);
    struct detection_confusion c;
    struct str text = STR_INIT;
    struct json_writer w;

    detection_confusion_init(&c, 60001);
    detection_confusion_clear(&c);
    detection_confusion_add(&c, &truth, 1, &found, 1);
    CHECK(!c.cells && c.match_count == 1 && c.matches[0].outcome == OUTCOME_CONFUSED);
    json_begin(&w, &text);
    json_object_open(&w);
    detection_report_put_confusion(&c, NULL, &w);
    json_close(&w);
    CHECK_TEXT(text.text, "{}");
    str_release(&text);
    detection_confusion_release(&c);
    detection_confusion_init(&c, CONFUSION_CLASSES_MOST);
    CHECK(c.cells);
    detection_confusion_release(&c);
}

TEST(confusion_ties_go_to_the_better_score_then_to_the_earlier_truth)
{
    struct detection_confusion c;
    const struct image_object truths[] = { at(0, 0, 0), at(0, 0, 0) };
    const struct image_object found[] = { at(0, 0, 0.5), at(0, 0, 0.9), at(0, 0, 0.7) };

    detection_confusion_init(&c, 1);
    detection_confusion_add(&c, truths, 2, found, 3);
    CHECK(c.match_count == 3);
    CHECK(c.matches[0].truth == 0 && c.matches[0].found == 1);
    CHECK(c.matches[1].truth == 1 && c.matches[1].found == 2);
    CHECK(c.matches[2].truth == -1 && c.matches[2].found == 0);
    detection_confusion_release(&c);
}

TEST(confusion_of_an_image_is_told_with_its_cells)
{
    static const char *const names[] = { "cat", "dog" };
    struct detection_confusion c;
    struct image_object found[6];
    struct detection_report_image image = { .file = "a \"b\".jpg", .width = 700, .height = 10,
                                            .truths = scene(found), .truth_count = 4,
                                            .found = found, .found_count = 6,
                                            .least_confidence = 0.25 };
    struct str text = STR_INIT;
    struct error err = { 0 };
    struct json_writer w;
    json_t *tree, *list;

    detection_confusion_init(&c, 2);
    detection_confusion_add(&c, image.truths, 4, found, 6);
    json_begin(&w, &text);
    json_object_open(&w);
    CHECK_OK(detection_report_put_image(&image, &c, names, &w, &err), err);
    detection_report_put_confusion(&c, names, &w);
    json_close(&w);
    tree = json_parse(text.text, text.length, "row", &err);
    CHECK(tree);
    CHECK_TEXT(json_string_value(json_object_get(tree, "file")), "a \"b\".jpg");
    CHECK(json_is_false(json_object_get(tree, "is_correct")));
    list = json_object_get(tree, "true_boxes");
    CHECK(json_array_size(list) == 4);
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(list, 1), "outcome")), "confused");
    CHECK(json_integer_value(json_object_get(json_array_get(list, 1), "match")) == 2);
    CHECK(json_is_null(json_object_get(json_array_get(list, 3), "outcome")));
    CHECK(json_is_true(json_object_get(json_array_get(list, 3), "is_crowd")));
    list = json_object_get(tree, "predicted_boxes");
    CHECK(json_array_size(list) == 5); /* without the one below 0.25 */
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(list, 0), "outcome")),
               "false_alarm");
    CHECK(json_integer_value(json_object_get(json_array_get(list, 1), "match")) == 0);
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(list, 2), "label")), "dog");
    CHECK(json_is_null(json_object_get(json_array_get(list, 3), "outcome"))); /* in the crowd */
    list = json_object_get(tree, "cells");
    CHECK(json_array_size(list) == 4);
    CHECK(json_integer_value(json_array_get(json_array_get(list, 1), 1)) == 1);
    CHECK(json_array_size(json_object_get(tree, "confusion_matrix")) == 3);
    CHECK_TEXT(json_string_value(json_array_get(json_object_get(tree, "confusion_labels"), 2)),
               "background");
    json_decref(tree);
    str_release(&text);
    detection_confusion_release(&c);
}

TEST(pose_quality_counts_the_missed_with_zero)
{
    /* Boxes of 10 x 10: near is closer than 0.5 pixels. */
    const float known[] = { 1, 1, 2, 8, 8, 1, 5, 5, 0 }, guess[] = { 1, 1.4f, 1, 8, 9, 1, 0, 0, 1 };
    struct image_object truths[] = { at(0, 0, 0), at(0, 100, 0), at(0, 200, 0) };
    struct image_object found[] = { at(0, 0, 0.9) };
    struct pose_quality quality = { 0 };
    struct detection_confusion c;
    struct overlap_rule rule;

    truths[0].keypoints = truths[1].keypoints = known;
    found[0].keypoints = guess;
    overlap_rule_set_keypoints(&rule, 3, 3);
    detection_confusion_init(&c, 1);
    detection_confusion_add(&c, truths, 3, found, 1);
    pose_quality_add(&quality, &rule, truths, found, c.matches, c.match_count);
    CHECK(quality.truths == 2 && quality.points == 4 && quality.near_points == 1);
    CHECK_NEAR(pose_quality_pck(&quality), 0.25, 1e-12);
    CHECK_NEAR(pose_quality_oks(&quality),
               overlap_of_keypoints(&rule, guess, &truths[0]) / 2, 1e-12);
    CHECK(pose_quality_oks(&quality) > 0.45);
    detection_confusion_release(&c);
}
