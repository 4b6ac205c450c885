#include "image_support.h"

#include "base/error.h"
#include "test.h"

#include <spng.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

uint8_t formula_level(int x, int y, int c)
{
    int wave = (x * (c + 2) * 5 + y * 3 + (x * y) / 7) % 256;
    int checks = (x / 3 + y / 2 + c) % 2 ? 255 : 0;

    if (x % 32 >= 20)
        return (uint8_t)checks;
    return (uint8_t)(wave < 128 ? wave * 2 : (255 - wave) * 2);
}

void formula_image(struct image *image, int width, int height)
{
    struct error err;

    CHECK_OK(image_reserve(image, width, height, &err), err);
    for (int i = 0; i < width * height * 3; i++)
        image->pixels[i] = formula_level(i / 3 % width, i / 3 / width, i % 3);
}

void smooth_image(struct image *image, int width, int height)
{
    struct error err;

    CHECK_OK(image_reserve(image, width, height, &err), err);
    for (int i = 0; i < width * height * 3; i++) {
        double x = i / 3 % width, y = i / 3 / width, c = i % 3;

        image->pixels[i] = (uint8_t)(127.5 + 60 * sin(x / (9 + 3 * c) + y / 31) +
                                     50 * cos(y / (11 - 2 * c) - x / 57));
    }
}

void write_exif(int orientation, bool big_endian, struct str *out)
{
    static const char little[] = "II*\0\10\0\0\0\1\0\22\1\3\0\1\0\0\0\0\0\0\0\0\0\0\0";
    static const char big[] = "MM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0\0\0\0\0\0\0\0";
    size_t start = out->length;

    str_add_bytes(out, big_endian ? big : little, sizeof(big) - 1);
    out->text[start + (big_endian ? 19 : 18)] = (char)orientation;
}

static void add_orientation(struct jpeg_compress_struct *jpeg, int orientation)
{
    struct str exif = STR_INIT;

    str_add_bytes(&exif, "Exif\0\0", 6);
    write_exif(orientation, orientation % 2, &exif);
    jpeg_write_marker(jpeg, JPEG_APP0 + 1, (const JOCTET *)exif.text, (unsigned)exif.length);
    str_release(&exif);
}

/* One for the averages, then 63 for each of three components. */
enum { MANY_SCANS = 1 + 3 * 63 };

static const jpeg_scan_info *many_scans(void)
{
    static jpeg_scan_info scans[MANY_SCANS] = { { 3, { 0, 1, 2 }, 0, 0, 0, 0 } };

    for (int i = 1; i < MANY_SCANS; i++) {
        int coefficient = 1 + (i - 1) / 3;

        scans[i] = (jpeg_scan_info){ 1, { (i - 1) % 3 }, coefficient, coefficient, 0, 0 };
    }
    return scans;
}

static void set_style(struct jpeg_compress_struct *jpeg, const struct jpeg_style *style)
{
    static const J_COLOR_SPACE spaces[] = { [1] = JCS_GRAYSCALE, [3] = JCS_RGB, [4] = JCS_CMYK };
    int step = style->chroma_step ? style->chroma_step : 2;

    jpeg->input_components = style->components ? style->components : 3;
    jpeg->in_color_space = spaces[jpeg->input_components];
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, 95, TRUE);
    if (jpeg->input_components == 4)
        jpeg_set_colorspace(jpeg, JCS_YCCK);
    for (int i = 0; i < jpeg->num_components; i++) {
        jpeg->comp_info[i].h_samp_factor = i == 0 || i == 3 ? step : 1;
        jpeg->comp_info[i].v_samp_factor = i == 0 || i == 3 ? step : 1;
    }
    jpeg->restart_interval = (unsigned)style->restart_interval;
    if (style->progressive)
        jpeg_simple_progression(jpeg);
    if (style->many_scans) {
        jpeg->scan_info = many_scans();
        jpeg->num_scans = MANY_SCANS;
    }
}

void encode_jpeg(const struct image *image, const struct jpeg_style *style, struct str *out)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long size_bytes = 0;
    uint8_t *row;

    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, &size_bytes);
    jpeg.image_width = (unsigned)image->width;
    jpeg.image_height = (unsigned)image->height;
    set_style(&jpeg, style);
    jpeg_start_compress(&jpeg, TRUE);
    if (style->orientation)
        add_orientation(&jpeg, style->orientation);
    row = malloc((size_t)image->width * 4);
    for (int y = 0; y < image->height; y++) {
        const uint8_t *in = image->pixels + (size_t)y * (size_t)image->width * 3;

        for (int x = 0; x < image->width; x++, in += 3) {
            for (int c = 0; c < jpeg.input_components; c++)
                row[x * jpeg.input_components + c] = c < 3 ? in[c] : (uint8_t)(255 - y);
        }
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    str_add_bytes(out, bytes, size_bytes);
    free(row);
    free(bytes);
}

void encode_png(int width, int height, int color_type, int bit_depth, bool interlaced,
                const uint8_t *samples, size_t size_bytes, struct str *out)
{
    spng_ctx *png = spng_ctx_new(SPNG_CTX_ENCODER);
    struct spng_ihdr header = {
        .width = (uint32_t)width,
        .height = (uint32_t)height,
        .color_type = (uint8_t)color_type,
        .bit_depth = (uint8_t)bit_depth,
        .interlace_method = interlaced,
    };
    struct spng_plte palette = { .n_entries = 1u << (bit_depth > 8 ? 8 : bit_depth) };
    size_t encoded_bytes;
    void *encoded;
    int code;

    for (uint32_t i = 0; i < palette.n_entries; i++)
        palette.entries[i] =
            (struct spng_plte_entry){ (uint8_t)(i * 7), (uint8_t)(i * 13), (uint8_t)(255 - i), 0 };
    spng_set_option(png, SPNG_ENCODE_TO_BUFFER, 1);
    CHECK(!spng_set_ihdr(png, &header));
    if (color_type == SPNG_COLOR_TYPE_INDEXED)
        CHECK(!spng_set_plte(png, &palette));
    code = spng_encode_image(png, samples, size_bytes, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    if (code)
        test_fail(__FILE__, __LINE__, "%s", spng_strerror(code));
    encoded = spng_get_png_buffer(png, &encoded_bytes, &code);
    str_add_bytes(out, encoded, encoded_bytes);
    free(encoded);
    spng_ctx_free(png);
}

void add_le16(struct str *out, unsigned value)
{
    str_add_char(out, (char)value);
    str_add_char(out, (char)(value >> 8));
}

void add_le32(struct str *out, unsigned value)
{
    add_le16(out, value & 0xffff);
    add_le16(out, value >> 16);
}

int largest_difference(const struct image *a, const struct image *b)
{
    int largest = 0;

    CHECK(a->width == b->width && a->height == b->height);
    for (int i = 0; i < a->width * a->height * 3; i++) {
        int difference = abs(a->pixels[i] - b->pixels[i]);

        largest = difference > largest ? difference : largest;
    }
    return largest;
}

double mean_difference(const struct image *a, const struct image *b)
{
    double sum = 0;

    CHECK(a->width == b->width && a->height == b->height);
    for (int i = 0; i < a->width * a->height * 3; i++)
        sum += abs(a->pixels[i] - b->pixels[i]);
    return sum / (a->width * a->height * 3);
}
