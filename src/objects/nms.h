/* nms.h - from what a detection head says to the few boxes that are meant: thresholds and
 * non-maximum suppression.
 *
 * Candidates  A class of an anchor with a score above the confidence; by default only the best
 *             class of each anchor (ties: the lower).  For average precision `is_multi_label` lets
 *             every class of an anchor stand by itself.
 * Kept        Best score first, ties to the lower anchor, then to the lower class.  Who overlaps
 *             one that is kept by more than `iou` goes: of the same class, or of any with
 *             `is_agnostic`.
 * Cost        One look at each score; then only candidates, of which the best
 *             NMS_CANDIDATE_LIMIT compete.
 * Hostile     Scores that are NaN and boxes that are not finite are no candidates. */
#ifndef OBJECTS_NMS_H
#define OBJECTS_NMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NMS_CANDIDATE_LIMIT 30000

/* Values lie where the network left them: value k of anchor a is at k * step + a * anchor_step, in
 * floats. */
struct nms_plane {
    const float *values;
    ptrdiff_t step, anchor_step;
};

static inline float nms_value(const struct nms_plane *plane, int k, int anchor)
{
    return plane->values[k * plane->step + anchor * plane->anchor_step];
}

struct nms_input {
    int anchors, classes;
    struct nms_plane boxes;  /* four values */
    bool has_corners;        /* left, top, right, bottom; false: middle x, y, width, height */
    struct nms_plane scores; /* one per class, 0 to 1 */
};

struct nms_options {
    double confidence, iou;
    int limit; /* how many are kept at most */
    bool is_agnostic, is_multi_label;
};

struct nms_kept {
    int anchor, category;
    float score;
    float left, top, right, bottom; /* in the network's units */
};

/* Memory that is kept from one call to the next.  All zero to begin with. */
struct nms {
    uint64_t *_keys, *_spare;
    int64_t _capacity;
};

void nms_release(struct nms *nms);

/* Fills at most options->limit rows of `kept`; returns how many.  anchors * classes < 2^32. */
int nms_run(struct nms *nms, const struct nms_input *input, const struct nms_options *options,
            struct nms_kept *kept);

#endif
