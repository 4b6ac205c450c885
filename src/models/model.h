/* model.h - the models that can be trained, and how one is described.
 *
 * A model is one file per family plus one row per member in models.def.  To add one: write
 * `build` with the calls of nn/layers.h, define a `const struct model`, list its name. */
#ifndef MODELS_MODEL_H
#define MODELS_MODEL_H

#include "nn/layers.h"

struct model_options {
    int batch, image_size, classes;
    double drop_rate;      /* dropout before the classifier */
    double drop_path_rate; /* stochastic depth, growing linearly with depth */
    int key_points, key_point_size; /* TASK_POSE: K and D of models/detector.h; 0: 17 and 3 */
};

/* What a network is for. */
enum task { TASK_CLASSIFY, TASK_DETECT, TASK_SEGMENT, TASK_POSE };

struct detector_head;

struct model {
    const char *name;         /* the name of the checkpoints in timm */
    const char *alias;        /* another name of the same model; may be NULL */
    const char *display_name;
    const char *description;
    const char *paper;        /* what the architecture follows */
    enum task task;
    int64_t parameters;       /* with 1,000 classes; 80 in detection and segmentation, 1 in pose */
    int image_size;           /* the usual one */
    int size_multiple;        /* sides must be a multiple of this */
    int smallest_size;
    int recommended_batch;
    double recommended_learning_rate;
    const char *head;         /* parameters under this prefix belong to the classifier */
    const char *stem;         /* the first convolution's weight */
    const char *tags;         /* separated by spaces */

    /* Append the network to the graph and return its logits (batch, classes). */
    struct value *(*build)(struct graph *g, struct value *image,
                           const struct model_options *options, const void *config);
    /* Instead of `build` where the task is another than TASK_CLASSIFY: fill in what the head
     * consists of (models/detector.h). */
    void (*build_detector)(struct graph *g, struct value *image,
                           const struct model_options *options, const void *config,
                           struct detector_head *head);
    const void *config; /* what differs inside a family */
};

const struct model *model_find(const char *name); /* by name or alias; NULL if unknown */
/* The same, failing with the nearest name that there is. */
const struct model *model_named(const char *name, struct error *err);
const struct model *const *model_all(int *count);

/* A graph that maps the input "image" (batch, 3, size, size) to logits; *image and *logits lend
 * its values.  The graph is initialised here; graph_release() it also after a failure.  Of
 * classifiers only: the others are built by detector_build(). */
int model_build(struct graph *graph, const struct model *model, const struct model_options *options,
                struct value **image, struct value **logits, struct error *err);

/* Does the model take these classes and this size?  Fails with INVALID. */
int model_check_size(const struct model *model, const struct model_options *options,
                     struct error *err);

/* Is this parameter part of the classifier? */
bool model_is_head(const struct model *model, const char *parameter);

#endif
