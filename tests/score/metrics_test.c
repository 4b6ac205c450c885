/* metrics_test.c - classification metrics against figures worked out by hand. */

#include "test.h"
#include "score/metrics.h"

#include <string.h>

/* Probabilities that name one class. */
static void add(struct metrics *metrics, int truth, int predicted, float loss)
{
    float probability[8] = { 0 };
    int item = metrics->prediction_count;

    probability[predicted] = 1;
    metrics_add(metrics, probability, &loss, &truth, &item, 1);
}

TEST(metrics_of_a_small_confusion_matrix)
{
    /* truth 0: 3 right, 1 as 1.  truth 1: 2 right, 1 as 0, 1 as 2.  truth 2: 2 right */
    static const int pairs[][2] = { { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 1 }, { 1, 1 }, { 1, 1 },
                                    { 1, 0 }, { 1, 2 }, { 2, 2 }, { 2, 2 } };
    struct metrics metrics;
    struct metrics_summary s;
    struct class_metrics c;

    metrics_init(&metrics, 3);
    for (int i = 0; i < 10; i++)
        add(&metrics, pairs[i][0], pairs[i][1], (float)i);
    s = metrics_summarise(&metrics);
    CHECK_NEAR(s.accuracy, 0.7, 1e-12);
    CHECK_NEAR(s.loss, 4.5, 1e-12);
    CHECK_NEAR(s.precision, (3.0 / 4 + 2.0 / 3 + 2.0 / 3) / 3, 1e-12);
    CHECK_NEAR(s.recall, (3.0 / 4 + 2.0 / 4 + 1) / 3, 1e-12);
    CHECK_NEAR(s.f1_score, (0.75 + 4.0 / 7 + 0.8) / 3, 1e-12);
    CHECK_NEAR(s.top5_accuracy, 1, 1e-12); /* of three classes */
    c = metrics_of_class(&metrics, 1);
    CHECK(c.support == 4);
    CHECK_NEAR(c.precision, 2.0 / 3, 1e-12);
    CHECK_NEAR(c.recall, 0.5, 1e-12);
    CHECK(metrics.confusion[1 * 3 + 2] == 1 && metrics.confusion[2 * 3 + 1] == 0);
    metrics_release(&metrics);
}

TEST(metrics_leave_out_classes_without_images)
{
    struct metrics metrics;
    struct metrics_summary s;

    metrics_init(&metrics, 4);
    add(&metrics, 0, 0, 1);
    add(&metrics, 1, 0, 1); /* class 1 occurs and is never predicted: precision 0 */
    s = metrics_summarise(&metrics);
    CHECK_NEAR(s.precision, 0.25, 1e-12);
    CHECK_NEAR(s.recall, 0.5, 1e-12);
    CHECK(metrics_of_class(&metrics, 3).support == 0);
    CHECK(metrics_of_class(&metrics, 3).precision == 0);
    metrics_release(&metrics);
}

TEST(metrics_of_nothing_are_zero)
{
    struct metrics metrics;
    struct metrics_summary s;

    metrics_init(&metrics, 2);
    s = metrics_summarise(&metrics);
    CHECK(s.accuracy == 0 && s.precision == 0 && s.f1_score == 0 && s.loss == 0);
    add(&metrics, 0, 0, 2);
    metrics_clear(&metrics);
    CHECK(metrics.count == 0 && metrics.prediction_count == 0 && metrics.confusion[0] == 0);
    metrics_release(&metrics);
}

TEST(metrics_top_is_sorted_and_ties_go_to_the_lower_class)
{
    const float probability[] = { 0.1f, 0.3f, 0.05f, 0.3f, 0.05f, 0.15f, 0.05f };
    static const int wanted[METRICS_TOP] = { 1, 3, 5, 0, 2 };
    int top[METRICS_TOP];
    float confidence[METRICS_TOP];

    metrics_top(probability, 7, top, confidence);
    CHECK(!memcmp(top, wanted, sizeof(top)));
    for (int i = 0; i < METRICS_TOP; i++)
        CHECK(confidence[i] == probability[wanted[i]]);
    metrics_top(probability, 2, top, confidence);
    CHECK(top[0] == 1 && top[1] == 0 && top[2] == -1 && top[4] == -1);
}

TEST(metrics_count_the_top_five)
{
    float probability[7] = { 0.30f, 0.25f, 0.20f, 0.10f, 0.08f, 0.05f, 0.02f }, loss = 1;
    struct metrics metrics;

    metrics_init(&metrics, 7);
    for (int truth = 0; truth < 7; truth++)
        metrics_add(&metrics, probability, &loss, &truth, &truth, 1);
    CHECK_NEAR(metrics_summarise(&metrics).top5_accuracy, 5.0 / 7, 1e-12);
    CHECK_NEAR(metrics_summarise(&metrics).accuracy, 1.0 / 7, 1e-12);
    CHECK(metrics.predictions[6].truth == 6 && metrics.predictions[6].top[0] == 0);
    metrics_release(&metrics);
}
