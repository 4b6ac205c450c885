/* image_png.c - PNG through libspng. */

#include "base/error.h"
#include "formats/image_internal.h"

#include <spng.h>

/* What one text, profile or other side chunk, and all of them together, may take unpacked. */
#define MAX_CHUNK_BYTES (8u << 20)
#define MAX_CHUNKS_BYTES (16u << 20)

static int png_check(int code, struct error *err)
{
    switch (code) {
    case 0:
    case SPNG_EOI:
        return 0;
    case SPNG_EMEM:
        return FAIL(err, NO_MEMORY, "no memory to decode");
    case SPNG_ECHUNK_LIMITS:
        return FAIL(err, TOO_LARGE, "a text or profile chunk is larger than %u MB unpacked",
                    MAX_CHUNK_BYTES >> 20);
    case SPNG_EOF:
    case SPNG_IO_EOF:
        return FAIL(err, CORRUPT, "the file is truncated");
    default:
        return FAIL(err, CORRUPT, "%s", spng_strerror(code));
    }
}

static int read_headers(spng_ctx *png, struct image_job *job, struct error *err)
{
    static const int channels[] = {
        [SPNG_COLOR_TYPE_GRAYSCALE] = 1,       [SPNG_COLOR_TYPE_TRUECOLOR] = 3,
        [SPNG_COLOR_TYPE_INDEXED] = 1,         [SPNG_COLOR_TYPE_GRAYSCALE_ALPHA] = 2,
        [SPNG_COLOR_TYPE_TRUECOLOR_ALPHA] = 4,
    };
    struct spng_ihdr header;
    struct spng_exif exif;
    int code;

    if (png_check(spng_set_png_buffer(png, job->data, job->size_bytes), err) ||
        png_check(spng_set_chunk_limits(png, MAX_CHUNK_BYTES, MAX_CHUNKS_BYTES), err) ||
        png_check(spng_set_crc_action(png, SPNG_CRC_ERROR, SPNG_CRC_DISCARD), err) ||
        png_check(spng_get_ihdr(png, &header), err))
        return -1;
    job->info.width = (int)header.width;
    job->info.height = (int)header.height;
    job->info.channels = channels[header.color_type];

    /* Limits come before the other chunks are read: a bad size should be called by its name. */
    if (job->image && image_check_limits(job, header.width, header.height, err))
        return -1;
    code = spng_get_exif(png, &exif);
    if (!code)
        job->info.orientation = exif_orientation((const uint8_t *)exif.data, exif.length);
    return code == SPNG_ECHUNKAVAIL ? 0 : png_check(code, err);
}

int image_read_png(struct image_job *job, struct error *err)
{
    spng_ctx *png = spng_ctx_new(0);
    int result = -1;

    if (!png)
        return FAIL(err, NO_MEMORY, "no memory to decode");
    if (read_headers(png, job, err))
        goto done;
    if (job->image) {
        size_t size_bytes = (size_t)job->info.width * (size_t)job->info.height * 3;

        if (image_begin(job, err) ||
            png_check(spng_decode_image(png, job->image->pixels, size_bytes, SPNG_FMT_RGB8, 0),
                      err))
            goto done;
    }
    result = 0;
done:
    spng_ctx_free(png);
    return result;
}
