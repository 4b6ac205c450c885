/* mosaic.c - four images around a random point of a larger canvas (Bochkovskiy et al. 2020). */
#include "base/error.h"
#include "data/scene.h"
#include <string.h>

/* Part 0 lies to the upper left of the point, 1 to the upper right, 2 and 3 below; each touches the
 * point with its corner.  What leaves the canvas is cut. */
static void find_place(const struct scene *part, int index, const int centre[2], int *left,
                       int *top)
{
    *left = index % 2 ? centre[0] : centre[0] - part->width;
    *top = index / 2 ? centre[1] : centre[1] - part->height;
}

static void copy_pixels(struct scene *canvas, const struct scene *part, int left, int top)
{
    int first_x = left < 0 ? -left : 0, first_y = top < 0 ? -top : 0;
    int end_x = left + part->width > canvas->width ? canvas->width - left : part->width;
    int end_y = top + part->height > canvas->height ? canvas->height - top : part->height;

    for (int y = first_y; y < end_y && end_x > first_x; y++)
        memcpy(canvas->pixels +
                   3 * ((size_t)(top + y) * (size_t)canvas->width + (size_t)(left + first_x)),
               part->pixels + 3 * ((size_t)y * (size_t)part->width + (size_t)first_x),
               3 * (size_t)(end_x - first_x));
}

int scene_mosaic(struct scene *canvas, const struct scene *part, int side, struct rng *rng,
                 int index, int centre[2], struct error *err)
{
    int left, top;

    if (index == 0) {
        centre[0] = (int)rng_between(rng, 0.5 * side, 1.5 * side);
        centre[1] = (int)rng_between(rng, 0.5 * side, 1.5 * side);
        if (scene_resize(canvas, 2 * side, 2 * side, err))
            return -1;
        scene_clear(canvas);
        scene_fill(canvas, SCENE_FILL);
    }
    find_place(part, index, centre, &left, &top);
    copy_pixels(canvas, part, left, top);
    return scene_add_objects(canvas, part, (float)left, (float)top, err);
}
