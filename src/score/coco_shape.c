/* coco_shape.c - boxes, masks and key points of an entry; see coco_set_internal.h. */

#include "base/error.h"
#include "base/vec.h"
#include "data/mask.h"
#include "score/coco_set_internal.h"

#include <limits.h>
#include <math.h>

#define REFUSE(err, place, ...) refuse(place, FAIL(err, CORRUPT, __VA_ARGS__), err)

static int refuse(const struct coco_place *place, int result, struct error *err)
{
    (void)result;
    return error_prefix(err, "'%s': %s %lld", place->file, place->what, (long long)place->index);
}

int coco_read_id(const json_t *entry, const char *key, const struct coco_place *place,
                 int64_t *value, struct error *err)
{
    const json_t *number = json_object_get(entry, key);

    if (!json_is_integer(number))
        return REFUSE(err, place, "'%s' must be a whole number", key);
    *value = json_integer_value(number);
    return 0;
}

int coco_read_box(const json_t *entry, const struct coco_place *place, struct object_box *box,
                  struct error *err)
{
    const json_t *list = json_object_get(entry, "bbox");
    double *sides[4] = { &box->x, &box->y, &box->w, &box->h };

    if (json_array_size(list) != 4)
        return REFUSE(err, place, "'bbox' must be four numbers: left, top, width, height");
    for (size_t i = 0; i < 4; i++) {
        const json_t *number = json_array_get(list, i);

        if (!json_is_number(number) || fabs(json_number_value(number)) > 1e9)
            return REFUSE(err, place, "'bbox' must be four numbers: left, top, width, height");
        *sides[i] = json_number_value(number);
    }
    if (box->w < 0 || box->h < 0)
        return REFUSE(err, place, "'bbox' has a negative width or height");
    return 0;
}

/* --- masks ------------------------------------------------------------------------------------ */

static int set_polygon(struct mask *mask, const json_t *numbers, const struct coco_image *image,
                       const struct coco_place *place, struct error *err)
{
    size_t count = json_array_size(numbers);
    struct annotation_point *points;
    int result;

    if (count < 6 || count % 2 || count > INT_MAX)
        return REFUSE(err, place, "a polygon must be x, y pairs of three points or more");
    points = malloc(count / 2 * sizeof(*points));
    if (!points)
        return FAIL(err, NO_MEMORY, "no memory for a polygon of %zu points", count / 2);
    for (size_t i = 0; i < count; i++) {
        double value = json_number_value(json_array_get(numbers, i));

        *(i % 2 ? &points[i / 2].y : &points[i / 2].x) =
            (float)fmax(-1e6, fmin(1e6, value));
    }
    result = mask_set_ring(mask, image->width, image->height, points, (int)(count / 2), err);
    free(points);
    return result ? refuse(place, -1, err) : 0;
}

static int set_polygons(struct mask *mask, const json_t *polygons, const struct coco_image *image,
                        const struct coco_place *place, struct error *err)
{
    struct mask part = MASK_INIT;
    int result = mask_set_empty(mask, image->width, image->height, err);

    for (size_t i = 0; !result && i < json_array_size(polygons); i++)
        if (set_polygon(&part, json_array_get(polygons, i), image, place, err) ||
            mask_unite(mask, &part, err))
            result = -1;
    mask_release(&part);
    return result;
}

static int set_runs(struct mask *mask, const json_t *counts, const struct coco_image *image,
                    const struct coco_place *place, struct error *err)
{
    size_t count = json_array_size(counts);
    uint32_t *runs;
    int result;

    if (count > INT_MAX)
        return REFUSE(err, place, "'counts' is too long");
    runs = malloc((count + 1) * sizeof(*runs));
    if (!runs)
        return FAIL(err, NO_MEMORY, "no memory for %zu runs", count);
    for (size_t i = 0; i < count; i++) {
        json_int_t run = json_integer_value(json_array_get(counts, i));

        if (run < 0 || run > UINT32_MAX) {
            free(runs);
            return REFUSE(err, place, "'counts' has a run of %lld pixels", (long long)run);
        }
        runs[i] = (uint32_t)run;
    }
    result = mask_set_runs(mask, image->width, image->height, runs, (int)count, err);
    free(runs);
    return result ? refuse(place, -1, err) : 0;
}

static int set_encoded(struct mask *mask, const json_t *segmentation,
                       const struct coco_image *image, const struct coco_place *place,
                       struct error *err)
{
    const json_t *size = json_object_get(segmentation, "size");
    const json_t *counts = json_object_get(segmentation, "counts");

    if (json_integer_value(json_array_get(size, 0)) != image->height ||
        json_integer_value(json_array_get(size, 1)) != image->width)
        return REFUSE(err, place, "'size' is not the image's, [%d, %d]", image->height,
                      image->width);
    if (json_is_array(counts))
        return set_runs(mask, counts, image, place, err);
    if (!json_is_string(counts))
        return REFUSE(err, place, "'segmentation' lacks its 'counts'");
    if (mask_set_text(mask, image->width, image->height, json_string_value(counts),
                      json_string_length(counts), err))
        return refuse(place, -1, err);
    return 0;
}

int coco_read_mask(struct coco_set *set, const json_t *entry, const struct coco_image *image,
                   const struct coco_place *place, struct image_object *object, struct error *err)
{
    const json_t *segmentation = json_object_get(entry, "segmentation");
    struct mask *mask = ARENA_NEW(&set->arena, struct mask);

    set->_masks = vec_grow(set->_masks, set->_mask_count, &set->_mask_capacity,
                           sizeof(struct mask *));
    set->_masks[set->_mask_count++] = mask;
    object->mask = mask;
    if (image->width < 1 || image->height < 1)
        return REFUSE(err, place, "its image has no 'width' and 'height', which masks need");
    if (json_is_array(segmentation))
        return set_polygons(mask, segmentation, image, place, err);
    if (json_is_object(segmentation))
        return set_encoded(mask, segmentation, image, place, err);
    return REFUSE(err, place, "it has no 'segmentation'");
}

/* --- key points ------------------------------------------------------------------------------- */

int coco_read_keypoints(struct coco_set *set, const json_t *entry, const struct coco_place *place,
                        struct image_object *object, struct error *err)
{
    const json_t *list = json_object_get(entry, "keypoints");
    size_t count = json_array_size(list);
    float *keypoints;

    if (!set->keypoint_count && count && count % 3 == 0 && count / 3 <= OVERLAP_MAX_KEYPOINTS)
        set->keypoint_count = (int)(count / 3);
    if (!count || count != (size_t)set->keypoint_count * 3)
        return REFUSE(err, place, "'keypoints' must be x, y, v of %d points, not %zu numbers",
                      set->keypoint_count, count);
    keypoints = ARENA_ARRAY(&set->arena, float, count);
    for (size_t i = 0; i < count; i++)
        keypoints[i] =
            (float)fmax(-1e9, fmin(1e9, json_number_value(json_array_get(list, i))));
    object->keypoints = keypoints;
    return 0;
}
