/* predict_objects.c - objects on an image, with boxes and masks or key points; see
 * predict_internal.h. */

#include "command/predict_internal.h"

#include "base/error.h"
#include "base/str.h"
#include "data/scene.h"
#include "formats/canvas.h"
#include "formats/image.h"
#include "formats/image_write.h"
#include "formats/lettering.h"
#include "train/detection_evaluation.h"
#include "objects/detections.h"
#include "objects/drawing.h"
#include "objects/prediction_json.h"
#include "train/task.h"

#include <stdlib.h>
#include <string.h>

#define SAVED_QUALITY 92

struct work {
    struct transform_table table;
    struct linear_scratch scratch;
    uint8_t *pixels; /* the network's input, before normalising */
    struct letterbox_view view;
    struct detection_layout layout;
    struct detections found;
    struct lettering *lettering; /* of class names that need it, where they are drawn */
};

static int open_objects(struct session *s, struct error *err)
{
    const struct checkpoint *c = &s->predictor.checkpoint;
    struct work *work = calloc(1, sizeof(*work));

    s->work = work;
    BUG_IF(!work);
    transform_table_init(&work->table, &c->transform);
    work->layout = (struct detection_layout){ c->class_count, c->keypoint_count, c->keypoint_size };
    if (s->save_folder)
        work->lettering = lettering_open(c->class_names, c->class_count);
    work->pixels = malloc((size_t)shape_count(&s->predictor.ends.image->shape));
    return work->pixels ? 0
                        : FAIL(err, NO_MEMORY, "no memory for an image of %d pixels",
                               c->transform.image_size);
}

static void close_objects(struct session *s)
{
    struct work *work = s->work;

    linear_scratch_release(&work->scratch);
    detections_release(&work->found);
    lettering_close(work->lettering);
    free(work->pixels);
    free(work);
}

/* As validation does it: as large as fits, in the middle of a grey square. */
static int prepare(struct session *s, struct error *err)
{
    int side = s->predictor.checkpoint.transform.image_size;
    struct letterbox box = letterbox_of(s->width, s->height, side);
    struct augment_image input = { .width = side, .height = side, .values = s->values };
    struct work *work = s->work;
    const struct image *image;
    uint8_t *corner = work->pixels + 3 * ((size_t)box.top * (size_t)side + (size_t)box.left);

    if (decoder_decode(s->decoder, &image, err))
        return -1;
    memset(work->pixels, SCENE_FILL, 3 * (size_t)side * (size_t)side);
    if (linear_resize(&work->scratch, image->pixels, image->width, image->height, corner, box.width,
                      box.height, 3 * side, err))
        return -1;
    work->view =
        (struct letterbox_view){ s->width, s->height, box.scale_x, box.scale_y, box.left, box.top };
    input.pixels = work->pixels;
    transform_normalise(&work->table, &input);
    return 0;
}

static int find(struct session *s, struct error *err)
{
    const struct nms_options options = { .confidence = s->wishes.confidence,
                                         .iou = s->wishes.iou,
                                         .limit = s->wishes.max_detections,
                                         .is_agnostic = s->wishes.is_agnostic };
    struct work *work = s->work;
    struct detection_head head;

    detection_head_at(&s->predictor.ends, s->predictor.plan, &work->layout, 0, &head);
    return detections_find(&work->found, &head, &options, &work->view, err);
}

static int write_json(struct session *s, struct json_writer *w, struct error *err)
{
    const struct checkpoint *c = &s->predictor.checkpoint;
    const struct prediction_json options = { .class_names = c->class_names,
                                             .keypoint_count = c->keypoint_count,
                                             .skeleton = c->skeleton,
                                             .has_masks = c->task == &task_segmentation,
                                             .has_keypoints = c->task == &task_pose,
                                             .image_width = s->width,
                                             .image_height = s->height };
    const struct work *work = s->work;

    return prediction_json_write(&options, work->found.items, work->found.count, w, err);
}

/* "2 cat 97.1 %, 1 dog 55.0 %": how many of each class, with the best confidence. */
static void write_text(struct session *s, struct str *out)
{
    const struct checkpoint *c = &s->predictor.checkpoint;
    const struct work *work = s->work;
    bool any = false;

    for (int class_id = 0; class_id < c->class_count; class_id++) {
        int count = 0;
        double best = 0;

        for (int i = 0; i < work->found.count; i++)
            if (work->found.items[i].category == class_id) {
                if (!count++)
                    best = work->found.items[i].score;
            }
        if (count)
            str_printf(out, "%s %d %s %.1f %%", any ? "," : "", count, c->class_names[class_id],
                       100 * best);
        any |= count > 0;
    }
    if (!any)
        str_add(out, " nothing found");
}

static int save(struct session *s, const char *path, struct error *err)
{
    const struct checkpoint *c = &s->predictor.checkpoint;
    const struct work *work = s->work;
    const struct drawing_options options = { .class_names = c->class_names,
                                             .lettering = work->lettering,
                                             .keypoint_count = c->keypoint_count,
                                             .skeleton = c->skeleton,
                                             .has_scores = true };
    const struct image *image;
    struct canvas canvas;
    uint8_t *pixels;
    int result;

    if (decoder_decode(s->decoder, &image, err))
        return -1;
    pixels = malloc(3 * (size_t)image->width * (size_t)image->height);
    if (!pixels)
        return FAIL(err, NO_MEMORY, "no memory for an image of %d x %d", image->width,
                    image->height);
    memcpy(pixels, image->pixels, 3 * (size_t)image->width * (size_t)image->height);
    canvas = (struct canvas){ .pixels = pixels, .width = image->width, .height = image->height };
    drawing_draw(&canvas, &options, work->found.items, work->found.count);
    result = image_save(path, pixels, image->width, image->height, SAVED_QUALITY, err);
    free(pixels);
    return result;
}

const struct predict_answers predict_objects = {
    .open = open_objects,
    .close = close_objects,
    .prepare = prepare,
    .find = find,
    .write_json = write_json,
    .write_text = write_text,
    .save = save,
};
