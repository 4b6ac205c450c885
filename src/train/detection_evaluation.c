/* detection_evaluation.c - see detection_evaluation.h. */

#include "train/detection_evaluation.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "data/loader.h"
#include "data/mask.h"
#include "score/detection_confusion.h"
#include "score/detection_metrics.h"
#include "score/detection_report.h"
#include "objects/detections.h"
#include "score/pose_quality.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_CONFIDENCE 0.001
#define SUPPRESSION 0.7

struct detection_evaluation {
    struct evaluation about;
    struct detection_layout layout;
    enum overlap_kind shapes; /* what is measured besides boxes; OVERLAP_BOX: nothing */
    struct detection_metrics boxes, shaped;
    struct detection_confusion confusion;
    struct pose_quality pose;
    struct detections found;
    struct image_object *truths; /* of one image */
    struct mask *masks;          /* of them */
    float *keypoints;
    int truth_count, truth_capacity;
    double part_sums[NETWORK_ENDS_MAX];
    const char *part_names[NETWORK_ENDS_MAX];
    int part_count;
    int64_t images;
    struct str rows; /* JSON objects of the images, with commas between them */
};

static struct detection_evaluation *of(struct evaluation *evaluation)
{
    return (struct detection_evaluation *)evaluation;
}

/* --- life ------------------------------------------------------------------------------------- */

struct evaluation *detection_evaluation_new(const struct evaluation *about)
{
    struct detection_evaluation *e = calloc(1, sizeof(*e));
    const struct dataset *dataset = about->dataset;
    struct overlap_rule rule = { .kind = OVERLAP_BOX };

    BUG_IF(!e);
    e->about = *about;
    e->layout.classes = about->class_count;
    str_init(&e->rows);
    if (about->task == &task_segmentation)
        e->shapes = OVERLAP_MASK;
    if (about->task == &task_pose) {
        e->shapes = OVERLAP_KEYPOINTS;
        e->layout.keypoint_count = dataset->annotations.keypoint_count;
        e->layout.keypoint_size = dataset->keypoint_size;
    }
    detection_metrics_init(&e->boxes, &rule, about->class_count);
    rule.kind = e->shapes;
    if (e->shapes == OVERLAP_KEYPOINTS)
        overlap_rule_set_keypoints(&rule, e->layout.keypoint_count, e->layout.keypoint_size);
    detection_metrics_init(&e->shaped, &rule, about->class_count);
    detection_confusion_init(&e->confusion, about->class_count);
    return &e->about;
}

int64_t detection_evaluation_memory_bytes(const struct evaluation *about)
{
    int64_t images = dataset_count(about->dataset, DATASET_SPLIT_VAL);
    int sets = about->task == &task_detection ? 1 : 2;

    return sets * detection_metrics_memory_bytes(images) +
           detection_confusion_memory_bytes(about->class_count);
}

void detection_evaluation_free(struct evaluation *evaluation)
{
    struct detection_evaluation *e = of(evaluation);

    for (int i = 0; i < e->truth_capacity; i++)
        mask_release(&e->masks[i]);
    free(e->truths);
    free(e->masks);
    free(e->keypoints);
    detection_metrics_release(&e->boxes);
    detection_metrics_release(&e->shaped);
    detection_confusion_release(&e->confusion);
    detections_release(&e->found);
    str_release(&e->rows);
    free(e);
}

void detection_evaluation_clear(struct evaluation *evaluation)
{
    struct detection_evaluation *e = of(evaluation);

    detection_metrics_clear(&e->boxes);
    detection_metrics_clear(&e->shaped);
    detection_confusion_clear(&e->confusion);
    memset(&e->pose, 0, sizeof(e->pose));
    memset(e->part_sums, 0, sizeof(e->part_sums));
    e->images = 0;
    str_clear(&e->rows);
}

/* --- one image -------------------------------------------------------------------------------- */

static int reserve_truths(struct detection_evaluation *e, int count, struct error *err)
{
    size_t points = (size_t)e->layout.keypoint_count * 3;

    if (count <= e->truth_capacity)
        return 0;
    for (int i = 0; i < e->truth_capacity; i++)
        mask_release(&e->masks[i]);
    free(e->truths);
    free(e->masks);
    free(e->keypoints);
    e->truths = calloc((size_t)count, sizeof(*e->truths));
    e->masks = calloc((size_t)count, sizeof(*e->masks));
    e->keypoints = calloc((size_t)count * points + 1, sizeof(float));
    e->truth_capacity = e->truths && e->masks && e->keypoints ? count : 0;
    return e->truth_capacity ? 0
                             : FAIL(err, NO_MEMORY, "no memory for %d objects of an image", count);
}

static void set_keypoints(struct detection_evaluation *e, const struct annotation *item, int index)
{
    const struct annotation_keypoint *points =
        annotation_keypoints(&e->about.dataset->annotations, item);
    float *out = e->keypoints + (size_t)index * (size_t)e->layout.keypoint_count * 3;

    for (int k = 0; k < e->layout.keypoint_count; k++) {
        out[3 * k] = points ? points[k].x : 0;
        out[3 * k + 1] = points ? points[k].y : 0;
        out[3 * k + 2] = points ? (float)points[k].visibility : 0;
    }
    e->truths[index].keypoints = out;
}

/* What is known of an item of the data set, as objects. */
static int set_truths(struct detection_evaluation *e, int item, struct error *err)
{
    const struct annotations *all = &e->about.dataset->annotations;
    const struct annotation_image *image = &all->images[item];
    const struct annotation *annotation = annotations_of(all, item);

    if (reserve_truths(e, image->count, err))
        return -1;
    e->truth_count = image->count;
    for (int i = 0; i < image->count; i++, annotation++) {
        const struct annotation_box *b = &annotation->box;
        struct image_object *truth = &e->truths[i];
        int class_id = annotation->class_id;

        *truth = (struct image_object){
            .category = e->about.class_of ? e->about.class_of[class_id] : class_id,
            .box = { b->left, b->top, b->right - b->left, b->bottom - b->top },
            .area = annotation->area,
            .is_crowd = annotation->is_crowd
        };
        if (e->shapes == OVERLAP_KEYPOINTS)
            set_keypoints(e, annotation, i);
        if (e->shapes != OVERLAP_MASK)
            continue;
        if (mask_set_annotation(&e->masks[i], image->width, image->height, all, annotation, err))
            return -1;
        truth->mask = &e->masks[i];
    }
    return 0;
}

void detection_head_at(const struct network_ends *ends, struct plan *plan,
                       const struct detection_layout *layout, int index,
                       struct detection_head *head)
{
    const struct shape *columns = &ends->outputs[DETECTION_COLUMNS]->shape;
    const struct value *prototypes = ends->outputs[DETECTION_PROTOTYPES];
    const struct shape *image = &ends->image->shape;
    ptrdiff_t anchors = columns->dim[2];
    const float *rows = (const float *)plan_value(plan, ends->outputs[DETECTION_COLUMNS]).data +
                        index * columns->dim[1] * anchors;
    const float *extra = rows + (4 + layout->classes) * anchors;
    int64_t extra_count = prototypes ? prototypes->shape.dim[1]
                                     : (int64_t)layout->keypoint_count * layout->keypoint_size;

    BUG_IF(4 + layout->classes + extra_count != columns->dim[1]);
    *head = (struct detection_head){ .found = { .anchors = (int)anchors,
                                                .classes = layout->classes,
                                                .boxes = { rows, anchors, 1 },
                                                .scores = { rows + 4 * anchors, anchors, 1 } } };
    if (prototypes) {
        const struct shape *p = &prototypes->shape;

        head->coefficients = (struct nms_plane){ extra, anchors, 1 };
        head->prototypes =
            (struct mask_prototypes){ .values = (const float *)plan_value(plan, prototypes).data +
                                                index * p->dim[1] * p->dim[2] * p->dim[3],
                                      .count = (int)p->dim[1],
                                      .height = (int)p->dim[2],
                                      .width = (int)p->dim[3],
                                      .input_width = (int)image->dim[3],
                                      .input_height = (int)image->dim[2] };
    }
    if (layout->keypoint_count) {
        head->keypoints = (struct nms_plane){ extra, anchors, 1 };
        head->keypoint_count = layout->keypoint_count;
        head->keypoint_size = layout->keypoint_size;
    }
}

/* --- adding ----------------------------------------------------------------------------------- */

/* The row of the image that the confusion saw last. */
static int add_row(struct detection_evaluation *e, int item, const struct batch_place *place,
                   struct error *err)
{
    const struct detection_report_image image = { .file = e->about.dataset->items[item].path,
                                                  .width = place->width,
                                                  .height = place->height,
                                                  .truths = e->truths,
                                                  .found = e->found.items,
                                                  .truth_count = e->truth_count,
                                                  .found_count = e->found.count,
                                                  .keypoint_count = e->layout.keypoint_count,
                                                  .least_confidence = DETECTION_SHOWN_CONFIDENCE };
    struct json_writer w;
    int result;

    if (e->rows.length)
        str_add_char(&e->rows, ',');
    json_begin(&w, &e->rows);
    json_object_open(&w);
    result = detection_report_put_image(&image, &e->confusion, e->about.classes, &w, err);
    json_close(&w);
    return result;
}

static int add_image(struct detection_evaluation *e, const struct network_ends *ends,
                     struct plan *plan, const struct batch *batch, int index, struct error *err)
{
    const struct nms_options options = { .confidence = LEAST_CONFIDENCE,
                                         .iou = SUPPRESSION,
                                         .limit = DETECTION_LIMIT,
                                         .is_multi_label = true };
    const struct batch_place *place = &batch->places[index];
    const struct letterbox_view view = { place->width,   place->height, place->scale_x,
                                         place->scale_y, place->left,   place->top };
    struct detection_head head;

    detection_head_at(ends, plan, &e->layout, index, &head);
    if (detections_find(&e->found, &head, &options, &view, err) ||
        set_truths(e, batch->items[index], err))
        return -1;
    detection_metrics_add(&e->boxes, e->truths, e->truth_count, e->found.items, e->found.count);
    if (e->shapes != OVERLAP_BOX)
        detection_metrics_add(&e->shaped, e->truths, e->truth_count, e->found.items,
                              e->found.count);
    detection_confusion_add(&e->confusion, e->truths, e->truth_count, e->found.items,
                            e->found.count);
    if (e->shapes == OVERLAP_KEYPOINTS)
        pose_quality_add(&e->pose, &e->shaped.rule, e->truths, e->found.items, e->confusion.matches,
                         e->confusion.match_count);
    e->images++;
    return add_row(e, batch->items[index], place, err);
}

int detection_evaluation_add(struct evaluation *evaluation, const struct network_ends *ends,
                             struct plan *plan, const struct batch *batch, struct error *err)
{
    struct detection_evaluation *e = of(evaluation);

    e->part_count = ends->part_count;
    for (int i = 0; i < ends->part_count; i++) {
        const float *part = plan_value(plan, ends->parts[i].value).data;

        e->part_names[i] = ends->parts[i].name;
        e->part_sums[i] += (double)part[ends->parts[i].index] * batch->count;
    }
    for (int i = 0; i < batch->count; i++)
        if (add_image(e, ends, plan, batch, i, err))
            return -1;
    return 0;
}

/* --- summing up ------------------------------------------------------------------------------- */

/* The task's own name of a score: constants outlive every evaluation. */
static void add_named(const struct task_type *task, const char *name, double value,
                      struct scores *scores)
{
    for (const char *const *score = task->scores; *score; score++)
        if (!strcmp(*score, name)) {
            scores_add(scores, *score, value);
            return;
        }
}

static void add_losses(const struct detection_evaluation *e, struct scores *scores)
{
    double images = e->images ? (double)e->images : 1, sum = 0;
    char name[64];

    if (!e->part_count)
        return; /* a stored network has no losses */
    for (int i = 0; i < e->part_count; i++)
        sum += e->part_sums[i] / images;
    add_named(e->about.task, "val_loss", sum, scores);
    for (int i = 0; i < e->part_count; i++) {
        snprintf(name, sizeof(name), "val_%s", e->part_names[i]);
        add_named(e->about.task, name, e->part_sums[i] / images, scores);
    }
}

static void add_set(const struct detection_evaluation *e, struct detection_metrics *metrics,
                    const char *suffix, struct scores *scores)
{
    struct detection_summary s = detection_metrics_summarise(metrics, NULL);
    const struct {
        const char *name;
        double value;
    } rows[] = { { "precision", s.precision },
                 { "recall", s.recall },
                 { "f1_score", s.f1_score },
                 { "mAP50", s.map50 },
                 { "mAP50-95", s.map50_95 } };
    char name[64];

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        snprintf(name, sizeof(name), "%s%s", rows[i].name, suffix);
        add_named(e->about.task, name, rows[i].value, scores);
    }
}

void detection_evaluation_summarise(struct evaluation *evaluation, struct scores *scores)
{
    struct detection_evaluation *e = of(evaluation);

    add_losses(e, scores);
    add_set(e, &e->boxes, e->shapes == OVERLAP_BOX ? "" : "(B)", scores);
    if (e->shapes != OVERLAP_BOX)
        add_set(e, &e->shaped, e->shapes == OVERLAP_MASK ? "(M)" : "(P)", scores);
    if (e->shapes == OVERLAP_KEYPOINTS) {
        add_named(e->about.task, "OKS", pose_quality_oks(&e->pose), scores);
        add_named(e->about.task, "PCK", pose_quality_pck(&e->pose), scores);
    }
}

/* --- telling ---------------------------------------------------------------------------------- */

/* Masks and key points are what such a task is judged by.  Summing up sorts what was added. */
static struct detection_metrics *judged(struct detection_evaluation *e)
{
    return e->shapes == OVERLAP_BOX ? &e->boxes : &e->shaped;
}

void detection_evaluation_write_classes(const struct evaluation *evaluation, const char *key,
                                        struct json_writer *w)
{
    struct detection_evaluation *e = of((struct evaluation *)evaluation);
    const char *suffix = e->shapes == OVERLAP_BOX ? "" : e->shapes == OVERLAP_MASK ? "(M)" : "(P)";

    detection_report_put_classes(judged(e), evaluation->classes, key, w);
    detection_report_put_confusion(&e->confusion, evaluation->classes, w);
    detection_report_put_curves(judged(e), evaluation->classes, suffix, w);
}

void detection_evaluation_write_images(const struct evaluation *evaluation, struct json_writer *w)
{
    const struct detection_evaluation *e = (const struct detection_evaluation *)evaluation;

    if (e->rows.length)
        json_raw(w, e->rows.text);
}

void detection_evaluation_write_text(const struct evaluation *evaluation,
                                     const struct scores *scores, struct str *out)
{
    struct detection_evaluation *e = of((struct evaluation *)evaluation);
    struct detection_class *rows = calloc((size_t)evaluation->class_count + 1, sizeof(*rows));

    BUG_IF(!rows);
    detection_metrics_summarise(judged(e), rows);
    str_printf(out, "%lld images:", (long long)e->images);
    for (int i = 0; i < scores->count; i++)
        str_printf(out, "%s %s %.4f", i ? "," : "", scores->names[i], scores->values[i]);
    str_printf(out, "\n%-24s    AP50  AP50-95  precision  recall  objects\n", "class");
    for (int i = 0; i < evaluation->class_count; i++)
        str_printf(out, "%-24s %7.3f %8.3f %10.3f %7.3f %8lld\n", evaluation->classes[i],
                   rows[i].ap50, rows[i].ap50_95, rows[i].precision, rows[i].recall,
                   (long long)rows[i].support);
    free(rows);
}
