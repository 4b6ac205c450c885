/* transform.h - from a decoded image to what a network gets.
 *
 * The evaluation transform is part of every checkpoint: prediction, validation and export use
 * the same one, so that a number measured here means the same there.
 *
 *   stretch       the whole image, scaled to exactly S x S; the aspect is not kept
 *   resize_crop   the middle of the image: the shorter side is scaled to S / crop_pct, and
 *                 S x S pixels are cut from the centre
 */
#ifndef DATA_TRANSFORM_H
#define DATA_TRANSFORM_H

#include "base/json.h"
#include "data/augment.h"
#include <stdbool.h>
#include <stdint.h>

struct error;
struct str;

enum transform_resize { TRANSFORM_STRETCH, TRANSFORM_RESIZE_CROP };
enum transform_interpolation { TRANSFORM_BILINEAR, TRANSFORM_BICUBIC };

struct transform {
    int image_size; /* S */
    enum transform_resize resize;
    double crop_pct;
    enum transform_interpolation interpolation;
    double mean[3], std[3]; /* of values in 0..1 */
};

/* stretch, bilinear, ImageNet's mean and deviation. */
void transform_init(struct transform *transform, int image_size);
int transform_check(const struct transform *transform, struct error *err);

/* As a JSON object, and back; unknown keys are refused, missing ones keep their usual value. */
void transform_write(const struct transform *transform, struct json_writer *w);
int transform_read(struct transform *transform, const json_t *json, struct error *err);

/* The part of a source image that the evaluation transform scales to S x S. */
struct augment_rectangle transform_rectangle(const struct transform *transform, int width,
                                             int height);

/* What normalising maps the 256 values of each channel to. */
struct transform_table {
    float values[3][256];
};
void transform_table_init(struct transform_table *table, const struct transform *transform);

/* Normalise the pixels into the planes of image->values, doing the flips that were noted. */
void transform_normalise(const struct transform_table *table, struct augment_image *image);

#endif
