/* resize.h - change the size of RGB images as Pillow does, to the same bytes.
 *
 * Separable: a horizontal pass over the rows that are needed, rounded to 8 bits, then a vertical
 * one; weights have 22 fraction bits.  When shrinking, the filter's support grows with the ratio
 * (antialiasing).
 *
 *     struct resizer resizer = RESIZER_INIT;
 *     struct resize_options options = { RESIZE_BILINEAR };
 *     resize_image(&resizer, &image, &options, pixels, 224, 224, err);
 *     resizer_release(&resizer);
 *
 * A resizer is scratch memory: keep one per thread and no image needs an allocation.
 */
#ifndef FORMATS_RESIZE_H
#define FORMATS_RESIZE_H

#include "formats/image.h"

#include <stdbool.h>

struct error;
struct resize_kernels;

enum resize_filter { RESIZE_BILINEAR, RESIZE_BICUBIC };

struct resize_options {
    enum resize_filter filter;
    struct image_box box; /* the part to use, in pixels of the image; right 0: all of it */

    /* false: pixels next to the box contribute to its edge, as with Pillow's resize(box=...).
     * true: they do not, as with Pillow's crop() before resize(). */
    bool cropped;
};

/* How one output position is made: `count` inputs from `first` on.  Private. */
struct resize_span {
    int first, count;
};

struct resize_axis {
    struct resize_span *spans;
    int32_t *weights; /* `taps` for each output position, zeros at the end; of RESIZE_BITS bits */
    int16_t *split;   /* for 16-bit arithmetic: of each 4 weights the upper parts, then the lower */
    int taps;         /* a multiple of 4 */
    size_t _span_capacity, _weight_capacity, _split_capacity;
};

#define RESIZE_BITS 22       /* fraction bits: a sum of weighted 8-bit samples stays in 32 bits */
#define RESIZE_SPLIT_BITS 11 /* weight = upper * 2^11 + lower, where lower may be negative */

struct resizer {
    struct resize_axis _horizontal, _vertical;
    uint8_t *_rows; /* the horizontal pass's result */
    size_t _rows_capacity;
    const struct resize_kernels *kernels; /* NULL: the fastest this processor has; see below */
};

#define RESIZER_INIT                                                                               \
    {                                                                                              \
        0                                                                                          \
    }

void resizer_release(struct resizer *resizer);

/* Writes height rows of width * 3 bytes to `pixels`. */
int resize_image(struct resizer *resizer, const struct image *image,
                 const struct resize_options *options, uint8_t *pixels, int width, int height,
                 struct error *err);

/* The inner loops.  All give the same bytes; the plain ones are the reference. */
struct resize_kernels {
    const char *name;

    /* One row of `count` output pixels.  May read up to 16 bytes from any input pixel on. */
    void (*horizontal)(const uint8_t *in, uint8_t *out, int count, const struct resize_axis *axis);

    /* Row y of size_bytes bytes.  `rows` is the first of its inputs, `stride` bytes apart. */
    void (*vertical)(const uint8_t *rows, size_t stride, uint8_t *out, size_t size_bytes,
                     const struct resize_axis *axis, int y);
};

/* Those that this processor can run, the plain ones first and the fastest last. */
int resize_kernels_list(const struct resize_kernels *list[4]);

#endif
