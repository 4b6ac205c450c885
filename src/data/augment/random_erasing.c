/* random_erasing.c - a rectangle of the network's input is wiped out (Zhong et al. 2017). */
#include "data/augment.h"
#include <math.h>

#define TRIES 10

static bool is_enabled(const struct augment_settings *settings)
{
    return settings->random_erasing;
}

static void erase(struct augment_image *image, int left, int top, int width, int height,
                  struct rng *noise)
{
    for (int channel = 0; channel < 3; channel++)
        for (int y = top; y < top + height; y++) {
            float *row = image->values + ((size_t)channel * (size_t)image->height + (size_t)y) *
                                             (size_t)image->width;

            for (int x = left; x < left + width; x++)
                row[x] = noise ? (float)rng_normal(noise) : 0; /* 0 is the mean colour */
        }
}

static void apply(struct augment_image *image, const struct augment_settings *settings,
                  struct rng *rng)
{
    double area = (double)image->width * image->height;

    if (rng_uniform(rng) >= settings->erasing_prob)
        return;
    for (int i = 0; i < TRIES; i++) {
        double target =
            area * rng_between(rng, settings->erasing_scale[0], settings->erasing_scale[1]);
        double ratio =
            exp(rng_between(rng, log(settings->erasing_ratio[0]), log(settings->erasing_ratio[1])));
        int height = (int)lrint(sqrt(target * ratio)), width = (int)lrint(sqrt(target / ratio));
        int left, top;

        if (width >= image->width || height >= image->height)
            continue;
        top = (int)rng_below(rng, (uint32_t)(image->height - height) + 1);
        left = (int)rng_below(rng, (uint32_t)(image->width - width) + 1);
        erase(image, left, top, width, height, settings->erasing_noise ? rng : NULL);
        return;
    }
}

const struct augmentation augmentation_random_erasing = {
    .name = "random_erasing",
    .stage = AUGMENT_VALUES,
    .is_enabled = is_enabled,
    .apply = apply,
};
