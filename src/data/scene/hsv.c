/* hsv.c - hue, saturation and value, each times a random factor.
 *
 * A few pixels at a time in arrays of one channel each, without branches, so that the compiler
 * works on several pixels at once (-O3 for this file): one by one took longer than decoding. */
#include "data/scene.h"

#define RUN 64

static inline float least_of(float a, float b) /* fminf() is a call: it looks after NaN */
{
    return a < b ? a : b;
}

static inline float largest_of(float a, float b)
{
    return a > b ? a : b;
}

static void unpack(const uint8_t *pixels, int count, float red[RUN], float green[RUN],
                   float blue[RUN])
{
    for (int i = 0; i < count; i++) {
        red[i] = pixels[3 * i];
        green[i] = pixels[3 * i + 1];
        blue[i] = pixels[3 * i + 2];
    }
}

struct factors {
    float turn, saturation, value; /* the turn in sixths of a circle, -6 to 6 */
};

/* Hue in 0..6 from the largest channel on, saturation in 0..1 and value in 0..255, changed. */
static void to_hsv(const float *red, const float *green, const float *blue,
                   const struct factors *f, float hue[RUN], float saturation[RUN],
                   float value[RUN])
{
    const struct factors by = *f;

    for (int i = 0; i < RUN; i++) {
        float r = red[i], g = green[i], b = blue[i];
        float top = largest_of(largest_of(r, g), b), range = top - least_of(least_of(r, g), b);
        float green_blue = g - b, blue_red = b - r, red_green = r - g;
        float apart = top == r ? green_blue : top == g ? blue_red : red_green;
        float start = top == r ? 0.0f : top == g ? 2.0f : 4.0f;
        float turned = apart / largest_of(range, 1) + start + by.turn; /* whole levels: 0 or >= 1 */
        float above = turned - 6, below = turned + 6;

        turned = turned < 0 ? below : turned >= 6 ? above : turned;
        above = turned - 6;
        below = turned + 6;
        hue[i] = turned < 0 ? below : turned >= 6 ? above : turned;
        saturation[i] = least_of(range / largest_of(top, 1) * by.saturation, 1);
        value[i] = least_of(top * by.value, 255);
    }
}

/* A channel is the value less what the hue, seen from the channel's start, takes away. */
static void to_channel(const float *hue, const float *saturation, const float *value, float start,
                       float out[RUN])
{
    for (int i = 0; i < RUN; i++) {
        float k = start + hue[i], wrapped = k - 6, level;

        k = k >= 6 ? wrapped : k;
        level = value[i] - value[i] * saturation[i] *
                               largest_of(0, least_of(least_of(k, 4 - k), 1));
        out[i] = least_of(largest_of(level, 0), 255) + 0.5f;
    }
}

static void change(uint8_t *pixels, int count, const struct factors *factors)
{
    static const float starts[3] = { 5, 3, 1 };
    float channels[3][RUN] = { { 0 } }, hue[RUN], saturation[RUN], value[RUN];

    unpack(pixels, count, channels[0], channels[1], channels[2]);
    to_hsv(channels[0], channels[1], channels[2], factors, hue, saturation, value);
    for (int c = 0; c < 3; c++)
        to_channel(hue, saturation, value, starts[c], channels[c]);
    for (int i = 0; i < count; i++)
        for (int c = 0; c < 3; c++)
            pixels[3 * i + c] = (uint8_t)channels[c][i];
}

static void apply(struct scene *scene, const struct scene_settings *settings, struct rng *rng)
{
    double turn = rng_between(rng, -1, 1) * settings->hsv_h;
    double saturation = 1 + rng_between(rng, -1, 1) * settings->hsv_s;
    double value = 1 + rng_between(rng, -1, 1) * settings->hsv_v;
    struct factors factors = { (float)(6 * turn), (float)saturation, (float)value };
    size_t count = (size_t)scene->width * (size_t)scene->height;

    if (settings->hsv_h <= 0 && settings->hsv_s <= 0 && settings->hsv_v <= 0)
        return;
    for (size_t i = 0; i < count; i += RUN)
        change(scene->pixels + 3 * i, (int)(count - i < RUN ? count - i : RUN), &factors);
}

const struct scene_change scene_hsv = { "hsv", SCENE_FINISH, NULL, apply };
