/* prediction_json.h - what was found on an image, as JSON.
 *
 * Two forms: the platform's answer to a prediction, and COCO's list of results, by which runs and
 * programs are compared.  Lengths are pixels of the original image, to a thousandth. */
#ifndef OBJECTS_PREDICTION_JSON_H
#define OBJECTS_PREDICTION_JSON_H

#include "base/json.h"
#include "objects/image_object.h"
#include "objects/skeleton.h"

struct error;

struct prediction_json {
    const char *const *class_names;
    int keypoint_count;
    struct skeleton skeleton; /* as stated; see skeleton_or_person() */
    bool has_masks, has_keypoints; /* of the task, also where nothing was found */
    int image_width, image_height;
};

/* The keys of an answer, into an open object:
 * predictions         [{label, label_id, confidence, count}], one row per class with its best
 *                     confidence, best first.  One row with label_id -1 when nothing was found:
 *                     clients look at the first.
 * predicted_boxes     [{class_id, label, bbox [middle x, middle y, width, height], x1, y1, x2, y2,
 *                     confidence, format}], best first
 * num_detections, image_width, image_height, unit "pixel"
 * predicted_masks     [{instance_id, class_id, label, confidence, polygon [[x, y]...], polygons,
 *                     rle {size, counts}}]: polygon is the largest outline, polygons are all, holes
 *                     the other way around; num_instances
 * predicted_keypoints [{person_id, class_id, label, confidence, keypoints [{keypoint_id, x, y,
 *                     confidence}]}]; num_persons; skeleton [[keypoint_id, keypoint_id]...] */
int prediction_json_write(const struct prediction_json *options, const struct image_object *found,
                          int count, struct json_writer *w, struct error *err);

/* Rows of COCO's results, into an open array.  category_ids: by class; NULL: class + 1. */
void prediction_json_write_coco(const struct prediction_json *options, int64_t image_id,
                                const int64_t *category_ids, const struct image_object *found,
                                int count, struct json_writer *w);

/* "polygons": all outlines of a mask; "keypoints": x, y, v in rows. */
int prediction_json_put_polygons(const struct mask *mask, struct json_writer *w,
                                 struct error *err);
void prediction_json_put_points(const float *keypoints, int count, struct json_writer *w);

/* A length or a share, rounded so that its text is short. */
double prediction_json_round(double value);

#endif
