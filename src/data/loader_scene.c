/* loader_scene.c - one image with its objects, from its file to a row of a batch. */
#include "base/error.h"
#include "data/loader_internal.h"
#include "data/streams.h"
#include "formats/image.h"
#include <stdlib.h>
#include <string.h>

struct scene_kit {
    struct linear_scratch scratch;
    struct scene part;   /* one image, as large as fits */
    struct scene canvas; /* before the warp */
    struct scene out, other, spare;
    struct ranked {
        float area;
        int object, box;
    } *ranks; /* of the objects of a row, for masks */
    int rank_capacity;
};

struct scene_kit *scene_kit_new(void)
{
    return calloc(1, sizeof(struct scene_kit));
}

void scene_kit_free(struct scene_kit *kit)
{
    if (!kit)
        return;
    linear_scratch_release(&kit->scratch);
    scene_release(&kit->part);
    scene_release(&kit->canvas);
    scene_release(&kit->out);
    scene_release(&kit->other);
    scene_release(&kit->spare);
    free(kit->ranks);
    free(kit);
}

/* ---- one image --------------------------------------------------------------------------- */

static int keep(struct loader_maker *maker, int item, const struct decode_info *info,
                const struct scene *part)
{
    struct cached_image description = { info->width, info->height, part->width, part->height };

    loader_cache_add(maker->recipe->cache, item, &description, part->pixels);
    return 0;
}

/* The item's pixels, its longer side as long as the network's input; `info` is of the file. */
static int load_pixels(struct loader_maker *maker, int item, struct decode_info *info,
                       struct error *err)
{
    const struct loader_recipe *recipe = maker->recipe;
    const struct cached_image *cached =
        recipe->cache ? loader_cache_find(recipe->cache, item) : NULL;
    struct scene *part = &maker->kit->part;
    const struct image *image;
    struct letterbox box;

    if (cached) {
        *info = (struct decode_info){ cached->source_width, cached->source_height, false };
        if (scene_resize(part, cached->width, cached->height, err))
            return -1;
        memcpy(part->pixels, cached->pixels, 3 * (size_t)cached->width * (size_t)cached->height);
        return 0;
    }
    if (loader_open_item(maker, item, info, err) || decoder_decode(maker->decoder, &image, err))
        return -1;
    box = letterbox_of(info->width, info->height, recipe->transform.image_size);
    if (scene_resize(part, box.width, box.height, err) ||
        linear_resize(&maker->kit->scratch, image->pixels, image->width, image->height,
                      part->pixels, box.width, box.height, 3 * box.width, err))
        return -1;
    return recipe->cache ? keep(maker, item, info, part) : 0;
}

static int load_part(struct loader_maker *maker, int item, struct error *err)
{
    const struct dataset *dataset = maker->recipe->dataset;
    const struct annotation_image *image = &dataset->annotations.images[item];
    struct scene *part = &maker->kit->part;
    struct decode_info info;

    if (load_pixels(maker, item, &info, err))
        return -1;
    scene_clear(part);
    return scene_add_annotations(part, dataset, item, (double)part->width / image->width,
                                 (double)part->height / image->height, 0, 0, err);
}

/* The part in the middle of a square of grey. */
static int letterbox_part(struct loader_maker *maker, struct scene *out, struct error *err)
{
    int side = maker->recipe->transform.image_size;
    struct scene *part = &maker->kit->part;
    int left = (side - part->width) / 2, top = (side - part->height) / 2;

    if (scene_resize(out, side, side, err))
        return -1;
    scene_clear(out);
    scene_fill(out, SCENE_FILL);
    for (int y = 0; y < part->height; y++)
        memcpy(out->pixels + 3 * ((size_t)(top + y) * (size_t)side + (size_t)left),
               part->pixels + 3 * (size_t)y * (size_t)part->width, 3 * (size_t)part->width);
    return scene_add_objects(out, part, (float)left, (float)top, err);
}

/* ---- many images ------------------------------------------------------------------------- */

/* A partner that does not decode leaves its part grey: its own row reports it. */
static int draw_mosaic(struct loader_maker *maker, int item, struct rng *rng, struct error *err)
{
    const struct loader_recipe *recipe = maker->recipe;
    struct scene_map same = SCENE_MAP_SAME;
    int side = recipe->transform.image_size, centre[2];
    struct scene *canvas = &maker->kit->canvas;

    for (int i = 0; i < 4; i++) {
        int partner = recipe->images[rng_below(rng, (uint32_t)recipe->image_count)];
        struct error problem = { 0 };

        if (load_part(maker, i ? partner : item, &problem)) {
            if (i == 0 || problem.kind == ERR_NO_MEMORY) {
                *err = problem;
                return -1;
            }
            continue;
        }
        if (scene_mosaic(canvas, &maker->kit->part, side, rng, i, centre, err))
            return -1;
    }
    return scene_map_objects(canvas, &same, canvas->width, canvas->height, true, err);
}

static bool is_warped(const struct scene_settings *settings, const struct scene *canvas, int side)
{
    return canvas->width != side || settings->degrees > 0 || settings->translate > 0 ||
           settings->scale > 0 || settings->shear > 0 || settings->perspective > 0;
}

/* Everything up to the warp, into `out`. */
static int compose(struct loader_maker *maker, int item, const struct scene_settings *settings,
                   struct rng *rng, struct scene *out, struct error *err)
{
    struct scene_kit *kit = maker->kit;
    int side = maker->recipe->transform.image_size;
    bool is_mosaic = rng_uniform(rng) < settings->mosaic;
    struct scene_map map;

    if (is_mosaic ? draw_mosaic(maker, item, rng, err)
                  : load_part(maker, item, err) || letterbox_part(maker, &kit->canvas, err))
        return -1;
    if (settings->copy_paste > 0 &&
        scene_copy_paste(&kit->canvas, &kit->spare, settings, rng, err))
        return -1;
    if (!is_warped(settings, &kit->canvas, side))
        return scene_copy(out, &kit->canvas, err);
    map = scene_warp(settings, kit->canvas.width, kit->canvas.height, side, rng);
    if (scene_map_pixels(&kit->canvas, &map, side, side, out, err) ||
        scene_map_objects(&kit->canvas, &map, side, side, true, err))
        return -1;
    scene_clear(out);
    return scene_add_objects(out, &kit->canvas, 0, 0, err);
}

static int draw_training(struct loader_maker *maker, int item, int epoch, struct error *err)
{
    const struct loader_recipe *recipe = maker->recipe;
    struct scene_settings settings = scene_settings_of_epoch(&recipe->scene, epoch);
    struct rng rng = rng_for(recipe->seed, stream_of(STREAM_AUGMENT, epoch), (uint64_t)item);
    struct scene_kit *kit = maker->kit;

    if (compose(maker, item, &settings, &rng, &kit->out, err))
        return -1;
    if (rng_uniform(&rng) < settings.mixup) {
        int partner = recipe->images[rng_below(&rng, (uint32_t)recipe->image_count)];
        struct error problem = { 0 };

        if (compose(maker, partner, &settings, &rng, &kit->other, &problem) == 0) {
            if (scene_mixup(&kit->out, &kit->other, &rng, err))
                return -1;
        } else if (problem.kind == ERR_NO_MEMORY) {
            *err = problem;
            return -1;
        }
    }
    for (int i = 0; i < scene_change_count; i++)
        if (scene_changes[i]->stage == SCENE_FINISH)
            scene_changes[i]->apply(&kit->out, &settings, &rng);
    return 0;
}

/* ---- targets ----------------------------------------------------------------------------- */

struct mask_paint {
    int32_t *mask, value;
    int side;
};

static void paint_mask(void *context, int y, int begin, int end)
{
    struct mask_paint *paint = context;

    for (int x = begin; x < end; x++)
        paint->mask[y * paint->side + x] = paint->value;
}

static int compare_ranks(const void *a, const void *b)
{
    const struct ranked *first = a, *second = b;

    if (first->area != second->area)
        return first->area > second->area ? -1 : 1;
    return first->box - second->box;
}

/* The largest first, so that the smaller one is on top. */
static int write_masks(struct scene_kit *kit, int count, int side, int32_t *mask,
                       struct error *err)
{
    struct mask_paint paint = { mask, 0, side / SCENE_MASK_STRIDE };
    const struct scene *scene = &kit->out;

    memset(mask, 0, sizeof(int32_t) * (size_t)paint.side * (size_t)paint.side);
    if (count)
        qsort(kit->ranks, (size_t)count, sizeof(*kit->ranks), compare_ranks);
    for (int i = 0; i < count; i++) {
        const struct scene_object *object = &scene->objects[kit->ranks[i].object];

        if (object->ring_count == 0)
            continue;
        paint.value = kit->ranks[i].box + 1;
        if (scene_paint(scene->points, scene->rings + object->first_ring, object->ring_count,
                        object->is_even_odd, 1.0 / SCENE_MASK_STRIDE, paint.side, paint.side,
                        paint_mask, &paint, err))
            return -1;
    }
    return 0;
}

static void write_keypoints(const struct scene *scene, const struct scene_object *object,
                            float *out)
{
    for (int k = 0; k < scene->keypoint_count; k++, out += 3) {
        struct annotation_keypoint point = { 0 };

        if (object->first_keypoint >= 0)
            point = scene->keypoints[object->first_keypoint + k];
        out[0] = point.x;
        out[1] = point.y;
        out[2] = point.visibility;
    }
}

/* What all rings of an object cover, roughly: which of two is the smaller one. */
static float area_of(const struct scene *scene, const struct scene_object *object)
{
    double area = 0;

    for (int i = 0; i < object->ring_count; i++) {
        const struct annotation_ring *ring = &scene->rings[object->first_ring + i];

        area += annotation_ring_area(scene->points + ring->first_point, ring->point_count);
    }
    return (float)area;
}

static int reserve_ranks(struct scene_kit *kit, int count, struct error *err)
{
    struct ranked *larger;

    if (count <= kit->rank_capacity)
        return 0;
    larger = realloc(kit->ranks, sizeof(*larger) * (size_t)count);
    if (!larger)
        return FAIL(err, NO_MEMORY, "no memory for %d objects", count);
    kit->ranks = larger;
    kit->rank_capacity = count;
    return 0;
}

static int write_targets(struct loader_maker *maker, const struct loader_row *row,
                         struct error *err)
{
    const struct loader_recipe *recipe = maker->recipe;
    struct scene_kit *kit = maker->kit;
    const struct scene *scene = &kit->out;
    int count = 0, side = recipe->transform.image_size;

    if (reserve_ranks(kit, recipe->most_boxes, err))
        return -1;
    for (int i = 0; i < scene->object_count && count < recipe->most_boxes; i++) {
        const struct scene_object *object = &scene->objects[i];
        struct annotation_box box = annotation_box_clip(object->box, (float)side, (float)side);

        if (object->is_crowd || !(box.right > box.left && box.bottom > box.top))
            continue;
        memcpy(row->boxes + 4 * count, &box, sizeof(box));
        row->classes[count] = object->class_id;
        if (row->key_points)
            write_keypoints(scene, object,
                            row->key_points + 3 * (size_t)count * (size_t)recipe->keypoint_count);
        kit->ranks[count] = (struct ranked){ area_of(scene, object), i, count };
        count++;
    }
    *row->count = count;
    return row->mask ? write_masks(kit, count, side, row->mask, err) : 0;
}

int loader_make_scene(struct loader_maker *maker, int item, int epoch,
                      const struct loader_row *row, struct error *err)
{
    const struct loader_recipe *recipe = maker->recipe;
    const struct annotation_image *source = &recipe->dataset->annotations.images[item];
    int side = recipe->transform.image_size;
    struct letterbox box = letterbox_of(source->width, source->height, side);
    struct augment_image image = { .width = side, .height = side, .values = row->values };

    *row->place = (struct batch_place){ source->width, source->height, box.scale_x, box.scale_y,
                                        box.left,      box.top };
    if (recipe->is_training
            ? draw_training(maker, item, epoch, err)
            : load_part(maker, item, err) || letterbox_part(maker, &maker->kit->out, err))
        return -1;
    image.pixels = maker->kit->out.pixels;
    transform_normalise(&recipe->table, &image);
    return write_targets(maker, row, err);
}
