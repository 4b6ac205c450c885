/* recipe.c - see recipe.h. */

#include "train/recipe.h"

#include <math.h>

#define WARMUP_LEAST_BATCHES 100
#define AVERAGE_RAMP 2000.0 /* updates */
#define DETECTOR_AVERAGE_DECAY 0.9999
#define DETECTOR_CLIP 10.0
#define AUTO_LONG_UPDATES 10000

static int64_t batches(int64_t images, int batch_size, bool keeps_last)
{
    return keeps_last ? (images + batch_size - 1) / batch_size : images / batch_size;
}

static struct optimizer_options optimizer_of(const struct config *config)
{
    const struct config_optimizer *o = &config->optimizer;
    struct optimizer_options options;

    optimizer_options_init(&options, (enum optimizer_kind)o->type);
    options.weight_decay = o->weight_decay;
    options.momentum = o->momentum;
    options.beta1 = o->betas.items[0];
    if (options.kind != OPTIMIZER_RMSPROP) /* whose alpha is no beta */
        options.beta2 = o->betas.items[1];
    options.eps = o->eps;
    options.plain_momentum = !o->nesterov;
    return options;
}

static struct schedule_options schedule_of(const struct config *config, int64_t updates_per_epoch)
{
    const struct config_scheduler *s = &config->scheduler;

    return (struct schedule_options){ .kind = (enum schedule_kind)s->type,
                                      .learning_rate = config->optimizer.learning_rate,
                                      .steps_per_epoch = updates_per_epoch,
                                      .total_steps = updates_per_epoch * config->epochs,
                                      .warmup_epochs = (double)s->warmup_epochs,
                                      .step_size = (int)s->step_size,
                                      .gamma = s->gamma,
                                      .eta_min = s->eta_min,
                                      .t_max = (int)s->t_max,
                                      .t_0 = (int)s->t_0,
                                      .t_mult = (int)s->t_mult,
                                      .plateau_factor = s->factor,
                                      .plateau_patience = (int)s->patience,
                                      .plateau_threshold = s->threshold };
}

static void init_classifier(struct recipe *r, const struct config *config,
                            const struct recipe_data *data)
{
    r->keeps_last_batch = !config->drop_last;
    r->batches_per_epoch = batches(data->train_images, data->batch_size, r->keeps_last_batch);
    r->accumulation = (int)config->accumulation;
    r->optimizer = optimizer_of(config);
    r->schedule =
        schedule_of(config, (r->batches_per_epoch + r->accumulation - 1) / r->accumulation);
    r->clip = config->gradient_clip_value;
    r->has_average = config->ema;
    r->average_decay = config->ema_decay;
}

/* --- detectors -------------------------------------------------------------------------------- */

static void choose_optimizer(struct recipe *r, const struct config_detector *c,
                             const struct recipe_data *data, int64_t updates)
{
    struct detector_recipe *d = &r->detector;
    bool is_long = updates > AUTO_LONG_UPDATES;

    d->learning_rate = c->lr0;
    d->momentum = c->momentum;
    d->warmup_bias_rate = c->warmup_bias_lr;
    if (c->optimizer != DETECTOR_OPTIMIZER_AUTO) {
        optimizer_options_init(&r->optimizer, (enum optimizer_kind)(c->optimizer - 1));
        return;
    }
    optimizer_options_init(&r->optimizer, is_long ? OPTIMIZER_SGD : OPTIMIZER_ADAMW);
    d->learning_rate = is_long ? 0.01 : round(0.002 * 5 / (4 + data->classes) * 1e6) / 1e6;
    d->momentum = 0.9;
    d->warmup_bias_rate = 0;
}

static void init_detector(struct recipe *r, const struct config *config,
                          const struct recipe_data *data)
{
    const struct config_detector *c = &config->detector;
    struct detector_recipe *d = &r->detector;
    double nominal = (double)c->nominal_batch;
    int64_t per_update = data->batch_size > nominal ? data->batch_size : c->nominal_batch;

    r->keeps_last_batch = true;
    r->adds_gradients = true;
    r->batches_per_epoch = batches(data->train_images, data->batch_size, true);
    r->clip = config->gradient_clip_value > 0 ? config->gradient_clip_value : DETECTOR_CLIP;
    r->has_average = true;
    r->average_decay = DETECTOR_AVERAGE_DECAY;
    *d = (struct detector_recipe){ .is_used = true,
                                   .is_cosine = c->cos_lr,
                                   .final_share = c->lrf,
                                   .warmup_momentum = c->warmup_momentum,
                                   .most_accumulation = nominal / data->batch_size,
                                   .gains = { c->box, c->cls, c->dfl, c->pose, c->kobj } };
    r->accumulation = (int)fmax(round(d->most_accumulation), 1);
    choose_optimizer(r, c, data,
                     (data->train_images + per_update - 1) / per_update * config->epochs);
    r->optimizer.weight_decay = c->weight_decay * data->batch_size * r->accumulation / nominal;
    r->optimizer.momentum = r->optimizer.beta1 = d->momentum;
    r->optimizer.separate_biases = true;
    if (c->warmup_epochs > 0) {
        d->warmup_batches = llround(c->warmup_epochs * (double)r->batches_per_epoch);
        if (d->warmup_batches < WARMUP_LEAST_BATCHES)
            d->warmup_batches = WARMUP_LEAST_BATCHES;
    }
}

/* The share of lr0 that an epoch has. */
static double share_of_epoch(const struct recipe *r, int64_t epoch)
{
    const struct detector_recipe *d = &r->detector;
    double done = (double)epoch / (double)r->epochs;

    if (d->is_cosine)
        return (1 - cos(M_PI * done)) / 2 * (d->final_share - 1) + 1;
    return fmax(1 - done, 0) * (1 - d->final_share) + d->final_share;
}

static double between(double from, double to, double share)
{
    return from + (to - from) * share;
}

static struct recipe_pace detector_pace(const struct recipe *r, int64_t epoch, int64_t batch)
{
    const struct detector_recipe *d = &r->detector;
    int64_t place = epoch * r->batches_per_epoch + batch;
    double rate = d->learning_rate * share_of_epoch(r, epoch);
    struct recipe_pace pace = { rate, rate, d->momentum, r->accumulation };

    if (place <= d->warmup_batches && d->warmup_batches) {
        double share = (double)place / (double)d->warmup_batches;

        pace.learning_rate = between(0, rate, share);
        pace.bias_learning_rate = between(d->warmup_bias_rate, rate, share);
        pace.momentum = between(d->warmup_momentum, d->momentum, share);
        pace.accumulation = (int)fmax(rint(between(1, d->most_accumulation, share)), 1);
    }
    return pace;
}

/* --- both ------------------------------------------------------------------------------------- */

void recipe_init(struct recipe *recipe, const struct config *config, const struct recipe_data *data)
{
    *recipe = (struct recipe){ .epochs = config->epochs };
    if (config_scope_of(config) == SCOPE_CLASSIFIERS)
        init_classifier(recipe, config, data);
    else
        init_detector(recipe, config, data);
}

struct recipe_pace recipe_pace(const struct recipe *r, int64_t epoch, int64_t batch,
                               int64_t updates, double plateau_scale)
{
    double rate;

    if (r->detector.is_used)
        return detector_pace(r, epoch, batch);
    rate = schedule_rate(&r->schedule, updates, plateau_scale);
    return (struct recipe_pace){ rate, rate, r->optimizer.momentum, r->accumulation };
}

double recipe_average_decay(const struct recipe *r, int64_t updates)
{
    if (r->detector.is_used)
        return r->average_decay * (1 - exp(-(double)(updates + 1) / AVERAGE_RAMP));
    return average_decay_for(r->average_decay, updates);
}
