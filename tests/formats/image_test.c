#include "formats/image.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "image_support.h"
#include "test.h"

TEST(image_format_is_told_by_content)
{
    static const struct {
        const char *bytes;
        size_t count;
        enum image_format format;
    } files[] = {
        { "\xff\xd8\xff\xe0", 4, IMAGE_JPEG },
        { "\x89PNG\r\n\x1a\n\0", 9, IMAGE_PNG },
        { "RIFF\1\2\3\4WEBPVP8 ", 16, IMAGE_WEBP },
        { "RIFF\1\2\3\4WAVEfmt ", 16, IMAGE_UNKNOWN },
        { "GIF89a", 6, IMAGE_GIF },
        { "GIF87a", 6, IMAGE_GIF },
        { "GIF86a", 6, IMAGE_UNKNOWN },
        { "BM", 2, IMAGE_BMP },
        { "II*\0", 4, IMAGE_TIFF },
        { "MM\0+", 4, IMAGE_TIFF },
        { "B", 1, IMAGE_UNKNOWN },
        { "", 0, IMAGE_UNKNOWN },
    };

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        CHECK(image_detect(files[i].bytes, files[i].count) == files[i].format);
    CHECK_TEXT(image_format_name(IMAGE_WEBP), "WebP");
}

TEST(image_of_no_known_format_is_refused)
{
    struct image image = IMAGE_INIT;
    struct image_info info;
    struct error err;

    CHECK(image_decode(&image, "hello", 5, NULL, &err) && err.kind == ERR_UNSUPPORTED);
    CHECK(image_probe("hello", 5, &info, &err) && err.kind == ERR_UNSUPPORTED);
    CHECK(image_decode(&image, "", 0, NULL, &err) && err.kind == ERR_CORRUPT);
    image_release(&image);
}

/* The level of the upright image must be that of the stored one at the place EXIF means. */
static void check_turned(const struct image *stored, const struct image *upright, int orientation)
{
    int last_x = stored->width - 1, last_y = stored->height - 1;

    for (int y = 0; y < stored->height; y++) {
        for (int x = 0; x < stored->width; x++) {
            const int places[9][2] = {
                [1] = { x, y },
                [2] = { last_x - x, y },
                [3] = { last_x - x, last_y - y },
                [4] = { x, last_y - y },
                [5] = { y, x },
                [6] = { last_y - y, x },
                [7] = { last_y - y, last_x - x },
                [8] = { y, last_x - x },
            };
            const int *place = places[orientation];

            CHECK(!memcmp(stored->pixels + (y * stored->width + x) * 3,
                          upright->pixels + (place[1] * upright->width + place[0]) * 3, 3));
        }
    }
}

TEST(image_is_turned_upright)
{
    struct image original = IMAGE_INIT, stored = IMAGE_INIT, upright = IMAGE_INIT;

    smooth_image(&original, 40, 24);
    for (int orientation = 1; orientation <= 8; orientation++) {
        struct str file = STR_INIT;
        struct image_info info;
        struct error err;

        encode_jpeg(&original, &(struct jpeg_style){ 0 }, &file);
        CHECK_OK(image_decode(&stored, file.text, file.length, NULL, &err), err);
        str_clear(&file);
        encode_jpeg(&original, &(struct jpeg_style){ .orientation = orientation }, &file);
        CHECK_OK(image_decode(&upright, file.text, file.length, NULL, &err), err);
        CHECK_OK(image_probe(file.text, file.length, &info, &err), err);
        CHECK(info.orientation == orientation);
        CHECK(info.width == upright.width && info.height == upright.height);
        CHECK(upright.full_width == upright.width && upright.held.right == upright.width);
        check_turned(&stored, &upright, orientation);
        str_release(&file);
    }
    image_release(&original);
    image_release(&stored);
    image_release(&upright);
}

TEST(image_limits_come_before_memory)
{
    struct image original = IMAGE_INIT, image = IMAGE_INIT;
    struct str file = STR_INIT;
    struct error err;

    smooth_image(&original, 90, 30);
    encode_jpeg(&original, &(struct jpeg_style){ 0 }, &file);
    CHECK(image_decode(&image, file.text, file.length,
                       &(struct image_options){ .limits = { .max_side = 89 } }, &err));
    CHECK(err.kind == ERR_TOO_LARGE);
    CHECK_TEXT(err.text, "JPEG: the image of 90 x 30 pixels has a side above 89");
    CHECK(image_decode(&image, file.text, file.length,
                       &(struct image_options){ .limits = { .max_pixels = 2699 } }, &err));
    CHECK_TEXT(err.text, "JPEG: the image of 90 x 30 pixels has more than 2699");
    CHECK(!image.pixels);
    CHECK_OK(image_decode(&image, file.text, file.length,
                          &(struct image_options){ .limits = { 90, 2700 } }, &err),
             err);
    str_release(&file);
    image_release(&original);
    image_release(&image);
}

TEST(image_keeps_its_memory)
{
    struct image original = IMAGE_INIT, image = IMAGE_INIT;
    struct str large = STR_INIT, small = STR_INIT;
    struct error err;
    uint8_t *pixels;

    smooth_image(&original, 90, 80);
    encode_jpeg(&original, &(struct jpeg_style){ 0 }, &large);
    smooth_image(&original, 70, 60);
    encode_jpeg(&original, &(struct jpeg_style){ 0 }, &small);
    CHECK_OK(image_decode(&image, large.text, large.length, NULL, &err), err);
    pixels = image.pixels;
    CHECK_OK(image_decode(&image, small.text, small.length, NULL, &err), err);
    CHECK(image.pixels == pixels && image.width == 70 && image.height == 60);
    CHECK(image_decode(&image, small.text, small.length / 2, NULL, &err));
    CHECK_OK(image_decode(&image, large.text, large.length, NULL, &err), err);
    CHECK(image.pixels == pixels);
    str_release(&large);
    str_release(&small);
    image_release(&original);
    image_release(&image);
}

TEST(image_load_names_the_file)
{
    struct arena arena = ARENA_INIT;
    struct image image = IMAGE_INIT;
    struct str expected = STR_INIT;
    const char *path = file_join(&arena, test_folder(), "a.jpg");
    struct error err;

    CHECK(image_load(&image, path, NULL, &err) && err.kind == ERR_NOT_FOUND);
    CHECK(strstr(err.text, path));
    CHECK_OK(file_replace(path, "", 0, &err), err);
    CHECK(image_load(&image, path, NULL, &err) && err.kind == ERR_CORRUPT);
    str_printf(&expected, "cannot decode '%s': the file is empty", path);
    CHECK_TEXT(err.text, expected.text);
    str_release(&expected);
    image_release(&image);
    arena_release(&arena);
}
