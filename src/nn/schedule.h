/* schedule.h - the learning rate as a function of the step.
 *
 * schedule_rate() is pure: (options, step) in, rate out, so that resuming needs no state.  Epochs
 * count from 0 and change the rate at their beginning where PyTorch's scheduler is per epoch.
 *
 *   none         constant
 *   step         rate * gamma ^ floor(epoch / step_size)                    (StepLR)
 *   exponential  rate * gamma ^ epoch                                       (ExponentialLR)
 *   cosine       eta_min + (rate - eta_min) (1 + cos(pi t / T)) / 2, per step: t counts the steps
 *                after the warm-up, T is T_max epochs or, when that is 0, all that are left; past
 *                T it stays at eta_min
 *   warm_restarts  the same with periods of T_0, T_0 T_mult, T_0 T_mult^2 ... epochs
 *   plateau      constant times what plateau_update() has decided           (ReduceLROnPlateau)
 *
 * The warm-up is linear over the first warmup_epochs, but at most a tenth of all steps: step i of
 * w has rate * (i + 1) / w.  Per-epoch schedules count from the start of training.
 */
#ifndef NN_SCHEDULE_H
#define NN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

enum schedule_kind {
    SCHEDULE_NONE, SCHEDULE_STEP, SCHEDULE_COSINE, SCHEDULE_WARM_RESTARTS, SCHEDULE_EXPONENTIAL,
    SCHEDULE_PLATEAU
};

struct schedule_options {
    enum schedule_kind kind;
    double learning_rate;
    int64_t steps_per_epoch, total_steps;
    double warmup_epochs;
    int step_size;       /* epochs */
    double gamma;
    double eta_min;
    int t_max;           /* epochs; 0: to the end */
    int t_0, t_mult;     /* epochs, factor */
    double plateau_factor;
    int plateau_patience;
    double plateau_threshold; /* relative improvement that counts */
};

int64_t schedule_warmup_steps(const struct schedule_options *options);

/* `plateau_scale` is 1 for all kinds but plateau. */
double schedule_rate(const struct schedule_options *options, int64_t step, double plateau_scale);

/* Plateau: state is carried between epochs and stored in checkpoints.  Start from { 1, 0, 0 }. */
struct plateau {
    double scale, best;
    int bad_epochs;
    bool has_best;
};
void plateau_update(struct plateau *plateau, const struct schedule_options *options, double metric,
                    bool higher_is_better);

#endif
