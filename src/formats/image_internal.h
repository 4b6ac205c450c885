/* image_internal.h - what image.c and the decoders share. */
#ifndef FORMATS_IMAGE_INTERNAL_H
#define FORMATS_IMAGE_INTERNAL_H

#include "formats/image.h"

#include <stdbool.h>

/* One call of image_probe() or image_decode(). */
struct image_job {
    const uint8_t *data;
    size_t size_bytes;
    const struct image_options *options; /* never NULL */
    struct image *image;                 /* NULL: headers only */
    struct image_info info;              /* to be filled; width and height as stored */
};

/* Reads headers into job->info, which starts with the format and orientation 1.  Where there is
 * an image it then calls image_begin() and decodes all pixels in stored orientation. */
typedef int (*image_read_fn)(struct image_job *job, struct error *err);

int image_read_jpeg(struct image_job *job, struct error *err);
int image_read_png(struct image_job *job, struct error *err);
int image_read_webp(struct image_job *job, struct error *err);
int image_read_gif(struct image_job *job, struct error *err);
int image_read_bmp(struct image_job *job, struct error *err);
int image_read_tiff(struct image_job *job, struct error *err);

/* Checks the size against the job's limits. */
int image_check_limits(const struct image_job *job, int64_t width, int64_t height,
                       struct error *err);

/* The same, and makes room for the whole image. */
int image_begin(struct image_job *job, struct error *err);

/* `part` of the upright image in the coordinates of the stored one. */
struct image_rectangle image_stored_part(const struct image_info *stored,
                                         struct image_rectangle part);

static inline uint8_t *image_row(struct image *image, int y)
{
    return image->pixels + (size_t)y * (size_t)image->width * 3;
}

/* The orientation in a block of EXIF (from its "II" or "MM", or from "Exif" and two zeros); 1 if
 * there is none that makes sense. */
int exif_orientation(const uint8_t *data, size_t size_bytes);

static inline uint32_t read_le16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8;
}

static inline uint32_t read_le24(const uint8_t *bytes)
{
    return read_le16(bytes) | (uint32_t)bytes[2] << 16;
}

static inline uint32_t read_le32(const uint8_t *bytes)
{
    return read_le16(bytes) | read_le16(bytes + 2) << 16;
}

#endif
