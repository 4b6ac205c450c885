/* image_object.h - one thing on an image: found by a network, or known to be there.
 *
 * The same struct serves both sides, so that overlaps, drawing and JSON are written once.  All
 * positions are pixels of the original, upright image: x to the right, y down, from the outer
 * corner of the first pixel.  Arrays of objects borrow their masks and key points. */
#ifndef OBJECTS_IMAGE_OBJECT_H
#define OBJECTS_IMAGE_OBJECT_H

#include <stdbool.h>

struct mask; /* data/mask.h */

struct object_box {
    double x, y, w, h; /* left, top, width, height */
};

struct image_object {
    int category; /* class, from 0 */
    struct object_box box;
    const struct mask *mask; /* of the image's size; NULL: none */
    const float *keypoints;  /* x, y, v each; truth: v is 0 absent, 1 hidden, 2 visible;
                              * found: v is the confidence; NULL: none */

    double score; /* of what was found, 0 to 1 */

    /* of what is true */
    double area;   /* of the thing itself in pixels, what COCO's area ranges go by */
    bool is_crowd; /* a region of many: finding them is neither right nor wrong */
};

#endif
