/* run.c - the course of a training run; see run.h. */

#include "train/run_internal.h"

#include "base/clock.h"
#include "base/file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- starting and resuming -------------------------------------------------------------------- */

static int make_folder(struct run *run, bool *resumes, struct error *err)
{
    static const char *const parts[] = { "checkpoints", "results", "logs" };
    char *lock;

    if (!run->config->output_dir)
        return FAIL(err, INVALID, "output_dir is required (--out FOLDER)");
    run->folder = arena_strdup(&run->arena, run->config->output_dir);
    for (int i = 0; i < 3; i++)
        if (file_make_folders(file_join(&run->arena, run->folder, parts[i]), err))
            return -1;
    lock = file_join(&run->arena, run->folder, ".lock");
    if (file_lock(lock, &run->lock_fd, err))
        return error_prefix(err, "another run writes into '%s'", run->folder);
    run->start_path = run->config->checkpoint_path;
    *resumes = run->config->resume && file_exists(run_latest_path(&run->arena, run->folder));
    if (!*resumes && run_set_aside(run, err))
        return -1;
    return run->keeps_split ? 0 : dataset_write_splits(&run->dataset, run->folder, err);
}

static int write_config(struct run *run, struct error *err)
{
    char *path = file_join(&run->arena, run->folder, "config.json");
    struct str text = STR_INIT;
    struct json_writer w;
    int result;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_text(&w, "fovea_version", FOVEA_VERSION);
    json_put_text(&w, "device", run->network.device->identity);
    json_put_text(&w, "dataset_hash", run->dataset.hash);
    json_key(&w, "config");
    json_raw(&w, run->config_json);
    json_close(&w);
    result = file_replace(path, text.text, text.length, err);
    str_release(&text);
    return result;
}

static int send_notes(struct run *run, struct error *err)
{
    for (int i = 0; i < run->note_count; i++)
        if (events_log(&run->events, run->notes[i].level, err, "%s", run->notes[i].text))
            return -1;
    return 0;
}

static int announce(struct run *run, bool resumed, struct error *err)
{
    int train = dataset_count(&run->dataset, DATASET_SPLIT_TRAIN);
    int val = dataset_count(&run->dataset, DATASET_SPLIT_VAL);
    struct json_writer *w = events_begin(&run->events, "dataset_analyzed");

    json_put_int(w, "num_classes", run->dataset.class_count);
    json_key(w, "class_names");
    json_array_open(w);
    for (int i = 0; i < run->dataset.class_count; i++)
        json_text(w, run->dataset.classes[i]);
    json_close(w);
    json_put_text(w, "hash", run->dataset.hash);
    json_put_int(w, "train_size", train);
    json_put_int(w, "val_size", val);
    if (events_send(&run->events, err) || send_notes(run, err))
        return -1;
    for (int i = 0; i < run->dataset.warning_count; i++) {
        progress_line(&run->progress, "warning: %s", run->dataset.warnings[i]);
        if (events_log(&run->events, "WARNING", err, "%s", run->dataset.warnings[i]))
            return -1;
    }
    if (run->config->mixed_precision &&
        events_log(&run->events, "INFO", err, "mixed_precision: this device gains nothing from it, "
                                              "the run is in fp32"))
        return -1;
    w = events_begin(&run->events, "training_started");
    json_put_int(w, "total_epochs", run->config->epochs);
    json_put_int(w, "first_epoch", run->state.epoch + (run->state.batch == 0));
    json_put_bool(w, "resumed", resumed);
    json_put_text(w, "device", run->network.device->identity);
    json_put_int(w, "train_size", train);
    json_put_int(w, "val_size", val);
    json_put_int(w, "predicted_peak_mb", run_peak_bytes(run) >> 20);
    progress_line(&run->progress,
                  "%s, %d classes, %d training and %d validation images, %d px, batch %d",
                  run->model->display_name, run->dataset.class_count, train, val,
                  run->transform.image_size, run->batch);
    progress_line(&run->progress, "peak memory by plan: %lld MB; device: %s",
                  (long long)(run_peak_bytes(run) >> 20), run->network.device->identity);
    return events_send(&run->events, err);
}

/* What the automatic optimizer came to is in no setting. */
static int announce_optimizer(struct run *run, struct error *err)
{
    static const char *const names[] = { "Adam", "AdamW", "SGD", "RMSprop" };
    const struct detector_recipe *d = &run->recipe.detector;
    const char *text;

    if (!d->is_used)
        return 0;
    text = arena_printf(&run->arena, "optimizer: %s, learning rate %g, momentum %g%s",
                        names[run->recipe.optimizer.kind], d->learning_rate, d->momentum,
                        run->config->detector.optimizer == DETECTOR_OPTIMIZER_AUTO
                            ? " (automatic; lr0 and momentum of the settings do not count)"
                            : "");
    progress_line(&run->progress, "%s", text);
    return events_log(&run->events, "INFO", err, "%s", text);
}

static int start(struct run *run, struct error *err)
{
    bool resumed = false;

    if (make_folder(run, &resumed, err) || (resumed && run_resume(run, err)))
        return -1;
    if (events_open(&run->events, run->folder, run->config->job_id, resumed, err) ||
        (!resumed && run_start_weights(run, err)) || run_open_results(run, resumed, err) ||
        write_config(run, err))
        return -1;
    if (resumed && run->state.batch == loader_batch_count(run->train_loader))
        progress_line(&run->progress, "resuming with the validation of epoch %lld",
                      (long long)run->state.epoch);
    else if (resumed)
        progress_line(&run->progress, "resuming after epoch %lld, batch %lld",
                      (long long)(run->state.epoch - (run->state.batch > 0)),
                      (long long)run->state.batch);
    return announce(run, resumed, err) || announce_optimizer(run, err) ? -1 : 0;
}

/* --- the end of an epoch ---------------------------------------------------------------------- */

static void write_metrics(struct run *run, const struct scores *scores)
{
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    json_object_open(&w);
    scores_write(scores, &w, NULL);
    json_close(&w);
    free(run->metrics_json);
    run->metrics_json = str_detach(&text);
}

static void show_epoch(struct run *run, int64_t epoch, const struct scores *scores,
                       double learning_rate)
{
    double seconds = clock_seconds() - run->epoch_started, loss = run->train.values[0];
    long long number = (long long)epoch, epochs = (long long)run->config->epochs;
    const char *metric = run->task->primary_metric;

    if (scores)
        progress_line(&run->progress,
                      "epoch %lld/%lld  loss %.4f  val_loss %.4f  %s %.2f %%  lr %.2e  %.1f s",
                      number, epochs, loss, scores_get(scores, "val_loss"),
                      metric, 100 * scores_get(scores, metric), learning_rate, seconds);
    else
        progress_line(&run->progress, "epoch %lld/%lld  loss %.4f  lr %.2e", number, epochs, loss,
                      learning_rate);
}

/* What every task calls its accuracy on the wire is its primary metric. */
static int send_epoch(struct run *run, int64_t epoch, const struct scores *scores,
                      double learning_rate, struct error *err)
{
    struct json_writer *w = events_begin(&run->events, "epoch_complete");
    struct scores extra = scores ? *scores : run->train;

    json_put_int(w, "epoch", epoch);
    json_put_number(w, "loss", run->train.values[0]);
    json_key(w, "accuracy");
    if (scores)
        json_number(w, scores_get(scores, run->task->primary_metric));
    else
        json_raw(w, "null");
    json_put_number(w, "learning_rate", learning_rate);
    json_key(w, "extra_metrics");
    json_object_open(w);
    for (int i = 1; i < extra.count; i++)
        if (strcmp(extra.names[i], "accuracy"))
            json_put_number(w, extra.names[i], extra.values[i]);
    json_close(w);
    json_put_number(w, "seconds", clock_seconds() - run->epoch_started);
    show_epoch(run, epoch, scores, learning_rate);
    return events_send(&run->events, err);
}

/* Best so far?  Of equals, which are many where a metric has reached its end, the one with the
 * lower loss is better.  What is a gain to wait for, early_stopping_min_delta says, and it may be
 * the sum of many small steps. */
static bool judge(struct run *run, const struct scores *scores)
{
    double value = run_primary(run, scores), loss = scores_get(scores, "val_loss");
    double sign = run->higher_is_better ? 1 : -1, delta = run->config->early_stopping_min_delta;
    struct checkpoint_state *s = &run->state;
    bool first = !s->best_epoch;

    s->epochs_without_gain++;
    if (first || sign * value > sign * s->gain_base + delta) {
        s->epochs_without_gain = 0;
        s->gain_base = value;
    }
    if (!first && sign * value <= sign * s->best && !(value == s->best && loss < s->best_loss))
        return false;
    s->best = value;
    s->best_loss = loss;
    s->best_epoch = s->epoch;
    return true;
}

/* Also of a run that is resumed: it has nothing left to do. */
static bool gains_no_more(const struct run *run)
{
    return run->config->early_stopping && !run->state.batch &&
           run->state.epochs_without_gain >= run->config->early_stopping_patience;
}

/* *stopped: the epoch is trained but not validated, and goes on there when it is resumed. */
static int finish_epoch(struct run *run, struct scores *scores, bool *stopped, struct error *err)
{
    int64_t epoch = run->state.epoch, every = run->config->checkpoint_interval;
    bool last = epoch == run->config->epochs;
    bool validate = last || epoch % run->config->val_interval == 0, best = false;
    double rate = recipe_pace(&run->recipe, epoch - 1, run->recipe.batches_per_epoch - 1,
                              run->state.step - 1, run->plateau.scale).learning_rate;
    char name[64];

    if (validate) {
        if (run_validate(run, scores, stopped, err))
            return -1;
        if (*stopped)
            return 0;
        write_metrics(run, scores);
        best = judge(run, scores);
        if (run->recipe.schedule.kind == SCHEDULE_PLATEAU)
            plateau_update(&run->plateau, &run->recipe.schedule, run_primary(run, scores),
                           run->higher_is_better);
    }
    if (run_add_result(run, epoch, validate ? scores : NULL, rate, err) ||
        send_epoch(run, epoch, validate ? scores : NULL, rate, err) ||
        (best && run_write_results(run, "best", epoch, scores, err)) ||
        (validate && run_write_results(run, "last", epoch, scores, err)) ||
        (validate && run_send_validation(run, epoch, scores, best, err)))
        return -1;
    run->state.batch = 0;
    run->state.loss_sum = 0;
    run->state.loss_count = 0;
    memset(run->state.part_sums, 0, sizeof(run->state.part_sums));
    if (best && run_save(run, "best", false, "best", err))
        return -1;
    if (every && epoch % every == 0) {
        snprintf(name, sizeof(name), "epoch_%lld", (long long)epoch);
        if (run_save(run, name, true, "epoch", err) || run_retire_checkpoints(run, epoch, err))
            return -1;
    }
    return run_save(run, "latest", true, "latest", err);
}

/* --- the whole run ---------------------------------------------------------------------------- */

static int epochs(struct run *run, struct run_result *result, struct error *err)
{
    bool stopped = false;

    result->status = "completed";
    for (int64_t epoch = run->state.epoch + (run->state.batch == 0);
         epoch <= run->config->epochs && !gains_no_more(run); epoch++) {
        if (run_stop_requested && !run->state.batch && epoch > 1) {
            result->status = "stopped"; /* between epochs, and all is saved */
            return 0;
        }
        run->state.epoch = epoch;
        if (run_epoch(run, epoch, &stopped, err) ||
            (!stopped && finish_epoch(run, &result->last, &stopped, err)))
            return -1;
        if (stopped) {
            result->status = "stopped";
            return run_save(run, "latest", true, "latest", err);
        }
    }
    if (gains_no_more(run))
        result->status = "early_stopped";
    return 0;
}

static int finish(struct run *run, const struct run_result *result, struct error *err)
{
    bool stopped = !strcmp(result->status, "stopped");
    struct json_writer *w =
        events_begin(&run->events, stopped ? "training_stopped" : "training_complete");

    json_put_text(w, "status", result->status);
    json_put_int(w, "epoch", run->state.epoch);
    json_put_int(w, "total_epochs_completed", run->state.epoch - (run->state.batch > 0));
    json_put_int(w, "best_epoch", run->state.best_epoch);
    json_put_number(w, "best_metric", run->state.best);
    if (run->metrics_json) {
        json_key(w, "final_metrics");
        json_raw(w, run->metrics_json);
    }
    json_put_text(w, "best_checkpoint",
                  arena_printf(&run->arena, "%s/checkpoints/best.safetensors", run->folder));
    json_put_text(w, "checkpoint_path",
                  arena_printf(&run->arena, "%s/checkpoints/latest.safetensors", run->folder));
    json_put_number(w, "duration_seconds", clock_seconds() - run->started);
    progress_line(
        &run->progress,
        "%s after epoch %lld; best %s %.4f in epoch %lld; %s/checkpoints/best.safetensors",
        result->status, (long long)run->state.epoch, run->primary_metric, run->state.best,
        (long long)run->state.best_epoch, run->folder);
    return events_send(&run->events, err);
}

/* The failure itself goes to the caller; what can be told to the file is told. */
static void report_failure(struct run *run, const struct error *err)
{
    struct error ignored;
    struct json_writer *w;

    if (run->events.fd < 0 || !run->events.path)
        return;
    w = events_begin(&run->events, "training_failed");
    json_put_text(w, "error_message", err->text);
    json_put_text(w, "error_kind", error_kind_name(err->kind));
    json_put_int(w, "epoch", run->state.epoch);
    events_send(&run->events, &ignored);
}

/* Who asks twice does not want to wait. */
static void request_stop(int number)
{
    (void)number;
    run_stop_requested = 1;
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
}

/* The names of the parts of the loss end with the run; those of the task stay. */
static void drop_parts(const struct run *run, struct scores *scores)
{
    int parts = run->train.count - 1;

    if (parts < 1 || scores->count <= parts)
        return;
    for (int i = 1; i + parts < scores->count; i++) {
        scores->names[i] = scores->names[i + parts];
        scores->values[i] = scores->values[i + parts];
    }
    scores->count -= parts;
}

int run_train(const struct run_options *options, struct run_result *result, struct error *err)
{
    struct sigaction action = { .sa_handler = request_stop }, old_term, old_int;
    struct run run;
    int status;

    *result = (struct run_result){ 0 };
    run_stop_requested = 0;
    status = run_open(&run, options, err);
    /* Until now a signal ends the process: a large data set takes its time to open, and nothing is
     * written yet. */
    sigaction(SIGTERM, &action, &old_term);
    sigaction(SIGINT, &action, &old_int);
    if (!status)
        status = start(&run, err) || epochs(&run, result, err) || finish(&run, result, err) ? -1
                                                                                            : 0;
    if (status)
        report_failure(&run, err);
    drop_parts(&run, &result->last);
    result->epochs = run.state.epoch;
    result->best = run.state.best;
    result->best_epoch = run.state.best_epoch;
    result->seconds = clock_seconds() - run.started;
    result->images_per_second = result->seconds > 0 ? (double)run.images / result->seconds : 0;
    run_close(&run);
    sigaction(SIGTERM, &old_term, NULL);
    sigaction(SIGINT, &old_int, NULL);
    return status;
}
