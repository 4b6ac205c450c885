/* optimizer.h - how gradients become new weights; one sweep over the parameter segment.
 *
 *   sgd      momentum, Nesterov's form by default (PyTorch's SGD)
 *   adam     Kingma and Ba 2015, decay as part of the gradient (PyTorch's Adam)
 *   adamw    Loshchilov and Hutter 2019, decay apart from it
 *   rmsprop  PyTorch's, with momentum
 *
 * Weight decay spares norms, biases and whatever value->decay says.  Frozen weights are left
 * alone.  Gradients may be clipped by their global norm and averaged over several batches.
 * The moments lie in copies of the parameter segment, so saving them is saving weights.
 */
#ifndef NN_OPTIMIZER_H
#define NN_OPTIMIZER_H

#include "nn/weights.h"

enum optimizer_kind { OPTIMIZER_ADAM, OPTIMIZER_ADAMW, OPTIMIZER_SGD, OPTIMIZER_RMSPROP };

/* All as given: 0 is 0.  Of adam and adamw both betas lie in [0, 1); beta2 is rmsprop's alpha; eps
 * is above 0 but for sgd, which has none. */
struct optimizer_options {
    enum optimizer_kind kind;
    double weight_decay, momentum;
    double beta1, beta2, eps;
    bool plain_momentum;           /* sgd without Nesterov */
    bool separate_biases;          /* what is called "....bias" may have a rate of its own */
};

/* PyTorch's defaults of that kind: betas 0.9 and 0.999, or an alpha of 0.99, and eps 1e-8; without
 * decay and momentum. */
void optimizer_options_init(struct optimizer_options *options, enum optimizer_kind kind);

#define OPTIMIZER_MAX_MOMENTS 2

struct optimizer;

/* Fails with INVALID for options that have no meaning. */
int optimizer_new(struct optimizer **out, const struct weights *weights,
                  const struct optimizer_options *options, struct error *err);
void optimizer_free(struct optimizer *optimizer); /* NULL is fine */

/* L2 norm of all gradients that will be used, in a fixed order; NaN or Inf if any is. */
double optimizer_gradient_norm(struct optimizer *optimizer, const struct weights_memory *gradients);

/* sum += gradients, for accumulation. */
void optimizer_accumulate(struct optimizer *optimizer, struct weights_memory *sum,
                          const struct weights_memory *gradients);

/* One update; gradients are multiplied by gradient_scale. */
void optimizer_step(struct optimizer *optimizer, struct weights_memory *weights,
                    const struct weights_memory *gradients, double learning_rate,
                    double gradient_scale);

/* The same with what a warm-up may change: the rate of biases, where they are separate, and sgd's
 * momentum. */
struct optimizer_pace {
    double learning_rate, bias_learning_rate, momentum, gradient_scale;
};
void optimizer_step_at(struct optimizer *optimizer, struct weights_memory *weights,
                       const struct weights_memory *gradients, const struct optimizer_pace *pace);

/* average += (weights - average) * (1 - decay), states included.  average_decay_for() is the
 * warm-up that keeps the first updates from dominating: min(decay, (1 + n) / (10 + n)). */
void optimizer_average(struct optimizer *optimizer, struct weights_memory *average,
                       const struct weights_memory *weights, double decay);
double average_decay_for(double decay, int64_t updates_before);

/* The moments and the count of updates, for checkpoints. */
int optimizer_moment_count(const struct optimizer *optimizer);
struct weights_memory *optimizer_moment(struct optimizer *optimizer, int index);
int64_t optimizer_updates(const struct optimizer *optimizer);
void optimizer_set_updates(struct optimizer *optimizer, int64_t updates);

#endif
