/* loader_targets.c - the objects of a batch; see loader_internal.h. */
#include "base/error.h"
#include "data/loader_internal.h"
#include <stdlib.h>
#include <string.h>

int loader_targets_init(struct loader_targets *targets, const struct loader_recipe *recipe,
                        int rows, struct error *err)
{
    size_t side = (size_t)recipe->transform.image_size / SCENE_MASK_STRIDE, count = (size_t)rows;
    bool has_masks = recipe->dataset->task == DATASET_TASK_SEGMENTATION;
    bool has_key_points = recipe->dataset->task == DATASET_TASK_POSE;

    targets->most_boxes = (size_t)recipe->most_boxes;
    targets->mask_size = side * side;
    targets->keypoint_size = 3 * targets->most_boxes * (size_t)recipe->keypoint_count;
    targets->boxes = calloc(count * targets->most_boxes * 4, sizeof(float));
    targets->classes = calloc(count * targets->most_boxes, sizeof(int32_t));
    targets->counts = calloc(count, sizeof(int32_t));
    targets->places = calloc(count, sizeof(struct batch_place));
    if (has_masks)
        targets->masks = calloc(count * targets->mask_size, sizeof(int32_t));
    if (has_key_points)
        targets->key_points = calloc(count * targets->keypoint_size, sizeof(float));
    if (!targets->boxes || !targets->classes || !targets->counts || !targets->places ||
        (has_masks && !targets->masks) || (has_key_points && !targets->key_points))
        return FAIL(err, NO_MEMORY, "no memory for the objects of a batch of %d images", rows);
    return 0;
}

void loader_targets_release(struct loader_targets *targets)
{
    free(targets->boxes);
    free(targets->classes);
    free(targets->counts);
    free(targets->masks);
    free(targets->key_points);
    free(targets->places);
    memset(targets, 0, sizeof(*targets));
}

void loader_targets_lend(const struct loader_targets *targets, struct batch *batch)
{
    batch->most_boxes = (int)targets->most_boxes;
    batch->boxes = targets->boxes;
    batch->classes = targets->classes;
    batch->counts = targets->counts;
    batch->masks = targets->masks;
    batch->key_points = targets->key_points;
    batch->places = targets->places;
}

struct loader_row loader_targets_row(const struct loader_targets *targets, int row)
{
    size_t at = (size_t)row;

    if (!targets->boxes)
        return (struct loader_row){ 0 };
    return (struct loader_row){
        .boxes = targets->boxes + at * targets->most_boxes * 4,
        .classes = targets->classes + at * targets->most_boxes,
        .count = targets->counts + at,
        .mask = targets->masks ? targets->masks + at * targets->mask_size : NULL,
        .key_points =
            targets->key_points ? targets->key_points + at * targets->keypoint_size : NULL,
        .place = targets->places + at,
    };
}

void loader_targets_move(struct loader_targets *targets, int to, int from)
{
    struct loader_row target = loader_targets_row(targets, to);
    struct loader_row source = loader_targets_row(targets, from);

    if (!target.boxes)
        return;
    memcpy(target.boxes, source.boxes, sizeof(float) * 4 * targets->most_boxes);
    memcpy(target.classes, source.classes, sizeof(int32_t) * targets->most_boxes);
    *target.count = *source.count;
    *target.place = *source.place;
    if (target.mask)
        memcpy(target.mask, source.mask, sizeof(int32_t) * targets->mask_size);
    if (target.key_points)
        memcpy(target.key_points, source.key_points, sizeof(float) * targets->keypoint_size);
}

void loader_targets_clear(struct loader_targets *targets, int row)
{
    struct loader_row target = loader_targets_row(targets, row);

    if (!target.boxes)
        return;
    *target.count = -1;
    if (target.mask)
        memset(target.mask, 0, sizeof(int32_t) * targets->mask_size);
}
