/* run_validate.c - evaluating a network on the validation images; see run_internal.h. */

#include "train/run_internal.h"

#include "base/file.h"

#include <math.h>
#include <string.h>

/* The confusion matrix of more is too long for a line. */
#define CLASSES_IN_EVENT 200

/* Their names, and how many were judged, as the scores are of fewer images than the split has. */
static int report_unreadable(struct run *run, struct error *err)
{
    const char *text;
    int bad = loader_stats(run->val_loader).failed_count;
    int all = loader_image_count(run->val_loader);

    if (!bad || run->val_failures_reported)
        return 0;
    if (run_report_failures(run, run->val_loader, &run->val_failures_reported, err))
        return -1;
    text = arena_printf(&run->arena,
                        "%d of the %d validation images cannot be read: the scores are of %d", bad,
                        all, all - bad);
    progress_line(&run->progress, "%s", text);
    return events_log(&run->events, "WARNING", err, "%s", text);
}

int run_validate(struct run *run, struct scores *scores, bool *stopped, struct error *err)
{
    struct network *n = &run->network;
    struct run_state state = { .seed = (uint64_t)run->config->seed };
    const struct batch *batch;
    int got = 0;

    network_bind_evaluation(n, n->options.average);
    run->task->evaluation_clear(run->evaluation);
    loader_start(run->val_loader, 0, 0);
    while (!(*stopped = run_stop_requested != 0) &&
           (got = loader_next(run->val_loader, &batch, err)) == 1) {
        run->task->feed(&n->eval, n->eval_plan, batch);
        if (plan_run(n->eval_plan, &state, err))
            return -1;
        if (run->task->evaluation_add(run->evaluation, &n->eval, n->eval_plan, batch, err))
            return -1;
    }
    if (*stopped)
        return 0;
    if (got < 0 || report_unreadable(run, err))
        return -1;
    *scores = run->train;
    run->task->evaluation_summarise(run->evaluation, scores);
    if (!isfinite(scores_get(scores, "val_loss")))
        return FAIL(err, NOT_FINITE,
                    "training diverged: the validation loss of epoch %lld is not finite; a lower "
                    "learning rate or gradient clipping may help", (long long)run->state.epoch);
    return 0;
}

double run_primary(const struct run *run, const struct scores *scores)
{
    return scores_get(scores, run->primary_metric);
}

/* --- files ------------------------------------------------------------------------------------ */

static void write_summary(const struct scores *scores, struct json_writer *w)
{
    json_key(w, "metrics");
    json_object_open(w);
    scores_write(scores, w, NULL);
    json_close(w);
}

/* Rows of images travel as a file, which a backend on this machine can read. */
int run_send_validation(struct run *run, int64_t epoch, const struct scores *scores,
                        bool is_best, struct error *err)
{
    struct json_writer *w = events_begin(&run->events, "validation_result");

    json_put_int(w, "epoch", epoch);
    json_put_bool(w, "is_best", is_best);
    json_put_text(w, "task_type", run->task->name);
    json_put_text(w, "primary_metric_name", run->primary_metric);
    json_put_number(w, "primary_metric_value", run_primary(run, scores));
    json_put_number(w, "overall_loss", scores_get(scores, "val_loss"));
    json_key(w, "class_names");
    json_array_open(w);
    for (int i = 0; i < run->dataset.class_count; i++)
        json_text(w, run->dataset.classes[i]);
    json_close(w);
    write_summary(scores, w);
    if (run->dataset.class_count <= CLASSES_IN_EVENT)
        run->task->write_classes(run->evaluation, "per_class_metrics", w);
    json_put_text(w, "images_path", arena_printf(&run->arena, "%s/results/%s.json", run->folder,
                                                 is_best ? "best" : "last"));
    return events_send(&run->events, err);
}

int run_write_results(struct run *run, const char *name, int64_t epoch,
                      const struct scores *scores, struct error *err)
{
    char *path = arena_printf(&run->arena, "%s/results/%s.json", run->folder, name);
    struct str text = STR_INIT;
    struct json_writer w;
    int result;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_int(&w, "epoch", epoch);
    write_summary(scores, &w);
    run->task->write_classes(run->evaluation, "per_class", &w);
    json_key(&w, "images");
    json_array_open(&w);
    run->task->write_images(run->evaluation, &w);
    json_close(&w);
    json_close(&w);
    result = file_replace(path, text.text, text.length, err);
    str_release(&text);
    return result;
}
