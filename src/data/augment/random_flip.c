/* random_flip.c - left and right change places. */
#include "data/augment.h"

static bool is_enabled(const struct augment_settings *settings)
{
    return settings->random_flip;
}

static void apply(struct augment_image *image, const struct augment_settings *settings,
                  struct rng *rng)
{
    if (rng_uniform(rng) < settings->random_flip_prob)
        image->mirrored = !image->mirrored;
}

const struct augmentation augmentation_random_flip = {
    .name = "random_flip",
    .stage = AUGMENT_PIXELS,
    .is_enabled = is_enabled,
    .apply = apply,
};
