/* dice_legacy.c - DICE 0.9: labels/NAME.json with shapes, and label_map.json. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/labelled/dice_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct legacy {
    struct labelled *all;
    struct map stems;     /* of image files -> file + 1 */
    struct map class_ids; /* name -> id + 1 */
    struct {
        int *items, count, capacity;
    } sources, images; /* files */
    struct {
        struct annotation_point *items;
        int count, capacity;
    } points;
    struct str text; /* scratch */
};

static bool is_label(const struct labelled *all, int file)
{
    const char *path = all->files.items[file].path;

    return str_ends_with(path, ".json") &&
           (strstr(path, "/labels/") || str_starts_with(path, "labels/"));
}

bool dice_is_legacy(struct labelled *all)
{
    if (labelled_find_inner(all, all->base, "label_map.json") < 0)
        return false;
    for (int i = 0; i < all->files.count; i++)
        if (is_label(all, i))
            return true;
    return false;
}

static json_t *read_json(struct legacy *legacy, int file, struct error *err)
{
    if (labelled_read_file(legacy->all, file, &legacy->text, err))
        return NULL;
    return json_parse(legacy->text.text, legacy->text.length,
                      legacy->all->files.items[file].path, err);
}

static int read_classes(struct legacy *legacy, struct error *err)
{
    struct labelled *all = legacy->all;
    int file = labelled_find_inner(all, all->base, "label_map.json");
    json_t *json = read_json(legacy, file, err), *row;
    json_t *list = json_object_get(json_object_get(json, "class_summary"), "classes");
    int result = json ? 0 : -1;
    size_t i;

    labelled_take(all, file);
    json_array_foreach(list, i, row) {
        const char *name = json_string_value(json_object_get(row, "name"));
        const json_t *id = json_object_get(row, "idx");
        json_int_t place = json_is_integer(id) ? json_integer_value(id) : (json_int_t)i;

        if (!name || !*name || place < 0 || place >= LABELLED_CLASS_LIMIT) {
            result = FAIL(err, CORRUPT, "class %zu of label_map.json lacks a name or an idx",
                          i);
            break;
        }
        labelled_set_class(all, (int)place, name);
        map_set(&legacy->class_ids, name, (void *)(intptr_t)(place + 1));
    }
    json_decref(json);
    return result;
}

/* Which image, which split; objects come in a second pass. */
static int survey(struct legacy *legacy, int source)
{
    struct labelled *all = legacy->all;
    const char *path = all->files.items[source].path, *split_name;
    const struct labelled_place place = { path, 0, -1, -1 };
    enum dataset_split split = DATASET_SPLIT_TRAIN;
    struct error problem = { 0 };
    json_t *json = read_json(legacy, source, &problem);
    int file = (int)(intptr_t)map_find(&legacy->stems, file_stem(all->arena, path)) - 1;

    labelled_take(all, source);
    if (!json || file < 0) {
        labelled_note(all, &place, DATASET_REMARK, NULL, NULL, "%s",
                      json ? "its image is not there" : problem.text);
    } else {
        split_name = json_string_value(json_object_get(json, "split"));
        if (!split_name || !labelled_split_by_name(split_name, strlen(split_name), &split))
            labelled_find_split(all->files.items[file].path, &split);
        labelled_add_image(all, file, split);
        *VEC_ADD(&legacy->sources) = source;
        *VEC_ADD(&legacy->images) = file;
    }
    json_decref(json);
    return 0;
}

/* ---- shapes ------------------------------------------------------------------------------ */

static bool read_points(struct legacy *legacy, const json_t *list)
{
    legacy->points.count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *pair = json_array_get(list, i);
        double x = json_number_value(json_array_get(pair, 0));
        double y = json_number_value(json_array_get(pair, 1));

        if (json_array_size(pair) != 2 || !json_is_number(json_array_get(pair, 0)) ||
            !json_is_number(json_array_get(pair, 1)) || fabs(x) > 1e6 || fabs(y) > 1e6)
            return false;
        *VEC_ADD(&legacy->points) = (struct annotation_point){ (float)x, (float)y };
    }
    return true;
}

static int read_shape(struct legacy *legacy, const struct labelled_place *place,
                      const json_t *json, struct error *err)
{
    struct labelled *all = legacy->all;
    const struct labelled_image *image = &all->images.items[place->image];
    const char *type = json_string_value(json_object_get(json, "shape_type"));
    const char *label = json_string_value(json_object_get(json, "label"));
    int class_id = label ? (int)(intptr_t)map_find(&legacy->class_ids, label) - 1 : -1;
    bool is_polygon = type && !strcmp(type, "polygon");
    struct labelled_object object = { .is_plain_box = !is_polygon };
    const char *why = NULL;
    char text[64] = "";
    int verdict = 0;

    if (class_id < 0)
        why = "its label is not in label_map.json";
    else if (!is_polygon && (!type || strcmp(type, "rectangle")))
        why = "shapes other than rectangles and polygons are not objects";
    else if (!read_points(legacy, json_object_get(json, "points")) ||
             legacy->points.count < (is_polygon ? 3 : 2))
        why = "its points are not enough, or no numbers";
    if (!why) {
        object.base.box = annotation_box_around(legacy->points.items, legacy->points.count);
        verdict = labelled_clip_box(&object.base.box, image->width, image->height, text);
        why = verdict == 2 ? text : NULL;
    }
    if (why) {
        labelled_note(all, place, DATASET_EXCLUDED, NULL, NULL, "%s", why);
        return 0;
    }
    for (int i = 0; i < legacy->points.count; i++) {
        struct annotation_point *p = &legacy->points.items[i];

        p->x = fminf(fmaxf(p->x, 0), (float)image->width);
        p->y = fminf(fmaxf(p->y, 0), (float)image->height);
    }
    object.base.class_id = class_id;
    object.base.area = annotation_box_width(&object.base.box) *
                       annotation_box_height(&object.base.box);
    if (is_polygon) {
        object.points = legacy->points.items;
        object.ring_lengths = &legacy->points.count;
        object.ring_count = 1;
        object.base.area =
            (float)annotation_ring_area(legacy->points.items, legacy->points.count);
    }
    if (labelled_add_object(all, place, &object, err))
        return -1;
    if (verdict)
        labelled_note(all, place, DATASET_FIXED, NULL, NULL, "%s", text);
    else
        labelled_count_used(all);
    return 0;
}

static int read_shapes(struct legacy *legacy, int index, struct error *err)
{
    struct labelled *all = legacy->all;
    int source = legacy->sources.items[index];
    int image = labelled_find_image(all, legacy->images.items[index]);
    json_t *json = image < 0 ? NULL : read_json(legacy, source, err), *shape;
    int result = image < 0 || json ? 0 : -1;
    size_t i;

    json_array_foreach(json_object_get(json, "shapes"), i, shape) {
        const struct labelled_place place = { all->files.items[source].path, 0, (int64_t)i,
                                              image };

        result = read_shape(legacy, &place, shape, err);
        if (result)
            break;
    }
    json_decref(json);
    return result;
}

static int read_all(struct legacy *legacy, struct error *err)
{
    struct labelled *all = legacy->all;

    all->is_box_or_shape = true;
    for (int i = 0; i < all->files.count; i++)
        if (all->files.items[i].is_image)
            map_set(&legacy->stems, file_stem(all->arena, all->files.items[i].path),
                    (void *)(intptr_t)(i + 1));
    if (read_classes(legacy, err))
        return -1;
    for (int i = 0; i < all->files.count; i++)
        if (is_label(all, i))
            survey(legacy, i);
    if (labelled_settle(all, err))
        return -1;
    for (int i = 0; i < legacy->sources.count; i++)
        if (read_shapes(legacy, i, err))
            return -1;
    return 0;
}

int dice_read_legacy(struct labelled *all, struct error *err)
{
    struct legacy legacy = { .all = all, .text = STR_INIT };
    int result = read_all(&legacy, err);

    map_release(&legacy.stems);
    map_release(&legacy.class_ids);
    VEC_RELEASE(&legacy.sources);
    VEC_RELEASE(&legacy.images);
    VEC_RELEASE(&legacy.points);
    str_release(&legacy.text);
    return result;
}
