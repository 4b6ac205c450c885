/* config.c - the table of settings; see config.h.  Presets are in presets.c. */

#include "train/config.h"

#include "base/error.h"
#include "base/str.h"
#include "train/task.h"

#include <string.h>

/* clang-format off */
#define AT(member) .offset = offsetof(struct config, member)
#define INT(n, member, def, lo, hi, ...)  { .name = n, .type = FIELD_INT, AT(member), .fallback = def, .min = lo, .max = hi, .step = 1, __VA_ARGS__ }
#define REAL(n, member, def, lo, hi, ...) { .name = n, .type = FIELD_REAL, AT(member), .fallback = def, .min = lo, .max = hi, __VA_ARGS__ }
#define BOOL(n, member, def, ...)         { .name = n, .type = FIELD_BOOL, AT(member), .fallback = def, __VA_ARGS__ }
#define TEXT(n, member, ...)              { .name = n, .type = FIELD_TEXT, AT(member), __VA_ARGS__ }
#define SELECT(n, member, def, opts, ...) { .name = n, .type = FIELD_SELECT, AT(member), .fallback = def, .options = opts, __VA_ARGS__ }
#define REALS(n, member, def, lo, hi, ...) { .name = n, .type = FIELD_REALS, AT(member), .fallback = def, .min = lo, .max = hi, .item_count = 2, __VA_ARGS__ }

const struct field config_fields[] = {
    /* --- run -------------------------------------------------------------------------------- */
    SELECT("framework", framework, "timm", "timm=timm", .group = "run", .label = "Framework"),
    SELECT("task_type", task_type, "image_classification", "image_classification=Image classification", .group = "run", .label = "Task"),
    TEXT("model_name", model_name, .alias = "model", .required = true, .group = "run", .label = "Model", .help = "model to train; `models` lists them"),
    TEXT("dataset_path", dataset_path, .alias = "data", .required = true, .group = "run", .label = "Dataset", .help = "folder with class folders, or train/ and val/ of them"),
    SELECT("dataset_format", dataset_format, "imagefolder", "imagefolder=Image folder|dice=DICE", .group = "run", .label = "Dataset format"),
    INT("num_classes", num_classes, NULL, 0, 100000, .group = "run", .label = "Classes", .help = "must equal the dataset's; 0: take them from it"),
    TEXT("output_dir", output_dir, .alias = "out", .group = "run", .label = "Output folder", .help = "where the run's files go"),
    INT("epochs", epochs, "50", 1, 1000, .group = "run", .label = "Epochs"),
    INT("batch_size", batch_size, "32", 1, 512, .alias = "batch", .group = "run", .label = "Batch size"),
    REAL("learning_rate", learning_rate, "0.001", 1e-9, 1, .alias = "lr", .group = "run", .label = "Learning rate"),
    SELECT("optimizer", optimizer_name, "adam", "adam=Adam|adamw=AdamW|sgd=SGD|rmsprop=RMSprop", .group = "run", .label = "Optimizer"),
    INT("image_size", image_size, NULL, 0, 1024, .group = "run", .label = "Image size", .help = "side in pixels; 0: the model's own"),
    BOOL("pretrained", pretrained, "false", .group = "run", .label = "Pretrained", .help = "start from installed weights of the model"),
    TEXT("weights_dir", weights_dir, .group = "run", .label = "Weights folder", .advanced = true, .help = "where `models import` put weights ($WEIGHTS_DIR)"),
    TEXT("checkpoint_path", checkpoint_path, .group = "run", .label = "Checkpoint", .help = "fine-tune from this file"),
    BOOL("resume", resume, "false", .group = "run", .label = "Resume", .help = "continue from checkpoints/latest of the output folder"),
    BOOL("freeze_backbone", freeze_backbone, "false", .group = "run", .label = "Freeze backbone", .help = "train the classifier only"),
    INT("seed", seed, "42", 0, 2147483647, .group = "run", .label = "Seed"),
    SELECT("device", device, "cpu", "cpu=CPU", .group = "run", .label = "Device"),
    TEXT("job_id", job_id, .group = "run", .label = "Job", .advanced = true, .help = "written into every event"),
    TEXT("project_id", project_id, .group = "run", .label = "Project", .advanced = true, .help = "written into config.json"),
    TEXT("preset", preset, .group = "run", .label = "Preset", .help = "a named set of values below file and flags"),
    INT("threads", threads, "0", 0, 256, .group = "run", .label = "Threads", .advanced = true, .help = "compute threads; 0: one per core"),
    INT("loader_threads", loader_threads, "0", 0, 64, .group = "run", .label = "Loader threads", .advanced = true, .help = "0: one per core"),
    INT("memory_limit", memory_limit_mb, "0", 0, 16777216, .group = "run", .label = "Memory limit", .advanced = true, .help = "in MB; 0: what is available"),
    SELECT("memory", memory, "fast", "fast=Fast|lean=Lean", .group = "run", .label = "Memory use", .advanced = true, .help = "lean computes some values again instead of keeping them"),

    /* --- optimizer ---------------------------------------------------------------------------- */
    SELECT("optimizer.type", optimizer.type, "adam", "adam=Adam|adamw=AdamW|sgd=SGD|rmsprop=RMSprop", .group = "optimizer", .label = "Optimizer"),
    REAL("optimizer.learning_rate", optimizer.learning_rate, "0.001", 1e-9, 1, .step = 1e-5, .group = "optimizer", .label = "Learning Rate"),
    REAL("optimizer.weight_decay", optimizer.weight_decay, "0.0001", 0, 1, .step = 1e-4, .group = "optimizer", .label = "Weight decay", .advanced = true),
    REAL("optimizer.momentum", optimizer.momentum, "0.9", 0, 1, .step = 0.1, .group = "optimizer", .label = "Momentum", .advanced = true, .help = "of sgd and rmsprop"),
    BOOL("optimizer.nesterov", optimizer.nesterov, "true", .group = "optimizer", .label = "Nesterov momentum", .advanced = true, .visible_when = "optimizer.type=sgd"),
    REALS("optimizer.betas", optimizer.betas, "0.9,0.999", 0, 0.999999, .group = "optimizer", .label = "Betas", .advanced = true, .help = "of adam and adamw"),
    REAL("optimizer.eps", optimizer.eps, "1e-8", 1e-16, 1, .group = "optimizer", .label = "Epsilon", .advanced = true),
    REAL("gradient_clip_value", gradient_clip_value, "0", 0, 1000, .step = 0.1, .group = "optimization", .label = "Gradient clipping", .help = "largest global norm; 0: off"),
    INT("gradient_accumulation_steps", accumulation, "1", 1, 1024, .group = "optimization", .label = "Gradient accumulation", .advanced = true, .help = "batches per update"),
    BOOL("mixed_precision", mixed_precision, "false", .group = "optimization", .label = "Mixed precision", .help = "used where the device gains from it"),
    BOOL("ema", ema, "false", .group = "optimization", .label = "Average of weights", .help = "validate and predict with a moving average"),
    REAL("ema_decay", ema_decay, "0.999", 0, 0.999999, .group = "optimization", .label = "Decay of the average", .advanced = true),
    REAL("label_smoothing", label_smoothing, "0", 0, 0.9, .step = 0.01, .group = "optimization", .label = "Label smoothing"),
    REAL("drop_rate", drop_rate, "0", 0, 0.9, .step = 0.05, .group = "optimization", .label = "Dropout", .advanced = true),
    REAL("drop_path_rate", drop_path_rate, "0", 0, 0.9, .step = 0.05, .group = "optimization", .label = "Stochastic depth", .advanced = true),
    BOOL("drop_last", drop_last, "true", .group = "optimization", .label = "Drop the last partial batch", .advanced = true),

    /* --- scheduler ---------------------------------------------------------------------------- */
    SELECT("scheduler.type", scheduler.type, "cosine", "none=None|step=Step LR|cosine=Cosine Annealing|cosine_warm_restarts=Cosine with warm restarts|exponential=Exponential|plateau=Plateau", .group = "scheduler", .label = "LR Scheduler"),
    INT("scheduler.warmup_epochs", scheduler.warmup_epochs, "5", 0, 50, .group = "scheduler", .label = "Warm-up epochs", .help = "linear; at most a tenth of the steps"),
    INT("scheduler.step_size", scheduler.step_size, "30", 1, 1000, .group = "scheduler", .label = "Step size", .advanced = true, .visible_when = "scheduler.type=step"),
    REAL("scheduler.gamma", scheduler.gamma, "0.1", 0.0001, 1, .step = 0.01, .group = "scheduler", .label = "Gamma", .advanced = true, .help = "factor of step and exponential"),
    REAL("scheduler.eta_min", scheduler.eta_min, "1e-6", 0, 0.1, .step = 1e-6, .group = "scheduler", .label = "Minimum learning rate", .advanced = true),
    INT("scheduler.T_max", scheduler.t_max, "0", 0, 1000, .group = "scheduler", .label = "Period", .advanced = true, .visible_when = "scheduler.type=cosine", .help = "epochs; 0: all"),
    INT("scheduler.T_0", scheduler.t_0, "10", 1, 1000, .group = "scheduler", .label = "First period", .advanced = true, .visible_when = "scheduler.type=cosine_warm_restarts"),
    INT("scheduler.T_mult", scheduler.t_mult, "2", 1, 10, .group = "scheduler", .label = "Growth of periods", .advanced = true, .visible_when = "scheduler.type=cosine_warm_restarts"),
    REAL("scheduler.factor", scheduler.factor, "0.1", 0.0001, 0.9999, .group = "scheduler", .label = "Plateau factor", .advanced = true, .visible_when = "scheduler.type=plateau"),
    INT("scheduler.patience", scheduler.patience, "10", 0, 1000, .group = "scheduler", .label = "Plateau patience", .advanced = true, .visible_when = "scheduler.type=plateau"),
    REAL("scheduler.threshold", scheduler.threshold, "0.0001", 0, 1, .group = "scheduler", .label = "Plateau threshold", .advanced = true, .visible_when = "scheduler.type=plateau"),

    /* --- augmentation ------------------------------------------------------------------------- */
    BOOL("augmentation.enabled", augmentation.enabled, "true", .group = "augmentation", .label = "Augmentation"),
    BOOL("augmentation.random_flip", augmentation.random_flip, "true", .group = "augmentation", .label = "Random flip"),
    REAL("augmentation.random_flip_prob", augmentation.random_flip_prob, "0.5", 0, 1, .step = 0.1, .group = "augmentation", .label = "Flip probability"),
    REAL("augmentation.vertical_flip_prob", augmentation.vertical_flip_prob, "0", 0, 1, .step = 0.1, .group = "augmentation", .label = "Vertical flip probability", .advanced = true),
    BOOL("augmentation.random_rotation", augmentation.random_rotation, "false", .group = "augmentation", .label = "Random rotation"),
    INT("augmentation.rotation_degrees", augmentation.rotation_degrees, "15", 0, 180, .group = "augmentation", .label = "Rotation degrees"),
    BOOL("augmentation.random_crop", augmentation.random_crop, "true", .group = "augmentation", .label = "Random resized crop"),
    REALS("augmentation.crop_scale", augmentation.crop_scale, "0.08,1", 0.0001, 1, .group = "augmentation", .label = "Crop area", .advanced = true),
    REALS("augmentation.crop_ratio", augmentation.crop_ratio, "0.75,1.3333333333333333", 0.01, 100, .group = "augmentation", .label = "Crop aspect", .advanced = true),
    BOOL("augmentation.color_jitter", augmentation.color_jitter, "false", .group = "augmentation", .label = "Colour jitter"),
    REAL("augmentation.brightness", augmentation.brightness, "0.2", 0, 1, .step = 0.1, .group = "augmentation", .label = "Brightness"),
    REAL("augmentation.contrast", augmentation.contrast, "0.2", 0, 1, .step = 0.1, .group = "augmentation", .label = "Contrast"),
    REAL("augmentation.saturation", augmentation.saturation, "0.2", 0, 1, .step = 0.1, .group = "augmentation", .label = "Saturation", .advanced = true),
    REAL("augmentation.hue", augmentation.hue, "0.1", 0, 0.5, .step = 0.05, .group = "augmentation", .label = "Hue", .advanced = true),
    BOOL("augmentation.random_erasing", augmentation.random_erasing, "false", .group = "augmentation", .label = "Random erasing", .advanced = true),
    REAL("augmentation.erasing_prob", augmentation.random_erasing_prob, "0.25", 0, 1, .step = 0.05, .group = "augmentation", .label = "Erasing probability", .advanced = true),
#define AUGMENTATION(n)
#define AUGMENTATION_BY_CHANCE(n, text) \
    REAL("augmentation." #n, augmentation.n, "0", 0, 1, .step = 0.05, .group = "augmentation", .label = text, .advanced = true),
#include "data/augment.def"
#undef AUGMENTATION
#undef AUGMENTATION_BY_CHANCE
    BOOL("augmentation.mixup", augmentation.mixup, "false", .group = "augmentation", .label = "Mixup"),
    REAL("augmentation.mixup_alpha", augmentation.mixup_alpha, "0.2", 0, 10, .step = 0.1, .group = "augmentation", .label = "Mixup alpha"),
    BOOL("augmentation.cutmix", augmentation.cutmix, "false", .group = "augmentation", .label = "CutMix"),
    REAL("augmentation.cutmix_alpha", augmentation.cutmix_alpha, "1", 0, 10, .step = 0.1, .group = "augmentation", .label = "CutMix alpha"),
    BOOL("augmentation.rand_augment", augmentation.rand_augment, "false", .group = "augmentation", .label = "RandAugment", .advanced = true),
    INT("augmentation.rand_augment_ops", augmentation.rand_augment_ops, "2", 0, 10, .group = "augmentation", .label = "RandAugment operations", .advanced = true),
    INT("augmentation.rand_augment_magnitude", augmentation.rand_augment_magnitude, "9", 0, 10, .group = "augmentation", .label = "RandAugment magnitude", .advanced = true),

    /* --- validation ---------------------------------------------------------------------------- */
    INT("validation.val_interval", val_interval, "1", 1, 1000, .group = "validation", .label = "Validate every", .help = "epochs"),
    BOOL("validation.early_stopping", early_stopping, "false", .group = "validation", .label = "Early stopping"),
    INT("validation.early_stopping_patience", early_stopping_patience, "10", 1, 1000, .group = "validation", .label = "Patience", .advanced = true),
    REAL("validation.early_stopping_min_delta", early_stopping_min_delta, "0", 0, 1, .group = "validation", .label = "Least improvement", .advanced = true),
    TEXT("primary_metric", primary_metric, .group = "validation", .label = "Primary metric", .help = "chooses the best checkpoint; unset: the task's, accuracy for classification"),
    SELECT("primary_metric_mode", primary_metric_mode, "max", "max=Higher is better|min=Lower is better", .group = "validation", .label = "Primary metric mode"),
    INT("checkpoint_interval", checkpoint_interval, "10", 0, 1000, .group = "validation", .label = "Keep a checkpoint every", .advanced = true, .help = "epochs; 0: best and latest only"),
    INT("keep_n_checkpoints", keep_checkpoints, "3", 0, 1000, .group = "validation", .label = "Numbered checkpoints to keep", .advanced = true),
    REAL("skip_limit", skip_limit, "0.05", 0, 1, .step = 0.01, .group = "validation", .label = "Unreadable images allowed", .advanced = true, .help = "share of the files"),
    FIELD_END,
};
/* clang-format on */

static int index_of(const struct field_values *values, const char *name)
{
    const struct field *field = field_find(values, name);

    BUG_IF(!field);
    return (int)(field - values->fields);
}

/* The wire has learning_rate and optimizer at the top; the advanced name wins where it was given
 * at least as explicitly. */
static bool wire_wins(const struct field_values *values, const char *wire, const char *advanced)
{
    enum field_origin given = values->origins[index_of(values, wire)];
    enum field_origin inner = values->origins[index_of(values, advanced)];

    return given != ORIGIN_DEFAULT && given > inner;
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

void config_settle(struct field_values *values, struct config *config)
{
    const struct task_type *task = task_type_at(config->task_type);

    if (wire_wins(values, "learning_rate", "optimizer.learning_rate"))
        config->optimizer.learning_rate = config->learning_rate;
    if (wire_wins(values, "optimizer", "optimizer.type"))
        config->optimizer.type = config->optimizer_name;
    config->learning_rate = config->optimizer.learning_rate;
    config->optimizer_name = config->optimizer.type;
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

struct optimizer_options config_optimizer_options(const struct config *config)
{
    const struct config_optimizer *o = &config->optimizer;
    bool rmsprop = o->type == OPTIMIZER_RMSPROP;

    return (struct optimizer_options){ .kind = (enum optimizer_kind)o->type,
                                       .weight_decay = o->weight_decay, .momentum = o->momentum,
                                       .beta1 = o->betas.items[0],
                                       .beta2 = rmsprop ? 0 : o->betas.items[1],
                                       .eps = o->eps, .plain_momentum = !o->nesterov };
}

struct schedule_options config_schedule_options(const struct config *config,
                                                int64_t steps_per_epoch)
{
    const struct config_scheduler *s = &config->scheduler;

    return (struct schedule_options){
        .kind = (enum schedule_kind)s->type, .learning_rate = config->optimizer.learning_rate,
        .steps_per_epoch = steps_per_epoch, .total_steps = steps_per_epoch * config->epochs,
        .warmup_epochs = (double)s->warmup_epochs, .step_size = (int)s->step_size,
        .gamma = s->gamma, .eta_min = s->eta_min, .t_max = (int)s->t_max, .t_0 = (int)s->t_0,
        .t_mult = (int)s->t_mult, .plateau_factor = s->factor,
        .plateau_patience = (int)s->patience, .plateau_threshold = s->threshold };
}
