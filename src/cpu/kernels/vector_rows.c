/* vector_rows.c - rows of a plain matrix: layer norm, softmax, cross entropy, factors per column.
 *
 * A row fits into the first cache, so it may be gone through several times. */

#include "cpu/kernels/kernel.h"

#include <math.h>

/* For each vector of a row: i is its place, n the floats from there to the end. */
#define FOR_COLUMNS(i, n, columns) \
    for (int64_t i = 0, n = (columns); i < (columns); i += LANES, n = (columns) - i)

#define FOR_ROWS(row, w, begin, end)                                                         \
    for (int64_t row = (begin) * ROWS_PER_ITEM,                                              \
                 last_ = smaller((end) * ROWS_PER_ITEM, (w)->rows); row < last_; row++)

/* --- layer norm ------------------------------------------------------------------------------ */

void KERNEL(layer_norm)(const void *work, int64_t begin, int64_t end)
{
    const struct rows_work *w = work;
    int64_t columns = w->columns;

    FOR_ROWS(row, w, begin, end) {
        const float *x = w->x + row * columns;
        float *y = w->y + row * columns, mean, istd;
        vector sum = vector_zero(), squares = vector_zero();

        FOR_COLUMNS(i, n, columns)
            sum += vector_load_first(x + i, n);
        mean = vector_sum(sum) / (float)columns;
        FOR_COLUMNS(i, n, columns) {
            vector d = vector_keep(vector_first(n), vector_load_first(x + i, n) - mean);

            squares += d * d;
        }
        istd = (float)(1 / sqrt((double)vector_sum(squares) / (double)columns + w->eps));
        FOR_COLUMNS(i, n, columns) {
            vector d = (vector_load_first(x + i, n) - mean) * istd;

            vector_store_first(y + i, d * vector_load_first(w->gamma + i, n) +
                                          vector_load_first(w->beta + i, n), n);
        }
        w->mean[row] = mean;
        w->istd[row] = istd;
    }
}

INLINE void layer_norm_grad_row(const struct rows_work *w, int64_t row, float *dgamma, float *dbeta)
{
    int64_t columns = w->columns;
    const float *x = w->x + row * columns, *dy = w->dy + row * columns;
    float *dx = w->dx + row * columns, mean = w->mean[row], istd = w->istd[row], shift, tilt;
    vector sum = vector_zero(), product = vector_zero();

    FOR_COLUMNS(i, n, columns) {
        vector d = vector_load_first(dy + i, n), h = (vector_load_first(x + i, n) - mean) * istd;
        vector g = d * vector_load_first(w->gamma + i, n);

        sum += g;
        product += g * h;
        vector_store_first(dgamma + i, vector_load_first(dgamma + i, n) + d * h, n);
        vector_store_first(dbeta + i, vector_load_first(dbeta + i, n) + d, n);
    }
    shift = vector_sum(sum) / (float)columns;
    tilt = vector_sum(product) / (float)columns;
    FOR_COLUMNS(i, n, columns) {
        vector g = vector_load_first(dy + i, n) * vector_load_first(w->gamma + i, n);
        vector h = (vector_load_first(x + i, n) - mean) * istd;

        vector_store_first(dx + i, (g - shift - h * tilt) * istd, n);
    }
}

void KERNEL(layer_norm_grad)(const void *work, int64_t begin, int64_t end)
{
    const struct rows_work *w = work;

    for (int64_t item = begin; item < end; item++) {
        float *dgamma = w->partial + item * 2 * w->columns, *dbeta = dgamma + w->columns;

        memset(dgamma, 0, (size_t)(2 * w->columns) * sizeof(float));
        FOR_ROWS(row, w, item, item + 1)
            layer_norm_grad_row(w, row, dgamma, dbeta);
    }
}

/* --- factors per column ---------------------------------------------------------------------- */

void KERNEL(rows_scale)(const void *work, int64_t begin, int64_t end)
{
    const struct rows_work *w = work;

    FOR_ROWS(row, w, begin, end) {
        const float *x = w->x + row * w->columns;
        float *y = w->y + row * w->columns;

        FOR_COLUMNS(i, n, w->columns)
            vector_store_first(y + i, vector_load_first(x + i, n) *
                                          vector_load_first(w->gamma + i, n), n);
    }
}

void KERNEL(rows_scale_grad)(const void *work, int64_t begin, int64_t end)
{
    const struct rows_work *w = work;

    for (int64_t item = begin; item < end; item++) {
        float *sum = w->partial + item * w->columns;

        memset(sum, 0, (size_t)w->columns * sizeof(float));
        FOR_ROWS(row, w, item, item + 1) {
            const float *x = w->x + row * w->columns, *dy = w->dy + row * w->columns;

            FOR_COLUMNS(i, n, w->columns)
                vector_store_first(sum + i, vector_load_first(sum + i, n) +
                                                vector_load_first(x + i, n) *
                                                    vector_load_first(dy + i, n), n);
        }
    }
}

void KERNEL(columns_finish)(const void *work, int64_t begin, int64_t end)
{
    const struct rows_work *w = work;
    int64_t groups = (w->rows + ROWS_PER_ITEM - 1) / ROWS_PER_ITEM;

    for (int64_t column = begin * LANES; column < smaller(end * LANES, w->columns); column++)
        for (int64_t which = 0; which < w->sum_count; which++) {
            double sum = 0;

            for (int64_t group = 0; group < groups; group++)
                sum += w->partial[(group * w->sum_count + which) * w->columns + column];
            w->sums[which][column] = (float)sum;
        }
}

/* --- softmax --------------------------------------------------------------------------------- */

INLINE float row_largest(const float *x, int64_t columns)
{
    vector largest = vector_set(-INFINITY);

    FOR_COLUMNS(i, n, columns) {
        vector v = vector_load_first(x + i, n);

        largest = vector_max(largest, vector_select(vector_first(n), v, largest));
    }
    return vector_largest(largest);
}

/* y = e^(x - largest); returns the sum. */
INLINE float row_exp(const float *x, float *y, int64_t columns, float largest)
{
    vector sum = vector_zero();

    FOR_COLUMNS(i, n, columns) {
        vector e = vector_keep(vector_first(n), vector_exp(vector_load_first(x + i, n) - largest));

        vector_store_first(y + i, e, n);
        sum += e;
    }
    return vector_sum(sum);
}

INLINE void row_scale(float *y, int64_t columns, float factor)
{
    FOR_COLUMNS(i, n, columns)
        vector_store_first(y + i, vector_load_first(y + i, n) * factor, n);
}

void KERNEL(softmax)(const void *work, int64_t begin, int64_t end)
{
    const struct rows_work *w = work;

    FOR_ROWS(row, w, begin, end) {
        const float *x = w->x + row * w->columns;
        float *y = w->y + row * w->columns;

        row_scale(y, w->columns, 1 / row_exp(x, y, w->columns, row_largest(x, w->columns)));
    }
}

void KERNEL(softmax_grad)(const void *work, int64_t begin, int64_t end)
{
    const struct rows_work *w = work;

    FOR_ROWS(row, w, begin, end) {
        const float *y = w->x + row * w->columns, *dy = w->dy + row * w->columns;
        float *dx = w->dx + row * w->columns, dot;
        vector sum = vector_zero();

        FOR_COLUMNS(i, n, w->columns)
            sum += vector_load_first(y + i, n) * vector_load_first(dy + i, n);
        dot = vector_sum(sum);
        FOR_COLUMNS(i, n, w->columns)
            vector_store_first(dx + i, vector_load_first(y + i, n) *
                                           (vector_load_first(dy + i, n) - dot), n);
    }
}

/* --- cross entropy --------------------------------------------------------------------------- */

void KERNEL(cross_entropy)(const void *work, int64_t begin, int64_t end)
{
    const struct rows_work *w = work;

    FOR_ROWS(row, w, begin, end) {
        const float *x = w->x + row * w->columns, *target = w->target + row * w->columns;
        float *y = w->y + row * w->columns;
        float largest = row_largest(x, w->columns);
        float sum = row_exp(x, y, w->columns, largest), log_sum = (float)log((double)sum);
        vector loss = vector_zero();

        row_scale(y, w->columns, 1 / sum);
        FOR_COLUMNS(i, n, w->columns)
            loss += vector_load_first(target + i, n) *
                    (log_sum - (vector_load_first(x + i, n) - largest));
        w->per_row[row] = vector_sum(loss);
    }
}

void KERNEL(cross_entropy_finish)(const void *work, int64_t begin, int64_t end)
{
    const struct rows_work *w = work;
    double sum = 0;

    if (begin == end)
        return;
    for (int64_t row = 0; row < w->rows; row++)
        sum += w->per_row[row];
    *w->loss = (float)(sum / (double)w->rows);
}

void KERNEL(cross_entropy_grad)(const void *work, int64_t begin, int64_t end)
{
    const struct rows_work *w = work;

    FOR_ROWS(row, w, begin, end) {
        const float *p = w->x + row * w->columns, *target = w->target + row * w->columns;
        float *dx = w->dx + row * w->columns, weight; /* 1 for a distribution, 0 for padding */
        vector sum = vector_zero();

        FOR_COLUMNS(i, n, w->columns)
            sum += vector_load_first(target + i, n);
        weight = vector_sum(sum);
        FOR_COLUMNS(i, n, w->columns)
            vector_store_first(dx + i, (vector_load_first(p + i, n) * weight -
                                        vector_load_first(target + i, n)) / (float)w->rows, n);
    }
}
