/* config.c - the table of settings; see config.h.  Presets are in presets.c. */

#include "train/config.h"

#include "base/error.h"
#include "base/str.h"
#include "train/task.h"

#include <string.h>

/* 1 would divide nothing by nothing. */
#define MOST_BETA 0.999999

/* clang-format off */
#define AT(member) .offset = offsetof(struct config, member)
#define FOR_CLASSIFIERS .scope = SCOPE_CLASSIFIERS
#define FOR_DETECTORS .scope = SCOPE_DETECTORS
#define INT(n, member, def, lo, hi, ...)  { .name = n, .type = FIELD_INT, AT(member), .fallback = def, .min = lo, .max = hi, .step = 1, __VA_ARGS__ }
#define REAL(n, member, def, lo, hi, ...) { .name = n, .type = FIELD_REAL, AT(member), .fallback = def, .min = lo, .max = hi, __VA_ARGS__ }
#define BOOL(n, member, def, ...)         { .name = n, .type = FIELD_BOOL, AT(member), .fallback = def, __VA_ARGS__ }
#define TEXT(n, member, ...)              { .name = n, .type = FIELD_TEXT, AT(member), __VA_ARGS__ }
#define SELECT(n, member, def, opts, ...) { .name = n, .type = FIELD_SELECT, AT(member), .fallback = def, .options = opts, __VA_ARGS__ }
#define REALS(n, member, def, lo, hi, ...) { .name = n, .type = FIELD_REALS, AT(member), .fallback = def, .min = lo, .max = hi, .item_count = 2, __VA_ARGS__ }

const struct field config_fields[] = {
    /* --- run -------------------------------------------------------------------------------- */
    SELECT("framework", framework, "timm", "timm=timm|ultralytics=Ultralytics", .default_words = "the model's", .group = "run", .label = "Framework"),
    SELECT("task_type", task_type, "image_classification", "image_classification=Image classification|object_detection=Object detection|instance_segmentation=Instance segmentation|pose_estimation=Pose estimation", .default_words = "the model's", .group = "run", .label = "Task"),
    TEXT("model_name", model_name, .alias = "model", .required = true, .group = "run", .label = "Model", .help = "`fovea models` lists them"),
    TEXT("dataset_path", dataset_path, .alias = "data", .required = true, .group = "run", .label = "Dataset", .help = "a folder of class folders, or train/ and val/ of them; for detectors one in YOLO's, COCO's, Pascal VOC's or DICE's layout, or the data.yaml in it"),
    SELECT("dataset_format", dataset_format, "imagefolder", "imagefolder=Image folder|dice=DICE|yolo=YOLO|coco=COCO|voc=Pascal VOC", .default_words = "imagefolder; of detectors: by content", .group = "run", .label = "Dataset format"),
    TEXT("split_strategy", split_strategy, .group = "run", .label = "Split", .advanced = true, .help = "who is in train and val, before what the dataset says: JSON {method use_dataset|auto|custom, ratio, seed, custom_splits {PATH: train|val|test}, exclude_images [PATH]}, or a file of it"),
    INT("num_classes", num_classes, NULL, 0, 100000, .group = "run", .label = "Classes", .help = "must equal the dataset's; 0: take them from it"),
    TEXT("output_dir", output_dir, .alias = "out", .group = "run", .label = "Output folder", .help = "where the run's files go"),
    INT("epochs", epochs, "50", 1, 1000, .group = "run", .label = "Epochs"),
    INT("batch_size", batch_size, "32", 1, 512, .alias = "batch", .group = "run", .label = "Batch size"),
    REAL("learning_rate", learning_rate, "0.001", 1e-9, 1, .alias = "lr", .default_words = "0.001; of detectors: --lr0", .group = "run", .label = "Learning rate"),
    SELECT("optimizer", optimizer_name, "adam", "adam=Adam|adamw=AdamW|sgd=SGD|rmsprop=RMSprop", .default_words = "adam; of detectors: --optimizer_type", .group = "run", .label = "Optimizer"),
    INT("image_size", image_size, NULL, 0, 1280, .alias = "imgsz", .group = "run", .label = "Image size", .help = "side in pixels; 0: the model's own"),
    BOOL("pretrained", pretrained, "false", .group = "run", .label = "Pretrained", .help = "start from installed weights of the model"),
    TEXT("weights_dir", weights_dir, .group = "run", .label = "Weights folder", .advanced = true, .help = "where `models import` put weights ($WEIGHTS_DIR)"),
    TEXT("checkpoint_path", checkpoint_path, .group = "run", .label = "Checkpoint", .help = "fine-tune from this file"),
    BOOL("resume", resume, "false", .group = "run", .label = "Resume", .help = "continue from checkpoints/latest of the output folder"),
    BOOL("freeze_backbone", freeze_backbone, "false", .group = "run", .label = "Freeze backbone", .help = "train the classifier only"),
    INT("seed", seed, "42", 0, 2147483647, .group = "run", .label = "Seed"),
    SELECT("device", device, "cpu", "cpu=CPU", .group = "run", .label = "Device"),
    TEXT("job_id", job_id, .group = "run", .label = "Job", .advanced = true, .help = "written into every event"),
    TEXT("project_id", project_id, .group = "run", .label = "Project", .advanced = true, .help = "written into config.json"),
    TEXT("preset", preset, .group = "run", .label = "Preset", .help = "a named set of values below file and flags; none: no preset; unset: small_data, but none where a file says how to learn"),
    INT("threads", threads, "0", 0, 256, .group = "run", .label = "Threads", .advanced = true, .help = "compute threads; 0: one per core"),
    INT("loader_threads", loader_threads, "0", 0, 64, .group = "run", .label = "Loader threads", .advanced = true, .help = "0: one per core"),
    INT("memory_limit", memory_limit_mb, "0", 0, 16777216, .group = "run", .label = "Memory limit", .advanced = true, .help = "in MB; 0: what is available"),
    SELECT("memory", memory, "fast", "fast=Fast|lean=Lean", .group = "run", .label = "Memory use", .advanced = true, .help = "lean computes some values again instead of keeping them"),

    /* --- optimizer ---------------------------------------------------------------------------- */
    SELECT("optimizer.type", optimizer.type, "adam", "adam=Adam|adamw=AdamW|sgd=SGD|rmsprop=RMSprop", FOR_CLASSIFIERS, .group = "optimizer", .label = "Optimizer"),
    REAL("optimizer.learning_rate", optimizer.learning_rate, "0.001", 1e-9, 1, .step = 1e-5, FOR_CLASSIFIERS, .group = "optimizer", .label = "Learning Rate"),
    REAL("optimizer.weight_decay", optimizer.weight_decay, "0.0001", 0, 1, .step = 1e-4, FOR_CLASSIFIERS, .group = "optimizer", .label = "Weight decay", .advanced = true),
    REAL("optimizer.momentum", optimizer.momentum, "0.9", 0, 1, .step = 0.1, FOR_CLASSIFIERS, .group = "optimizer", .label = "Momentum", .advanced = true, .help = "of sgd and rmsprop"),
    BOOL("optimizer.nesterov", optimizer.nesterov, "true", FOR_CLASSIFIERS, .group = "optimizer", .label = "Nesterov momentum", .advanced = true, .visible_when = "optimizer.type=sgd"),
    REALS("optimizer.betas", optimizer.betas, "0.9,0.999", 0, MOST_BETA, FOR_CLASSIFIERS, .group = "optimizer", .label = "Betas", .advanced = true, .help = "of adam and adamw"),
    REAL("optimizer.eps", optimizer.eps, "1e-8", 1e-16, 1, FOR_CLASSIFIERS, .group = "optimizer", .label = "Epsilon", .advanced = true),
    REAL("gradient_clip_value", gradient_clip_value, "0", 0, 1000, .step = 0.1, .group = "optimization", .label = "Gradient clipping", .help = "largest global norm; 0: off, and 10 for detectors"),
    INT("gradient_accumulation_steps", accumulation, "1", 1, 1024, FOR_CLASSIFIERS, .group = "optimization", .label = "Gradient accumulation", .advanced = true, .help = "batches per update"),
    BOOL("mixed_precision", mixed_precision, "false", .group = "optimization", .label = "Mixed precision", .help = "used where the device gains from it"),
    BOOL("ema", ema, "false", FOR_CLASSIFIERS, .group = "optimization", .label = "Average of weights", .help = "validate and predict with a moving average"),
    REAL("ema_decay", ema_decay, "0.999", 0, 0.999999, FOR_CLASSIFIERS, .group = "optimization", .label = "Decay of the average", .advanced = true),
    REAL("label_smoothing", label_smoothing, "0", 0, 0.9, .step = 0.01, FOR_CLASSIFIERS, .group = "optimization", .label = "Label smoothing"),
    REAL("drop_rate", drop_rate, "0", 0, 0.9, .step = 0.05, FOR_CLASSIFIERS, .group = "optimization", .label = "Dropout", .advanced = true),
    REAL("drop_path_rate", drop_path_rate, "0", 0, 0.9, .step = 0.05, FOR_CLASSIFIERS, .group = "optimization", .label = "Stochastic depth", .advanced = true),
    BOOL("drop_last", drop_last, "true", FOR_CLASSIFIERS, .group = "optimization", .label = "Drop the last partial batch", .advanced = true, .help = "false: fill it up with the epoch's first images"),

    /* --- scheduler ---------------------------------------------------------------------------- */
    SELECT("scheduler.type", scheduler.type, "cosine", "none=None|step=Step LR|cosine=Cosine Annealing|cosine_warm_restarts=Cosine with warm restarts|exponential=Exponential|plateau=Plateau", FOR_CLASSIFIERS, .group = "scheduler", .label = "LR Scheduler"),
    INT("scheduler.warmup_epochs", scheduler.warmup_epochs, "5", 0, 50, FOR_CLASSIFIERS, .group = "scheduler", .label = "Warm-up epochs", .help = "linear; at most a tenth of the steps"),
    INT("scheduler.step_size", scheduler.step_size, "30", 1, 1000, FOR_CLASSIFIERS, .group = "scheduler", .label = "Step size", .advanced = true, .visible_when = "scheduler.type=step"),
    REAL("scheduler.gamma", scheduler.gamma, "0.1", 0.0001, 1, .step = 0.01, FOR_CLASSIFIERS, .group = "scheduler", .label = "Gamma", .advanced = true, .help = "factor of step and exponential"),
    REAL("scheduler.eta_min", scheduler.eta_min, "1e-6", 0, 0.1, .step = 1e-6, FOR_CLASSIFIERS, .group = "scheduler", .label = "Minimum learning rate", .advanced = true),
    INT("scheduler.T_max", scheduler.t_max, "0", 0, 1000, FOR_CLASSIFIERS, .group = "scheduler", .label = "Period", .advanced = true, .visible_when = "scheduler.type=cosine", .help = "epochs; 0: all"),
    INT("scheduler.T_0", scheduler.t_0, "10", 1, 1000, FOR_CLASSIFIERS, .group = "scheduler", .label = "First period", .advanced = true, .visible_when = "scheduler.type=cosine_warm_restarts"),
    INT("scheduler.T_mult", scheduler.t_mult, "2", 1, 10, FOR_CLASSIFIERS, .group = "scheduler", .label = "Growth of periods", .advanced = true, .visible_when = "scheduler.type=cosine_warm_restarts"),
    REAL("scheduler.factor", scheduler.factor, "0.1", 0.0001, 0.9999, FOR_CLASSIFIERS, .group = "scheduler", .label = "Plateau factor", .advanced = true, .visible_when = "scheduler.type=plateau"),
    INT("scheduler.patience", scheduler.patience, "10", 0, 1000, FOR_CLASSIFIERS, .group = "scheduler", .label = "Plateau patience", .advanced = true, .visible_when = "scheduler.type=plateau"),
    REAL("scheduler.threshold", scheduler.threshold, "0.0001", 0, 1, FOR_CLASSIFIERS, .group = "scheduler", .label = "Plateau threshold", .advanced = true, .visible_when = "scheduler.type=plateau"),

    /* --- augmentation ------------------------------------------------------------------------- */
    BOOL("augmentation.enabled", augmentation.enabled, "true", FOR_CLASSIFIERS, .group = "augmentation", .label = "Augmentation"),
    BOOL("augmentation.random_flip", augmentation.random_flip, "true", FOR_CLASSIFIERS, .group = "augmentation", .label = "Random flip"),
    REAL("augmentation.random_flip_prob", augmentation.random_flip_prob, "0.5", 0, 1, .step = 0.1, FOR_CLASSIFIERS, .group = "augmentation", .label = "Flip probability"),
    REAL("augmentation.vertical_flip_prob", augmentation.vertical_flip_prob, "0", 0, 1, .step = 0.1, FOR_CLASSIFIERS, .group = "augmentation", .label = "Vertical flip probability", .advanced = true),
    BOOL("augmentation.random_rotation", augmentation.random_rotation, "false", FOR_CLASSIFIERS, .group = "augmentation", .label = "Random rotation"),
    INT("augmentation.rotation_degrees", augmentation.rotation_degrees, "15", 0, 180, FOR_CLASSIFIERS, .group = "augmentation", .label = "Rotation degrees"),
    BOOL("augmentation.random_crop", augmentation.random_crop, "true", FOR_CLASSIFIERS, .group = "augmentation", .label = "Random resized crop"),
    REALS("augmentation.crop_scale", augmentation.crop_scale, "0.08,1", 0.0001, 1, FOR_CLASSIFIERS, .group = "augmentation", .label = "Crop area", .advanced = true),
    REALS("augmentation.crop_ratio", augmentation.crop_ratio, "0.75,1.3333333333333333", 0.01, 100, FOR_CLASSIFIERS, .group = "augmentation", .label = "Crop aspect", .advanced = true),
    BOOL("augmentation.color_jitter", augmentation.color_jitter, "false", FOR_CLASSIFIERS, .group = "augmentation", .label = "Colour jitter"),
    REAL("augmentation.brightness", augmentation.brightness, "0.2", 0, 1, .step = 0.1, FOR_CLASSIFIERS, .group = "augmentation", .label = "Brightness"),
    REAL("augmentation.contrast", augmentation.contrast, "0.2", 0, 1, .step = 0.1, FOR_CLASSIFIERS, .group = "augmentation", .label = "Contrast"),
    REAL("augmentation.saturation", augmentation.saturation, "0.2", 0, 1, .step = 0.1, FOR_CLASSIFIERS, .group = "augmentation", .label = "Saturation", .advanced = true),
    REAL("augmentation.hue", augmentation.hue, "0.1", 0, 0.5, .step = 0.05, FOR_CLASSIFIERS, .group = "augmentation", .label = "Hue", .advanced = true),
    BOOL("augmentation.random_erasing", augmentation.random_erasing, "false", FOR_CLASSIFIERS, .group = "augmentation", .label = "Random erasing", .advanced = true),
    REAL("augmentation.erasing_prob", augmentation.random_erasing_prob, "0.25", 0, 1, .step = 0.05, FOR_CLASSIFIERS, .group = "augmentation", .label = "Erasing probability", .advanced = true),
#define AUGMENTATION(n)
#define AUGMENTATION_BY_CHANCE(n, text) \
    REAL("augmentation." #n, augmentation.n, "0", 0, 1, .step = 0.05, FOR_CLASSIFIERS, .group = "augmentation", .label = text, .advanced = true),
#include "data/augment.def"
#undef AUGMENTATION
#undef AUGMENTATION_BY_CHANCE
    BOOL("augmentation.mixup", augmentation.mixup, "false", FOR_CLASSIFIERS, .group = "augmentation", .label = "Mixup"),
    REAL("augmentation.mixup_alpha", augmentation.mixup_alpha, "0.2", 0, 10, .step = 0.1, FOR_CLASSIFIERS, .group = "augmentation", .label = "Mixup alpha"),
    BOOL("augmentation.cutmix", augmentation.cutmix, "false", FOR_CLASSIFIERS, .group = "augmentation", .label = "CutMix"),
    REAL("augmentation.cutmix_alpha", augmentation.cutmix_alpha, "1", 0, 10, .step = 0.1, FOR_CLASSIFIERS, .group = "augmentation", .label = "CutMix alpha"),
    BOOL("augmentation.rand_augment", augmentation.rand_augment, "false", FOR_CLASSIFIERS, .group = "augmentation", .label = "RandAugment", .advanced = true),
    INT("augmentation.rand_augment_ops", augmentation.rand_augment_ops, "2", 0, 10, FOR_CLASSIFIERS, .group = "augmentation", .label = "RandAugment operations", .advanced = true),
    INT("augmentation.rand_augment_magnitude", augmentation.rand_augment_magnitude, "9", 0, 10, FOR_CLASSIFIERS, .group = "augmentation", .label = "RandAugment magnitude", .advanced = true),

    /* --- detectors ---------------------------------------------------------------------------- */
#include "train/config_detector.def"

    /* --- validation ---------------------------------------------------------------------------- */
    INT("validation.val_interval", val_interval, "1", 1, 1000, .alias = "val_interval", .group = "validation", .label = "Validate every", .help = "so many epochs"),
    BOOL("validation.early_stopping", early_stopping, "false", .group = "validation", .label = "Early stopping"),
    INT("validation.early_stopping_patience", early_stopping_patience, "10", 1, 1000, .group = "validation", .label = "Patience", .advanced = true),
    REAL("validation.early_stopping_min_delta", early_stopping_min_delta, "0", 0, 1, .group = "validation", .label = "Least improvement", .advanced = true),
    TEXT("primary_metric", primary_metric, .group = "validation", .label = "Primary metric", .help = "chooses the best checkpoint; unset: the task's, accuracy for classification"),
    SELECT("primary_metric_mode", primary_metric_mode, "max", "max=Higher is better|min=Lower is better", .group = "validation", .label = "Primary metric mode"),
    INT("checkpoint_interval", checkpoint_interval, "10", 0, 1000, .group = "validation", .label = "Keep a checkpoint every", .advanced = true, .help = "so many epochs; 0: best and latest only"),
    INT("keep_n_checkpoints", keep_checkpoints, "3", 0, 1000, .group = "validation", .label = "Numbered checkpoints to keep", .advanced = true),
    REAL("skip_limit", skip_limit, "0.05", 0, 1, .step = 0.01, .group = "validation", .label = "Unreadable images allowed", .advanced = true, .help = "share of the files; 0: none"),
    FIELD_END,
};
/* clang-format on */

const char *const config_scope_names[] = { "all", "classifiers", "detectors" };

static int index_of(const struct field_values *values, const char *name)
{
    const struct field *field = field_find(values, name);

    BUG_IF(!field);
    return (int)(field - values->fields);
}

/* The wire has learning_rate and optimizer at the top; the advanced name wins where it was given
 * at least as explicitly.  Otherwise it takes the other's value, and is said to come from there. */
static bool wire_wins(struct field_values *values, const char *wire, const char *advanced)
{
    enum field_origin given = values->origins[index_of(values, wire)];
    enum field_origin *inner = &values->origins[index_of(values, advanced)];

    if (given == ORIGIN_DEFAULT || given <= *inner)
        return false;
    *inner = given;
    return true;
}

static void refuse_metric(struct field_values *values, const struct task_type *task)
{
    struct str text = STR_INIT;

    str_add(&text, "primary_metric must be one of ");
    for (const char *const *score = task->scores; *score; score++)
        str_printf(&text, "%s, ", *score);
    str_add(&text, "loss");
    field_problem(values, "%s", text.text);
    str_release(&text);
}

/* Settings of the other kind of networks have no effect here: giving one is a mistake. */
static void refuse_strangers(struct field_values *values, const struct config *config)
{
    for (int i = 0; i < values->count; i++) {
        const struct field *field = &values->fields[i];

        if (field->scope && field->scope != values->scope && values->origins[i] >= ORIGIN_FILE)
            field_problem(values, "%s is a setting of %s: %s is none", field->name,
                          config_scope_names[field->scope], config->model_name);
    }
}

static void settle_classifier(struct field_values *values, struct config *config)
{
    if (wire_wins(values, "learning_rate", "optimizer.learning_rate"))
        config->optimizer.learning_rate = config->learning_rate;
    if (wire_wins(values, "optimizer", "optimizer.type"))
        config->optimizer.type = config->optimizer_name;
    config->learning_rate = config->optimizer.learning_rate;
    config->optimizer_name = config->optimizer.type;
}

static void settle_detector(struct field_values *values, struct config *config)
{
    struct config_detector *d = &config->detector;

    if (wire_wins(values, "learning_rate", "lr0"))
        d->lr0 = config->learning_rate;
    if (wire_wins(values, "optimizer", "optimizer_type"))
        d->optimizer = config->optimizer_name + 1;
    if ((d->optimizer == OPTIMIZER_ADAM + 1 || d->optimizer == OPTIMIZER_ADAMW + 1) &&
        d->momentum > MOST_BETA)
        field_problem(values, "momentum is beta1 of adam and adamw, which must lie between 0 and "
                              "%g, not %g", MOST_BETA, d->momentum);
    config->learning_rate = d->lr0;
    if (d->optimizer != DETECTOR_OPTIMIZER_AUTO)
        config->optimizer_name = d->optimizer - 1;
}

enum config_scope config_scope_of(const struct config *config)
{
    return config->task_type == TASK_CLASSIFY ? SCOPE_CLASSIFIERS : SCOPE_DETECTORS;
}

/* Take the model's word, or hold what was given against it. */
static void settle_choice(struct field_values *values, const char *name, int *choice, int right,
                          const struct config *config)
{
    int at = index_of(values, name);
    const struct field *field = &values->fields[at];

    if (values->origins[at] == ORIGIN_DEFAULT)
        *choice = right;
    else if (*choice != right)
        field_problem(values, "%s is %s, but %s is a model of %s", name,
                      field_option(values->arena, field, *choice), config->model_name,
                      field_option(values->arena, field, right));
}

void config_settle_task(struct field_values *values, struct config *config)
{
    const struct model *model = config->model_name ? model_find(config->model_name) : NULL;

    if (model) {
        settle_choice(values, "task_type", &config->task_type, (int)model->task, config);
        settle_choice(values, "framework", &config->framework,
                      model->task == TASK_CLASSIFY ? FRAMEWORK_TIMM : FRAMEWORK_ULTRALYTICS,
                      config);
    }
    values->scope = config_scope_of(config);
}

void config_settle(struct field_values *values, struct config *config)
{
    const struct task_type *task = task_type_at(config->task_type);

    values->scope = config_scope_of(config);
    refuse_strangers(values, config);
    if (values->scope == SCOPE_CLASSIFIERS)
        settle_classifier(values, config);
    else
        settle_detector(values, config);
    if (!config->primary_metric)
        config->primary_metric = task->primary_metric;
    if (!task_type_has_score(task, config->primary_metric))
        refuse_metric(values, task);
    if (values->origins[index_of(values, "primary_metric_mode")] == ORIGIN_DEFAULT &&
        str_ends_with(config->primary_metric, "loss"))
        config->primary_metric_mode = 1; /* min */
    if (config->augmentation.crop_scale.items[0] > config->augmentation.crop_scale.items[1])
        field_problem(values, "augmentation.crop_scale must go from small to large");
    if (config->augmentation.crop_ratio.items[0] > config->augmentation.crop_ratio.items[1])
        field_problem(values, "augmentation.crop_ratio must go from small to large");
}
