/* drawing_test.c - objects on an image. */

#include "objects/drawing.h"

#include "base/error.h"
#include "base/str.h"
#include "data/mask.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define SIDE 200

static uint32_t pixel(const struct canvas *canvas, int x, int y)
{
    const uint8_t *p = canvas->pixels + (y * canvas->width + x) * 3;

    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

TEST(drawing_shows_masks_boxes_labels_and_skeletons)
{
    static const char *const names[] = { "cat", "a name that is longer than the image is wide" };
    const struct annotation_box part = { 120, 100, 180, 150 };
    float points[51] = { 0 };
    struct mask mask = MASK_INIT;
    struct image_object objects[] = {
        { .category = 1, .box = { 110, 90, 80, 70 }, .mask = &mask, .score = 0.9 },
        { .category = 0, .box = { 10, 60, 60, 80 }, .keypoints = points, .score = 0.8 },
        { .category = 0, .box = { -500, -500, 1e9, 1e9 }, .score = 0.3 },
        { .category = 1, .box = { 150, 198, 0, 0 }, .score = 0.3 },
    };
    struct drawing_options options = { .class_names = names, .keypoint_count = 17,
                                       .has_scores = true };
    struct canvas canvas = { calloc(SIDE * SIDE, 3), SIDE, SIDE };
    struct error err = { 0 };

    CHECK(canvas.pixels);
    CHECK_OK(mask_set_box(&mask, SIDE, SIDE, &part, &err), err);
    for (int i = 5; i <= 6; i++) { /* the shoulders, which a line joins */
        points[3 * i] = i == 5 ? 20.5f : 60.5f;
        points[3 * i + 1] = 100.5f;
        points[3 * i + 2] = 0.9f;
    }
    drawing_draw(&canvas, &options, objects, 4);
    CHECK(pixel(&canvas, 110, 120) == canvas_palette(1)); /* frame */
    CHECK(pixel(&canvas, 115, 120) == 0);
    CHECK(pixel(&canvas, 150, 120) != 0 && pixel(&canvas, 150, 120) != canvas_palette(1));
    CHECK(pixel(&canvas, 10, 100) == canvas_palette(0));
    CHECK(pixel(&canvas, 40, 100) == canvas_palette(0)); /* bone */
    CHECK(pixel(&canvas, 40, 110) == 0);
    CHECK(pixel(&canvas, 10, 50) == canvas_palette(0)); /* label, above its box */
    points[3 * 6 + 2] = 0.1f; /* not sure enough */
    memset(canvas.pixels, 0, SIDE * SIDE * 3);
    options.no_labels = true;
    drawing_draw(&canvas, &options, objects, 4);
    CHECK(pixel(&canvas, 40, 100) == 0 && pixel(&canvas, 10, 50) == 0);
    free(canvas.pixels);
    mask_release(&mask);
}

TEST(drawing_writes_names_of_other_letters)
{
    static const char *const names[] = { "\xEA\xB3\xA0\xEC\x96\x91\xEC\x9D\xB4" }; /* cat */
    struct image_object object = { .box = { 10, 60, 60, 80 } };
    struct drawing_options options = { .class_names = names,
                                       .lettering = lettering_open(names, 1) };
    struct canvas canvas = { NULL, SIDE, SIDE };
    int inked = 0;

    if (!options.lettering)
        SKIP("no font of this machine has Korean letters");
    canvas.pixels = calloc(SIDE * SIDE, 3);
    CHECK(canvas.pixels);
    drawing_draw(&canvas, &options, &object, 1);
    CHECK(pixel(&canvas, 10, 43) == canvas_palette(0)); /* higher than a line of small letters */
    for (int y = 44; y < 59; y++)
        for (int x = 12; x < 50; x++)
            inked += pixel(&canvas, x, y) != canvas_palette(0);
    CHECK(inked > 40 && inked < 500); /* the bare name: no score */
    lettering_close(options.lettering);
    free(canvas.pixels);
}

TEST(skeleton_is_the_stated_one_or_that_of_a_person)
{
    static const int bones[][2] = { { 0, 1 }, { 3, 2 } };
    struct skeleton stated = { bones, 2 }, none = { NULL, 0 };
    struct str text = STR_INIT;
    struct json_writer w;

    CHECK(skeleton_or_person(none, 17).count == 18);
    CHECK(!skeleton_or_person(none, 4).count);
    CHECK(skeleton_or_person(stated, 17).bones == bones);
    json_begin(&w, &text);
    skeleton_write(skeleton_or_person(stated, 4), &w);
    CHECK_TEXT(text.text, "[[0,1],[3,2]]");
    str_release(&text);
}

/* A stated skeleton's bone is drawn, for any number of points. */
TEST(drawing_shows_the_stated_skeleton)
{
    static const char *const names[] = { "mouse" };
    static const int bones[][2] = { { 1, 0 } };
    const float points[] = { 20.5f, 100.5f, 0.9f, 60.5f, 100.5f, 0.9f, 0, 0, 0 };
    const struct image_object object = { .box = { 10, 60, 60, 80 }, .keypoints = points };
    const struct drawing_options options = {
        .class_names = names, .keypoint_count = 3, .skeleton = { bones, 1 }, .has_scores = true
    };
    struct canvas canvas = { calloc(SIDE * SIDE, 3), SIDE, SIDE };

    CHECK(canvas.pixels);
    drawing_draw(&canvas, &options, &object, 1);
    CHECK(pixel(&canvas, 40, 100) == canvas_palette(0));
    free(canvas.pixels);
}

/* A name of 40 letters of three bytes: 33 of them are within the bytes that are shown. */
TEST(drawing_cuts_a_long_name_between_letters)
{
    char name[121] = "";
    const char *names[] = { name };
    const struct image_object object = { .box = { 10, 60, 60, 80 }, .score = 0.9 };
    const struct drawing_options options = { .class_names = names, .has_scores = true };
    size_t size = (size_t)3 * 300 * 150;
    struct canvas long_one = { calloc(size, 1), 300, 150 }, cut = { calloc(size, 1), 300, 150 };

    CHECK(long_one.pixels && cut.pixels);
    for (int i = 0; i < 33; i++)
        strcat(name, "\xEA\xB0\x80");
    drawing_draw(&cut, &options, &object, 1);
    while (strlen(name) < 120)
        strcat(name, "\xEA\xB0\x80");
    drawing_draw(&long_one, &options, &object, 1);
    CHECK(!memcmp(long_one.pixels, cut.pixels, size));
    free(long_one.pixels);
    free(cut.pixels);
}
