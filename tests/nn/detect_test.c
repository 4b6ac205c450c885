/* detect_test.c - decoding, assignment and the losses of detectors, against their definitions. */

#include "nn/box_math.h"
#include "nn/gradient.h"
#include "nn/layers.h"
#include "nn/ops_support.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define BINS 16
#define GRIDS(size) { .image = { size, size }, .stride = { 8, 16, 32 } }

struct detect_case {
    int images, size, classes, most;
    int points, point_size;
    int objects; /* per image; the last image is padding when there are several */
};

static struct anchor_grids grids_of(const struct detect_case *c)
{
    return (struct anchor_grids)GRIDS(c->size);
}

static int64_t anchors_of(const struct detect_case *c)
{
    struct anchor_grids grids = grids_of(c);

    return anchor_count(&grids);
}

static int objects_of(const struct detect_case *c, int image)
{
    return c->images > 1 && image == c->images - 1 ? -1 : c->objects;
}

/* --- inputs ----------------------------------------------------------------------------------- */

static struct value *input(struct graph *graph, const char *name, struct shape shape)
{
    return graph_input(graph, name, shape, DTYPE_F32);
}

static struct value *learned(struct graph *graph, const char *name, struct shape shape)
{
    return graph_parameter(graph, name, shape, (struct init){ INIT_UNIFORM, 2 });
}

static double *find(struct numbers *numbers, const char *name)
{
    const struct value *value = graph_find(numbers->graph, name);

    return value ? numbers_of(numbers, value) : NULL;
}

static void set_boxes(struct numbers *numbers, const struct detect_case *c, struct rng *rng)
{
    double *boxes = find(numbers, "boxes"), *points = find(numbers, "key_points");

    for (int i = 0; i < c->images * c->most; i++, boxes += 4) {
        bool is_there = i % c->most < objects_of(c, i / c->most);

        for (int axis = 0; axis < 2; axis++) {
            double length = rng_between(rng, 0.2, 0.7) * c->size;

            boxes[axis] = is_there ? rng_between(rng, 0, c->size - length) : NAN;
            boxes[2 + axis] = boxes[axis] + length;
        }
        for (int k = 0; points && k < c->points; k++, points += 3) {
            points[0] = is_there ? rng_between(rng, boxes[0], boxes[2]) : NAN;
            points[1] = is_there ? rng_between(rng, boxes[1], boxes[3]) : NAN;
            points[2] = is_there ? rng_below(rng, 3) : NAN;
        }
    }
}

/* Targets, and an assignment that gives a third of the anchors an object. */
static void set_targets(struct numbers *numbers, const void *context)
{
    const struct detect_case *c = context;
    struct rng rng = rng_for(7, (uint64_t)c->size, (uint64_t)c->objects);
    double *index = find(numbers, "index"), *score = find(numbers, "score");
    double *totals = find(numbers, "totals"), *classes = find(numbers, "classes");
    double *masks = find(numbers, "masks");
    int64_t anchors = anchors_of(c);
    int side = c->size / 4;

    set_boxes(numbers, c, &rng);
    for (int i = 0; i < c->images; i++)
        find(numbers, "counts")[i] = objects_of(c, i);
    for (int i = 0; classes && i < c->images * c->most; i++)
        classes[i] = rng_below(&rng, (uint32_t)c->classes);
    for (int i = 0; masks && i < c->images * side * side; i++)
        masks[i] = rng_below(&rng, (uint32_t)c->most + 1);
    if (!index)
        return;
    totals[0] = 1;
    totals[1] = 0;
    for (int64_t i = 0; i < c->images * anchors; i++) {
        int objects = objects_of(c, (int)(i / anchors));
        bool is_taken = objects > 0 && rng_below(&rng, 3) == 0;

        index[i] = is_taken ? (double)rng_below(&rng, (uint32_t)objects) : -1;
        if (score)
            score[i] = is_taken ? rng_between(&rng, 0.1, 1) : 0;
        totals[0] += score ? score[i] : 0;
        totals[1] += is_taken;
    }
}

/* --- losses ----------------------------------------------------------------------------------- */

static void build_detect(struct graph *graph, const void *context)
{
    const struct detect_case *c = context;
    /* Without the overlap, whose gradient leaves a factor out; it has tests of its own below. */
    struct detect_loss_attributes a = { .grids = grids_of(c), .cls = 0.5, .dfl = 1.5 };
    int64_t n = c->images, anchors = anchors_of(c);

    graph_add_output(graph, GRAPH_APPLY(graph, &op_detect_loss, "loss", &a,
                                        learned(graph, "distribution", SHAPE(n, 4 * BINS, anchors)),
                                        learned(graph, "logits", SHAPE(n, c->classes, anchors)),
                                        input(graph, "index", SHAPE(n, anchors)),
                                        input(graph, "score", SHAPE(n, anchors)),
                                        input(graph, "totals", SHAPE(2)),
                                        input(graph, "boxes", SHAPE(n, c->most, 4)),
                                        input(graph, "classes", SHAPE(n, c->most)),
                                        input(graph, "counts", SHAPE(n))));
}

static void build_mask(struct graph *graph, const void *context)
{
    const struct detect_case *c = context;
    struct mask_loss_attributes a = { .image = { c->size, c->size }, .gain = 7.5 };
    int64_t n = c->images, anchors = anchors_of(c), side = c->size / 4;

    graph_add_output(graph, GRAPH_APPLY(graph, &op_mask_loss, "loss", &a,
                                        learned(graph, "coefficients", SHAPE(n, 5, anchors)),
                                        learned(graph, "prototypes", SHAPE(n, 5, side, side)),
                                        input(graph, "masks", SHAPE(n, side, side)),
                                        input(graph, "index", SHAPE(n, anchors)),
                                        input(graph, "totals", SHAPE(2)),
                                        input(graph, "boxes", SHAPE(n, c->most, 4)),
                                        input(graph, "counts", SHAPE(n))));
}

static void build_points(struct graph *graph, const void *context)
{
    const struct detect_case *c = context;
    struct point_loss_attributes a = { .grids = grids_of(c), .points = c->points,
                                       .size = c->point_size, .place = 12, .visible = 1 };
    int64_t n = c->images, anchors = anchors_of(c);

    graph_add_output(graph, GRAPH_APPLY(graph, &op_point_loss, "loss", &a,
                                        learned(graph, "raw",
                                                SHAPE(n, c->points * c->point_size, anchors)),
                                        input(graph, "index", SHAPE(n, anchors)),
                                        input(graph, "totals", SHAPE(2)),
                                        input(graph, "boxes", SHAPE(n, c->most, 4)),
                                        input(graph, "key_points", SHAPE(n, c->most, c->points, 3)),
                                        input(graph, "counts", SHAPE(n))));
}

/* images, size, classes, most, points, point_size, objects */
static const struct detect_case cases[] = {
    { 1, 32, 1, 1, 1, 2, 1 },
    { 3, 64, 4, 5, 3, 3, 3 },
    { 2, 32, 2, 300, 17, 3, 300 },
    { 2, 32, 3, 2, 2, 3, 0 },
};
#define CASES (sizeof(cases) / sizeof(*cases))

TEST(gradients_of_detector_losses_match_differences)
{
    static build_fn *const losses[] = { build_detect, build_mask, build_points };

    for (size_t i = 0; i < CASES; i++)
        for (size_t k = 0; k < 3; k++)
            check_gradients(&(struct gradient_check){
                .seed = i * 3 + k, .build = losses[k], .prepare = set_targets,
                .context = &cases[i], .tolerance = 1e-5 });
}

static void build_two(struct graph *graph, const void *context)
{
    struct value *losses[2];

    build_detect(graph, context);
    losses[0] = graph->outputs[--graph->output_count];
    graph_enter(graph, "second");
    losses[1] = GRAPH_APPLY(graph, &op_sum_losses, "", NULL, losses[0], losses[0]);
    graph_leave(graph);
    graph_add_output(graph, GRAPH_APPLY(graph, &op_sum_losses, "", NULL, losses[0], losses[1]));
}

TEST(a_sum_of_losses_passes_its_gradient_on)
{
    check_gradients(&(struct gradient_check){ .seed = 3, .build = build_two,
                                              .prepare = set_targets, .context = &cases[1] });
}

/* Without any object only the classes are wrong, and no gradient is off. */
TEST(images_without_objects_lose_only_what_they_claim)
{
    struct built built;
    double expected = 0;

    built_init(&built, build_detect, &cases[3], 4);
    set_targets(&built.numbers, &cases[3]);
    numbers_run(&built.numbers, NULL);
    for (int64_t i = 0; i < cases[3].classes * anchors_of(&cases[3]); i++) /* image 1 is padding */
        expected += 0.5 * log(1 + exp(built_find(&built, "logits")[i]));
    CHECK_NEAR(*built_output(&built, 0), expected, 1e-9 * expected);
    built_release(&built);
    built_init(&built, build_mask, &cases[3], 4);
    set_targets(&built.numbers, &cases[3]);
    numbers_run(&built.numbers, NULL);
    CHECK_NEAR(*built_output(&built, 0), 0, 0);
    built_release(&built);
}

/* --- overlap ---------------------------------------------------------------------------------- */

TEST(complete_iou_of_known_boxes)
{
    const double unit[4] = { 0, 0, 1, 1 }, beside[4] = { 2, 0, 3, 1 }, wide[4] = { 0, 0, 2, 1 };
    double angle = atan(2) - atan(1), aspect = 4 / (M_PI * M_PI) * angle * angle;
    double by[4];

    CHECK_NEAR(box_complete_iou(unit, unit, NULL), 1, 1e-6);
    CHECK_NEAR(box_complete_iou(unit, beside, by), -4.0 / 10, 1e-6);
    CHECK_NEAR(box_complete_iou(unit, wide, NULL),
               0.5 - 0.25 / 5 - aspect * aspect / (aspect + 0.5), 1e-6);
    CHECK(by[2] > 0); /* to the right is better */
}

/* Complete IoU with a given factor of the aspect ratios; without one, with its own. */
static double iou_with(const double box[4], const double target[4], const double *given,
                       double *factor)
{
    double w = box[2] - box[0], h = box[3] - box[1] + 1e-7;
    double target_w = target[2] - target[0], target_h = target[3] - target[1] + 1e-7;
    double shared[2], hull[2], shift[2], iou, aspect;

    for (int i = 0; i < 2; i++) {
        shared[i] = fmax(0, fmin(box[2 + i], target[2 + i]) - fmax(box[i], target[i]));
        hull[i] = fmax(box[2 + i], target[2 + i]) - fmin(box[i], target[i]);
        shift[i] = (target[i] + target[2 + i] - box[i] - box[2 + i]) / 2;
    }
    iou = shared[0] * shared[1] / (w * h + target_w * target_h - shared[0] * shared[1] + 1e-7);
    aspect = 4 / (M_PI * M_PI) * pow(atan(target_w / target_h) - atan(w / h), 2);
    *factor = given ? *given : aspect / (aspect - iou + 1 + 1e-7);
    return iou - (shift[0] * shift[0] + shift[1] * shift[1]) /
                     (hull[0] * hull[0] + hull[1] * hull[1] + 1e-7) - *factor * aspect;
}

static void draw_box(struct rng *rng, double box[4])
{
    for (int i = 0; i < 2; i++) {
        box[i] = rng_between(rng, 0, 6);
        box[2 + i] = box[i] + rng_between(rng, 0.5, 6);
    }
}

TEST(complete_iou_has_its_gradient)
{
    struct rng rng = rng_for(11, 0, 0);

    for (int round = 0; round < 300; round++) {
        double box[4], target[4], by[4], factor, unused;

        draw_box(&rng, box);
        draw_box(&rng, target);
        CHECK_NEAR(box_complete_iou(box, target, by), iou_with(box, target, NULL, &factor), 1e-9);
        for (int i = 0; i < 4; i++) {
            double at = box[i], up, down;

            box[i] = at + 1e-6;
            up = iou_with(box, target, &factor, &unused);
            box[i] = at - 1e-6;
            down = iou_with(box, target, &factor, &unused);
            box[i] = at;
            CHECK_NEAR(by[i], (up - down) / 2e-6, 1e-5);
        }
    }
}

static void sample_box(const struct box_sample *sample, double box[4])
{
    for (int i = 0; i < 4; i++) {
        struct side side;

        side_read(&side, reals_from(sample->logits, i * sample->bins), 1, sample->bins);
        box[i] = (i % 2 ? sample->anchor.y : sample->anchor.x) / sample->anchor.stride +
                 (i < 2 ? -1 : 1) * side.mean;
    }
}

/* From the box to the logits that it is the mean of. */
TEST(overlap_reaches_the_logits)
{
    double logits[4 * BINS], gradient[4 * BINS], box[4], target[4], by[4];
    struct box_sample sample = { .bins = BINS, .logits = { logits, REALS_F64 }, .step = 1,
                                 .anchor = { 60, 44, 8 }, .target = { 30, 11, 103, 90 } };
    struct rng rng = rng_for(12, 0, 0);

    for (int i = 0; i < 4 * BINS; i++)
        logits[i] = rng_between(&rng, -2, 2);
    for (int i = 0; i < 4; i++)
        target[i] = sample.target[i] / 8;
    sample_box(&sample, box);
    box_complete_iou(box, target, by);
    box_sample_losses(&sample, 1, 0, gradient);
    for (int i = 0; i < 4 * BINS; i++) {
        double up[4], down[4], at = logits[i], expected = 0;

        logits[i] = at + 1e-6;
        sample_box(&sample, up);
        logits[i] = at - 1e-6;
        sample_box(&sample, down);
        logits[i] = at;
        for (int k = 0; k < 4; k++)
            expected -= by[k] * (up[k] - down[k]) / 2e-6;
        CHECK_NEAR(gradient[i], expected, 1e-7);
    }
}

/* --- decoding --------------------------------------------------------------------------------- */

static void build_decode(struct graph *graph, const void *context)
{
    const struct detect_case *c = context;
    struct box_decode_attributes a = { .grids = grids_of(c) };
    struct value *x = input(graph, "x", SHAPE(1, 4 * 4, anchors_of(c)));
    struct value *bins = input(graph, "bins", SHAPE(1, 4, 1, 1));

    graph_add_output(graph, GRAPH_APPLY(graph, &op_box_decode, "", &a, x, bins));
    a.centred = true;
    graph_add_output(graph, GRAPH_APPLY(graph, &op_box_decode, "", &a, x, bins));
}

TEST(boxes_stand_around_their_anchors)
{
    const struct detect_case c = { .size = 64 };
    int64_t anchors = anchors_of(&c), anchor = 64 + 4 * 2 + 1; /* second grid, row 2, column 1 */
    const double centre[2] = { 24, 40 }, far[4] = { 0, 1, 2, 3 };
    struct built built;
    double *x;

    CHECK(anchors == 64 + 16 + 4);
    built_init(&built, build_decode, &c, 1);
    x = built_find(&built, "x");
    for (int i = 0; i < 4; i++)
        built_find(&built, "bins")[i] = i;
    for (int64_t i = 0; i < 16 * anchors; i++)
        x[i] = 0;
    for (int side = 0; side < 4; side++) /* sure of bin number `side` */
        x[(side * 4 + side) * anchors + anchor] = 100;
    numbers_run(&built.numbers, NULL);
    for (int i = 0; i < 2; i++) {
        double low = centre[i] - 16 * far[i], high = centre[i] + 16 * far[2 + i];

        CHECK_NEAR(built_output(&built, 0)[i * anchors + anchor], low, 1e-9);
        CHECK_NEAR(built_output(&built, 0)[(2 + i) * anchors + anchor], high, 1e-9);
        CHECK_NEAR(built_output(&built, 1)[i * anchors + anchor], (low + high) / 2, 1e-9);
        CHECK_NEAR(built_output(&built, 1)[(2 + i) * anchors + anchor], high - low, 1e-9);
    }
    built_release(&built);
}

/* --- assignment: against tables of all anchors and all objects -------------------------------- */

static void build_assign(struct graph *graph, const void *context)
{
    const struct detect_case *c = context;
    struct assign_attributes a = { .grids = grids_of(c) };
    int64_t n = c->images, anchors = anchors_of(c);
    struct node *node = graph_node(graph, &op_assign, "", (struct value *[]){
        input(graph, "predicted", SHAPE(n, 4, anchors)),
        input(graph, "logits", SHAPE(n, c->classes, anchors)),
        input(graph, "boxes", SHAPE(n, c->most, 4)), input(graph, "classes", SHAPE(n, c->most)),
        input(graph, "counts", SHAPE(n)) }, 5, &a);

    for (int i = 0; node && i < 3; i++)
        graph_add_output(graph, node->outputs[i]);
}

/* Predictions near their anchors, some of them alike, so that there are ties. */
static void set_predictions(struct numbers *numbers, const struct detect_case *c, uint64_t seed)
{
    struct anchor_grids grids = grids_of(c);
    int64_t anchors = anchors_of(c);
    struct rng rng = rng_for(seed, 0, 0);

    for (int64_t i = 0; i < c->images * anchors; i++) {
        struct anchor anchor = anchor_at(&grids, i % anchors);
        double *box = find(numbers, "predicted") + i / anchors * 4 * anchors + i % anchors;
        double far = (1 + rng_below(&rng, 4)) * anchor.stride;

        box[0] = anchor.x - far;
        box[anchors] = anchor.y - far;
        box[2 * anchors] = anchor.x + far;
        box[3 * anchors] = anchor.y + far;
    }
    for (int64_t i = 0; i < c->images * c->classes * anchors; i++)
        find(numbers, "logits")[i] = rng_below(&rng, 3) - 3.0;
}

struct table {
    int64_t anchors;
    int objects;
    double *overlap, *suits; /* (objects, anchors) */
    bool *own;
};

static void table_fill(struct table *t, const struct built *built, const struct detect_case *c,
                       int image)
{
    struct anchor_grids grids = grids_of(c);
    const double *boxes = built_find(built, "boxes") + image * c->most * 4;
    const double *predicted = built_find(built, "predicted") + image * 4 * t->anchors;
    const double *logits = built_find(built, "logits") + image * c->classes * t->anchors;

    for (int64_t i = 0; i < t->objects * t->anchors; i++) {
        struct anchor anchor = anchor_at(&grids, i % t->anchors);
        const double *object = boxes + i / t->anchors * 4;
        int which = (int)built_find(built, "classes")[image * c->most + i / t->anchors];
        double box[4];
        bool inside = anchor.x > object[0] && anchor.x < object[2] && anchor.y > object[1] &&
                      anchor.y < object[3];

        for (int k = 0; k < 4; k++)
            box[k] = predicted[k * t->anchors + i % t->anchors];
        t->overlap[i] = inside ? fmax(0, box_complete_iou(box, object, NULL)) : 0;
        t->suits[i] = sqrt(sigmoid(logits[which * t->anchors + i % t->anchors])) *
                      pow(t->overlap[i], 6);
        t->own[i] = false;
    }
}

/* The ten best of each object; then each anchor to one object only. */
static void table_choose(struct table *t)
{
    for (int k = 0; k < t->objects; k++)
        for (int place = 0; place < 10; place++) {
            int64_t best = -1;

            for (int64_t i = 0; i < t->anchors; i++)
                if (!t->own[k * t->anchors + i] && t->suits[k * t->anchors + i] > 0 &&
                    (best < 0 || t->suits[k * t->anchors + i] > t->suits[k * t->anchors + best]))
                    best = i;
            if (best >= 0)
                t->own[k * t->anchors + best] = true;
        }
    for (int64_t i = 0; i < t->anchors; i++) {
        int wanted = 0, nearest = 0;

        for (int k = 0; k < t->objects; k++) {
            wanted += t->own[k * t->anchors + i];
            if (t->overlap[k * t->anchors + i] > t->overlap[nearest * t->anchors + i])
                nearest = k;
        }
        for (int k = 0; wanted > 1 && k < t->objects; k++)
            t->own[k * t->anchors + i] = k == nearest;
    }
}

/* The score of one anchor of its object. */
static double table_score(const struct table *t, int object, int64_t anchor)
{
    const double *suits = t->suits + object * t->anchors, *overlap = t->overlap;
    double most_suited = 0, most_overlap = 0;

    for (int64_t i = 0; i < t->anchors; i++)
        if (t->own[object * t->anchors + i]) {
            most_suited = fmax(most_suited, suits[i]);
            most_overlap = fmax(most_overlap, overlap[object * t->anchors + i]);
        }
    return suits[anchor] * most_overlap / (most_suited + 1e-9);
}

static void check_image(const struct built *built, const struct detect_case *c, int image,
                        double *sum, double *found)
{
    int objects = objects_of(c, image) > 0 ? objects_of(c, image) : 0;
    struct table t = { .anchors = anchors_of(c), .objects = objects };
    size_t count = (size_t)(objects * t.anchors) + 1;

    t.overlap = calloc(count, sizeof(double));
    t.suits = calloc(count, sizeof(double));
    t.own = calloc(count, sizeof(bool));
    table_fill(&t, built, c, image);
    table_choose(&t);
    for (int64_t i = 0; i < t.anchors; i++) {
        double index = -1, score = 0;

        for (int k = 0; k < objects; k++)
            if (t.own[k * t.anchors + i]) {
                index = k;
                score = table_score(&t, k, i);
            }
        CHECK_NEAR(built_output(built, 0)[image * t.anchors + i], index, 0);
        CHECK_NEAR(built_output(built, 1)[image * t.anchors + i], score, 1e-12);
        *sum += score;
        *found += index >= 0;
    }
    free(t.overlap);
    free(t.suits);
    free(t.own);
}

TEST(assignment_is_what_its_definition_says)
{
    for (size_t i = 0; i < CASES; i++)
        for (uint64_t seed = 1; seed <= 4; seed++) {
            double sum = 0, found = 0;
            struct built built;

            built_init(&built, build_assign, &cases[i], seed);
            set_targets(&built.numbers, &cases[i]);
            set_predictions(&built.numbers, &cases[i], seed);
            numbers_run(&built.numbers, NULL);
            for (int image = 0; image < cases[i].images; image++)
                check_image(&built, &cases[i], image, &sum, &found);
            CHECK_NEAR(built_output(&built, 2)[0], fmax(sum, 1), 1e-9);
            CHECK_NEAR(built_output(&built, 2)[1], found, 0);
            CHECK((found > 0) == (cases[i].objects > 0));
            built_release(&built);
        }
}

/* What a broken loader could hand over must not reach foreign memory. */
TEST(assignment_survives_impossible_targets)
{
    const struct detect_case *c = &cases[1];
    struct built built;

    built_init(&built, build_assign, c, 1);
    set_targets(&built.numbers, c);
    set_predictions(&built.numbers, c, 1);
    built_find(&built, "counts")[0] = 1e9;
    built_find(&built, "classes")[0] = 1e6;
    built_find(&built, "classes")[1] = -5;
    built_find(&built, "boxes")[0] = -INFINITY;
    built_find(&built, "boxes")[6] = INFINITY;
    built_find(&built, "boxes")[9] = NAN;
    numbers_run(&built.numbers, NULL);
    for (int64_t i = 0; i < c->images * anchors_of(c); i++)
        CHECK(built_output(&built, 0)[i] >= -1 && built_output(&built, 0)[i] < c->most);
    built_release(&built);
}

/* --- bias ------------------------------------------------------------------------------------- */

static void build_bias(struct graph *graph, const void *context)
{
    (void)context;
    graph_add_output(graph, GRAPH_APPLY(graph, &op_add_channels, "", NULL,
                                        learned(graph, "x", SHAPE(2, 3, 4, 5)),
                                        learned(graph, "bias", SHAPE(3))));
}

TEST(bias_gradients_match_differences)
{
    check_gradients(&(struct gradient_check){ .seed = 5, .build = build_bias });
}

/* --- refused ---------------------------------------------------------------------------------- */

static void build_wrong_anchors(struct graph *graph, const void *context)
{
    struct box_decode_attributes a = { .grids = GRIDS(64) };

    (void)context;
    GRAPH_APPLY(graph, &op_box_decode, "", &a, input(graph, "x", SHAPE(1, 16, 80)),
                input(graph, "bins", SHAPE(4)));
}

static void build_wrong_size(struct graph *graph, const void *context)
{
    struct box_decode_attributes a = { .grids = GRIDS(48) };

    (void)context;
    GRAPH_APPLY(graph, &op_box_decode, "", &a, input(graph, "x", SHAPE(1, 16, 84)),
                input(graph, "bins", SHAPE(4)));
}

TEST(detector_ops_refuse_other_shapes)
{
    check_build_fails(build_wrong_anchors, NULL,
                      "box_decode: the distribution has the shape (1, 16, 80), but needs "
                      "(1, 16, 84)");
    check_build_fails(build_wrong_size, NULL,
                      "box_decode: cells of 32 pixels do not cover 48 x 48");
}
