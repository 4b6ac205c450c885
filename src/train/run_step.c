/* run_step.c - one epoch of training; see run_internal.h. */

#include "train/run_internal.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

#define STEP_EVENT_SECONDS 0.5
#define CLIP_EPS 1e-6 /* PyTorch's, in the division by the norm */

volatile int run_stop_requested;

/* --- not finite ------------------------------------------------------------------------------- */

static const char *first_not_finite(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return isnan(values[i]) ? "NaN" : "Inf";
    return NULL;
}

/* The same batch again, step by step, until the first output that is not finite. */
static int locate(struct run *run, const struct batch *batch, struct error *err)
{
    struct plan *plan = run->network.train_plan;
    struct device *device = run->network.device;
    const char *what = NULL, *op = "loss", *layer = "";
    struct str files = STR_INIT;

    for (int i = 0; i < plan_step_count(plan) && !what; i++) {
        const struct step *step = plan_step(plan, i);

        if (device->run(device, (struct step *)step, 1, &run->run_state, NULL, err))
            break;
        for (int j = 0; step->node && j < step->node->output_count && !what; j++) {
            const struct value *value = step->node->outputs[j];

            if (value->dtype == DTYPE_F32)
                what = first_not_finite(step->args[step->node->input_count + j],
                                        (size_t)shape_count(&value->shape));
            op = step->node->op->name;
            layer = step->name;
        }
    }
    for (int i = 0; i < batch->count && i < 4; i++)
        str_printf(&files, i ? ", %s" : "%s", run->dataset.items[batch->items[i]].path);
    FAIL(err, NOT_FINITE,
         "training diverged: %s in %s of layer '%s' at step %lld of epoch %lld (files: %s%s); "
         "a smaller learning rate or gradient_clip_value may help",
         what ? what : "a value that is not finite", op, layer, (long long)run->state.step + 1,
         (long long)run->state.epoch, files.text, batch->count > 4 ? ", ..." : "");
    str_release(&files);
    return -1;
}

/* --- one batch -------------------------------------------------------------------------------- */

/* Gradients of one batch; *loss is its mean. */
static int batch_gradients(struct run *run, const struct batch *batch, float *loss,
                           struct error *err)
{
    struct network *n = &run->network;

    run->task->feed(&n->train, n->train_plan, batch);
    run->run_state = (struct run_state){ .seed = (uint64_t)run->config->seed,
                                         .step = run->state.step,
                                         .first_sample = (int64_t)batch->index * batch->capacity,
                                         .training = true };
    return network_gradients(n, &run->run_state, loss, err);
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

    if (batch_gradients(run, batch, loss, err))
        return -1;
    if (!isfinite(*loss))
        return locate(run, batch, err);
    if (!*pending && updates) {
        update(run, &n->gradients, 1, pace, &finite);
    } else {
        struct slab *sum = &n->accumulated.segments[SEGMENT_PARAMETERS];

        if (!(*pending)++)
            memset(sum->base, 0, n->weights.segment_bytes[SEGMENT_PARAMETERS]);
        optimizer_accumulate(n->optimizer, &n->accumulated, &n->gradients);
        if (updates) {
            update(run, &n->accumulated,
                   run->recipe.adds_gradients ? 1 : 1.0 / (double)*pending, pace, &finite);
            *pending = 0;
        }
    }
    return finite ? 0 : locate(run, batch, err);
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

static int report_failures(struct run *run, struct error *err)
{
    int count;
    const struct loader_failure *failures = loader_failures(run->train_loader, &count);

    for (; run->failures_reported < count; run->failures_reported++) {
        const struct loader_failure *f = &failures[run->failures_reported];

        progress_line(&run->progress, "skipped an unreadable image: %s", f->message);
        if (events_log(&run->events, "WARNING", err, "skipped an unreadable image: %s", f->message))
            return -1;
    }
    return 0;
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
