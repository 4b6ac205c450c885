/* perspective.c - tilt the plane of the image. */
#include "data/scene.h"

static void bend(struct scene_map *map, const struct scene_settings *settings, int side,
                 struct rng *rng)
{
    struct scene_map step = SCENE_MAP_SAME;

    (void)side;
    step.m[6] = rng_between(rng, -settings->perspective, settings->perspective);
    step.m[7] = rng_between(rng, -settings->perspective, settings->perspective);
    scene_map_join(map, &step);
}

const struct scene_change scene_perspective = { "perspective", SCENE_WARP, bend, NULL };
