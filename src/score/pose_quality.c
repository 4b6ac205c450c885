/* pose_quality.c - see pose_quality.h. */

#include "score/pose_quality.h"

#include <math.h>

static int count_near(const struct overlap_rule *rule, const struct image_object *truth,
                      const float *found)
{
    double reach = POSE_NEAR * fmax(truth->box.w, truth->box.h);
    int count = 0;

    for (int i = 0; i < rule->keypoint_count; i++) {
        const float *known = truth->keypoints + 3 * i, *point = found + 3 * i;

        count += known[2] > 0 && hypot((double)point[0] - known[0],
                                       (double)point[1] - known[1]) < reach;
    }
    return count;
}

void pose_quality_add(struct pose_quality *quality, const struct overlap_rule *rule,
                      const struct image_object *truths, const struct image_object *found,
                      const struct object_match *matches, int match_count)
{
    for (int i = 0; i < match_count; i++) {
        const struct object_match *match = &matches[i];
        const struct image_object *truth;
        int labelled;

        if (match->truth < 0)
            continue;
        truth = &truths[match->truth];
        labelled = overlap_labelled_count(rule, truth->keypoints);
        if (!labelled)
            continue;
        quality->truths++;
        quality->points += labelled;
        if (match->outcome != OUTCOME_RIGHT || !found[match->found].keypoints)
            continue;
        quality->similarity += overlap_of_keypoints(rule, found[match->found].keypoints, truth);
        quality->near_points += count_near(rule, truth, found[match->found].keypoints);
    }
}

double pose_quality_oks(const struct pose_quality *quality)
{
    return quality->truths ? quality->similarity / (double)quality->truths : 0;
}

double pose_quality_pck(const struct pose_quality *quality)
{
    return quality->points ? (double)quality->near_points / (double)quality->points : 0;
}
