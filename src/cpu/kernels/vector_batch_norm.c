/* vector_batch_norm.c - batch norm with what surrounds it: activation, residual, gradients.
 *
 * All of this is bound by memory, so the aim is one pass per array.  The gradient makes z and the
 * activation's slope anew in each of its two passes instead of keeping them.  Where a pass follows
 * another over the same data, it goes from the end to the beginning: the end is still cached. */

#include "cpu/kernels/activations.h"
#include "cpu/kernels/moments.h"

#include <math.h>

enum residual { RESIDUAL_NONE, RESIDUAL_BEFORE, RESIDUAL_AFTER };

/* The constants of one block: z = x * scale + shift. */
struct affine {
    vector mean, istd, scale, shift;
};

INLINE struct affine affine_of(const struct batch_norm_work *w, const struct piece *piece)
{
    struct affine a = { .mean = channels_load(w->mean, piece),
                        .istd = channels_load(w->istd, piece) };

    a.scale = channels_load(w->gamma, piece) * a.istd;
    a.shift = (w->beta ? channels_load(w->beta, piece) : vector_zero()) - a.mean * a.scale;
    return a;
}

/* --- statistics ------------------------------------------------------------------------------ */

void KERNEL(batch_stats_pieces)(const void *work, int64_t begin, int64_t end)
{
    const struct batch_norm_work *w = work;

    for (int64_t i = begin; i < end; i++) {
        struct piece piece = piece_at(&w->size, i);
        struct moments moments = MOMENTS_INIT;

        moments_add(&moments, w->x + piece.offset, piece.pixels);
        moments_store(&moments, w->partial + i * 2 * LANES);
    }
}

/* Merge the pieces of a block, those of one image after the other, in double. */
static int64_t merge_pieces(const struct batch_norm_work *w, int64_t block, double *mean,
                            double *deviations)
{
    const struct blocked *size = &w->size;
    int64_t count = 0;

    memset(mean, 0, LANES * sizeof(double));
    memset(deviations, 0, LANES * sizeof(double));
    for (int64_t k = 0; k < size->images * size->segments; k++) {
        int64_t image = k / size->segments;
        int64_t index = (image * size->blocks + block) * size->segments + k % size->segments;
        struct piece piece = piece_at(size, index);
        const float *partial = w->partial + index * 2 * LANES;
        double share = (double)piece.pixels / (double)(count + piece.pixels);

        if (!piece.pixels)
            continue;
        for (int i = 0; i < LANES; i++) {
            double shift = partial[i] - mean[i];

            mean[i] += shift * share;
            deviations[i] += partial[LANES + i] + shift * shift * share * (double)count;
        }
        count += piece.pixels;
    }
    return count;
}

void KERNEL(batch_stats_finish)(const void *work, int64_t begin, int64_t end)
{
    const struct batch_norm_work *w = work;
    double mean[LANES], deviations[LANES];

    for (int64_t block = begin; block < end; block++) {
        int64_t count = merge_pieces(w, block, mean, deviations);

        for (int64_t i = 0, c = block * LANES; i < LANES; i++, c++) {
            bool used = c < w->size.channels;
            double variance = deviations[i] / (double)count;
            double unbiased = deviations[i] / (double)larger(count - 1, 1);

            w->mean[c] = used ? (float)mean[i] : 0;
            w->istd[c] = used ? (float)(1 / sqrt(variance + w->eps)) : 0;
            if (!used)
                continue;
            w->running_mean[c] += (float)(w->momentum * (mean[i] - w->running_mean[c]));
            w->running_variance[c] += (float)(w->momentum * (unbiased - w->running_variance[c]));
        }
    }
}

void KERNEL(batch_running)(const void *work, int64_t begin, int64_t end)
{
    const struct batch_norm_work *w = work;

    for (int64_t c = begin * LANES; c < end * LANES; c++) {
        bool used = c < w->size.channels;

        w->mean[c] = used ? w->running_mean[c] : 0;
        w->istd[c] = used ? (float)(1 / sqrt((double)w->running_variance[c] + w->eps)) : 0;
    }
}

/* --- forward --------------------------------------------------------------------------------- */

INLINE void apply(const struct batch_norm_work *w, int64_t begin, int64_t end, const int kind,
                  const enum residual residual)
{
    for (int64_t i = end; i-- > begin;) {
        struct piece piece = piece_at(&w->size, i);
        struct affine a = affine_of(w, &piece);
        vector_mask lanes = vector_first(piece.lanes);
        const float *x = w->x + piece.offset;
        const float *r = residual ? w->residual + piece.offset : NULL;
        float *y = w->y + piece.offset;

        for (int64_t p = 0; p < piece.pixels * LANES; p += LANES) {
            vector z = vector_load(x + p) * a.scale + a.shift;

            if (residual == RESIDUAL_BEFORE)
                z += vector_load(r + p);
            z = activation_of(kind, z);
            if (activation_lifts_zero(kind))
                z = vector_keep(lanes, z);
            if (residual == RESIDUAL_AFTER)
                z += vector_load(r + p);
            if (w->stream)
                vector_stream(y + p, z);
            else
                vector_store(y + p, z);
        }
    }
    if (w->stream)
        vector_stream_end();
}

void KERNEL(batch_apply)(const void *work, int64_t begin, int64_t end)
{
    const struct batch_norm_work *w = work;

#define PLAIN(kind) apply(w, begin, end, kind, RESIDUAL_NONE)
#define BEFORE(kind) apply(w, begin, end, kind, RESIDUAL_BEFORE)
#define AFTER(kind) apply(w, begin, end, kind, RESIDUAL_AFTER)
    if (!w->residual)
        FOR_ACTIVATION(w->activation, PLAIN)
    else if (w->residual_after)
        FOR_ACTIVATION(w->activation, AFTER)
    else
        FOR_ACTIVATION(w->activation, BEFORE)
}

/* --- backward -------------------------------------------------------------------------------- */

/* The gradient before the activation: from z, or from relu's output where the residual went in. */
INLINE vector gradient_before(const int kind, const struct affine *a, const float *x,
                              const float *dy, const float *relu_output)
{
    vector d = vector_load(dy);

    if (relu_output)
        return vector_keep(vector_greater(vector_load(relu_output), vector_zero()), d);
    if (kind == ACTIVATION_NONE)
        return d;
    return activation_slope(kind, vector_load(x) * a->scale + a->shift, d);
}

INLINE void grad_pieces(const struct batch_norm_work *w, int64_t begin, int64_t end,
                        const int kind, const bool from_output)
{
    for (int64_t i = begin; i < end; i++) {
        struct piece piece = piece_at(&w->size, i);
        struct affine a = affine_of(w, &piece);
        const float *x = w->x + piece.offset, *dy = w->dy + piece.offset;
        const float *y = from_output ? w->relu_output + piece.offset : NULL;
        float *dz = from_output ? w->dz + piece.offset : NULL;
        vector sum[2] = { 0 }, product[2] = { 0 };
        int64_t pixel = 0;

#define STEP(k)                                                                            \
    do {                                                                                   \
        int64_t p = (pixel + (k)) * LANES;                                                 \
        vector d = gradient_before(kind, &a, x + p, dy + p, from_output ? y + p : NULL);   \
                                                                                           \
        if (from_output)                                                                   \
            vector_store(dz + p, d);                                                       \
        sum[k] += d;                                                                       \
        product[k] += d * (vector_load(x + p) - a.mean);                                   \
    } while (0)
        for (; pixel + 2 <= piece.pixels; pixel += 2) {
            STEP(0);
            STEP(1);
        }
        if (pixel < piece.pixels)
            STEP(0);
#undef STEP
        vector_store(w->partial + i * 2 * LANES, sum[0] + sum[1]);
        vector_store(w->partial + i * 2 * LANES + LANES, (product[0] + product[1]) * a.istd);
    }
}

void KERNEL(batch_grad_pieces)(const void *work, int64_t begin, int64_t end)
{
    const struct batch_norm_work *w = work;

#define PIECES(kind) grad_pieces(w, begin, end, kind, false)
    if (w->relu_output)
        grad_pieces(w, begin, end, ACTIVATION_RELU, true);
    else
        FOR_ACTIVATION(w->activation, PIECES)
}

void KERNEL(batch_grad_finish)(const void *work, int64_t begin, int64_t end)
{
    const struct batch_norm_work *w = work;
    const struct blocked *size = &w->size;

    for (int64_t block = begin; block < end; block++) {
        double sum[2 * LANES] = { 0 };

        for (int64_t k = 0; k < size->images * size->segments; k++) {
            int64_t image = k / size->segments;
            int64_t index = (image * size->blocks + block) * size->segments + k % size->segments;

            for (int i = 0; i < 2 * LANES; i++)
                sum[i] += w->partial[index * 2 * LANES + i];
        }
        for (int64_t i = 0, c = block * LANES; i < LANES; i++, c++) {
            w->dbeta[c] = c < size->channels ? (float)sum[i] : 0;
            w->dgamma[c] = c < size->channels ? (float)sum[LANES + i] : 0;
        }
    }
}

INLINE void grad_input(const struct batch_norm_work *w, int64_t begin, int64_t end, const int kind)
{
    const float *gradient = w->relu_output ? w->dz : w->dy;
    float share = w->fixed_stats ? 0 : 1.0f / (float)(w->size.images * w->size.pixels);

    for (int64_t i = end; i-- > begin;) {
        struct piece piece = piece_at(&w->size, i);
        struct affine a = affine_of(w, &piece);
        const float *x = w->x + piece.offset, *dy = gradient + piece.offset;
        float *dx = w->dx + piece.offset;
        vector shared = channels_load(w->dbeta, &piece) * share;
        vector tilt = channels_load(w->dgamma, &piece) * a.istd * share;

        for (int64_t p = 0; p < piece.pixels * LANES; p += LANES) {
            vector d = gradient_before(kind, &a, x + p, dy + p, NULL);

            d = a.scale * (d - shared - (vector_load(x + p) - a.mean) * tilt);
            if (w->stream)
                vector_stream(dx + p, d);
            else
                vector_store(dx + p, d);
        }
    }
    if (w->stream)
        vector_stream_end();
}

void KERNEL(batch_grad_input)(const void *work, int64_t begin, int64_t end)
{
    const struct batch_norm_work *w = work;

#define INPUT(kind) grad_input(w, begin, end, kind)
    FOR_ACTIVATION(w->relu_output ? ACTIVATION_NONE : w->activation, INPUT)
}
