/* nms_test.c - suppression against the plainest way to say it, and the way back to the image. */

#include "objects/nms.h"

#include "base/rng.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>

#define ANCHORS 60
#define CLASSES 4

struct scene {
    float boxes[4][ANCHORS], scores[CLASSES][ANCHORS];
};

/* Few places and few scores, so that overlaps and ties are many. */
static void fill(struct scene *scene, struct rng *rng)
{
    for (int a = 0; a < ANCHORS; a++) {
        scene->boxes[0][a] = (float)(10 * floor(8 * rng_uniform(rng)));
        scene->boxes[1][a] = (float)(10 * floor(4 * rng_uniform(rng)));
        scene->boxes[2][a] = scene->boxes[0][a] + (float)(10 * floor(5 * rng_uniform(rng)));
        scene->boxes[3][a] = scene->boxes[1][a] + 25;
        for (int c = 0; c < CLASSES; c++)
            scene->scores[c][a] = (float)(floor(8 * rng_uniform(rng)) / 8);
    }
}

static double iou_of(const struct scene *s, int a, int b)
{
    double w = fmin(s->boxes[2][a], s->boxes[2][b]) - fmax(s->boxes[0][a], s->boxes[0][b]);
    double h = fmin(s->boxes[3][a], s->boxes[3][b]) - fmax(s->boxes[1][a], s->boxes[1][b]);
    double area_a = (s->boxes[2][a] - s->boxes[0][a]) * (s->boxes[3][a] - s->boxes[1][a]);
    double area_b = (s->boxes[2][b] - s->boxes[0][b]) * (s->boxes[3][b] - s->boxes[1][b]);

    return w > 0 && h > 0 ? w * h / (area_a + area_b - w * h) : 0;
}

/* Again and again the best that nothing kept so far suppresses. */
static int brute_force(const struct scene *s, const struct nms_options *o, struct nms_kept *kept)
{
    bool is_gone[ANCHORS][CLASSES] = { 0 };
    int count = 0;

    for (int a = 0; a < ANCHORS; a++)
        for (int c = 0, best = 0; c < CLASSES; c++) {
            for (int k = 0; c == 0 && k < CLASSES; k++)
                best = s->scores[k][a] > s->scores[best][a] ? k : best;
            if (!(s->scores[c][a] > (float)o->confidence) || (!o->is_multi_label && c != best))
                is_gone[a][c] = true;
        }
    while (count < o->limit) {
        int a = -1, c = -1;

        for (int i = 0; i < ANCHORS; i++)
            for (int j = 0; j < CLASSES; j++)
                if (!is_gone[i][j] && (a < 0 || s->scores[j][i] > s->scores[c][a])) {
                    a = i;
                    c = j;
                }
        if (a < 0)
            break;
        is_gone[a][c] = true;
        kept[count++] = (struct nms_kept){ .anchor = a, .category = c, .score = s->scores[c][a] };
        for (int i = 0; i < ANCHORS; i++)
            for (int j = 0; j < CLASSES; j++)
                if ((o->is_agnostic || j == c) && iou_of(s, a, i) > o->iou)
                    is_gone[i][j] = true;
    }
    return count;
}

static struct nms_input input_of(const struct scene *s)
{
    return (struct nms_input){
        .anchors = ANCHORS, .classes = CLASSES, .has_corners = true,
        .boxes = { s->boxes[0], ANCHORS, 1 }, .scores = { s->scores[0], ANCHORS, 1 },
    };
}

TEST(nms_keeps_what_the_plainest_way_keeps)
{
    struct nms_kept kept[ANCHORS * CLASSES], expected[ANCHORS * CLASSES];
    struct nms nms = { 0 };

    for (uint64_t seed = 0; seed < 200; seed++) {
        struct rng rng = rng_for(seed, 0, 0);
        struct nms_options options = { .confidence = seed % 3 * 0.25, .iou = 0.2 + seed % 7 * 0.1,
                                       .limit = seed % 5 ? 300 : 7, .is_agnostic = seed & 1,
                                       .is_multi_label = seed >> 1 & 1 };
        struct scene scene;
        struct nms_input input = input_of(&scene);
        int count, expected_count;

        fill(&scene, &rng);
        if (options.limit > ANCHORS * CLASSES)
            options.limit = ANCHORS * CLASSES;
        count = nms_run(&nms, &input, &options, kept);
        expected_count = brute_force(&scene, &options, expected);
        if (count != expected_count)
            test_fail(__FILE__, __LINE__, "seed %d: %d kept, not %d", (int)seed, count,
                      expected_count);
        for (int i = 0; i < count; i++)
            if (kept[i].anchor != expected[i].anchor || kept[i].category != expected[i].category ||
                kept[i].score != expected[i].score)
                test_fail(__FILE__, __LINE__, "seed %d: row %d is anchor %d class %d", (int)seed,
                          i, kept[i].anchor, kept[i].category);
    }
    nms_release(&nms);
}

TEST(nms_reads_middles_in_rows_of_anchors_and_leaves_out_what_is_not_finite)
{
    /* x, y, w, h, and scores of two classes */
    static const float rows[][6] = { { 50, 40, 20, 10, 0.3f, 0.9f },
                                     { 51, 40, 20, 10, 0.1f, 0.8f }, /* suppressed */
                                     { 50, 40, 20, 10, 0.7f, 0.2f }, /* of the other class */
                                     { NAN, 40, 20, 10, 0.9f, 0.9f },
                                     { 0, 0, INFINITY, 10, 0.9f, 0.9f },
                                     { 90, 90, 5, 5, NAN, 0.6f } };
    struct nms_input input = { .anchors = 6, .classes = 2, .boxes = { rows[0], 1, 6 },
                               .scores = { rows[0] + 4, 1, 6 } };
    struct nms_options options = { .confidence = 0.25, .iou = 0.5, .limit = 10 };
    struct nms_kept kept[10];
    struct nms nms = { 0 };

    CHECK(nms_run(&nms, &input, &options, kept) == 3);
    CHECK(kept[0].anchor == 0 && kept[0].category == 1 && kept[0].score == 0.9f);
    CHECK(kept[0].left == 40 && kept[0].top == 35 && kept[0].right == 60 && kept[0].bottom == 45);
    CHECK(kept[1].anchor == 2 && kept[1].category == 0);
    CHECK(kept[2].anchor == 5 && kept[2].category == 1);
    options.is_agnostic = true;
    CHECK(nms_run(&nms, &input, &options, kept) == 2);
    CHECK(kept[1].anchor == 5);
    options.limit = 0;
    CHECK(nms_run(&nms, &input, &options, kept) == 0);
    nms_release(&nms);
}

/* Everything above the threshold, as with an untrained network and confidence 0.001. */
TEST(nms_of_all_candidates_of_a_large_head_ends)
{
    enum { anchors = 8400, classes = 80 };
    float *boxes = calloc((size_t)anchors * 4, sizeof(float));
    float *scores = calloc((size_t)anchors * classes, sizeof(float));
    struct nms_input input = { .anchors = anchors, .classes = classes,
                               .boxes = { boxes, anchors, 1 }, .scores = { scores, anchors, 1 } };
    struct nms_options options = { .confidence = 0.001, .iou = 0.7, .limit = 300,
                                   .is_multi_label = true };
    struct nms_kept *kept = calloc(300, sizeof(*kept));
    struct rng rng = rng_for(1, 0, 0);
    struct nms nms = { 0 };
    int count;

    CHECK(boxes && scores && kept);
    for (int i = 0; i < anchors; i++)
        for (int k = 0; k < 4; k++)
            boxes[k * anchors + i] = (float)((k < 2 ? 640 : 100) * rng_uniform(&rng));
    for (int i = 0; i < anchors * classes; i++)
        scores[i] = (float)(0.01 + 0.9 * rng_uniform(&rng));
    count = nms_run(&nms, &input, &options, kept);
    CHECK(count == 300);
    for (int i = 1; i < count; i++)
        CHECK(kept[i].score <= kept[i - 1].score);
    nms_release(&nms);
    free(boxes);
    free(scores);
    free(kept);
}
