/* hsv.c - hue, saturation and value, each times a random factor. */
#include "data/scene.h"

/* Hue in 0..6 from the largest channel on. */
static float hue_of(const float c[3], float largest, float range)
{
    float hue;

    if (range <= 0)
        return 0;
    if (largest == c[0])
        hue = (c[1] - c[2]) / range;
    else if (largest == c[1])
        hue = 2 + (c[2] - c[0]) / range;
    else
        hue = 4 + (c[0] - c[1]) / range;
    return hue < 0 ? hue + 6 : hue;
}

/* fminf() and fmaxf() look after NaN: calls for every pixel, where an instruction does. */
static inline float least_of(float a, float b)
{
    return a < b ? a : b;
}

static inline float largest_of(float a, float b)
{
    return a > b ? a : b;
}

static inline uint8_t to_byte(float value)
{
    return (uint8_t)(least_of(largest_of(value, 0), 255) + 0.5f);
}

static void change_pixel(uint8_t *p, float turn, float saturation_factor, float value_factor)
{
    const float c[3] = { p[0], p[1], p[2] };
    float largest = largest_of(largest_of(c[0], c[1]), c[2]);
    float least = least_of(least_of(c[0], c[1]), c[2]);
    float saturation = largest > 0 ? (largest - least) / largest : 0;
    float hue = hue_of(c, largest, largest - least) + turn;
    float value = least_of(largest * value_factor, 255);
    static const float starts[3] = { 5, 3, 1 };

    saturation = least_of(saturation * saturation_factor, 1);
    hue = hue >= 6 ? hue - 6 : hue < 0 ? hue + 6 : hue;
    for (int i = 0; i < 3; i++) {
        float k = starts[i] + hue;

        k = k >= 6 ? k - 6 : k;
        p[i] = to_byte(value - value * saturation * largest_of(0, least_of(least_of(k, 4 - k), 1)));
    }
}

static void apply(struct scene *scene, const struct scene_settings *settings, struct rng *rng)
{
    double turn = rng_between(rng, -1, 1) * settings->hsv_h;
    double saturation = 1 + rng_between(rng, -1, 1) * settings->hsv_s;
    double value = 1 + rng_between(rng, -1, 1) * settings->hsv_v;
    size_t count = (size_t)scene->width * (size_t)scene->height;

    if (settings->hsv_h <= 0 && settings->hsv_s <= 0 && settings->hsv_v <= 0)
        return;
    for (size_t i = 0; i < count; i++)
        change_pixel(scene->pixels + 3 * i, (float)(6 * turn), (float)saturation, (float)value);
}

const struct scene_change scene_hsv = { "hsv", SCENE_FINISH, NULL, apply };
