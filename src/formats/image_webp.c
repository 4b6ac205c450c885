/* image_webp.c - WebP through libwebp; of an animation the first frame. */

#include "base/error.h"
#include "formats/image_internal.h"

#include <string.h>
#include <webp/decode.h>

enum { FILE_HEADER_BYTES = 12, CHUNK_HEADER_BYTES = 8, FRAME_HEADER_BYTES = 16 };

struct bytes {
    const uint8_t *data;
    size_t size_bytes;
};

/* The payload of the first chunk called `name`, cut at the end of the file; else no bytes. */
static struct bytes find_chunk(struct bytes chunks, const char *name)
{
    while (chunks.size_bytes >= CHUNK_HEADER_BYTES) {
        size_t rest = chunks.size_bytes - CHUNK_HEADER_BYTES;
        size_t size = read_le32(chunks.data + 4);
        size_t padded = size + (size & 1);

        if (!memcmp(chunks.data, name, 4))
            return (struct bytes){ chunks.data + CHUNK_HEADER_BYTES, size < rest ? size : rest };
        if (padded >= rest)
            break;
        chunks.data += CHUNK_HEADER_BYTES + padded;
        chunks.size_bytes = rest - padded;
    }
    return (struct bytes){ NULL, 0 };
}

static int webp_check(VP8StatusCode code, struct error *err)
{
    switch (code) {
    case VP8_STATUS_OK:
        return 0;
    case VP8_STATUS_OUT_OF_MEMORY:
        return FAIL(err, NO_MEMORY, "no memory to decode");
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return FAIL(err, CORRUPT, "the file is truncated");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return FAIL(err, UNSUPPORTED, "a feature of the file is not supported");
    default:
        return FAIL(err, CORRUPT, "the data is damaged");
    }
}

/* Decodes one still image to x, y of the picture. */
static int decode_at(struct image_job *job, struct bytes still, int x, int y, struct error *err)
{
    struct image *image = job->image;
    size_t stride = (size_t)image->width * 3;
    WebPDecoderConfig config;

    if (!WebPInitDecoderConfig(&config))
        return FAIL(err, UNSUPPORTED, "the installed libwebp is of another version");
    if (webp_check(WebPGetFeatures(still.data, still.size_bytes, &config.input), err))
        return -1;
    if (config.input.width > image->width - x || config.input.height > image->height - y)
        return FAIL(err, CORRUPT, "the first frame lies outside of the picture");
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = image_row(image, y) + x * 3;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size =
        stride * (size_t)(config.input.height - 1) + (size_t)config.input.width * 3;
    return webp_check(WebPDecode(still.data, still.size_bytes, &config), err);
}

/* A frame's chunks are those of a still image; its alpha chunk is not needed. */
static int decode_first_frame(struct image_job *job, struct bytes chunks, struct error *err)
{
    struct bytes frame = find_chunk(chunks, "ANMF"), inner, still;

    if (frame.size_bytes < FRAME_HEADER_BYTES)
        return FAIL(err, CORRUPT, "the animation has no frame");
    inner =
        (struct bytes){ frame.data + FRAME_HEADER_BYTES, frame.size_bytes - FRAME_HEADER_BYTES };
    still = find_chunk(inner, "VP8 ");
    if (!still.data)
        still = find_chunk(inner, "VP8L");
    if (!still.data)
        return FAIL(err, CORRUPT, "the first frame has no picture");
    memset(job->image->pixels, 0, (size_t)job->image->width * (size_t)job->image->height * 3);

    int x = (int)read_le24(frame.data) * 2, y = (int)read_le24(frame.data + 3) * 2;
    if (x >= job->image->width || y >= job->image->height)
        return FAIL(err, CORRUPT, "the first frame lies outside of the picture");
    return decode_at(job, still, x, y, err);
}

int image_read_webp(struct image_job *job, struct error *err)
{
    struct bytes chunks = { job->data + FILE_HEADER_BYTES, job->size_bytes - FILE_HEADER_BYTES };
    struct bytes exif = find_chunk(chunks, "EXIF");
    WebPBitstreamFeatures features;

    if (webp_check(WebPGetFeatures(job->data, job->size_bytes, &features), err))
        return -1;
    job->info.width = features.width;
    job->info.height = features.height;
    job->info.channels = features.has_alpha ? 4 : 3;
    if (exif.data)
        job->info.orientation = exif_orientation(exif.data, exif.size_bytes);
    if (!job->image)
        return 0;
    if (image_begin(job, err))
        return -1;
    if (features.has_animation)
        return decode_first_frame(job, chunks, err);
    return decode_at(job, (struct bytes){ job->data, job->size_bytes }, 0, 0, err);
}
