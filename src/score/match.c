/* match.c - see match.h. */

#include "score/match.h"

#include "base/error.h"
#include "base/vec.h"
#include "data/mask.h"

#include <math.h>
#include <string.h>

/* A found thing and a truth that overlap enough for the lowest threshold: all others can be
 * forgotten, which keeps a crowded image from costing found x truths for every threshold. */
struct match_pair {
    int truth;
    double overlap;
};

/* Of a mask.  Most pairs are told apart by it, without going through the runs of both. */
struct match_extent {
    struct annotation_box box;
    double area;
};

struct match_truth {
    struct match_extent extent;
    bool is_crowd, is_ignored;
    bool is_taken; /* at the threshold in work */
    double area;
    bool is_out; /* ignored in the range in work */
};

static const struct {
    double least, most;
} ranges[MATCH_RANGES] = {
    [MATCH_ALL] = { 0, 1e10 },
    [MATCH_SMALL] = { 0, 32 * 32 },
    [MATCH_MEDIUM] = { 32 * 32, 96 * 96 },
    [MATCH_LARGE] = { 96 * 96, 1e10 },
};

void matcher_release(struct matcher *matcher)
{
    free(matcher->_pairs);
    free(matcher->_truths);
    *matcher = (struct matcher){ 0 };
}

/* In the arithmetic of COCO's own list, to the last bit: overlaps of exactly 0.6 exist. */
double match_threshold(int index)
{
    return index == MATCH_THRESHOLDS - 1 ? 0.95 : index * ((0.95 - 0.5) / 9) + 0.5;
}

static bool is_outside(enum match_range range, double area)
{
    return area < ranges[range].least || area > ranges[range].most;
}

static struct match_extent extent_of(const struct overlap_rule *rule,
                                     const struct image_object *object)
{
    if (rule->kind != OVERLAP_MASK || !object->mask)
        return (struct match_extent){ 0 };
    return (struct match_extent){ mask_box(object->mask), (double)mask_area(object->mask) };
}

/* What two masks overlap at most: they have no more in common than their boxes, and no more than
 * the smaller of them.  Rounding is monotonic, so that no mask_iou() is above it. */
static double most_overlap(const struct match_extent *found, const struct match_truth *truth)
{
    const struct annotation_box *a = &found->box, *b = &truth->extent.box;
    double width = fmin(a->right, b->right) - fmax(a->left, b->left);
    double height = fmin(a->bottom, b->bottom) - fmax(a->top, b->top);
    double common;

    if (!(width > 0) || !(height > 0))
        return 0;
    common = fmin(width * height, fmin(found->area, truth->extent.area));
    return common / (truth->is_crowd ? found->area : found->area + truth->extent.area - common);
}

static int list_pairs(struct matcher *matcher, const struct overlap_rule *rule,
                      const struct image_object *found, const struct image_object *const *truths,
                      int truth_count, int count)
{
    struct match_extent extent = extent_of(rule, found);

    for (int j = 0; j < truth_count; j++) {
        double overlap;

        if (rule->kind == OVERLAP_MASK &&
            !(most_overlap(&extent, &matcher->_truths[j]) >= match_threshold(0)))
            continue;
        overlap = overlap_of(rule, found, truths[j]);
        if (!(overlap >= match_threshold(0)))
            continue;
        matcher->_pairs = vec_grow(matcher->_pairs, count, &matcher->_pair_capacity,
                                   sizeof(*matcher->_pairs));
        matcher->_pairs[count++] = (struct match_pair){ j, overlap };
    }
    return count;
}

/* The best of those that are ignored, or of those that are not; -1 when there is none. */
static int best_of(const struct matcher *matcher, const struct match_pair *pairs, int count,
                   double threshold, bool is_out)
{
    double best = threshold < 1 - 1e-10 ? threshold : 1 - 1e-10;
    int result = -1;

    for (int i = 0; i < count; i++) {
        const struct match_truth *truth = &matcher->_truths[pairs[i].truth];

        if (truth->is_out != is_out || (truth->is_taken && !truth->is_crowd) ||
            pairs[i].overlap < best)
            continue;
        best = pairs[i].overlap;
        result = pairs[i].truth;
    }
    return result;
}

static void match_at(struct matcher *matcher, const int *first, int found_count,
                     enum match_range range, int threshold, struct match_flags *flags)
{
    uint16_t bit = (uint16_t)(1u << threshold);

    for (int i = 0; i < found_count; i++) {
        int count = first[i + 1] - first[i], truth;
        const struct match_pair *pairs;

        if (!count)
            continue;
        pairs = matcher->_pairs + first[i];
        truth = best_of(matcher, pairs, count, match_threshold(threshold), false);
        if (truth < 0)
            truth = best_of(matcher, pairs, count, match_threshold(threshold), true);
        if (truth < 0)
            continue;
        matcher->_truths[truth].is_taken = true;
        flags[i].matched[range] |= bit;
        if (matcher->_truths[truth].is_out)
            flags[i].ignored[range] |= bit;
    }
}

static void note_truths(struct matcher *matcher, const struct overlap_rule *rule,
                        const struct image_object *const *truths, int truth_count)
{
    for (int j = 0; j < truth_count; j++) {
        bool is_unlabelled = rule->kind == OVERLAP_KEYPOINTS &&
                             !overlap_labelled_count(rule, truths[j]->keypoints);

        matcher->_truths = vec_grow(matcher->_truths, j, &matcher->_truth_capacity,
                                    sizeof(*matcher->_truths));
        matcher->_truths[j] = (struct match_truth){
            .extent = extent_of(rule, truths[j]),
            .is_crowd = truths[j]->is_crowd,
            .is_ignored = truths[j]->is_crowd || is_unlabelled,
            .area = truths[j]->area,
        };
    }
}

static void match_range(struct matcher *matcher, const int *first, int found_count,
                        int truth_count, enum match_range range, struct match_flags *flags,
                        int *counting)
{
    *counting = 0;
    for (int j = 0; j < truth_count; j++) {
        struct match_truth *truth = &matcher->_truths[j];

        truth->is_out = truth->is_ignored || is_outside(range, truth->area);
        *counting += !truth->is_out;
    }
    for (int t = 0; t < MATCH_THRESHOLDS; t++) {
        for (int j = 0; j < truth_count; j++)
            matcher->_truths[j].is_taken = false;
        match_at(matcher, first, found_count, range, t, flags);
    }
}

void matcher_run(struct matcher *matcher, const struct overlap_rule *rule,
                 const struct image_object *const *found, int found_count,
                 const struct image_object *const *truths, int truth_count,
                 struct match_flags *flags, int counting[MATCH_RANGES])
{
    int *first = calloc((size_t)found_count + 1, sizeof(*first));
    const uint16_t all = (1u << MATCH_THRESHOLDS) - 1;

    BUG_IF(!first);
    note_truths(matcher, rule, truths, truth_count);
    memset(flags, 0, (size_t)found_count * sizeof(*flags));
    for (int i = 0; i < found_count; i++)
        first[i + 1] = list_pairs(matcher, rule, found[i], truths, truth_count, first[i]);
    for (int r = 0; r < MATCH_RANGES; r++)
        match_range(matcher, first, found_count, truth_count, (enum match_range)r, flags,
                    &counting[r]);
    for (int i = 0; i < found_count; i++) {
        double area = overlap_found_area(rule, found[i]);

        for (int r = 0; r < MATCH_RANGES; r++)
            if (is_outside((enum match_range)r, area))
                flags[i].ignored[r] |= all & (uint16_t)~flags[i].matched[r];
    }
    free(first);
}
