/* box_math.c - see box_math.h. */

#include "nn/box_math.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#define EPS 1e-7 /* keeps flat boxes from dividing by zero */

double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* --- complete IoU: along x and y the same is done twice --------------------------------------- */

struct extent {
    double overlap, hull, shift; /* shift: between the centres, doubled */
    /* derivatives by the lower and the upper edge */
    double overlap_by[2], hull_by[2];
};

static struct extent extent_of(double low, double high, double target_low, double target_high)
{
    struct extent e = { .overlap = fmin(high, target_high) - fmax(low, target_low),
                        .hull = fmax(high, target_high) - fmin(low, target_low),
                        .shift = target_low + target_high - low - high };

    if (e.overlap > 0) {
        e.overlap_by[0] = low > target_low ? -1 : 0;
        e.overlap_by[1] = high < target_high ? 1 : 0;
    } else {
        e.overlap = 0;
    }
    e.hull_by[0] = low < target_low ? -1 : 0;
    e.hull_by[1] = high > target_high ? 1 : 0;
    return e;
}

double box_complete_iou(const double box[4], const double target[4], double gradient[4])
{
    struct extent x = extent_of(box[0], box[2], target[0], target[2]);
    struct extent y = extent_of(box[1], box[3], target[1], target[3]);
    double w = box[2] - box[0], h = box[3] - box[1] + EPS;
    double target_w = target[2] - target[0], target_h = target[3] - target[1] + EPS;
    double shared = x.overlap * y.overlap, all = w * h + target_w * target_h - shared + EPS;
    double iou = shared / all, diagonal = x.hull * x.hull + y.hull * y.hull + EPS;
    double distance = (x.shift * x.shift + y.shift * y.shift) / 4;
    double angle = atan(target_w / target_h) - atan(w / h);
    double aspect = 4 / (M_PI * M_PI) * angle * angle;
    double aspect_weight = aspect / (aspect - iou + 1 + EPS);

    for (int i = 0; gradient && i < 4; i++) {
        bool vertical = i % 2;
        int edge = i / 2; /* 0: lower */
        const struct extent *along = vertical ? &y : &x, *across = vertical ? &x : &y;
        double direction = edge ? 1 : -1;
        double shared_by = along->overlap_by[edge] * across->overlap;
        double area_by = direction * (vertical ? w : h);
        double iou_by = shared_by / all - shared / (all * all) * (area_by - shared_by);
        double distance_by = -along->shift / 2;
        double diagonal_by = 2 * along->hull * along->hull_by[edge];
        double atan_by = direction * (vertical ? -w : h) / (w * w + h * h);

        gradient[i] = iou_by - distance_by / diagonal +
                      distance / (diagonal * diagonal) * diagonal_by +
                      aspect_weight * 8 / (M_PI * M_PI) * angle * atan_by;
    }
    return iou - distance / diagonal - aspect * aspect_weight;
}

/* --- distances -------------------------------------------------------------------------------- */

void side_read(struct side *side, struct reals logits, int64_t step, int bins)
{
    double largest = reals_get(logits, 0), sum = 0;

    for (int i = 1; i < bins; i++)
        largest = fmax(largest, reals_get(logits, i * step));
    for (int i = 0; i < bins; i++) {
        side->probability[i] = exp(reals_get(logits, i * step) - largest);
        sum += side->probability[i];
    }
    side->mean = 0;
    side->log_sum = largest + log(sum);
    for (int i = 0; i < bins; i++) {
        side->probability[i] /= sum;
        side->mean += i * side->probability[i];
    }
}

/* The cross entropy of a distance that lies between two bins; by: its gradient, added. */
static double distance_loss(const struct side *side, struct reals logits, int64_t step, int bins,
                            double distance, double weight, double *by)
{
    double limit = bins - 1 - 0.01, clamped = fmin(fmax(distance, 0), limit);
    int below = (int)clamped;
    double share = below + 1 - clamped; /* of the bin below; the next one has the rest */

    for (int i = 0; by && i < bins; i++)
        by[i] += weight * (side->probability[i] - (i == below ? share : 0) -
                           (i == below + 1 ? 1 - share : 0));
    return side->log_sum - share * reals_get(logits, below * step) -
           (1 - share) * reals_get(logits, (below + 1) * step);
}

struct box_losses box_sample_losses(const struct box_sample *sample, double box_weight,
                                    double distance_weight, double *gradient)
{
    static const double direction[4] = { -1, -1, 1, 1 };
    struct box_losses losses = { 0, 0 };
    double centre[2] = { sample->anchor.x / sample->anchor.stride,
                         sample->anchor.y / sample->anchor.stride };
    double box[4], target[4], by[4];
    struct side sides[4];

    for (int i = 0; i < 4; i++) {
        struct reals logits = reals_from(sample->logits, i * sample->bins * sample->step);

        side_read(&sides[i], logits, sample->step, sample->bins);
        box[i] = centre[i % 2] + direction[i] * sides[i].mean;
        target[i] = sample->target[i] / sample->anchor.stride;
    }
    losses.box = 1 - box_complete_iou(box, target, gradient ? by : NULL);
    for (int i = 0; i < 4; i++) {
        struct reals logits = reals_from(sample->logits, i * sample->bins * sample->step);
        double *out = gradient ? gradient + i * sample->bins : NULL;

        for (int j = 0; out && j < sample->bins; j++)
            out[j] = -box_weight * by[i] * direction[i] * sides[i].probability[j] *
                     (j - sides[i].mean);
        losses.distance += distance_loss(&sides[i], logits, sample->step, sample->bins,
                                         direction[i] * (target[i] - centre[i % 2]),
                                         distance_weight / 4, out) / 4;
    }
    return losses;
}
