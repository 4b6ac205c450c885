/* metrics.c - see metrics.h. */

#include "score/metrics.h"

#include "base/error.h"
#include "base/vec.h"

#include <string.h>

void metrics_init(struct metrics *metrics, int classes)
{
    *metrics = (struct metrics){ .classes = classes };
    metrics->confusion = calloc((size_t)classes * (size_t)classes + 1, sizeof(int64_t));
    BUG_IF(!metrics->confusion);
}

void metrics_release(struct metrics *metrics)
{
    free(metrics->confusion);
    free(metrics->predictions);
    *metrics = (struct metrics){ 0 };
}

void metrics_clear(struct metrics *metrics)
{
    metrics->count = metrics->right = metrics->right_top5 = 0;
    metrics->loss_sum = 0;
    metrics->prediction_count = 0;
    memset(metrics->confusion, 0,
           (size_t)metrics->classes * (size_t)metrics->classes * sizeof(int64_t));
}

int64_t metrics_memory_bytes(int classes, int64_t images)
{
    return (int64_t)sizeof(int64_t) * classes * classes +
           (int64_t)sizeof(struct prediction) * images;
}

void metrics_top(const float *probability, int classes, int top[METRICS_TOP],
                 float confidence[METRICS_TOP])
{
    for (int k = 0; k < METRICS_TOP; k++) {
        top[k] = -1;
        confidence[k] = 0;
    }
    for (int c = 0; c < classes; c++) {
        int at = METRICS_TOP;

        while (at > 0 && (top[at - 1] < 0 || probability[c] > confidence[at - 1]))
            at--;
        if (at == METRICS_TOP)
            continue;
        memmove(top + at + 1, top + at, (size_t)(METRICS_TOP - at - 1) * sizeof(*top));
        memmove(confidence + at + 1, confidence + at,
                (size_t)(METRICS_TOP - at - 1) * sizeof(*confidence));
        top[at] = c;
        confidence[at] = probability[c];
    }
}

void metrics_add(struct metrics *metrics, const float *probability, const float *loss,
                 const int *truth, const int *items, int count)
{
    for (int i = 0; i < count; i++) {
        struct prediction row = { .item = items[i], .truth = truth[i] };

        metrics_top(probability + (size_t)i * (size_t)metrics->classes, metrics->classes, row.top,
                    row.confidence);
        metrics->loss_sum += loss[i];
        metrics->count++;
        metrics->right += row.top[0] == row.truth;
        for (int k = 0; k < METRICS_TOP; k++)
            metrics->right_top5 += row.top[k] == row.truth;
        metrics->confusion[row.truth * metrics->classes + row.top[0]]++;
        metrics->predictions = vec_grow(metrics->predictions, metrics->prediction_count,
                                        &metrics->prediction_capacity, sizeof(row));
        metrics->predictions[metrics->prediction_count++] = row;
    }
}

static double ratio(int64_t part, int64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

struct class_metrics metrics_of_class(const struct metrics *metrics, int index)
{
    struct class_metrics result = { 0 };
    int64_t predicted = 0, right = metrics->confusion[index * metrics->classes + index];

    for (int i = 0; i < metrics->classes; i++) {
        result.support += metrics->confusion[index * metrics->classes + i];
        predicted += metrics->confusion[i * metrics->classes + index];
    }
    result.precision = ratio(right, predicted);
    result.recall = ratio(right, result.support);
    if (result.precision + result.recall > 0)
        result.f1_score = 2 * result.precision * result.recall / (result.precision + result.recall);
    return result;
}

struct metrics_summary metrics_summarise(const struct metrics *metrics)
{
    struct metrics_summary s = { .accuracy = ratio(metrics->right, metrics->count),
                                 .top5_accuracy = ratio(metrics->right_top5, metrics->count) };
    int occurring = 0;

    if (metrics->count)
        s.loss = metrics->loss_sum / (double)metrics->count;
    for (int i = 0; i < metrics->classes; i++) {
        struct class_metrics c = metrics_of_class(metrics, i);

        if (!c.support)
            continue;
        occurring++;
        s.precision += c.precision;
        s.recall += c.recall;
        s.f1_score += c.f1_score;
    }
    if (occurring) {
        s.precision /= occurring;
        s.recall /= occurring;
        s.f1_score /= occurring;
    }
    return s;
}
