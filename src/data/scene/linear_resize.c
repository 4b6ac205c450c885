/* linear_resize.c - linear interpolation between the nearest pixels, whatever the ratio. */
#include "base/error.h"
#include "data/scene.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BITS 11 /* of a weight's fraction */

void linear_scratch_release(struct linear_scratch *scratch)
{
    free(scratch->columns);
    free(scratch->rows);
    memset(scratch, 0, sizeof(*scratch));
}

static int reserve(struct linear_scratch *scratch, int width, struct error *err)
{
    size_t needed = (size_t)width;
    int *columns;
    int32_t *rows;

    if (needed <= scratch->_capacity)
        return 0;
    columns = realloc(scratch->columns, 2 * needed * sizeof(*columns));
    scratch->columns = columns ? columns : scratch->columns;
    rows = realloc(scratch->rows, 2 * 3 * needed * sizeof(*rows));
    scratch->rows = rows ? rows : scratch->rows;
    if (!columns || !rows)
        return FAIL(err, NO_MEMORY, "no memory to resize an image");
    scratch->_capacity = needed;
    return 0;
}

/* The first of two neighbours and the weight of the second; beyond the edges the edge goes on. */
static int place(int at, int source, int target, int *weight)
{
    double where = (at + 0.5) * source / target - 0.5;
    int first = (int)floor(where);

    *weight = (int)lrint((where - first) * (1 << BITS));
    if (first < 0) {
        first = 0;
        *weight = 0;
    }
    if (first >= source - 1) {
        first = source - 1;
        *weight = 0;
    }
    return first;
}

/* One row of the source at the target's width, with BITS more bits. */
static void stretch_row(const uint8_t *row, const int *columns, int width, int32_t *out)
{
    for (int x = 0; x < width; x++) {
        int first = columns[2 * x], weight = columns[2 * x + 1];
        const uint8_t *p = row + 3 * first, *q = weight ? p + 3 : p;

        for (int c = 0; c < 3; c++)
            *out++ = p[c] * ((1 << BITS) - weight) + q[c] * weight;
    }
}

int linear_resize(struct linear_scratch *scratch, const uint8_t *source, int source_width,
                  int source_height, uint8_t *target, int width, int height, int stride,
                  struct error *err)
{
    size_t row_bytes = 3 * (size_t)source_width;
    int held[2] = { -1, -1 };
    int32_t *rows[2];

    if (width == source_width && height == source_height) {
        for (int y = 0; y < height; y++)
            memcpy(target + (size_t)y * (size_t)stride, source + (size_t)y * row_bytes, row_bytes);
        return 0;
    }
    if (reserve(scratch, width, err))
        return -1;
    rows[0] = scratch->rows;
    rows[1] = scratch->rows + 3 * (size_t)width;
    for (int x = 0; x < width; x++)
        scratch->columns[2 * x] = place(x, source_width, width, &scratch->columns[2 * x + 1]);
    for (int y = 0; y < height; y++) {
        int weight, first = place(y, source_height, height, &weight);
        int wanted[2] = { first, weight ? first + 1 : first };
        uint8_t *out = target + (size_t)y * (size_t)stride;

        if (held[1] == wanted[0]) { /* the lower row becomes the upper one */
            int32_t *swap = rows[0];

            rows[0] = rows[1];
            rows[1] = swap;
            held[0] = held[1];
            held[1] = -1;
        }
        for (int k = 0; k < 2; k++)
            if (held[k] != wanted[k]) {
                stretch_row(source + (size_t)wanted[k] * row_bytes, scratch->columns, width,
                            rows[k]);
                held[k] = wanted[k];
            }
        for (int i = 0; i < 3 * width; i++)
            out[i] = (uint8_t)(((int64_t)rows[0][i] * ((1 << BITS) - weight) +
                                (int64_t)rows[1][i] * weight + (1 << (2 * BITS - 1))) >>
                               (2 * BITS));
    }
    return 0;
}

struct letterbox letterbox_of(int width, int height, int side)
{
    double ratio = fmin((double)side / width, (double)side / height);
    struct letterbox box = { .width = (int)fmin(fmax(1, rint(width * ratio)), side),
                             .height = (int)fmin(fmax(1, rint(height * ratio)), side) };

    box.left = (side - box.width) / 2;
    box.top = (side - box.height) / 2;
    box.scale_x = (double)box.width / width;
    box.scale_y = (double)box.height / height;
    return box;
}
