/* detection_report_image.c - one image of a validation; see detection_report.h. */

#include "score/detection_report.h"

#include "base/error.h"
#include "objects/prediction_json.h"

#include <stdlib.h>

/* What became of each thing, and where its partner stands in the other list. */
struct fate {
    const struct object_match *match;
    int place; /* in the list that is written; -1: left out */
};

struct fates {
    struct fate *truths, *found;
};

static void put_object(const struct image_object *object, const char *name, struct json_writer *w)
{
    const double sides[4] = { object->box.x, object->box.y, object->box.w, object->box.h };

    json_put_int(w, "class_id", object->category);
    json_put_text(w, "label", name);
    json_key(w, "bbox");
    json_array_open(w);
    for (int i = 0; i < 4; i++)
        json_number(w, prediction_json_round(sides[i]));
    json_close(w);
    json_put_text(w, "format", "xywh");
}

static int put_shape(const struct detection_report_image *image, const struct image_object *object,
                     struct json_writer *w, struct error *err)
{
    if (object->keypoints)
        prediction_json_put_points(object->keypoints, image->keypoint_count, w);
    return object->mask ? prediction_json_put_polygons(object->mask, w, err) : 0;
}

static void put_fate(const struct fate *fate, int partner, struct json_writer *w)
{
    json_put_text(w, "outcome", fate->match ? match_outcome_name(fate->match->outcome) : NULL);
    json_put_int(w, "match", partner);
}

static int put_truths(const struct detection_report_image *image, const struct fates *fates,
                      const char *const *names, struct json_writer *w, struct error *err)
{
    int result = 0;

    json_key(w, "true_boxes");
    json_array_open(w);
    for (int i = 0; !result && i < image->truth_count; i++) {
        const struct object_match *match = fates->truths[i].match;

        json_object_open(w);
        put_object(&image->truths[i], names[image->truths[i].category], w);
        json_put_bool(w, "is_crowd", image->truths[i].is_crowd);
        put_fate(&fates->truths[i],
                 match && match->found >= 0 ? fates->found[match->found].place : -1, w);
        result = put_shape(image, &image->truths[i], w, err);
        json_close(w);
    }
    json_close(w);
    return result;
}

static int put_found(const struct detection_report_image *image, const struct fates *fates,
                     const char *const *names, struct json_writer *w, struct error *err)
{
    int result = 0;

    json_key(w, "predicted_boxes");
    json_array_open(w);
    for (int i = 0; !result && i < image->found_count; i++) {
        const struct object_match *match = fates->found[i].match;

        if (fates->found[i].place < 0)
            continue;
        json_object_open(w);
        put_object(&image->found[i], names[image->found[i].category], w);
        json_put_number(w, "confidence", prediction_json_round(image->found[i].score));
        put_fate(&fates->found[i], match ? match->truth : -1, w);
        result = put_shape(image, &image->found[i], w, err);
        json_close(w);
    }
    json_close(w);
    return result;
}

static int cell_category(const struct image_object *objects, int index, int background)
{
    return index < 0 ? background : objects[index].category;
}

/* A crowded image has far more things than cells. */
static void put_cells(const struct detection_report_image *image,
                      const struct detection_confusion *confusion, struct json_writer *w)
{
    int background = confusion->classes;

    json_key(w, "cells");
    json_array_open(w);
    for (int i = 0; i < confusion->match_count; i++) {
        int truth = cell_category(image->truths, confusion->matches[i].truth, background);
        int found = cell_category(image->found, confusion->matches[i].found, background);
        bool is_new = true;

        for (int j = 0; is_new && j < i; j++)
            is_new = cell_category(image->truths, confusion->matches[j].truth, background) !=
                         truth ||
                     cell_category(image->found, confusion->matches[j].found, background) != found;
        if (!is_new)
            continue;
        json_array_open(w);
        json_int(w, truth);
        json_int(w, found);
        json_close(w);
    }
    json_close(w);
}

static void find_fates(const struct detection_report_image *image,
                       const struct detection_confusion *confusion, struct fates *fates)
{
    int place = 0;

    for (int i = 0; i < confusion->match_count; i++) {
        const struct object_match *match = &confusion->matches[i];

        if (match->truth >= 0)
            fates->truths[match->truth].match = match;
        if (match->found >= 0)
            fates->found[match->found].match = match;
    }
    for (int i = 0; i < image->found_count; i++)
        fates->found[i].place =
            fates->found[i].match || image->found[i].score >= image->least_confidence ? place++
                                                                                      : -1;
}

int detection_report_put_image(const struct detection_report_image *image,
                               const struct detection_confusion *confusion,
                               const char *const *names, struct json_writer *w, struct error *err)
{
    struct fates fates = {
        .truths = calloc((size_t)image->truth_count + 1, sizeof(struct fate)),
        .found = calloc((size_t)image->found_count + 1, sizeof(struct fate)),
    };
    bool is_correct = true;
    int result;

    BUG_IF(!fates.truths || !fates.found);
    find_fates(image, confusion, &fates);
    for (int i = 0; i < confusion->match_count; i++)
        is_correct &= confusion->matches[i].outcome == OUTCOME_RIGHT;
    json_put_text(w, "file", image->file);
    json_put_int(w, "width", image->width);
    json_put_int(w, "height", image->height);
    json_put_bool(w, "is_correct", is_correct);
    result = put_truths(image, &fates, names, w, err) || put_found(image, &fates, names, w, err)
                 ? -1
                 : 0;
    put_cells(image, confusion, w);
    free(fates.truths);
    free(fates.found);
    return result;
}
