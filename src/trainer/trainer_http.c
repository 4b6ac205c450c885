/* trainer_http.c - see trainer_http.h. */

#include "trainer/trainer_http.h"

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "net/http.h"
#include "net/image_form.h"
#include "net/multipart.h"
#include "trainer/trainer_internal.h"

#include <stdlib.h>
#include <string.h>

#define BODY_LIMIT_BYTES ((size_t)4 << 20)
#define WORKERS 16 /* some may be busy for an hour */
#define DRAIN_SECONDS 10.0

struct trainer_http {
    struct trainer *trainer;
    struct http_server *server;
    char *secret;
};

static void respond(struct http_request *request, const struct trainer_answer *answer)
{
    char *text = json_dumps(answer->body, JSON_COMPACT | JSON_REAL_PRECISION(15));

    BUG_IF(!text);
    http_respond(request, answer->status, "application/json", text, strlen(text));
    free(text);
}

static void respond_detail(struct http_request *request, int status, const char *code,
                           const char *detail)
{
    struct trainer_answer answer = { 0 };

    answer_detail(&answer, status, code, detail);
    respond(request, &answer);
    json_decref(answer.body);
}

/* In a time that does not tell how much of it is right. */
static bool secret_fits(const char *secret, const char *given)
{
    size_t length = strlen(secret), given_length = given ? strlen(given) : 0;
    unsigned char difference = given_length != length;

    for (size_t i = 0; i < length; i++)
        difference |= (unsigned char)(secret[i] ^ (i < given_length ? given[i] : 0));
    return !difference;
}

static bool only_reads(struct http_request *request)
{
    return !strcmp(http_method(request), "GET") || !strcmp(http_method(request), "HEAD");
}

static void respond_error(struct http_request *request, const struct error *err)
{
    struct trainer_answer answer = { 0 };

    answer_error(&answer, err);
    respond(request, &answer);
    json_decref(answer.body);
}

static void begin_form(const struct trainer_http *http, struct http_request *request,
                       struct http_plan *plan)
{
    struct image_form *form;
    struct str folder = STR_INIT;
    struct error err;

    str_printf(&folder, "%s/images", http->trainer->state_folder);
    if (image_form_new(&form, http_header(request, "Content-Type"), folder.text, &err)) {
        respond_error(request, &err);
    } else {
        plan->body = HTTP_BODY_STREAM;
        plan->limit_bytes = IMAGE_FORM_MOST + BODY_LIMIT_BYTES;
        http_set_user(request, form);
    }
    str_release(&folder);
}

static void begin(void *context, struct http_request *request, struct http_plan *plan)
{
    const struct trainer_http *http = context;

    plan->body = only_reads(request) ? HTTP_BODY_NONE : HTTP_BODY_WHOLE;
    plan->limit_bytes = BODY_LIMIT_BYTES;
    if (!only_reads(request) && http->secret &&
        !secret_fits(http->secret, http_header(request, "X-Internal-Auth")))
        respond_detail(request, 403, "FORBIDDEN", "Forbidden");
    else if (plan->body == HTTP_BODY_WHOLE && str_starts_with(http_path(request), "/inference/") &&
             multipart_is_type(http_header(request, "Content-Type")))
        begin_form(http, request, plan);
}

/* The next piece of a form. */
static int feed(void *context, struct http_request *request, const char *data, size_t size_bytes)
{
    struct error err;

    (void)context;
    if (!image_form_feed(http_user(request), data, size_bytes, &err))
        return 0;
    respond_error(request, &err);
    return -1;
}

static void add_parameter(void *context, const char *name, const char *value)
{
    json_t *text = json_string(value);

    if (text)
        json_object_set_new(context, name, text);
}

/* The fields, and image_path. */
static int take_form(struct image_form *form, json_t *parameters, struct error *err)
{
    if (image_form_finish(form, err))
        return -1;
    if (!image_form_path(form))
        return FAIL(err, INVALID, "file is required");
    json_object_update(parameters, (json_t *)image_form_fields(form));
    json_object_set_new(parameters, "image_path", json_string(image_form_path(form)));
    return 0;
}

/* The answer as the sender may see it, who does not know the temporary file. */
static void hide_path(const char *path, json_t *answer)
{
    const char *detail = json_string_value(json_object_get(answer, "detail"));
    const char *found = detail ? strstr(detail, path) : NULL;
    struct str text = STR_INIT;

    json_object_del(answer, "image_path");
    if (!found)
        return;
    str_printf(&text, "%.*sthe image%s", (int)(found - detail), detail, found + strlen(path));
    json_object_set_new(answer, "detail", json_string(text.text));
    str_release(&text);
}

/* NULL: answered. */
static json_t *read_parameters(struct http_request *request)
{
    json_t *parameters = json_object(), *object;
    struct image_form *form = http_user(request);
    size_t size_bytes = 0;
    const char *body = only_reads(request) || form ? NULL : http_body(request, &size_bytes);
    struct error err;

    http_query_each(request, add_parameter, parameters);
    if (form && take_form(form, parameters, &err)) {
        respond_error(request, &err);
        json_decref(parameters);
        return NULL;
    }
    if (!size_bytes)
        return parameters;
    object = json_parse(body, size_bytes, "the body", &err);
    if (json_is_object(object)) {
        json_object_update(parameters, object);
    } else {
        respond_detail(request, object ? 422 : 400, "VALIDATION_ERROR",
                       object ? "The body must be a JSON object" : err.text);
        json_decref(parameters);
        parameters = NULL;
    }
    json_decref(object);
    return parameters;
}

static void finish(void *context, struct http_request *request)
{
    const struct trainer_http *http = context;
    const char *method = only_reads(request) ? "GET" : http_method(request);
    json_t *parameters = read_parameters(request);
    struct trainer_answer answer;

    if (!parameters)
        return;
    trainer_call(http->trainer, method, http_path(request), parameters, &answer);
    if (http_user(request))
        hide_path(image_form_path(http_user(request)), answer.body);
    respond(request, &answer);
    json_decref(answer.body);
    json_decref(parameters);
}

static void end(void *context, struct http_request *request)
{
    (void)context;
    image_form_free(http_user(request));
}

static void access_line(void *context, const struct http_access *a)
{
    (void)context;
    log_info("%s %s %s %d %.1f ms", a->address, a->method, a->path, a->status, 1e3 * a->seconds);
}

int trainer_http_open(struct trainer_http **out, const struct trainer_http_options *options,
                      struct error *err)
{
    struct trainer_http *http = calloc(1, sizeof(*http));
    struct http_options server = { .address = options->address ? options->address : "127.0.0.1",
                                   .port = options->port, .workers = WORKERS, .context = http,
                                   .begin = begin, .body = feed, .finish = finish,
                                   .end = end,
                                   .access = options->access_log ? access_line : NULL };

    BUG_IF(!http);
    http->trainer = options->trainer;
    if (options->secret) {
        http->secret = strdup(options->secret);
        BUG_IF(!http->secret);
    }
    if (http_server_new(&http->server, &server, err)) {
        free(http->secret);
        free(http);
        return -1;
    }
    *out = http;
    return 0;
}

int trainer_http_port(const struct trainer_http *http)
{
    return http_server_port(http->server);
}

void trainer_http_close(struct trainer_http *http)
{
    if (!http)
        return;
    trainer_interrupt(http->trainer);
    http_server_drain(http->server, DRAIN_SECONDS);
    http_server_free(http->server);
    free(http->secret);
    free(http);
}
