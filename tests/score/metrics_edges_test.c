/* metrics_edges_test.c - metrics of unusual predictions, and of the same ones in another order. */

#include "base/rng.h"
#include "test.h"
#include "score/metrics.h"

#include <string.h>

#define CLASSES 6
#define IMAGES 60

/* A diverged network predicts nothing; every row still belongs somewhere. */
TEST(metrics_count_rows_that_are_not_numbers)
{
    float probability[CLASSES], loss = NAN;
    struct metrics metrics;
    int64_t sum = 0;

    for (int c = 0; c < CLASSES; c++)
        probability[c] = NAN;
    metrics_init(&metrics, CLASSES);
    for (int truth = 0; truth < CLASSES; truth++)
        metrics_add(&metrics, probability, &loss, &truth, &truth, 1);
    for (int i = 0; i < CLASSES * CLASSES; i++)
        sum += metrics.confusion[i];
    CHECK(sum == CLASSES && metrics.count == CLASSES);
    CHECK(isnan(metrics_summarise(&metrics).loss));
    CHECK_NEAR(metrics_summarise(&metrics).accuracy, 1.0 / CLASSES, 1e-12);
    for (int i = 0; i < CLASSES; i++)
        for (int k = 0; k < METRICS_TOP; k++)
            CHECK(metrics.predictions[i].top[k] >= 0 && metrics.predictions[i].top[k] < CLASSES);
    metrics_release(&metrics);
}

TEST(metrics_of_one_class_are_one)
{
    float probability = 1, loss = 0;
    struct metrics metrics;
    struct metrics_summary s;
    int zero = 0;

    metrics_init(&metrics, 1);
    metrics_add(&metrics, &probability, &loss, &zero, &zero, 1);
    s = metrics_summarise(&metrics);
    CHECK(s.accuracy == 1 && s.top5_accuracy == 1 && s.f1_score == 1 && s.loss == 0);
    CHECK(metrics.predictions[0].top[1] == -1);
    metrics_release(&metrics);
}

static void draw(float *probability, float *loss, int *truth, int *items)
{
    struct rng rng = rng_for(5, 0, 0);

    for (int i = 0; i < IMAGES; i++) {
        for (int c = 0; c < CLASSES; c++)
            probability[i * CLASSES + c] = (float)rng_uniform(&rng);
        loss[i] = (float)(int)rng_below(&rng, 100); /* sums of these are exact */
        truth[i] = (int)rng_below(&rng, CLASSES - 1); /* the last class has no image */
        items[i] = i;
    }
}

TEST(metrics_do_not_depend_on_batches_or_what_was_cleared)
{
    float probability[IMAGES * CLASSES], loss[IMAGES];
    int truth[IMAGES], items[IMAGES];
    struct metrics whole, pieces;
    struct metrics_summary a, b;

    draw(probability, loss, truth, items);
    metrics_init(&whole, CLASSES);
    metrics_init(&pieces, CLASSES);
    metrics_add(&whole, probability, loss, truth, items, IMAGES);
    metrics_add(&pieces, probability, loss, truth, items, 17);
    metrics_clear(&pieces);
    for (int end = IMAGES; end > 0; end -= 7) {
        int first = end > 7 ? end - 7 : 0;

        metrics_add(&pieces, probability + first * CLASSES, loss + first, truth + first,
                    items + first, end - first);
    }
    a = metrics_summarise(&whole);
    b = metrics_summarise(&pieces);
    CHECK(!memcmp(&a, &b, sizeof(a)) && a.accuracy > 0 && a.accuracy < 1);
    CHECK(!memcmp(whole.confusion, pieces.confusion, CLASSES * CLASSES * sizeof(int64_t)));
    CHECK(whole.prediction_count == IMAGES && pieces.prediction_count == IMAGES);
    CHECK(metrics_of_class(&whole, CLASSES - 1).support == 0);
    metrics_release(&whole);
    metrics_release(&pieces);
}

/* Accuracy, the diagonal and the recalls weighted by support are three ways to count one thing. */
TEST(metrics_agree_with_their_confusion_matrix)
{
    float probability[IMAGES * CLASSES], loss[IMAGES];
    int truth[IMAGES], items[IMAGES];
    struct metrics metrics;
    double diagonal = 0, recalls = 0;

    draw(probability, loss, truth, items);
    metrics_init(&metrics, CLASSES);
    metrics_add(&metrics, probability, loss, truth, items, IMAGES);
    for (int c = 0; c < CLASSES; c++) {
        struct class_metrics m = metrics_of_class(&metrics, c);
        int64_t images = 0, predicted = 0;

        for (int i = 0; i < IMAGES; i++) {
            images += truth[i] == c;
            predicted += metrics.predictions[i].top[0] == c;
        }
        CHECK(m.support == images);
        if (predicted)
            CHECK_NEAR(m.precision * (double)predicted, m.recall * (double)images, 1e-9);
        diagonal += (double)metrics.confusion[c * CLASSES + c];
        recalls += m.recall * (double)images;
    }
    CHECK_NEAR(metrics_summarise(&metrics).accuracy * IMAGES, diagonal, 1e-9);
    CHECK_NEAR(recalls, diagonal, 1e-9);
    metrics_release(&metrics);
}
