/* pixels.h - what several augmentations do to 8-bit RGB images. */
#ifndef DATA_AUGMENT_PIXELS_H
#define DATA_AUGMENT_PIXELS_H

#include "data/augment.h"

/* Where an output pixel comes from, about the centre of the image:
 * x' = a x + b y + c, y' = d x + e y + f. */
struct pixels_map {
    double a, b, c, d, e, f;
};

void pixels_warp(struct augment_image *image, const struct pixels_map *map); /* bilinear */
struct pixels_map pixels_rotation(double degrees);

/* Move every value away from (factor > 1) or towards (factor < 1) a reference: black, the mean
 * luma of the image, each pixel's luma, or the smoothed image. */
void pixels_brightness(struct augment_image *image, double factor);
void pixels_contrast(struct augment_image *image, double factor);
void pixels_saturation(struct augment_image *image, double factor);
void pixels_sharpness(struct augment_image *image, double factor);

void pixels_hue(struct augment_image *image, double turns);
void pixels_look_up(struct augment_image *image, uint8_t tables[3][256]); /* one per channel */

/* ITU-R 601 luma in 16-bit fixed point. */
static inline uint8_t pixels_luma(const uint8_t *rgb)
{
    return (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

static inline uint8_t pixels_clamp(double value)
{
    return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)value;
}

#endif
