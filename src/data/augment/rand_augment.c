/* rand_augment.c - a few operations of a fixed list, all of one strength (Cubuk et al. 2019). */
#include "data/augment/pixels.h"
#include <math.h>
#include <string.h>

#define MAGNITUDE_FULL 10.0

static bool is_enabled(const struct augment_settings *settings)
{
    return settings->rand_augment;
}

static void shear_x(struct augment_image *image, double amount)
{
    pixels_warp(image, &(struct pixels_map){ .a = 1, .b = amount, .e = 1 });
}

static void shear_y(struct augment_image *image, double amount)
{
    pixels_warp(image, &(struct pixels_map){ .a = 1, .d = amount, .e = 1 });
}

static void translate_x(struct augment_image *image, double amount)
{
    pixels_warp(image, &(struct pixels_map){ .a = 1, .e = 1, .c = round(amount * image->width) });
}

static void translate_y(struct augment_image *image, double amount)
{
    pixels_warp(image, &(struct pixels_map){ .a = 1, .e = 1, .f = round(amount * image->height) });
}

static void rotate(struct augment_image *image, double degrees)
{
    struct pixels_map map = pixels_rotation(degrees);

    pixels_warp(image, &map);
}

static void brightness(struct augment_image *image, double amount)
{
    pixels_brightness(image, 1 + amount);
}

static void contrast(struct augment_image *image, double amount)
{
    pixels_contrast(image, 1 + amount);
}

static void saturation(struct augment_image *image, double amount)
{
    pixels_saturation(image, 1 + amount);
}

static void sharpness(struct augment_image *image, double amount)
{
    pixels_sharpness(image, 1 + amount);
}

static void look_up(struct augment_image *image, const uint8_t table[256])
{
    uint8_t tables[3][256];

    for (int i = 0; i < 3; i++)
        memcpy(tables[i], table, 256);
    pixels_look_up(image, tables);
}

/* Keep the upper bits only. */
static void posterize(struct augment_image *image, double amount)
{
    int lost_bits = (int)lrint(amount);
    uint8_t table[256];

    for (int i = 0; i < 256; i++)
        table[i] = (uint8_t)(i >> lost_bits << lost_bits);
    look_up(image, table);
}

/* Invert what is brighter than a threshold, which falls as the strength grows. */
static void solarize(struct augment_image *image, double amount)
{
    uint8_t table[256];

    for (int i = 0; i < 256; i++)
        table[i] = (uint8_t)(i < 255 - amount ? i : 255 - i);
    look_up(image, table);
}

static void count_values(const struct augment_image *image, int counts[3][256])
{
    size_t pixel_count = (size_t)image->width * (size_t)image->height;

    memset(counts, 0, sizeof(int[3][256]));
    for (const uint8_t *p = image->pixels, *end = p + 3 * pixel_count; p < end; p += 3)
        for (int channel = 0; channel < 3; channel++)
            counts[channel][p[channel]]++;
}

/* Stretch each channel so that it reaches from 0 to 255. */
static void auto_contrast(struct augment_image *image, double unused)
{
    int counts[3][256];
    uint8_t tables[3][256];

    (void)unused;
    count_values(image, counts);
    for (int channel = 0; channel < 3; channel++) {
        int low = 0, high = 255;

        while (low < 255 && !counts[channel][low])
            low++;
        while (high > 0 && !counts[channel][high])
            high--;
        for (int i = 0; i < 256; i++)
            tables[channel][i] =
                high > low ? pixels_clamp((i - low) * 255.0 / (high - low)) : (uint8_t)i;
    }
    pixels_look_up(image, tables);
}

/* Spread each channel so that all values are about equally frequent. */
static void equalize(struct augment_image *image, double unused)
{
    int counts[3][256];
    uint8_t tables[3][256];

    (void)unused;
    count_values(image, counts);
    for (int channel = 0; channel < 3; channel++) {
        int last = 255, step, sum;

        while (last > 0 && !counts[channel][last])
            last--;
        step = (image->width * image->height - counts[channel][last]) / 255;
        sum = step / 2;
        for (int i = 0; i < 256; i++) {
            int value = step ? sum / step : i;

            tables[channel][i] = (uint8_t)(value < 255 ? value : 255);
            sum += counts[channel][i];
        }
    }
    pixels_look_up(image, tables);
}

/* clang-format off */
static const struct operation {
    void (*apply)(struct augment_image *image, double amount); /* NULL: the image stays */
    double full; /* amount at the full magnitude */
    bool is_signed;
} operations[] = {
    { NULL,          0,           false },
    { shear_x,       0.3,         true },
    { shear_y,       0.3,         true },
    { translate_x,   150.0 / 331, true },
    { translate_y,   150.0 / 331, true },
    { rotate,        30,          true },
    { brightness,    0.9,         true },
    { saturation,    0.9,         true },
    { contrast,      0.9,         true },
    { sharpness,     0.9,         true },
    { posterize,     4,           false },
    { solarize,      255,         false },
    { auto_contrast, 0,           false },
    { equalize,      0,           false },
};
/* clang-format on */

static void apply(struct augment_image *image, const struct augment_settings *settings,
                  struct rng *rng)
{
    double strength = settings->rand_augment_magnitude / MAGNITUDE_FULL;

    for (int i = 0; i < settings->rand_augment_ops; i++) {
        const struct operation *operation =
            &operations[rng_below(rng, sizeof(operations) / sizeof(operations[0]))];
        double amount = operation->full * strength;

        if (operation->is_signed && rng_below(rng, 2))
            amount = -amount;
        if (operation->apply)
            operation->apply(image, amount);
    }
}

const struct augmentation augmentation_rand_augment = {
    .name = "rand_augment",
    .stage = AUGMENT_PIXELS,
    .is_enabled = is_enabled,
    .apply = apply,
};
