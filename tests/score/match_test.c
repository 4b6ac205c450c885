/* match_test.c - masks match by what they have in common, pixel by pixel, although most pairs are
 * told apart by their boxes and areas. */

#include "score/match.h"

#include "base/error.h"
#include "base/rng.h"
#include "data/mask.h"
#include "test.h"

#include <string.h>

#define WIDTH 23
#define HEIGHT 17
#define ROUNDS 3000

/* A rectangle with some holes and some dots beside it. */
static void fill(struct mask *mask, struct rng *rng, uint32_t noise)
{
    uint8_t pixels[HEIGHT * WIDTH] = { 0 };
    int left = (int)rng_below(rng, 8), top = (int)rng_below(rng, 6);
    int right = left + (int)rng_below(rng, (uint32_t)(WIDTH - left));
    int bottom = top + (int)rng_below(rng, (uint32_t)(HEIGHT - top));
    struct error err;

    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            bool inside = x >= left && x < right && y >= top && y < bottom;

            pixels[y * WIDTH + x] = rng_below(rng, 100) < noise ? !inside : inside;
        }
    CHECK_OK(mask_set_pixels(mask, WIDTH, HEIGHT, pixels, WIDTH, &err), err);
}

TEST(masks_match_where_their_overlap_reaches_the_threshold)
{
    const struct overlap_rule rule = { .kind = OVERLAP_MASK };
    struct mask found_mask = MASK_INIT, truth_mask = MASK_INIT;
    struct image_object found = { .mask = &found_mask }, truth = { .mask = &truth_mask };
    const struct image_object *found_list[] = { &found }, *truth_list[] = { &truth };
    struct rng rng = rng_for(12, 0, 0);
    struct matcher matcher = { 0 };
    int matches = 0;

    for (int round = 0; round < ROUNDS; round++) {
        struct match_flags flags;
        int counting[MATCH_RANGES];
        double overlap;

        fill(&found_mask, &rng, (uint32_t)round % 3);
        fill(&truth_mask, &rng, (uint32_t)round % 2);
        if (round % 7 == 0)
            CHECK(!mask_unite(&truth_mask, &found_mask, &(struct error){ 0 }));
        truth.is_crowd = round % 5 == 0;
        overlap = mask_iou(&found_mask, &truth_mask, truth.is_crowd);
        matcher_run(&matcher, &rule, found_list, 1, truth_list, 1, &flags, counting);
        for (int t = 0; t < MATCH_THRESHOLDS; t++) {
            bool is_matched = flags.matched[MATCH_ALL] >> t & 1;

            if (is_matched != (overlap >= match_threshold(t)))
                test_fail(__FILE__, __LINE__, "round %d: overlap %.17g at %g", round, overlap,
                          match_threshold(t));
            matches += is_matched;
        }
    }
    CHECK(matches > ROUNDS / 2);
    mask_release(&found_mask);
    mask_release(&truth_mask);
    matcher_release(&matcher);
}
