/* skeleton.c - see skeleton.h. */

#include "objects/skeleton.h"

#include <stddef.h>

#define PERSON_KEYPOINTS 17

static const int person_bones[][2] = {
    { 0, 1 }, { 0, 2 }, { 1, 3 }, { 2, 4 },                             /* head */
    { 5, 6 }, { 5, 7 }, { 7, 9 }, { 6, 8 }, { 8, 10 },                  /* shoulders, arms */
    { 5, 11 }, { 6, 12 }, { 11, 12 },                                   /* trunk */
    { 11, 13 }, { 13, 15 }, { 12, 14 }, { 14, 16 }, { 3, 5 }, { 4, 6 }, /* legs, neck */
};

struct skeleton skeleton_or_person(struct skeleton stated, int keypoint_count)
{
    if (stated.count)
        return stated;
    if (keypoint_count != PERSON_KEYPOINTS)
        return (struct skeleton){ NULL, 0 };
    return (struct skeleton){ person_bones, sizeof(person_bones) / sizeof(*person_bones) };
}

void skeleton_write(struct skeleton skeleton, struct json_writer *w)
{
    json_array_open(w);
    for (int i = 0; i < skeleton.count; i++) {
        json_array_open(w);
        json_int(w, skeleton.bones[i][0]);
        json_int(w, skeleton.bones[i][1]);
        json_close(w);
    }
    json_close(w);
}
