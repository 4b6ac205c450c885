/* run_setup.c - everything a run needs before its first step; see run_internal.h. */

#include "train/run_internal.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "data/split_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- memory ----------------------------------------------------------------------------------- */

int64_t memory_available_bytes(void)
{
    return limits_available_bytes("");
}

int64_t memory_resident_bytes(void)
{
    static const char key[] = "VmRSS:";
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long long kilobytes = 0;

    if (!file)
        return 0;
    while (fgets(line, sizeof(line), file))
        if (!strncmp(line, key, strlen(key)) &&
            sscanf(line + strlen(key), " %lld", &kilobytes) == 1)
            break;
    fclose(file);
    return (int64_t)kilobytes * 1024;
}

/* Program text, libraries, generated kernels, thread stacks: measured on all models, it stays
 * between 35 and 60 MB. */
#define PROCESS_BYTES ((int64_t)56 << 20)

/* --- data ------------------------------------------------------------------------------------- */

/* NULL: by content. */
static const char *format_of(const struct config *config)
{
    static const char *const names[] = { "imagefolder", "dice", "yolo", "coco", "voc" };

    if (config->dataset_format == FORMAT_IMAGEFOLDER && config->task_type != TASK_CLASSIFY)
        return NULL; /* the default of another task */
    return names[config->dataset_format];
}

static struct scene_settings scenes(const struct config *config)
{
    const struct config_detector *d = &config->detector;

    return (struct scene_settings){
        .mosaic = d->mosaic, .mixup = d->mixup, .copy_paste = d->copy_paste,
        .degrees = d->degrees, .translate = d->translate, .scale = d->scale, .shear = d->shear,
        .perspective = d->perspective, .hsv_h = d->hsv_h, .hsv_s = d->hsv_s, .hsv_v = d->hsv_v,
        .flipud = d->flipud, .fliplr = d->fliplr, .close_mosaic = (int)d->close_mosaic,
        .epochs = (int)config->epochs };
}

/* Both loaders are open at once, and each keeps its batches. */
static int64_t loaders_bytes(const struct run *run)
{
    const struct scene_settings scene = scenes(run->config);
    struct loader_options val = { .batch_size = run->batch, .transform = run->transform,
                                  .threads = (int)run->config->loader_threads,
                                  .most_boxes = run->most_boxes };
    struct loader_options train = val;

    train.scene = run->most_boxes ? &scene : NULL;
    return loader_memory_bytes(&train, &run->extent, run->dataset.class_count) +
           loader_memory_bytes(&val, &run->extent, run->dataset.class_count);
}

int64_t run_peak_bytes(const struct run *run)
{
    const struct evaluation about = { .task = run->task, .dataset = &run->dataset,
                                      .class_count = run->dataset.class_count };

    return (int64_t)run->network.memory.total + PROCESS_BYTES + loaders_bytes(run) +
           annotations_memory_bytes(&run->dataset.annotations) +
           run->task->evaluation_memory_bytes(&about);
}

/* Rows that a batch's targets need for any image of either loader. */
static int most_boxes(const struct run *run)
{
    struct scene_settings training = scenes(run->config), none = { 0 };
    int train = scene_most_objects(&run->dataset, DATASET_SPLIT_TRAIN, &training);
    int val = scene_most_objects(&run->dataset, DATASET_SPLIT_VAL, &none);

    return train > val ? train : val;
}

char *run_latest_path(struct arena *arena, const char *folder)
{
    return arena_printf(arena, "%s/checkpoints/latest.safetensors", folder);
}

/* A run that goes on keeps its split, whatever became of the data set's since. */
static int set_split(struct run *run, struct dataset_options *options, struct error *err)
{
    const struct config *c = run->config;

    if (c->split_strategy && *c->split_strategy &&
        split_config_read_strategy(&run->arena, c->split_strategy, options, err))
        return -1;
    run->keeps_split = c->resume && c->output_dir &&
                       file_exists(run_latest_path(&run->arena, c->output_dir)) &&
                       file_exists(arena_printf(&run->arena, "%s/splits/train.txt",
                                                c->output_dir));
    options->only_assigned = run->keeps_split;
    return run->keeps_split
               ? split_config_read_record(&run->arena, c->output_dir, options, err)
               : 0;
}

static int open_dataset(struct run *run, struct error *err)
{
    const struct config *c = run->config;
    struct dataset_options options = { .format = format_of(c),
                                       .task = (enum dataset_task)c->task_type };
    int train, val;

    if (set_split(run, &options, err) ||
        dataset_open(&run->dataset, c->dataset_path, &options, err))
        return -1;
    run->dataset_open = true;
    run->extent = loader_extent(&run->dataset);
    train = dataset_count(&run->dataset, DATASET_SPLIT_TRAIN);
    val = dataset_count(&run->dataset, DATASET_SPLIT_VAL);
    if (c->num_classes && c->num_classes != run->dataset.class_count)
        return FAIL(err, INVALID, "num_classes is %d, but '%s' has %d classes", (int)c->num_classes,
                    c->dataset_path, run->dataset.class_count);
    if (!train || !val)
        return FAIL(err, INVALID, "'%s' has %d training and %d validation images: both are needed",
                    c->dataset_path, train, val);
    run->batch = (int)c->batch_size;
    if (run->batch > train) {
        run_note(run, "WARNING",
                 arena_printf(&run->arena,
                              "batch size %d is larger than the %d training images: using %d",
                              run->batch, train, train));
        run->batch = train;
    }
    if (run->model->task != TASK_CLASSIFY)
        run->most_boxes = most_boxes(run);
    recipe_init(&run->recipe, c,
                &(struct recipe_data){ train, run->batch, run->dataset.class_count });
    return 0;
}

static struct augment_settings augmentation(const struct config *config)
{
    const struct config_augmentation *a = &config->augmentation;
    struct augment_settings s;

    augment_settings_init(&s);
    s.enabled = a->enabled;
    s.random_crop = a->random_crop;
    for (int i = 0; i < 2; i++) {
        s.crop_scale[i] = a->crop_scale.items[i];
        s.crop_ratio[i] = a->crop_ratio.items[i];
    }
    s.random_flip = a->random_flip;
    s.random_flip_prob = a->random_flip_prob;
    s.vertical_flip_prob = a->vertical_flip_prob;
    s.random_rotation = a->random_rotation;
    s.rotation_degrees = (double)a->rotation_degrees;
    s.color_jitter = a->color_jitter;
    s.brightness = a->brightness;
    s.contrast = a->contrast;
    s.saturation = a->saturation;
    s.hue = a->hue;
#define AUGMENTATION(name)
#define AUGMENTATION_BY_CHANCE(name, label) s.name = a->name;
#include "data/augment.def"
#undef AUGMENTATION
#undef AUGMENTATION_BY_CHANCE
    s.rand_augment = a->rand_augment;
    s.rand_augment_ops = (int)a->rand_augment_ops;
    s.rand_augment_magnitude = (double)a->rand_augment_magnitude;
    s.random_erasing = a->random_erasing;
    s.erasing_prob = a->random_erasing_prob;
    return s;
}

static struct mix_settings mixing(const struct config *config)
{
    const struct config_augmentation *a = &config->augmentation;
    struct mix_settings m;

    mix_settings_init(&m);
    m.mixup = a->enabled && a->mixup;
    m.mixup_alpha = a->mixup_alpha;
    m.cutmix = a->enabled && a->cutmix;
    m.cutmix_alpha = a->cutmix_alpha;
    m.label_smoothing = config->label_smoothing;
    return m;
}

static int open_loaders(struct run *run, struct error *err)
{
    const struct config *c = run->config;
    struct scene_settings scene = scenes(c);
    bool is_detector = run->model->task != TASK_CLASSIFY;
    struct augment_settings augment = augmentation(c);
    struct mix_settings mix = mixing(c);
    struct loader_options train = {
        .split = DATASET_SPLIT_TRAIN, .transform = run->transform, .batch_size = run->batch,
        .threads = (int)c->loader_threads, .seed = (uint64_t)c->seed, .shuffle = true,
        .drop_last = !run->recipe.keeps_last_batch, .fill_last = true,
        .augment = is_detector ? NULL : &augment, .mix = is_detector ? NULL : &mix,
        .scene = is_detector ? &scene : NULL, .most_boxes = run->most_boxes,
        .cache_limit_bytes = 0, .failure_limit = c->skip_limit };
    struct loader_options val = { .split = DATASET_SPLIT_VAL, .transform = run->transform,
                                  .batch_size = run->batch, .threads = (int)c->loader_threads,
                                  .seed = (uint64_t)c->seed, .is_exact = true,
                                  .most_boxes = run->most_boxes,
                                  .failure_limit = c->skip_limit };

    if (augment_settings_check(&augment, err) || mix_settings_check(&mix, err) ||
        scene_settings_check(&scene, err))
        return -1;
    return loader_open(&run->train_loader, &run->dataset, &train, err) ||
                   loader_open(&run->val_loader, &run->dataset, &val, err)
               ? -1
               : 0;
}

/* --- network ---------------------------------------------------------------------------------- */

static struct network_options network_options(const struct run *run, int batch)
{
    const struct config *c = run->config;

    return (struct network_options){
        .model = run->model, .most_boxes = run->most_boxes,
        .gains = &run->recipe.detector.gains,
        .shape = { .batch = batch, .image_size = run->transform.image_size,
                   .classes = run->dataset.class_count,
                   .key_points = run->dataset.annotations.keypoint_count,
                   .key_point_size = run->dataset.keypoint_size, .drop_rate = c->drop_rate,
                   .drop_path_rate = c->drop_path_rate },
        .training = true, .optimizer = run->recipe.optimizer,
        .average = run->recipe.has_average, .accumulate = run->recipe.accumulation > 1,
        .freeze_backbone = c->freeze_backbone, .lean = c->memory == MEMORY_LEAN };
}

/* Bytes that a batch size needs, without allocating them; -1 after a failure. */
static int64_t peak_of_batch(const struct run *run, int batch, struct error *err)
{
    struct network_options options = network_options(run, batch);
    struct run probe = *run;
    int64_t result;

    options.plan_only = true;
    if (network_open(&probe.network, run->options->device, &options, err))
        return -1;
    probe.batch = batch;
    result = run_peak_bytes(&probe);
    network_close(&probe.network);
    return result;
}

int run_largest_batch(struct run *run, int64_t limit, int below)
{
    struct error err;
    int low = 0, high = below;

    while (high - low > 1) {
        int middle = (low + high) / 2;
        int64_t bytes = peak_of_batch(run, middle, &err);

        if (bytes >= 0 && bytes <= limit)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static int open_network(struct run *run, struct error *err)
{
    struct network_options options = network_options(run, run->batch);
    int64_t limit = run->config->memory_limit_mb << 20, peak;

    if (!limit)
        limit = memory_available_bytes();
    peak = peak_of_batch(run, run->batch, err);
    if (peak < 0)
        return -1;
    if (peak > limit) {
        int fits = run_largest_batch(run, limit, run->batch);

        if (!fits)
            return FAIL(
                err, NO_MEMORY,
                "%s at %d pixels needs %lld MB even with a batch of 1; the limit is %lld MB",
                run->model->name, run->transform.image_size, (long long)(peak >> 20),
                (long long)(limit >> 20));
        return FAIL(
            err, NO_MEMORY,
            "a batch of %d needs %lld MB, the limit is %lld MB; the largest batch that fits is %d",
            run->batch, (long long)(peak >> 20), (long long)(limit >> 20), fits);
    }
    if (network_open(&run->network, run->options->device, &options, err))
        return -1;
    run->network_open = true;
    return 0;
}

/* --- all -------------------------------------------------------------------------------------- */

static void write_config_text(struct run *run)
{
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    field_write_flat(run->options->values, &w);
    run->config_json = arena_strdup(&run->arena, text.text);
    str_release(&text);
}

/* Detectors see values in 0..1 as they are. */
static void use_plain_pixels(struct transform *transform)
{
    for (int i = 0; i < 3; i++) {
        transform->mean[i] = 0;
        transform->std[i] = 1;
    }
}

/* The numbers of an epoch: the loss and its parts now, the task's once they are known. */
static void open_evaluation(struct run *run)
{
    const struct network_ends *ends = &run->network.train;
    struct evaluation about = { .task = run->task, .dataset = &run->dataset,
                                .classes = run->dataset.classes,
                                .class_count = run->dataset.class_count };

    run->evaluation = evaluation_new(&about);
    scores_add(&run->train, "loss", 0);
    for (int i = 0; i < ends->part_count; i++)
        scores_add(&run->train, arena_printf(&run->arena, "train_%s", ends->parts[i].name), 0);
}

/* Settings that nobody gave come from it, so it is named first. */
static void show_preset(struct run *run)
{
    const struct config *c = run->config;
    const char *name = c->preset ? c->preset : PRESET_NONE;
    const struct preset *preset = config_preset_find(name, config_scope_of(c));

    if (preset)
        progress_line(&run->progress, "preset %s: %s; settings that are given come before it", name,
                      preset->description);
    else
        progress_line(&run->progress, "no preset: what is not given is the plain default");
}

int run_open(struct run *run, const struct run_options *options, struct error *err)
{
    const struct config *c = options->config;

    *run = (struct run){ .options = options, .config = c, .lock_fd = -1, .results_fd = -1,
                         .plateau = { .scale = 1 }, .started = clock_seconds() };
    run->events.fd = -1;
    run->higher_is_better = !c->primary_metric_mode;
    progress_init(&run->progress, options->quiet);
    run->task = task_type_at(c->task_type);
    run->primary_metric = c->primary_metric;
    run->model = model_named(c->model_name, err);
    if (!run->model)
        return -1;
    transform_init(&run->transform, c->image_size ? (int)c->image_size : run->model->image_size);
    if (run->model->task != TASK_CLASSIFY)
        use_plain_pixels(&run->transform);
    write_config_text(run);
    show_preset(run);
    if (open_dataset(run, err) || open_network(run, err))
        return -1;
    open_evaluation(run);
    return open_loaders(run, err);
}

void run_close(struct run *run)
{
    loader_free(run->train_loader);
    loader_free(run->val_loader);
    if (run->network_open)
        network_close(&run->network);
    if (run->dataset_open)
        dataset_close(&run->dataset);
    evaluation_free(run->evaluation);
    events_close(&run->events);
    if (run->results_fd >= 0)
        close(run->results_fd);
    if (run->lock_fd >= 0)
        close(run->lock_fd);
    free(run->metrics_json);
    arena_release(&run->arena);
}
