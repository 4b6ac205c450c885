/* vector_detect.c - what detectors do at every anchor: decoding, and the loss of the classes. */

#include "cpu/kernels/kernel.h"

/* --- decoding --------------------------------------------------------------------------------- */

void KERNEL(anchors_make)(const void *work, int64_t begin, int64_t end)
{
    const struct anchors_work *w = work;
    float *to = w->table;

    for (int level = 0; begin < end && level < ANCHOR_LEVELS; level++) {
        int64_t width = anchor_level_width(&w->grids, level);
        float stride = (float)w->grids.stride[level];

        for (int64_t i = 0; i < anchor_level_count(&w->grids, level); i++, to++) {
            to[0] = ((float)(i % width) + 0.5f) * stride;
            to[w->anchors] = ((float)(i / width) + 0.5f) * stride;
            to[2 * w->anchors] = stride;
        }
    }
}

/* Softmax of the bins times the projection, for the next anchors. */
INLINE vector side_mean(const struct anchors_work *w, const float *x, int64_t n)
{
    vector largest = vector_load_first(x, n), sum = vector_zero(), mean = vector_zero();

    for (int64_t bin = 1; bin < w->bins; bin++)
        largest = vector_max(largest, vector_load_first(x + bin * w->anchors, n));
    for (int64_t bin = 0; bin < w->bins; bin++) {
        vector e = vector_exp(vector_load_first(x + bin * w->anchors, n) - largest);

        sum += e;
        mean += e * w->projection[bin];
    }
    return mean / sum;
}

/* n anchors of an image from `anchor` on. */
INLINE void decode_boxes(const struct anchors_work *w, int64_t image, int64_t anchor, int64_t n)
{
    const float *x = w->x + image * 4 * w->bins * w->anchors + anchor;
    float *y = w->y + image * 4 * w->anchors + anchor;
    vector stride = vector_load_first(w->table + 2 * w->anchors + anchor, n);

    for (int axis = 0; axis < 2; axis++) {
        vector centre = vector_load_first(w->table + axis * w->anchors + anchor, n);
        vector low = side_mean(w, x + axis * w->bins * w->anchors, n) * stride;
        vector high = side_mean(w, x + (2 + axis) * w->bins * w->anchors, n) * stride;

        if (w->centred) {
            vector_store_first(y + axis * w->anchors, centre + (high - low) * 0.5f, n);
            vector_store_first(y + (2 + axis) * w->anchors, low + high, n);
        } else {
            vector_store_first(y + axis * w->anchors, centre - low, n);
            vector_store_first(y + (2 + axis) * w->anchors, centre + high, n);
        }
    }
}

/* For each vector of the items' anchors: its image, its first anchor, how many. */
#define FOR_ANCHORS(image, anchor, n, w, begin, end)                                             \
    for (int64_t item_ = (begin); item_ < (end); item_++)                                        \
        for (int64_t image = item_ / (w)->chunks,                                                \
                     anchor = item_ % (w)->chunks * ANCHORS_PER_ITEM,                            \
                     last_ = smaller(anchor + ANCHORS_PER_ITEM, (w)->anchors), n = last_ - anchor;\
             anchor < last_; anchor += LANES, n = last_ - anchor)

void KERNEL(boxes_decode)(const void *work, int64_t begin, int64_t end)
{
    const struct anchors_work *w = work;

    FOR_ANCHORS(image, anchor, n, w, begin, end)
        decode_boxes(w, image, anchor, n);
}

void KERNEL(points_decode)(const void *work, int64_t begin, int64_t end)
{
    const struct anchors_work *w = work;

    FOR_ANCHORS(image, anchor, n, w, begin, end) {
        vector stride = vector_load_first(w->table + 2 * w->anchors + anchor, n);

        for (int64_t row = 0; row < w->points * w->size; row++) {
            int64_t at = (image * w->points * w->size + row) * w->anchors + anchor;
            int64_t part = row % w->size;
            vector x = vector_load_first(w->x + at, n);

            if (part < 2)
                x = (2.0f * x - 0.5f) * stride +
                    vector_load_first(w->table + part * w->anchors + anchor, n);
            else
                x = vector_sigmoid(x);
            vector_store_first(w->y + at, x, n);
        }
    }
}

/* --- classes ---------------------------------------------------------------------------------- */

void KERNEL(class_loss_rows)(const void *work, int64_t begin, int64_t end)
{
    const struct class_rows_work *w = work;

    for (int64_t row = begin; row < end; row++) {
        const float *x = w->x + row * w->anchors;
        vector sum = vector_zero();

        for (int64_t i = 0; w->counts[row / w->channels] >= 0 && i < w->anchors; i += LANES)
            sum += vector_keep(vector_first(w->anchors - i),
                               vector_softplus(vector_load_first(x + i, w->anchors - i)));
        w->sums[row] = vector_sum(sum);
    }
}

void KERNEL(class_grad_rows)(const void *work, int64_t begin, int64_t end)
{
    const struct class_rows_work *w = work;
    float present = 0, factor;

    for (int64_t i = 0; i < w->images; i++)
        present += w->counts[i] >= 0;
    factor = w->gain * present * (w->dloss ? *w->dloss : 1) / w->totals[0];
    for (int64_t row = begin; row < end; row++) {
        const float *x = w->x + row * w->anchors;
        float *dx = w->dx + row * w->anchors;
        float own = w->counts[row / w->channels] >= 0 ? factor : 0;

        for (int64_t i = 0; i < w->anchors; i += LANES)
            vector_store_first(dx + i,
                               vector_sigmoid(vector_load_first(x + i, w->anchors - i)) * own,
                               w->anchors - i);
    }
}
