/* translate.c - shift by a share of the side. */
#include "data/scene.h"

static void bend(struct scene_map *map, const struct scene_settings *settings, int side,
                 struct rng *rng)
{
    struct scene_map step = SCENE_MAP_SAME;

    step.m[2] = rng_between(rng, -settings->translate, settings->translate) * side;
    step.m[5] = rng_between(rng, -settings->translate, settings->translate) * side;
    scene_map_join(map, &step);
}

const struct scene_change scene_translate = { "translate", SCENE_WARP, bend, NULL };
