/* coco_set_internal.h - reading one entry of COCO's JSON. */
#ifndef SCORE_COCO_SET_INTERNAL_H
#define SCORE_COCO_SET_INTERNAL_H

#include "score/coco_set.h"

#include <jansson.h>

/* Where an entry stands, for messages. */
struct coco_place {
    const char *file, *what; /* "annotation" */
    int64_t index;
};

/* A number that is there and fits, or FAIL. */
int coco_read_id(const json_t *entry, const char *key, const struct coco_place *place,
                 int64_t *value, struct error *err);

/* The shape of an entry in its image. */
int coco_read_box(const json_t *entry, const struct coco_place *place, struct object_box *box,
                  struct error *err);
int coco_read_mask(struct coco_set *set, const json_t *entry, const struct coco_image *image,
                   const struct coco_place *place, struct image_object *object, struct error *err);
int coco_read_keypoints(struct coco_set *set, const json_t *entry, const struct coco_place *place,
                        struct image_object *object, struct error *err);

#endif
