/* scene.c - an image with objects: memory, and filling it from the data set. */
#include "data/scene.h"
#include "base/error.h"
#include "data/dataset.h"
#include "data/mask.h"
#include <stdlib.h>
#include <string.h>

static int reserve(void **items, int count, int more, int *capacity, size_t size,
                   struct error *err)
{
    int64_t wanted = *capacity ? *capacity : 16;
    void *larger;

    if (count + (int64_t)more <= *capacity)
        return 0;
    while (wanted < count + (int64_t)more)
        wanted *= 2;
    if (wanted > INT32_MAX)
        return FAIL(err, TOO_LARGE, "too many objects on one image");
    larger = realloc(*items, (size_t)wanted * size);
    if (!larger)
        return FAIL(err, NO_MEMORY, "no memory for the objects of an image");
    *items = larger;
    *capacity = (int)wanted;
    return 0;
}

#define RESERVE(scene, array, count, more, capacity, err)                                   \
    reserve((void **)&(scene)->array, (scene)->count, (more), &(scene)->capacity,           \
            sizeof(*(scene)->array), (err))

void scene_release(struct scene *scene)
{
    free(scene->pixels);
    free(scene->objects);
    free(scene->rings);
    free(scene->points);
    free(scene->keypoints);
    memset(scene, 0, sizeof(*scene));
}

void scene_clear(struct scene *scene)
{
    scene->object_count = scene->ring_count = scene->point_count = scene->keypoint_total = 0;
}

int scene_resize(struct scene *scene, int width, int height, struct error *err)
{
    size_t needed = 3 * (size_t)width * (size_t)height;

    if (needed > scene->_pixel_capacity) {
        uint8_t *larger = realloc(scene->pixels, needed);

        if (!larger)
            return FAIL(err, NO_MEMORY, "no memory for an image of %d x %d", width, height);
        scene->pixels = larger;
        scene->_pixel_capacity = needed;
    }
    scene->width = width;
    scene->height = height;
    return 0;
}

void scene_fill(struct scene *scene, uint8_t level)
{
    memset(scene->pixels, level, 3 * (size_t)scene->width * (size_t)scene->height);
}

/* ---- objects ----------------------------------------------------------------------------- */

static struct scene_object *add_object(struct scene *scene, struct error *err)
{
    struct scene_object *object;

    if (RESERVE(scene, objects, object_count, 1, _object_capacity, err))
        return NULL;
    object = &scene->objects[scene->object_count++];
    *object = (struct scene_object){ .first_ring = scene->ring_count, .first_keypoint = -1 };
    return object;
}

static int add_ring(struct scene *scene, const struct annotation_point *points, int count,
                    double scale_x, double scale_y, double left, double top, struct error *err)
{
    struct annotation_point *out;

    if (RESERVE(scene, rings, ring_count, 1, _ring_capacity, err) ||
        RESERVE(scene, points, point_count, count, _point_capacity, err))
        return -1;
    out = scene->points + scene->point_count;
    for (int i = 0; i < count; i++)
        out[i] = (struct annotation_point){ (float)(points[i].x * scale_x + left),
                                            (float)(points[i].y * scale_y + top) };
    scene->rings[scene->ring_count++] = (struct annotation_ring){ scene->point_count, count };
    scene->point_count += count;
    scene->objects[scene->object_count - 1].ring_count++;
    return 0;
}

static int add_keypoints(struct scene *scene, const struct annotation_keypoint *keypoints,
                         double scale_x, double scale_y, double left, double top,
                         struct error *err)
{
    int count = scene->keypoint_count;

    if (RESERVE(scene, keypoints, keypoint_total, count, _keypoint_capacity, err))
        return -1;
    scene->objects[scene->object_count - 1].first_keypoint = scene->keypoint_total;
    for (int i = 0; i < count; i++) {
        struct annotation_keypoint point = keypoints ? keypoints[i]
                                                     : (struct annotation_keypoint){ 0 };

        if (point.visibility != KEYPOINT_ABSENT) {
            point.x = (float)(point.x * scale_x + left);
            point.y = (float)(point.y * scale_y + top);
        }
        scene->keypoints[scene->keypoint_total++] = point;
    }
    return 0;
}

/* A mask in runs goes on as its outlines, which give the same pixels back. */
static int add_traced(struct scene *scene, const struct annotations *all,
                      const struct annotation_image *image, const struct annotation *item,
                      double scale_x, double scale_y, double left, double top, struct error *err)
{
    struct mask mask = MASK_INIT;
    struct mask_rings rings = { 0 };
    int result = mask_set_runs(&mask, image->width, image->height, all->runs + item->first_run,
                               item->run_count, err) ||
                 mask_trace(&mask, &rings, err);

    for (int i = 0; i < rings.ring_count && !result; i++)
        result = add_ring(scene, rings.points + rings.rings[i].first_point,
                          rings.rings[i].point_count, scale_x, scale_y, left, top, err);
    scene->objects[scene->object_count - 1].is_even_odd = true;
    mask_rings_release(&rings);
    mask_release(&mask);
    return result ? -1 : 0;
}

int scene_add_annotations(struct scene *scene, const struct dataset *dataset, int item_index,
                          double scale_x, double scale_y, double left, double top,
                          struct error *err)
{
    const struct annotations *all = &dataset->annotations;
    const struct annotation_image *image = &all->images[item_index];

    scene->keypoint_count = all->keypoint_count;
    scene->flip_index = dataset->flip_index;
    for (int i = 0; i < image->count; i++) {
        const struct annotation *item = annotations_of(all, item_index) + i;
        const struct annotation_ring *rings = annotation_rings(all, item);
        struct scene_object *object = add_object(scene, err);

        if (!object)
            return -1;
        object->class_id = item->class_id;
        object->is_crowd = item->is_crowd;
        object->box = (struct annotation_box){ (float)(item->box.left * scale_x + left),
                                               (float)(item->box.top * scale_y + top),
                                               (float)(item->box.right * scale_x + left),
                                               (float)(item->box.bottom * scale_y + top) };
        for (int k = 0; k < item->ring_count; k++)
            if (add_ring(scene, annotation_points(all, &rings[k]), rings[k].point_count, scale_x,
                         scale_y, left, top, err))
                return -1;
        if (item->run_count &&
            add_traced(scene, all, image, item, scale_x, scale_y, left, top, err))
            return -1;
        if (all->keypoint_count && add_keypoints(scene, annotation_keypoints(all, item), scale_x,
                                                 scale_y, left, top, err))
            return -1;
    }
    return 0;
}

int scene_add_objects(struct scene *scene, const struct scene *from, float left, float top,
                      struct error *err)
{
    scene->keypoint_count = from->keypoint_count;
    scene->flip_index = from->flip_index;
    for (int i = 0; i < from->object_count; i++) {
        const struct scene_object *old = &from->objects[i];
        struct scene_object *object = add_object(scene, err);

        if (!object)
            return -1;
        object->class_id = old->class_id;
        object->is_crowd = old->is_crowd;
        object->is_even_odd = old->is_even_odd;
        object->box = (struct annotation_box){ old->box.left + left, old->box.top + top,
                                               old->box.right + left, old->box.bottom + top };
        for (int k = 0; k < old->ring_count; k++) {
            const struct annotation_ring *ring = &from->rings[old->first_ring + k];

            if (add_ring(scene, from->points + ring->first_point, ring->point_count, 1, 1,
                         (double)left, (double)top, err))
                return -1;
        }
        if (old->first_keypoint >= 0 &&
            add_keypoints(scene, from->keypoints + old->first_keypoint, 1, 1, (double)left,
                          (double)top, err))
            return -1;
    }
    return 0;
}

int scene_copy(struct scene *scene, const struct scene *from, struct error *err)
{
    if (scene_resize(scene, from->width, from->height, err))
        return -1;
    memcpy(scene->pixels, from->pixels, 3 * (size_t)from->width * (size_t)from->height);
    scene_clear(scene);
    return scene_add_objects(scene, from, 0, 0, err);
}
