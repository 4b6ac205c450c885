/* mask_trace.c - from a mask to its outlines.
 *
 * An outline goes along edges of pixels with the inside on its right.  Where two pieces touch at a
 * corner it turns right, which keeps them apart.  Each outline has an upper edge of some pixel that
 * it follows to the right; those are tried column by column, and each is followed once. */
#include "base/error.h"
#include "data/mask_internal.h"
#include <stdlib.h>
#include <string.h>

enum { IS_INSIDE = 1, IS_FOLLOWED = 2 }; /* the pixel; its upper edge */

/* The part of the mask that matters, with one pixel of outside all around. */
struct field {
    uint8_t *pixels;
    int width, height, left, top;
};

static bool is_inside(const struct field *field, int x, int y)
{
    return field->pixels[(size_t)y * (size_t)field->width + (size_t)x] & IS_INSIDE;
}

static int draw_field(struct field *field, const struct mask *mask, struct error *err)
{
    struct annotation_box box = mask_box(mask);
    uint64_t at = 0;

    field->left = (int)box.left - 1;
    field->top = (int)box.top - 1;
    field->width = (int)box.right - field->left + 1;
    field->height = (int)box.bottom - field->top + 1;
    field->pixels = calloc((size_t)field->width, (size_t)field->height);
    if (!field->pixels)
        return FAIL(err, NO_MEMORY, "no memory to trace a mask");
    for (int i = 0; i < mask->run_count; at += mask->runs[i++])
        for (uint64_t k = at; i % 2 && k < at + mask->runs[i]; k++) {
            int x = (int)(k / (uint64_t)mask->height) - field->left;
            int y = (int)(k % (uint64_t)mask->height) - field->top;

            field->pixels[(size_t)y * (size_t)field->width + (size_t)x] = IS_INSIDE;
        }
    return 0;
}

static int grow(void **items, int count, int *capacity, size_t size, struct error *err)
{
    int wanted = *capacity ? 2 * *capacity : 32;
    void *larger;

    if (count < *capacity)
        return 0;
    larger = realloc(*items, (size_t)wanted * size);
    if (!larger)
        return FAIL(err, NO_MEMORY, "no memory for an outline");
    *items = larger;
    *capacity = wanted;
    return 0;
}

static int add_corner(struct mask_rings *out, const struct field *field, int x, int y,
                      struct error *err)
{
    if (grow((void **)&out->points, out->point_count, &out->_point_capacity, sizeof(*out->points),
             err))
        return -1;
    out->points[out->point_count++] =
        (struct annotation_point){ (float)(x + field->left), (float)(y + field->top) };
    return 0;
}

/* Follow the outline whose edge goes right from the corner (x, y). */
static int follow(struct mask_rings *out, struct field *field, int x, int y, struct error *err)
{
    static const int step_x[4] = { 1, 0, -1, 0 }, step_y[4] = { 0, 1, 0, -1 };
    /* From a corner, looking in a direction: the pixels ahead to the right and to the left. */
    static const int right_x[4] = { 0, -1, -1, 0 }, right_y[4] = { 0, 0, -1, -1 };
    static const int left_x[4] = { 0, 0, -1, -1 }, left_y[4] = { -1, 0, 0, -1 };
    int start_x = x, start_y = y, direction = 0, first = out->point_count;

    if (grow((void **)&out->rings, out->ring_count, &out->_ring_capacity, sizeof(*out->rings), err))
        return -1;
    do {
        int turn = 0;

        if (direction == 0)
            field->pixels[(size_t)y * (size_t)field->width + (size_t)x] |= IS_FOLLOWED;
        x += step_x[direction];
        y += step_y[direction];
        if (!is_inside(field, x + right_x[direction], y + right_y[direction]))
            turn = 1;
        else if (is_inside(field, x + left_x[direction], y + left_y[direction]))
            turn = 3;
        if (turn && add_corner(out, field, x, y, err))
            return -1;
        direction = (direction + turn) % 4;
    } while (x != start_x || y != start_y || direction != 0);
    out->rings[out->ring_count++] =
        (struct annotation_ring){ first, out->point_count - first };
    return 0;
}

int mask_trace(const struct mask *mask, struct mask_rings *out, struct error *err)
{
    struct field field = { 0 };
    int result = 0;

    out->point_count = out->ring_count = 0;
    if (mask_area(mask) == 0)
        return 0;
    if (draw_field(&field, mask, err))
        return -1;
    for (int x = 1; x < field.width && !result; x++)
        for (int y = 1; y < field.height && !result; y++) {
            uint8_t here = field.pixels[(size_t)y * (size_t)field.width + (size_t)x];

            if (here == IS_INSIDE && !is_inside(&field, x, y - 1))
                result = follow(out, &field, x, y, err);
        }
    free(field.pixels);
    return result;
}

void mask_rings_release(struct mask_rings *rings)
{
    free(rings->points);
    free(rings->rings);
    memset(rings, 0, sizeof(*rings));
}
