/* detections.c - see detections.h. */

#include "objects/detections.h"

#include "base/error.h"
#include "data/mask.h"

#include <stdlib.h>

void detections_release(struct detections *detections)
{
    for (int i = 0; i < detections->_capacity; i++)
        mask_release(&detections->_masks[i]);
    free(detections->items);
    free(detections->anchors);
    free(detections->_masks);
    free(detections->_keypoints);
    free(detections->_kept);
    nms_release(&detections->_nms);
    mask_decoder_release(&detections->_decoder);
    *detections = (struct detections){ 0 };
}

static int reserve(struct detections *detections, int limit, int keypoint_count, struct error *err)
{
    size_t count = (size_t)limit;

    if (limit <= detections->_capacity && keypoint_count == detections->_keypoint_count)
        return 0;
    detections_release(detections);
    detections->_keypoint_count = keypoint_count;
    detections->items = calloc(count + 1, sizeof(*detections->items));
    detections->anchors = calloc(count + 1, sizeof(*detections->anchors));
    detections->_masks = calloc(count + 1, sizeof(*detections->_masks));
    detections->_keypoints = calloc(count * (size_t)keypoint_count * 3 + 1, sizeof(float));
    detections->_kept = calloc(count + 1, sizeof(*detections->_kept));
    if (!detections->items || !detections->anchors || !detections->_masks ||
        !detections->_keypoints || !detections->_kept)
        return FAIL(err, NO_MEMORY, "no memory for %d detections", limit);
    detections->_capacity = limit;
    return 0;
}

static int add_mask(struct detections *detections, const struct detection_head *head,
                    const struct letterbox_view *view, int index, struct error *err)
{
    float coefficients[DETECTIONS_MOST_PROTOTYPES];

    for (int k = 0; k < head->prototypes.count; k++)
        coefficients[k] = nms_value(&head->coefficients, k, detections->anchors[index]);
    detections->items[index].mask = &detections->_masks[index];
    return mask_decoder_draw(&detections->_decoder, view, &head->prototypes, coefficients,
                             &detections->items[index].box, &detections->_masks[index], err);
}

static void add_keypoints(struct detections *detections, const struct detection_head *head,
                          const struct letterbox_view *view, int index)
{
    int count = 3 * head->keypoint_count, size = head->keypoint_size;
    float *keypoints = detections->_keypoints + (size_t)index * (size_t)count;

    for (int k = 0; k < head->keypoint_count; k++) {
        keypoints[3 * k + 2] = 1;
        for (int i = 0; i < size; i++)
            keypoints[3 * k + i] =
                nms_value(&head->keypoints, k * size + i, detections->anchors[index]);
    }
    unletterbox_keypoints(view, keypoints, head->keypoint_count, keypoints);
    detections->items[index].keypoints = keypoints;
}

int detections_find(struct detections *detections, const struct detection_head *head,
                    const struct nms_options *options, const struct letterbox_view *view,
                    struct error *err)
{
    bool has_keypoints = head->keypoints.values != NULL;

    BUG_IF(head->prototypes.count > DETECTIONS_MOST_PROTOTYPES);
    detections->count = 0;
    if (reserve(detections, options->limit, has_keypoints ? head->keypoint_count : 0, err))
        return -1;
    detections->count =
        nms_run(&detections->_nms, &head->found, options, detections->_kept);
    for (int i = 0; i < detections->count; i++) {
        const struct nms_kept *kept = &detections->_kept[i];

        detections->anchors[i] = kept->anchor;
        detections->items[i] = (struct image_object){
            .category = kept->category,
            .score = kept->score,
            .box = unletterbox_box(view, kept->left, kept->top, kept->right, kept->bottom),
        };
        if (has_keypoints)
            add_keypoints(detections, head, view, i);
        if (head->coefficients.values && add_mask(detections, head, view, i, err))
            return -1;
    }
    return 0;
}
