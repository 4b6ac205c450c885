/* keypoint_deviation.h - how far off people are when they mark a key point, as a share of the
 * object's size: the sigmas of COCO's object key-point similarity.
 *
 * Training and scoring go by the same numbers, and neither may include the other. */
#ifndef BASE_KEYPOINT_DEVIATION_H
#define BASE_KEYPOINT_DEVIATION_H

/* Of objects with so many points of `size` numbers each.  COCO's for 17 points of 3, which are
 * those of a person; else 1 / points for each, as in Ultralytics. */
double keypoint_deviation(int points, int size, int point);

#endif
