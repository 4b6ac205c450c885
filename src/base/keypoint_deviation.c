/* keypoint_deviation.c - see keypoint_deviation.h. */

#include "base/keypoint_deviation.h"

#define PERSON_POINTS 17

/* Nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles; from COCO's evaluation. */
static const double of_person[PERSON_POINTS] = {
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072,
    0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089,
};

double keypoint_deviation(int points, int size, int point)
{
    return points == PERSON_POINTS && size == 3 ? of_person[point] : 1.0 / points;
}
