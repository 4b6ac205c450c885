/* dataset_convert.h - write a labelled data set in another format, with copies of its images.
 *
 * Splits are kept; a set that was divided because it has no val split is written as one split and
 * divided again by whoever reads it.  Boxes and points survive to the precision of the target: six
 * decimals of the image's side in YOLO, the bits of a float elsewhere.  What a format cannot hold
 * is told:
 *
 *   yolo  crowds and areas; masks in runs and several outlines of one object become one outline,
 *         with slits of no width between its parts
 *   coco  nothing; from COCO to COCO categories and images keep their ids
 *   dice  nothing
 *   voc   outlines, key points, areas; crowds become "difficult"; classes of the same name become
 *         one; labels.txt tells the order of the classes
 */
#ifndef DATA_DATASET_CONVERT_H
#define DATA_DATASET_CONVERT_H

#include "data/dataset.h"

struct error;

struct convert_result {
    int64_t images, objects;
    int64_t lost_crowds, joined_outlines, lost_outlines, lost_keypoints; /* objects of which */
    bool reordered_classes; /* whoever reads it gives classes other ids */
};

/* `folder` must not exist or be empty. */
int dataset_convert(const struct dataset *dataset, const char *folder, const char *format,
                    struct convert_result *result, struct error *err);

#endif
