/* assignment.h - which anchor is to find which object: task-aligned assignment (Feng et al. 2021,
 * TOOD), for one image.
 *
 * How well an anchor suits an object is  score^alpha * overlap^beta  with the probability that it
 * gives the object's class and the complete IoU of the box it predicts, 0 if that is negative or
 * the anchor lies outside the object.  The `most` best suited anchors of each object are its own;
 * an anchor wanted by several goes to the object it overlaps most.  Its target score is its
 * suitability, scaled so that the best of each object's anchors gets the object's best overlap.  Of
 * equals the lower index wins; an anchor that does not suit at all (0) is never chosen.
 *
 * Objects are taken one after the other: memory is one struct per anchor and two numbers per
 * object. */
#ifndef NN_ASSIGNMENT_H
#define NN_ASSIGNMENT_H

#include "nn/anchors.h"
#include "nn/reals.h"

#define ASSIGNMENT_MOST 64

struct assignment_rule {
    int most; /* anchors per object, up to ASSIGNMENT_MOST */
    double alpha, beta;
};

struct assignment_anchor {
    double overlap;  /* with the object it overlaps most */
    int32_t nearest; /* that object */
    int32_t chosen;  /* the last object that wants it */
    int32_t wanted;  /* by how many */
};

struct assignment {
    const struct anchor_grids *grids;
    const struct assignment_rule *rule;
    struct reals boxes;  /* (4, anchors): predicted, pixels */
    struct reals logits; /* (classes, anchors) */
    int class_count;
    struct reals targets; /* (count, 4): pixels */
    struct reals classes; /* (count) */
    int64_t count;
    struct assignment_anchor *anchors; /* work: one each */
    double *best;                      /* work: 2 * count */
    struct reals index, score;         /* results, per anchor: object or -1, target score or 0 */
};

/* Returns how many anchors have an object; *score_sum is the sum of their scores. */
int64_t assignment_run(const struct assignment *assignment, double *score_sum);

#endif
