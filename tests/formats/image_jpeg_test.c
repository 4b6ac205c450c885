#include "base/error.h"
#include "base/rng.h"
#include "formats/image.h"
#include "formats/resize.h"
#include "image_support.h"
#include "test.h"

#include <stdlib.h>

static void decode(struct image *image, const struct str *file, const struct image_options *options)
{
    struct error err;

    CHECK_OK(image_decode(image, file->text, file->length, options, &err), err);
}

TEST(jpeg_styles_all_come_back)
{
    static const struct jpeg_style styles[] = {
        { 0 },
        { .chroma_step = 1 },
        { .progressive = true },
        { .restart_interval = 3 },
        { .progressive = true, .restart_interval = 2, .chroma_step = 1 },
    };
    struct image original = IMAGE_INIT, decoded = IMAGE_INIT;

    smooth_image(&original, 101, 67);
    for (size_t i = 0; i < sizeof(styles) / sizeof(*styles); i++) {
        struct str file = STR_INIT;
        struct image_info info;
        struct error err;

        encode_jpeg(&original, &styles[i], &file);
        CHECK_OK(image_probe(file.text, file.length, &info, &err), err);
        CHECK(info.format == IMAGE_JPEG && info.width == 101 && info.height == 67);
        CHECK(info.channels == 3 && info.orientation == 1);
        decode(&decoded, &file, NULL);
        CHECK(mean_difference(&original, &decoded) < 3);
        str_release(&file);
    }
    image_release(&original);
    image_release(&decoded);
}

TEST(jpeg_gray_fills_all_channels)
{
    struct image original = IMAGE_INIT, decoded = IMAGE_INIT;
    struct str file = STR_INIT;

    smooth_image(&original, 40, 30);
    encode_jpeg(&original, &(struct jpeg_style){ .components = 1, .chroma_step = 1 }, &file);
    decode(&decoded, &file, NULL);
    for (int i = 0; i < 40 * 30 * 3; i += 3) {
        CHECK(abs(decoded.pixels[i] - original.pixels[i]) < 20);
        CHECK(decoded.pixels[i] == decoded.pixels[i + 1]);
        CHECK(decoded.pixels[i] == decoded.pixels[i + 2]);
    }
    str_release(&file);
    image_release(&original);
    image_release(&decoded);
}

TEST(jpeg_cmyk_becomes_rgb)
{
    struct image original = IMAGE_INIT, decoded = IMAGE_INIT;
    struct str file = STR_INIT;

    smooth_image(&original, 48, 80);
    encode_jpeg(&original, &(struct jpeg_style){ .components = 4, .chroma_step = 1 }, &file);
    decode(&decoded, &file, NULL);
    for (int i = 0; i < 48 * 80 * 3; i++)
        original.pixels[i] = (uint8_t)(original.pixels[i] * (255 - i / 3 / 48) / 255);
    CHECK(mean_difference(&original, &decoded) < 3);
    str_release(&file);
    image_release(&original);
    image_release(&decoded);
}

/* Compares what a decoded part holds with the same place of the whole. */
static void check_part(const struct image *part, const struct image *whole,
                       struct image_rectangle crop)
{
    struct image_box box = image_box_of(part, crop);

    CHECK(part->full_width == whole->width && part->full_height == whole->height);
    CHECK(box.right - box.left == crop.width && box.bottom - box.top == crop.height);
    for (int y = 0; y < crop.height; y++) {
        const uint8_t *a = part->pixels + ((y + (int)box.top) * part->width + (int)box.left) * 3;
        const uint8_t *b = whole->pixels + ((y + crop.y) * whole->width + crop.x) * 3;

        CHECK(!memcmp(a, b, (size_t)crop.width * 3));
    }
}

static struct image_rectangle random_part(struct rng *rng, int width, int height)
{
    struct image_rectangle part;

    part.width = 1 + (int)rng_below(rng, (uint32_t)width);
    part.height = 1 + (int)rng_below(rng, (uint32_t)height);
    part.x = (int)rng_below(rng, (uint32_t)(width - part.width + 1));
    part.y = (int)rng_below(rng, (uint32_t)(height - part.height + 1));
    return part;
}

TEST(jpeg_part_equals_the_same_part_of_the_whole)
{
    struct image original = IMAGE_INIT, whole = IMAGE_INIT, part = IMAGE_INIT;
    struct rng rng = rng_for(7, 0, 0);

    formula_image(&original, 150, 110);
    for (int style = 0; style < 4 * 9; style++) {
        struct jpeg_style with = { .chroma_step = 1 + style % 2,
                                   .progressive = style / 2 % 2,
                                   .orientation = style / 4 };
        struct str file = STR_INIT;

        encode_jpeg(&original, &with, &file);
        decode(&whole, &file, NULL);
        CHECK(whole.width == (with.orientation >= 5 ? 110 : 150));
        for (int i = 0; i < 12; i++) {
            struct image_options options = { .crop = random_part(&rng, whole.width, whole.height) };

            decode(&part, &file, &options);
            check_part(&part, &whole, options.crop);
        }
        str_release(&file);
    }
    image_release(&original);
    image_release(&whole);
    image_release(&part);
}

TEST(jpeg_part_saves_work)
{
    struct image original = IMAGE_INIT, part = IMAGE_INIT;
    struct image_options options = { .crop = { 200, 100, 50, 40 } };
    struct str file = STR_INIT;

    smooth_image(&original, 400, 300);
    encode_jpeg(&original, &(struct jpeg_style){ 0 }, &file);
    decode(&part, &file, &options);
    CHECK(part.width <= 50 + 4 * 16 && part.height == 40);
    options.wanted_width = options.wanted_height = 6;
    decode(&part, &file, &options);
    CHECK(part.width <= (50 + 4 * 16) / 2 && part.height <= 21); /* half of 40 is over 3 x 6 */
    str_release(&file);
    image_release(&original);
    image_release(&part);
}

/* The mean difference that reduced decoding makes to the resized part. */
static double scaling_error(const struct str *file, const struct image *whole,
                            struct image_rectangle crop, int size)
{
    struct image_options options = { .crop = crop, .wanted_width = size, .wanted_height = size };
    struct image part = IMAGE_INIT, expected = IMAGE_INIT, actual = IMAGE_INIT;
    struct resize_options resize = { RESIZE_BILINEAR, .cropped = true };
    struct resizer resizer = RESIZER_INIT;
    struct error err;
    double difference;

    decode(&part, file, &options);
    CHECK_OK(image_reserve(&expected, size, size, &err), err);
    CHECK_OK(image_reserve(&actual, size, size, &err), err);
    resize.box = image_box_of(&part, crop);
    CHECK_OK(resize_image(&resizer, &part, &resize, actual.pixels, size, size, &err), err);
    resize.box = image_box_of(whole, crop);
    CHECK_OK(resize_image(&resizer, whole, &resize, expected.pixels, size, size, &err), err);
    difference = mean_difference(&expected, &actual);
    resizer_release(&resizer);
    image_release(&part);
    image_release(&expected);
    image_release(&actual);
    return difference;
}

TEST(jpeg_reduced_decoding_is_not_seen_after_resizing)
{
    struct image original = IMAGE_INIT, whole = IMAGE_INIT;
    struct rng rng = rng_for(8, 0, 0);

    smooth_image(&original, 500, 375);
    for (int i = 0; i < 500 * 375 * 3; i++) /* with grain, as photos have */
        original.pixels[i] = (uint8_t)(original.pixels[i] + (int)rng_below(&rng, 31) - 15);
    for (int orientation = 1; orientation <= 8; orientation++) {
        struct str file = STR_INIT;

        encode_jpeg(&original, &(struct jpeg_style){ .orientation = orientation }, &file);
        decode(&whole, &file, NULL);
        for (int i = 0; i < 10; i++) {
            struct image_rectangle crop = random_part(&rng, whole.width / 2, whole.height / 2);

            crop.width += whole.width / 2;
            crop.height += whole.height / 2;
            CHECK_NEAR(scaling_error(&file, &whole, crop, 16 + 4 * i), 0, 1);
        }
        str_release(&file);
    }
    image_release(&original);
    image_release(&whole);
}

TEST(jpeg_cut_off_anywhere_is_refused)
{
    struct image original = IMAGE_INIT, decoded = IMAGE_INIT;
    struct image_options part = { .crop = { 0, 0, 8, 8 } };

    smooth_image(&original, 60, 50);
    for (int progressive = 0; progressive < 2; progressive++) {
        struct str file = STR_INIT;
        struct error err;

        encode_jpeg(&original, &(struct jpeg_style){ .progressive = progressive }, &file);
        for (size_t length = 0; length + 1 < file.length; length += 1 + length / 50) {
            err.text[0] = '\0';
            CHECK(image_decode(&decoded, file.text, length, NULL, &err));
            CHECK(strlen(err.text) > 10);
            CHECK(image_decode(&decoded, file.text, length, &part, &err));
        }
        decode(&decoded, &file, NULL);
        str_release(&file);
    }
    image_release(&original);
    image_release(&decoded);
}

TEST(jpeg_bytes_behind_the_end_do_no_harm)
{
    struct image original = IMAGE_INIT, decoded = IMAGE_INIT;
    struct str file = STR_INIT;

    smooth_image(&original, 60, 50);
    encode_jpeg(&original, &(struct jpeg_style){ 0 }, &file);
    for (int i = 0; i < 1000; i++)
        str_add_char(&file, (char)i);
    decode(&decoded, &file, NULL);
    decode(&decoded, &file, &(struct image_options){ .crop = { 0, 0, 8, 8 } });
    str_release(&file);
    image_release(&original);
    image_release(&decoded);
}

TEST(jpeg_part_outside_is_refused)
{
    static const struct image_rectangle outside[] = {
        { -1, 0, 5, 5 }, { 0, -1, 5, 5 }, { 56, 0, 5, 5 },
        { 0, 46, 5, 5 }, { 0, 0, 5, 0 },  { 0, 0, INT32_MAX, 5 },
    };
    struct image original = IMAGE_INIT, decoded = IMAGE_INIT;
    struct str file = STR_INIT;
    struct error err;

    smooth_image(&original, 60, 50);
    encode_jpeg(&original, &(struct jpeg_style){ 0 }, &file);
    for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++) {
        struct image_options options = { .crop = outside[i] };

        CHECK(image_decode(&decoded, file.text, file.length, &options, &err));
        CHECK(err.kind == ERR_INVALID);
    }
    str_release(&file);
    image_release(&original);
    image_release(&decoded);
}

TEST(jpeg_with_hundreds_of_scans_is_refused)
{
    struct image original = IMAGE_INIT, decoded = IMAGE_INIT;
    struct str file = STR_INIT;
    struct error err;

    smooth_image(&original, 16, 16);
    encode_jpeg(&original, &(struct jpeg_style){ .many_scans = true }, &file);
    CHECK(image_decode(&decoded, file.text, file.length, NULL, &err));
    CHECK_TEXT(err.text, "JPEG: more than 100 scans");
    CHECK(err.kind == ERR_TOO_LARGE);
    str_release(&file);
    image_release(&original);
    image_release(&decoded);
}
