/* degrees.c - turn around the middle. */
#include "data/scene.h"
#include <math.h>

static void bend(struct scene_map *map, const struct scene_settings *settings, int side,
                 struct rng *rng)
{
    double angle = rng_between(rng, -settings->degrees, settings->degrees) * M_PI / 180;
    const struct scene_map step = { { cos(angle), sin(angle), 0, -sin(angle), cos(angle), 0, 0, 0,
                                      1 } };

    (void)side;
    scene_map_join(map, &step);
}

const struct scene_change scene_degrees = { "degrees", SCENE_WARP, bend, NULL };
