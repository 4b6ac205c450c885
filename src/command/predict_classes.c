/* predict_classes.c - the most likely classes of an image; see predict_internal.h. */

#include "command/predict_internal.h"

#include "base/error.h"
#include "base/str.h"

#include <stdlib.h>

struct work {
    struct transform_table table;
    uint8_t *pixels;
    int *top; /* classes, most likely first */
    float *confidence;
    int count;
};

static int open_classes(struct session *s, struct error *err)
{
    struct work *work = calloc(1, sizeof(*work));
    size_t classes = (size_t)s->predictor.checkpoint.class_count;

    s->work = work;
    BUG_IF(!work);
    transform_table_init(&work->table, &s->predictor.checkpoint.transform);
    work->pixels = malloc((size_t)shape_count(&s->predictor.ends.image->shape));
    work->top = calloc(classes, sizeof(*work->top));
    work->confidence = calloc(classes, sizeof(*work->confidence));
    if (!work->pixels || !work->top || !work->confidence)
        return FAIL(err, NO_MEMORY, "no memory for an image of %d pixels",
                    s->predictor.checkpoint.transform.image_size);
    return 0;
}

static void close_classes(struct session *s)
{
    struct work *work = s->work;

    free(work->pixels);
    free(work->top);
    free(work->confidence);
    free(work);
}

static int prepare(struct session *s, struct error *err)
{
    const struct transform *t = &s->predictor.checkpoint.transform;
    struct work *work = s->work;
    struct decode_view view = { .part = transform_rectangle(t, s->width, s->height),
                                .width = t->image_size,
                                .height = t->image_size,
                                .interpolation = t->interpolation,
                                .is_exact = true };
    struct augment_image image = {
        .width = t->image_size, .height = t->image_size, .pixels = work->pixels, .values = s->values
    };

    if (decoder_draw(s->decoder, &view, work->pixels, err))
        return -1;
    transform_normalise(&work->table, &image);
    return 0;
}

static bool is_ranked(const struct work *work, int class_id)
{
    for (int i = 0; i < work->count; i++)
        if (work->top[i] == class_id)
            return true;
    return false;
}

static int find(struct session *s, struct error *err)
{
    const float *probability = predictor_output(&s->predictor, 0);
    int classes = s->predictor.checkpoint.class_count;
    struct work *work = s->work;
    int wanted = s->wishes.top_k < classes ? s->wishes.top_k : classes;

    (void)err;
    for (work->count = 0; work->count < wanted; work->count++) {
        int best = -1;

        for (int c = 0; c < classes; c++)
            if ((best < 0 || probability[c] > probability[best]) && !is_ranked(work, c))
                best = c;
        work->top[work->count] = best;
        work->confidence[work->count] = probability[best];
    }
    return 0;
}

static int write_json(struct session *s, struct json_writer *w, struct error *err)
{
    const struct work *work = s->work;

    (void)err;
    json_key(w, "predictions");
    json_array_open(w);
    for (int i = 0; i < work->count; i++) {
        json_object_open(w);
        json_put_text(w, "label", s->predictor.checkpoint.class_names[work->top[i]]);
        json_put_int(w, "label_id", work->top[i]);
        json_put_number(w, "confidence", work->confidence[i]);
        json_close(w);
    }
    json_close(w);
    json_put_int(w, "image_width", s->width);
    json_put_int(w, "image_height", s->height);
    return 0;
}

static void write_text(struct session *s, struct str *out)
{
    const struct work *work = s->work;

    for (int i = 0; i < work->count; i++)
        str_printf(out, "%s %s %.1f %%", i ? "," : "",
                   s->predictor.checkpoint.class_names[work->top[i]],
                   100 * (double)work->confidence[i]);
}

const struct predict_answers predict_classes = {
    .open = open_classes,
    .close = close_classes,
    .prepare = prepare,
    .find = find,
    .write_json = write_json,
    .write_text = write_text,
};
