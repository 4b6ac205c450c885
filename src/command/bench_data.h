/* bench_data.h - synthetic inputs of a network, for `fovea bench`. */
#ifndef COMMAND_BENCH_DATA_H
#define COMMAND_BENCH_DATA_H

#include "train/network.h"

#define BENCH_BOXES 8 /* in an image; photographs of COCO have 7.3 */

struct bench_data {
    void *image, *targets[NETWORK_ENDS_MAX]; /* in the plan's types and shapes */
};

/* The classes of models in the peers' benchmarks: 1000, of detectors 80, with key points 1. */
int bench_classes(const struct model *model);

/* Always the same numbers for the same ends. */
void bench_data_init(struct bench_data *data, const struct network *network,
                     const struct network_ends *ends);
void bench_data_release(struct bench_data *data);

/* Into the plan's inputs.  The slab is shared: before every run, as training copies a batch. */
void bench_data_copy(const struct bench_data *data, const struct network_ends *ends,
                     struct plan *plan);

#endif
