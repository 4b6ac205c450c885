/* mask_raster.c - from an outline to the pixels inside, as the public COCO tools count them.
 *
 * The outline is rounded to a grid five times as fine and walked there point by point.  Wherever
 * the walk steps over the middle of a pixel column, the column is crossed; the first whole pixel at
 * or below the crossing changes its side.  Sorted crossings are the ends of runs. */
#include "base/error.h"
#include "data/mask_internal.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

#define GRID 5
#define STEP_LIMIT (INT64_C(1) << 30) /* of a whole outline: seconds */

struct crossings {
    uint32_t *places; /* in column-major order */
    int count, capacity;
};

struct walker {
    struct crossings *crossings;
    int width, height;
    int last_x, last_y; /* on the fine grid */
    bool has_last;
};

static int add_crossing(struct crossings *crossings, uint32_t place)
{
    if (crossings->count == crossings->capacity) {
        int capacity = crossings->capacity ? 2 * crossings->capacity : 64;
        uint32_t *larger = realloc(crossings->places, sizeof(*larger) * (size_t)capacity);

        if (!larger)
            return -1;
        crossings->places = larger;
        crossings->capacity = capacity;
    }
    crossings->places[crossings->count++] = place;
    return 0;
}

/* Walk to the next point of the fine grid. */
static int walk_to(struct walker *walker, int x, int y)
{
    int left = x < walker->last_x ? x : x - 1, upper = y < walker->last_y ? y : walker->last_y;
    bool has_moved = walker->has_last && x != walker->last_x;

    walker->last_x = x;
    walker->last_y = y;
    walker->has_last = true;
    /* A pixel's middle is 2 steps from its edge, of 5. */
    if (has_moved && left >= 0 && left % GRID == GRID / 2 && left / GRID < walker->width) {
        double row = ceil((upper + 0.5) / GRID - 0.5);

        row = fmin(fmax(row, 0), walker->height);
        return add_crossing(walker->crossings, (uint32_t)(left / GRID) * (uint32_t)walker->height +
                                                   (uint32_t)row);
    }
    return 0;
}

/* Walk from one corner to the next, one step at a time along the longer direction.  Rounding is
 * that of going to the right or down, so that both directions give the same points. */
static int walk_edge(struct walker *walker, int from_x, int from_y, int to_x, int to_y)
{
    int dx = abs(to_x - from_x), dy = abs(to_y - from_y);
    bool is_wide = dx >= dy;
    int count = is_wide ? dx : dy;
    bool is_turned = is_wide ? from_x > to_x : from_y > to_y;
    int x = is_turned ? to_x : from_x, y = is_turned ? to_y : from_y;
    double rise = is_wide ? to_y - from_y : to_x - from_x;
    double slope = count ? (is_turned ? -rise : rise) / count : 0;

    for (int i = 0; i <= count; i++) {
        int t = is_turned ? count - i : i;

        if (is_wide ? walk_to(walker, x + t, (int)(y + slope * t + 0.5))
                    : walk_to(walker, (int)(x + slope * t + 0.5), y + t))
            return -1;
    }
    return 0;
}

static int compare_places(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static int make_runs(struct mask *mask, struct crossings *crossings, struct error *err)
{
    uint32_t total = (uint32_t)mask->width * (uint32_t)mask->height, at = 0;

    if (crossings->count)
        qsort(crossings->places, (size_t)crossings->count, sizeof(uint32_t), compare_places);
    for (int i = 0; i < crossings->count; i++) {
        if (mask_extend(mask, crossings->places[i] - at, i % 2, err))
            return -1;
        at = crossings->places[i];
    }
    return mask_extend(mask, total - at, crossings->count % 2, err);
}

/* Outside by more than the image's own size changes nothing but time. */
/* Coordinates come as float, and those with one decimal lie on the halves that rounding decides
 * about: 10.7 must be what it was in the file, not the float below it. */
static int fine(double value, int side)
{
    double limit = 4.0 * side + 4;

    return (int)(GRID * fmin(fmax(value, -limit), limit) * (1 + FLT_EPSILON) + 0.5);
}

static int walk_all(struct walker *walker, const struct annotation_point *points, int count,
                    struct error *err)
{
    int64_t steps = 0;

    for (int i = 0; i < count; i++) {
        const struct annotation_point *from = &points[i], *to = &points[i + 1 < count ? i + 1 : 0];
        int from_x = fine(from->x, walker->width), from_y = fine(from->y, walker->height);
        int to_x = fine(to->x, walker->width), to_y = fine(to->y, walker->height);

        steps += abs(to_x - from_x) + abs(to_y - from_y);
        if (steps > STEP_LIMIT)
            return FAIL(err, TOO_LARGE, "an outline of %d points is too long to be filled", count);
        if (walk_edge(walker, from_x, from_y, to_x, to_y))
            return FAIL(err, NO_MEMORY, "no memory to fill an outline of %d points", count);
    }
    return 0;
}

int mask_set_ring(struct mask *mask, int width, int height, const struct annotation_point *points,
                  int count, struct error *err)
{
    struct crossings crossings = { 0 };
    struct walker walker = { .crossings = &crossings, .width = width, .height = height };
    int result = -1;

    if (mask_begin(mask, width, height, err))
        return -1;
    if (walk_all(&walker, points, count, err) == 0)
        result = make_runs(mask, &crossings, err);
    free(crossings.places);
    return result;
}
