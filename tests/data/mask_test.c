/* Masks as runs: text, polygons, outlines, overlaps. */
#include "data/mask.h"
#include "base/error.h"
#include "base/rng.h"
#include "base/str.h"
#include "test.h"
#include <stdlib.h>

static struct error err;

static void random_mask(struct mask *mask, int width, int height, uint64_t seed, uint8_t *pixels)
{
    struct rng rng = rng_for(seed, 0, 0);

    memset(pixels, 0, (size_t)width * (size_t)height);
    for (int blob = 0; blob < 5; blob++) {
        int x0 = (int)rng_below(&rng, (uint32_t)width), y0 = (int)rng_below(&rng, (uint32_t)height);
        int w = 1 + (int)rng_below(&rng, 12), h = 1 + (int)rng_below(&rng, 12);

        for (int y = y0; y < y0 + h && y < height; y++)
            for (int x = x0; x < x0 + w && x < width; x++)
                pixels[y * width + x] ^= 1;
    }
    CHECK_OK(mask_set_pixels(mask, width, height, pixels, width, &err), err);
}

TEST(mask_text_is_that_of_coco)
{
    /* counts 6 1 40 4 5 4 5 4 21 of a 9 x 10 mask, packed by hand after the format's definition */
    static const uint32_t runs[] = { 6, 1, 40, 4, 5, 4, 5, 4, 21 };
    struct mask mask = MASK_INIT, back = MASK_INIT;
    struct str text = STR_INIT;

    CHECK_OK(mask_set_runs(&mask, 9, 10, runs, 9, &err), err);
    mask_write_text(&mask, &text);
    /* 6, 1, 40 = 8 + 1 * 32, then 4 - 1 = 3, 5 - 40 = -35, 4 - 4, 5 - 5, 4 - 4, 21 - 5 = 16 */
    CHECK_TEXT(text.text, "61X13mN000`0");
    CHECK_OK(mask_set_text(&back, 9, 10, text.text, text.length, &err), err);
    CHECK(back.run_count == 9 && !memcmp(back.runs, runs, sizeof(runs)));
    CHECK(mask_area(&mask) == 13);
    mask_release(&mask);
    mask_release(&back);
    str_release(&text);
}

TEST(mask_goes_through_text_pixels_and_outlines_and_back)
{
    uint8_t pixels[31 * 23], again[31 * 23];
    struct mask mask = MASK_INIT, back = MASK_INIT;
    struct mask_rings rings = { 0 };
    struct str text = STR_INIT;

    for (uint64_t seed = 0; seed < 200; seed++) {
        double area = 0;

        random_mask(&mask, 31, 23, seed, pixels);
        str_clear(&text);
        mask_write_text(&mask, &text);
        CHECK_OK(mask_set_text(&back, 31, 23, text.text, text.length, &err), err);
        mask_write_pixels(&back, again, 31, 1);
        CHECK(!memcmp(pixels, again, sizeof(pixels)));
        CHECK_OK(mask_trace(&mask, &rings, &err), err);
        for (int i = 0; i < rings.ring_count; i++) { /* pieces add, holes take away */
            const struct annotation_point *p = rings.points + rings.rings[i].first_point;
            double twice = 0;

            for (int k = 0; k < rings.rings[i].point_count; k++) {
                const struct annotation_point *a = &p[k];
                const struct annotation_point *b = &p[(k + 1) % rings.rings[i].point_count];

                twice += (double)(a->x * b->y - b->x * a->y);
            }
            area += twice / 2;
        }
        CHECK_NEAR(area, (double)mask_area(&mask), 1e-3);
        /* even-odd of the outlines at the pixels' middles is the mask */
        for (int y = 0; y < 23; y++)
            for (int x = 0; x < 31; x++) {
                bool inside = false;

                for (int i = 0; i < rings.ring_count; i++) {
                    const struct annotation_point *p = rings.points + rings.rings[i].first_point;
                    int count = rings.rings[i].point_count;

                    for (int k = 0; k < count; k++) {
                        const struct annotation_point *a = &p[k], *b = &p[(k + 1) % count];

                        if ((a->y > (float)y + 0.5f) != (b->y > (float)y + 0.5f) &&
                            (float)x + 0.5f < a->x)
                            inside = !inside;
                    }
                }
                CHECK(inside == (pixels[y * 31 + x] != 0));
            }
    }
    mask_release(&mask);
    mask_release(&back);
    mask_rings_release(&rings);
    str_release(&text);
}

TEST(mask_keeps_pieces_that_touch_at_a_corner_apart)
{
    const uint8_t pixels[] = { 1, 0, 0, 1 };
    struct mask mask = MASK_INIT;
    struct mask_rings rings = { 0 };

    CHECK_OK(mask_set_pixels(&mask, 2, 2, pixels, 2, &err), err);
    CHECK_OK(mask_trace(&mask, &rings, &err), err);
    CHECK(rings.ring_count == 2 && rings.point_count == 8);
    mask_release(&mask);
    mask_rings_release(&rings);
}

TEST(mask_overlaps_are_those_of_pixels)
{
    uint8_t a_pixels[20 * 17], b_pixels[20 * 17];
    struct mask a = MASK_INIT, b = MASK_INIT;

    for (uint64_t seed = 0; seed < 100; seed++) {
        int common = 0, either = 0, in_a = 0;

        random_mask(&a, 20, 17, seed, a_pixels);
        random_mask(&b, 20, 17, seed + 1000, b_pixels);
        for (int i = 0; i < 20 * 17; i++) {
            common += a_pixels[i] && b_pixels[i];
            either += a_pixels[i] || b_pixels[i];
            in_a += a_pixels[i];
        }
        CHECK(mask_common(&a, &b) == common);
        CHECK_NEAR(mask_iou(&a, &b, false), (double)common / either, 1e-12);
        CHECK_NEAR(mask_iou(&a, &b, true), in_a ? (double)common / in_a : 0, 1e-12);
        CHECK_OK(mask_unite(&a, &b, &err), err);
        CHECK(mask_area(&a) == either);
    }
    mask_release(&a);
    mask_release(&b);
}

TEST(mask_fills_whole_boxes_exactly)
{
    const struct annotation_box box = { 3, 2, 9, 7 };
    struct mask mask = MASK_INIT;
    struct annotation_box around;

    CHECK_OK(mask_set_box(&mask, 12, 10, &box, &err), err);
    CHECK(mask_area(&mask) == 30);
    around = mask_box(&mask);
    CHECK(around.left == 3 && around.top == 2 && around.right == 9 && around.bottom == 7);
    mask_release(&mask);
}

/* The public tools' rounding: a triangle's pixels as they give them, checked against the count that
 * they print for it; and the area of a large disc. */
TEST(mask_fills_outlines_close_to_their_area)
{
    struct annotation_point points[200];
    struct mask mask = MASK_INIT;

    for (int i = 0; i < 200; i++)
        points[i] = (struct annotation_point){ (float)(100 + 80 * cos(2 * M_PI * i / 200)),
                                               (float)(90 + 60 * sin(2 * M_PI * i / 200)) };
    CHECK_OK(mask_set_ring(&mask, 200, 180, points, 200, &err), err);
    CHECK_NEAR((double)mask_area(&mask), annotation_ring_area(points, 200), 60);
    for (int i = 0; i < 200; i++) /* wholly outside */
        points[i].x += 400;
    CHECK_OK(mask_set_ring(&mask, 200, 180, points, 200, &err), err);
    CHECK(mask_area(&mask) == 0);
    mask_release(&mask);
}

TEST(mask_refuses_what_does_not_fit)
{
    const uint32_t runs[] = { 5, 4, 100 };
    struct mask mask = MASK_INIT;

    CHECK(mask_set_runs(&mask, 5, 5, runs, 3, &err) && strstr(err.text, "add up to"));
    CHECK(mask_set_runs(&mask, 5, 5, runs, 2, &err));
    CHECK(mask_set_text(&mask, 5, 5, "5", 1, &err));
    CHECK(mask_set_text(&mask, 5, 5, "o", 1, &err) && strstr(err.text, "broken"));
    CHECK(mask_set_text(&mask, 5, 5, "oooooooooooooooo", 16, &err));
    CHECK(mask_set_empty(&mask, 0, 5, &err) && mask_set_empty(&mask, 5, 1 << 20, &err));
    mask_release(&mask);
}
