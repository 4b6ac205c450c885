/* scale.c - larger or smaller, about the middle. */
#include "data/scene.h"

/* The range ends here however wide it is: smaller, nothing of an image could be seen. */
#define RANGE_MOST 0.9
#define SCALE_LEAST 0.1

static void bend(struct scene_map *map, const struct scene_settings *settings, int side,
                 struct rng *rng)
{
    double least = settings->scale <= RANGE_MOST ? 1 - settings->scale : SCALE_LEAST;
    double scale = rng_between(rng, least, 1 + settings->scale);
    const struct scene_map step = { { scale, 0, 0, 0, scale, 0, 0, 0, 1 } };

    (void)side;
    scene_map_join(map, &step);
}

const struct scene_change scene_scale = { "scale", SCENE_WARP, bend, NULL };
