/* bench.c - `fovea bench`: the speed and memory of a model on synthetic data, with the very plan
 * that `train` runs. */

#include "base/arguments.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/rng.h"
#include "command/bench_check.h"
#include "command/bench_data.h"
#include "command/bench_loader.h"
#include "command/command.h"
#include "command/profile.h"
#include "nn/device.h"
#include "train/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_STEPS 100000

struct bench_options {
    const char *model, *mode, *batch, *size, *threads, *seconds, *optimizer, *memory;
    const char *hashes, *same_as, *data;
    bool json, profile, ema, clip, verify, tune, full_decoding;
    struct {
        int batch, size, threads;
        double seconds;
    } number; /* of those texts */
};

struct bench {
    const struct bench_options *o;
    struct network network;
    double *step_seconds; /* of each timed step */
    double *plan_seconds; /* by plan step, summed, with --profile */
    int steps;
    double first_step;
    bool training;
    struct bench_data data;
};

static int64_t status_kb(const char *key)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long long kb = 0;

    while (file && fgets(line, sizeof(line), file))
        if (!strncmp(line, key, strlen(key)))
            sscanf(line + strlen(key), " %lld", &kb);
    if (file)
        fclose(file);
    return kb;
}

static const struct network_ends *ends_of(const struct bench *b)
{
    return b->training ? &b->network.train : &b->network.eval;
}

/* One whole step as train does it: gradients, norm, update, average. */
static int step(struct bench *b, int64_t index, struct error *err)
{
    struct network *n = &b->network;
    struct run_state run = { .seed = 1, .step = index, .training = true };
    struct plan *plan = b->training ? n->train_plan : n->eval_plan;
    double norm;

    bench_data_copy(&b->data, ends_of(b), plan);
    if (plan_run_timed(plan, &run, b->plan_seconds, err))
        return -1;
    if (!b->training)
        return 0;
    norm = optimizer_gradient_norm(n->optimizer, &n->gradients);
    optimizer_step(n->optimizer, &n->live, &n->gradients, 1e-3,
                   b->o->clip && norm > 1 ? 1 / norm : 1);
    if (b->o->ema)
        optimizer_average(n->optimizer, &n->average, &n->live, 0.999);
    return 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static int measure(struct bench *b, double started, struct error *err)
{
    double seconds = b->o->number.seconds, begin;

    if (step(b, 0, err))
        return -1;
    b->first_step = clock_seconds() - started;
    if (step(b, 1, err))
        return -1;
    if (b->plan_seconds)
        memset(b->plan_seconds, 0,
               sizeof(double) * (size_t)plan_step_count(b->training ? b->network.train_plan
                                                                    : b->network.eval_plan));
    begin = clock_seconds();
    while (b->steps < MAX_STEPS && (b->steps < 3 || clock_seconds() - begin < seconds)) {
        double start = clock_seconds();

        if (step(b, 2 + b->steps, err))
            return -1;
        b->step_seconds[b->steps++] = clock_seconds() - start;
    }
    qsort(b->step_seconds, (size_t)b->steps, sizeof(double), by_value);
    return 0;
}

static void print_result(const struct bench *b)
{
    const struct network_options *o = &b->network.options;
    double median = b->step_seconds[b->steps / 2];
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_text(&w, "model", o->model->name);
    json_put_text(&w, "mode", b->o->mode);
    json_put_int(&w, "batch", o->shape.batch);
    json_put_int(&w, "image_size", o->shape.image_size);
    json_put_int(&w, "threads", b->network.device->thread_count);
    json_put_text(&w, "device", b->network.device->identity);
    json_put_bool(&w, "ema", b->o->ema);
    json_put_bool(&w, "clipping", b->o->clip);
    json_put_int(&w, "steps", b->steps);
    json_put_number(&w, "images_per_second", o->shape.batch / median);
    json_put_number(&w, "images_per_second_best", o->shape.batch / b->step_seconds[0]);
    json_put_number(&w, "step_seconds", median);
    json_put_number(&w, "first_step_seconds", b->first_step);
    json_put_int(&w, "peak_rss_mb", status_kb("VmHWM:") >> 10);
    json_put_int(&w, "predicted_peak_mb", (int64_t)(b->network.memory.total >> 20) + 56);
    json_put_int(&w, "slab_mb", (int64_t)(b->network.memory.slab >> 20));
    json_put_int(
        &w, "slab_bound_mb",
        (int64_t)(plan_bound_bytes(b->training ? b->network.train_plan : b->network.eval_plan) >>
                  20));
    json_close(&w);
    puts(text.text);
    str_release(&text);
}

static int optimizer_kind(const char *name, struct error *err)
{
    static const char *const names[] = { "adam", "adamw", "sgd", "rmsprop" };

    for (int i = 0; i < 4; i++)
        if (!strcmp(names[i], name))
            return i;
    return FAIL(err, INVALID, "optimizer must be adam, adamw, sgd or rmsprop, not '%s'", name);
}

static bool checks_only(const struct bench_options *o)
{
    return o->verify || o->hashes || o->same_as;
}

/* Scales and shifts that start as 0 or 1 hide what is wrong: gradients behind a scale of 0 are 0.
 */
static int vary_constants(struct bench *b, struct error *err)
{
    struct network *n = &b->network;

    for (int i = 0; i < n->weights.count; i++) {
        const struct weight *weight = &n->weights.items[i];
        int64_t count = shape_count(&weight->shape);
        float *plain;
        int result;

        if (weight->segment != SEGMENT_PARAMETERS || weight->init.kind != INIT_CONSTANT)
            continue;
        plain = malloc((size_t)count * sizeof(float) + 1);
        BUG_IF(!plain);
        for (int64_t j = 0; j < count; j++)
            plain[j] = (float)weight->init.a +
                       0.5f * (float)(rng_hash(1, (uint64_t)i, (uint64_t)j) >> 8) * 0x1p-24f;
        result = weights_write(&n->weights, &n->live, weight, plain, err);
        free(plain);
        if (result)
            return -1;
    }
    return 0;
}

static int check(struct bench *b, struct plan *plan, struct error *err)
{
    const struct bench_options *o = b->o;
    struct run_state run = { .seed = 1, .training = true };

    if (vary_constants(b, err))
        return -1;
    bench_data_copy(&b->data, ends_of(b), plan);
    if (o->verify && bench_verify(plan, &run, err))
        return -1;
    bench_data_copy(&b->data, ends_of(b), plan);
    if (o->hashes && bench_write_hashes(plan, &run, o->hashes, err))
        return -1;
    bench_data_copy(&b->data, ends_of(b), plan);
    return o->same_as ? bench_compare_hashes(plan, &run, o->same_as, err) : 0;
}

static int tune(int threads, struct error *err)
{
    struct str rows = STR_INIT;
    int result = command_tune(threads, &rows, err);

    if (!result)
        fputs(rows.text, stdout);
    str_release(&rows);
    return result;
}

static int load(const struct bench_options *o, struct error *err)
{
    struct augment_settings augment;
    struct loader_options options = { .batch_size = o->number.batch,
                                      .threads = o->number.threads,
                                      .seed = 1,
                                      .shuffle = true,
                                      .augment = &augment,
                                      .is_exact = o->full_decoding,
                                      .failure_limit = LOADER_FAILURE_LIMIT };

    if (!o->data)
        return FAIL(err, INVALID, "mode load needs --data FOLDER");
    augment_settings_init(&augment);
    transform_init(&options.transform, o->number.size ? o->number.size : 224);
    return bench_loader(o->data, &options, o->number.seconds, err);
}

static int bench_with(struct bench *b, struct device *device, double started, struct error *err)
{
    const struct bench_options *o = b->o;
    int kind = optimizer_kind(o->optimizer, err);
    struct network_options options = {
        .shape = { .batch = o->number.batch, .image_size = o->number.size },
        .training = b->training,
        .average = o->ema,
        .lean = !strcmp(o->memory, "lean"),
        .eval_batch = b->training ? 1 : 0,
    };
    struct plan *plan;

    if (kind < 0)
        return -1;
    optimizer_options_init(&options.optimizer, (enum optimizer_kind)kind);
    options.optimizer.momentum = 0.9;
    options.optimizer.weight_decay = 1e-4;
    options.model = model_named(o->model, err);
    if (!options.model)
        return -1;
    if (!options.shape.image_size)
        options.shape.image_size = options.model->image_size;
    options.shape.classes = bench_classes(options.model);
    options.most_boxes = BENCH_BOXES;
    if (network_open(&b->network, device, &options, err))
        return -1;
    if (weights_start(&b->network.weights, &b->network.live, 1, err))
        return -1;
    if (b->training)
        network_bind_training(&b->network);
    else
        network_bind_evaluation(&b->network, false);
    bench_data_init(&b->data, &b->network, ends_of(b));
    plan = b->training ? b->network.train_plan : b->network.eval_plan;
    if (checks_only(o))
        return check(b, plan, err);
    b->step_seconds = calloc(MAX_STEPS, sizeof(double));
    if (o->profile)
        b->plan_seconds = calloc((size_t)plan_step_count(plan) + 1, sizeof(double));
    if (measure(b, started, err))
        return -1;
    print_result(b);
    if (o->profile) {
        struct roofline roofline = { INFINITY, INFINITY };

        if (device->measure_roofline && device->measure_roofline(device, &roofline, err))
            return -1;
        profile_print(plan, b->plan_seconds, b->steps, &roofline, device->thread_count);
    }
    return 0;
}

static int read_numbers(struct bench_options *o, struct error *err)
{
    return command_read_integer(o->batch, "batch_size", 1, 1 << 20, &o->number.batch, err) ||
                   command_read_integer(o->size, "image_size", 0, 4096, &o->number.size, err) ||
                   command_read_integer(o->threads, "threads", 0, COMMAND_MOST_THREADS,
                                        &o->number.threads, err) ||
                   command_read_number(o->seconds, "seconds", 0, 1e6, &o->number.seconds, err)
               ? -1
               : 0;
}

static int run(int argc, char **argv, struct error *err)
{
    double started = clock_seconds();
    struct bench_options o = { .model = "resnet18", .mode = "train", .batch = "16", .size = "0",
                               .threads = "0", .seconds = "5", .optimizer = "sgd",
                               .memory = "fast" };
    const struct option options[] = {
        { "model", NULL, &o.model, NULL, "NAME", "model (default resnet18)" },
        { "mode", NULL, &o.mode, NULL, "NAME", "train, infer or load (default train)" },
        { "batch", "batch_size", &o.batch, NULL, "N", "images per step (default 16)" },
        { "image_size", NULL, &o.size, NULL, "N", "side in pixels (default: the model's)" },
        { "threads", NULL, &o.threads, NULL, "N", "0: one per core" },
        { "seconds", NULL, &o.seconds, NULL, "X", "how long to measure (default 5)" },
        { "optimizer", NULL, &o.optimizer, NULL, "NAME",
          "adam, adamw, sgd or rmsprop (default sgd)" },
        { "memory", NULL, &o.memory, NULL, "NAME", "fast or lean (default fast)" },
        { "ema", NULL, NULL, &o.ema, NULL, "with a moving average of the weights" },
        { "clip", NULL, NULL, &o.clip, NULL, "with gradient clipping" },
        { "data", NULL, &o.data, NULL, "FOLDER", "mode load: the images" },
        { "full_decoding", NULL, NULL, &o.full_decoding, NULL,
          "mode load: decode whole images even where a crop needs a part" },
        { "profile", NULL, NULL, &o.profile, NULL, "time per kernel kind and layer" },
        { "verify", NULL, NULL, &o.verify, NULL,
          "instead of timing, hold each step against its op's reference kernel" },
        { "hashes", NULL, &o.hashes, NULL, "FILE", "instead of timing, write a hash of each step" },
        { "same_as", NULL, &o.same_as, NULL, "FILE",
          "instead of timing, name the first step that differs from such a file" },
        { "tune", NULL, NULL, &o.tune, NULL,
          "measure which algorithm suits which convolution; prints rows for conv_rules.def" },
        { "json", NULL, NULL, &o.json, NULL, "accepted; the result is always JSON" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options };
    struct bench bench = { .o = &o };
    struct device *device;
    int status;

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help)
        return command_print_options(&command_bench, NULL, options);
    if (read_numbers(&o, err))
        return -1;
    if (!strcmp(o.mode, "load"))
        return load(&o, err);
    if (strcmp(o.mode, "train") && strcmp(o.mode, "infer"))
        return FAIL(err, INVALID, "mode must be train, infer or load, not '%s'", o.mode);
    if (o.tune)
        return tune(o.number.threads, err);
    bench.training = !strcmp(o.mode, "train");
    if (command_open_device(&device, o.number.threads, err))
        return -1;
    status = bench_with(&bench, device, started, err);
    network_close(&bench.network);
    free(bench.step_seconds);
    free(bench.plan_seconds);
    bench_data_release(&bench.data);
    device_close(device);
    return status;
}

const struct command command_bench = {
    "bench",
    "time a model on synthetic data",
    "[OPTIONS]",
    run,
};
