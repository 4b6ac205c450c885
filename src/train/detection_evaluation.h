/* detection_evaluation.h - how good a detector's answers are, as an evaluation of task.h.
 *
 * Answers      of at least 0.001 confidence after suppression at an overlap of 0.7, at most 300 an
 *              image, compared in pixels of the original image (detection_metrics.h).
 * Sets         boxes; and masks, suffix (M), or key points, suffix (P), beside which the scores of
 *              boxes are called (B).
 * Images       the row of an image holds its truths and the answers of at least
 *              DETECTION_SHOWN_CONFIDENCE, with what was right, confused, missed or a false
 *              alarm. */
#ifndef TRAIN_DETECTION_EVALUATION_H
#define TRAIN_DETECTION_EVALUATION_H

#include "train/task.h"

enum { DETECTION_COLUMNS, DETECTION_PROTOTYPES }; /* ends.outputs */

#define DETECTION_SHOWN_CONFIDENCE 0.1

struct evaluation *detection_evaluation_new(const struct evaluation *about);
int64_t detection_evaluation_memory_bytes(const struct evaluation *about);
void detection_evaluation_free(struct evaluation *evaluation);
void detection_evaluation_clear(struct evaluation *evaluation);
int detection_evaluation_add(struct evaluation *evaluation, const struct network_ends *ends,
                             struct plan *plan, const struct batch *batch, struct error *err);
void detection_evaluation_summarise(struct evaluation *evaluation, struct scores *scores);
void detection_evaluation_write_classes(const struct evaluation *evaluation, const char *key,
                                        struct json_writer *w);
void detection_evaluation_write_images(const struct evaluation *evaluation, struct json_writer *w);
void detection_evaluation_write_text(const struct evaluation *evaluation,
                                     const struct scores *scores, struct str *out);

/* Where the head's values of image `index` of a batch lie; keypoint_size is 2 or 3, 0 without. */
struct detection_head;
struct detection_layout {
    int classes, keypoint_count, keypoint_size;
};
void detection_head_at(const struct network_ends *ends, struct plan *plan,
                       const struct detection_layout *layout, int index,
                       struct detection_head *head);

#endif
