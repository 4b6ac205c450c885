/* object_losses.c - see object_losses.h. */

#include "nn/object_losses.h"

#include "base/keypoint_deviation.h"
#include "nn/box_math.h"

#include <math.h>
#include <stddef.h>

/* --- boxes and classes ------------------------------------------------------------------------ */

static struct box_sample box_sample_at(const struct box_image *image, int64_t anchor,
                                       int64_t object)
{
    struct box_sample sample = { .bins = image->bins, .step = image->anchor_total,
                                 .logits = reals_from(image->distribution, anchor),
                                 .anchor = anchor_at(image->grids, anchor) };

    for (int i = 0; i < 4; i++)
        sample.target[i] = reals_get(image->boxes, object * 4 + i);
    return sample;
}

/* Where the logit of the object's class stands. */
static int64_t logit_at(const struct box_image *image, int64_t anchor, int64_t object)
{
    int64_t which = (int64_t)reals_get(image->classes, object);

    if (which < 0 || which >= image->class_count)
        which = 0;
    return which * image->anchor_total + anchor;
}

struct box_image_sums box_image_losses(const struct box_image *image)
{
    struct box_image_sums sums = { 0, 0, 0 };

    for (int64_t i = 0; i < image->anchor_total; i++) {
        int64_t object = (int64_t)reals_get(image->index, i);
        struct box_sample sample;
        struct box_losses losses;
        double score;

        if (object < 0)
            continue;
        score = reals_get(image->score, i);
        sample = box_sample_at(image, i, object);
        losses = box_sample_losses(&sample, 0, 0, NULL);
        sums.box += score * losses.box;
        sums.distance += score * losses.distance;
        sums.agreement += score * reals_get(image->logits, logit_at(image, i, object));
    }
    return sums;
}

void box_image_gradients(const struct box_image *image, double box_factor, double distance_factor,
                         double class_factor, struct reals ddistribution, struct reals dlogits)
{
    double gradient[4 * BOX_MOST_BINS];

    for (int64_t i = 0; i < image->anchor_total; i++) {
        int64_t object = (int64_t)reals_get(image->index, i), at;
        struct box_sample sample;
        double score;

        if (object < 0)
            continue;
        score = reals_get(image->score, i);
        sample = box_sample_at(image, i, object);
        box_sample_losses(&sample, box_factor * score, distance_factor * score, gradient);
        for (int j = 0; j < 4 * image->bins; j++)
            reals_set(ddistribution, j * image->anchor_total + i, gradient[j]);
        at = logit_at(image, i, object);
        reals_set(dlogits, at, reals_get(dlogits, at) - class_factor * score);
    }
}

/* --- masks ------------------------------------------------------------------------------------ */

static void pixels_between(double low, double high, int64_t count, int64_t pixels[2])
{
    pixels[0] = low > 0 ? (int64_t)ceil(fmin(low, (double)count)) : 0;
    pixels[1] = high > 0 ? (int64_t)ceil(fmin(high, (double)count)) : 0;
}

struct mask_area mask_area_of(struct reals box, const int image[2], int64_t height, int64_t width)
{
    double down = (double)height / image[0], across = (double)width / image[1];
    double w = reals_get(box, 2) - reals_get(box, 0), h = reals_get(box, 3) - reals_get(box, 1);
    struct mask_area area;

    pixels_between(reals_get(box, 0) * across, reals_get(box, 2) * across, width, area.x);
    pixels_between(reals_get(box, 1) * down, reals_get(box, 3) * down, height, area.y);
    area.weight = w > 0 && h > 0 ? (double)image[0] * image[1] / (w * h) / (double)(height * width)
                                 : 0;
    return area;
}

/* --- key points ------------------------------------------------------------------------------- */

double point_decode(double raw, double anchor_place, double stride)
{
    return 2 * raw * stride + anchor_place - stride / 2;
}

struct point_sample {
    const struct point_image *image;
    struct anchor anchor;
    int64_t at, object;
    double area; /* of the object in cells */
    double share; /* all points per labelled one */
};

static bool is_labelled(const struct point_sample *s, int point)
{
    return reals_get(s->image->key_points, (s->object * s->image->points + point) * 3 + 2) > 0;
}

static struct point_sample point_sample_at(const struct point_image *image, int64_t anchor,
                                           int64_t object)
{
    struct point_sample s = { image, anchor_at(image->grids, anchor), anchor, object, 1, 0 };
    int labelled = 0;

    for (int i = 0; i < 2; i++)
        s.area *= (reals_get(image->boxes, object * 4 + 2 + i) -
                   reals_get(image->boxes, object * 4 + i)) / s.anchor.stride;
    for (int i = 0; i < image->points; i++)
        labelled += is_labelled(&s, i);
    s.share = image->points / (labelled + 1e-9);
    return s;
}

/* 1 - e^(-d^2 / ...), and in by[] the derivatives by the two raw numbers. */
static double place_loss(const struct point_sample *s, int point, double by[2])
{
    const struct point_image *image = s->image;
    double deviation = 2 * keypoint_deviation(image->points, image->size, point);
    double away[2], squared = 0, scale, similarity;

    if (!is_labelled(s, point)) {
        by[0] = by[1] = 0;
        return 0;
    }
    for (int i = 0; i < 2; i++) {
        double raw = reals_get(image->raw, (point * image->size + i) * image->anchor_total + s->at);
        double place = i ? s->anchor.y : s->anchor.x, stride = s->anchor.stride;
        int64_t wanted = (s->object * image->points + point) * 3 + i;

        away[i] = (point_decode(raw, place, stride) - reals_get(image->key_points, wanted)) /
                  stride;
        squared += away[i] * away[i];
    }
    scale = 1 / (deviation * deviation * (s->area + 1e-9) * 2);
    similarity = exp(-squared * scale);
    for (int i = 0; i < 2; i++)
        by[i] = s->share * similarity * scale * 2 * away[i] * 2;
    return s->share * (1 - similarity);
}

struct point_image_sums point_image_losses(const struct point_image *image)
{
    struct point_image_sums sums = { 0, 0 };
    double by[2];

    for (int64_t i = 0; i < image->anchor_total; i++) {
        int64_t object = (int64_t)reals_get(image->index, i);
        struct point_sample s;

        if (object < 0)
            continue;
        s = point_sample_at(image, i, object);
        for (int j = 0; j < image->points; j++) {
            sums.place += place_loss(&s, j, by) / image->points;
            if (image->size == 3) {
                double x = reals_get(image->raw, (j * 3 + 2) * image->anchor_total + i);

                sums.visible += (softplus(x) - (is_labelled(&s, j) ? x : 0)) / image->points;
            }
        }
    }
    return sums;
}

void point_image_gradients(const struct point_image *image, double place_factor,
                           double visible_factor, struct reals draw)
{
    double by[2];

    for (int64_t i = 0; i < image->anchor_total; i++) {
        int64_t object = (int64_t)reals_get(image->index, i);
        struct point_sample s;

        if (object < 0)
            continue;
        s = point_sample_at(image, i, object);
        for (int j = 0; j < image->points; j++) {
            int64_t at = (int64_t)j * image->size * image->anchor_total + i;

            place_loss(&s, j, by);
            for (int k = 0; k < 2; k++)
                reals_set(draw, at + k * image->anchor_total, place_factor * by[k] / image->points);
            if (image->size == 3) {
                double x = reals_get(image->raw, at + 2 * image->anchor_total);
                double wanted = is_labelled(&s, j) ? 1 : 0;

                reals_set(draw, at + 2 * image->anchor_total,
                          visible_factor * (sigmoid(x) - wanted) / image->points);
            }
        }
    }
}
