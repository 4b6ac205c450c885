/* schedule.c - see schedule.h. */

#include "nn/schedule.h"

#include <math.h>

int64_t schedule_warmup_steps(const struct schedule_options *options)
{
    int64_t steps = (int64_t)llround(options->warmup_epochs * (double)options->steps_per_epoch);
    int64_t most = options->total_steps / 10;

    return steps < most ? steps : most;
}

static double cosine(const struct schedule_options *options, double progress)
{
    if (progress > 1)
        progress = 1;
    return options->eta_min +
           (options->learning_rate - options->eta_min) * (1 + cos(M_PI * progress)) / 2;
}

static double restarts(const struct schedule_options *options, double epoch)
{
    double period = options->t_0 > 0 ? options->t_0 : 1;
    double factor = options->t_mult > 0 ? options->t_mult : 1;

    while (epoch >= period) {
        epoch -= period;
        period *= factor;
    }
    return cosine(options, epoch / period);
}

double schedule_rate(const struct schedule_options *options, int64_t step, double plateau_scale)
{
    int64_t warmup = schedule_warmup_steps(options);
    double rate = options->learning_rate, after, last;
    int64_t epoch = options->steps_per_epoch ? step / options->steps_per_epoch : 0;

    if (step < warmup)
        return rate * (double)(step + 1) / (double)warmup;
    after = (double)(step - warmup);
    last = (double)(options->total_steps - warmup);
    switch (options->kind) {
    case SCHEDULE_NONE:
        return rate;
    case SCHEDULE_STEP:
        return rate *
               pow(options->gamma, (double)(epoch / (options->step_size ? options->step_size : 1)));
    case SCHEDULE_EXPONENTIAL:
        return rate * pow(options->gamma, (double)epoch);
    case SCHEDULE_COSINE:
        if (options->t_max > 0)
            last = (double)options->t_max * (double)options->steps_per_epoch;
        return cosine(options, last > 0 ? after / last : 1);
    case SCHEDULE_WARM_RESTARTS:
        return restarts(options, after / (double)options->steps_per_epoch);
    case SCHEDULE_PLATEAU:
        return fmax(rate * plateau_scale, options->eta_min);
    }
    return rate;
}

void plateau_update(struct plateau *plateau, const struct schedule_options *options, double metric,
                    bool higher_is_better)
{
    double margin = fabs(plateau->best) * options->plateau_threshold;
    bool better = !plateau->has_best || (higher_is_better ? metric > plateau->best + margin
                                                          : metric < plateau->best - margin);

    if (better) {
        plateau->best = metric;
        plateau->has_best = true;
        plateau->bad_epochs = 0;
    } else if (++plateau->bad_epochs > options->plateau_patience) {
        plateau->scale *= options->plateau_factor;
        plateau->bad_epochs = 0;
    }
}
