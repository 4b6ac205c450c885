/* detection_metrics_test.c - a worked example with a published answer, and what is said of the
 * best F1; average precision itself is held against COCO's numbers in coco_set_test.c. */

#include "score/detection_metrics.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"
#include "score/detection_evidence.h"

#include <stdlib.h>

#define EXAMPLE "data/metrics_reference/detection_ap"
#define MOST 64

/* Lines "class [score] x y w h", in whole pixels: a side counts both of its ends. */
static int read_objects(const char *folder, int image, bool has_score, struct image_object *out)
{
    struct str path = STR_INIT, text = STR_INIT;
    struct error err = { 0 };
    char *at;
    int count = 0;

    str_printf(&path, "%s/%s/%05d.txt", test_shared(EXAMPLE), folder, image);
    CHECK_OK(file_read(path.text, 100000, &text, &err), err);
    for (at = text.text; strchr(at, ' ') && count < MOST; count++) {
        struct image_object *object = &out[count];

        *object = (struct image_object){ 0 };
        at = strchr(at, ' ');
        object->score = has_score ? strtod(at, &at) : 0;
        object->box.x = strtod(at, &at);
        object->box.y = strtod(at, &at);
        object->box.w = strtod(at, &at) + 1;
        object->box.h = strtod(at, &at) + 1;
    }
    str_release(&path);
    str_release(&text);
    return count;
}

/* The example's own rule: a found box is held against the truth that it overlaps most, and is wrong
 * when a better one has taken that.  Matched in the order of scores over all images. */
static void add_example_image(int image, struct class_evidence *evidence)
{
    struct image_object truths[MOST], found[MOST];
    int truth_count = read_objects("groundtruths", image, false, truths);
    int found_count = read_objects("detections", image, true, found);
    bool is_taken[MOST] = { 0 }, is_done[MOST] = { 0 };

    evidence->truths[MATCH_ALL] += truth_count;
    for (int n = 0; n < found_count; n++) {
        struct match_flags flags = { 0 };
        int next = -1, nearest = -1;
        double best = 0;

        for (int i = 0; i < found_count; i++)
            if (!is_done[i] && (next < 0 || found[i].score > found[next].score))
                next = i;
        is_done[next] = true;
        for (int j = 0; j < truth_count; j++) {
            double overlap = overlap_of_boxes(&found[next].box, &truths[j].box, false);

            if (overlap > best) {
                best = overlap;
                nearest = j;
            }
        }
        if (best >= 0.3 && !is_taken[nearest]) {
            is_taken[nearest] = true;
            flags.matched[MATCH_ALL] = 1;
        }
        class_evidence_add(evidence, found[next].score, n, &flags);
    }
}

TEST(detection_metrics_of_a_worked_example_with_a_published_answer)
{
    struct class_evidence evidence = { 0 };
    struct detection_precision p;
    double eleven = 0, every = 0;

    if (!test_shared(EXAMPLE))
        SKIP("../shared/%s is absent", EXAMPLE);
    for (int image = 1; image <= 7; image++)
        add_example_image(image, &evidence);
    CHECK(evidence.truths[MATCH_ALL] == 15 && evidence.count == 24);
    class_evidence_precision(&evidence, MATCH_ALL, DETECTION_LIMIT, &p);
    for (int i = 0; i <= 10; i++)
        eleven += p.curve[0][10 * i] / 11;
    for (int k = 1; k <= 15; k++) /* the recalls that there are: k / 15 */
        every += p.curve[0][100 * k / 15] / 15;
    CHECK_NEAR(eleven, 0.26839827, 1e-6);
    CHECK_NEAR(every, 0.24568668, 1e-6);
    free(evidence.items);
}

static struct image_object box(int category, double x, double score)
{
    return (struct image_object){ .category = category, .score = score, .area = 100,
                                  .box = { x, 0, 10, 10 } };
}

/* Class 0: two truths, found at 0.9 and 0.6, and something wrong at 0.7.  Class 1: one truth found
 * at 0.8, wrong at 0.5.  Class 2 has no truths.  F1 by confidence, of classes 0 and 1:
 *   up to 0.5:  4/5, 2/3     up to 0.6:  4/5, 1     up to 0.7:  1/2, 1     up to 0.8:  2/3, 1 */
TEST(detection_metrics_at_the_best_f1)
{
    const struct image_object truths[] = { box(0, 0, 0), box(0, 100, 0), box(1, 200, 0) };
    const struct image_object found[] = { box(0, 0, 0.9), box(0, 100, 0.6), box(0, 300, 0.7),
                                          box(1, 200, 0.8), box(1, 400, 0.5), box(2, 0, 0.55) };
    struct overlap_rule rule = { .kind = OVERLAP_BOX };
    struct detection_class classes[3];
    struct detection_metrics metrics;
    struct detection_summary s;
    struct detection_curves *curves = malloc(sizeof(*curves));

    CHECK(curves);
    detection_metrics_init(&metrics, &rule, 3);
    detection_metrics_add(&metrics, truths, 3, found, 6);
    s = detection_metrics_summarise(&metrics, classes);
    CHECK_NEAR(s.confidence, 0.501, 1e-9);
    CHECK_NEAR(s.f1_score, 0.9, 1e-9);
    CHECK_NEAR(s.precision, (2.0 / 3 + 1) / 2, 1e-9);
    CHECK_NEAR(s.recall, 1, 1e-9);
    CHECK(s.truths == 3 && classes[0].support == 2 && classes[2].support == 0);
    CHECK_NEAR(classes[0].precision, 2.0 / 3, 1e-9);
    CHECK_NEAR(classes[0].ap50, (51 + 50 * 2.0 / 3) / 101, 1e-9);
    CHECK_NEAR(classes[1].ap50_95, 1, 1e-9);
    CHECK_NEAR(s.map50, (classes[0].ap50 + 1) / 2, 1e-9);
    detection_metrics_curves(&metrics, 0, curves);
    CHECK_NEAR(curves->f1_score[500], 0.8, 1e-6);
    CHECK_NEAR(curves->recall[601], 0.5, 1e-6);
    CHECK_NEAR(curves->precision[601], 0.5, 1e-6);
    CHECK_NEAR(curves->precision[800], 1, 1e-6);
    CHECK(curves->precision[901] == 0 && curves->recall[901] == 0);
    detection_metrics_release(&metrics);
    free(curves);
}

/* Of 301 boxes of a class on an image the worst is forgotten, wherever it stands. */
TEST(detection_metrics_keep_the_best_of_an_image)
{
    struct image_object found[DETECTION_LIMIT + 1], truth = box(0, 0, 0);
    struct overlap_rule rule = { .kind = OVERLAP_BOX };
    struct detection_metrics metrics;

    for (int i = 0; i <= DETECTION_LIMIT; i++)
        found[i] = box(0, 1000 + i, 0.9 - i * 0.001);
    found[0] = box(0, 0, 0.1); /* the only right one */
    detection_metrics_init(&metrics, &rule, 1);
    detection_metrics_add(&metrics, &truth, 1, found, DETECTION_LIMIT + 1);
    CHECK(detection_metrics_average(&metrics, MATCH_ALL, DETECTION_LIMIT).recall == 0);
    detection_metrics_clear(&metrics);
    detection_metrics_add(&metrics, &truth, 1, found, DETECTION_LIMIT);
    CHECK(detection_metrics_average(&metrics, MATCH_ALL, DETECTION_LIMIT).recall == 1);
    CHECK(detection_metrics_average(&metrics, MATCH_ALL, DETECTION_LIMIT - 1).recall == 0);
    detection_metrics_release(&metrics);
}

TEST(overlap_of_keypoints_by_hand)
{
    /* one point of three is not labelled; area 50, sigma 1/3: e = d^2 / (8/9 * 50) */
    const float known[] = { 0, 0, 2, 5, 5, 0, 10, 0, 1 };
    const float guess[] = { 0, 0, 1, 90, 90, 1, 10, 4, 1 };
    struct image_object truth = { .keypoints = known, .area = 50 };
    struct overlap_rule rule;

    overlap_rule_set_keypoints(&rule, 3, 3);
    CHECK_NEAR(overlap_of_keypoints(&rule, guess, &truth),
               (1 + exp(-16 / (8.0 / 9 * 50))) / 2, 1e-9);
    overlap_rule_set_keypoints(&rule, 17, 3);
    CHECK_NEAR(rule.sigmas[16], 0.089, 1e-12);
    overlap_rule_set_keypoints(&rule, 17, 2); /* no person: what training goes by, too */
    CHECK_NEAR(rule.sigmas[16], 1.0 / 17, 1e-12);
}
