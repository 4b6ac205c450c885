/* scale.c - larger or smaller, about the middle. */
#include "data/scene.h"
#include <math.h>

#define SCALE_MIN 0.01 /* with a range of 1 and more an image could vanish */

static void bend(struct scene_map *map, const struct scene_settings *settings, int side,
                 struct rng *rng)
{
    double scale = fmax(SCALE_MIN, rng_between(rng, 1 - settings->scale, 1 + settings->scale));
    const struct scene_map step = { { scale, 0, 0, 0, scale, 0, 0, 0, 1 } };

    (void)side;
    scene_map_join(map, &step);
}

const struct scene_change scene_scale = { "scale", SCENE_WARP, bend, NULL };
