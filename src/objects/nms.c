/* nms.c - see nms.h. */

#include "objects/nms.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A candidate is one number that sorts as it competes: the complement of the score's bits above,
 * (scores are not negative, so that bits order like values), anchor and class below. */
static uint64_t make_key(float score, uint32_t place)
{
    uint32_t bits;

    memcpy(&bits, &score, sizeof(bits));
    return (uint64_t)~bits << 32 | place;
}

static float key_score(uint64_t key)
{
    uint32_t bits = ~(uint32_t)(key >> 32);
    float score;

    memcpy(&score, &bits, sizeof(score));
    return score;
}

void nms_release(struct nms *nms)
{
    free(nms->_keys);
    free(nms->_spare);
    *nms = (struct nms){ 0 };
}

static void reserve(struct nms *nms, int64_t count)
{
    if (count <= nms->_capacity)
        return;
    nms_release(nms);
    nms->_capacity = count;
    nms->_keys = malloc((size_t)count * sizeof(*nms->_keys));
    nms->_spare = malloc((size_t)count * sizeof(*nms->_spare));
    BUG_IF(!nms->_keys || !nms->_spare);
}

static bool read_box(const struct nms_input *input, int anchor, struct nms_kept *out)
{
    const struct nms_plane *boxes = &input->boxes;
    float a = nms_value(boxes, 0, anchor), b = nms_value(boxes, 1, anchor);
    float c = nms_value(boxes, 2, anchor), d = nms_value(boxes, 3, anchor);

    out->left = input->has_corners ? a : a - c / 2;
    out->top = input->has_corners ? b : b - d / 2;
    out->right = input->has_corners ? c : a + c / 2;
    out->bottom = input->has_corners ? d : b + d / 2;
    return isfinite(out->left) && isfinite(out->top) && isfinite(out->right) &&
           isfinite(out->bottom);
}

/* --- candidates ------------------------------------------------------------------------------- */

static int64_t list_multi_label(struct nms *nms, const struct nms_input *input, float confidence)
{
    int64_t count = 0;

    for (int c = 0; c < input->classes; c++)
        for (int a = 0; a < input->anchors; a++) {
            float score = nms_value(&input->scores, c, a);

            if (score > confidence)
                nms->_keys[count++] =
                    make_key(score, (uint32_t)a * (uint32_t)input->classes + (uint32_t)c);
        }
    return count;
}

/* Class by class, as the scores of a class usually lie side by side; the spare array holds the
 * best of each anchor so far. */
static int64_t list_best(struct nms *nms, const struct nms_input *input, float confidence)
{
    uint64_t *best = nms->_spare;
    int64_t count = 0;

    for (int a = 0; a < input->anchors; a++)
        best[a] = UINT64_MAX;
    for (int c = 0; c < input->classes; c++)
        for (int a = 0; a < input->anchors; a++) {
            float score = nms_value(&input->scores, c, a);

            if (score > confidence) {
                uint64_t key =
                    make_key(score, (uint32_t)a * (uint32_t)input->classes + (uint32_t)c);

                if (key < best[a])
                    best[a] = key;
            }
        }
    for (int a = 0; a < input->anchors; a++)
        if (best[a] != UINT64_MAX)
            nms->_keys[count++] = best[a];
    return count;
}

/* Digit by digit from the lowest, each pass stable: time grows with the number of keys alone,
 * also when an untrained network thinks that everything is something. */
static void sort_keys(struct nms *nms, int64_t count)
{
    for (int shift = 0; shift < 64; shift += 8) {
        int64_t starts[257] = { 0 };
        uint64_t *swap;

        for (int64_t i = 0; i < count; i++)
            starts[(nms->_keys[i] >> shift & 255) + 1]++;
        if (count && starts[(nms->_keys[0] >> shift & 255) + 1] == count)
            continue; /* all have the same digit */
        for (int d = 0; d < 256; d++)
            starts[d + 1] += starts[d];
        for (int64_t i = 0; i < count; i++)
            nms->_spare[starts[nms->_keys[i] >> shift & 255]++] = nms->_keys[i];
        swap = nms->_keys;
        nms->_keys = nms->_spare;
        nms->_spare = swap;
    }
}

/* --- suppression ------------------------------------------------------------------------------ */

/* Intersection over union above the threshold, without the division: boxes without area overlap
 * nothing. */
static bool overlaps(const struct nms_kept *a, const struct nms_kept *b, double iou)
{
    double w = fminf(a->right, b->right) - fmaxf(a->left, b->left);
    double h = fminf(a->bottom, b->bottom) - fmaxf(a->top, b->top);
    double common = w * h;

    if (w <= 0 || h <= 0)
        return false;
    return common > iou * (((double)a->right - a->left) * ((double)a->bottom - a->top) +
                           ((double)b->right - b->left) * ((double)b->bottom - b->top) - common);
}

static bool is_suppressed(const struct nms_kept *box, const struct nms_kept *kept, int count,
                          const struct nms_options *options)
{
    for (int i = 0; i < count; i++)
        if ((options->is_agnostic || kept[i].category == box->category) &&
            overlaps(&kept[i], box, options->iou))
            return true;
    return false;
}

int nms_run(struct nms *nms, const struct nms_input *input, const struct nms_options *options,
            struct nms_kept *kept)
{
    int64_t most = (int64_t)input->anchors * (options->is_multi_label ? input->classes : 1);
    float confidence = fmaxf((float)options->confidence, 0);
    int64_t count;
    int result = 0;

    BUG_IF((int64_t)input->anchors * input->classes > UINT32_MAX);
    reserve(nms, most);
    count = options->is_multi_label ? list_multi_label(nms, input, confidence)
                                    : list_best(nms, input, confidence);
    sort_keys(nms, count);
    if (count > NMS_CANDIDATE_LIMIT)
        count = NMS_CANDIDATE_LIMIT;
    for (int64_t i = 0; i < count && result < options->limit; i++) {
        uint32_t place = (uint32_t)nms->_keys[i];
        struct nms_kept box = { .anchor = (int)(place / (uint32_t)input->classes),
                                .category = (int)(place % (uint32_t)input->classes),
                                .score = key_score(nms->_keys[i]) };

        if (read_box(input, box.anchor, &box) && !is_suppressed(&box, kept, result, options))
            kept[result++] = box;
    }
    return result;
}
