/* pose_quality.h - how near key points come, beside their average precision.
 *
 * Over the truths with labelled points, each compared with what detection_confusion.h matched to
 * it; one that was missed counts with zero.
 * OKS   the mean object key-point similarity (overlap.h).
 * PCK   the share of labelled points that are off by less than POSE_NEAR of the longer side of the
 *       truth's box. */
#ifndef SCORE_POSE_QUALITY_H
#define SCORE_POSE_QUALITY_H

#include "score/detection_confusion.h"
#include "score/overlap.h"

#define POSE_NEAR 0.05

struct pose_quality {
    int64_t truths, points, near_points;
    double similarity;
};

/* All zero to begin with; the matches are of the same image. */
void pose_quality_add(struct pose_quality *quality, const struct overlap_rule *rule,
                      const struct image_object *truths, const struct image_object *found,
                      const struct object_match *matches, int match_count);

double pose_quality_oks(const struct pose_quality *quality); /* 0 without truths */
double pose_quality_pck(const struct pose_quality *quality);

#endif
