/* run_step.c - one epoch of training; see run_internal.h. */

#include "train/run_internal.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

#define STEP_EVENT_SECONDS 0.5
#define CLIP_EPS 1e-6 /* PyTorch's, in the division by the norm */

volatile int run_stop_requested;

/* --- one batch -------------------------------------------------------------------------------- */

void run_feed(struct run *run, const struct batch *batch)
{
    struct network *n = &run->network;

    run->task->feed(&n->train, n->train_plan, batch);
    run->run_state = (struct run_state){ .seed = (uint64_t)run->config->seed,
                                         .step = run->state.step,
                                         .first_sample = (int64_t)batch->index * batch->capacity,
                                         .training = true };
}

/* Gradients of one batch; *loss is its mean. */
static int batch_gradients(struct run *run, const struct batch *batch, float *loss,
                           struct error *err)
{
    run_feed(run, batch);
    return network_gradients(&run->network, &run->run_state, loss, err);
}

/* One update from the gradients at hand; nothing is applied when they are not finite. */
static void update(struct run *run, struct weights_memory *gradients, double scale,
                   const struct recipe_pace *pace, bool *finite)
{
    struct network *n = &run->network;
    double norm = optimizer_gradient_norm(n->optimizer, gradients) * scale;
    double clip = run->recipe.clip;
    struct optimizer_pace rates = { pace->learning_rate, pace->bias_learning_rate, pace->momentum,
                                    scale };

    *finite = isfinite(norm);
    if (!*finite)
        return;
    if (clip > 0 && norm > clip)
        rates.gradient_scale *= clip / (norm + CLIP_EPS);
    optimizer_step_at(n->optimizer, &n->live, gradients, &rates);
    if (n->options.average)
        optimizer_average(n->optimizer, &n->average, &n->live,
                          recipe_average_decay(&run->recipe, run->state.average_updates++));
    run->state.step++;
}

/* With accumulation, gradients of several batches are added up before the update.  A mean is of one
 * epoch, a sum goes on in the next: nothing is left over but at the end. */
static int train_batch(struct run *run, const struct batch *batch, const struct recipe_pace *pace,
                       float *loss, struct error *err)
{
    struct network *n = &run->network;
    int64_t *pending = &run->state.pending;
    bool ends = batch->index == loader_batch_count(run->train_loader) - 1 &&
                (!run->recipe.adds_gradients || run->state.epoch == run->recipe.epochs);
    bool updates = *pending + 1 >= pace->accumulation || ends, finite = true;
    int64_t summed = *pending + 1;

    if (batch_gradients(run, batch, loss, err))
        return -1;
    if (!isfinite(*loss))
        return run_diverged(run, batch, 1, err);
    if (!*pending && updates) {
        update(run, &n->gradients, 1, pace, &finite);
    } else {
        struct slab *sum = &n->accumulated.segments[SEGMENT_PARAMETERS];

        if (!(*pending)++)
            memset(sum->base, 0, n->weights.segment_bytes[SEGMENT_PARAMETERS]);
        optimizer_accumulate(n->optimizer, &n->accumulated, &n->gradients);
        if (updates) {
            update(run, &n->accumulated,
                   run->recipe.adds_gradients ? 1 : 1.0 / (double)summed, pace, &finite);
            *pending = 0;
        }
    }
    return finite ? 0 : run_diverged(run, batch, summed, err);
}

/* --- telling ---------------------------------------------------------------------------------- */

static int report_step(struct run *run, int64_t batch, double loss, double learning_rate,
                       struct error *err)
{
    int64_t batches = loader_batch_count(run->train_loader);
    double now = clock_seconds(), spent = now - run->epoch_started;
    double rate = spent > 0 ? (double)run->images / (now - run->started) : 0;
    double left = (double)((run->config->epochs - run->state.epoch) * batches + batches - batch);
    struct progress_step step = { run->state.epoch,
                                  run->config->epochs,
                                  batch,
                                  batches,
                                  loss,
                                  learning_rate,
                                  rate,
                                  rate > 0 ? left * run->batch / rate : 0,
                                  memory_resident_bytes() >> 20 };
    struct json_writer *w;

    progress_step(&run->progress, &step);
    if (now - run->step_event < STEP_EVENT_SECONDS && batch < batches)
        return 0;
    run->step_event = now;
    w = events_begin(&run->events, "step");
    json_put_int(w, "epoch", step.epoch);
    json_put_int(w, "step", step.step);
    json_put_int(w, "steps", step.steps);
    json_put_number(w, "loss", loss);
    json_put_number(w, "learning_rate", learning_rate);
    json_put_number(w, "images_per_second", rate);
    json_put_int(w, "rss_mb", step.rss_mb);
    json_put_number(w, "eta_s", step.eta_seconds);
    return events_send(&run->events, err);
}

int run_report_failures(struct run *run, const struct loader *loader, int64_t *reported,
                        struct error *err)
{
    const char *what = loader == run->val_loader ? "validation " : "";
    int count;
    const struct loader_failure *failures = loader_failures(loader, &count);

    for (; *reported < count; ++*reported) {
        const char *why = failures[*reported].message;

        progress_line(&run->progress, "skipped an unreadable %simage: %s", what, why);
        if (events_log(&run->events, "WARNING", err, "skipped an unreadable %simage: %s", what,
                       why))
            return -1;
    }
    return 0;
}

static int report_failures(struct run *run, struct error *err)
{
    return run_report_failures(run, run->train_loader, &run->failures_reported, err);
}

/* --- the loss of the epoch -------------------------------------------------------------------- */

static void count_loss(struct run *run, float loss, int images)
{
    const struct network_ends *ends = &run->network.train;
    struct checkpoint_state *s = &run->state;

    s->loss_sum += (double)loss * images;
    s->loss_count += images;
    for (int i = 0; i < ends->part_count; i++) {
        const float *part = plan_value(run->network.train_plan, ends->parts[i].value).data;

        s->part_sums[i] += (double)part[ends->parts[i].index] * images;
    }
}

static void summarise_loss(struct run *run)
{
    const struct checkpoint_state *s = &run->state;
    double images = s->loss_count ? (double)s->loss_count : 1;

    run->train.values[0] = s->loss_sum / images;
    for (int i = 0; i < run->network.train.part_count; i++)
        run->train.values[i + 1] = s->part_sums[i] / images;
}

/* --- the epoch -------------------------------------------------------------------------------- */

int run_epoch(struct run *run, int64_t epoch, bool *stopped, struct error *err)
{
    const struct batch *batch;
    int got;

    run->epoch_started = clock_seconds();
    network_bind_training(&run->network);
    loader_start(run->train_loader, (int)epoch - 1, (int)run->state.batch);
    while ((got = loader_next(run->train_loader, &batch, err)) == 1) {
        struct recipe_pace pace =
            recipe_pace(&run->recipe, epoch - 1, batch->index, run->state.step, run->plateau.scale);
        float loss;

        if (train_batch(run, batch, &pace, &loss, err))
            return -1;
        if (run->recipe.adds_gradients)
            loss /= (float)batch->count; /* a sum: tell its mean */
        run->images += batch->count;
        count_loss(run, loss, batch->count);
        run->state.batch = batch->index + 1;
        if (report_step(run, run->state.batch, loss, pace.learning_rate, err))
            return -1;
        if (run->options->stop_after_steps && run->state.step >= run->options->stop_after_steps)
            run_stop_requested = 1;
        if (run_stop_requested && run->state.batch < loader_batch_count(run->train_loader)) {
            *stopped = true;
            return report_failures(run, err);
        }
    }
    if (got < 0)
        return -1;
    summarise_loss(run);
    return report_failures(run, err);
}
