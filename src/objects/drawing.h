/* drawing.h - found or true objects drawn on their image: shades for masks, boxes with labels,
 * skeletons; each class has its colour. */
#ifndef OBJECTS_DRAWING_H
#define OBJECTS_DRAWING_H

#include "formats/canvas.h"
#include "objects/image_object.h"

/* Pairs of key points that a line joins, from 0. */
struct skeleton {
    const unsigned char (*bones)[2];
    int count;
};

/* COCO's for its 17 points; NULL for any other number: points alone. */
const struct skeleton *skeleton_find(int keypoint_count);

struct drawing_options {
    const char *const *class_names;
    int keypoint_count;
    double least_keypoint; /* points with less confidence are left out; 0: 0.5 */
    bool has_scores;       /* found ones have; true ones do not */
    bool no_labels;
};

/* The weakest first, so that the best lies on top.  Line widths go by the image's size. */
void drawing_draw(const struct canvas *canvas, const struct drawing_options *options,
                  const struct image_object *objects, int count);

#endif
