/* prediction_json.c - see prediction_json.h. */

#include "objects/prediction_json.h"

#include "base/error.h"
#include "base/str.h"
#include "data/mask.h"

#include <math.h>

double prediction_json_round(double value)
{
    return round(value * 1000) / 1000;
}

static void put_length(struct json_writer *w, const char *key, double value)
{
    json_put_number(w, key, prediction_json_round(value));
}

static void put_confidence(struct json_writer *w, double value)
{
    json_put_number(w, "confidence", round(value * 1e6) / 1e6);
}

static void put_class(const struct prediction_json *options, const struct image_object *object,
                      struct json_writer *w)
{
    json_put_int(w, "class_id", object->category);
    json_put_text(w, "label", options->class_names[object->category]);
    put_confidence(w, object->score);
}

/* --- the answer ------------------------------------------------------------------------------- */

/* Is it the first of its class, that is, the best? */
static bool is_best(const struct image_object *found, int index)
{
    for (int i = 0; i < index; i++)
        if (found[i].category == found[index].category)
            return false;
    return true;
}

static int count_of_class(const struct image_object *found, int count, int category)
{
    int result = 0;

    for (int i = 0; i < count; i++)
        result += found[i].category == category;
    return result;
}

static void write_summary(const struct prediction_json *options, const struct image_object *found,
                          int count, struct json_writer *w)
{
    json_key(w, "predictions");
    json_array_open(w);
    for (int i = 0; i < count; i++) {
        if (!is_best(found, i))
            continue;
        json_object_open(w);
        json_put_text(w, "label", options->class_names[found[i].category]);
        json_put_int(w, "label_id", found[i].category);
        put_confidence(w, found[i].score);
        json_put_int(w, "count", count_of_class(found, count, found[i].category));
        json_close(w);
    }
    if (!count) {
        json_object_open(w);
        json_put_text(w, "label", "nothing found");
        json_put_int(w, "label_id", -1);
        json_put_number(w, "confidence", 0);
        json_put_int(w, "count", 0);
        json_close(w);
    }
    json_close(w);
}

static void write_boxes(const struct prediction_json *options, const struct image_object *found,
                        int count, struct json_writer *w)
{
    json_key(w, "predicted_boxes");
    json_array_open(w);
    for (int i = 0; i < count; i++) {
        const struct object_box *box = &found[i].box;

        json_object_open(w);
        put_class(options, &found[i], w);
        json_key(w, "bbox");
        json_array_open(w);
        json_number(w, prediction_json_round(box->x + box->w / 2));
        json_number(w, prediction_json_round(box->y + box->h / 2));
        json_number(w, prediction_json_round(box->w));
        json_number(w, prediction_json_round(box->h));
        json_close(w);
        put_length(w, "x1", box->x);
        put_length(w, "y1", box->y);
        put_length(w, "x2", box->x + box->w);
        put_length(w, "y2", box->y + box->h);
        json_put_text(w, "format", "yolo");
        json_close(w);
    }
    json_close(w);
    json_put_int(w, "num_detections", count);
}

static void write_ring(const struct mask_rings *rings, int index, struct json_writer *w)
{
    json_array_open(w);
    for (int i = 0; index >= 0 && i < rings->rings[index].point_count; i++) {
        const struct annotation_point *point =
            &rings->points[rings->rings[index].first_point + i];

        json_array_open(w);
        json_number(w, point->x);
        json_number(w, point->y);
        json_close(w);
    }
    json_close(w);
}

static void put_rings(const struct mask_rings *rings, struct json_writer *w)
{
    json_key(w, "polygons");
    json_array_open(w);
    for (int i = 0; i < rings->ring_count; i++)
        write_ring(rings, i, w);
    json_close(w);
}

int prediction_json_put_polygons(const struct mask *mask, struct json_writer *w, struct error *err)
{
    struct mask_rings rings = { 0 };
    int result = mask_trace(mask, &rings, err);

    if (!result)
        put_rings(&rings, w);
    mask_rings_release(&rings);
    return result;
}

void prediction_json_put_points(const float *keypoints, int count, struct json_writer *w)
{
    json_key(w, "keypoints");
    json_array_open(w);
    for (int i = 0; i < count; i++) {
        json_array_open(w);
        for (int k = 0; k < 3; k++)
            json_number(w, prediction_json_round(keypoints[3 * i + k]));
        json_close(w);
    }
    json_close(w);
}

static int largest_ring(const struct mask_rings *rings)
{
    double largest = 0;
    int result = -1;

    for (int i = 0; i < rings->ring_count; i++) {
        double area = annotation_ring_area(rings->points + rings->rings[i].first_point,
                                           rings->rings[i].point_count);

        if (area > largest) {
            largest = area;
            result = i;
        }
    }
    return result;
}

static void write_runs(const struct mask *mask, const char *key, struct json_writer *w)
{
    struct str counts = STR_INIT;

    mask_write_text(mask, &counts);
    json_key(w, key);
    json_object_open(w);
    json_key(w, "size");
    json_array_open(w);
    json_int(w, mask->height);
    json_int(w, mask->width);
    json_close(w);
    json_put_text(w, "counts", counts.text);
    json_close(w);
    str_release(&counts);
}

static int write_masks(const struct prediction_json *options, const struct image_object *found,
                       int count, struct json_writer *w, struct error *err)
{
    struct mask_rings rings = { 0 };
    int result = 0, instances = 0;

    json_key(w, "predicted_masks");
    json_array_open(w);
    for (int i = 0; !result && i < count; i++) {
        if (!found[i].mask)
            continue;
        result = mask_trace(found[i].mask, &rings, err);
        if (result)
            break;
        json_object_open(w);
        json_put_int(w, "instance_id", i);
        put_class(options, &found[i], w);
        json_key(w, "polygon");
        write_ring(&rings, largest_ring(&rings), w);
        put_rings(&rings, w);
        write_runs(found[i].mask, "rle", w);
        json_close(w);
        instances++;
    }
    json_close(w);
    json_put_int(w, "num_instances", instances);
    mask_rings_release(&rings);
    return result;
}

static void write_keypoints(const struct prediction_json *options,
                            const struct image_object *found, int count, struct json_writer *w)
{
    int persons = 0;

    json_key(w, "predicted_keypoints");
    json_array_open(w);
    for (int i = 0; i < count; i++) {
        if (!found[i].keypoints)
            continue;
        json_object_open(w);
        json_put_int(w, "person_id", i);
        put_class(options, &found[i], w);
        json_key(w, "keypoints");
        json_array_open(w);
        for (int k = 0; k < options->keypoint_count; k++) {
            json_object_open(w);
            json_put_int(w, "keypoint_id", k);
            put_length(w, "x", found[i].keypoints[3 * k]);
            put_length(w, "y", found[i].keypoints[3 * k + 1]);
            put_confidence(w, found[i].keypoints[3 * k + 2]);
            json_close(w);
        }
        json_close(w);
        json_close(w);
        persons++;
    }
    json_close(w);
    json_put_int(w, "num_persons", persons);
    json_key(w, "skeleton");
    skeleton_write(skeleton_or_person(options->skeleton, options->keypoint_count), w);
}

int prediction_json_write(const struct prediction_json *options, const struct image_object *found,
                          int count, struct json_writer *w, struct error *err)
{
    write_summary(options, found, count, w);
    json_put_int(w, "image_width", options->image_width);
    json_put_int(w, "image_height", options->image_height);
    json_put_text(w, "unit", "pixel");
    write_boxes(options, found, count, w);
    if (options->has_keypoints)
        write_keypoints(options, found, count, w);
    return options->has_masks ? write_masks(options, found, count, w, err) : 0;
}

/* --- COCO's list ------------------------------------------------------------------------------ */

void prediction_json_write_coco(const struct prediction_json *options, int64_t image_id,
                                const int64_t *category_ids, const struct image_object *found,
                                int count, struct json_writer *w)
{
    for (int i = 0; i < count; i++) {
        const struct object_box *box = &found[i].box;
        const double sides[4] = { box->x, box->y, box->w, box->h };

        json_object_open(w);
        json_put_int(w, "image_id", image_id);
        json_put_int(w, "category_id", category_ids ? category_ids[found[i].category]
                                                    : found[i].category + 1);
        json_key(w, "bbox");
        json_array_open(w);
        for (int k = 0; k < 4; k++)
            json_number(w, prediction_json_round(sides[k]));
        json_close(w);
        json_put_number(w, "score", round(found[i].score * 1e6) / 1e6);
        if (found[i].mask)
            write_runs(found[i].mask, "segmentation", w);
        if (found[i].keypoints) {
            json_key(w, "keypoints");
            json_array_open(w);
            for (int k = 0; k < 3 * options->keypoint_count; k++)
                json_number(w, prediction_json_round(found[i].keypoints[k]));
            json_close(w);
        }
        json_close(w);
    }
}
