#include "formats/resize.h"

#include "base/error.h"
#include "base/rng.h"
#include "image_support.h"
#include "resize_fixtures.h"
#include "test.h"

#include <stdlib.h>

static int fixture_level(int at)
{
    char digits[3] = { resize_pixels[at * 2], resize_pixels[at * 2 + 1], '\0' };

    return (int)strtol(digits, NULL, 16);
}

static void check_fixture(const struct resize_fixture *fixture, struct resizer *resizer)
{
    int count = fixture->out_width * fixture->out_height * 3;
    struct image image = IMAGE_INIT;
    uint8_t *out = malloc((size_t)count);
    struct error err;

    formula_image(&image, fixture->width, fixture->height);
    CHECK_OK(resize_image(resizer, &image, &fixture->options, out, fixture->out_width,
                          fixture->out_height, &err),
             err);
    for (int i = 0; i < count; i++) {
        if (out[i] != fixture_level(fixture->at + i))
            test_fail(__FILE__, __LINE__, "fixture %d, byte %d is %d, not %d",
                      (int)(fixture - resize_fixtures), i, out[i], fixture_level(fixture->at + i));
    }
    free(out);
    image_release(&image);
}

TEST(resize_equals_pillow)
{
    const struct resize_kernels *list[4];
    int kernel_count = resize_kernels_list(list);

    for (int k = 0; k < kernel_count; k++) {
        struct resizer resizer = RESIZER_INIT;

        resizer.kernels = list[k];
        for (size_t i = 0; i < sizeof(resize_fixtures) / sizeof(*resize_fixtures); i++)
            check_fixture(&resize_fixtures[i], &resizer);
        resizer_release(&resizer);
    }
}

/* A random size, box and filter, by two kernels: the bytes must be the same. */
static void check_random_case(struct rng *rng, struct resizer *plain, struct resizer *fast)
{
    int width = 1 + (int)rng_below(rng, 90), height = 1 + (int)rng_below(rng, 90);
    int out_width = 1 + (int)rng_below(rng, 70), out_height = 1 + (int)rng_below(rng, 70);
    size_t size_bytes = (size_t)out_width * (size_t)out_height * 3;
    uint8_t *expected = malloc(size_bytes), *actual = malloc(size_bytes);
    struct image image = IMAGE_INIT;
    struct resize_options options = { rng_below(rng, 2) ? RESIZE_BICUBIC : RESIZE_BILINEAR };
    struct error err;

    options.cropped = rng_below(rng, 2);
    options.box.left = rng_between(rng, 0, width * 0.9);
    options.box.right = rng_between(rng, options.box.left + width * 0.05, width);
    options.box.top = rng_between(rng, 0, height * 0.9);
    options.box.bottom = rng_between(rng, options.box.top + height * 0.05, height);
    formula_image(&image, width, height);
    for (int i = 0; i < width * height * 3; i++)
        image.pixels[i] = (uint8_t)rng_below(rng, 256);
    CHECK_OK(resize_image(plain, &image, &options, expected, out_width, out_height, &err), err);
    CHECK_OK(resize_image(fast, &image, &options, actual, out_width, out_height, &err), err);
    CHECK(!memcmp(expected, actual, size_bytes));
    free(expected);
    free(actual);
    image_release(&image);
}

TEST(resize_kernels_all_give_the_same_bytes)
{
    const struct resize_kernels *list[4];
    int kernel_count = resize_kernels_list(list);
    struct rng rng = rng_for(1, 2, 3);

    if (kernel_count == 1)
        SKIP("this processor has only the plain kernels");
    for (int k = 1; k < kernel_count; k++) {
        struct resizer plain = RESIZER_INIT, fast = RESIZER_INIT;

        plain.kernels = list[0];
        fast.kernels = list[k];
        for (int i = 0; i < 300; i++)
            check_random_case(&rng, &plain, &fast);
        resizer_release(&plain);
        resizer_release(&fast);
    }
}

TEST(resize_keeps_a_flat_image_flat)
{
    static uint8_t out[50 * 40 * 3];
    struct resizer resizer = RESIZER_INIT;
    struct image image = IMAGE_INIT;
    struct error err;

    for (int level = 0; level < 256; level += 51) {
        for (int filter = RESIZE_BILINEAR; filter <= RESIZE_BICUBIC; filter++) {
            struct resize_options options = { filter, { 3.3, 4.7, 190.1, 160.9 }, false };

            formula_image(&image, 200, 170);
            memset(image.pixels, level, 200 * 170 * 3);
            CHECK_OK(resize_image(&resizer, &image, &options, out, 50, 40, &err), err);
            for (size_t i = 0; i < sizeof(out); i++)
                CHECK(out[i] == level);
        }
    }
    image_release(&image);
    resizer_release(&resizer);
}

TEST(resize_to_the_same_size_is_a_copy)
{
    static uint8_t out[37 * 29 * 3];
    struct resizer resizer = RESIZER_INIT;
    struct image image = IMAGE_INIT;
    struct error err;

    formula_image(&image, 37, 29);
    for (int filter = RESIZE_BILINEAR; filter <= RESIZE_BICUBIC; filter++) {
        struct resize_options options = { filter };

        memset(out, 0, sizeof(out));
        CHECK_OK(resize_image(&resizer, &image, &options, out, 37, 29, &err), err);
        CHECK(!memcmp(out, image.pixels, sizeof(out)));
    }
    image_release(&image);
    resizer_release(&resizer);
}

TEST(resize_cropped_ignores_what_is_beside_the_box)
{
    static uint8_t inside[8 * 8 * 3], beside[8 * 8 * 3];
    struct resizer resizer = RESIZER_INIT;
    struct image image = IMAGE_INIT;
    struct resize_options options = { RESIZE_BICUBIC, { 20, 20, 60, 60 }, true };
    struct error err;

    formula_image(&image, 80, 80);
    CHECK_OK(resize_image(&resizer, &image, &options, inside, 8, 8, &err), err);
    for (int i = 0; i < 80 * 80 * 3; i++) {
        int x = i / 3 % 80, y = i / 3 / 80;

        if (x < 20 || x >= 60 || y < 20 || y >= 60)
            image.pixels[i] ^= 255;
    }
    CHECK_OK(resize_image(&resizer, &image, &options, beside, 8, 8, &err), err);
    CHECK(!memcmp(inside, beside, sizeof(inside)));
    options.cropped = false;
    CHECK_OK(resize_image(&resizer, &image, &options, beside, 8, 8, &err), err);
    CHECK(memcmp(inside, beside, sizeof(inside)));
    image_release(&image);
    resizer_release(&resizer);
}

TEST(resize_refuses_boxes_and_sizes_that_cannot_be)
{
    static const struct resize_options boxes[] = {
        { RESIZE_BILINEAR, { -1, 0, 5, 5 } },  { RESIZE_BILINEAR, { 0, 0, 11, 5 } },
        { RESIZE_BILINEAR, { 5, 0, 5, 5 } },   { RESIZE_BILINEAR, { 0, 6, 5, 5 } },
        { RESIZE_BILINEAR, { NAN, 0, 5, 5 } },
    };
    struct resize_options whole = { RESIZE_BILINEAR };
    struct resizer resizer = RESIZER_INIT;
    struct image image = IMAGE_INIT;
    struct error err;
    uint8_t out[12];

    formula_image(&image, 10, 10);
    for (size_t i = 0; i < sizeof(boxes) / sizeof(*boxes); i++) {
        CHECK(resize_image(&resizer, &image, &boxes[i], out, 2, 2, &err));
        CHECK(err.kind == ERR_INVALID);
    }
    CHECK(resize_image(&resizer, &image, &whole, out, 0, 2, &err));
    CHECK_OK(resize_image(&resizer, &image, &whole, out, 2, 2, &err), err);
    image_release(&image);
    resizer_release(&resizer);
}
