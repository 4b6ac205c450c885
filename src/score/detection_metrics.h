/* detection_metrics.h - how good found boxes, masks or key points are: COCO's average precision,
 * and what people read beside it.
 *
 * Streaming  Images are added one by one and forgotten: 32 bytes remain of each found thing, so
 *            5,000 images with 300 each take about 50 MB.
 * Matching   As match.h, class by class, for ten overlaps, ranges of area, and the best
 *            DETECTION_LIMIT of a class on an image.
 * Precision  In the order of scores (ties: as added); at 101 recalls, the best precision that is
 *            reached at that recall or beyond.  Their mean is the average precision (AP), zero for
 *            recalls that are never reached.  A class without truths has none, and does not
 *            count in any mean.  Equal to the public COCO evaluation; images must be added in the
 *            order of their ids to have its order of ties too.
 * Best F1    precision, recall and f1_score belong to one confidence for all classes: of 0, 0.001
 *            ... 1 the first that makes the mean F1 over the classes greatest, at overlap 0.5.
 */
#ifndef SCORE_DETECTION_METRICS_H
#define SCORE_DETECTION_METRICS_H

#include "score/match.h"

#define DETECTION_LIMIT 300
#define DETECTION_RECALLS 101
#define DETECTION_CONFIDENCES 1001

struct class_evidence;

struct detection_metrics {
    struct overlap_rule rule;
    int classes;
    int64_t images;
    struct class_evidence *_evidence; /* by class */
    struct matcher _matcher;
    const struct image_object **_sorted; /* scratch of one image */
    struct match_flags *_flags;
    int _sorted_capacity;
};

/* The rule is copied. */
void detection_metrics_init(struct detection_metrics *metrics, const struct overlap_rule *rule,
                            int classes);
void detection_metrics_release(struct detection_metrics *metrics);
void detection_metrics_clear(struct detection_metrics *metrics); /* for the next epoch */
/* The most that so many images leave behind. */
int64_t detection_metrics_memory_bytes(int64_t images);

/* One image; found in any order.  Categories are below classes, scores are not NaN. */
void detection_metrics_add(struct detection_metrics *metrics, const struct image_object *truths,
                           int truth_count, const struct image_object *found, int found_count);

/* --- what came of it; these sort what was added, and more may be added after ------------------ */

struct detection_precision {
    bool has_truths;                                      /* false: the rest is zero */
    double average[MATCH_THRESHOLDS];                     /* AP by overlap */
    double recall[MATCH_THRESHOLDS];                      /* the greatest that is reached */
    float curve[MATCH_THRESHOLDS][DETECTION_RECALLS];     /* precision at recall i / 100 */
};

/* Of one class: within a range of areas, the best `limit` per image and class. */
void detection_metrics_precision(struct detection_metrics *metrics, int category,
                                 enum match_range range, int limit,
                                 struct detection_precision *out);

/* Means over the classes that have truths; -1 when none has. */
struct detection_average {
    double map, map50, map75; /* mean over all overlaps, at 0.5, at 0.75 */
    double recall, recall50, recall75;
};
struct detection_average detection_metrics_average(struct detection_metrics *metrics,
                                                   enum match_range range, int limit);

struct detection_class {
    double ap50, ap50_95;
    double precision, recall, f1_score; /* at the confidence of the best F1 */
    int64_t support;                    /* truths that count */
};

struct detection_summary {
    double precision, recall, f1_score, confidence; /* at the best F1, and where it is */
    double map50, map50_95;                         /* 0 when no class has truths */
    int64_t truths;
};

/* classes: as many rows as there are classes, or NULL. */
struct detection_summary detection_metrics_summarise(struct detection_metrics *metrics,
                                                     struct detection_class *classes);

/* Precision, recall and F1 of a class at the confidences i / 1000, at overlap 0.5. */
struct detection_curves {
    float precision[DETECTION_CONFIDENCES], recall[DETECTION_CONFIDENCES],
        f1_score[DETECTION_CONFIDENCES];
};
void detection_metrics_curves(struct detection_metrics *metrics, int category,
                              struct detection_curves *out);

#endif
