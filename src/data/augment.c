/* augment.c - the table of augmentations, and their settings. */
#include "data/augment.h"
#include "base/error.h"
#include <string.h>

#define AUGMENTATION(name) extern const struct augmentation augmentation_##name;
#define AUGMENTATION_BY_CHANCE(name, label) AUGMENTATION(name)
#include "data/augment.def"
#undef AUGMENTATION

const struct augmentation *const augmentations[] = {
#define AUGMENTATION(name) &augmentation_##name,
#include "data/augment.def"
#undef AUGMENTATION
#undef AUGMENTATION_BY_CHANCE
};
const int augmentation_count = sizeof(augmentations) / sizeof(augmentations[0]);

void augment_settings_init(struct augment_settings *settings)
{
    *settings = (struct augment_settings){
        .enabled = true,
        .random_crop = true,
        .crop_scale = { 0.08, 1 },
        .crop_ratio = { 3.0 / 4, 4.0 / 3 },
        .random_flip = true,
        .random_flip_prob = 0.5,
        .rotation_degrees = 15,
        .brightness = 0.2,
        .contrast = 0.2,
        .saturation = 0.2,
        .hue = 0.1,
        .blur_kernel = 5,
        .blur_sigma = { 0.1, 2 },
        .rand_augment_ops = 2,
        .rand_augment_magnitude = 9,
        .erasing_prob = 0.25,
        .erasing_scale = { 0.02, 0.33 },
        .erasing_ratio = { 0.3, 3.3 },
    };
}

static int check_range(const char *name, double value, double low, double high, struct error *err)
{
    if (!(value >= low && value <= high))
        return FAIL(err, INVALID, "augmentation.%s is %g, not within %g and %g", name, value, low,
                    high);
    return 0;
}

static int check_pair(const char *name, const double pair[2], double low, double high,
                      struct error *err)
{
    if (check_range(name, pair[0], low, high, err) || check_range(name, pair[1], low, high, err))
        return -1;
    if (pair[0] > pair[1])
        return FAIL(err, INVALID, "augmentation.%s begins at %g, above its end %g", name, pair[0],
                    pair[1]);
    return 0;
}

int augment_settings_check(const struct augment_settings *s, struct error *err)
{
    /* clang-format off */
    if (check_pair("crop_scale", s->crop_scale, 1e-4, 1, err) ||
        check_pair("crop_ratio", s->crop_ratio, 0.01, 100, err) ||
        check_range("random_flip_prob", s->random_flip_prob, 0, 1, err) ||
        check_range("vertical_flip_prob", s->vertical_flip_prob, 0, 1, err) ||
        check_range("rotation_degrees", s->rotation_degrees, 0, 180, err) ||
        check_range("brightness", s->brightness, 0, 1, err) ||
        check_range("contrast", s->contrast, 0, 1, err) ||
        check_range("saturation", s->saturation, 0, 1, err) ||
        check_range("hue", s->hue, 0, 0.5, err) ||
#define AUGMENTATION(name)
#define AUGMENTATION_BY_CHANCE(name, label) check_range(#name, s->name, 0, 1, err) ||
#include "data/augment.def"
#undef AUGMENTATION
#undef AUGMENTATION_BY_CHANCE
        check_range("blur_kernel", s->blur_kernel, 3, 63, err) ||
        check_pair("blur_sigma", s->blur_sigma, 1e-3, 100, err) ||
        check_range("rand_augment_ops", s->rand_augment_ops, 0, 16, err) ||
        check_range("rand_augment_magnitude", s->rand_augment_magnitude, 0, 10, err) ||
        check_range("erasing_prob", s->erasing_prob, 0, 1, err) ||
        check_pair("erasing_scale", s->erasing_scale, 0, 1, err) ||
        check_pair("erasing_ratio", s->erasing_ratio, 0.01, 100, err))
        return -1;
    /* clang-format on */
    if (s->blur_kernel % 2 == 0)
        return FAIL(err, INVALID, "augmentation.blur_kernel is %d, not an odd number",
                    s->blur_kernel);
    return 0;
}

void augment_apply(struct augment_image *image, enum augment_stage stage,
                   const struct augment_settings *settings, struct rng *rng)
{
    if (!settings->enabled)
        return;
    for (int i = 0; i < augmentation_count; i++)
        if (augmentations[i]->stage == stage && augmentations[i]->is_enabled(settings))
            augmentations[i]->apply(image, settings, rng);
}
