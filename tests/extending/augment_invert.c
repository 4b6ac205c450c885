/* augment_invert.c - an augmentation as one file and one row: the negative of an image. */

#include "data/augment/pixels.h"

static bool is_enabled(const struct augment_settings *settings)
{
    return settings->invert > 0;
}

static void apply(struct augment_image *image, const struct augment_settings *settings,
                  struct rng *rng)
{
    if (rng_uniform(rng) >= settings->invert)
        return;
    for (int i = 0; i < image->width * image->height * 3; i++)
        image->pixels[i] = (uint8_t)(255 - image->pixels[i]);
}

const struct augmentation augmentation_invert = {
    .name = "invert",
    .stage = AUGMENT_PIXELS,
    .is_enabled = is_enabled,
    .apply = apply,
};
