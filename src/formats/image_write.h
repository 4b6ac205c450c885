/* image_write.h - RGB pixels to encoded images: JPEG and PNG. */
#ifndef FORMATS_IMAGE_WRITE_H
#define FORMATS_IMAGE_WRITE_H

#include "formats/image.h"

struct str;

/* Pixels are R G B, 8 bits, without gaps between rows.  Appends the file's bytes to *out.  JPEG:
 * quality 1 to 100, colours at half resolution below 90; PNG ignores it and loses nothing. */
int image_encode(enum image_format format, const uint8_t *pixels, int width, int height,
                 int quality, struct str *out, struct error *err);

/* To a file; the format by the name: .png is PNG, anything else JPEG.  The file is whole under
 * its name or not there. */
int image_save(const char *path, const uint8_t *pixels, int width, int height, int quality,
               struct error *err);

#endif
