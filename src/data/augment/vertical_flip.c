/* vertical_flip.c - top and bottom change places. */
#include "data/augment.h"

static bool is_enabled(const struct augment_settings *settings)
{
    return settings->vertical_flip_prob > 0;
}

static void apply(struct augment_image *image, const struct augment_settings *settings,
                  struct rng *rng)
{
    if (rng_uniform(rng) < settings->vertical_flip_prob)
        image->upside_down = !image->upside_down;
}

const struct augmentation augmentation_vertical_flip = {
    .name = "vertical_flip",
    .stage = AUGMENT_PIXELS,
    .is_enabled = is_enabled,
    .apply = apply,
};
