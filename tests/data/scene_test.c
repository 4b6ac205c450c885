/* Each change of a scene keeps boxes, outlines and key points on the pixels that they belong to. */
#include "data/scene.h"
#include "base/error.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "data/mask.h"
#include "test.h"
#include "tree_support.h"
#include <math.h>
#include <stdlib.h>

#define SIDE 160

static struct error err;

static bool is_red(const struct scene *scene, int x, int y)
{
    const uint8_t *p = scene->pixels + 3 * (y * scene->width + x);

    return x >= 0 && y >= 0 && x < scene->width && y < scene->height && p[0] > p[1] + 60;
}

/* A data set of one image with one object: a slanted quadrilateral with two key points. */
struct fake {
    struct dataset dataset;
    int flip[2];
};

static const struct annotation_point corners[4] = { { 40, 50 }, { 100, 40 }, { 110, 90 },
                                                    { 50, 100 } };

static void make_fake(struct fake *fake)
{
    const struct annotation_keypoint points[2] = { { 55, 60, KEYPOINT_VISIBLE },
                                                   { 95, 80, KEYPOINT_HIDDEN } };
    struct annotations *all = &fake->dataset.annotations;
    struct annotation object = { .class_id = 3 };

    memset(fake, 0, sizeof(*fake));
    fake->flip[0] = 1;
    fake->dataset.flip_index = fake->flip;
    annotations_init(all, 2);
    object.box = annotation_box_around(corners, 4);
    CHECK_OK(annotations_begin_image(all, SIDE, SIDE, &err), err);
    CHECK(annotations_add(all, &object, &err));
    CHECK_OK(annotations_add_ring(all, corners, 4, &err), err);
    CHECK_OK(annotations_add_keypoints(all, points, &err), err);
}

static void paint_red(void *context, int y, int begin, int end)
{
    struct scene *scene = context;

    for (int x = begin; x < end; x++)
        memcpy(scene->pixels + 3 * (y * scene->width + x), (uint8_t[]){ 220, 30, 30 }, 3);
}

/* The object painted red on grey; its key points are marked by nothing but their place. */
static void make_scene(struct scene *scene, const struct fake *fake)
{
    CHECK_OK(scene_resize(scene, SIDE, SIDE, &err), err);
    scene_clear(scene);
    scene_fill(scene, SCENE_FILL);
    CHECK_OK(scene_add_annotations(scene, &fake->dataset, 0, 1, 1, 0, 0, &err), err);
    CHECK_OK(scene_paint(scene->points, scene->rings, 1, false, 1, SIDE, SIDE, paint_red, scene,
                         &err),
             err);
}

struct counts {
    const struct scene *scene;
    int inside, red;
};

static void count_red(void *context, int y, int begin, int end)
{
    struct counts *counts = context;

    for (int x = begin; x < end; x++) {
        counts->inside++;
        counts->red += is_red(counts->scene, x, y);
    }
}

/* All red pixels are inside the box, at most `slack` pixels from its sides; the outline covers them
 * and no others; key points are on red. */
static void check_scene(const struct scene *scene, double slack)
{
    int left = scene->width, top = scene->height, right = 0, bottom = 0, red = 0;
    struct counts counts = { .scene = scene };
    const struct scene_object *object = &scene->objects[0];

    CHECK(scene->object_count == 1 && object->class_id == 3);
    for (int y = 0; y < scene->height; y++)
        for (int x = 0; x < scene->width; x++)
            if (is_red(scene, x, y)) {
                red++;
                left = x < left ? x : left;
                right = x + 1 > right ? x + 1 : right;
                top = y < top ? y : top;
                bottom = y + 1 > bottom ? y + 1 : bottom;
            }
    CHECK(red > 50);
    CHECK_NEAR(object->box.left, left, slack);
    CHECK_NEAR(object->box.right, right, slack);
    CHECK_NEAR(object->box.top, top, slack);
    CHECK_NEAR(object->box.bottom, bottom, slack);
    CHECK_OK(scene_paint(scene->points, scene->rings + object->first_ring, object->ring_count,
                         object->is_even_odd, 1, scene->width, scene->height, count_red, &counts,
                         &err),
             err);
    CHECK_NEAR(counts.red, red, 0.04 * red + 4);
    CHECK_NEAR(counts.inside, red, 0.06 * red + 4);
    for (int k = 0; k < 2; k++) {
        const struct annotation_keypoint *point = &scene->keypoints[object->first_keypoint + k];

        if (point->visibility != KEYPOINT_ABSENT)
            CHECK(is_red(scene, (int)point->x, (int)point->y));
    }
}

/* Settings with everything off. */
static struct scene_settings nothing(void)
{
    return (struct scene_settings){ 0 };
}

static void check_warp(struct scene_settings settings)
{
    struct scene scene = SCENE_INIT, out = SCENE_INIT;
    struct fake fake;
    int different = 0;

    make_fake(&fake);
    for (int i = 0; i < 20; i++) {
        struct rng rng = rng_for(7, 1, (uint64_t)i);
        struct scene_map map;

        make_scene(&scene, &fake);
        map = scene_warp(&settings, SIDE, SIDE, SIDE, &rng);
        CHECK_OK(scene_map_pixels(&scene, &map, SIDE, SIDE, &out, &err), err);
        CHECK_OK(scene_map_objects(&scene, &map, SIDE, SIDE, true, &err), err);
        scene_clear(&out);
        CHECK_OK(scene_add_objects(&out, &scene, 0, 0, &err), err);
        if (out.object_count == 0) /* moved out of the image */
            continue;
        check_scene(&out, 2.5);
        different += fabsf(out.objects[0].box.left - 40) > 1;
    }
    CHECK(different > 5);
    scene_release(&scene);
    scene_release(&out);
    annotations_release(&fake.dataset.annotations);
}

TEST(scene_degrees_turn_objects_with_pixels)
{
    struct scene_settings settings = nothing();

    settings.degrees = 45;
    check_warp(settings);
}

TEST(scene_scale_resizes_objects_with_pixels)
{
    struct scene_settings settings = nothing();

    settings.scale = 0.5;
    check_warp(settings);
}

extern const struct scene_change scene_scale;

/* The factor of the map, drawn `count` times: the least of all, and how often it was met. */
static double least_factor(double range, int count, int *times)
{
    struct scene_settings settings = nothing();
    double least = INFINITY;

    settings.scale = range;
    *times = 0;
    for (int i = 0; i < count; i++) {
        struct rng rng = rng_for(11, 1, (uint64_t)i), same = rng;
        struct scene_map map = SCENE_MAP_SAME;
        double factor;

        scene_scale.bend(&map, &settings, SIDE, &rng);
        factor = map.m[0];
        if (range <= 0.9)
            CHECK(factor == rng_between(&same, 1 - range, 1 + range));
        CHECK(factor <= 1 + range);
        *times = factor < least ? 1 : *times + (factor == least);
        least = factor < least ? factor : least;
    }
    return least;
}

TEST(scene_scale_of_wide_ranges_leaves_something_to_see)
{
    int times;

    CHECK_NEAR(least_factor(0.5, 200, &times), 0.5, 0.02);
    CHECK_NEAR(least_factor(0.9, 200, &times), 0.1, 0.02);
    CHECK(least_factor(1, 1000, &times) >= 0.1 && times == 1);
    CHECK(least_factor(2, 1000, &times) >= 0.1 && times == 1); /* and nothing piles up there */
}

TEST(scene_translate_moves_objects_with_pixels)
{
    struct scene_settings settings = nothing();

    settings.translate = 0.3;
    check_warp(settings);
}

TEST(scene_shear_slants_objects_with_pixels)
{
    struct scene_settings settings = nothing();

    settings.shear = 20;
    check_warp(settings);
}

TEST(scene_perspective_tilts_objects_with_pixels)
{
    struct scene_settings settings = nothing();

    settings.perspective = 0.001;
    check_warp(settings);
}

TEST(scene_mirrors_objects_and_exchanges_left_and_right)
{
    struct scene scene = SCENE_INIT;
    struct fake fake;

    make_fake(&fake);
    make_scene(&scene, &fake);
    scene_mirror(&scene);
    check_scene(&scene, 1);
    CHECK_NEAR(scene.objects[0].box.left, SIDE - 110, 1e-4);
    CHECK_NEAR(scene.points[0].x, SIDE - 40, 1e-4);
    /* the second point, hidden, is now the first */
    CHECK(scene.keypoints[0].visibility == KEYPOINT_HIDDEN);
    CHECK_NEAR(scene.keypoints[0].x, SIDE - 95, 1e-4);
    CHECK(scene.keypoints[1].visibility == KEYPOINT_VISIBLE);
    scene_upside_down(&scene);
    check_scene(&scene, 1);
    CHECK_NEAR(scene.objects[0].box.top, SIDE - 100, 1e-4);
    CHECK(scene.keypoints[0].visibility == KEYPOINT_HIDDEN);
    scene_release(&scene);
    annotations_release(&fake.dataset.annotations);
}

static const struct scene_change *find_change(const char *name)
{
    for (int i = 0; i < scene_change_count; i++)
        if (!strcmp(scene_changes[i]->name, name))
            return scene_changes[i];
    return NULL;
}

TEST(scene_flips_as_often_as_asked)
{
    struct scene_settings settings = nothing();
    struct scene scene = SCENE_INIT;
    struct fake fake;
    int mirrored = 0;

    settings.fliplr = 0.25;
    make_fake(&fake);
    for (int i = 0; i < 400; i++) {
        struct rng rng = rng_for(3, 2, (uint64_t)i);

        make_scene(&scene, &fake);
        find_change("fliplr")->apply(&scene, &settings, &rng);
        mirrored += scene.objects[0].box.left > 45;
        find_change("flipud")->apply(&scene, &settings, &rng); /* off */
        CHECK_NEAR(scene.objects[0].box.top, 40, 1e-4);
    }
    CHECK(mirrored > 70 && mirrored < 130);
    scene.flip_index = NULL; /* which point is which in a mirror is not known */
    settings.fliplr = 1;
    for (int i = 0; i < 10; i++) {
        struct rng rng = rng_for(3, 2, (uint64_t)i);
        float left = scene.objects[0].box.left;

        find_change("fliplr")->apply(&scene, &settings, &rng);
        CHECK(scene.objects[0].box.left == left);
    }
    scene_release(&scene);
    annotations_release(&fake.dataset.annotations);
}

TEST(scene_hsv_changes_colours_and_no_objects)
{
    struct scene_settings settings = nothing();
    struct scene scene = SCENE_INIT, before = SCENE_INIT;
    struct rng rng = rng_for(5, 1, 1);
    struct fake fake;
    int changed = 0;

    make_fake(&fake);
    make_scene(&scene, &fake);
    CHECK_OK(scene_copy(&before, &scene, &err), err);
    find_change("hsv")->apply(&scene, &settings, &rng);
    CHECK(memcmp(scene.pixels, before.pixels, 3 * SIDE * SIDE) == 0);
    settings.hsv_h = 0.015, settings.hsv_s = 0.7, settings.hsv_v = 0.4;
    find_change("hsv")->apply(&scene, &settings, &rng);
    for (int i = 0; i < 3 * SIDE * SIDE; i++)
        changed += scene.pixels[i] != before.pixels[i];
    CHECK(changed > SIDE * SIDE);
    CHECK(memcmp(scene.points, before.points, sizeof(*scene.points) * 4) == 0);
    /* grey has no hue: it stays grey */
    CHECK(scene.pixels[0] == scene.pixels[1] && scene.pixels[1] == scene.pixels[2]);
    scene_release(&scene);
    scene_release(&before);
    annotations_release(&fake.dataset.annotations);
}

TEST(scene_mosaic_moves_objects_to_their_parts)
{
    struct scene canvas = SCENE_INIT, part = SCENE_INIT;
    struct scene_map same = SCENE_MAP_SAME;
    struct fake fake;
    int centre[2], total = 0;

    make_fake(&fake);
    make_scene(&part, &fake);
    for (int i = 0; i < 20; i++) {
        struct rng rng = rng_for(9, 1, (uint64_t)i);

        for (int k = 0; k < 4; k++)
            CHECK_OK(scene_mosaic(&canvas, &part, SIDE, &rng, k, centre, &err), err);
        CHECK(canvas.width == 2 * SIDE && canvas.object_count == 4);
        CHECK(centre[0] >= SIDE / 2 && centre[0] <= SIDE * 3 / 2);
        CHECK_NEAR(canvas.objects[3].box.left, centre[0] + 40, 1e-3);
        CHECK_NEAR(canvas.objects[0].box.top, centre[1] - SIDE + 40, 1e-3);
        CHECK_OK(scene_map_objects(&canvas, &same, 2 * SIDE, 2 * SIDE, true, &err), err);
        total += canvas.object_count;
        for (int k = 0; k < canvas.object_count; k++) {
            const struct scene_object *object = &canvas.objects[k];
            struct counts counts = { .scene = &canvas };

            CHECK(object->box.left >= 0 && object->box.right <= 2 * SIDE);
            CHECK_OK(scene_paint(canvas.points, canvas.rings + object->first_ring,
                                 object->ring_count, false, 1, 2 * SIDE, 2 * SIDE, count_red,
                                 &counts, &err),
                     err);
            CHECK(counts.inside > 0 && counts.red == counts.inside);
            for (int p = 0; p < 2; p++) {
                const struct annotation_keypoint *point =
                    &canvas.keypoints[object->first_keypoint + p];

                CHECK(point->visibility == KEYPOINT_ABSENT ||
                      is_red(&canvas, (int)point->x, (int)point->y));
            }
        }
    }
    CHECK(total > 50);
    scene_release(&canvas);
    scene_release(&part);
    annotations_release(&fake.dataset.annotations);
}

TEST(scene_mixup_keeps_the_objects_of_both)
{
    struct scene scene = SCENE_INIT, other = SCENE_INIT;
    struct rng rng = rng_for(1, 1, 1);
    struct fake fake;
    int red;

    make_fake(&fake);
    make_scene(&scene, &fake);
    make_scene(&other, &fake);
    scene_upside_down(&other);
    red = scene.pixels[3 * (60 * SIDE + 60)];
    CHECK_OK(scene_mixup(&scene, &other, &rng, &err), err);
    CHECK(scene.object_count == 2 && scene.keypoint_total == 4);
    CHECK_NEAR(scene.objects[1].box.top, SIDE - 100, 1e-4);
    CHECK(scene.points[scene.rings[scene.objects[1].first_ring].first_point].y == SIDE - 50);
    CHECK(scene.pixels[3 * (45 * SIDE + 80)] < red && scene.pixels[3 * (45 * SIDE + 80)] > 114);
    scene_release(&scene);
    scene_release(&other);
    annotations_release(&fake.dataset.annotations);
}

TEST(scene_copy_paste_adds_what_hides_little)
{
    struct scene_settings settings = nothing();
    struct scene scene = SCENE_INIT, spare = SCENE_INIT;
    struct rng rng = rng_for(1, 1, 1);
    struct scene_map left = { { 0.4, 0, 0, 0, 0.4, 0, 0, 0, 1 } };
    struct scene small = SCENE_INIT;
    struct fake fake;

    settings.copy_paste = 1;
    make_fake(&fake);
    make_scene(&scene, &fake);
    CHECK_OK(scene_copy_paste(&scene, &spare, &settings, &rng, &err), err);
    CHECK(scene.object_count == 1); /* the mirror image lies over the object itself */
    CHECK_OK(scene_map_pixels(&scene, &left, SIDE, SIDE, &small, &err), err);
    CHECK_OK(scene_map_objects(&scene, &left, SIDE, SIDE, true, &err), err);
    CHECK_OK(scene_add_objects(&small, &scene, 0, 0, &err), err);
    CHECK_OK(scene_copy_paste(&small, &spare, &settings, &rng, &err), err);
    CHECK(small.object_count == 2);
    CHECK_NEAR(small.objects[1].box.right, SIDE - 16, 0.01);
    CHECK(is_red(&small, SIDE - 30, 28));
    CHECK(small.keypoints[small.objects[1].first_keypoint].visibility == KEYPOINT_HIDDEN);
    scene_release(&scene);
    scene_release(&spare);
    scene_release(&small);
    annotations_release(&fake.dataset.annotations);
}

TEST(scene_drops_objects_that_are_cut_off)
{
    struct scene scene = SCENE_INIT;
    struct fake fake;
    struct scene_map map = SCENE_MAP_SAME;

    make_fake(&fake);
    make_scene(&scene, &fake);
    map.m[2] = -60; /* half of it is left */
    CHECK_OK(scene_map_objects(&scene, &map, SIDE, SIDE, true, &err), err);
    CHECK(scene.object_count == 1 && scene.objects[0].box.left == 0);
    CHECK(scene.keypoints[0].visibility == KEYPOINT_ABSENT);
    CHECK(scene.keypoints[1].visibility == KEYPOINT_HIDDEN);
    map.m[2] = -46; /* 4 of 50 columns: enough of an outline, too little of a box */
    CHECK_OK(scene_map_objects(&scene, &map, SIDE, SIDE, true, &err), err);
    CHECK(scene.object_count == 1);
    make_scene(&scene, &fake);
    scene.objects[0].ring_count = 0;
    map.m[2] = -106;
    CHECK_OK(scene_map_objects(&scene, &map, SIDE, SIDE, true, &err), err);
    CHECK(scene.object_count == 0);
    make_scene(&scene, &fake);
    map = (struct scene_map){ { 0.02, 0, 0, 0, 0.02, 0, 0, 0, 1 } };
    CHECK_OK(scene_map_objects(&scene, &map, SIDE, SIDE, true, &err), err);
    CHECK(scene.object_count == 0); /* less than 2 pixels */
    scene_release(&scene);
    annotations_release(&fake.dataset.annotations);
}

TEST(scene_closes_mosaic_in_the_last_epochs)
{
    struct scene_settings settings;

    scene_settings_init(&settings);
    settings.epochs = 30;
    settings.mixup = 0.5;
    CHECK(scene_settings_of_epoch(&settings, 19).mosaic == 1);
    CHECK(scene_settings_of_epoch(&settings, 20).mosaic == 0);
    CHECK(scene_settings_of_epoch(&settings, 20).mixup == 0);
    CHECK(scene_settings_of_epoch(&settings, 20).hsv_s == 0.7);
    settings.epochs = settings.close_mosaic; /* a run without anything but its end keeps it all */
    CHECK(scene_settings_of_epoch(&settings, 0).mosaic == 1);
    settings.scale = 3;
    CHECK(scene_settings_check(&settings, &err) && strstr(err.text, "scale is 3"));
}

/* A pattern resized by OpenCV 4.6, cv2.resize(a, (7, 5)) of 11 x 9 and (13, 12) of the same, where
 * a[y][x] = (x * 37 + y * 101 + c * 59) % 256. */
TEST(linear_resize_equals_opencv_within_a_level)
{
#include "linear_resize_golden.h"
    uint8_t source[9 * 11 * 3], small[5 * 7 * 3], large[12 * 13 * 3];
    struct linear_scratch scratch = { 0 };

    for (int y = 0; y < 9; y++)
        for (int x = 0; x < 11; x++)
            for (int c = 0; c < 3; c++)
                source[3 * (11 * y + x) + c] = (uint8_t)((x * 37 + y * 101 + c * 59) % 256);
    CHECK_OK(linear_resize(&scratch, source, 11, 9, small, 7, 5, 21, &err), err);
    CHECK_OK(linear_resize(&scratch, source, 11, 9, large, 13, 12, 39, &err), err);
    for (int i = 0; i < 5 * 7 * 3; i++)
        CHECK(abs(small[i] - golden_small[i]) <= 1);
    for (int i = 0; i < 12 * 13 * 3; i++)
        CHECK(abs(large[i] - golden_large[i]) <= 1);
    linear_scratch_release(&scratch);
}
