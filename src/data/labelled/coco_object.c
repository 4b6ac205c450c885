/* coco_object.c - one annotation: box, outlines or runs, key points. */
#include "base/error.h"
#include "base/vec.h"
#include "data/labelled/coco_internal.h"
#include <math.h>
#include <string.h>

/* Coordinates beyond this many sides of the image are nonsense and not rounding. */
#define NONSENSE 3.0

struct parts {
    struct coco *coco;
    const struct labelled_place *place;
    const struct annotation_image *image;
    struct labelled_object object;
    char fault[96]; /* what was repaired; "": nothing */
};

static int leave_out(struct parts *parts, const char *text)
{
    labelled_note(parts->coco->all, parts->place, DATASET_EXCLUDED, "drop", NULL, "%s", text);
    return 1;
}

static bool is_sensible(double value, int side)
{
    return isfinite(value) && fabs(value) <= NONSENSE * side + 10;
}

/* ---- shapes ------------------------------------------------------------------------------ */

static int read_ring(struct parts *parts, const json_t *ring)
{
    struct coco *coco = parts->coco;
    size_t count = json_array_size(ring);
    int outside = 0;

    if (count < 6)
        return leave_out(parts, "Segmentation needs at least 6 coordinates (3 points)");
    if (count % 2 || count > 2000000)
        return leave_out(parts, "coordinates of a segmentation must be pairs");
    for (size_t i = 0; i < count; i += 2) {
        double x = json_number_value(json_array_get(ring, i));
        double y = json_number_value(json_array_get(ring, i + 1));

        if (!json_is_number(json_array_get(ring, i)) ||
            !json_is_number(json_array_get(ring, i + 1)) ||
            !is_sensible(x, parts->image->width) || !is_sensible(y, parts->image->height))
            return leave_out(parts, "a segmentation has a point that is no place on the image");
        outside += x < -1 || y < -1 || x > parts->image->width + 1 || y > parts->image->height + 1;
        *VEC_ADD(&coco->points) =
            (struct annotation_point){ (float)fmin(fmax(x, 0), parts->image->width),
                                       (float)fmin(fmax(y, 0), parts->image->height) };
    }
    *VEC_ADD(&coco->rings) = (int)(count / 2);
    if (outside)
        snprintf(parts->fault, sizeof(parts->fault),
                 "%d points of the segmentation are outside the image", outside);
    return 0;
}

/* Runs as a list of numbers or as text; into coco->mask. */
static int read_runs(struct parts *parts, const json_t *json)
{
    struct coco *coco = parts->coco;
    const json_t *size = json_object_get(json, "size"), *counts = json_object_get(json, "counts");
    json_int_t height = json_integer_value(json_array_get(size, 0));
    json_int_t width = json_integer_value(json_array_get(size, 1));
    struct error problem = { 0 };
    int result;

    if (width != parts->image->width || height != parts->image->height)
        return leave_out(parts, "the size of the segmentation is not that of the image");
    coco->runs.count = 0;
    for (size_t i = 0; i < json_array_size(counts); i++) {
        json_int_t run = json_integer_value(json_array_get(counts, i));

        if (!json_is_integer(json_array_get(counts, i)) || run < 0 || run > UINT32_MAX)
            return leave_out(parts, "the segmentation has a run that is no length");
        *VEC_ADD(&coco->runs) = (uint32_t)run;
    }
    if (json_is_string(counts))
        result = mask_set_text(&coco->mask, (int)width, (int)height, json_string_value(counts),
                               json_string_length(counts), &problem);
    else
        result = mask_set_runs(&coco->mask, (int)width, (int)height, coco->runs.items,
                               coco->runs.count, &problem);
    if (result)
        return leave_out(parts, problem.text);
    parts->object.runs = coco->mask.runs;
    parts->object.run_count = coco->mask.run_count;
    return 0;
}

static int read_shape(struct parts *parts, const json_t *json)
{
    struct labelled_object *object = &parts->object;
    struct coco *coco = parts->coco;
    const json_t *shape = json_object_get(json, "segmentation");

    coco->points.count = coco->rings.count = 0;
    if (json_is_object(shape) && read_runs(parts, shape))
        return 1;
    for (size_t i = 0; i < json_array_size(shape); i++) {
        const json_t *ring = json_array_get(shape, i);

        if (json_is_number(ring)) /* one outline, not in a list of its own */
            return read_ring(parts, shape);
        if (read_ring(parts, ring))
            return 1;
    }
    object->points = coco->points.items;
    object->ring_lengths = coco->rings.items;
    object->ring_count = coco->rings.count;
    object->is_plain_box = object->ring_count == 0 && object->run_count == 0;
    return 0;
}

/* ---- box, area, key points --------------------------------------------------------------- */

static int read_box(struct parts *parts, const json_t *json)
{
    const json_t *list = json_object_get(json, "bbox");
    struct labelled_object *object = &parts->object;
    double v[4];
    char text[64] = "";
    int verdict;

    if (!list || json_is_null(list)) {
        if (object->ring_count)
            object->base.box =
                annotation_box_around(parts->coco->points.items, parts->coco->points.count);
        else if (object->run_count)
            object->base.box = mask_box(&parts->coco->mask);
        else
            return leave_out(parts, "Missing required field: bbox");
    } else {
        for (int i = 0; i < 4; i++) {
            v[i] = json_number_value(json_array_get(list, (size_t)i));
            if (json_array_size(list) != 4 || !json_is_number(json_array_get(list, (size_t)i)))
                return leave_out(parts, "bbox is not a list of 4 numbers");
            if (!is_sensible(v[i], i % 2 ? parts->image->height : parts->image->width))
                return leave_out(parts, "bbox is no place on the image");
        }
        if (v[2] <= 0 || v[3] <= 0)
            return leave_out(parts, "the box has no area");
        object->base.box = (struct annotation_box){ (float)v[0], (float)v[1],
                                                    (float)(v[0] + v[2]), (float)(v[1] + v[3]) };
    }
    verdict = labelled_clip_box(&object->base.box, parts->image->width, parts->image->height, text);
    if (verdict == 2)
        return leave_out(parts, text);
    if (verdict == 1)
        memcpy(parts->fault, text, sizeof(text));
    return 0;
}

static void measure_area(struct parts *parts, const json_t *json)
{
    const json_t *area = json_object_get(json, "area");
    struct labelled_object *object = &parts->object;
    const struct annotation_point *points = object->points;
    double sum = 0;

    for (int i = 0; i < object->ring_count; points += object->ring_lengths[i++])
        sum += annotation_ring_area(points, object->ring_lengths[i]);
    if (json_is_number(area) && json_number_value(area) > 0)
        sum = json_number_value(area);
    else if (object->run_count)
        sum = (double)mask_area(&parts->coco->mask);
    else if (object->ring_count == 0)
        sum = (double)annotation_box_width(&object->base.box) *
              annotation_box_height(&object->base.box);
    object->base.area = (float)sum;
}

static int read_keypoints(struct parts *parts, const json_t *json)
{
    struct coco *coco = parts->coco;
    const json_t *list = json_object_get(json, "keypoints");
    size_t size = json_array_size(list);

    if (coco->keypoint_count == 0 || size == 0)
        return 0;
    if (size != 3 * (size_t)coco->keypoint_count)
        return leave_out(parts, "the number of key points is not that of the category");
    coco->keypoints.count = 0;
    for (size_t i = 0; i < size; i += 3) {
        double x = json_number_value(json_array_get(list, i));
        double y = json_number_value(json_array_get(list, i + 1));
        double visibility = json_number_value(json_array_get(list, i + 2));
        struct annotation_keypoint *point = VEC_ADD(&coco->keypoints);

        *point = (struct annotation_keypoint){ 0 };
        if (visibility != 0 && visibility != 1 && visibility != 2)
            return leave_out(parts, "the visibility of a key point is not 0, 1 or 2");
        if (visibility == 0)
            continue;
        if (x < -1 || y < -1 || x > parts->image->width + 1 || y > parts->image->height + 1) {
            snprintf(parts->fault, sizeof(parts->fault), "key point %zu is outside the image",
                     i / 3 + 1);
            continue;
        }
        *point = (struct annotation_keypoint){ (float)fmin(fmax(x, 0), parts->image->width),
                                               (float)fmin(fmax(y, 0), parts->image->height),
                                               (int8_t)visibility };
    }
    parts->object.keypoints = coco->keypoints.items;
    return 0;
}

/* ---- the whole --------------------------------------------------------------------------- */

static const struct coco_category *read_category(struct parts *parts, const json_t *json)
{
    const json_t *id = json_object_get(json, "category_id");
    const struct coco_category *category;
    char text[96];

    if (!id)
        id = json_object_get(json, "class_id");
    if (!json_is_integer(id)) {
        leave_out(parts, "Missing required field: category_id");
        return NULL;
    }
    category = coco_find_category(parts->coco, json_integer_value(id));
    if (!category) {
        snprintf(text, sizeof(text), "references non-existent category_id %lld",
                 (long long)json_integer_value(id));
        leave_out(parts, text);
    }
    return category;
}

static bool is_repeated(const struct parts *parts)
{
    const struct annotation *base = &parts->object.base;
    float key[8] = { (float)parts->place->image, (float)base->class_id, base->box.left,
                     base->box.top, base->box.right, base->box.bottom, base->area,
                     (float)base->is_crowd };

    return labelled_is_repeated(parts->coco->all, -2, key, sizeof(key));
}

/* The same annotation with what was repaired. */
static const char *repair(const struct parts *parts, const json_t *json)
{
    const struct annotation_box *box = &parts->object.base.box;
    json_t *copy = json_deep_copy(json), *list = json_array();
    const char *kept = NULL;
    char *text;

    json_array_append_new(list, json_real((double)box->left));
    json_array_append_new(list, json_real((double)box->top));
    json_array_append_new(list, json_real((double)annotation_box_width(box)));
    json_array_append_new(list, json_real((double)annotation_box_height(box)));
    json_object_set_new(copy, "bbox", list);
    if (parts->object.ring_count) {
        const struct annotation_point *points = parts->object.points;

        list = json_array();
        for (int i = 0; i < parts->object.ring_count; i++) {
            json_t *ring = json_array();

            for (int k = 0; k < parts->object.ring_lengths[i]; k++, points++) {
                json_array_append_new(ring, json_real((double)points->x));
                json_array_append_new(ring, json_real((double)points->y));
            }
            json_array_append_new(list, ring);
        }
        json_object_set_new(copy, "segmentation", list);
    }
    if (parts->object.keypoints) {
        list = json_array();
        for (int i = 0; i < parts->coco->keypoint_count; i++) {
            const struct annotation_keypoint *point = &parts->object.keypoints[i];

            json_array_append_new(list, json_real((double)point->x));
            json_array_append_new(list, json_real((double)point->y));
            json_array_append_new(list, json_integer(point->visibility));
        }
        json_object_set_new(copy, "keypoints", list);
    }
    text = json_dumps(copy, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (text)
        kept = arena_strdup(parts->coco->all->arena, text);
    free(text);
    json_decref(copy);
    return kept;
}

int coco_read_object(struct coco *coco, const struct labelled_place *place, const json_t *json,
                     struct error *err)
{
    struct parts parts = { .coco = coco,
                           .place = place,
                           .image = &coco->all->dataset->annotations.images[place->image] };
    const struct coco_category *category = read_category(&parts, json);
    const json_t *crowd = json_object_get(json, "iscrowd"), *id = json_object_get(json, "id");

    if (!category)
        return 0;
    if (category->is_background) {
        labelled_count_used(coco->all);
        return 0;
    }
    if (read_shape(&parts, json) || read_box(&parts, json) || read_keypoints(&parts, json))
        return 0;
    measure_area(&parts, json);
    parts.object.base.class_id = category->class_id;
    parts.object.base.is_crowd = json_is_true(crowd) || json_integer_value(crowd) == 1;
    parts.object.base.source_id = json_integer_value(id);
    if (is_repeated(&parts)) {
        labelled_note(coco->all, place, DATASET_EXCLUDED, "drop_duplicate", NULL,
                      "the same object stands above");
        return 0;
    }
    if (labelled_add_object(coco->all, place, &parts.object, err))
        return -1;
    if (*parts.fault) {
        const char *repaired = repair(&parts, json);

        labelled_note(coco->all, place, DATASET_FIXED, repaired ? "clip" : NULL, repaired, "%s",
                      parts.fault);
    } else {
        labelled_count_used(coco->all);
    }
    return 0;
}
