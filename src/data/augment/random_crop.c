/* random_crop.c - a rectangle of random area and shape, which then fills the whole image. */
#include "data/augment.h"
#include <math.h>

#define TRIES 10

static bool is_enabled(const struct augment_settings *settings)
{
    return settings->random_crop;
}

/* When no rectangle fitted: the largest one in the middle whose shape is allowed. */
static struct augment_rectangle middle(int width, int height, const double ratio[2])
{
    double w = width, h = height;

    if (w / h < ratio[0])
        h = round(w / ratio[0]);
    else if (w / h > ratio[1])
        w = round(h * ratio[1]);
    w = fmax(1, w);
    h = fmax(1, h);
    return (struct augment_rectangle){ floor((width - w) / 2), floor((height - h) / 2), w, h };
}

static void apply(struct augment_image *image, const struct augment_settings *settings,
                  struct rng *rng)
{
    double area = (double)image->source_width * image->source_height;

    for (int i = 0; i < TRIES; i++) {
        double target = area * rng_between(rng, settings->crop_scale[0], settings->crop_scale[1]);
        double ratio =
            exp(rng_between(rng, log(settings->crop_ratio[0]), log(settings->crop_ratio[1])));
        int width = (int)lrint(sqrt(target * ratio)), height = (int)lrint(sqrt(target / ratio));

        if (width < 1 || height < 1 || width > image->source_width || height > image->source_height)
            continue;
        image->crop.y = rng_below(rng, (uint32_t)(image->source_height - height) + 1);
        image->crop.x = rng_below(rng, (uint32_t)(image->source_width - width) + 1);
        image->crop.width = width;
        image->crop.height = height;
        return;
    }
    image->crop = middle(image->source_width, image->source_height, settings->crop_ratio);
}

const struct augmentation augmentation_random_crop = {
    .name = "random_crop",
    .stage = AUGMENT_CROP,
    .is_enabled = is_enabled,
    .apply = apply,
};
