/* config.h - every setting of a training run, in one table.
 *
 * config_fields is the only source of parsing, checking, --help, `schema --json` and the web form.
 * Flat names are those of the wire (model_name, epochs, ...); dotted names are those of the
 * advanced configuration (optimizer.type, augmentation.mixup, ...).
 *
 * Precedence: flag > file > preset > default.  The preset is "small_data" unless one is named or a
 * file says how to learn (command/configure.h); "none" is no preset.
 */
#ifndef TRAIN_CONFIG_H
#define TRAIN_CONFIG_H

#include "base/field.h"
#include "nn/optimizer.h"
#include "nn/schedule.h"

enum config_framework { FRAMEWORK_TIMM, FRAMEWORK_ULTRALYTICS };
enum config_format { FORMAT_IMAGEFOLDER, FORMAT_DICE, FORMAT_YOLO, FORMAT_COCO, FORMAT_VOC };
/* Whom a setting concerns: field.scope. */
enum config_scope { SCOPE_ALL, SCOPE_CLASSIFIERS, SCOPE_DETECTORS };
extern const char *const config_scope_names[]; /* "classifiers" */
enum config_memory { MEMORY_FAST, MEMORY_LEAN };

struct config_optimizer {
    int type; /* enum optimizer_kind */
    double learning_rate, weight_decay, momentum, eps;
    struct field_reals betas;
    bool nesterov;
};

struct config_scheduler {
    int type; /* enum schedule_kind */
    int64_t warmup_epochs, step_size, t_max, t_0, t_mult, patience;
    double gamma, eta_min, factor, threshold;
};

struct config_augmentation {
    bool enabled, random_flip, random_rotation, random_crop, color_jitter, random_erasing, mixup,
        cutmix, rand_augment;
    double random_flip_prob, vertical_flip_prob, brightness, contrast, saturation, hue,
        random_erasing_prob, mixup_alpha, cutmix_alpha;
    int64_t rotation_degrees, rand_augment_ops, rand_augment_magnitude;
    struct field_reals crop_scale, crop_ratio;
#define AUGMENTATION(name)
#define AUGMENTATION_BY_CHANCE(name, label) double name;
#include "data/augment.def"
#undef AUGMENTATION
#undef AUGMENTATION_BY_CHANCE
};

/* Of detectors, segmenters and pose estimators. */
struct config_detector {
    int optimizer; /* 0: automatic; else enum optimizer_kind + 1 */
    double lr0, lrf, weight_decay, momentum, warmup_epochs, warmup_momentum, warmup_bias_lr;
    bool cos_lr, amp;
    int64_t nominal_batch, close_mosaic;
    double box, cls, dfl, pose, kobj; /* gains of the parts of the loss */
    double mosaic, mixup, copy_paste, degrees, translate, scale, shear, perspective;
    double flipud, fliplr, hsv_h, hsv_s, hsv_v;
};
#define DETECTOR_OPTIMIZER_AUTO 0

struct config {
    /* what */
    int framework, task_type, dataset_format;
    const char *model_name, *dataset_path, *output_dir, *checkpoint_path;
    const char *job_id, *project_id, *preset, *weights_dir,
        *split_strategy;
    int64_t num_classes, image_size, seed;
    bool pretrained, resume, freeze_backbone;
    /* how long, how much */
    int64_t epochs, batch_size, accumulation, threads, loader_threads, memory_limit_mb;
    double learning_rate; /* of the wire; optimizer.learning_rate beats it */
    int optimizer_name;   /* of the wire; optimizer.type beats it */
    int device, memory;
    /* learning */
    struct config_optimizer optimizer;
    struct config_scheduler scheduler;
    struct config_augmentation augmentation;
    struct config_detector detector;
    double label_smoothing, ema_decay, drop_rate, drop_path_rate, gradient_clip_value;
    bool ema, mixed_precision, drop_last;
    /* checking */
    int64_t val_interval, early_stopping_patience, checkpoint_interval, keep_checkpoints;
    bool early_stopping;
    double early_stopping_min_delta, skip_limit;
    const char *primary_metric;
    int primary_metric_mode; /* 0 max, 1 min */
};

extern const struct field config_fields[];

/* A preset: values by field name, merged over the defaults.  A name stands once per scope. */
struct preset {
    const char *name;
    enum config_scope scope;
    const char *description;
    const char *json;
};
#define PRESET_NONE "none"
#define PRESET_DEFAULT "small_data"
extern const struct preset config_presets[]; /* ends with name NULL */
const struct preset *config_preset_find(const char *name, enum config_scope scope);

/* Once the model is known, before presets: framework and task of the model where they were not
 * given.  Given ones that are not the model's are a problem. */
void config_settle_task(struct field_values *values, struct config *config);

/* After all sources are in: let optimizer.learning_rate and optimizer.type take the wire's values
 * where they were not given themselves, and check what concerns several fields. */
void config_settle(struct field_values *values, struct config *config);

/* Apply a preset below what file and flags have set.  One that nobody asked for says nothing of
 * the optimizer where another one was chosen: its rate and decay are not meant for that. */
void config_apply_preset(struct field_values *values, const struct preset *preset,
                         bool was_asked_for);

/* Whose settings concern this task. */
enum config_scope config_scope_of(const struct config *config);

#endif
