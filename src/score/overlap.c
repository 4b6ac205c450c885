/* overlap.c - see overlap.h. */

#include "score/overlap.h"

#include "base/error.h"
#include "base/keypoint_deviation.h"
#include "data/mask.h"

#include <float.h>
#include <math.h>

void overlap_rule_set_keypoints(struct overlap_rule *rule, int count, int size)
{
    BUG_IF(count < 1 || count > OVERLAP_MAX_KEYPOINTS);
    rule->kind = OVERLAP_KEYPOINTS;
    rule->keypoint_count = count;
    for (int i = 0; i < count; i++)
        rule->sigmas[i] = keypoint_deviation(count, size, i);
}

/* In the order of operations of COCO's evaluation: overlaps of exactly one half are common, and
 * rounding decides about them. */
double overlap_of_boxes(const struct object_box *found, const struct object_box *truth,
                        bool is_crowd)
{
    double w = fmin(found->w + found->x, truth->w + truth->x) - fmax(found->x, truth->x);
    double h = fmin(found->h + found->y, truth->h + truth->y) - fmax(found->y, truth->y);
    double area = found->w * found->h;

    if (!(w > 0) || !(h > 0))
        return 0;
    return w * h / (is_crowd ? area : area + truth->w * truth->h - w * h);
}

int overlap_labelled_count(const struct overlap_rule *rule, const float *keypoints)
{
    int count = 0;

    for (int i = 0; keypoints && i < rule->keypoint_count; i++)
        count += keypoints[3 * i + 2] > 0;
    return count;
}

/* How far beyond the interval. */
static double beyond(double at, double least, double most)
{
    return fmax(0, least - at) + fmax(0, at - most);
}

double overlap_of_keypoints(const struct overlap_rule *rule, const float *found,
                            const struct image_object *truth)
{
    const struct object_box *box = &truth->box;
    bool is_labelled = overlap_labelled_count(rule, truth->keypoints) > 0;
    double sum = 0;
    int count = 0;

    if (!truth->keypoints)
        return 0;
    for (int i = 0; i < rule->keypoint_count; i++) {
        const float *known = truth->keypoints + 3 * i;
        double x = found[3 * i], y = found[3 * i + 1], dx, dy, reach = 2 * rule->sigmas[i];

        if (is_labelled && !(known[2] > 0))
            continue;
        if (is_labelled) {
            dx = x - known[0];
            dy = y - known[1];
        } else {
            dx = beyond(x, box->x - box->w, box->x + box->w * 2);
            dy = beyond(y, box->y - box->h, box->y + box->h * 2);
        }
        sum += exp(-(dx * dx + dy * dy) / (reach * reach) / (truth->area + DBL_EPSILON) / 2);
        count++;
    }
    return sum / count;
}

double overlap_of(const struct overlap_rule *rule, const struct image_object *found,
                  const struct image_object *truth)
{
    switch (rule->kind) {
    case OVERLAP_MASK:
        if (!found->mask || !truth->mask || found->mask->width != truth->mask->width ||
            found->mask->height != truth->mask->height)
            return 0;
        return mask_iou(found->mask, truth->mask, truth->is_crowd);
    case OVERLAP_KEYPOINTS:
        return found->keypoints ? overlap_of_keypoints(rule, found->keypoints, truth) : 0;
    default:
        return overlap_of_boxes(&found->box, &truth->box, truth->is_crowd);
    }
}

static double keypoints_area(const struct overlap_rule *rule, const float *keypoints)
{
    double left = INFINITY, right = -INFINITY, top = INFINITY, bottom = -INFINITY;

    for (int i = 0; i < rule->keypoint_count; i++) {
        left = fmin(left, keypoints[3 * i]);
        right = fmax(right, keypoints[3 * i]);
        top = fmin(top, keypoints[3 * i + 1]);
        bottom = fmax(bottom, keypoints[3 * i + 1]);
    }
    return (right - left) * (bottom - top);
}

double overlap_found_area(const struct overlap_rule *rule, const struct image_object *found)
{
    if (rule->kind == OVERLAP_MASK)
        return found->mask ? (double)mask_area(found->mask) : 0;
    if (rule->kind == OVERLAP_KEYPOINTS)
        return found->keypoints ? keypoints_area(rule, found->keypoints) : 0;
    return found->box.w * found->box.h;
}
