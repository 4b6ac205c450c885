/* task.h - what a kind of training is: its network's ends, its loss, its scores.
 *
 * A task is one constant in a file of its own and one row in task.c.  run*.c knows epochs, steps,
 * checkpoints and events; whatever differs between a classifier and a detector is asked here.
 *
 * Evaluation  collects what the network says of images whose truth is known, batch by batch, and
 *             tells it as scores, as a table per class and as a row per image.
 * Ownership   An evaluation borrows data set and class names; evaluation_free() ends it.
 */
#ifndef TRAIN_TASK_H
#define TRAIN_TASK_H

#include "train/network.h"
#include "train/scores.h"

struct batch;
struct checkpoint;
struct dataset;
struct json_writer;
struct str;
struct task_type;

struct evaluation {
    const struct task_type *task;
    const struct dataset *dataset;
    const char *const *classes; /* the network's, in the order of its outputs */
    int class_count;
    const int *class_of; /* the network's class of each of the data set's; NULL: the same */
};

struct task_type {
    enum task task;
    const char *name;           /* on the wire: "image_classification" */
    const char *framework;      /* whose users know its models: "timm" */
    const char *primary_metric; /* chooses the best checkpoint unless the configuration does */
    const char *const
        *scores; /* what an evaluation adds, in the order of columns; ends with NULL */

    /* --- graphs: the graph is open and empty, but for describe_answers -------------------------
     */

    /* The network alone, its outputs marked: what checkpoints store. */
    int (*describe_network)(struct graph *graph, const struct model *model,
                            const struct model_options *shape, struct error *err);
    /* Network, targets and loss; sets every member of ends and marks the outputs.  `training` is
     * false for evaluation, whose outputs are those of describe_answers. */
    int (*describe_loss)(struct graph *graph, const struct network_options *options, int batch,
                         bool training, struct network_ends *ends, struct error *err);
    /* After a stored network, whose ends->image is set: what predicting reads, as ends->outputs.
     * Fails with CORRUPT when the network is none of this task or tells other things than the
     * checkpoint says, or not of as many images as it takes. */
    int (*describe_answers)(struct graph *graph, const struct checkpoint *checkpoint,
                            struct network_ends *ends, struct error *err);

    /* --- batches -------------------------------------------------------------------------------
     */

    /* Copy the batch into the plan's inputs. */
    void (*feed)(const struct network_ends *ends, struct plan *plan, const struct batch *batch);

    /* --- evaluation ----------------------------------------------------------------------------
     */

    struct evaluation *(*evaluation_new)(const struct evaluation *about);
    /* What such an evaluation keeps of the validation images at most. */
    int64_t (*evaluation_memory_bytes)(const struct evaluation *about);
    void (*evaluation_free)(struct evaluation *evaluation);
    void (*evaluation_clear)(struct evaluation *evaluation);
    /* The outputs of `plan` after it ran on the batch. */
    int (*evaluation_add)(struct evaluation *evaluation, const struct network_ends *ends,
                          struct plan *plan, const struct batch *batch, struct error *err);
    void (*evaluation_summarise)(struct evaluation *evaluation, struct scores *scores);
    /* Members of the object that is open: a table by class under `key`, then what else there is
     * (confusion matrix, curves). */
    void (*write_classes)(const struct evaluation *evaluation, const char *key,
                          struct json_writer *w);
    /* Elements of the array that is open: an object per image. */
    void (*write_images)(const struct evaluation *evaluation, struct json_writer *w);
    /* For people: lines of text. */
    void (*write_text)(const struct evaluation *evaluation, const struct scores *scores,
                       struct str *out);
};

extern const struct task_type task_classification, task_detection, task_segmentation, task_pose;

const struct task_type *task_type_find(const char *name); /* NULL: unknown */
/* In the order of the field "task_type" and of enum task; NULL past the end. */
const struct task_type *task_type_at(int index);
const struct task_type *task_type_of(const struct model *model);
/* Is that the name of a score, or of a part of them? */
bool task_type_has_score(const struct task_type *task, const char *name);

struct evaluation *evaluation_new(const struct evaluation *about);
void evaluation_free(struct evaluation *evaluation); /* NULL is fine */

#endif
