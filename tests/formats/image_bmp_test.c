#include "base/error.h"
#include "base/file.h"
#include "formats/image.h"
#include "image_support.h"
#include "test.h"

#include <stdlib.h>

struct bmp_style {
    int width, height; /* negative height: top-down */
    int bits;
    unsigned compression;
    int header_bytes; /* 12 or 40; 0: 40 */
    unsigned colors;
    const char *masks; /* 12 bytes behind the header */
};

/* Headers and palette; index i has the colour i, 2 i, 255 - i. */
static void begin_bmp(const struct bmp_style *style, struct str *out)
{
    unsigned header_bytes = style->header_bytes ? (unsigned)style->header_bytes : 40;
    unsigned color_bytes = header_bytes == 12 ? 3 : 4;
    unsigned colors = style->bits <= 8 ? 1u << style->bits : 0;
    unsigned masks = style->masks ? 12 : 0;

    colors = style->colors ? style->colors : colors;
    str_add(out, "BM");
    add_le32(out, 0);
    add_le32(out, 0);
    add_le32(out, 14 + header_bytes + masks + colors * color_bytes);
    add_le32(out, header_bytes);
    if (header_bytes == 12) {
        add_le16(out, (unsigned)style->width);
        add_le16(out, (unsigned)style->height);
        add_le16(out, 1);
        add_le16(out, (unsigned)style->bits);
    } else {
        add_le32(out, (unsigned)style->width);
        add_le32(out, (unsigned)style->height);
        add_le16(out, 1);
        add_le16(out, (unsigned)style->bits);
        add_le32(out, style->compression);
        for (int i = 0; i < 3; i++)
            add_le32(out, 0);
        add_le32(out, style->colors);
        add_le32(out, 0);
    }
    str_add_bytes(out, style->masks, masks);
    for (unsigned i = 0; i < colors; i++) {
        uint8_t color[4] = { (uint8_t)(255 - i), (uint8_t)(2 * i), (uint8_t)i, 0 };

        str_add_bytes(out, color, color_bytes);
    }
}

static void decode(struct image *image, const struct str *file)
{
    struct error err;

    CHECK_OK(image_decode(image, file->text, file->length, NULL, &err), err);
}

static void check_refused(struct image *image, const struct str *file, const char *text)
{
    struct error err;

    CHECK(image_decode(image, file->text, file->length, NULL, &err));
    CHECK_TEXT(err.text, text);
}

static const uint8_t *pixel_at(const struct image *image, int x, int y)
{
    return image->pixels + (y * image->width + x) * 3;
}

static void check_index(const struct image *image, int x, int y, int index)
{
    const uint8_t *pixel = pixel_at(image, x, y);

    CHECK(pixel[0] == index && pixel[1] == (uint8_t)(2 * index) && pixel[2] == 255 - index);
}

TEST(bmp_palettes_of_all_depths)
{
    struct image image = IMAGE_INIT;

    for (int bits = 1; bits <= 8; bits *= 2) {
        for (int header = 12; header <= 40; header += 28) {
            struct bmp_style style = { 7, 5, bits, .header_bytes = header };
            struct str file = STR_INIT;

            begin_bmp(&style, &file);
            for (int y = 4; y >= 0; y--) { /* from the bottom up */
                uint8_t row[8] = { 0 };

                for (int x = 0; x < 7; x++)
                    row[x * bits / 8] |=
                        (uint8_t)(((x * 5 + y) & ((1 << bits) - 1)) << (8 - bits - x * bits % 8));
                str_add_bytes(&file, row, (size_t)(bits * 7 + 31) / 32 * 4);
            }
            decode(&image, &file);
            CHECK(image.width == 7 && image.height == 5);
            for (int i = 0; i < 35; i++)
                check_index(&image, i % 7, i / 7, (i % 7 * 5 + i / 7) & ((1 << bits) - 1));
            str_release(&file);
        }
    }
    image_release(&image);
}

TEST(bmp_true_colors)
{
    static const struct {
        struct bmp_style style;
        uint8_t pixel[4], expected[3];
    } cases[] = {
        { { 1, 1, 24 }, { 1, 2, 3, 0 }, { 3, 2, 1 } },
        { { 1, 1, 32 }, { 1, 2, 3, 9 }, { 3, 2, 1 } },
        { { 1, -1, 32 }, { 1, 2, 3, 9 }, { 3, 2, 1 } },
        { { 1, 1, 16 }, { 0x1f, 0x7c }, { 255, 0, 255 } },
        { { 1, 1, 16 }, { 0x00, 0x02 }, { 0, 16 * 255 / 31, 0 } },
        { { 1, 1, 16, 3, .masks = "\0\xf8\0\0\xe0\7\0\0\x1f\0\0\0" },
          { 0, 4 },
          { 0, 32 * 255 / 63, 0 } },
        { { 1, 1, 32, 3, .masks = "\xff\0\0\0\0\xff\0\0\0\0\xff\0" }, { 1, 2, 3, 9 }, { 1, 2, 3 } },
        { { 1, 1, 32, 3, .masks = "\0\0\0\xff\0\0\0\0\0\0\xff\0" }, { 1, 2, 3, 9 }, { 9, 0, 3 } },
        { { 1, 1, 32, 3, .masks = "\xff\xff\xff\xff\0\0\0\0\0\0\0\0" },
          { 255, 255, 255, 255 },
          { 255, 0, 0 } },
    };
    struct image image = IMAGE_INIT;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct str file = STR_INIT;

        begin_bmp(&cases[i].style, &file);
        str_add_bytes(&file, cases[i].pixel, 4);
        decode(&image, &file);
        CHECK(!memcmp(image.pixels, cases[i].expected, 3));
        str_release(&file);
    }
    image_release(&image);
}

TEST(bmp_top_down_is_read_from_the_top)
{
    struct image image = IMAGE_INIT;
    struct str file = STR_INIT;

    begin_bmp(&(struct bmp_style){ 1, -2, 8 }, &file);
    str_add_bytes(&file, "\7\0\0\0\11\0\0\0", 8);
    decode(&image, &file);
    check_index(&image, 0, 0, 7);
    check_index(&image, 0, 1, 9);
    str_release(&file);
    image_release(&image);
}

TEST(bmp_runs_literals_and_jumps)
{
    /* row 0 (bottom): 3 x 5, then 1 2 3; row 1: a jump by 2 and one up, 2 x 9; end */
    static const char runs[] = "\3\5\0\3\1\2\3\0\0\0\0\2\2\1\2\11\0\1";
    struct image image = IMAGE_INIT;
    struct str file = STR_INIT;
    static const int expected[3][6] = { { 0, 0, 9, 9, 0, 0 }, { 0 }, { 5, 5, 5, 1, 2, 3 } };

    begin_bmp(&(struct bmp_style){ 6, 3, 8, 1 }, &file);
    str_add_bytes(&file, runs, sizeof(runs) - 1);
    decode(&image, &file);
    for (int i = 0; i < 18; i++)
        check_index(&image, i % 6, i / 6, expected[i / 6][i % 6]);
    str_release(&file);
    image_release(&image);
}

TEST(bmp_runs_of_half_bytes)
{
    static const char runs[] = "\5\x12\0\3\x34\x50\0\0\0\1"; /* 1 2 1 2 1, then 3 4 5 */
    static const int expected[8] = { 1, 2, 1, 2, 1, 3, 4, 5 };
    struct image image = IMAGE_INIT;
    struct str file = STR_INIT;

    begin_bmp(&(struct bmp_style){ 8, 1, 4, 2 }, &file);
    str_add_bytes(&file, runs, sizeof(runs) - 1);
    decode(&image, &file);
    for (int x = 0; x < 8; x++)
        check_index(&image, x, 0, expected[x]);
    str_release(&file);
    image_release(&image);
}

TEST(bmp_runs_equal_raw_pixels)
{
    const char *folder = test_shared("data/awkward_images");
    static const char *const pairs[][2] = { { "pal4.bmp", "pal4rle.bmp" },
                                            { "pal8.bmp", "pal8rle.bmp" } };

    if (!folder)
        SKIP("no data/awkward_images");
    for (int i = 0; i < 2; i++) {
        struct image raw = IMAGE_INIT, runs = IMAGE_INIT;
        struct str path = STR_INIT;
        struct error err;

        str_printf(&path, "%s/bmpsuite_g/%s", folder, pairs[i][0]);
        CHECK_OK(image_load(&raw, path.text, NULL, &err), err);
        str_clear(&path);
        str_printf(&path, "%s/bmpsuite_g/%s", folder, pairs[i][1]);
        CHECK_OK(image_load(&runs, path.text, NULL, &err), err);
        CHECK(largest_difference(&raw, &runs) == 0);
        str_release(&path);
        image_release(&raw);
        image_release(&runs);
    }
}

TEST(bmp_runs_that_are_wrong_are_refused)
{
    struct image image = IMAGE_INIT;
    struct str file = STR_INIT;

    begin_bmp(&(struct bmp_style){ 6, 3, 8, 1 }, &file);
    size_t start = file.length;
    check_refused(&image, &file, "BMP: the file is truncated at row 0 of 3");
    str_add_bytes(&file, "\3\5\0\0\0\0", 6);
    check_refused(&image, &file, "BMP: the file is truncated at row 2 of 3");
    file.length = start;
    str_add_bytes(&file, "\3\5\0\4\1\2\3\4", 8);
    check_refused(&image, &file, "BMP: row 0 has more than 6 pixels");
    file.length = start;
    str_add_bytes(&file, "\0\2\1", 3);
    check_refused(&image, &file, "BMP: the file is truncated at row 0 of 3");
    str_release(&file);
    image_release(&image);
}

TEST(bmp_headers_that_are_wrong_are_refused)
{
    static const struct {
        struct bmp_style style;
        const char *text;
    } cases[] = {
        { { 0, 1, 8 }, "BMP: the image is 0 x 1 pixels" },
        { { 1, 0, 8 }, "BMP: the image is 1 x 0 pixels" },
        { { -4, 1, 8 }, "BMP: the image is -4 x 1 pixels" },
        { { 1, 1, 3 }, "BMP: 3 bits per pixel" },
        { { 1, 1, 24, 1 }, "BMP: compression method 1 does not go with 24 bits per pixel" },
        { { 1, 1, 8, 3 }, "BMP: compression method 3 does not go with 8 bits per pixel" },
        { { 1, 1, 0, 4 }, "BMP: compression method 4 is not supported" },
        { { 1, 1, 8, 99 }, "BMP: compression method 99 is not supported" },
        { { 1, 1, 16, 3, .masks = "\5\0\0\0\2\0\0\0\10\0\0\0" },
          "BMP: the bits of mask 0x00000005 are not together" },
        { { 9, 9, 24 }, "BMP: the file is truncated: 4 of 251 bytes of pixels" },
        { { 60000, INT32_MIN, 24 },
          "BMP: the image of 60000 x 2147483648 pixels has a side above 65500" },
    };
    struct image image = IMAGE_INIT;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct str file = STR_INIT;

        begin_bmp(&cases[i].style, &file);
        add_le32(&file, 0);
        check_refused(&image, &file, cases[i].text);
        str_release(&file);
    }
    CHECK(!image.pixels || image._capacity < 1000);
    image_release(&image);
}
