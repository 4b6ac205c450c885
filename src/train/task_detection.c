/* task_detection.c - boxes, and masks or key points with them; see task.h.
 *
 * Three tasks of one file: they differ in what the head gives besides boxes, which the model says.
 * How good the answers are is counted in detection_evaluation.c. */

#include "base/error.h"
#include "data/loader.h"
#include "objects/detections.h"
#include "train/checkpoint.h"
#include "train/detection_evaluation.h"
#include "train/task.h"

enum { BOXES, CLASSES, COUNTS, MASKS, KEY_POINTS }; /* targets */

static int describe_network(struct graph *graph, const struct model *model,
                            const struct model_options *shape, struct error *err)
{
    struct detector_predictions predictions;
    struct detector_head head;
    struct value *image;

    if (detector_build(graph, model, shape, &image, &head, err))
        return -1;
    detector_add_predictions(graph, &head, &predictions);
    return 0;
}

static void add_loss(struct graph *graph, const struct detector_head *head,
                     const struct network_options *options, struct network_ends *ends)
{
    struct detector_targets targets;
    struct detector_loss loss;

    detector_add_loss(graph, head, options->gains, options->most_boxes, &targets, &loss);
    ends->targets[BOXES] = targets.boxes;
    ends->targets[CLASSES] = targets.classes;
    ends->targets[COUNTS] = targets.counts;
    ends->targets[MASKS] = targets.masks;
    ends->targets[KEY_POINTS] = targets.key_points;
    ends->loss = loss.loss;
    ends->part_count = loss.part_count;
    for (int i = 0; i < loss.part_count; i++)
        ends->parts[i] =
            (struct network_part){ loss.parts[i].name, loss.parts[i].value, loss.parts[i].index };
}

static int describe_loss(struct graph *graph, const struct network_options *options, int batch,
                         bool training, struct network_ends *ends, struct error *err)
{
    struct model_options shape = options->shape;
    struct detector_predictions predictions;
    struct detector_head head;

    shape.batch = batch;
    if (detector_build(graph, options->model, &shape, &ends->image, &head, err))
        return -1;
    add_loss(graph, &head, options, ends);
    if (!training) {
        detector_add_predictions(graph, &head, &predictions);
        ends->outputs[DETECTION_COLUMNS] = predictions.columns;
        ends->outputs[DETECTION_PROTOTYPES] = predictions.prototypes;
    }
    return 0;
}

/* A table of numbers for each image that the network takes. */
static bool is_of_batch(const struct value *answer, const struct network_ends *ends, int rank)
{
    return answer->dtype == DTYPE_F32 && answer->shape.rank == rank &&
           answer->shape.dim[0] == ends->image->shape.dim[0];
}

/* Rows of a column besides box and classes. */
static int64_t extra_rows(const struct graph *graph, const struct checkpoint *c,
                          const struct network_ends *ends)
{
    if (c->task == &task_segmentation)
        return graph->output_count == 2 && is_of_batch(graph->outputs[1], ends, 4) &&
                       graph->outputs[1]->shape.dim[1] <= DETECTIONS_MOST_PROTOTYPES
                   ? graph->outputs[1]->shape.dim[1]
                   : -1;
    if (graph->output_count != 1)
        return -1;
    return c->task == &task_pose ? (int64_t)c->keypoint_count * c->keypoint_size : 0;
}

static int describe_answers(struct graph *graph, const struct checkpoint *checkpoint,
                            struct network_ends *ends, struct error *err)
{
    int64_t extra = extra_rows(graph, checkpoint, ends);

    if (extra < 0 || !is_of_batch(graph->outputs[0], ends, 3))
        return FAIL(err, CORRUPT, "the stored network is none of task %s", checkpoint->task->name);
    if (graph->outputs[0]->shape.dim[1] != 4 + checkpoint->class_count + extra)
        return FAIL(err, CORRUPT, "the stored network tells %d numbers of a box, not %d",
                    (int)graph->outputs[0]->shape.dim[1],
                    (int)(4 + checkpoint->class_count + extra));
    ends->outputs[DETECTION_COLUMNS] = graph->outputs[0];
    ends->outputs[DETECTION_PROTOTYPES] = graph->output_count == 2 ? graph->outputs[1] : NULL;
    return 0;
}

static void feed(const struct network_ends *ends, struct plan *plan, const struct batch *batch)
{
    const void *const values[] = { [BOXES] = batch->boxes,
                                   [CLASSES] = batch->classes,
                                   [COUNTS] = batch->counts,
                                   [MASKS] = batch->masks,
                                   [KEY_POINTS] = batch->key_points };

    network_copy_input(plan, ends->image, batch->images);
    for (int i = 0; i <= KEY_POINTS; i++)
        if (ends->targets[i])
            network_copy_input(plan, ends->targets[i], values[i]);
}

#define DETECTOR()                                                                                 \
    .framework = "ultralytics", .describe_network = describe_network,                              \
    .describe_loss = describe_loss, .describe_answers = describe_answers, .feed = feed,            \
    .evaluation_new = detection_evaluation_new, .evaluation_free = detection_evaluation_free,      \
    .evaluation_memory_bytes = detection_evaluation_memory_bytes,                                  \
    .evaluation_clear = detection_evaluation_clear, .evaluation_add = detection_evaluation_add,    \
    .evaluation_summarise = detection_evaluation_summarise,                                        \
    .write_classes = detection_evaluation_write_classes,                                           \
    .write_images = detection_evaluation_write_images,                                             \
    .write_text = detection_evaluation_write_text

static const char *const box_scores[] = {
    "val_loss", "val_box_loss", "val_cls_loss", "val_dfl_loss", "precision",
    "recall",   "f1_score",     "mAP50",        "mAP50-95",     NULL
};

static const char *const mask_scores[] = {
    "val_loss",    "val_box_loss", "val_seg_loss", "val_cls_loss", "val_dfl_loss", "precision(B)",
    "recall(B)",   "f1_score(B)",  "mAP50(B)",     "mAP50-95(B)",  "precision(M)", "recall(M)",
    "f1_score(M)", "mAP50(M)",     "mAP50-95(M)",  NULL,
};

static const char *const pose_scores[] = {
    "val_loss",
    "val_box_loss",
    "val_pose_loss",
    "val_kobj_loss",
    "val_cls_loss",
    "val_dfl_loss",
    "precision(B)",
    "recall(B)",
    "f1_score(B)",
    "mAP50(B)",
    "mAP50-95(B)",
    "precision(P)",
    "recall(P)",
    "f1_score(P)",
    "mAP50(P)",
    "mAP50-95(P)",
    "OKS",
    "PCK",
    NULL,
};

const struct task_type task_detection = { .task = TASK_DETECT,
                                          .name = "object_detection",
                                          .primary_metric = "mAP50",
                                          .scores = box_scores,
                                          DETECTOR() };

const struct task_type task_segmentation = { .task = TASK_SEGMENT,
                                             .name = "instance_segmentation",
                                             .primary_metric = "mAP50(M)",
                                             .scores = mask_scores,
                                             DETECTOR() };

const struct task_type task_pose = { .task = TASK_POSE,
                                     .name = "pose_estimation",
                                     .primary_metric = "mAP50(P)",
                                     .scores = pose_scores,
                                     DETECTOR() };
