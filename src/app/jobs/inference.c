/* inference.c - see inference.h. */

#include "app/jobs/inference.h"

#include "app/services/services.h"
#include "base/error.h"

#include <string.h>

#define PREDICT_SECONDS 120.0

static json_t *make_request(const struct job *job, const struct inference_request *r,
                            const char *checkpoint)
{
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:I, s:I}",
                             "checkpoint_path", checkpoint, "image_path", r->image_path,
                             "model_name", job->model_name,
                             "task_type", task_type_full(job->task_type),
                             "confidence_threshold", r->confidence_threshold,
                             "iou_threshold", r->iou_threshold, "top_k", (json_int_t)r->top_k,
                             "max_detections", (json_int_t)r->max_detections);

    BUG_IF(!body);
    return body;
}

/* Every row says whether it passes; with `strict` only those stay that do. */
static void mark_rows(json_t *predictions, const struct inference_request *r)
{
    size_t i = 0;

    while (i < json_array_size(predictions)) {
        json_t *row = json_array_get(predictions, i);
        double confidence = json_number_value(json_object_get(row, "confidence"));
        bool passes = confidence >= r->confidence_threshold;

        json_object_set_new(row, "passed_threshold", json_boolean(passes));
        if (r->strict && !passes)
            json_array_remove(predictions, i);
        else
            i++;
    }
}

/* What only the service knows about files of this machine is not for the outside. */
static json_t *make_answer(const struct job *job, const struct inference_request *r, json_t *got)
{
    json_t *answer = json_copy(got);

    json_object_del(answer, "image_path");
    json_object_del(answer, "checkpoint_path");
    json_object_set_new(answer, "task_type", json_string(task_type_full(job->task_type)));
    json_object_set_new(answer, "model_name", json_string(job->model_name));
    json_object_set_new(answer, "training_job_id", json_integer(job->id));
    mark_rows(json_object_get(answer, "predictions"), r);
    return answer;
}

/* The engine names the file it was given; the person has given it another name. */
static const char *without_path(const char *text, const char *path, struct arena *arena)
{
    const char *found = strstr(text, path);

    return found ? arena_printf(arena, "%.*sthe image%s", (int)(found - text), text,
                                found + strlen(path))
                 : arena_strdup(arena, text);
}

int inference_predict(struct app *app, const struct job *job,
                      const struct inference_request *request, struct arena *arena,
                      json_t **answer, struct error *err)
{
    const char *checkpoint, *detail;
    json_t *body, *got = NULL;
    int status, result;

    if (checkpoints_choose(app, job, request->checkpoint_path, arena, &checkpoint, err))
        return -1;
    body = make_request(job, request, checkpoint);
    result = services_call(app, job->framework, "POST", "/inference/predict", body,
                           PREDICT_SECONDS, &status, &got, err);
    json_decref(body);
    if (result) {
        error_prefix(err, "Inference failed");
        return -1;
    }
    detail = json_string_value(json_object_get(got, "detail"));
    detail = detail ? without_path(detail, request->image_path, arena)
                    : "the training service gave no reason";
    if (status == 200)
        *answer = make_answer(job, request, got);
    else if (status == 400 || status == 415 || status == 422)
        result = FAIL(err, INVALID, "%s", detail);
    else if (status == 404)
        result = FAIL(err, NOT_FOUND, "%s", detail);
    else
        result = FAIL(err, UNAVAILABLE, "Inference failed: %s", detail);
    json_decref(got);
    return result;
}
