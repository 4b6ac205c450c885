/* augment_test.c - every augmentation has the effect that its settings promise. */
#include "base/error.h"
#include "data/augment.h"
#include "data/augment/pixels.h"
#include "test.h"
#include <stdlib.h>

#define SIDE 24
#define BYTES (SIDE * SIDE * 3)

static uint8_t first_buffer[BYTES], second_buffer[BYTES];
static float planes[BYTES];

/* A picture without symmetry. */
static struct augment_image make_image(void)
{
    struct augment_image image = {
        .width = SIDE,
        .height = SIDE,
        .pixels = first_buffer,
        .spare = second_buffer,
        .fill = { 124, 116, 104 },
        .values = planes,
    };

    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            uint8_t *p = image.pixels + 3 * (y * SIDE + x);

            p[0] = (uint8_t)(40 + 7 * x);
            p[1] = (uint8_t)(220 - 5 * y);
            p[2] = (uint8_t)(30 + (x * y) % 97);
        }
    for (int i = 0; i < BYTES; i++)
        planes[i] = 1;
    return image;
}

/* Settings under which nothing happens yet. */
static struct augment_settings make_settings(void)
{
    struct augment_settings settings;

    augment_settings_init(&settings);
    settings.random_crop = settings.random_flip = false;
    return settings;
}

static void apply(struct augment_image *image, enum augment_stage stage,
                  const struct augment_settings *settings, uint64_t index)
{
    struct rng rng = rng_for(11, 5, index);

    augment_apply(image, stage, settings, &rng);
}

/* How many of `count` images differ from the original under these settings. */
static int count_changed(const struct augment_settings *settings, int count)
{
    uint8_t original[BYTES];
    int changed = 0;

    for (int i = 0; i < count; i++) {
        struct augment_image image = make_image();

        memcpy(original, image.pixels, BYTES);
        apply(&image, AUGMENT_PIXELS, settings, (uint64_t)i);
        changed += memcmp(original, image.pixels, BYTES) != 0;
    }
    return changed;
}

TEST(augment_does_nothing_when_disabled)
{
    struct augment_settings settings;
    struct augment_image image = make_image();

    augment_settings_init(&settings);
    settings.enabled = false;
    settings.random_erasing = settings.color_jitter = settings.random_rotation = true;
    settings.erasing_prob = settings.random_flip_prob = 1;
    CHECK(count_changed(&settings, 10) == 0);
    apply(&image, AUGMENT_PIXELS, &settings, 0);
    CHECK(!image.mirrored);
    apply(&image, AUGMENT_VALUES, &settings, 0);
    for (int i = 0; i < BYTES; i++)
        CHECK(image.values[i] == 1);
}

TEST(augment_random_crop_keeps_to_scale_and_ratio)
{
    struct augment_settings settings = make_settings();
    double smallest = 1, largest = 0;

    settings.random_crop = true;
    settings.crop_scale[0] = 0.2;
    settings.crop_scale[1] = 0.6;
    for (int i = 0; i < 500; i++) {
        struct augment_image image = { .source_width = 400, .source_height = 300 };
        double share, ratio;

        apply(&image, AUGMENT_CROP, &settings, (uint64_t)i);
        CHECK(image.crop.x >= 0 && image.crop.x + image.crop.width <= 400);
        CHECK(image.crop.y >= 0 && image.crop.y + image.crop.height <= 300);
        share = image.crop.width * image.crop.height / (400 * 300);
        ratio = image.crop.width / image.crop.height;
        CHECK(share > 0.19 && share < 0.61);
        CHECK(ratio > 0.74 && ratio < 1.35);
        smallest = fmin(smallest, share);
        largest = fmax(largest, share);
    }
    CHECK(smallest < 0.22);
    CHECK(largest > 0.57);
}

TEST(augment_random_crop_falls_back_to_the_middle)
{
    struct augment_settings settings = make_settings();
    struct augment_image image = { .source_width = 1000, .source_height = 10 };

    settings.random_crop = true;
    settings.crop_scale[0] = 0.9;
    apply(&image, AUGMENT_CROP, &settings, 0);
    CHECK_NEAR(image.crop.height, 10, 0);
    CHECK_NEAR(image.crop.width, 13, 0);
    CHECK_NEAR(image.crop.x, 493, 0);
    image = (struct augment_image){ .source_width = 1, .source_height = 1 };
    apply(&image, AUGMENT_CROP, &settings, 0);
    CHECK_NEAR(image.crop.width * image.crop.height, 1, 0);
}

TEST(augment_flips_happen_as_often_as_asked)
{
    struct augment_settings settings = make_settings();
    int mirrored = 0, upside_down = 0;

    settings.random_flip = true;
    settings.random_flip_prob = 0.5;
    settings.vertical_flip_prob = 0.2;
    for (int i = 0; i < 2000; i++) {
        struct augment_image image = { 0 };

        apply(&image, AUGMENT_PIXELS, &settings, (uint64_t)i);
        mirrored += image.mirrored;
        upside_down += image.upside_down;
    }
    CHECK_NEAR(mirrored, 1000, 90);
    CHECK_NEAR(upside_down, 400, 70);
    settings.random_flip_prob = 0;
    settings.vertical_flip_prob = 1;
    for (int i = 0; i < 50; i++) {
        struct augment_image image = { 0 };

        apply(&image, AUGMENT_PIXELS, &settings, (uint64_t)i);
        CHECK(!image.mirrored && image.upside_down);
    }
}

TEST(augment_quarter_turn_moves_every_pixel)
{
    struct augment_image image = make_image();
    struct pixels_map map = pixels_rotation(90);
    uint8_t original[BYTES];

    memcpy(original, image.pixels, BYTES);
    pixels_warp(&image, &map);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            CHECK(!memcmp(image.pixels + 3 * (y * SIDE + x),
                          original + 3 * (x * SIDE + (SIDE - 1 - y)), 3));
}

TEST(augment_rotation_fills_corners_and_keeps_the_centre)
{
    struct augment_settings settings = make_settings();
    int filled = 0;

    settings.random_rotation = true;
    settings.rotation_degrees = 45;
    for (int i = 0; i < 40; i++) {
        struct augment_image image = make_image();
        const uint8_t *centre;

        apply(&image, AUGMENT_PIXELS, &settings, (uint64_t)i);
        filled += !memcmp(image.pixels, image.fill, 3);
        centre = image.pixels + 3 * (SIDE / 2 * SIDE + SIDE / 2);
        CHECK_NEAR(centre[0], 40 + 7 * (SIDE / 2), 8);
    }
    CHECK(filled > 20);
    settings.rotation_degrees = 0;
    CHECK(count_changed(&settings, 5) == 0);
}

TEST(augment_pixel_operations_do_what_their_names_say)
{
    struct augment_image image = make_image();
    uint8_t original[BYTES];

    memcpy(original, image.pixels, BYTES);
    pixels_brightness(&image, 1.5);
    for (int i = 0; i < BYTES; i++)
        CHECK(image.pixels[i] == (original[i] * 1.5 >= 255 ? 255 : (int)(original[i] * 1.5)));

    image = make_image();
    pixels_contrast(&image, 0);
    for (int i = 3; i < BYTES; i++)
        CHECK(image.pixels[i] == image.pixels[0]);

    image = make_image();
    pixels_saturation(&image, 0);
    for (int i = 0; i < BYTES; i += 3) {
        CHECK(image.pixels[i] == image.pixels[i + 1] && image.pixels[i] == image.pixels[i + 2]);
        CHECK_NEAR(image.pixels[i],
                   0.299 * original[i] + 0.587 * original[i + 1] + 0.114 * original[i + 2], 0.51);
    }

    image = make_image();
    pixels_sharpness(&image, 1);
    CHECK(!memcmp(image.pixels, original, BYTES));
    pixels_sharpness(&image, 0);
    CHECK(memcmp(image.pixels, original, BYTES));
    CHECK(!memcmp(image.pixels, original, SIDE * 3)); /* the border stays */
}

TEST(augment_hue_turns_the_colour_circle)
{
    static const uint8_t wheel[][3] = { { 200, 20, 20 },  { 200, 200, 20 }, { 20, 200, 20 },
                                        { 20, 200, 200 }, { 20, 20, 200 },  { 200, 20, 200 } };

    for (int from = 0; from < 6; from++)
        for (int turn = -6; turn <= 6; turn++) {
            struct augment_image image = make_image();

            image.width = image.height = 1;
            memcpy(image.pixels, wheel[from], 3);
            pixels_hue(&image, turn / 6.0);
            CHECK(!memcmp(image.pixels, wheel[(from + turn + 12) % 6], 3));
        }
}

TEST(augment_color_jitter_uses_each_strength)
{
    static const int strength_count = 4;

    for (int i = 0; i < strength_count; i++) {
        struct augment_settings settings = make_settings();
        double *strengths[] = { &settings.brightness, &settings.contrast, &settings.saturation,
                                &settings.hue };

        settings.color_jitter = true;
        for (int j = 0; j < strength_count; j++)
            *strengths[j] = i == j ? 0.4 : 0;
        CHECK(count_changed(&settings, 20) >= 19);
        *strengths[i] = 0;
        CHECK(count_changed(&settings, 20) == 0);
    }
}

TEST(augment_grayscale_and_blur_follow_their_probability)
{
    struct augment_settings settings = make_settings();

    settings.random_grayscale = 0.3;
    CHECK_NEAR(count_changed(&settings, 500), 150, 35);
    settings.random_grayscale = 0;
    settings.gaussian_blur = 0.5;
    settings.blur_sigma[0] = 1;
    CHECK_NEAR(count_changed(&settings, 500), 250, 40);
}

TEST(augment_blur_spreads_a_point_and_keeps_grey)
{
    struct augment_settings settings = make_settings();
    struct augment_image image = make_image();
    int sum = 0;

    settings.gaussian_blur = 1;
    settings.blur_sigma[0] = settings.blur_sigma[1] = 1;
    memset(image.pixels, 77, BYTES);
    apply(&image, AUGMENT_PIXELS, &settings, 0);
    for (int i = 0; i < BYTES; i++)
        CHECK(image.pixels[i] == 77);
    memset(image.pixels, 0, BYTES);
    image.pixels[3 * (12 * SIDE + 12)] = 255;
    apply(&image, AUGMENT_PIXELS, &settings, 0);
    for (int i = 0; i < BYTES; i += 3)
        sum += image.pixels[i];
    CHECK_NEAR(sum, 255, 8);
    /* The 5-tap Gaussian of deviation 1 has 0.4026 in the middle. */
    CHECK_NEAR(image.pixels[3 * (12 * SIDE + 12)], 255 * 0.4026 * 0.4026, 1);
    CHECK(image.pixels[3 * (12 * SIDE + 14)] > 0);
    CHECK(image.pixels[3 * (12 * SIDE + 15)] == 0);
    CHECK(image.pixels[3 * (12 * SIDE + 12) + 1] == 0); /* the other channels */
}

TEST(augment_rand_augment_is_varied_and_grows_with_its_magnitude)
{
    struct augment_settings settings = make_settings();
    int strong, weak;

    settings.rand_augment = true;
    settings.rand_augment_ops = 1;
    settings.rand_augment_magnitude = 9;
    strong = count_changed(&settings, 300);
    settings.rand_augment_magnitude = 0;
    weak = count_changed(&settings, 300);
    CHECK(strong > 250 && strong < 300); /* one of 14 operations changes nothing */
    CHECK(weak < 100);                   /* at 0 only equalize and auto contrast are left */
    CHECK(weak > 10);
    settings.rand_augment_ops = 4;
    settings.rand_augment_magnitude = 9;
    CHECK(count_changed(&settings, 300) > strong);
}

TEST(augment_erasing_wipes_a_rectangle_out)
{
    struct augment_settings settings = make_settings();
    int hits = 0;

    settings.random_erasing = true;
    settings.erasing_prob = 0.25;
    for (int i = 0; i < 400; i++) {
        struct augment_image image = make_image();
        int erased = 0;

        apply(&image, AUGMENT_VALUES, &settings, (uint64_t)i);
        for (int j = 0; j < SIDE * SIDE; j++) {
            erased += image.values[j] == 0;
            CHECK(image.values[j] == image.values[j + SIDE * SIDE]);
            CHECK(image.values[j] == image.values[j + 2 * SIDE * SIDE]);
        }
        hits += erased > 0;
        CHECK(erased < 0.4 * SIDE * SIDE);
    }
    CHECK_NEAR(hits, 100, 30);
}

TEST(augment_erasing_can_fill_with_noise)
{
    struct augment_settings settings = make_settings();
    double sum = 0, squares = 0;
    int count = 0;

    settings.random_erasing = settings.erasing_noise = true;
    settings.erasing_prob = 1;
    settings.erasing_scale[0] = 0.3;
    for (int i = 0; i < 50; i++) {
        struct augment_image image = make_image();

        apply(&image, AUGMENT_VALUES, &settings, (uint64_t)i);
        for (int j = 0; j < BYTES; j++)
            if (image.values[j] != 1) {
                sum += image.values[j];
                squares += image.values[j] * image.values[j];
                count++;
            }
    }
    CHECK(count > 50 * BYTES / 5);
    CHECK_NEAR(sum / count, 0, 0.05);
    CHECK_NEAR(squares / count, 1, 0.05);
}

TEST(augment_decisions_depend_on_the_key_alone)
{
    struct augment_settings settings = make_settings();
    uint8_t result[BYTES];

    settings.rand_augment = settings.color_jitter = settings.random_rotation = true;
    for (uint64_t i = 0; i < 10; i++) {
        struct augment_image image = make_image();

        apply(&image, AUGMENT_PIXELS, &settings, i);
        memcpy(result, image.pixels, BYTES);
        image = make_image();
        apply(&image, AUGMENT_PIXELS, &settings, i);
        CHECK(!memcmp(result, image.pixels, BYTES));
    }
}

TEST(augment_settings_name_what_is_wrong)
{
    struct augment_settings settings;
    struct error err = { 0 };

    augment_settings_init(&settings);
    CHECK_OK(augment_settings_check(&settings, &err), err);
    settings.hue = 0.6;
    CHECK(augment_settings_check(&settings, &err));
    CHECK_TEXT(err.text, "augmentation.hue is 0.6, not within 0 and 0.5");
    augment_settings_init(&settings);
    settings.crop_scale[0] = 0.9;
    settings.crop_scale[1] = 0.5;
    CHECK(augment_settings_check(&settings, &err));
    CHECK_TEXT(err.text, "augmentation.crop_scale begins at 0.9, above its end 0.5");
    augment_settings_init(&settings);
    settings.blur_kernel = 4;
    CHECK(augment_settings_check(&settings, &err));
    CHECK_TEXT(err.text, "augmentation.blur_kernel is 4, not an odd number");
}
