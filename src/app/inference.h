/* inference.h - trying a job's network on a new image. */
#ifndef APP_INFERENCE_H
#define APP_INFERENCE_H

#include "app/job_results.h"

struct inference_request {
    const char *image_path;      /* a file of this process; it is not removed */
    const char *checkpoint_path; /* one of the job's; NULL: its best, else its latest */
    double confidence_threshold; /* of the rows' passed_threshold */
    int64_t top_k;
    bool strict; /* leave out what does not pass */
};

/* {predictions, task_type, model_name, inference_time_ms ...}, a new object.  NOT_FOUND without a
 * checkpoint, INVALID for what is no image (with the engine's words), UNAVAILABLE "Inference
 * failed:
 * ..." otherwise. */
int inference_predict(struct app *app, const struct job *job,
                      const struct inference_request *request, struct arena *arena,
                      json_t **answer, struct error *err);

#endif
