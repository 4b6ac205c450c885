/* detector_support.h - a detector with its loss, compiled and planned on any device. */
#ifndef TESTS_MODELS_DETECTOR_SUPPORT_H
#define TESTS_MODELS_DETECTOR_SUPPORT_H

#include "models/detector.h"
#include "nn/plan.h"

struct detector_options {
    const char *model;
    struct model_options shape;
    int most_boxes;
    bool evaluation; /* predictions with running statistics, instead of gradients */
};

struct detector {
    struct detector_options options;
    struct device *device; /* borrowed */
    struct graph graph;
    struct value *image;
    struct detector_head head;
    struct detector_targets targets;
    struct detector_loss loss;
    struct detector_predictions predictions;
    struct value **gradient_of;
    struct weights weights;
    struct weights_memory live, gradients;
    struct slab slab;
    struct plan *plan;
};

void detector_open(struct detector *detector, struct device *device,
                   const struct detector_options *options);
void detector_close(struct detector *detector);

/* Where to write a target that is I32; floats go through plan_write(). */
int32_t *detector_integers(const struct detector *detector, const struct value *value);

void detector_run(struct detector *detector);
double detector_loss_value(const struct detector *detector);
double detector_part_value(const struct detector *detector, int part);

/* Row-major, to be freed. */
float *detector_read(const struct detector *detector, const struct value *value);
float *detector_gradient(const struct detector *detector, const struct weight *weight);

#endif
