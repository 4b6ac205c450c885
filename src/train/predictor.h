/* predictor.h - a checkpoint ready to answer: built from the graph that the file itself holds. */
#ifndef TRAIN_PREDICTOR_H
#define TRAIN_PREDICTOR_H

#include "train/checkpoint.h"

struct predictor {
    struct checkpoint checkpoint;
    struct graph graph;
    struct network_ends ends; /* image and outputs; no targets */
    struct weights weights;
    struct weights_memory memory;
    struct plan *plan;
    struct slab slab;
    int batch;
};

int predictor_open(struct predictor *predictor, const char *path, struct device *device, int batch,
                   struct error *err);
void predictor_close(struct predictor *predictor);

/* images: (batch, 3, size, size), normalised.  The outputs hold until the next call. */
int predictor_run(struct predictor *predictor, const float *images, struct error *err);
/* Output `index` of the task, one row per image of the batch. */
const float *predictor_output(const struct predictor *predictor, int index);

#endif
