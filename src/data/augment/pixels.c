/* pixels.c - see pixels.h. */
#include "data/augment/pixels.h"
#include <math.h>
#include <string.h>

static void swap_buffers(struct augment_image *image)
{
    uint8_t *pixels = image->pixels;

    image->pixels = image->spare;
    image->spare = pixels;
}

static const uint8_t *pixel_or_fill(const struct augment_image *image, int x, int y)
{
    if (x < 0 || y < 0 || x >= image->width || y >= image->height)
        return image->fill;
    return image->pixels + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
}

/* Beyond one pixel outside, all four neighbours are the fill anyway: clamping there keeps the
 * conversion to int defined. */
static void sample_bilinear(const struct augment_image *image, double x, double y, uint8_t *out)
{
    double left = floor(fmax(-2, fmin(x, image->width + 1)));
    double top = floor(fmax(-2, fmin(y, image->height + 1)));
    float u = (float)fmax(0, fmin(x - left, 1)), v = (float)fmax(0, fmin(y - top, 1));
    const uint8_t *a = pixel_or_fill(image, (int)left, (int)top);
    const uint8_t *b = pixel_or_fill(image, (int)left + 1, (int)top);
    const uint8_t *c = pixel_or_fill(image, (int)left, (int)top + 1);
    const uint8_t *d = pixel_or_fill(image, (int)left + 1, (int)top + 1);

    for (int i = 0; i < 3; i++) {
        float above = (float)a[i] + u * ((float)b[i] - (float)a[i]);
        float below = (float)c[i] + u * ((float)d[i] - (float)c[i]);

        out[i] = (uint8_t)(above + v * (below - above) + 0.5f);
    }
}

void pixels_warp(struct augment_image *image, const struct pixels_map *map)
{
    double centre_x = (image->width - 1) / 2.0, centre_y = (image->height - 1) / 2.0;
    uint8_t *out = image->spare;

    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++, out += 3) {
            double dx = x - centre_x, dy = y - centre_y;

            sample_bilinear(image, map->a * dx + map->b * dy + map->c + centre_x,
                            map->d * dx + map->e * dy + map->f + centre_y, out);
        }
    swap_buffers(image);
}

struct pixels_map pixels_rotation(double degrees)
{
    double angle = degrees * M_PI / 180;

    return (struct pixels_map){ cos(angle), -sin(angle), 0, sin(angle), cos(angle), 0 };
}

void pixels_look_up(struct augment_image *image, uint8_t tables[3][256])
{
    size_t count = (size_t)image->width * (size_t)image->height;

    for (uint8_t *p = image->pixels, *end = p + 3 * count; p < end; p += 3)
        for (int i = 0; i < 3; i++)
            p[i] = tables[i][p[i]];
}

/* reference + factor * (value - reference) for a reference that all pixels share. */
static void blend_with_constant(struct augment_image *image, double reference, double factor)
{
    uint8_t tables[3][256];

    for (int value = 0; value < 256; value++)
        tables[0][value] = pixels_clamp(reference + factor * (value - reference));
    memcpy(tables[1], tables[0], sizeof(tables[0]));
    memcpy(tables[2], tables[0], sizeof(tables[0]));
    pixels_look_up(image, tables);
}

void pixels_brightness(struct augment_image *image, double factor)
{
    blend_with_constant(image, 0, factor);
}

void pixels_contrast(struct augment_image *image, double factor)
{
    size_t count = (size_t)image->width * (size_t)image->height;
    uint64_t sum = 0;

    for (const uint8_t *p = image->pixels, *end = p + 3 * count; p < end; p += 3)
        sum += pixels_luma(p);
    blend_with_constant(image, (double)((sum + count / 2) / count), factor);
}

void pixels_saturation(struct augment_image *image, double factor)
{
    size_t count = (size_t)image->width * (size_t)image->height;
    int scale = (int)lrint(factor * 65536);

    for (uint8_t *p = image->pixels, *end = p + 3 * count; p < end; p += 3) {
        int luma = pixels_luma(p);

        for (int i = 0; i < 3; i++) {
            int value = luma + (scale * (p[i] - luma)) / 65536;

            p[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    }
}

/* A pixel and its eight neighbours, the pixel counted five times; borders stay as they are. */
static void smooth(const struct augment_image *image, uint8_t *out)
{
    int stride = 3 * image->width;

    memcpy(out, image->pixels, (size_t)stride * (size_t)image->height);
    for (int y = 1; y < image->height - 1; y++) {
        const uint8_t *row = image->pixels + (size_t)y * (size_t)stride;

        for (int i = 3; i < stride - 3; i++) {
            int sum = row[i - stride - 3] + row[i - stride] + row[i - stride + 3] + row[i - 3] +
                      5 * row[i] + row[i + 3] + row[i + stride - 3] + row[i + stride] +
                      row[i + stride + 3];

            out[(size_t)y * (size_t)stride + (size_t)i] = (uint8_t)((sum + 6) / 13);
        }
    }
}

void pixels_sharpness(struct augment_image *image, double factor)
{
    size_t count = 3 * (size_t)image->width * (size_t)image->height;

    smooth(image, image->spare);
    for (size_t i = 0; i < count; i++) {
        double reference = image->spare[i];

        image->pixels[i] = pixels_clamp(reference + factor * (image->pixels[i] - reference));
    }
}

/* Hue is an angle around the hexagon of pure colours; value and chroma stay. */
static void shift_hue(uint8_t *rgb, float sixths)
{
    float r = rgb[0], g = rgb[1], b = rgb[2];
    float high = fmaxf(r, fmaxf(g, b)), low = fminf(r, fminf(g, b)), chroma = high - low;
    float hue;

    if (chroma == 0)
        return;
    if (high == r)
        hue = (g - b) / chroma;
    else if (high == g)
        hue = (b - r) / chroma + 2;
    else
        hue = (r - g) / chroma + 4;
    hue += sixths;
    for (int i = 0; i < 3; i++) {
        /* Each channel is high for two sixths of the circle and falls off in one on each side. */
        float away = fabsf(fmodf(hue + 12 - 2 * (float)i + 3, 6) - 3);
        float share = fminf(1, fmaxf(0, 2 - away));

        rgb[i] = (uint8_t)(low + chroma * share + 0.5f);
    }
}

void pixels_hue(struct augment_image *image, double turns)
{
    size_t count = (size_t)image->width * (size_t)image->height;

    for (uint8_t *p = image->pixels, *end = p + 3 * count; p < end; p += 3)
        shift_hue(p, (float)(turns * 6));
}
