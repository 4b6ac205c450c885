/* transform_test.c - rectangles, normalising, and the JSON form. */
#include "base/error.h"
#include "base/str.h"
#include "data/transform.h"
#include "test.h"

TEST(transform_normalises_and_flips_in_one_pass)
{
    uint8_t pixels[2 * 3 * 3] = { 0,   1,   2,   10,  11,  12,  20,  21,  22,
                                  100, 101, 102, 110, 111, 112, 255, 254, 253 };
    float values[18];
    struct transform transform;
    struct transform_table table;
    struct augment_image image = { .width = 3, .height = 2, .pixels = pixels, .values = values };

    transform_init(&transform, 3);
    transform_table_init(&table, &transform);
    transform_normalise(&table, &image);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < 6; i++)
            CHECK_NEAR(values[c * 6 + i],
                       (pixels[3 * i + c] / 255.0 - transform.mean[c]) / transform.std[c], 1e-6);
    image.mirrored = true;
    transform_normalise(&table, &image);
    CHECK_NEAR(values[0], (20 / 255.0 - 0.485) / 0.229, 1e-6);
    CHECK_NEAR(values[6 + 2], (1 / 255.0 - 0.456) / 0.224, 1e-6);
    image.upside_down = true;
    transform_normalise(&table, &image);
    CHECK_NEAR(values[12], (253 / 255.0 - 0.406) / 0.225, 1e-6);
    image.mirrored = false;
    transform_normalise(&table, &image);
    CHECK_NEAR(values[0], (100 / 255.0 - 0.485) / 0.229, 1e-6);
    CHECK_NEAR(values[3], (0 / 255.0 - 0.485) / 0.229, 1e-6);
}

TEST(transform_rectangle_follows_the_resize_mode)
{
    struct transform transform;
    struct augment_rectangle part;

    transform_init(&transform, 224);
    part = transform_rectangle(&transform, 500, 375);
    CHECK(part.x == 0 && part.y == 0 && part.width == 500 && part.height == 375);
    transform.resize = TRANSFORM_RESIZE_CROP;
    part = transform_rectangle(&transform, 500, 400);
    CHECK_NEAR(part.width, 350, 1e-9);
    CHECK_NEAR(part.height, 350, 1e-9);
    CHECK_NEAR(part.x, 75, 1e-9);
    CHECK_NEAR(part.y, 25, 1e-9);
}

static void check_refused(const char *text, const char *message)
{
    struct transform transform;
    struct error err = { 0 };
    json_t *json = json_parse(text, strlen(text), "test", &err);

    CHECK(json);
    CHECK(transform_read(&transform, json, &err) == -1);
    CHECK_TEXT(err.text, message);
    json_decref(json);
}

TEST(transform_survives_json)
{
    struct transform transform, back;
    struct error err = { 0 };
    struct str text = STR_INIT;
    struct json_writer w;
    json_t *json;

    transform_init(&transform, 96);
    transform.resize = TRANSFORM_RESIZE_CROP;
    transform.interpolation = TRANSFORM_BICUBIC;
    transform.crop_pct = 0.9;
    transform.mean[1] = 0.1;
    json_begin(&w, &text);
    transform_write(&transform, &w);
    json = json_parse(text.text, text.length, "test", &err);
    CHECK(json);
    CHECK_OK(transform_read(&back, json, &err), err);
    CHECK(back.image_size == 96 && back.resize == TRANSFORM_RESIZE_CROP);
    CHECK(back.interpolation == TRANSFORM_BICUBIC && back.crop_pct == 0.9);
    for (int i = 0; i < 3; i++)
        CHECK(back.mean[i] == transform.mean[i] && back.std[i] == transform.std[i]);
    json_decref(json);
    str_release(&text);
    check_refused("{\"resize\":\"squash\"}",
                  "the transform's 'resize' is neither 'stretch' nor 'resize_crop'");
    check_refused("{\"pad\":1}", "the transform has an unknown key 'pad'");
    check_refused("{\"mean\":[1,2]}", "the transform's 'mean' is not a list of 3 numbers");
    check_refused("{\"std\":[0,1,1]}", "the deviation of channel 0 is 0, not above 0 and up to 1");
    check_refused("{\"image_size\":0}", "the image size is 0, not within 1 and 4096");
}
