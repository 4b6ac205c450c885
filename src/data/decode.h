/* decode.h - from a file to the pixels that are wanted of it.
 *
 * Between the loader and formats/: a decoder keeps all buffers it needs, so that one thread can
 * read image after image without allocating once the largest has been seen.
 */
#ifndef DATA_DECODE_H
#define DATA_DECODE_H

#include "data/transform.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decoder;
struct error;

/* What is wanted: this part of the source, as width x height RGB pixels. */
struct decode_view {
    struct augment_rectangle part;
    int width, height;
    enum transform_interpolation interpolation;
    bool is_cut;   /* what lies beside the part does not colour its edges */
    bool is_exact; /* decode every pixel; false: leave out or coarsen what the view cannot show */
};

struct decode_info {
    int width, height; /* of the upright image */
    bool is_rotated;   /* the file says that its pixels are not upright */
};

struct decoder *decoder_new(void);
void decoder_free(struct decoder *decoder); /* NULL is fine */

/* Read a file and its header.  What went wrong before is forgotten: the decoder may be used again
 * after a failure. */
int decoder_open(struct decoder *decoder, const char *path, struct decode_info *info,
                 struct error *err);

/* The bytes of the open file, lent until the next decoder_open(). */
const void *decoder_bytes(const struct decoder *decoder, size_t *size_bytes);

/* Draw a view of the open file: view->width * view->height * 3 bytes. */
int decoder_draw(struct decoder *decoder, const struct decode_view *view, uint8_t *pixels,
                 struct error *err);

/* The open file's pixels as they are, lent until the decoder is used again. */
struct image;
int decoder_decode(struct decoder *decoder, const struct image **image, struct error *err);

/* A view of pixels that are already decoded, followed by DECODE_SLACK_BYTES that may be read. */
#define DECODE_SLACK_BYTES 16
int decoder_draw_pixels(struct decoder *decoder, const uint8_t *source, int source_width,
                        int source_height, const struct decode_view *view, uint8_t *pixels,
                        struct error *err);

#endif
