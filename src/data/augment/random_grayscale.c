/* random_grayscale.c - now and then an image without colour. */
#include "data/augment/pixels.h"

static bool is_enabled(const struct augment_settings *settings)
{
    return settings->random_grayscale > 0;
}

static void apply(struct augment_image *image, const struct augment_settings *settings,
                  struct rng *rng)
{
    if (rng_uniform(rng) < settings->random_grayscale)
        pixels_saturation(image, 0);
}

const struct augmentation augmentation_random_grayscale = {
    .name = "random_grayscale",
    .stage = AUGMENT_PIXELS,
    .is_enabled = is_enabled,
    .apply = apply,
};
