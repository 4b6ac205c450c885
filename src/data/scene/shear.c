/* shear.c - slant x with y and y with x. */
#include "data/scene.h"
#include <math.h>

static void bend(struct scene_map *map, const struct scene_settings *settings, int side,
                 struct rng *rng)
{
    struct scene_map step = SCENE_MAP_SAME;

    (void)side;
    step.m[1] = tan(rng_between(rng, -settings->shear, settings->shear) * M_PI / 180);
    step.m[3] = tan(rng_between(rng, -settings->shear, settings->shear) * M_PI / 180);
    scene_map_join(map, &step);
}

const struct scene_change scene_shear = { "shear", SCENE_WARP, bend, NULL };
