/* inference_routes.c - trying a job's network on an uploaded image.
 *
 * The image goes to a temporary file as it comes; the file is removed whatever happens. */

#include "api/job_json.h"

#include "app/inference.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "net/multipart.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

route_handler route_test_inference;
extern const struct stream inference_form_stream;

#define IMAGE_MOST ((size_t)64 << 20)
#define FIELD_MOST ((size_t)256)
#define TOP_K_MOST 1000
#define DETECTIONS_MOST 300

struct inference_form {
    struct multipart *parser;
    struct call *call;
    char *path; /* of the image; NULL: none has come */
    char *name; /* what the sender calls it */
    int fd;     /* -1: not open */
    size_t image_bytes;
    char field[64]; /* the name of the field at hand; "": a file */
    struct str value;
    json_t *fields;
};

/* --- the form -------------------------------------------------------------------------------- */

static int begin_image(struct inference_form *form, struct error *err)
{
    struct app *app = form->call->app;
    const char *folder = app_path(app, "tmp", form->call->arena);

    if (form->path)
        return FAIL(err, INVALID, "One file at a time");
    if (file_make_folders(folder, err))
        return -1;
    form->path = strdup(arena_printf(form->call->arena, "%s/image-XXXXXX", folder));
    BUG_IF(!form->path);
    form->fd = mkostemp(form->path, O_CLOEXEC);
    if (form->fd >= 0)
        return 0;
    free(form->path);
    form->path = NULL;
    return FAIL_ERRNO(err, "a temporary file cannot be made");
}

static int begin_part(void *context, const struct multipart_part *part, struct error *err)
{
    struct inference_form *form = context;

    form->field[0] = 0;
    str_clear(&form->value);
    if (part->filename) {
        if (begin_image(form, err))
            return -1;
        form->name = strdup(file_base_name(part->filename));
        BUG_IF(!form->name);
        return 0;
    }
    snprintf(form->field, sizeof(form->field), "%s", part->name);
    return 0;
}

static int take_part(void *context, const char *data, size_t size_bytes, struct error *err)
{
    struct inference_form *form = context;

    if (form->field[0]) {
        if (form->value.length + size_bytes > FIELD_MOST)
            return FAIL(err, TOO_LARGE, "The field %s is too long", form->field);
        str_add_bytes(&form->value, data, size_bytes);
        return 0;
    }
    form->image_bytes += size_bytes;
    if (form->image_bytes > IMAGE_MOST)
        return FAIL(err, TOO_LARGE, "The image is larger than %zu MB", IMAGE_MOST >> 20);
    return file_write_all(form->fd, data, size_bytes, "the image", err);
}

static int end_part(void *context, struct error *err)
{
    struct inference_form *form = context;

    (void)err;
    if (form->field[0])
        json_object_set_new(form->fields, form->field,
                            json_string(form->value.text ? form->value.text : ""));
    else if (form->fd >= 0) {
        close(form->fd);
        form->fd = -1;
    }
    return 0;
}

static enum http_body begin_form(struct call *call)
{
    static const struct multipart_events events = { begin_part, take_part, end_part };
    struct inference_form *form = calloc(1, sizeof(*form));

    BUG_IF(!form);
    *form = (struct inference_form){ .call = call, .fd = -1, .value = STR_INIT,
                                     .fields = json_object() };
    call->state = form;
    if (!multipart_new(&form->parser, http_header(call->request, "Content-Type"), &events, form,
                       &call->err))
        return HTTP_BODY_STREAM;
    call_refuse_fields(call, (const char *const[]){ "file" },
                       (const char *const[]){ "send the image as multipart/form-data" }, 1);
    return HTTP_BODY_NONE;
}

static int take_form(struct call *call, const char *data, size_t size_bytes)
{
    struct inference_form *form = call->state;

    if (!multipart_feed(form->parser, data, size_bytes, &call->err))
        return 0;
    call_fail(call);
    return -1;
}

static void end_form(struct call *call)
{
    struct inference_form *form = call->state;

    if (!form)
        return;
    if (form->fd >= 0)
        close(form->fd);
    if (form->path)
        unlink(form->path);
    free(form->path);
    free(form->name);
    multipart_free(form->parser);
    str_release(&form->value);
    json_decref(form->fields);
    free(form);
    call->state = NULL;
}

const struct stream inference_form_stream = { begin_form, take_form, end_form };

/* --- the answer ------------------------------------------------------------------------------ */

/* A field of the form, else of the query. */
static const char *field(struct call *call, const char *name)
{
    const struct inference_form *form = call->state;
    const char *text = json_string_value(json_object_get(form->fields, name));

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
    struct inference_form *form = call->state;
    static const char *const names[] = { "file" }, *const messages[] = { "file is required" };
    double top_k, most;

    if (multipart_finish(form->parser, &call->err)) {
        call_fail(call);
        return false;
    }
    if (!form->path) {
        call_refuse_fields(call, names, messages, 1);
        return false;
    }
    if (!read_number(call, "confidence_threshold", 0.25, 0, 1, &request->confidence_threshold) ||
        !read_number(call, "iou_threshold", 0.45, 0, 1, &request->iou_threshold) ||
        !read_number(call, "max_detections", 100, 1, DETECTIONS_MOST, &most) ||
        !read_number(call, "top_k", 5, 1, TOP_K_MOST, &top_k))
        return false;
    request->max_detections = (int64_t)most;
    request->image_path = form->path;
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
    const struct inference_form *form = call->state;
    const char *keep_it = field(call, "keep");
    struct error problem;
    int64_t id = 0;

    if (keep_it && !call_is_true(keep_it))
        return;
    if (inferences_keep(call->app, job, &call->user, request, form->name, answer, &id, &problem)) {
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
