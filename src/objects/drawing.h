/* drawing.h - found or true objects drawn on their image: shades for masks, boxes with labels,
 * skeletons; each class has its colour. */
#ifndef OBJECTS_DRAWING_H
#define OBJECTS_DRAWING_H

#include "formats/canvas.h"
#include "formats/lettering.h"
#include "objects/image_object.h"
#include "objects/skeleton.h"

struct drawing_options {
    const char *const *class_names;
    struct lettering *lettering; /* borrowed; NULL: the letters of canvas_text() */
    int keypoint_count;
    struct skeleton skeleton; /* as stated; see skeleton_or_person() */
    double least_keypoint; /* points with less confidence are left out; 0: 0.5 */
    bool has_scores;       /* found ones have; true ones do not */
    bool no_labels;
};

/* The weakest first, so that the best lies on top.  Line widths go by the image's size. */
void drawing_draw(const struct canvas *canvas, const struct drawing_options *options,
                  const struct image_object *objects, int count);

#endif
