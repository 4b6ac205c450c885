/* inference.h - trying a job's network on a new image. */
#ifndef APP_INFERENCE_H
#define APP_INFERENCE_H

#include "app/jobs/job_results.h"

struct inference_request {
    const char *image_path;      /* a file of this process; it is not removed */
    const char *checkpoint_path; /* one of the job's; NULL: its best, else its latest */
    double confidence_threshold; /* of the rows' passed_threshold; of objects, the least */
    double iou_threshold;        /* of objects: overlap from which the weaker one goes */
    int64_t top_k, max_detections;
    bool strict; /* leave out what does not pass */
};

/* {predictions, task_type, model_name, inference_time_ms ...}, a new object.  NOT_FOUND without a
 * checkpoint, INVALID for what is no image (with the engine's words), UNAVAILABLE "Inference
 * failed:
 * ..." otherwise. */
int inference_predict(struct app *app, const struct job *job,
                      const struct inference_request *request, struct arena *arena,
                      json_t **answer, struct error *err);

/* --- what was tried -------------------------------------------------------------------------- */

#define INFERENCES_KEPT 100 /* of a job, the newest */

struct inference_row {
    int64_t id, training_job_id, user_id, size_bytes, created_at;
    const char *checkpoint_path, *image_name, *file_name, *predicted_label, *predictions;
    double confidence, inference_time_ms;
};

/* Keep an answer and its image, whose file is moved into the job's folder; image_name is what the
 * person calls it.  *id 0: the job has no folder for it. */
int inferences_keep(struct app *app, const struct job *job, const struct user *user,
                    const struct inference_request *request, const char *image_name,
                    const json_t *answer, int64_t *id, struct error *err);
/* Newest first. */
int inferences_list(struct app *app, int64_t job_id, int64_t limit, int64_t offset,
                    struct arena *arena, struct inference_row **rows, int *count, int64_t *total,
                    struct error *err);
/* NOT_FOUND "Inference result not found" */
int inferences_get(struct app *app, int64_t id, struct arena *arena, struct inference_row *row,
                   struct error *err);
/* For reading.  NOT_FOUND. */
int inferences_open_image(struct app *app, const struct job *job, const struct inference_row *row,
                          int *fd, struct error *err);
int inferences_remove(struct app *app, const struct job *job, const struct inference_row *row,
                      struct error *err);

#endif
