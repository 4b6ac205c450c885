/* scene_paint.c - the pixels inside outlines, row by row. */
#include "base/error.h"
#include "data/scene.h"
#include <math.h>
#include <stdlib.h>

struct crossings {
    float *places;
    int count, capacity;
};

static int add(struct crossings *crossings, float place, struct error *err)
{
    if (crossings->count == crossings->capacity) {
        int capacity = crossings->capacity ? 2 * crossings->capacity : 32;
        float *larger = realloc(crossings->places, sizeof(*larger) * (size_t)capacity);

        if (!larger)
            return FAIL(err, NO_MEMORY, "no memory to fill an outline");
        crossings->places = larger;
        crossings->capacity = capacity;
    }
    crossings->places[crossings->count++] = place;
    return 0;
}

static int compare_places(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return x < y ? -1 : x > y;
}

/* Where a ring crosses the line through the middles of row y.  An end of an edge belongs to it when
 * it is the upper one, so that a corner counts once. */
static int cross(const struct annotation_point *points, int count, double scale, double y,
                 struct crossings *crossings, struct error *err)
{
    for (int i = 0; i < count; i++) {
        const struct annotation_point *a = &points[i], *b = &points[i + 1 < count ? i + 1 : 0];
        double ay = (double)a->y * scale, by = (double)b->y * scale;
        double ax = (double)a->x * scale, bx = (double)b->x * scale;

        if ((ay <= y) != (by <= y) &&
            add(crossings, (float)(ax + (y - ay) / (by - ay) * (bx - ax)), err))
            return -1;
    }
    return 0;
}

static void paint_row(struct crossings *crossings, int y, int width, scene_paint_fn *paint,
                      void *context)
{
    if (crossings->count)
        qsort(crossings->places, (size_t)crossings->count, sizeof(float), compare_places);
    for (int i = 0; i + 1 < crossings->count; i += 2) {
        double begin = fmax(0, ceil((double)crossings->places[i] - 0.5));
        double end = fmin(width, ceil((double)crossings->places[i + 1] - 0.5));

        if (end > begin)
            paint(context, y, (int)begin, (int)end);
    }
}

/* Rows that rings touch. */
static void find_rows(const struct annotation_point *points, const struct annotation_ring *rings,
                      int ring_count, double scale, int height, int *begin, int *end)
{
    double top = INFINITY, bottom = -INFINITY;

    for (int i = 0; i < ring_count; i++)
        for (int k = 0; k < rings[i].point_count; k++) {
            double y = (double)points[rings[i].first_point + k].y * scale;

            top = fmin(top, y);
            bottom = fmax(bottom, y);
        }
    *begin = (int)fmin(fmax(floor(top - 0.5), 0), height);
    *end = (int)fmin(fmax(ceil(bottom + 0.5), 0), height);
}

int scene_paint(const struct annotation_point *points, const struct annotation_ring *rings,
                int ring_count, bool is_even_odd, double scale, int width, int height,
                scene_paint_fn *paint, void *context, struct error *err)
{
    struct crossings crossings = { 0 };
    int group = is_even_odd ? ring_count : 1, result = 0;

    for (int first = 0; first < ring_count && !result; first += group) {
        int begin, end;

        find_rows(points, rings + first, group, scale, height, &begin, &end);
        for (int y = begin; y < end && !result; y++) {
            crossings.count = 0;
            for (int i = first; i < first + group && !result; i++)
                result = cross(points + rings[i].first_point, rings[i].point_count, scale, y + 0.5,
                               &crossings, err);
            paint_row(&crossings, y, width, paint, context);
        }
    }
    free(crossings.places);
    return result;
}
