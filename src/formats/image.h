/* image.h - encoded images to RGB pixels.
 *
 * JPEG, PNG, WebP, GIF (first frame), BMP and TIFF, told apart by content and never by name.
 * The pixels are upright (EXIF orientation applied), 8 bits, R G B interleaved, without gaps
 * between rows.  Alpha is dropped, not blended; 16-bit samples keep their high byte; CMYK follows
 * Adobe's inverted convention; colour profiles are ignored.
 *
 * Bad files  Truncated or corrupt data is refused, also where some pixels could be had.  Messages
 *            give the reason; image_load() puts the file's name in front.
 * Limits     Width and height are checked before anything of their size is allocated.
 * Reuse      A struct image keeps its memory from one decoding to the next.
 * Threads    No shared state: one struct image per thread.
 */
#ifndef FORMATS_IMAGE_H
#define FORMATS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

struct error;

enum image_format {
    IMAGE_UNKNOWN,
    IMAGE_JPEG,
    IMAGE_PNG,
    IMAGE_WEBP,
    IMAGE_GIF,
    IMAGE_BMP,
    IMAGE_TIFF
};

enum image_format image_detect(const void *data, size_t size_bytes);
const char *image_format_name(enum image_format format); /* "JPEG"; "unknown" */

struct image_info {
    enum image_format format;
    int width, height; /* upright */
    int channels;      /* as stored: 1 gray or palette, 3 colour, 4 with alpha or CMYK, ... */
    int orientation;   /* EXIF's 1 to 8; 1 when there is none */
};

/* Reads headers only; sizes are reported, not judged. */
int image_probe(const void *data, size_t size_bytes, struct image_info *info, struct error *err);

struct image_limits {
    int max_side;       /* 0: 65,500 */
    int64_t max_pixels; /* 0: 178,956,970 */
};

/* Would an image of that size be decoded?  NULL limits: the defaults. */
int image_check_size(int64_t width, int64_t height, const struct image_limits *limits,
                     struct error *err);

struct image_rectangle {
    int x, y, width, height;
};

/* Edges in pixels, not necessarily whole. */
struct image_box {
    double left, top, right, bottom;
};

struct image_options {
    struct image_limits limits;

    /* A hint of what is needed: this part of the upright full-size image (width 0: all), later to
     * be resized to wanted_width x wanted_height (0: unknown).  JPEG then decodes little more
     * than that part, and at a reduced scale where the result after resizing stays the same to
     * the eye; other formats ignore it.  `held` tells what was done. */
    struct image_rectangle crop;
    int wanted_width, wanted_height;
};

struct image {
    int width, height;
    uint8_t *pixels;       /* width * height * 3 bytes */
    struct image_box held; /* what of the full-size image the pixels show */
    int full_width, full_height;

    size_t _capacity, _spare_capacity;
    uint8_t *_spare; /* for turning */
};

#define IMAGE_INIT                                                                                 \
    {                                                                                              \
        0                                                                                          \
    }

void image_release(struct image *image);

/* NULL options: all defaults.  After a failure the image's content is undefined, but it may be
 * used again and must still be released. */
int image_decode(struct image *image, const void *data, size_t size_bytes,
                 const struct image_options *options, struct error *err);

/* The same for a file; messages begin "cannot decode '<path>': ". */
int image_load(struct image *image, const char *path, const struct image_options *options,
               struct error *err);

/* Where a part of the full-size image lies among the pixels that are held; for resize_image(). */
struct image_box image_box_of(const struct image *image, struct image_rectangle part);

/* Makes room for width x height pixels, of undefined content, held at full size. */
int image_reserve(struct image *image, int width, int height, struct error *err);

#endif
