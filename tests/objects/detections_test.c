/* detections_test.c - from a head's values to objects in the image, and to their JSON. */

#include "objects/detections.h"

#include "base/error.h"
#include "base/rng.h"
#include "base/str.h"
#include "data/mask.h"
#include "test.h"
#include "objects/prediction_json.h"

#include <math.h>
#include <stdlib.h>

/* An image in the middle of the input, as large as it fits: sides are rounded to whole pixels, and
 * of an odd rest the smaller half lies before it. */
static struct letterbox_view letterbox_view_of(int image_width, int image_height,
                                               int input_width, int input_height)
{
    double scale = fmin((double)input_width / image_width, (double)input_height / image_height);
    double width = fmax(1, round(image_width * scale));
    double height = fmax(1, round(image_height * scale));

    return (struct letterbox_view){
        .width = image_width,
        .height = image_height,
        .scale_x = width / image_width,
        .scale_y = height / image_height,
        .left = floor((input_width - width) / 2),
        .top = floor((input_height - height) / 2),
    };
}

TEST(unletterbox_undoes_the_letterbox)
{
    struct letterbox_view v = letterbox_view_of(500, 333, 640, 640); /* 640 x 426, bars of 107 */
    float points[] = { 320, 320, 0.5f, -50, 1000, 0.1f };
    struct object_box box;

    CHECK_NEAR(v.scale_x, 640.0 / 500, 1e-12);
    CHECK_NEAR(v.scale_y, 426.0 / 333, 1e-12);
    CHECK(v.left == 0 && v.top == 107);
    box = unletterbox_box(&v, 64, 107 + 42.6, 128, 107 + 85.2);
    CHECK_NEAR(box.x, 50, 1e-9);
    CHECK_NEAR(box.y, 33.3, 1e-9);
    CHECK_NEAR(box.w, 50, 1e-9);
    CHECK_NEAR(box.h, 33.3, 1e-9);
    box = unletterbox_box(&v, -10, 0, 700, 640); /* cut at the image's edges */
    CHECK(box.x == 0 && box.y == 0 && box.w == 500 && box.h == 333);
    unletterbox_keypoints(&v, points, 2, points);
    CHECK_NEAR(points[0], 250, 1e-4);
    CHECK_NEAR(points[1], 333.0 / 2, 1e-4);
    CHECK(points[2] == 0.5f && points[3] == 0 && points[4] == 333);
}

#define PROTOTYPES 3
#define SIDE 16
#define INPUT 64

/* The definition, pixel by pixel, in doubles. */
static bool is_inside(const struct letterbox_view *v, const float *prototypes,
                      const float *coefficients, int x, int y)
{
    double px = ((x + 0.5) * v->scale_x + v->left) * SIDE / INPUT - 0.5;
    double py = ((y + 0.5) * v->scale_y + v->top) * SIDE / INPUT - 0.5;
    double sum = 0;
    int x0, y0, x1, y1;

    px = fmin(fmax(px, 0), SIDE - 1);
    py = fmin(fmax(py, 0), SIDE - 1);
    x0 = (int)px;
    y0 = (int)py;
    x1 = x0 + 1 < SIDE ? x0 + 1 : x0;
    y1 = y0 + 1 < SIDE ? y0 + 1 : y0;
    for (int k = 0; k < PROTOTYPES; k++) {
        const float *plane = prototypes + k * SIDE * SIDE;
        double above = plane[y0 * SIDE + x0] * (1 - (px - x0)) + plane[y0 * SIDE + x1] * (px - x0);
        double below = plane[y1 * SIDE + x0] * (1 - (px - x0)) + plane[y1 * SIDE + x1] * (px - x0);

        sum += coefficients[k] * (above * (1 - (py - y0)) + below * (py - y0));
    }
    return sum > 0;
}

TEST(mask_decoder_draws_what_the_definition_says)
{
    static const int sizes[][2] = { { 100, 60 }, { 37, 90 }, { 64, 64 }, { 9, 7 } };
    float values[PROTOTYPES * SIDE * SIDE], coefficients[PROTOTYPES];
    struct mask_prototypes prototypes = { values, PROTOTYPES, SIDE, SIDE, INPUT, INPUT };
    struct mask_decoder decoder = { 0 };
    struct mask mask = MASK_INIT;
    struct rng rng = rng_for(4, 0, 0);
    struct error err = { 0 };
    uint8_t *pixels = calloc(100 * 100, 1);

    CHECK(pixels);
    for (int round = 0; round < 40; round++) {
        int width = sizes[round % 4][0], height = sizes[round % 4][1], inside = 0;
        struct letterbox_view v = letterbox_view_of(width, height, INPUT, INPUT);
        struct object_box box = { rng_uniform(&rng) * width / 2, rng_uniform(&rng) * height / 2,
                                  rng_uniform(&rng) * width, rng_uniform(&rng) * height };

        for (int i = 0; i < PROTOTYPES * SIDE * SIDE; i++)
            values[i] = (float)rng_normal(&rng);
        for (int k = 0; k < PROTOTYPES; k++)
            coefficients[k] = (float)rng_normal(&rng);
        CHECK_OK(mask_decoder_draw(&decoder, &v, &prototypes, coefficients, &box, &mask, &err),
                 err);
        CHECK(mask.width == width && mask.height == height);
        memset(pixels, 0, 100 * 100);
        mask_write_pixels(&mask, pixels, width, 1);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                bool in_box = x + 0.5 >= box.x && x + 0.5 < box.x + box.w && y + 0.5 >= box.y &&
                              y + 0.5 < box.y + box.h;
                bool expected = in_box && is_inside(&v, values, coefficients, x, y);

                if (pixels[y * width + x] != expected)
                    test_fail(__FILE__, __LINE__, "round %d: pixel %d, %d", round, x, y);
                inside += expected;
            }
        CHECK(inside == mask_area(&mask));
    }
    mask_release(&mask);
    mask_decoder_release(&decoder);
    free(pixels);
}

TEST(mask_decoder_draws_nothing_in_an_empty_box)
{
    float values[SIDE * SIDE] = { 1 }, one = 1;
    struct mask_prototypes prototypes = { values, 1, SIDE, SIDE, INPUT, INPUT };
    struct letterbox_view v = letterbox_view_of(100, 60, INPUT, INPUT);
    struct object_box box = { 100, 10, 0, 5 };
    struct mask_decoder decoder = { 0 };
    struct mask mask = MASK_INIT;
    struct error err = { 0 };

    CHECK_OK(mask_decoder_draw(&decoder, &v, &prototypes, &one, &box, &mask, &err), err);
    CHECK(mask_area(&mask) == 0 && mask.width == 100);
    mask_release(&mask);
    mask_decoder_release(&decoder);
}

/* Two anchors of one class that do not overlap and one that is suppressed; a prototype that is
 * positive on the left half of the input, and two key points. */
static void find_in_example(struct detections *found)
{
    static const float boxes[4][3] = { { 16, 48, 17 }, { 32, 32, 32 }, { 20, 20, 20 },
                                       { 30, 10, 30 } };
    static const float scores[3] = { 0.6f, 0.9f, 0.5f };
    static const float coefficients[3] = { 1, -1, 1 };
    static const float keypoints[6][3] = { { 10, 40, 0 }, { 20, 30, 0 }, { 0.9f, 0.2f, 0 },
                                           { 12, 42, 0 }, { 22, 32, 0 }, { 0.8f, 0.7f, 0 } };
    float values[SIDE * SIDE];
    struct detection_head head = {
        .found = { .anchors = 3, .classes = 1, .boxes = { boxes[0], 3, 1 },
                   .scores = { scores, 3, 1 } },
        .coefficients = { coefficients, 3, 1 },
        .prototypes = { values, 1, SIDE, SIDE, INPUT, INPUT },
        .keypoints = { keypoints[0], 3, 1 },
        .keypoint_count = 2,
        .keypoint_size = 3,
    };
    struct nms_options options = { .confidence = 0.25, .iou = 0.45, .limit = 100 };
    struct letterbox_view v = letterbox_view_of(128, 128, INPUT, INPUT);
    struct error err = { 0 };

    for (int i = 0; i < SIDE * SIDE; i++)
        values[i] = i % SIDE < SIDE / 2 ? 1 : -1;
    CHECK_OK(detections_find(found, &head, &options, &v, &err), err);
}

TEST(detections_are_boxes_masks_and_keypoints_of_the_image)
{
    struct detections d = { 0 };

    for (int again = 0; again < 2; again++) { /* with the memory of the first time */
        find_in_example(&d);
        CHECK(d.count == 2 && d.anchors[0] == 1 && d.anchors[1] == 0);
        CHECK_NEAR(d.items[0].score, 0.9, 1e-6);
        CHECK(d.items[0].box.x == 76 && d.items[0].box.y == 54 && d.items[0].box.w == 40 &&
              d.items[0].box.h == 20);
        CHECK(d.items[0].keypoints[0] == 80 && d.items[0].keypoints[4] == 64);
        CHECK(mask_area(d.items[0].mask) == 40 * 20); /* the right half: minus -1 */
        CHECK(mask_area(d.items[1].mask) == 40 * 60);
    }
    detections_release(&d);
}

static json_t *read_answer(const struct detections *d, bool everything)
{
    static const char *const names[] = { "cell" };
    struct prediction_json options = { .class_names = names, .keypoint_count = 2,
                                       .has_masks = everything, .has_keypoints = everything,
                                       .image_width = 128, .image_height = 128 };
    struct str text = STR_INIT;
    struct error err = { 0 };
    struct json_writer w;
    json_t *tree;

    json_begin(&w, &text);
    json_object_open(&w);
    CHECK_OK(prediction_json_write(&options, d->items, d->count, &w, &err), err);
    json_key(&w, "coco");
    json_array_open(&w);
    prediction_json_write_coco(&options, 7, NULL, d->items, d->count, &w);
    json_close(&w);
    json_close(&w);
    tree = json_parse(text.text, text.length, "answer", &err);
    CHECK(tree);
    str_release(&text);
    return tree;
}

static double number_at(const json_t *list, size_t index)
{
    return json_number_value(json_array_get(list, index));
}

TEST(prediction_json_has_what_the_tasks_need)
{
    struct detections d = { 0 };
    struct mask mask = MASK_INIT;
    struct error err = { 0 };
    json_t *tree, *row, *counts;

    find_in_example(&d);
    tree = read_answer(&d, true);
    row = json_array_get(json_object_get(tree, "predictions"), 0);
    CHECK(json_array_size(json_object_get(tree, "predictions")) == 1);
    CHECK_TEXT(json_string_value(json_object_get(row, "label")), "cell");
    CHECK(json_integer_value(json_object_get(row, "count")) == 2);
    CHECK_NEAR(json_number_value(json_object_get(row, "confidence")), 0.9, 1e-6);
    CHECK(json_integer_value(json_object_get(tree, "num_detections")) == 2);
    row = json_array_get(json_object_get(tree, "predicted_boxes"), 0);
    CHECK(number_at(json_object_get(row, "bbox"), 0) == 96 &&
          number_at(json_object_get(row, "bbox"), 1) == 64 &&
          number_at(json_object_get(row, "bbox"), 3) == 20);
    CHECK(json_number_value(json_object_get(row, "x2")) == 116);
    CHECK_TEXT(json_string_value(json_object_get(row, "format")), "yolo");
    row = json_array_get(json_object_get(tree, "predicted_masks"), 0);
    CHECK(json_array_size(json_object_get(row, "polygon")) == 4);
    counts = json_object_get(json_object_get(row, "rle"), "counts");
    CHECK_OK(mask_set_text(&mask, 128, 128, json_string_value(counts), json_string_length(counts),
                           &err),
             err);
    CHECK(mask_iou(&mask, d.items[0].mask, false) == 1);
    row = json_array_get(json_object_get(tree, "predicted_keypoints"), 1);
    CHECK(json_array_size(json_object_get(row, "keypoints")) == 2);
    row = json_array_get(json_object_get(tree, "coco"), 1);
    CHECK(json_integer_value(json_object_get(row, "image_id")) == 7);
    CHECK(json_integer_value(json_object_get(row, "category_id")) == 1);
    CHECK(number_at(json_object_get(row, "bbox"), 0) == 12);
    CHECK(json_array_size(json_object_get(row, "keypoints")) == 6);
    json_decref(tree);
    mask_release(&mask);
    detections_release(&d);
}

TEST(prediction_json_is_never_without_a_first_row)
{
    struct detections nothing = { 0 };
    json_t *tree = read_answer(&nothing, true), *row;

    row = json_array_get(json_object_get(tree, "predictions"), 0);
    CHECK(json_integer_value(json_object_get(row, "label_id")) == -1);
    CHECK(json_integer_value(json_object_get(tree, "num_detections")) == 0);
    CHECK(json_array_size(json_object_get(tree, "predicted_masks")) == 0);
    CHECK(json_is_array(json_object_get(tree, "predicted_keypoints")));
    json_decref(tree);
    tree = read_answer(&nothing, false);
    CHECK(!json_object_get(tree, "predicted_masks"));
    json_decref(tree);
}
