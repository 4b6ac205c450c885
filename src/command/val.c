/* val.c - `fovea val`: metrics of a checkpoint on a dataset's validation images. */

#include "base/arguments.h"
#include "base/json.h"
#include "command/command.h"
#include "data/loader.h"
#include "nn/device.h"
#include "train/metrics.h"
#include "train/predictor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct val_options {
    const char *checkpoint, *data, *split, *batch, *threads;
    bool json;
};

/* Class ids of the dataset in the checkpoint's order; names must be known there. */
static int map_classes(const struct dataset *dataset, const struct checkpoint *c, int *map,
                       struct error *err)
{
    for (int i = 0; i < dataset->class_count; i++) {
        map[i] = -1;
        for (int j = 0; j < c->class_count; j++)
            if (!strcmp(dataset->classes[i], c->class_names[j]))
                map[i] = j;
        if (map[i] < 0)
            return FAIL(err, INVALID, "the dataset's class '%s' is unknown to the checkpoint",
                        dataset->classes[i]);
    }
    return 0;
}

static int evaluate(struct predictor *p, const struct dataset *dataset, struct loader *loader,
                    const int *map, struct metrics *metrics, struct error *err)
{
    const struct batch *batch;
    int got, classes = p->checkpoint.class_count;
    float *loss = calloc((size_t)p->batch, sizeof(float));
    int *truth = calloc((size_t)p->batch, sizeof(int));

    (void)dataset;
    BUG_IF(!loss || !truth);
    while ((got = loader_next(loader, &batch, err)) == 1) {
        const float *probability;

        if (predictor_run(p, batch->images, &probability, err)) {
            got = -1;
            break;
        }
        for (int i = 0; i < batch->count; i++) {
            truth[i] = map[batch->labels[i]];
            loss[i] = -logf(fmaxf(probability[i * classes + truth[i]], 1e-30f));
        }
        metrics_add(metrics, probability, loss, truth, batch->items, batch->count);
    }
    free(loss);
    free(truth);
    return got;
}

static void print_metrics(const struct metrics *m, const struct checkpoint *c, bool as_json)
{
    struct metrics_summary s = metrics_summarise(m);
    struct str text = STR_INIT;
    struct json_writer w;

    if (!as_json) {
        printf("%lld images: accuracy %.2f %%, top-5 %.2f %%, loss %.4f\n", (long long)m->count,
               100 * s.accuracy, 100 * s.top5_accuracy, s.loss);
        printf("%-24s precision  recall      f1  images\n", "class");
        for (int i = 0; i < c->class_count; i++) {
            struct class_metrics k = metrics_of_class(m, i);

            printf("%-24s %9.3f %7.3f %7.3f %7lld\n", c->class_names[i], k.precision, k.recall,
                   k.f1_score, (long long)k.support);
        }
        return;
    }
    json_begin(&w, &text);
    json_object_open(&w);
    json_put_int(&w, "images", m->count);
    json_put_number(&w, "val_loss", s.loss);
    json_put_number(&w, "accuracy", s.accuracy);
    json_put_number(&w, "top5_accuracy", s.top5_accuracy);
    json_put_number(&w, "precision", s.precision);
    json_put_number(&w, "recall", s.recall);
    json_put_number(&w, "f1_score", s.f1_score);
    json_key(&w, "confusion_matrix");
    json_array_open(&w);
    for (int i = 0; i < m->classes; i++) {
        json_array_open(&w);
        for (int j = 0; j < m->classes; j++)
            json_int(&w, m->confusion[i * m->classes + j]);
        json_close(&w);
    }
    json_close(&w);
    json_close(&w);
    puts(text.text);
    str_release(&text);
}

static int split_named(const char *name, enum dataset_split *split, struct error *err)
{
    for (int i = 0; i < DATASET_SPLIT_COUNT; i++)
        if (!strcmp(dataset_split_name((enum dataset_split)i), name)) {
            *split = (enum dataset_split)i;
            return 0;
        }
    return FAIL(err, INVALID, "split must be train, val or test, not '%s'", name);
}

static int val_with(const struct val_options *o, struct device *device, struct error *err)
{
    struct loader_options options = { .is_exact = true,
                                      .batch_size = (int)strtol(o->batch, NULL, 10) };
    struct dataset dataset = { 0 };
    struct predictor p = { 0 };
    struct metrics metrics = { 0 };
    struct loader *loader = NULL;
    int status = -1, *map = NULL;

    if (options.batch_size < 1)
        return FAIL(err, INVALID, "batch must be at least 1, not '%s'", o->batch);
    if (split_named(o->split, &options.split, err) || dataset_open(&dataset, o->data, NULL, err))
        return -1;
    map = calloc((size_t)dataset.class_count + 1, sizeof(int));
    BUG_IF(!map);
    if (predictor_open(&p, o->checkpoint, device, options.batch_size, err))
        goto done;
    options.transform = p.checkpoint.transform;
    metrics_init(&metrics, p.checkpoint.class_count);
    if (map_classes(&dataset, &p.checkpoint, map, err) ||
        loader_open(&loader, &dataset, &options, err) ||
        evaluate(&p, &dataset, loader, map, &metrics, err))
        goto done;
    print_metrics(&metrics, &p.checkpoint, o->json);
    status = 0;
done:
    loader_free(loader);
    metrics_release(&metrics);
    predictor_close(&p);
    dataset_close(&dataset);
    free(map);
    return status;
}

static int run(int argc, char **argv, struct error *err)
{
    struct val_options o = { .split = "val", .batch = "32", .threads = "0" };
    const struct option options[] = {
        { "checkpoint_path", "checkpoint", &o.checkpoint, NULL, "FILE",
          "checkpoint to use; required" },
        { "dataset_path", "data", &o.data, NULL, "FOLDER", "dataset; required" },
        { "split", NULL, &o.split, NULL, "NAME", "train, val or test (default val)" },
        { "batch_size", "batch", &o.batch, NULL, "N", "images at a time (default 32)" },
        { "threads", NULL, &o.threads, NULL, "N", "0: one per core" },
        { "json", NULL, NULL, &o.json, NULL, "one JSON object" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options };
    struct device *device;
    int status;

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help)
        return command_print_options(&command_val, NULL, options);
    if (!o.checkpoint || !o.data)
        return FAIL(err, INVALID, "--checkpoint_path FILE and --data FOLDER are required");
    if (command_open_device(&device, (int)strtol(o.threads, NULL, 10), err))
        return -1;
    status = val_with(&o, device, err);
    device_close(device);
    return status;
}

const struct command command_val = {
    "val",
    "metrics of a checkpoint on a dataset",
    "--checkpoint_path FILE --data FOLDER [OPTIONS]",
    run,
};
