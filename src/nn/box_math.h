/* box_math.h - overlap of boxes, distances as distributions, similarity of key points.
 *
 * One object at a time and in double; boxes are left, top, right, bottom.  Gradients leave kinks
 * (equal edges) to the side of zero. */
#ifndef NN_BOX_MATH_H
#define NN_BOX_MATH_H

#include "nn/anchors.h"
#include "nn/reals.h"

#define BOX_MOST_BINS 32

/* Complete IoU (Zheng et al. 2020): overlap, less the distance of the centres and the difference of
 * the aspect ratios.  The gradient, by the edges of `box`, takes the factor of the aspect ratios as
 * a constant, as the paper does; NULL: not wanted. */
double box_complete_iou(const double box[4], const double target[4], double gradient[4]);

/* What an anchor says of the distance to one side (Li et al. 2020): probabilities of the distances
 * 0, 1, 2, ... in cells, and their mean. */
struct side {
    double probability[BOX_MOST_BINS], log_sum, mean;
};

/* Softmax of the logits at logits[0], logits[step], ... */
void side_read(struct side *side, struct reals logits, int64_t step, int bins);

/* One anchor that is to find an object. */
struct box_sample {
    int bins;
    struct reals logits; /* of its first side's first bin */
    int64_t step;        /* from one bin to the next; sides follow each other */
    struct anchor anchor;
    double target[4]; /* pixels */
};

/* Losses 1 - complete IoU and the cross entropy of the distances, mean of the four sides.  The
 * gradient of their weighted sum is by the logits, sides one after the other; NULL: not wanted. */
struct box_losses {
    double box, distance;
};
struct box_losses box_sample_losses(const struct box_sample *sample, double box_weight,
                                    double distance_weight, double *gradient);

/* log(1 + e^x) */
double softplus(double x);
double sigmoid(double x);

#endif
