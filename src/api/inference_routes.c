/* inference_routes.c - trying a job's network on an uploaded image.
 *
 * The image goes to a temporary file as it comes; the file is removed whatever happens. */

#include "api/job_json.h"

#include "app/jobs/inference.h"
#include "base/error.h"
#include "base/log.h"
#include "net/image_form.h"
#include "net/multipart.h"

#include <stdlib.h>
#include <unistd.h>

route_handler route_test_inference;
extern const struct stream inference_form_stream;

#define TOP_K_MOST 1000
#define DETECTIONS_MOST 300

/* --- the form -------------------------------------------------------------------------------- */

static enum http_body begin_form(struct call *call)
{
    const char *type = http_header(call->request, "Content-Type");
    struct image_form *form;

    if (!multipart_is_type(type)) {
        call_refuse_fields(call, (const char *const[]){ "file" },
                           (const char *const[]){ "send the image as multipart/form-data" }, 1);
        return HTTP_BODY_NONE;
    }
    if (image_form_new(&form, type, app_path(call->app, "tmp", call->arena), &call->err)) {
        call_fail(call);
        return HTTP_BODY_NONE;
    }
    call->state = form;
    return HTTP_BODY_STREAM;
}

static int take_form(struct call *call, const char *data, size_t size_bytes)
{
    if (!image_form_feed(call->state, data, size_bytes, &call->err))
        return 0;
    call_fail(call);
    return -1;
}

static void end_form(struct call *call)
{
    image_form_free(call->state);
    call->state = NULL;
}

const struct stream inference_form_stream = { begin_form, take_form, end_form };

/* --- the answer ------------------------------------------------------------------------------ */

/* A field of the form, else of the query. */
static const char *field(struct call *call, const char *name)
{
    const char *text = json_string_value(json_object_get(image_form_fields(call->state), name));

    return text ? text : http_query(call->request, name);
}

/* Within bounds, or 422 has been answered. */
static bool read_number(struct call *call, const char *name, double fallback, double least,
                        double most, double *value)
{
    const char *text = field(call, name), *message;
    char *end;

    *value = fallback;
    if (!text || !*text)
        return true;
    *value = strtod(text, &end);
    if (!*end && *value >= least && *value <= most)
        return true;
    message = arena_printf(call->arena, "%s must be a number from %g to %g", name, least, most);
    call_refuse_fields(call, &name, &message, 1);
    return false;
}

static bool read_request(struct call *call, struct inference_request *request)
{
    static const char *const names[] = { "file" }, *const messages[] = { "file is required" };
    double top_k, most;

    if (image_form_finish(call->state, &call->err)) {
        call_fail(call);
        return false;
    }
    if (!image_form_path(call->state)) {
        call_refuse_fields(call, names, messages, 1);
        return false;
    }
    if (!read_number(call, "confidence_threshold", 0.25, 0, 1, &request->confidence_threshold) ||
        !read_number(call, "iou_threshold", 0.45, 0, 1, &request->iou_threshold) ||
        !read_number(call, "max_detections", 100, 1, DETECTIONS_MOST, &most) ||
        !read_number(call, "top_k", 5, 1, TOP_K_MOST, &top_k))
        return false;
    request->max_detections = (int64_t)most;
    request->image_path = image_form_path(call->state);
    request->top_k = (int64_t)top_k;
    request->checkpoint_path = field(call, "checkpoint_path");
    if (request->checkpoint_path && !*request->checkpoint_path)
        request->checkpoint_path = NULL;
    request->strict = call_is_true(field(call, "strict"));
    return true;
}

/* Into the job's history; that it could not be kept is no reason to keep the answer back. */
static void keep(struct call *call, const struct job *job, const struct inference_request *request,
                 json_t *answer)
{
    const char *name = image_form_name(call->state);
    const char *keep_it = field(call, "keep");
    struct error problem;
    int64_t id = 0;

    if (keep_it && !call_is_true(keep_it))
        return;
    if (inferences_keep(call->app, job, &call->user, request, name, answer, &id, &problem)) {
        log_warn("a prediction of job %lld was not kept: %s", (long long)job->id, problem.text);
        return;
    }
    if (!id)
        return;
    json_object_set_new(answer, "inference_id", json_integer(id));
    json_object_set_new(answer, "image_url",
                        json_string(arena_printf(call->arena, "/api/v1/test-inference/%lld/image",
                                                 (long long)id)));
}

void route_test_inference(struct call *call)
{
    struct inference_request request = { 0 };
    struct project project;
    json_t *answer;
    struct job job;
    double id;
    int failed;

    if (!read_request(call, &request) ||
        !read_number(call, "training_job_id", 0, 0, 1e15, &id))
        return;
    if (id < 1) {
        call_refuse_fields(call, (const char *const[]){ "training_job_id" },
                           (const char *const[]){ "training_job_id is required" }, 1);
        return;
    }
    call->ids[0] = (int64_t)id;
    if (!call_open_job(call, RIGHT_VIEW, &job, &project))
        return;
    failed = inference_predict(call->app, &job, &request, call->arena, &answer, &call->err);
    if (!failed)
        keep(call, &job, &request, answer);
    unlink(request.image_path); /* before the answer: who has it finds nothing left */
    if (!failed)
        call_send_json(call, 200, answer);
    else if (call->err.kind == ERR_UNAVAILABLE)
        call_fail_with(call, 500, "INFERENCE_FAILED", call->err.text);
    else if (call->err.kind == ERR_NOT_FOUND)
        call_fail_with(call, 404, "CHECKPOINT_NOT_FOUND", call->err.text);
    else
        call_fail(call);
}
