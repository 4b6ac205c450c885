/* network.h - a model compiled for a device: weights, plans and optimizer in one place.
 *
 * It knows how a model becomes runnable (loss, passes, gradient, plans) and what lies in memory
 * while it trains.  train/task.h says what its ends are, train/run.c when things happen.
 *
 * Ownership  The network owns its graphs, plans and memory and borrows the device.
 * Memory     `memory` is exact before anything is allocated: open with `plan_only`.
 */
#ifndef TRAIN_NETWORK_H
#define TRAIN_NETWORK_H

#include "models/detector.h"
#include "nn/optimizer.h"
#include "nn/plan.h"

struct task_type;

#define NETWORK_ENDS_MAX 8

/* What goes into a graph and what is read from it.  Which target or output is which says the task's
 * file; members that a task has not are NULL. */
struct network_ends {
    struct value *image, *loss;
    struct value *targets[NETWORK_ENDS_MAX];
    struct value *outputs[NETWORK_ENDS_MAX];
    struct network_part {
        const char *name;
        struct value *value; /* F32; the part is its element `index` */
        int index;
    } parts[NETWORK_ENDS_MAX]; /* of the loss, in the order in which they are told */
    int part_count;
};

struct network_options {
    const struct model *model; /* says the task, too */
    struct model_options shape; /* batch, image size, classes, drop rates */
    int most_boxes;             /* detectors: of one image, at least 1 */
    const struct detector_gains *gains; /* detectors; NULL: the usual ones */
    bool training;              /* else: evaluation plan only */
    int eval_batch;             /* 0: the training batch */
    struct optimizer_options optimizer;
    bool average;         /* keep a moving average of the weights */
    bool accumulate;      /* keep room for gradients of several batches */
    bool freeze_backbone; /* only the classifier learns */
    bool lean;            /* recompute cheap values in backward */
    bool plan_only;       /* choose and place, allocate nothing */
    bool unfused;         /* debugging: no fusion passes */
};

struct network_memory {
    size_t weights, gradients, optimizer, average, slab; /* bytes */
    size_t total;
};

struct network {
    struct network_options options;
    const struct task_type *task;
    struct device *device;
    struct graph model_graph;             /* as described: what checkpoints store */
    struct graph train_graph, eval_graph; /* after all passes */
    struct network_ends train, eval;
    struct weights weights;
    struct plan *train_plan, *eval_plan;
    struct weights_memory live, average, gradients, accumulated;
    struct optimizer *optimizer;
    struct slab slab;
    struct network_memory memory;
};

int network_open(struct network *network, struct device *device,
                 const struct network_options *options, struct error *err);
void network_close(struct network *network);

/* Let `train` run on the live weights, or evaluation on the live ones or their average. */
void network_bind_training(struct network *network);
void network_bind_evaluation(struct network *network, bool average);

/* A runnable graph after a pass, for `inspect --graph`; stages: model, lowered, fused, gradient,
 * final.  The text is appended to out. */
int network_print_stages(const struct network_options *options, struct device *device,
                         struct str *out, struct error *err);

/* Fill an input of the plan; the array has the input's shape and type. */
void network_copy_input(struct plan *plan, const struct value *input, const void *values);

/* Forward and backward of one batch that lies in the inputs; leaves the loss's gradients. */
int network_gradients(struct network *network, const struct run_state *run, float *loss,
                      struct error *err);

#endif
