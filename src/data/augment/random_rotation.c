/* random_rotation.c - turn about the centre; corners take the fill colour. */
#include "data/augment/pixels.h"

static bool is_enabled(const struct augment_settings *settings)
{
    return settings->random_rotation && settings->rotation_degrees > 0;
}

static void apply(struct augment_image *image, const struct augment_settings *settings,
                  struct rng *rng)
{
    double degrees = rng_between(rng, -settings->rotation_degrees, settings->rotation_degrees);
    struct pixels_map map = pixels_rotation(degrees);

    pixels_warp(image, &map);
}

const struct augmentation augmentation_random_rotation = {
    .name = "random_rotation",
    .stage = AUGMENT_PIXELS,
    .is_enabled = is_enabled,
    .apply = apply,
};
