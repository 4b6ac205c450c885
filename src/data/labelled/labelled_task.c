/* labelled_task.c - what a set's rows are for: the task, and the rows that do not fit it. */
#include "base/error.h"
#include "data/labelled/labelled_internal.h"
#include <inttypes.h>
#include <string.h>

#define SHAPES_PER_BOX 2 /* so many make plain boxes the strays */

/* Strays do not decide.  Where there are many of both, boxes win: every outline has one, and no box
 * has an outline. */
static enum dataset_task task_by_content(const struct labelled *all)
{
    if (all->dataset->annotations.keypoint_count)
        return DATASET_TASK_POSE;
    return all->shape_count > 0 && all->shape_count >= SHAPES_PER_BOX * all->plain_box_count
               ? DATASET_TASK_SEGMENTATION
               : DATASET_TASK_DETECTION;
}

int labelled_choose_task(struct labelled *all, struct error *err)
{
    struct dataset *dataset = all->dataset;

    dataset->task = all->options->task;
    if (dataset->task == DATASET_TASK_BY_CONTENT)
        dataset->task = task_by_content(all);
    if (dataset->task == DATASET_TASK_POSE && dataset->annotations.keypoint_count == 0)
        return FAIL(err, INVALID,
                    "'%s' has no key points: data.yaml needs kpt_shape, or annotations keypoints",
                    dataset->root);
    if (dataset->task == DATASET_TASK_SEGMENTATION && all->shape_count == 0 &&
        !all->options->is_lenient)
        return FAIL(err, INVALID, "'%s' has boxes only: outlines are needed to segment instances",
                    dataset->root);
    return 0;
}

/* ---- rows that do not fit ---------------------------------------------------------------- */

/* DICE's files of shapes are read and never edited. */
static const char *remedy_of(const struct labelled *all, const char *remedy)
{
    return all->is_box_or_shape && strcmp(all->dataset->format, "yolo") ? NULL : remedy;
}

/* The row that says the box of an outline, as YOLO writes it. */
static const char *box_row(struct labelled *all, const struct annotation *item, int image)
{
    double width = all->images.items[image].width, height = all->images.items[image].height;
    const struct annotation_box *box = &item->box;

    return arena_printf(all->arena, "%d %.6f %.6f %.6f %.6f", item->class_id,
                        ((double)box->left + box->right) / 2 / width,
                        ((double)box->top + box->bottom) / 2 / height,
                        annotation_box_width(box) / width, annotation_box_height(box) / height);
}

/* The row is told of anew: take back how it was counted. */
static void uncount(struct labelled *all, const struct labelled_origin *origin)
{
    if (origin->is_repaired)
        all->dataset->rows.fixed--;
    else
        all->dataset->rows.used--;
}

/* A box among outlines cannot be learned from: it is treated like a crowd, neither right nor
 * wrong when it is found. */
static void set_aside(struct labelled *all, struct annotation *item,
                      const struct labelled_origin *origin)
{
    uncount(all, origin);
    labelled_note(all, &origin->place, DATASET_EXCLUDED, remedy_of(all, "drop"), NULL,
                  "a box where an outline is expected");
    item->is_crowd = true;
}

static void use_box(struct labelled *all, const struct annotation *item,
                    const struct labelled_origin *origin)
{
    uncount(all, origin);
    labelled_note(all, &origin->place, DATASET_FIXED, remedy_of(all, "boxes"),
                  box_row(all, item, origin->place.image),
                  "an outline among boxes: the box around it is used");
}

static void warn_of_mix(struct labelled *all)
{
    if (all->plain_box_count == 0 || all->shape_count == 0)
        return;
    if (all->dataset->task == DATASET_TASK_SEGMENTATION)
        dataset_warn(all->builder, "%" PRId64 " boxes and %" PRId64 " outlines are mixed: the "
                                   "boxes are left out",
                     all->plain_box_count, all->shape_count);
    else if (all->dataset->task == DATASET_TASK_DETECTION && all->is_box_or_shape)
        dataset_warn(all->builder, "%" PRId64 " boxes and %" PRId64 " outlines are mixed: the "
                                   "boxes around the outlines are used",
                     all->plain_box_count, all->shape_count);
}

/* Left would become right. */
static void warn_of_mirrors(struct labelled *all)
{
    if (all->dataset->task == DATASET_TASK_POSE && !all->dataset->flip_index &&
        !all->is_mirror_told)
        dataset_warn(all->builder,
                     "images are not mirrored, whatever fliplr is: nothing tells which key points "
                     "change places (flip_idx in data.yaml, or names with left and right)");
}

void labelled_fit_to_task(struct labelled *all)
{
    struct dataset *dataset = all->dataset;
    struct annotations *annotations = &dataset->annotations;
    bool is_detection = dataset->task == DATASET_TASK_DETECTION;
    /* Who asks for boxes of a set of outlines need not have its files changed. */
    bool are_shapes_stray = all->is_box_or_shape && all->plain_box_count > 0 &&
                            task_by_content(all) == DATASET_TASK_DETECTION;

    for (int64_t i = 0; i < annotations->item_count; i++) {
        struct annotation *item = &annotations->items[i];
        const struct labelled_origin origin = all->origins.items[i];

        if (dataset->task == DATASET_TASK_SEGMENTATION && !origin.has_shape && !item->is_crowd)
            set_aside(all, item, &origin);
        if (is_detection && are_shapes_stray && origin.has_shape)
            use_box(all, item, &origin);
        if (is_detection)
            item->ring_count = item->run_count = 0;
        if (dataset->task != DATASET_TASK_POSE)
            item->first_keypoint = -1;
    }
    if (dataset->task != DATASET_TASK_POSE)
        annotations->keypoint_count = dataset->keypoint_size = 0;
    warn_of_mix(all);
    warn_of_mirrors(all);
    if (is_detection)
        annotations->ring_count = annotations->point_count = annotations->run_count = 0;
}
