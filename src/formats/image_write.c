/* image_write.c - see image_write.h. */

#include "formats/image_write.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

#include <spng.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <turbojpeg.h>

#define FULL_COLOUR_QUALITY 90
#define PNG_LEVEL 6

static int encode_jpeg(const uint8_t *pixels, int width, int height, int quality, struct str *out,
                       struct error *err)
{
    tjhandle compressor = tjInitCompress();
    unsigned char *bytes = NULL;
    unsigned long size_bytes = 0;
    int result = 0;

    if (!compressor)
        return FAIL(err, NO_MEMORY, "no memory to compress an image");
    if (tjCompress2(compressor, pixels, width, 0, height, TJPF_RGB, &bytes, &size_bytes,
                    quality < FULL_COLOUR_QUALITY ? TJSAMP_420 : TJSAMP_444, quality,
                    TJFLAG_ACCURATEDCT))
        result = FAIL(err, INVALID, "cannot compress an image of %d x %d: %s", width, height,
                      tjGetErrorStr2(compressor));
    else
        str_add_bytes(out, bytes, size_bytes);
    tjFree(bytes);
    tjDestroy(compressor);
    return result;
}

static int encode_png(const uint8_t *pixels, int width, int height, struct str *out,
                      struct error *err)
{
    struct spng_ihdr header = { .width = (uint32_t)width, .height = (uint32_t)height,
                                .bit_depth = 8, .color_type = SPNG_COLOR_TYPE_TRUECOLOR };
    spng_ctx *png = spng_ctx_new(SPNG_CTX_ENCODER);
    int problem = png ? 0 : SPNG_EMEM;
    size_t size_bytes = 0;
    void *bytes = NULL;

    if (!problem)
        problem = spng_set_option(png, SPNG_ENCODE_TO_BUFFER, 1);
    if (!problem)
        problem = spng_set_option(png, SPNG_IMG_COMPRESSION_LEVEL, PNG_LEVEL);
    if (!problem)
        problem = spng_set_ihdr(png, &header);
    if (!problem)
        problem = spng_encode_image(png, pixels, (size_t)width * (size_t)height * 3, SPNG_FMT_PNG,
                                    SPNG_ENCODE_FINALIZE);
    if (!problem)
        bytes = spng_get_png_buffer(png, &size_bytes, &problem);
    if (!problem)
        str_add_bytes(out, bytes, size_bytes);
    free(bytes);
    spng_ctx_free(png);
    return problem ? FAIL(err, INVALID, "cannot compress an image of %d x %d: %s", width, height,
                          spng_strerror(problem))
                   : 0;
}

int image_encode(enum image_format format, const uint8_t *pixels, int width, int height,
                 int quality, struct str *out, struct error *err)
{
    if (width < 1 || height < 1)
        return FAIL(err, INVALID, "an image of %d x %d has no pixels", width, height);
    if (format == IMAGE_PNG)
        return encode_png(pixels, width, height, out, err);
    if (format == IMAGE_JPEG)
        return encode_jpeg(pixels, width, height, quality, out, err);
    return FAIL(err, UNSUPPORTED, "images are written as JPEG or PNG, not as %s",
                image_format_name(format));
}

int image_save(const char *path, const uint8_t *pixels, int width, int height, int quality,
               struct error *err)
{
    const char *dot = strrchr(path, '.');
    enum image_format format = dot && !strcasecmp(dot, ".png") ? IMAGE_PNG : IMAGE_JPEG;
    struct str bytes = STR_INIT;
    int result = image_encode(format, pixels, width, height, quality, &bytes, err);

    if (!result)
        result = file_replace(path, bytes.text, bytes.length, err);
    str_release(&bytes);
    return result;
}
