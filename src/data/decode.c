/* decode.c - see decode.h. */
#include "data/decode.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "formats/image.h"
#include "formats/resize.h"
#include <math.h>
#include <stdlib.h>

#define FILE_LIMIT_BYTES ((size_t)1 << 30)

struct decoder {
    struct str bytes, path;
    struct image image;
    struct resizer resizer;
};

struct decoder *decoder_new(void)
{
    struct decoder *decoder = calloc(1, sizeof(*decoder));

    if (decoder) {
        str_init(&decoder->bytes);
        str_init(&decoder->path);
    }
    return decoder;
}

void decoder_free(struct decoder *decoder)
{
    if (!decoder)
        return;
    str_release(&decoder->bytes);
    str_release(&decoder->path);
    image_release(&decoder->image);
    resizer_release(&decoder->resizer);
    free(decoder);
}

static int decode_error(const struct decoder *decoder, struct error *err)
{
    return error_prefix(err, "cannot decode '%s'", decoder->path.text);
}

int decoder_open(struct decoder *decoder, const char *path, struct decode_info *info,
                 struct error *err)
{
    struct image_info header;

    str_clear(&decoder->bytes);
    str_clear(&decoder->path);
    str_add(&decoder->path, path);
    if (file_read(path, FILE_LIMIT_BYTES, &decoder->bytes, err))
        return -1;
    if (image_probe(decoder->bytes.text, decoder->bytes.length, &header, err))
        return decode_error(decoder, err);
    *info = (struct decode_info){ header.width, header.height, header.orientation > 1 };
    return 0;
}

const void *decoder_bytes(const struct decoder *decoder, size_t *size_bytes)
{
    *size_bytes = decoder->bytes.length;
    return decoder->bytes.text;
}

/* The whole pixels that a part touches. */
static struct image_rectangle cover(const struct augment_rectangle *part)
{
    double left = floor(part->x), top = floor(part->y);

    return (struct image_rectangle){ (int)left, (int)top, (int)(ceil(part->x + part->width) - left),
                                     (int)(ceil(part->y + part->height) - top) };
}

/* Where a part of the full-size image lies among the pixels held, which may be fewer and coarser.
 */
static struct image_box locate(const struct image *image, const struct augment_rectangle *part)
{
    double scale_x = image->width / (image->held.right - image->held.left);
    double scale_y = image->height / (image->held.bottom - image->held.top);

    return (struct image_box){
        .left = fmax(0, (part->x - image->held.left) * scale_x),
        .top = fmax(0, (part->y - image->held.top) * scale_y),
        .right = fmin(image->width, (part->x + part->width - image->held.left) * scale_x),
        .bottom = fmin(image->height, (part->y + part->height - image->held.top) * scale_y),
    };
}

static int resize_part(struct decoder *decoder, const struct image *image,
                       const struct decode_view *view, uint8_t *pixels, struct error *err)
{
    struct resize_options options = {
        .filter = view->interpolation == TRANSFORM_BICUBIC ? RESIZE_BICUBIC : RESIZE_BILINEAR,
        .box = locate(image, &view->part),
        .cropped = view->is_cut,
    };

    return resize_image(&decoder->resizer, image, &options, pixels, view->width, view->height, err);
}

int decoder_draw(struct decoder *decoder, const struct decode_view *view, uint8_t *pixels,
                 struct error *err)
{
    struct image_options options = { 0 };

    if (!view->is_exact) {
        options.crop = cover(&view->part);
        options.wanted_width = view->width;
        options.wanted_height = view->height;
    }
    if (image_decode(&decoder->image, decoder->bytes.text, decoder->bytes.length, &options, err) ||
        resize_part(decoder, &decoder->image, view, pixels, err))
        return decode_error(decoder, err);
    return 0;
}

int decoder_decode(struct decoder *decoder, const struct image **image, struct error *err)
{
    const struct image_options options = { 0 };

    if (image_decode(&decoder->image, decoder->bytes.text, decoder->bytes.length, &options, err))
        return decode_error(decoder, err);
    *image = &decoder->image;
    return 0;
}

int decoder_draw_pixels(struct decoder *decoder, const uint8_t *source, int source_width,
                        int source_height, const struct decode_view *view, uint8_t *pixels,
                        struct error *err)
{
    const struct image image = {
        .width = source_width,
        .height = source_height,
        .pixels = (uint8_t *)(uintptr_t)source, /* resizing only reads */
        .held = { 0, 0, source_width, source_height },
        .full_width = source_width,
        .full_height = source_height,
    };

    return resize_part(decoder, &image, view, pixels, err);
}
