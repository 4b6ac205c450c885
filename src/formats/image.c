/* image.c - which decoder, limits, memory, and turning upright. */

#include "formats/image.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "formats/image_internal.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_MAX_SIDE 65500
#define DEFAULT_MAX_PIXELS 178956970
#define MAX_FILE_BYTES ((size_t)1 << 31)

static const struct {
    const char *name;
    image_read_fn read;
} formats[] = {
    [IMAGE_UNKNOWN] = { "unknown", NULL },      [IMAGE_JPEG] = { "JPEG", image_read_jpeg },
    [IMAGE_PNG] = { "PNG", image_read_png },    [IMAGE_WEBP] = { "WebP", image_read_webp },
    [IMAGE_GIF] = { "GIF", image_read_gif },    [IMAGE_BMP] = { "BMP", image_read_bmp },
    [IMAGE_TIFF] = { "TIFF", image_read_tiff },
};

/* clang-format off */
static const struct {
    enum image_format format;
    size_t offset;
    const char *bytes;
    size_t count;
} magics[] = {
    { IMAGE_JPEG, 0, "\xff\xd8\xff", 3 },
    { IMAGE_PNG,  0, "\x89PNG\r\n\x1a\n", 8 },
    { IMAGE_WEBP, 8, "WEBP", 4 },
    { IMAGE_GIF,  0, "GIF87a", 6 },
    { IMAGE_GIF,  0, "GIF89a", 6 },
    { IMAGE_BMP,  0, "BM", 2 },
    { IMAGE_TIFF, 0, "II*\0", 4 },
    { IMAGE_TIFF, 0, "MM\0*", 4 },
    { IMAGE_TIFF, 0, "II+\0", 4 }, /* with 64-bit offsets */
    { IMAGE_TIFF, 0, "MM\0+", 4 },
};
/* clang-format on */

/* How a stored image becomes upright: swap the axes first, then mirror. */
static const struct turn {
    bool swap, mirror_x, mirror_y;
} turns[9] = {
    [2] = { false, true, false }, [3] = { false, true, true }, [4] = { false, false, true },
    [5] = { true, false, false }, [6] = { true, true, false }, [7] = { true, true, true },
    [8] = { true, false, true },
};

enum image_format image_detect(const void *data, size_t size_bytes)
{
    for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++) {
        if (size_bytes >= magics[i].offset + magics[i].count &&
            !memcmp((const char *)data + magics[i].offset, magics[i].bytes, magics[i].count))
            return magics[i].format;
    }
    return IMAGE_UNKNOWN;
}

const char *image_format_name(enum image_format format)
{
    return formats[format].name;
}

void image_release(struct image *image)
{
    free(image->pixels);
    free(image->_spare);
    *image = (struct image)IMAGE_INIT;
}

/* Grows without keeping the content, which nobody needs. */
static int reserve_bytes(uint8_t **bytes, size_t *capacity, size_t size_bytes, struct error *err)
{
    if (*bytes && size_bytes <= *capacity)
        return 0;
    free(*bytes);
    *bytes = malloc(size_bytes);
    *capacity = *bytes ? size_bytes : 0;
    if (!*bytes)
        return FAIL(err, NO_MEMORY, "no memory for %zu bytes of pixels", size_bytes);
    return 0;
}

int image_reserve(struct image *image, int width, int height, struct error *err)
{
    if (width < 1 || height < 1)
        return FAIL(err, INVALID, "an image cannot be %d x %d pixels", width, height);
    if (reserve_bytes(&image->pixels, &image->_capacity, (size_t)width * (size_t)height * 3, err))
        return -1;
    image->width = image->full_width = width;
    image->height = image->full_height = height;
    image->held = (struct image_box){ 0, 0, width, height };
    return 0;
}

int image_check_size(int64_t width, int64_t height, const struct image_limits *limits,
                     struct error *err)
{
    int64_t max_side = limits && limits->max_side ? limits->max_side : DEFAULT_MAX_SIDE;
    int64_t max_pixels = limits && limits->max_pixels ? limits->max_pixels : DEFAULT_MAX_PIXELS;

    if (width < 1 || height < 1)
        return FAIL(err, CORRUPT, "the image is %lld x %lld pixels", (long long)width,
                    (long long)height);
    if (width > max_side || height > max_side)
        return FAIL(err, TOO_LARGE, "the image of %lld x %lld pixels has a side above %lld",
                    (long long)width, (long long)height, (long long)max_side);
    if (width > max_pixels / height)
        return FAIL(err, TOO_LARGE, "the image of %lld x %lld pixels has more than %lld",
                    (long long)width, (long long)height, (long long)max_pixels);
    return 0;
}

int image_check_limits(const struct image_job *job, int64_t width, int64_t height,
                       struct error *err)
{
    return image_check_size(width, height, &job->options->limits, err);
}

int image_begin(struct image_job *job, struct error *err)
{
    if (image_check_limits(job, job->info.width, job->info.height, err))
        return -1;
    return image_reserve(job->image, job->info.width, job->info.height, err);
}

struct image_rectangle image_stored_part(const struct image_info *stored,
                                         struct image_rectangle part)
{
    struct turn turn = turns[stored->orientation];
    int upright_width = turn.swap ? stored->height : stored->width;
    int upright_height = turn.swap ? stored->width : stored->height;

    if (turn.mirror_x)
        part.x = upright_width - part.x - part.width;
    if (turn.mirror_y)
        part.y = upright_height - part.y - part.height;
    if (turn.swap)
        part = (struct image_rectangle){ part.y, part.x, part.height, part.width };
    return part;
}

static struct image_box upright_box(struct image_box box, struct turn turn, double upright_width,
                                    double upright_height)
{
    if (turn.swap)
        box = (struct image_box){ box.top, box.left, box.bottom, box.right };
    if (turn.mirror_x)
        box = (struct image_box){ upright_width - box.right, box.top, upright_width - box.left,
                                  box.bottom };
    if (turn.mirror_y)
        box = (struct image_box){ box.left, upright_height - box.bottom, box.right,
                                  upright_height - box.top };
    return box;
}

/* Exchanges the pixels for the turned ones. */
static void turn_pixels(struct image *image, struct turn turn)
{
    int width = turn.swap ? image->height : image->width;
    int height = turn.swap ? image->width : image->height;
    ptrdiff_t stride = (ptrdiff_t)image->width * 3;
    ptrdiff_t step_x = (turn.swap ? stride : 3) * (turn.mirror_x ? -1 : 1);
    ptrdiff_t step_y = (turn.swap ? 3 : stride) * (turn.mirror_y ? -1 : 1);
    const uint8_t *first = image->pixels;
    uint8_t *out = image->_spare, *pixels = image->pixels;
    size_t capacity = image->_capacity;

    first -= turn.mirror_x ? step_x * (width - 1) : 0;
    first -= turn.mirror_y ? step_y * (height - 1) : 0;
    for (int y = 0; y < height; y++) {
        const uint8_t *in = first + step_y * y;

        for (int x = 0; x < width; x++, in += step_x, out += 3) {
            out[0] = in[0];
            out[1] = in[1];
            out[2] = in[2];
        }
    }
    image->pixels = image->_spare;
    image->_capacity = image->_spare_capacity;
    image->_spare = pixels;
    image->_spare_capacity = capacity;
    image->width = width;
    image->height = height;
}

static int make_upright(struct image *image, int orientation, struct error *err)
{
    struct turn turn = turns[orientation];
    int full_width = image->full_width;

    if (orientation == 1)
        return 0;
    if (reserve_bytes(&image->_spare, &image->_spare_capacity,
                      (size_t)image->width * (size_t)image->height * 3, err))
        return -1;
    turn_pixels(image, turn);
    if (turn.swap) {
        image->full_width = image->full_height;
        image->full_height = full_width;
    }
    image->held = upright_box(image->held, turn, image->full_width, image->full_height);
    return 0;
}

static int read_image(struct image_job *job, struct error *err)
{
    job->info.format = image_detect(job->data, job->size_bytes);
    job->info.orientation = 1;
    if (!job->size_bytes)
        return FAIL(err, CORRUPT, "the file is empty");
    if (job->info.format == IMAGE_UNKNOWN)
        return FAIL(err, UNSUPPORTED, "neither JPEG, PNG, WebP, GIF, BMP nor TIFF");
    if (formats[job->info.format].read(job, err))
        return error_prefix(err, "%s", image_format_name(job->info.format));
    return 0;
}

int image_probe(const void *data, size_t size_bytes, struct image_info *info, struct error *err)
{
    static const struct image_options none;
    struct image_job job = { .data = data, .size_bytes = size_bytes, .options = &none };

    if (read_image(&job, err))
        return -1;
    *info = job.info;
    if (turns[info->orientation].swap) {
        info->width = job.info.height;
        info->height = job.info.width;
    }
    return 0;
}

int image_decode(struct image *image, const void *data, size_t size_bytes,
                 const struct image_options *options, struct error *err)
{
    static const struct image_options none;
    struct image_job job = {
        .data = data,
        .size_bytes = size_bytes,
        .options = options ? options : &none,
        .image = image,
    };

    if (read_image(&job, err))
        return -1;
    return make_upright(image, job.info.orientation, err);
}

int image_load(struct image *image, const char *path, const struct image_options *options,
               struct error *err)
{
    struct str bytes = STR_INIT;
    int result;

    if (file_read(path, MAX_FILE_BYTES, &bytes, err))
        return -1;
    result = image_decode(image, bytes.text, bytes.length, options, err);
    str_release(&bytes);
    if (result)
        return error_prefix(err, "cannot decode '%s'", path);
    return 0;
}

static double clamped(double value, double max)
{
    return value < 0 ? 0 : value > max ? max : value;
}

struct image_box image_box_of(const struct image *image, struct image_rectangle part)
{
    const struct image_box *held = &image->held;
    double scale_x = image->width / (held->right - held->left);
    double scale_y = image->height / (held->bottom - held->top);

    return (struct image_box){
        clamped((part.x - held->left) * scale_x, image->width),
        clamped((part.y - held->top) * scale_y, image->height),
        clamped((part.x + part.width - held->left) * scale_x, image->width),
        clamped((part.y + part.height - held->top) * scale_y, image->height),
    };
}
