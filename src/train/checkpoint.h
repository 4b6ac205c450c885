/* checkpoint.h - a trained network as one safetensors file that describes itself.
 *
 * Holds the network as its model file described it, all weights in row-major order, class names,
 * input size, evaluation transform, the whole configuration, and, for resuming, everything that
 * the rest of the run depends on.  The live weights stand under their own names; with an average
 * of the weights, the average stands there (it is what predicts) and the live ones under
 * "live/<name>".  Optimizer moments are "moment<i>/<name>", gradients that wait for an update
 * "pending/<name>".
 */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "base/json.h"
#include "base/str.h"
#include "data/transform.h"
#include "formats/safetensors.h"
#include "objects/skeleton.h"
#include "train/network.h"

#define CHECKPOINT_FORMAT 1

/* What resuming needs besides the tensors; all of it is in the file's metadata. */
struct checkpoint_state {
    int64_t epoch;           /* finished epochs, or the one that was interrupted (1-based) */
    int64_t batch;           /* batches of the current epoch already used; 0: between epochs */
    int64_t step;            /* optimizer steps */
    int64_t updates;         /* of the optimizer, for its bias correction */
    int64_t pending;         /* batches whose gradients are added up and wait for the update */
    int64_t average_updates;
    double best, best_loss;  /* primary metric, and the validation's loss with it */
    int64_t best_epoch;
    double gain_base;        /* what a metric must beat by early_stopping_min_delta to be a gain */
    int64_t epochs_without_gain;
    double plateau_scale, plateau_best;
    int64_t plateau_bad_epochs;
    bool plateau_has_best;
    double loss_sum;         /* of the current epoch */
    double part_sums[NETWORK_ENDS_MAX]; /* of the parts of the loss, likewise */
    int64_t loss_count;                 /* images of both */
    int64_t results_bytes;   /* of results.csv: what comes after is cut off on resume */
    int64_t optimizer;       /* enum optimizer_kind, and whether an average was kept: both are */
    bool has_average;        /* written from the network, and must be the network's to resume */
    const char *device;      /* identity of the device that trained */
    const char *dataset_hash; /* what it was trained on, and how; NULL in older files, whose */
    int64_t batch_size, seed; /* batch size and seed are not known either */
};

struct checkpoint_info {
    const struct model *model;
    char *const *class_names;
    int class_count;
    const struct transform *transform;
    struct skeleton skeleton; /* of poses, as the data set states it */
    const char *config_json;  /* flat */
    const char *metrics_json; /* of the epoch; may be NULL */
};

/* Write; `resumable` adds live weights, moments and state. */
int checkpoint_write(const char *path, const struct network *network,
                     const struct checkpoint_info *info, const struct checkpoint_state *state,
                     bool resumable, struct error *err);

/* A file opened for use.  Texts live until checkpoint_close(). */
struct checkpoint {
    struct safetensors file;
    struct arena arena;
    const struct task_type *task;
    const char *model_name;
    const char **class_names;
    int class_count;
    int keypoint_count, keypoint_size; /* of poses; 0: none */
    struct skeleton skeleton;
    struct transform transform;
    struct checkpoint_state state;
    bool resumable;
};

int checkpoint_open(struct checkpoint *checkpoint, const char *path, struct error *err);
void checkpoint_close(struct checkpoint *checkpoint);

/* What loading did not find a place for. */
struct load_report {
    int loaded;
    struct str missing, unexpected, misshapen; /* names, separated by ", " */
    int missing_count, unexpected_count, misshapen_count;
};
void load_report_release(struct load_report *report);

/* Copy the tensors that fit into `memory`; `prefix` ("" or "live/") is put before the names. */
int checkpoint_load_weights(const struct safetensors *file, const char *prefix,
                            const struct weights *weights, struct weights_memory *memory,
                            struct load_report *report, struct error *err);

/* Everything, exactly: live weights, average, moments, pending gradients, counts.  All must be
 * there. */
int checkpoint_restore(const struct checkpoint *checkpoint, struct network *network,
                       struct error *err);

/* SHA-256 of names, shapes and bytes of the plain tensors (without a "/"). */
void checkpoint_weights_hash(const struct safetensors *file, char text[65]);

#endif
