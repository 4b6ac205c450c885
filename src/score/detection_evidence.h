/* detection_evidence.h - what remains of one class of a validation set, and the precision in it;
 * behind detection_metrics.h. */
#ifndef SCORE_DETECTION_EVIDENCE_H
#define SCORE_DETECTION_EVIDENCE_H

#include "score/detection_metrics.h"

struct found_record {
    double score;
    uint16_t rank; /* among the found of its class on its image, from 0 */
    struct match_flags flags;
};

struct class_evidence {
    struct found_record *items;
    int count, capacity;
    bool is_sorted;
    int64_t truths[MATCH_RANGES]; /* that count */
};

void class_evidence_add(struct class_evidence *evidence, double score, int rank,
                        const struct match_flags *flags);

/* As detection_metrics_precision(). */
void class_evidence_precision(struct class_evidence *evidence, enum match_range range, int limit,
                              struct detection_precision *out);

/* Right and wrong at overlap 0.5 with scores of at least i / 1000. */
struct evidence_counts {
    int64_t right[DETECTION_CONFIDENCES], wrong[DETECTION_CONFIDENCES];
};
void class_evidence_counts(struct class_evidence *evidence, struct evidence_counts *out);

#endif
