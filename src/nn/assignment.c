/* assignment.c - see assignment.h. */

#include "nn/assignment.h"

#include "nn/box_math.h"

#include <math.h>
#include <stdbool.h>

#define INSIDE 1e-9 /* pixels from every edge */
#define EPS 1e-9

struct object {
    double box[4];
    int64_t class_index;
};

static struct object object_at(const struct assignment *a, int64_t index)
{
    struct object object = { .class_index = (int64_t)reals_get(a->classes, index) };

    for (int i = 0; i < 4; i++)
        object.box[i] = reals_get(a->targets, index * 4 + i);
    /* Labels are checked where they are read; a wrong one shall not reach foreign memory. */
    if (object.class_index < 0 || object.class_index >= a->class_count)
        object.class_index = 0;
    return object;
}

struct fit {
    double overlap, suits;
};

static struct fit fit_of(const struct assignment *a, const struct object *object, int64_t anchor,
                         int64_t anchor_total)
{
    double box[4], logit = reals_get(a->logits, object->class_index * anchor_total + anchor);
    struct fit fit;

    for (int i = 0; i < 4; i++)
        box[i] = reals_get(a->boxes, i * anchor_total + anchor);
    fit.overlap = fmax(0, box_complete_iou(box, object->box, NULL));
    fit.suits = pow(sigmoid(logit), a->rule->alpha) * pow(fit.overlap, a->rule->beta);
    return fit;
}

/* --- the best anchors of one object, best first ---------------------------------------------- */

struct best {
    int count;
    int64_t anchor[ASSIGNMENT_MOST];
    double suits[ASSIGNMENT_MOST];
};

static void best_add(struct best *best, int most, int64_t anchor, double suits)
{
    int at = best->count;

    if (!(suits > 0) || (at == most && suits <= best->suits[at - 1]))
        return;
    if (at == most)
        at--;
    else
        best->count++;
    for (; at > 0 && best->suits[at - 1] < suits; at--) {
        best->suits[at] = best->suits[at - 1];
        best->anchor[at] = best->anchor[at - 1];
    }
    best->suits[at] = suits;
    best->anchor[at] = anchor;
}

/* --- one object ------------------------------------------------------------------------------- */

/* The cells [first, end) of a row or column whose centres may lie between the edges. */
static void cells_between(double low, double high, double stride, int64_t count, int64_t *first,
                          int64_t *end)
{
    double from = floor(low / stride - 0.5), to = ceil(high / stride + 0.5);

    *first = from > 0 ? (int64_t)fmin(from, (double)count) : 0;
    *end = to < (double)count ? (int64_t)fmax(to, 0) : count;
}

static bool is_inside(double x, double y, const double box[4])
{
    return x - box[0] > INSIDE && y - box[1] > INSIDE && box[2] - x > INSIDE && box[3] - y > INSIDE;
}

static void look_at_anchor(const struct assignment *a, const struct object *object, int64_t index,
                           int64_t anchor, int64_t anchor_total, struct best *best)
{
    struct fit fit = fit_of(a, object, anchor, anchor_total);
    struct assignment_anchor *work = &a->anchors[anchor];

    if (fit.overlap > work->overlap) {
        work->overlap = fit.overlap;
        work->nearest = (int32_t)index;
    }
    best_add(best, a->rule->most, anchor, fit.suits);
}

static void look_at_object(const struct assignment *a, int64_t index, int64_t anchor_total)
{
    struct object object = object_at(a, index);
    struct best best = { 0 };
    int64_t first_anchor = 0;

    for (int level = 0; level < ANCHOR_LEVELS; level++) {
        double stride = a->grids->stride[level];
        int64_t width = anchor_level_width(a->grids, level);
        int64_t height = anchor_level_count(a->grids, level) / width, x0, x1, y0, y1;

        cells_between(object.box[0], object.box[2], stride, width, &x0, &x1);
        cells_between(object.box[1], object.box[3], stride, height, &y0, &y1);
        for (int64_t y = y0; y < y1; y++)
            for (int64_t x = x0; x < x1; x++)
                if (is_inside(((double)x + 0.5) * stride, ((double)y + 0.5) * stride, object.box))
                    look_at_anchor(a, &object, index, first_anchor + y * width + x, anchor_total,
                                   &best);
        first_anchor += width * height;
    }
    for (int i = 0; i < best.count; i++) {
        a->anchors[best.anchor[i]].chosen = (int32_t)index;
        a->anchors[best.anchor[i]].wanted++;
    }
}

/* --- all of them ------------------------------------------------------------------------------ */

static int64_t object_of(const struct assignment_anchor *work)
{
    return work->wanted > 1 ? work->nearest : work->wanted ? work->chosen : -1;
}

/* The greatest suitability and overlap among each object's anchors. */
static void find_greatest(const struct assignment *a, int64_t anchor_total)
{
    for (int64_t i = 0; i < 2 * a->count; i++)
        a->best[i] = 0;
    for (int64_t i = 0; i < anchor_total; i++) {
        int64_t index = object_of(&a->anchors[i]);
        struct object object;
        struct fit fit;

        if (index < 0)
            continue;
        object = object_at(a, index);
        fit = fit_of(a, &object, i, anchor_total);
        a->best[2 * index] = fmax(a->best[2 * index], fit.suits);
        a->best[2 * index + 1] = fmax(a->best[2 * index + 1], fit.overlap);
        a->anchors[i].overlap = fit.suits; /* from here on */
    }
}

int64_t assignment_run(const struct assignment *assignment, double *score_sum)
{
    const struct assignment *a = assignment;
    int64_t anchor_total = anchor_count(a->grids), found = 0;

    for (int64_t i = 0; i < anchor_total; i++)
        a->anchors[i] = (struct assignment_anchor){ 0, 0, -1, 0 };
    for (int64_t i = 0; i < a->count; i++)
        look_at_object(a, i, anchor_total);
    find_greatest(a, anchor_total);
    *score_sum = 0;
    for (int64_t i = 0; i < anchor_total; i++) {
        int64_t index = object_of(&a->anchors[i]);
        double score = 0;

        if (index >= 0)
            score = a->anchors[i].overlap * a->best[2 * index + 1] / (a->best[2 * index] + EPS);
        reals_set(a->index, i, (double)index);
        reals_set(a->score, i, score);
        *score_sum += score;
        found += index >= 0;
    }
    return found;
}
