/* recipe.h - the rates of every step, worked out from the settings.
 *
 * A classifier follows its schedule by optimizer steps and its gradients are means over a batch
 * (timm's way).  A detector follows the usual way of YOLO trainers:
 *   loss       a sum over images, so gradients of several batches are added up
 *   batches    so many per update that they hold `nominal_batch` images; during the warm-up this
 *              number grows from one
 *   decay      the weight decay times images per update / nominal_batch; biases and norms have none
 *   rate       lr0 times a line, or a cosine, from 1 to lrf by epochs; in the warm-up, which has at
 *              least 100 batches, it rises from 0 batch by batch, while that of biases falls from
 *              warmup_bias_lr and sgd's momentum rises from warmup_momentum
 *   automatic  sgd at 0.01 for more than 10,000 updates, else adamw at 0.002 * 5 / (4 + classes),
 *              and no rate of their own for biases
 *   clipping   the global norm at 10, average of the weights with 0.9999 (1 - exp(-n / 2000))
 * Every batch is full: the last one is filled with the epoch's first images.  Gradients that wait
 * for their update at the end of an epoch wait for the next one's batches.
 */
#ifndef TRAIN_RECIPE_H
#define TRAIN_RECIPE_H

#include "models/detector.h"
#include "train/config.h"

struct recipe {
    struct optimizer_options optimizer;
    struct schedule_options schedule; /* of classifiers */
    double clip;                      /* largest global norm of the gradients; 0: any */
    double average_decay;
    bool has_average;
    bool adds_gradients; /* over batches; else their mean counts */
    bool keeps_last_batch;
    int accumulation; /* batches per update, after the warm-up */
    int64_t batches_per_epoch, epochs;
    struct detector_recipe {
        bool is_used, is_cosine;
        double learning_rate, final_share; /* lr0, lrf */
        double momentum, warmup_momentum, warmup_bias_rate;
        int64_t warmup_batches;
        double most_accumulation; /* before rounding: nominal_batch / batch */
        struct detector_gains gains;
    } detector;
};

/* What the data set says. */
struct recipe_data {
    int64_t train_images;
    int batch_size, classes;
};

void recipe_init(struct recipe *recipe, const struct config *config,
                 const struct recipe_data *data);

/* The rates of a batch: `epoch` and `batch` count from 0, `updates` are those already done. */
struct recipe_pace {
    double learning_rate, bias_learning_rate, momentum;
    int accumulation; /* batches per update */
};
struct recipe_pace recipe_pace(const struct recipe *recipe, int64_t epoch, int64_t batch,
                               int64_t updates, double plateau_scale);

/* Decay of the weights' average for the update after so many. */
double recipe_average_decay(const struct recipe *recipe, int64_t updates);

#endif
