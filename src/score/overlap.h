/* overlap.h - how well what was found covers what is true: 0 apart, 1 the same.
 *
 * Boxes and masks: intersection over union.  With a crowd it is the share of what was found that
 * lies inside the crowd, as COCO defines it.
 *
 * Key points: object key-point similarity (OKS), mean over the labelled points of
 * exp(-d^2 / (8 s^2 area)), d the distance in pixels, s the point's sigma.  Without any labelled
 * point d is the distance to a box three times as large around the truth's (COCO's rule for what
 * is ignored). */
#ifndef SCORE_OVERLAP_H
#define SCORE_OVERLAP_H

#include "data/annotation.h"
#include "objects/image_object.h"

enum overlap_kind { OVERLAP_BOX, OVERLAP_MASK, OVERLAP_KEYPOINTS };

#define OVERLAP_MAX_KEYPOINTS ANNOTATION_KEYPOINTS_MOST

struct overlap_rule {
    enum overlap_kind kind;
    int keypoint_count;                   /* of OVERLAP_KEYPOINTS */
    double sigmas[OVERLAP_MAX_KEYPOINTS]; /* of the first keypoint_count */
};

/* The sigmas are those that training uses for so many points of 2 or 3 numbers. */
void overlap_rule_set_keypoints(struct overlap_rule *rule, int count, int size);

double overlap_of_boxes(const struct object_box *found, const struct object_box *truth,
                        bool is_crowd);
double overlap_of_keypoints(const struct overlap_rule *rule, const float *found,
                            const struct image_object *truth);

/* By the rule's kind.  An object without the mask or key points that are asked for overlaps
 * nothing; masks of unlike sizes do not either. */
double overlap_of(const struct overlap_rule *rule, const struct image_object *found,
                  const struct image_object *truth);

/* The area by which COCO puts something found into a range: of its box, of its mask, or of the box
 * around its key points. */
double overlap_found_area(const struct overlap_rule *rule, const struct image_object *found);

int overlap_labelled_count(const struct overlap_rule *rule, const float *keypoints);

#endif
