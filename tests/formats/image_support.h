/* image_support.h - images given by formulas, and encoders for them. */
#ifndef FORMATS_IMAGE_SUPPORT_H
#define FORMATS_IMAGE_SUPPORT_H

#include "base/str.h"
#include "formats/image.h"

#include <stdbool.h>

/* Waves, an edge and a fine pattern: channel c of pixel x, y.  Fixtures depend on it. */
uint8_t formula_level(int x, int y, int c);

/* An image of these levels; image_release() it. */
void formula_image(struct image *image, int width, int height);

/* Soft shapes only, as photos have: what JPEG keeps well. */
void smooth_image(struct image *image, int width, int height);

struct jpeg_style {
    int components;       /* 0: 3 */
    int chroma_step;      /* 1: 4:4:4, 2: 4:2:0; 0: 2 */
    int restart_interval; /* in blocks */
    int orientation;      /* 0: no EXIF */
    bool progressive;
    bool many_scans; /* progressive with one scan for each coefficient of each component */
};

/* Appends an encoded file to *out.  With 4 components the image's levels are the inverted inks,
 * with black at 255 minus the height of the row, as Adobe writes them. */
void encode_jpeg(const struct image *image, const struct jpeg_style *style, struct str *out);

/* PNG: colour type and bit depth as in its header, samples as they are stored. */
void encode_png(int width, int height, int color_type, int bit_depth, bool interlaced,
                const uint8_t *samples, size_t size_bytes, struct str *out);

/* EXIF with an orientation, without the leading "Exif". */
void write_exif(int orientation, bool big_endian, struct str *out);

void add_le16(struct str *out, unsigned value);
void add_le32(struct str *out, unsigned value);

/* The largest and the mean difference of two images of one size. */
int largest_difference(const struct image *a, const struct image *b);
double mean_difference(const struct image *a, const struct image *b);

#endif
