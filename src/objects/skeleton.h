/* skeleton.h - which key points a line joins. */
#ifndef OBJECTS_SKELETON_H
#define OBJECTS_SKELETON_H

#include "base/json.h"

/* Pairs of key points, from 0; the array is borrowed. */
struct skeleton {
    const int (*bones)[2];
    int count;
};

/* The one that a data set states; where it states none, COCO's for its 17 points of a person, and
 * for any other number no bones at all. */
struct skeleton skeleton_or_person(struct skeleton stated, int keypoint_count);

/* [[from, to]...] */
void skeleton_write(struct skeleton skeleton, struct json_writer *w);

#endif
