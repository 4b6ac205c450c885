/* vector_mask.c - masks made of prototypes: their loss and its gradient, anchor by anchor.
 *
 * A mask is never kept: each vector of its pixels is made from the prototypes, compared and done
 * with. */

#include "cpu/kernels/kernel.h"

#include "nn/object_losses.h"

#include <math.h>

/* One anchor and its object. */
struct painting {
    float coefficients[MASK_MOST_PROTOTYPES];
    struct mask_area area;
    int32_t label;
    const float *prototypes;
    const int32_t *mask;
};

/* false: the anchor has no object. */
INLINE bool painting_at(const struct mask_work *w, int64_t image, int64_t anchor,
                        struct painting *p)
{
    int32_t object = w->index[image * w->anchors + anchor];
    int64_t pixels = w->height * w->width;
    struct reals box = { w->boxes + (image * w->most_boxes + object) * 4, REALS_F32 };

    if (object < 0)
        return false;
    p->area = mask_area_of(box, w->image, w->height, w->width);
    p->label = object + 1;
    p->prototypes = w->prototypes + image * w->prototype_count * pixels;
    p->mask = w->masks + image * pixels;
    for (int64_t k = 0; k < w->prototype_count; k++)
        p->coefficients[k] =
            w->coefficients[(image * w->prototype_count + k) * w->anchors + anchor];
    return true;
}

INLINE vector logits_at(const struct mask_work *w, const struct painting *p, int64_t at, int64_t n)
{
    int64_t pixels = w->height * w->width, k = 0;
    vector sum[4] = { 0 };

    for (; k + 4 <= w->prototype_count; k += 4)
        for (int j = 0; j < 4; j++)
            sum[j] += p->coefficients[k + j] *
                      vector_load_first(p->prototypes + (k + j) * pixels + at, n);
    for (; k < w->prototype_count; k++)
        sum[0] += p->coefficients[k] * vector_load_first(p->prototypes + k * pixels + at, n);
    return sum[0] + sum[1] + (sum[2] + sum[3]);
}

/* The pixels that belong to the object. */
INLINE vector_mask wanted_at(const struct painting *p, int64_t at, int64_t n)
{
    return vector_equal_int((vector_int)vector_load_first((const float *)p->mask + at, n),
                            p->label);
}

/* For each vector of pixels in the area: its place, and how many of it are inside. */
#define FOR_PIXELS(at, n, w, area)                                                               \
    for (int64_t y_ = (area).y[0]; y_ < (area).y[1]; y_++)                                       \
        for (int64_t at = y_ * (w)->width + (area).x[0],                                         \
                     end_ = y_ * (w)->width + (area).x[1], n = end_ - at;                        \
             at < end_; at += LANES, n = end_ - at)

void KERNEL(mask_loss)(const void *work, int64_t begin, int64_t end)
{
    const struct mask_work *w = work;
    struct painting p;

    for (int64_t image = begin; image < end; image++) {
        double sum = 0;

        for (int64_t anchor = 0; anchor < w->anchors; anchor++) {
            vector loss = vector_zero();

            if (!painting_at(w, image, anchor, &p))
                continue;
            FOR_PIXELS(at, n, w, p.area) {
                vector x = logits_at(w, &p, at, n);
                vector own = vector_softplus(x) - vector_keep(wanted_at(&p, at, n), x);

                loss += vector_keep(vector_first(n), own);
            }
            sum += (double)vector_sum(loss) * p.area.weight;
        }
        w->sums[image] = sum;
    }
}

/* Adds to the gradients what one vector of pixels says. */
INLINE void spread(const struct mask_work *w, const struct painting *p, int64_t at, int64_t n,
                   vector dx, float *dprototypes, vector *dcoefficients)
{
    int64_t pixels = w->height * w->width;

    for (int64_t k = 0; k < w->prototype_count; k++) {
        float *to = dprototypes + k * pixels + at;

        dcoefficients[k] += dx * vector_load_first(p->prototypes + k * pixels + at, n);
        vector_store_first(to, vector_load_first(to, n) + dx * p->coefficients[k], n);
    }
}

INLINE void paint_grad(const struct mask_work *w, int64_t image, int64_t anchor,
                       const struct painting *p, float factor)
{
    float *dprototypes = w->dprototypes + image * w->prototype_count * w->height * w->width;
    float *dcoefficients = w->dcoefficients + image * w->prototype_count * w->anchors + anchor;
    vector sums[MASK_MOST_PROTOTYPES], one = vector_set(1.0f);

    for (int64_t k = 0; k < w->prototype_count; k++)
        sums[k] = vector_zero();
    FOR_PIXELS(at, n, w, p->area) {
        vector dx = vector_sigmoid(logits_at(w, p, at, n)) - vector_keep(wanted_at(p, at, n), one);

        dx = vector_keep(vector_first(n), dx) * factor;
        spread(w, p, at, n, dx, dprototypes, sums);
    }
    for (int64_t k = 0; k < w->prototype_count; k++)
        dcoefficients[k * w->anchors] = vector_sum(sums[k]);
}

void KERNEL(mask_loss_grad)(const void *work, int64_t begin, int64_t end)
{
    const struct mask_work *w = work;
    int64_t coefficients = w->prototype_count * w->anchors;
    int64_t prototypes = w->prototype_count * w->height * w->width;
    double factor = w->gain * (w->dloss ? *w->dloss : 1) / fmax(w->totals[1], 1), present = 0;
    struct painting p;

    for (int64_t i = 0; i < w->images; i++)
        present += w->counts[i] >= 0;
    for (int64_t image = begin; image < end; image++) {
        memset(w->dcoefficients + image * coefficients, 0, (size_t)coefficients * sizeof(float));
        memset(w->dprototypes + image * prototypes, 0, (size_t)prototypes * sizeof(float));
        for (int64_t anchor = 0; anchor < w->anchors; anchor++)
            if (painting_at(w, image, anchor, &p))
                paint_grad(w, image, anchor, &p, (float)(factor * present * p.area.weight));
    }
}
