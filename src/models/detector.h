/* detector.h - networks that find objects: what they are trained with, and what they give.
 *
 * Three tasks share one trunk: TASK_DETECT gives boxes, TASK_SEGMENT masks as well, TASK_POSE key
 * points as well.  B images of S x S pixels; C classes; A anchors, one per cell of the three grids
 * of S/8, S/16 and S/32 cells a side, row by row, the finest grid first; M boxes at most in one
 * image; K key points of D numbers (x, y and, with D = 3, visibility).
 *
 * Images        (B,3,S,S), red, green, blue in 0..1, nothing subtracted.
 * Targets       Ragged lists in static tensors: M is known when the plan is made (the most boxes of
 *               any image in the data set, times what mosaic and mixup put together).
 * Predictions   Of the evaluation graph; every anchor has one column, nothing is sorted out.
 */
#ifndef MODELS_DETECTOR_H
#define MODELS_DETECTOR_H

#include "models/model.h"

#define DETECTOR_BINS 16       /* of the distribution of each side of a box */
#define DETECTOR_MASKS 32      /* prototypes, and coefficients per anchor */
#define DETECTOR_MASK_STRIDE 4 /* prototypes and target masks have S/4 pixels a side */
#define DETECTOR_MOST_BOXES 65535

extern const int detector_strides[ANCHOR_LEVELS]; /* pixels a side of a cell, the finest first */

/* What the loader fills before each step; graph inputs of these names.
 *
 *   "boxes"       F32 (B,M,4)      left, top, right, bottom in pixels of the image; right > left,
 *                                  bottom > top, inside 0..S
 *   "classes"     I32 (B,M)        0 .. C-1
 *   "counts"      I32 (B)          how many rows of that image are boxes, 0..M.  0: an image
 *                                  without objects, from which the network learns too.  -1: no
 *                                  image at all but the padding of a batch, left out of every loss
 *                                  part.
 *   "masks"       I32 (B,S/4,S/4)  segmentation: 0 is background, k + 1 belongs to box k.  Where
 *                                  objects overlap the smaller one is on top.
 *   "key_points"  F32 (B,M,K,3)    pose: x, y in pixels, and 0 where the point is not labelled (its
 *                                  place does not count), else 1 or 2 (2 for data without the third
 *                                  number)
 *
 * Rows from counts[b] on are not looked at and may hold anything. */
struct detector_targets {
    struct value *boxes, *classes, *counts;
    struct value *masks;      /* NULL but for TASK_SEGMENT */
    struct value *key_points; /* NULL but for TASK_POSE */
};

/* Factors of the loss parts.  The mask loss has the factor of the boxes. */
struct detector_gains {
    double box, cls, dfl, pose, kobj;
};

extern const struct detector_gains detector_usual_gains; /* 7.5, 0.5, 1.5, 12, 1 */

/* One number that is shown while training: value's element `index`, F32, with its gain and as a
 * mean over images.  `value` is an output of the graph. */
struct detector_part {
    const char *name; /* box_loss, seg_loss, pose_loss, kobj_loss, cls_loss, dfl_loss */
    struct value *value;
    int index;
};

#define DETECTOR_MOST_PARTS 5

/* `loss` is what is minimised: the sum of the parts times the number of images (padding not
 * counted), so that gradients of several batches may be added up.  The parts stand in the order in
 * which they are shown: box, then seg or pose and kobj, then cls, dfl. */
struct detector_loss {
    struct value *loss;
    struct detector_part parts[DETECTOR_MOST_PARTS];
    int part_count;
};

/* columns: F32 (B, 4 + C + extra, A).  Rows 0..3 are the centre's x and y, width and height in
 * pixels of the image; then C probabilities, one per class and independent of each other; then
 *   segmentation  32 coefficients: the mask of an anchor is sigmoid(sum of coefficient times
 *                 prototype), inside its box
 *   pose          K times D: x, y in pixels, probability that the point is visible (D = 3)
 * prototypes: F32 (B,32,S/4,S/4), NULL but for TASK_SEGMENT. */
struct detector_predictions {
    struct value *columns, *prototypes;
};

/* What the network ends in, before losses and decoding: one column per anchor.  These values, as
 * targets, losses and predictions, stay valid through the passes. */
struct detector_head {
    enum task task;
    int classes, key_points, key_point_size;
    int image_size;
    struct value *distribution; /* (B,4*16,A): logits of the distance to left, top, right, bottom */
    struct value *logits;       /* (B,C,A) */
    struct value *projection;   /* (1,16,1,1): the distance that each bin stands for; frozen */
    struct value *coefficients; /* (B,32,A), segmentation */
    struct value *prototypes;   /* (B,32,S/4,S/4), segmentation */
    struct value *points;       /* (B,K*D,A), pose: before decoding */
};

/* Build the model on the input "image"; graph_release() the graph also after a failure. */
int detector_build(struct graph *graph, const struct model *model,
                   const struct model_options *options, struct value **image,
                   struct detector_head *head, struct error *err);

/* Add the targets as inputs and the loss; marks loss and parts as outputs of the graph.
 * most_boxes is M, at least 1; without gains the usual ones count.  Errors stick to the graph. */
void detector_add_loss(struct graph *graph, const struct detector_head *head,
                       const struct detector_gains *gains, int most_boxes,
                       struct detector_targets *targets, struct detector_loss *loss);

/* Add decoding; marks the predictions as outputs of the graph. */
void detector_add_predictions(struct graph *graph, const struct detector_head *head,
                              struct detector_predictions *predictions);

/* A: anchors of an image of that size. */
int64_t detector_anchors(int image_size);

#endif
