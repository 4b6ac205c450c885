/* val.c - `fovea val`: metrics of a checkpoint on a dataset's validation images. */

#include "base/arguments.h"
#include "base/json.h"
#include "command/command.h"
#include "command/val_results.h"
#include "command/val_split.h"
#include "data/loader.h"
#include "nn/device.h"
#include "train/predictor.h"
#include "train/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct val_options {
    const char *checkpoint, *data, *split, *strategy, *batch, *threads;
    const char *results, *confidence, *iou; /* a file of COCO's results, and what goes into it */
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

/* Key points of the truth are compared with those that the network tells, one by one. */
static int check_keypoints(const struct dataset *dataset, const struct checkpoint *c,
                           struct error *err)
{
    int count = dataset->annotations.keypoint_count;

    if (c->task != &task_pose)
        return 0;
    if (count != c->keypoint_count)
        return FAIL(err, INVALID,
                    "the dataset has objects of %d key points, the checkpoint was trained on %d",
                    count, c->keypoint_count);
    if (dataset->keypoint_size != c->keypoint_size)
        return FAIL(err, INVALID,
                    "the dataset has key points of %d numbers, the checkpoint was trained on %d",
                    dataset->keypoint_size, c->keypoint_size);
    return 0;
}

/* results may be NULL. */
static int evaluate(struct predictor *p, struct loader *loader, struct evaluation *evaluation,
                    struct val_results *results, struct error *err)
{
    const struct task_type *task = evaluation->task;
    const struct batch *batch;
    int got;

    while ((got = loader_next(loader, &batch, err)) == 1) {
        if (predictor_run(p, batch->images, err) ||
            task->evaluation_add(evaluation, &p->ends, p->plan, batch, err) ||
            (results && val_results_add(results, p, batch, err)))
            return -1;
    }
    if (!got && results)
        return val_results_commit(results, err);
    return got;
}

/* The scores are of fewer images than the split has: whose they are not must be known. */
static void tell_unreadable(const struct loader *loader)
{
    int all = loader_image_count(loader), bad = loader_stats(loader).failed_count, named;
    const struct loader_failure *failures = loader_failures(loader, &named);

    for (int i = 0; i < named; i++)
        fprintf(stderr, "not evaluated: %s\n", failures[i].message);
    if (bad)
        fprintf(stderr, "%d of %d images were evaluated, %d cannot be read\n", all - bad, all, bad);
}

static void write_unreadable(const struct loader *loader, struct json_writer *w)
{
    int named;
    const struct loader_failure *failures = loader_failures(loader, &named);

    json_put_int(w, "unreadable", loader_stats(loader).failed_count);
    json_key(w, "unreadable_images");
    json_array_open(w);
    for (int i = 0; i < named; i++)
        json_text(w, failures[i].message);
    json_close(w);
}

static void print_scores(struct evaluation *evaluation, const struct loader *loader, bool as_json)
{
    int images = loader_image_count(loader) - loader_stats(loader).failed_count;
    struct scores scores = { 0 };
    struct str text = STR_INIT;
    struct json_writer w;

    evaluation->task->evaluation_summarise(evaluation, &scores);
    if (as_json) {
        json_begin(&w, &text);
        json_object_open(&w);
        json_put_int(&w, "images", images);
        write_unreadable(loader, &w);
        scores_write(&scores, &w, NULL);
        evaluation->task->write_classes(evaluation, "per_class", &w);
        json_close(&w);
        str_add_char(&text, '\n');
    } else {
        tell_unreadable(loader);
        evaluation->task->write_text(evaluation, &scores, &text);
    }
    fputs(text.text, stdout);
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

/* The data set, with the checkpoint's task and the right images in each split. */
static int open_dataset(struct dataset *dataset, const struct val_options *o,
                        const struct checkpoint *checkpoint, struct error *err)
{
    const struct val_split_request request = { o->checkpoint, o->data, o->strategy, o->json };

    return val_split_open(dataset, &request, checkpoint, err) ||
                   check_keypoints(dataset, checkpoint, err)
               ? -1
               : 0;
}

static int val_with(const struct val_options *o, struct device *device, struct error *err)
{
    struct loader_options options = { .is_exact = true, .failure_limit = LOADER_FAILURE_LIMIT };
    struct dataset dataset = { 0 };
    struct predictor p = { 0 };
    struct evaluation about = { .dataset = &dataset }, *evaluation = NULL;
    struct val_results results = { 0 };
    struct loader *loader = NULL;
    int status = -1, *map = NULL;

    if (command_read_integer(o->batch, "batch_size", 1, 1 << 20, &options.batch_size, err) ||
        command_read_number(o->confidence, "conf", 0, 1, &results.confidence, err) ||
        command_read_number(o->iou, "iou", 0, 1, &results.iou, err))
        return -1;
    if (split_named(o->split, &options.split, err) ||
        predictor_open(&p, o->checkpoint, device, options.batch_size, err))
        return -1;
    if (open_dataset(&dataset, o, &p.checkpoint, err))
        goto done;
    map = calloc((size_t)dataset.class_count + 1, sizeof(int));
    BUG_IF(!map);
    options.transform = p.checkpoint.transform;
    about.task = p.checkpoint.task;
    about.classes = p.checkpoint.class_names;
    about.class_count = p.checkpoint.class_count;
    about.class_of = map;
    evaluation = evaluation_new(&about);
    if (map_classes(&dataset, &p.checkpoint, map, err) ||
        (o->results && val_results_open(&results, o->results, &dataset, &p.checkpoint, map, err)) ||
        loader_open(&loader, &dataset, &options, err) ||
        evaluate(&p, loader, evaluation, o->results ? &results : NULL, err))
        goto done;
    print_scores(evaluation, loader, o->json);
    status = 0;
done:
    val_results_release(&results);
    loader_free(loader);
    evaluation_free(evaluation);
    predictor_close(&p);
    dataset_close(&dataset);
    free(map);
    return status;
}

static int run(int argc, char **argv, struct error *err)
{
    struct val_options o = {
        .split = "val", .batch = "32", .threads = "0", .confidence = "0.001", .iou = "0.7"
    };
    const struct option options[] = {
        { "checkpoint_path", "checkpoint", &o.checkpoint, NULL, "FILE",
          "checkpoint to use; required" },
        { "dataset_path", "data", &o.data, NULL, "FOLDER",
          "dataset, or a YOLO data.yaml; required" },
        { "split", NULL, &o.split, NULL, "NAME", "train, val or test (default val)" },
        { "split_strategy", NULL, &o.strategy, NULL, "JSON",
          "who is in which split, as of `train` (default: as the checkpoint's run had it)" },
        { "batch_size", "batch", &o.batch, NULL, "N", "images at a time (default 32)" },
        { "threads", NULL, &o.threads, NULL, "N", "0: one per core" },
        { "json", NULL, NULL, &o.json, NULL, "one JSON object" },
        { "save_json", NULL, &o.results, NULL, "FILE",
          "write what a detector finds as COCO's results, for `fovea score`" },
        { "confidence_threshold", "conf", &o.confidence, NULL, "X",
          "least confidence of what is written (default 0.001)" },
        { "iou_threshold", "iou", &o.iou, NULL, "X",
          "of what is written, overlap from which the weaker one goes (default 0.7)" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options };
    struct device *device;
    int status, threads;

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help)
        return command_print_options(&command_val, NULL, options);
    if (!o.checkpoint || !o.data)
        return FAIL(err, INVALID, "--checkpoint_path FILE and --data FOLDER are required");
    if (command_read_integer(o.threads, "threads", 0, COMMAND_MOST_THREADS, &threads, err) ||
        command_open_device(&device, threads, err))
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
