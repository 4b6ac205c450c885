/* detection_report.h - results of validating a detector, as JSON for people's screens.
 *
 * All functions put keys into an open object.  `suffix` is "" where there is one kind of result,
 * else "(B)" boxes, "(M)" masks, "(P)" key points. */
#ifndef SCORE_DETECTION_REPORT_H
#define SCORE_DETECTION_REPORT_H

#include "base/json.h"
#include "score/detection_confusion.h"
#include "score/detection_metrics.h"

struct error;

/* precision, recall, mAP50, mAP50-95, f1_score, each with the suffix; and f1_confidence. */
void detection_report_put_summary(const struct detection_summary *summary, const char *suffix,
                                  struct json_writer *w);

/* key: {name: {ap_50, ap_50_95, precision, recall, f1_score, support}} */
void detection_report_put_classes(struct detection_metrics *metrics, const char *const *names,
                                  const char *key, struct json_writer *w);

/* "pr_curves": {name: {precision [101], recall [101]}} at overlap 0.5, of classes with truths, and
 * "confidence_curves": {confidence [101], precision, recall, f1_score}, means over them. */
void detection_report_put_curves(struct detection_metrics *metrics, const char *const *names,
                                 const char *suffix, struct json_writer *w);

/* "confusion_matrix" with truth in rows, and "confusion_labels": the classes, then "background".
 * Nothing where the confusion keeps no matrix, for its classes are too many. */
void detection_report_put_confusion(const struct detection_confusion *confusion,
                                    const char *const *names, struct json_writer *w);

/* COCO's summary: AP, AP50, AP75, AP_small, AP_medium, AP_large, AR_1, AR_10, AR_100, AR_small ...;
 * of key points at 20 per image, without small.  null where no truth is. */
void detection_report_put_coco(struct detection_metrics *metrics, const char *key,
                               struct json_writer *w);

struct detection_report_image {
    const char *file;
    int width, height;
    const struct image_object *truths, *found;
    int truth_count, found_count;
    int keypoint_count;
    double least_confidence; /* found things below it are not listed, unless they matched */
};

/* One image: file, width, height, is_correct, "true_boxes" and "predicted_boxes" [{class_id,
 * label, bbox [left, top, width, height], format "xywh", outcome, match, polygons, keypoints}]
 * where match is the place of the partner in the other list, or -1; predicted ones have their
 * confidence, and outcome null when they were below the confusion's or in a crowd.  "cells":
 * [[truth, found]...], the cells of the confusion matrix in which the image counts.
 * The confusion must have seen this image last. */
int detection_report_put_image(const struct detection_report_image *image,
                               const struct detection_confusion *confusion,
                               const char *const *names, struct json_writer *w, struct error *err);

#endif
