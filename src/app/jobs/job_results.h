/* job_results.h - what a training job leaves: series for charts, checkpoints, validation results.
 *
 * A series is one number over epochs (loss, accuracy, val_loss ...) or over steps (step_loss,
 * images_per_second ...).  Each point is kept, and with it the least and greatest value of every
 * 16, 256, 4096 ... neighbours, so that reading a stretch of ten million points for a chart touches
 * as many rows as one of a thousand, and no peak is lost.
 */
#ifndef APP_JOB_RESULTS_H
#define APP_JOB_RESULTS_H

#include "app/jobs/jobs.h"

/* --- series ---------------------------------------------------------------------------------- */

enum series_axis { SERIES_EPOCH, SERIES_STEP };

/* Inside a transaction.  A value that is not finite is left out. */
int series_add_point(struct db_connection *connection, int64_t job_id, const char *name,
                     enum series_axis axis, int64_t x, double value, struct error *err);
/* The numbers of an epoch_complete event, extra_metrics included. */
int series_add_epoch(struct db_connection *connection, int64_t job_id, int64_t epoch,
                     const json_t *data, struct error *err);

#define SERIES_POINTS_MOST 10000

struct series_bucket {
    int64_t from, to; /* of x */
    double minimum, maximum, last;
};

struct series {
    const char *name, *axis; /* "epoch" or "step" */
    int64_t resolution;      /* x per bucket; 1: every point */
    struct series_bucket *buckets;
    int count;
};

/* from and to: 0 for the beginning and the end.  At most `points` buckets.  NOT_FOUND "No metric
 * named ..." */
int series_read(struct app *app, int64_t job_id, const char *name, int64_t from, int64_t to,
                int64_t points, struct arena *arena, struct series *series, struct error *err);
/* Name and axis of each. */
int series_list(struct app *app, int64_t job_id, struct arena *arena, struct series **series,
                int *count, struct error *err);

/* --- checkpoints ----------------------------------------------------------------------------- */

struct checkpoint_row {
    int64_t id, job_id, epoch, size_bytes, created_at;
    const char *kind, *path, *sha256, *metrics;
};

/* Those whose files are there, by epoch. */
int checkpoints_list(struct app *app, int64_t job_id, struct arena *arena,
                     struct checkpoint_row **rows, int *count, struct error *err);
/* What is used for prediction: path (must be one of the job's), else the best, else
 * OUTPUT/checkpoints/latest.*.  NOT_FOUND "The job has no checkpoint yet" */
int checkpoints_choose(struct app *app, const struct job *job, const char *path,
                       struct arena *arena, const char **chosen, struct error *err);

/* A checkpoint of any job that the user may view, to begin another one from. */
int checkpoints_choose_any(struct app *app, const struct user *user, const char *path,
                           struct arena *arena, const char **chosen, struct error *err);

/* --- validation ------------------------------------------------------------------------------ */

struct validation {
    int64_t id, job_id, epoch, created_at;
    double primary_metric_value, overall_loss;
    const char *task_type, *primary_metric_name, *metrics, *per_class_metrics, *confusion_matrix,
        *pr_curves, *class_names, *checkpoint_path;
    bool is_best; /* so far, when it was measured */
};

struct validation_image {
    int64_t id, validation_result_id, job_id, epoch, image_index, true_label_id,
        predicted_label_id, created_at;
    double confidence;
    bool is_correct;
    const char *image_path, *true_label, *predicted_label, *top5_predictions;
    const char *objects; /* NULL: a classified image */
};

/* A validation_result event.  images_path, a file below output_folder, has one row per image; it is
 * read where the folder is on this machine. */
int validation_store(struct db_connection *connection, int64_t job_id, const char *output_folder,
                     const json_t *data, struct error *err);

int validations_list(struct app *app, int64_t job_id, int64_t limit, int64_t offset,
                     struct arena *arena, struct validation **rows, int *count, int64_t *total,
                     struct error *err);
/* All epochs, with how good they were and nothing else: matrices and curves of many are long. */
int validations_summary(struct app *app, int64_t job_id, struct arena *arena,
                        struct validation **rows, int *count, struct error *err);
/* NOT_FOUND "Validation result not found" */
int validations_get(struct app *app, int64_t job_id, int64_t epoch, struct arena *arena,
                    struct validation *row, struct error *err);

struct validation_filter {
    int correct;                    /* 1, 0; -1: either */
    int64_t true_id, predicted_id;  /* -1: any */
    int64_t limit, offset;
};
int validation_images(struct app *app, int64_t validation_id,
                      const struct validation_filter *filter, struct arena *arena,
                      struct validation_image **rows, int *count, int64_t *total,
                      int64_t *correct, struct error *err);
int validation_image_get(struct app *app, int64_t id, struct arena *arena,
                         struct validation_image *row, struct error *err);

#endif
