/* task_classification.c - one label per image; see task.h. */

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "data/loader.h"
#include "train/checkpoint.h"
#include "score/metrics.h"
#include "train/task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the evaluation graph's outputs are; a stored network knows no targets, so no losses. */
enum { PROBABILITY, LOSSES };

/* --- graphs ----------------------------------------------------------------------------------- */

static int describe_network(struct graph *graph, const struct model *model,
                            const struct model_options *shape, struct error *err)
{
    struct value *image, *logits;

    if (model_build(graph, model, shape, &image, &logits, err))
        return -1;
    graph_add_output(graph, logits);
    return 0;
}

static int describe_loss(struct graph *graph, const struct network_options *options, int batch,
                         bool training, struct network_ends *ends, struct error *err)
{
    struct model_options shape = options->shape;
    struct value *logits;

    (void)training;
    shape.batch = batch;
    if (model_build(graph, options->model, &shape, &ends->image, &logits, err))
        return -1;
    ends->targets[0] = graph_input(graph, "target", SHAPE(batch, shape.classes), DTYPE_F32);
    ends->loss = nn_softmax_cross_entropy(graph, logits, ends->targets[0], &ends->outputs[LOSSES],
                                          &ends->outputs[PROBABILITY]);
    graph_add_output(graph, ends->loss);
    graph_add_output(graph, ends->outputs[LOSSES]);
    graph_add_output(graph, ends->outputs[PROBABILITY]);
    return 0;
}

static int describe_answers(struct graph *graph, const struct checkpoint *checkpoint,
                            struct network_ends *ends, struct error *err)
{
    int class_count = checkpoint->class_count;

    if (graph->output_count != 1 || graph->outputs[0]->shape.rank != 2 ||
        graph->outputs[0]->dtype != DTYPE_F32 ||
        graph->outputs[0]->shape.dim[0] != ends->image->shape.dim[0])
        return FAIL(err, CORRUPT, "the stored network is no image classifier");
    if (graph->outputs[0]->shape.dim[1] != class_count)
        return FAIL(err, CORRUPT, "the stored network has %d outputs for %d classes",
                    (int)graph->outputs[0]->shape.dim[1], class_count);
    ends->outputs[PROBABILITY] = nn_softmax(graph, graph->outputs[0]);
    graph->output_count = 0;
    graph_add_output(graph, ends->outputs[PROBABILITY]);
    return 0;
}

static void feed(const struct network_ends *ends, struct plan *plan, const struct batch *batch)
{
    network_copy_input(plan, ends->image, batch->images);
    if (ends->targets[0])
        network_copy_input(plan, ends->targets[0], batch->targets);
}

/* --- evaluation ------------------------------------------------------------------------------- */

struct classification {
    struct evaluation about;
    struct metrics metrics;
};

static struct evaluation *classification_new(const struct evaluation *about)
{
    struct classification *c = calloc(1, sizeof(*c));

    BUG_IF(!c);
    c->about = *about;
    metrics_init(&c->metrics, about->class_count);
    return &c->about;
}

static int64_t classification_memory_bytes(const struct evaluation *about)
{
    return metrics_memory_bytes(about->class_count,
                                dataset_count(about->dataset, DATASET_SPLIT_VAL));
}

static void classification_free(struct evaluation *evaluation)
{
    struct classification *c = (struct classification *)evaluation;

    metrics_release(&c->metrics);
    free(c);
}

static void classification_clear(struct evaluation *evaluation)
{
    metrics_clear(&((struct classification *)evaluation)->metrics);
}

static int classification_add(struct evaluation *evaluation, const struct network_ends *ends,
                              struct plan *plan, const struct batch *batch, struct error *err)
{
    struct classification *c = (struct classification *)evaluation;
    const float *probability = plan_value(plan, ends->outputs[PROBABILITY]).data;
    const float *losses =
        ends->outputs[LOSSES] ? plan_value(plan, ends->outputs[LOSSES]).data : NULL;

    (void)err;
    for (int i = 0; i < batch->count; i++) {
        const float *row = probability + (size_t)i * (size_t)c->about.class_count;
        int label = batch->labels[i];
        int truth = c->about.class_of ? c->about.class_of[label] : label;
        float loss = losses ? losses[i] : -logf(fmaxf(row[truth], 1e-30f));

        metrics_add(&c->metrics, row, &loss, &truth, &batch->items[i], 1);
    }
    return 0;
}

static void classification_summarise(struct evaluation *evaluation, struct scores *scores)
{
    struct metrics_summary s = metrics_summarise(&((struct classification *)evaluation)->metrics);

    scores_add(scores, "val_loss", s.loss);
    scores_add(scores, "accuracy", s.accuracy);
    scores_add(scores, "top5_accuracy", s.top5_accuracy);
    scores_add(scores, "precision", s.precision);
    scores_add(scores, "recall", s.recall);
    scores_add(scores, "f1_score", s.f1_score);
}

/* --- telling ---------------------------------------------------------------------------------- */

static void write_classes(const struct evaluation *evaluation, const char *key,
                          struct json_writer *w)
{
    const struct metrics *metrics = &((const struct classification *)evaluation)->metrics;

    json_key(w, key);
    json_object_open(w);
    for (int i = 0; i < metrics->classes; i++) {
        struct class_metrics c = metrics_of_class(metrics, i);

        json_key(w, evaluation->classes[i]);
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
    for (int i = 0; i < metrics->classes; i++) {
        json_array_open(w);
        for (int j = 0; j < metrics->classes; j++)
            json_int(w, metrics->confusion[i * metrics->classes + j]);
        json_close(w);
    }
    json_close(w);
}

static void write_image(const struct evaluation *evaluation, const struct prediction *p,
                        struct json_writer *w)
{
    json_object_open(w);
    json_put_text(w, "file", evaluation->dataset->items[p->item].path);
    json_put_int(w, "true_label_id", p->truth);
    json_put_text(w, "true_label", evaluation->classes[p->truth]);
    json_put_int(w, "predicted_label_id", p->top[0]);
    json_put_text(w, "predicted_label", evaluation->classes[p->top[0]]);
    json_put_number(w, "confidence", p->confidence[0]);
    json_put_bool(w, "is_correct", p->truth == p->top[0]);
    json_key(w, "top5");
    json_array_open(w);
    for (int k = 0; k < METRICS_TOP && p->top[k] >= 0; k++) {
        json_object_open(w);
        json_put_int(w, "label_id", p->top[k]);
        json_put_text(w, "label", evaluation->classes[p->top[k]]);
        json_put_number(w, "confidence", p->confidence[k]);
        json_close(w);
    }
    json_close(w);
    json_close(w);
}

static void write_images(const struct evaluation *evaluation, struct json_writer *w)
{
    const struct metrics *metrics = &((const struct classification *)evaluation)->metrics;

    for (int i = 0; i < metrics->prediction_count; i++)
        write_image(evaluation, &metrics->predictions[i], w);
}

static void write_text(const struct evaluation *evaluation, const struct scores *scores,
                       struct str *out)
{
    const struct metrics *metrics = &((const struct classification *)evaluation)->metrics;

    str_printf(out, "%lld images: accuracy %.2f %%, top-5 %.2f %%, loss %.4f\n",
               (long long)metrics->count, 100 * scores_get(scores, "accuracy"),
               100 * scores_get(scores, "top5_accuracy"), scores_get(scores, "val_loss"));
    str_printf(out, "%-24s precision  recall      f1  images\n", "class");
    for (int i = 0; i < metrics->classes; i++) {
        struct class_metrics c = metrics_of_class(metrics, i);

        str_printf(out, "%-24s %9.3f %7.3f %7.3f %7lld\n", evaluation->classes[i], c.precision,
                   c.recall, c.f1_score, (long long)c.support);
    }
}

static const char *const scores[] = { "val_loss",  "accuracy", "top5_accuracy",
                                      "precision", "recall",   "f1_score",
                                      NULL };

const struct task_type task_classification = {
    .task = TASK_CLASSIFY,
    .name = "image_classification",
    .framework = "timm",
    .primary_metric = "accuracy",
    .scores = scores,
    .describe_network = describe_network,
    .describe_loss = describe_loss,
    .describe_answers = describe_answers,
    .feed = feed,
    .evaluation_new = classification_new,
    .evaluation_memory_bytes = classification_memory_bytes,
    .evaluation_free = classification_free,
    .evaluation_clear = classification_clear,
    .evaluation_add = classification_add,
    .evaluation_summarise = classification_summarise,
    .write_classes = write_classes,
    .write_images = write_images,
    .write_text = write_text,
};
