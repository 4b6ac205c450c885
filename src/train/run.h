/* run.h - one training run, from configuration to checkpoints; what `fovea train` does.
 *
 * Files in the output folder:
 *   config.json          every setting as used, the version, the device, a hash of the data set
 *   events.jsonl         what happened (events.h)
 *   results.csv          one row per epoch
 *   results/             validation of the best and the last epoch: metrics, per class, confusion
 *                        matrix, one row per image
 *   splits/              which image was where; kept when the run is resumed
 *   logs/                for whoever starts the run to keep its output
 *   checkpoints/         epoch_N, best, latest (checkpoint.h)
 *   checkpoints-1, ...   those of earlier runs, which a run that is not resumed puts aside
 *
 * SIGTERM and SIGINT finish the batch, of training or of validation, write `latest` and report
 * `stopped`; a second one ends the process at once, as does the first while the run is opened and
 * has written nothing.  A run that is killed and resumed ends in the same weights, bit for bit, as
 * one that was not disturbed.  What an epoch depends on (data, batch size, seed) must be the same
 * to go on inside of it; between epochs it may differ, with a warning.
 */
#ifndef TRAIN_RUN_H
#define TRAIN_RUN_H

#include "data/dataset.h"
#include "data/loader.h"
#include "train/checkpoint.h"
#include "train/config.h"
#include "train/events.h"
#include "train/progress.h"
#include "train/scores.h"

struct run_options {
    const struct config *config;
    struct field_values *values; /* for config.json */
    struct device *device;
    bool quiet;
    int64_t stop_after_steps; /* tests: pretend SIGTERM after so many steps; 0: never */
};

struct run_result {
    const char *status; /* "completed", "stopped", "early_stopped" */
    int64_t epochs;
    double best;
    int64_t best_epoch;
    struct scores last; /* without the parts of the training loss */
    double seconds, images_per_second;
};

int run_train(const struct run_options *options, struct run_result *result, struct error *err);

/* What a run would need, without running: exact memory, largest batch, a measured step. */
struct run_forecast {
    int64_t peak_bytes, available_bytes, slab_bytes, weights_bytes, loader_bytes;
    int64_t largest_batch;
    double seconds_per_epoch;
    int64_t train_images, val_images, parameters;
    int class_count;
};
int run_forecast(const struct run_options *options, struct run_forecast *forecast,
                 struct error *err);

#endif
