/* WebP, GIF and TIFF: what our side adds to their libraries. */

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/image.h"
#include "image_support.h"
#include "test.h"

#include <stdlib.h>
#include <tiffio.h>
#include <webp/encode.h>

/* --- WebP -------------------------------------------------------------------------------- */

static void encode_webp(const struct image *image, struct str *out)
{
    uint8_t *bytes = NULL;
    size_t size_bytes =
        WebPEncodeLosslessRGB(image->pixels, image->width, image->height, image->width * 3, &bytes);

    CHECK(size_bytes);
    str_add_bytes(out, bytes, size_bytes);
    WebPFree(bytes);
}

static void add_le24(struct str *out, unsigned value)
{
    add_le16(out, value & 0xffff);
    str_add_char(out, (char)(value >> 16));
}

static void webp_chunk(struct str *out, const char *name, const void *data, size_t size_bytes)
{
    str_add_bytes(out, name, 4);
    add_le32(out, (unsigned)size_bytes);
    str_add_bytes(out, data, size_bytes);
    if (size_bytes % 2)
        str_add_char(out, '\0');
}

/* The extended form: flags, canvas and then `chunks`. */
static void extended_webp(int width, int height, uint8_t flags, const struct str *chunks,
                          struct str *out)
{
    struct str header = STR_INIT;

    str_add_bytes(&header, &flags, 1);
    add_le24(&header, 0);
    add_le24(&header, (unsigned)width - 1);
    add_le24(&header, (unsigned)height - 1);
    str_add_bytes(out, "RIFF", 4);
    add_le32(out, (unsigned)(4 + 8 + header.length + chunks->length));
    str_add_bytes(out, "WEBP", 4);
    webp_chunk(out, "VP8X", header.text, header.length);
    str_add_bytes(out, chunks->text, chunks->length);
    str_release(&header);
}

TEST(webp_without_loss_comes_back)
{
    struct image original = IMAGE_INIT, decoded = IMAGE_INIT;
    struct str file = STR_INIT;
    struct image_info info;
    struct error err;

    formula_image(&original, 50, 31);
    encode_webp(&original, &file);
    CHECK_OK(image_probe(file.text, file.length, &info, &err), err);
    CHECK(info.format == IMAGE_WEBP && info.width == 50 && info.height == 31);
    CHECK_OK(image_decode(&decoded, file.text, file.length, NULL, &err), err);
    CHECK(largest_difference(&original, &decoded) == 0);
    for (size_t length = 0; length + 8 < file.length; length += 1 + length / 20)
        CHECK(image_decode(&decoded, file.text, length, NULL, &err));
    str_release(&file);
    image_release(&original);
    image_release(&decoded);
}

TEST(webp_is_turned_by_its_exif)
{
    struct image original = IMAGE_INIT, decoded = IMAGE_INIT;
    struct str still = STR_INIT, exif = STR_INIT, chunks = STR_INIT, file = STR_INIT;
    struct error err;

    formula_image(&original, 9, 7);
    encode_webp(&original, &still);
    write_exif(8, false, &exif);
    str_add_bytes(&chunks, still.text + 12, still.length - 12);
    webp_chunk(&chunks, "EXIF", exif.text, exif.length);
    extended_webp(9, 7, 0x08, &chunks, &file);
    CHECK_OK(image_decode(&decoded, file.text, file.length, NULL, &err), err);
    CHECK(decoded.width == 7 && decoded.height == 9);
    CHECK(!memcmp(decoded.pixels + 8 * 7 * 3, original.pixels, 3));
    str_release(&still);
    str_release(&exif);
    str_release(&chunks);
    str_release(&file);
    image_release(&original);
    image_release(&decoded);
}

TEST(webp_animation_gives_its_first_frame)
{
    struct image original = IMAGE_INIT, decoded = IMAGE_INIT;
    struct str still = STR_INIT, frame = STR_INIT, chunks = STR_INIT, file = STR_INIT;
    struct error err;

    formula_image(&original, 9, 7);
    encode_webp(&original, &still);
    add_le24(&frame, 4 / 2); /* x */
    add_le24(&frame, 2 / 2); /* y */
    add_le24(&frame, 9 - 1);
    add_le24(&frame, 7 - 1);
    add_le24(&frame, 100);
    str_add_char(&frame, 0);
    str_add_bytes(&frame, still.text + 12, still.length - 12);
    webp_chunk(&chunks, "ANIM", "\0\0\0\0\0\0", 6);
    webp_chunk(&chunks, "ANMF", frame.text, frame.length);
    extended_webp(20, 10, 0x02, &chunks, &file);
    CHECK_OK(image_decode(&decoded, file.text, file.length, NULL, &err), err);
    CHECK(decoded.width == 20 && decoded.height == 10);
    CHECK(decoded.pixels[0] == 0);
    for (int y = 0; y < 7; y++)
        CHECK(!memcmp(decoded.pixels + ((y + 2) * 20 + 4) * 3, original.pixels + y * 9 * 3, 27));

    str_clear(&file); /* a canvas that the frame does not fit */
    extended_webp(12, 10, 0x02, &chunks, &file);
    CHECK(image_decode(&decoded, file.text, file.length, NULL, &err));
    str_release(&still);
    str_release(&frame);
    str_release(&chunks);
    str_release(&file);
    image_release(&original);
    image_release(&decoded);
}

/* --- GIF --------------------------------------------------------------------------------- */

/* Four colours; the pixels as 3-bit codes without compression: clear, pixels, ..., end. */
static void encode_gif(int screen_width, int screen_height, int left, int top, int width,
                       int height, int flags, const uint8_t *indices, struct str *out)
{
    static const char palette[] = "\0\0\0\377\0\0\0\377\0\0\0\377";
    unsigned bits = 0, bit_count = 0, block;

    str_add(out, "GIF89a");
    add_le16(out, (unsigned)screen_width);
    add_le16(out, (unsigned)screen_height);
    str_add_bytes(out, "\x81\0\0", 3);
    str_add_bytes(out, palette, 12);
    str_add_char(out, ',');
    add_le16(out, (unsigned)left);
    add_le16(out, (unsigned)top);
    add_le16(out, (unsigned)width);
    add_le16(out, (unsigned)height);
    str_add_char(out, (char)flags);
    str_add_char(out, 2);
    block = (unsigned)out->length;
    str_add_char(out, 0);
    for (int i = 0; i < width * height * 2 + 1; i++) { /* a clear code before each pixel */
        unsigned code = i == width * height * 2 ? 5 : i % 2 ? indices[i / 2] : 4;

        bits |= code << bit_count;
        for (bit_count += 3; bit_count >= 8; bit_count -= 8, bits >>= 8)
            str_add_char(out, (char)bits);
    }
    str_add_char(out, (char)bits);
    out->text[block] = (char)(out->length - block - 1);
    str_add_bytes(out, "\0;", 2);
}

static void check_gif(const struct str *file, int width, int height, const char *expected)
{
    static const uint8_t colors[4][3] = { { 0 }, { 255, 0, 0 }, { 0, 255, 0 }, { 0, 0, 255 } };
    struct image image = IMAGE_INIT;
    struct image_info info;
    struct error err;

    CHECK_OK(image_probe(file->text, file->length, &info, &err), err);
    CHECK(info.format == IMAGE_GIF && info.width == width && info.height == height);
    CHECK_OK(image_decode(&image, file->text, file->length, NULL, &err), err);
    CHECK(image.width == width && image.height == height);
    for (int i = 0; i < width * height; i++)
        CHECK(!memcmp(image.pixels + i * 3, colors[expected[i] - '0'], 3));
    for (size_t length = 0; length + 3 < file->length; length++)
        CHECK(image_decode(&image, file->text, length, NULL, &err));
    image_release(&image);
}

TEST(gif_frames_are_placed_and_rows_sorted)
{
    struct str file = STR_INIT;

    encode_gif(3, 2, 0, 0, 3, 2, 0, (const uint8_t *)"\1\2\3\3\2\1", &file);
    check_gif(&file, 3, 2, "123321");
    str_clear(&file);
    encode_gif(4, 3, 1, 1, 2, 1, 0, (const uint8_t *)"\1\2", &file);
    check_gif(&file, 4, 3, "000001200000");
    str_clear(&file); /* a frame beyond the screen makes the picture larger */
    encode_gif(1, 1, 1, 0, 2, 1, 0, (const uint8_t *)"\1\2", &file);
    check_gif(&file, 3, 1, "012");
    str_clear(&file); /* interlaced: rows 0, 4, 2, 1, 3 are stored in this order */
    encode_gif(1, 5, 0, 0, 1, 5, 0x40, (const uint8_t *)"\1\2\3\0\1", &file);
    check_gif(&file, 1, 5, "10312");
    str_release(&file);
}

TEST(gif_of_claimed_size_is_refused)
{
    struct image image = IMAGE_INIT;
    struct str file = STR_INIT;
    struct error err;

    encode_gif(65000, 65000, 0, 0, 1, 1, 0, (const uint8_t *)"\1", &file);
    CHECK(image_decode(&image, file.text, file.length, NULL, &err));
    CHECK_TEXT(err.text, "GIF: the image of 65000 x 65000 pixels has more than 178956970");
    CHECK(!image.pixels);
    str_release(&file);
    image_release(&image);
}

/* --- TIFF -------------------------------------------------------------------------------- */

struct tiff_style {
    int channels, bits, compression, orientation;
    bool planes, alpha;
};

static void write_tiff(const char *path, const struct image *image, const struct tiff_style *style)
{
    TIFF *tiff = TIFFOpen(path, "w");
    uint16_t kinds[] = { EXTRASAMPLE_UNASSALPHA };
    uint16_t row[64 * 4];
    int planes = style->planes ? style->channels : 1;
    int per_pixel = style->channels / planes;

    CHECK(tiff);
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, image->width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, image->height);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, style->channels);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, style->bits);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, style->compression);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 5);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC,
                 style->channels == 1 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG,
                 style->planes ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
    if (style->alpha)
        TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, kinds);
    if (style->orientation)
        TIFFSetField(tiff, TIFFTAG_ORIENTATION, style->orientation);
    for (int plane = 0; plane < planes; plane++) {
        for (int y = 0; y < image->height; y++) {
            for (int i = 0; i < image->width * per_pixel; i++) {
                int c = plane + i % per_pixel;
                int level = c == 3 ? 40 : image->pixels[(y * image->width + i / per_pixel) * 3 + c];

                if (style->bits == 16)
                    row[i] = (uint16_t)(level * 257);
                else
                    ((uint8_t *)row)[i] = (uint8_t)level;
            }
            CHECK(TIFFWriteScanline(tiff, row, (uint32_t)y, (uint16_t)plane) == 1);
        }
    }
    TIFFClose(tiff);
}

TEST(tiff_layouts_all_come_back)
{
    static const struct tiff_style styles[] = {
        { 3, 8, COMPRESSION_NONE },          { 3, 8, COMPRESSION_LZW },
        { 3, 8, COMPRESSION_ADOBE_DEFLATE }, { 3, 16, COMPRESSION_NONE },
        { 3, 8, COMPRESSION_LZW, 0, true },  { 1, 8, COMPRESSION_PACKBITS },
        { 1, 16, COMPRESSION_NONE },         { 4, 8, COMPRESSION_NONE, 0, false, true },
    };
    struct arena arena = ARENA_INIT;
    const char *path = file_join(&arena, test_folder(), "a.tif");
    struct image original = IMAGE_INIT, decoded = IMAGE_INIT;
    struct error err;

    formula_image(&original, 40, 33);
    for (size_t i = 0; i < sizeof(styles) / sizeof(*styles); i++) {
        write_tiff(path, &original, &styles[i]);
        CHECK_OK(image_load(&decoded, path, NULL, &err), err);
        CHECK(decoded.width == 40 && decoded.height == 33);
        for (int k = 0; k < 40 * 33 * 3; k++)
            CHECK(decoded.pixels[k] == original.pixels[styles[i].channels == 1 ? k / 3 * 3 : k]);
    }
    image_release(&original);
    image_release(&decoded);
    arena_release(&arena);
}

TEST(tiff_is_turned_by_its_tag)
{
    struct arena arena = ARENA_INIT;
    const char *path = file_join(&arena, test_folder(), "a.tif");
    struct image original = IMAGE_INIT, decoded = IMAGE_INIT;
    struct error err;

    formula_image(&original, 12, 9);
    write_tiff(path, &original, &(struct tiff_style){ 3, 8, COMPRESSION_NONE, 6 });
    CHECK_OK(image_load(&decoded, path, NULL, &err), err);
    CHECK(decoded.width == 9 && decoded.height == 12);
    CHECK(!memcmp(decoded.pixels + 8 * 3, original.pixels, 3));
    image_release(&original);
    image_release(&decoded);
    arena_release(&arena);
}

TEST(tiff_that_is_cut_off_is_refused)
{
    struct arena arena = ARENA_INIT;
    const char *path = file_join(&arena, test_folder(), "a.tif");
    struct image original = IMAGE_INIT, decoded = IMAGE_INIT;
    struct str file = STR_INIT;
    struct error err;

    formula_image(&original, 40, 33);
    write_tiff(path, &original, &(struct tiff_style){ 3, 8, COMPRESSION_LZW });
    CHECK_OK(file_read(path, 1 << 20, &file, &err), err);
    for (size_t length = 0; length < file.length - 100; length += 1 + length / 20)
        CHECK(image_decode(&decoded, file.text, length, NULL, &err));
    str_release(&file);
    image_release(&original);
    image_release(&decoded);
    arena_release(&arena);
}
