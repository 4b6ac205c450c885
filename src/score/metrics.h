/* metrics.h - how good a classifier is; rows are added image by image.
 *
 * accuracy, top5_accuracy: shares of right answers.  precision, recall, f1_score: means over the
 * classes that occur (macro averages); a class that is never predicted has precision 0.  The
 * confusion matrix has the truth in rows.  loss is the mean cross entropy. */
#ifndef SCORE_METRICS_H
#define SCORE_METRICS_H

#include <stdint.h>

struct str;

#define METRICS_TOP 5

/* One image of the validation set. */
struct prediction {
    int item;  /* index in the dataset */
    int truth; /* class */
    int top[METRICS_TOP]; /* classes, most likely first; -1 past the number of classes */
    float confidence[METRICS_TOP];
};

struct metrics {
    int classes;
    int64_t count, right, right_top5;
    double loss_sum;
    int64_t *confusion; /* [truth * classes + predicted] */
    struct prediction *predictions;
    int prediction_count, prediction_capacity;
};

struct class_metrics {
    double precision, recall, f1_score;
    int64_t support;
};

struct metrics_summary {
    double loss, accuracy, top5_accuracy, precision, recall, f1_score;
};

void metrics_init(struct metrics *metrics, int classes);
void metrics_release(struct metrics *metrics);
void metrics_clear(struct metrics *metrics);
int64_t metrics_memory_bytes(int classes, int64_t images); /* after so many */

/* probability: row-major (count, classes); loss: by image. */
void metrics_add(struct metrics *metrics, const float *probability, const float *loss,
                 const int *truth, const int *items, int count);

struct metrics_summary metrics_summarise(const struct metrics *metrics);
struct class_metrics metrics_of_class(const struct metrics *metrics, int index);

/* The k most likely classes of one row, ties to the lower index. */
void metrics_top(const float *probability, int classes, int top[METRICS_TOP],
                 float confidence[METRICS_TOP]);

#endif
