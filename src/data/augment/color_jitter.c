/* color_jitter.c - brightness, contrast, saturation and hue, in random order. */
#include "data/augment/pixels.h"

enum { JITTER_BRIGHTNESS, JITTER_CONTRAST, JITTER_SATURATION, JITTER_HUE, JITTER_COUNT };

static bool is_enabled(const struct augment_settings *settings)
{
    return settings->color_jitter;
}

static double factor_within(double strength, struct rng *rng)
{
    double low = strength < 1 ? 1 - strength : 0;

    return rng_between(rng, low, 1 + strength);
}

static void apply(struct augment_image *image, const struct augment_settings *settings,
                  struct rng *rng)
{
    void (*const changes[JITTER_COUNT])(struct augment_image *,
                                        double) = { pixels_brightness, pixels_contrast,
                                                    pixels_saturation, pixels_hue };
    const double strengths[JITTER_COUNT] = { settings->brightness, settings->contrast,
                                             settings->saturation, settings->hue };
    int order[JITTER_COUNT] = { 0, 1, 2, 3 };
    double amounts[JITTER_COUNT];

    rng_shuffle(rng, order, JITTER_COUNT);
    for (int i = 0; i < JITTER_HUE; i++)
        amounts[i] = factor_within(strengths[i], rng);
    amounts[JITTER_HUE] = rng_between(rng, -settings->hue, settings->hue);
    for (int i = 0; i < JITTER_COUNT; i++)
        if (strengths[order[i]] > 0)
            changes[order[i]](image, amounts[order[i]]);
}

const struct augmentation augmentation_color_jitter = {
    .name = "color_jitter",
    .stage = AUGMENT_PIXELS,
    .is_enabled = is_enabled,
    .apply = apply,
};
