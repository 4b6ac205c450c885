/* canvas_test.c - drawing on pixels, and writing them. */

#include "formats/canvas.h"

#include "base/error.h"
#include "base/str.h"
#include "formats/image_write.h"
#include "test.h"

#include <limits.h>
#include <stdlib.h>

#define WIDTH 40
#define HEIGHT 30

static uint32_t pixel(const struct canvas *canvas, int x, int y)
{
    const uint8_t *p = canvas->pixels + (y * canvas->width + x) * 3;

    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static int count_of(const struct canvas *canvas, uint32_t colour)
{
    int count = 0;

    for (int y = 0; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++)
            count += pixel(canvas, x, y) == colour;
    return count;
}

TEST(canvas_cuts_at_the_edges)
{
    uint8_t *pixels = calloc(WIDTH * HEIGHT, 3); /* of its exact size, so that sanitizers see */
    struct canvas canvas = { pixels, WIDTH, HEIGHT };

    CHECK(pixels);
    canvas_fill(&canvas, -5, -5, 10, 10, 0xFF0000, 1);
    CHECK(count_of(&canvas, 0xFF0000) == 25);
    canvas_fill(&canvas, INT_MAX - 2, 0, 100, 100, 0xFF0000, 1);
    canvas_fill(&canvas, INT_MIN, INT_MIN, INT_MAX, INT_MAX, 0xFF0000, 1);
    CHECK(count_of(&canvas, 0xFF0000) == 25);
    canvas_frame(&canvas, 10, 10, 100, 100, 2, 0x00FF00);
    CHECK(count_of(&canvas, 0x00FF00) == 30 * 2 + 18 * 2);
    canvas_line(&canvas, -1e9, 5, 1e9, 5, 1, 0x0000FF);
    canvas_line(&canvas, NAN, 5, 1, 5, 1, 0x0000FF);
    canvas_disc(&canvas, 1e300, -1e300, 1e5, 0x0000FF);
    canvas_text(&canvas, 35, 25, 3, 0x0000FF, "edge \xC3\xBC \xFF");
    canvas_text(&canvas, -3, -3, 1, 0x0000FF, "edge");
    free(pixels);
}

TEST(canvas_blends_draws_discs_and_letters)
{
    uint8_t pixels[WIDTH * HEIGHT * 3] = { 0 };
    struct canvas canvas = { pixels, WIDTH, HEIGHT };

    canvas_fill(&canvas, 0, 0, WIDTH, HEIGHT, 0xC86432, 1);
    canvas_fill(&canvas, 0, 0, 1, 1, 0x0000FF, 0.5);
    CHECK(pixel(&canvas, 0, 0) == 0x643299); /* halves round up */
    canvas_disc(&canvas, 20, 15, 4, 0xFFFFFF);
    CHECK(pixel(&canvas, 20, 15) == 0xFFFFFF && pixel(&canvas, 20, 17) == 0xFFFFFF);
    CHECK(pixel(&canvas, 23, 18) != 0xFFFFFF && pixel(&canvas, 20, 20) == 0xC86432);
    canvas_fill(&canvas, 0, 0, WIDTH, HEIGHT, 0, 1);
    canvas_text(&canvas, 2, 3, 2, 0xFFFFFF, "L");
    CHECK(count_of(&canvas, 0xFFFFFF) == (7 + 4) * 4);
    CHECK(pixel(&canvas, 2, 3) == 0xFFFFFF && pixel(&canvas, 11, 16) == 0xFFFFFF);
    CHECK(canvas_text_width(2, "L\xC3\xBC") == 22 && canvas_text_width(2, "") == 0);
}

TEST(canvas_palette_tells_classes_apart)
{
    for (int i = 0; i < 40; i++)
        for (int j = 0; j < i; j++)
            CHECK(canvas_palette(i) != canvas_palette(j));
    CHECK(canvas_ink_on(0xFFFF00) == 0 && canvas_ink_on(0x202080) == 0xFFFFFF);
}

TEST(image_write_is_read_back)
{
    uint8_t pixels[WIDTH * HEIGHT * 3];
    struct image image = IMAGE_INIT;
    struct str bytes = STR_INIT;
    struct error err = { 0 };
    char path[512];

    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            uint8_t *p = pixels + (y * WIDTH + x) * 3;

            p[0] = (uint8_t)(6 * x);
            p[1] = (uint8_t)(8 * y);
            p[2] = 100;
        }
    snprintf(path, sizeof(path), "%s/a.png", test_folder());
    CHECK_OK(image_save(path, pixels, WIDTH, HEIGHT, 90, &err), err);
    CHECK_OK(image_load(&image, path, NULL, &err), err);
    CHECK(image.width == WIDTH && image.height == HEIGHT);
    CHECK(!memcmp(image.pixels, pixels, sizeof(pixels)));
    CHECK_OK(image_encode(IMAGE_JPEG, pixels, WIDTH, HEIGHT, 95, &bytes, &err), err);
    CHECK(image_detect(bytes.text, bytes.length) == IMAGE_JPEG);
    CHECK_OK(image_decode(&image, bytes.text, bytes.length, NULL, &err), err);
    for (size_t i = 0; i < sizeof(pixels); i++)
        CHECK(abs(image.pixels[i] - pixels[i]) <= 6);
    CHECK(image_encode(IMAGE_GIF, pixels, WIDTH, HEIGHT, 90, &bytes, &err));
    CHECK(strstr(err.text, "JPEG or PNG"));
    CHECK(image_encode(IMAGE_PNG, pixels, 0, HEIGHT, 90, &bytes, &err));
    CHECK(image_save("/nonexistent/folder/a.jpg", pixels, WIDTH, HEIGHT, 90, &err));
    CHECK(strstr(err.text, "/nonexistent/folder/a.jpg"));
    image_release(&image);
    str_release(&bytes);
}
