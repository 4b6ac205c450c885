/* augment.h - random changes of training images.
 *
 * One augmentation is one file in augment/ that ends in a row, and one line of augment.def,
 * whose order is the order in which they are applied.  A row belongs to a stage:
 *
 *   crop     chooses the rectangle of the source image before it is decoded, so that the
 *            decoder can leave out the rest;
 *   pixels   works on the image of its final size, 8-bit RGB;
 *   values   works on the normalised float planes that the network gets.
 *
 * Where a well-known definition exists (RandomResizedCrop, ColorJitter, RandomErasing,
 * RandAugment) the distribution is that one.  All decisions come from the rng handed in.
 */
#ifndef DATA_AUGMENT_H
#define DATA_AUGMENT_H

#include "base/rng.h"
#include <stdbool.h>
#include <stdint.h>

struct error;

struct augment_settings {
    bool enabled; /* false: nothing below has an effect */

#define AUGMENTATION(name)
#define AUGMENTATION_BY_CHANCE(name, label) double name; /* share of images; 0: off */
#include "data/augment.def"
#undef AUGMENTATION
#undef AUGMENTATION_BY_CHANCE

    bool random_crop;     /* false: the evaluation transform's rectangle */
    double crop_scale[2]; /* share of the source's area */
    double crop_ratio[2]; /* width / height */

    bool random_flip; /* left to right */
    double random_flip_prob;
    double vertical_flip_prob; /* 0: off */

    bool random_rotation;
    double rotation_degrees; /* either way */

    bool color_jitter;
    double brightness, contrast, saturation; /* factor within 1 +- this */
    double hue;                              /* turns, 0 to 0.5 */

    int blur_kernel;           /* pixels, odd */
    double blur_sigma[2];

    bool rand_augment;
    int rand_augment_ops;          /* per image; 0: none */
    double rand_augment_magnitude; /* 0 to 10 */

    bool random_erasing;
    double erasing_prob;
    double erasing_scale[2], erasing_ratio[2];
    bool erasing_noise; /* fill with normal noise; false: with the mean colour */
};

void augment_settings_init(struct augment_settings *settings); /* the schema's defaults */
int augment_settings_check(const struct augment_settings *settings, struct error *err);

struct augment_rectangle {
    double x, y, width, height; /* of the source image, in pixels */
};

/* An image on its way.  The crop stage sees the source's size, the others the final one. */
struct augment_image {
    int source_width, source_height;
    struct augment_rectangle crop;

    int width, height;
    uint8_t *pixels; /* width * height * 3 */
    uint8_t *spare;  /* as large; an augmentation that cannot work in place swaps the two */
    uint8_t fill[3]; /* for what comes from outside the image */
    bool mirrored;   /* flips are only noted here: whoever reads the pixels last does them */
    bool upside_down;

    float *values; /* 3 planes of width * height */
};

enum augment_stage { AUGMENT_CROP, AUGMENT_PIXELS, AUGMENT_VALUES };

struct augmentation {
    const char *name;
    enum augment_stage stage;
    bool (*is_enabled)(const struct augment_settings *settings);
    void (*apply)(struct augment_image *image, const struct augment_settings *settings,
                  struct rng *rng);
};

extern const struct augmentation *const augmentations[];
extern const int augmentation_count;

/* Apply the enabled augmentations of one stage. */
void augment_apply(struct augment_image *image, enum augment_stage stage,
                   const struct augment_settings *settings, struct rng *rng);

#endif
