/* object_losses.h - what the anchors of one image that have an object lose, and the gradient.
 *
 * The sparse part of the losses of a detector, shared by reference kernels and fast ones.  All
 * arrays are the image's own; anchors lie side by side, (channels, anchors). */
#ifndef NN_OBJECT_LOSSES_H
#define NN_OBJECT_LOSSES_H

#include "nn/anchors.h"
#include "nn/reals.h"

#include <stdbool.h>

#define KEY_POINTS_MOST 1024

/* --- boxes and classes ------------------------------------------------------------------------ */

struct box_image {
    const struct anchor_grids *grids;
    int bins, class_count;
    int64_t anchor_total;
    struct reals distribution; /* (4 bins, anchors) */
    struct reals logits;       /* (classes, anchors) */
    struct reals index, score; /* (anchors): the assignment */
    struct reals boxes;        /* (most boxes, 4) */
    struct reals classes;      /* (most boxes) */
};

struct box_image_sums {
    double box, distance; /* weighted by the target scores */
    double agreement;     /* sum of target score times logit: what binary cross entropy, log(1 +
                           * e^x) - t x, has beside its dense part */
};
struct box_image_sums box_image_losses(const struct box_image *image);

/* Writes the gradient of anchors that have an object into ddistribution, and takes
 * class_factor times their target scores from dlogits. */
void box_image_gradients(const struct box_image *image, double box_factor, double distance_factor,
                         double class_factor, struct reals ddistribution, struct reals dlogits);

/* --- key points ------------------------------------------------------------------------------- */

struct point_image {
    const struct anchor_grids *grids;
    int points, size; /* K and D */
    int64_t anchor_total;
    struct reals raw;        /* (K D, anchors) */
    struct reals index;      /* (anchors) */
    struct reals boxes;      /* (most boxes, 4) */
    struct reals key_points; /* (most boxes, K, 3) */
};

struct point_image_sums {
    double place;   /* 1 - object key point similarity (COCO), per point, mean over labelled ones */
    double visible; /* binary cross entropy, mean over the points */
};
struct point_image_sums point_image_losses(const struct point_image *image);

/* Writes the gradient of anchors that have an object into draw. */
void point_image_gradients(const struct point_image *image, double place_factor,
                           double visible_factor, struct reals draw);

/* Where a raw key point lies, in pixels. */
double point_decode(double raw, double anchor_place, double stride);

#endif
