/* coco_set.h - truths and results as COCO's JSON files have them, in doubles, for scoring.
 *
 * Truth     An object with images [{id, width, height}], categories [{id, name}] and annotations
 *           [{image_id, category_id, bbox [x, y, w, h], area, iscrowd, segmentation, keypoints}].
 * Results   An array of {image_id, category_id, score, bbox | segmentation | keypoints}.
 *           segmentation is a list of polygons [x, y, x, y ...] or {size [h, w], counts}, counts
 *           being runs or COCO's text.  Read element by element: the tree of a long file would
 *           take ten times its memory.
 * Order     Images and categories by id; objects of an image as in their file.
 * Hostile   Files are checked: unknown images or categories, missing fields and sizes that do not
 *           fit are refused with the number of the entry, from 0. */
#ifndef SCORE_COCO_SET_H
#define SCORE_COCO_SET_H

#include "base/arena.h"
#include "score/overlap.h"

#include <stddef.h>
#include <stdint.h>

struct error;

struct coco_image {
    int64_t id;
    int width, height; /* 0: not said */
};

struct coco_category {
    int64_t id;
    const char *name;
};

/* Those of image i are items[first[i]] to items[first[i + 1]]. */
struct coco_objects {
    struct image_object *items;
    int count, capacity;
    int *first;
};

struct coco_set {
    struct arena arena;
    struct coco_image *images;
    int image_count;
    struct coco_category *categories;
    int category_count;
    int keypoint_count; /* of the first annotation that has any; 0: none has */
    struct coco_objects truths, results;
    struct mask **_masks; /* all of them */
    int _mask_count, _mask_capacity;
};

/* Reads both; with kind OVERLAP_MASK each entry's shape, with OVERLAP_KEYPOINTS its points. */
int coco_set_open(struct coco_set *set, const char *truth_path, const char *results_path,
                  enum overlap_kind kind, struct error *err);

/* The same for texts; the names stand for them in messages. */
struct coco_text {
    const char *name, *text;
    size_t length;
};
int coco_set_init(struct coco_set *set, const struct coco_text *truth,
                  const struct coco_text *results, enum overlap_kind kind, struct error *err);
void coco_set_release(struct coco_set *set); /* also after a failure */

/* All images, in order.  The metrics have as many classes as the set has categories. */
struct detection_metrics;
void coco_set_measure(const struct coco_set *set, struct detection_metrics *metrics);

/* The rule by which such a set is scored. */
void coco_set_rule(const struct coco_set *set, enum overlap_kind kind, struct overlap_rule *rule);

#endif
