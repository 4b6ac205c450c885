/* object_losses.h - what the anchors of one image that have an object lose, and the gradient.
 *
 * The sparse part of the losses of a detector, shared by reference kernels and fast ones.  All
 * arrays are the image's own; anchors lie side by side, (channels, anchors). */
#ifndef NN_OBJECT_LOSSES_H
#define NN_OBJECT_LOSSES_H

#include "nn/anchors.h"
#include "nn/reals.h"

#include <stdbool.h>

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

/* --- masks ------------------------------------------------------------------------------------ */

/* The pixels of a mask whose left upper corners lie in the box, [first, end) each, and what one of
 * them counts: 1 / (all pixels of the mask times the box's share of the image). */
struct mask_area {
    int64_t x[2], y[2];
    double weight;
};
/* box: 4 numbers in pixels of the image, whose height and width are image[0] and image[1]. */
struct mask_area mask_area_of(struct reals box, const int image[2], int64_t height, int64_t width);

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
