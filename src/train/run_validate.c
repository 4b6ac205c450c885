/* run_validate.c - evaluating a network on the validation images; see run_internal.h. */

#include "train/run_internal.h"

#include "base/file.h"

#include <math.h>
#include <string.h>

/* The confusion matrix of more is too long for a line. */
#define CLASSES_IN_EVENT 200

int run_validate(struct run *run, struct metrics_summary *summary, struct error *err)
{
    struct network *n = &run->network;
    struct plan_slot image, target;
    struct run_state state = { .seed = (uint64_t)run->config->seed };
    const struct batch *batch;
    int got;

    network_bind_evaluation(n, n->options.average);
    image = plan_value(n->eval_plan, n->eval_image);
    target = plan_value(n->eval_plan, n->eval_target);
    metrics_clear(&run->metrics);
    loader_start(run->val_loader, 0, 0);
    while ((got = loader_next(run->val_loader, &batch, err)) == 1) {
        memcpy(image.data, batch->images,
               (size_t)shape_count(&n->eval_image->shape) * sizeof(float));
        memcpy(target.data, batch->targets,
               (size_t)shape_count(&n->eval_target->shape) * sizeof(float));
        if (plan_run(n->eval_plan, &state, err))
            return -1;
        metrics_add(&run->metrics, plan_value(n->eval_plan, n->eval_probability).data,
                    plan_value(n->eval_plan, n->eval_per_sample).data, batch->labels, batch->items,
                    batch->count);
    }
    *summary = metrics_summarise(&run->metrics);
    if (got == 0 && !isfinite(summary->loss))
        return FAIL(err, NOT_FINITE,
                    "training diverged: the validation loss of epoch %lld is not finite; a lower "
                    "learning rate or gradient clipping may help", (long long)run->state.epoch);
    return got;
}

double run_primary(const struct run *run, const struct metrics_summary *s)
{
    const char *name = run->config->primary_metric;

    return !strcmp(name, "accuracy")        ? s->accuracy
           : !strcmp(name, "top5_accuracy") ? s->top5_accuracy
           : !strcmp(name, "precision")     ? s->precision
           : !strcmp(name, "recall")        ? s->recall
           : !strcmp(name, "f1_score")      ? s->f1_score
           : !strcmp(name, "val_loss")      ? s->loss
                                            : run->train_loss;
}

/* --- files ------------------------------------------------------------------------------------ */

static void write_classes(const struct run *run, struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_object_open(w);
    for (int i = 0; i < run->dataset.class_count; i++) {
        struct class_metrics c = metrics_of_class(&run->metrics, i);

        json_key(w, run->dataset.classes[i]);
        json_object_open(w);
        json_put_number(w, "precision", c.precision);
        json_put_number(w, "recall", c.recall);
        json_put_number(w, "f1_score", c.f1_score);
        json_put_int(w, "support", c.support);
        json_close(w);
    }
    json_close(w);
    json_key(w, "confusion_matrix");
    json_array_open(w);
    for (int i = 0; i < run->dataset.class_count; i++) {
        json_array_open(w);
        for (int j = 0; j < run->dataset.class_count; j++)
            json_int(w, run->metrics.confusion[i * run->dataset.class_count + j]);
        json_close(w);
    }
    json_close(w);
}

static void write_image(const struct run *run, const struct prediction *p, struct json_writer *w)
{
    json_object_open(w);
    json_put_text(w, "file", run->dataset.items[p->item].path);
    json_put_int(w, "true_label_id", p->truth);
    json_put_text(w, "true_label", run->dataset.classes[p->truth]);
    json_put_int(w, "predicted_label_id", p->top[0]);
    json_put_text(w, "predicted_label", run->dataset.classes[p->top[0]]);
    json_put_number(w, "confidence", p->confidence[0]);
    json_put_bool(w, "is_correct", p->truth == p->top[0]);
    json_key(w, "top5");
    json_array_open(w);
    for (int k = 0; k < METRICS_TOP && p->top[k] >= 0; k++) {
        json_object_open(w);
        json_put_int(w, "label_id", p->top[k]);
        json_put_text(w, "label", run->dataset.classes[p->top[k]]);
        json_put_number(w, "confidence", p->confidence[k]);
        json_close(w);
    }
    json_close(w);
    json_close(w);
}

static void write_summary(const struct run *run, const struct metrics_summary *s,
                          struct json_writer *w)
{
    json_key(w, "metrics");
    json_object_open(w);
    json_put_number(w, "loss", run->train_loss);
    json_put_number(w, "val_loss", s->loss);
    json_put_number(w, "accuracy", s->accuracy);
    json_put_number(w, "top5_accuracy", s->top5_accuracy);
    json_put_number(w, "precision", s->precision);
    json_put_number(w, "recall", s->recall);
    json_put_number(w, "f1_score", s->f1_score);
    json_close(w);
}

/* Rows of images travel as a file, which a backend on this machine can read. */
int run_send_validation(struct run *run, int64_t epoch, const struct metrics_summary *s,
                        bool is_best, struct error *err)
{
    struct json_writer *w = events_begin(&run->events, "validation_result");

    json_put_int(w, "epoch", epoch);
    json_put_bool(w, "is_best", is_best);
    json_put_text(w, "task_type", "image_classification");
    json_put_text(w, "primary_metric_name", run->config->primary_metric);
    json_put_number(w, "primary_metric_value", run_primary(run, s));
    json_put_number(w, "overall_loss", s->loss);
    json_key(w, "class_names");
    json_array_open(w);
    for (int i = 0; i < run->dataset.class_count; i++)
        json_text(w, run->dataset.classes[i]);
    json_close(w);
    write_summary(run, s, w);
    if (run->dataset.class_count <= CLASSES_IN_EVENT)
        write_classes(run, w, "per_class_metrics");
    json_put_text(w, "images_path", arena_printf(&run->arena, "%s/results/%s.json", run->folder,
                                                 is_best ? "best" : "last"));
    return events_send(&run->events, err);
}

int run_write_results(struct run *run, const char *name, int64_t epoch,
                      const struct metrics_summary *s, struct error *err)
{
    char *path = arena_printf(&run->arena, "%s/results/%s.json", run->folder, name);
    struct str text = STR_INIT;
    struct json_writer w;
    int result;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_int(&w, "epoch", epoch);
    write_summary(run, s, &w);
    write_classes(run, &w, "per_class");
    json_key(&w, "images");
    json_array_open(&w);
    for (int i = 0; i < run->metrics.prediction_count; i++)
        write_image(run, &run->metrics.predictions[i], &w);
    json_close(&w);
    json_close(&w);
    result = file_replace(path, text.text, text.length, err);
    str_release(&text);
    return result;
}
