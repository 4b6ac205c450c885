/* mask_decoder.c - from prototypes to masks; see unletterbox.h.
 *
 * Only the part of the prototypes that the box shows is added up, and runs are made column by
 * column, so that the work is that of the box and not of the image.  Where both neighbours among
 * the prototypes' rows say the same, the pixels between them are not asked one by one. */

#include "base/error.h"
#include "base/vec.h"
#include "data/mask.h"
#include "objects/unletterbox.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* One axis: pixels [first, end) of the image, and where their middles lie among the prototypes. */
struct axis {
    int first, end;
    double scale, shift; /* place = x * scale + shift */
    int window_first, window_count;
    int limit; /* of the prototypes */
};

/* Between which two rows of the window a row of the image lies. */
struct mask_row {
    int upper, lower;
    float share; /* of the lower one */
    int alike;   /* rows from this one on that lie between the same two */
};

void mask_decoder_release(struct mask_decoder *decoder)
{
    free(decoder->_window);
    free(decoder->_column);
    free(decoder->_rows);
    free(decoder->_runs);
    *decoder = (struct mask_decoder){ 0 };
}

static double place_of(const struct axis *axis, int pixel)
{
    return fmin(fmax(pixel * axis->scale + axis->shift, 0), axis->limit - 1);
}

/* Pixels of which the middle is between `from` and `to`. */
static struct axis axis_of(double from, double to, int image_side, double image_scale,
                           double image_start, int input_side, int prototype_side)
{
    double step = (double)prototype_side / input_side;
    struct axis axis = {
        .first = (int)fmin(fmax(ceil(from - 0.5), 0), image_side),
        .end = (int)fmin(fmax(ceil(to - 0.5), 0), image_side),
        .scale = image_scale * step,
        .shift = (0.5 * image_scale + image_start) * step - 0.5,
        .limit = prototype_side,
    };

    if (axis.end <= axis.first) {
        axis.end = axis.first;
        return axis;
    }
    axis.window_first = (int)place_of(&axis, axis.first);
    axis.window_count = (int)place_of(&axis, axis.end - 1) + 2 - axis.window_first;
    if (axis.window_first + axis.window_count > prototype_side)
        axis.window_count = prototype_side - axis.window_first;
    return axis;
}

/* The memory or a larger one, what it held forgotten; NULL when there is none. */
static void *reserve(void *memory, int64_t *capacity, int64_t count, size_t size)
{
    if (count <= *capacity)
        return memory;
    free(memory);
    memory = malloc((size_t)count * size);
    *capacity = memory ? count : 0;
    return memory;
}

static int reserve_all(struct mask_decoder *decoder, const struct axis *x, const struct axis *y,
                       struct error *err)
{
    decoder->_window = reserve(decoder->_window, &decoder->_window_capacity,
                               (int64_t)x->window_count * y->window_count, sizeof(float));
    decoder->_column = reserve(decoder->_column, &decoder->_column_capacity, y->window_count,
                               sizeof(float));
    decoder->_rows = reserve(decoder->_rows, &decoder->_row_capacity, y->end - y->first,
                             sizeof(*decoder->_rows));
    if (!decoder->_window || !decoder->_column || !decoder->_rows)
        return FAIL(err, NO_MEMORY, "no memory for a mask of %d x %d pixels", x->end - x->first,
                    y->end - y->first);
    return 0;
}

/* The weighted sum of the prototypes within the window. */
static void add_up(float *window, const struct mask_prototypes *prototypes,
                   const float *coefficients, const struct axis *x, const struct axis *y)
{
    memset(window, 0, (size_t)x->window_count * (size_t)y->window_count * sizeof(float));
    for (int k = 0; k < prototypes->count; k++)
        for (int row = 0; row < y->window_count; row++) {
            const float *from = prototypes->values +
                                ((int64_t)k * prototypes->height + y->window_first + row) *
                                    prototypes->width +
                                x->window_first;
            float *to = window + (int64_t)row * x->window_count;

            for (int column = 0; column < x->window_count; column++)
                to[column] += coefficients[k] * from[column];
        }
}

/* The window's values along one column of the image. */
static void fill_column(const struct mask_decoder *decoder, const struct axis *x, int rows,
                        int pixel)
{
    double place = place_of(x, pixel) - x->window_first;
    int left = (int)place, right = left + 1 < x->window_count ? left + 1 : left;
    float share = (float)(place - left);

    for (int row = 0; row < rows; row++) {
        const float *values = decoder->_window + (int64_t)row * x->window_count;

        decoder->_column[row] = values[left] + share * (values[right] - values[left]);
    }
}

static void fill_rows(struct mask_decoder *decoder, const struct axis *y)
{
    for (int pixel = y->first; pixel < y->end; pixel++) {
        double place = place_of(y, pixel) - y->window_first;
        int upper = (int)place;

        decoder->_rows[pixel - y->first] = (struct mask_row){
            upper, upper + 1 < y->window_count ? upper + 1 : upper, (float)(place - upper), 1
        };
    }
    for (int i = y->end - y->first - 2; i >= 0; i--)
        if (decoder->_rows[i].upper == decoder->_rows[i + 1].upper)
            decoder->_rows[i].alike = 1 + decoder->_rows[i + 1].alike;
}

static bool is_inside(const struct mask_decoder *decoder, const struct mask_row *row)
{
    float above = decoder->_column[row->upper], below = decoder->_column[row->lower];

    return above + row->share * (below - above) > 0;
}

/* Is every row between these two sides like the first of them?  Where it is positive, none is so
 * small that rounding decides. */
static bool is_uniform(float above, float below)
{
    float low = above < below ? above : below, high = above < below ? below : above;

    return (above <= 0 && below <= 0) || (low > high * 1e-6f && high <= FLT_MAX);
}

static void append(struct mask_decoder *decoder, int *count, uint32_t length)
{
    decoder->_runs =
        vec_grow(decoder->_runs, *count, &decoder->_run_capacity, sizeof(*decoder->_runs));
    decoder->_runs[(*count)++] = length;
}

/* Runs alternate and begin outside.  Returns the new count. */
static int add_run(struct mask_decoder *decoder, int count, bool inside, uint32_t length)
{
    if (!length)
        return count;
    if (!count && inside)
        append(decoder, &count, 0);
    if (count && (count - 1) % 2 == (int)inside)
        decoder->_runs[count - 1] += length;
    else
        append(decoder, &count, length);
    return count;
}

static int trace_column(struct mask_decoder *decoder, const struct axis *y, int height, int count)
{
    const struct mask_row *row = decoder->_rows, *end = row + (y->end - y->first);

    count = add_run(decoder, count, false, (uint32_t)y->first);
    while (row < end) {
        const struct mask_row *next = row + row->alike;

        if (is_uniform(decoder->_column[row->upper], decoder->_column[row->lower])) {
            count = add_run(decoder, count, decoder->_column[row->upper] > 0,
                            (uint32_t)row->alike);
            row = next;
        }
        for (; row < next; row++)
            count = add_run(decoder, count, is_inside(decoder, row), 1);
    }
    return add_run(decoder, count, false, (uint32_t)(height - y->end));
}

int mask_decoder_draw(struct mask_decoder *decoder, const struct letterbox_view *view,
                      const struct mask_prototypes *prototypes, const float *coefficients,
                      const struct object_box *box, struct mask *mask, struct error *err)
{
    struct axis x = axis_of(box->x, box->x + box->w, view->width, view->scale_x, view->left,
                            prototypes->input_width, prototypes->width);
    struct axis y = axis_of(box->y, box->y + box->h, view->height, view->scale_y, view->top,
                            prototypes->input_height, prototypes->height);
    int count;

    if (x.first == x.end || y.first == y.end)
        return mask_set_empty(mask, view->width, view->height, err);
    if (reserve_all(decoder, &x, &y, err))
        return -1;
    fill_rows(decoder, &y);
    add_up(decoder->_window, prototypes, coefficients, &x, &y);
    count = add_run(decoder, 0, false, (uint32_t)x.first * (uint32_t)view->height);
    for (int column = x.first; column < x.end; column++) {
        fill_column(decoder, &x, y.window_count, column);
        count = trace_column(decoder, &y, view->height, count);
    }
    count = add_run(decoder, count, false,
                    (uint32_t)(view->width - x.end) * (uint32_t)view->height);
    return mask_set_runs(mask, view->width, view->height, decoder->_runs, count, err);
}
