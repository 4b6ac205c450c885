/* trainer_calls.c - what a training service answers: the table of its calls; see trainer.h. */

#include "trainer/trainer_internal.h"

#include "base/clock.h"
#include "base/file.h"
#include "trainer/capture.h"
#include "trainer/catalogue.h"
#include "trainer/ending.h"
#include "trainer/engine_runs.h"
#include "trainer/resident.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFLIGHT_SECONDS 60.0
#define CHECK_SECONDS 3600.0
#define CHECK_NICE 10
#define REPORT_LIMIT_BYTES ((size_t)64 << 20)
#define EXIT_NOT_FOUND 3
#define EXIT_NO_MEMORY 5
#define TOP_K 5
#define TOP_K_MOST 1000
#define CONFIDENCE_THRESHOLD 0.25
#define IOU_THRESHOLD 0.45
#define DETECTIONS 100
#define DETECTIONS_MOST 300

struct trainer_request {
    struct trainer *trainer;
    const char *rest; /* of the path, where the route ends with a slash */
    const json_t *parameters;
    struct trainer_answer *answer;
    struct arena arena;
};

static void answer_with(struct trainer_request *r, json_t *body)
{
    BUG_IF(!body);
    r->answer->status = 200;
    r->answer->body = body;
}

static json_t *framework_value(const struct trainer_request *r)
{
    return json_string(r->trainer->framework ? r->trainer->framework : "all");
}

/* In the engine's words, where it had the time to say something. */
static void engine_failed(const struct capture *capture, struct error *err)
{
    int code = capture->exit_code;

    error_set(err, ending_kind(code), __FILE__, __LINE__, "%s",
              code < 0 ? ending_exit_text(code) : capture_reason(capture));
}

/* --- catalogue and health -------------------------------------------------------------------- */

static int get_health(struct trainer_request *r, struct error *err)
{
    json_t *device;

    if (catalogue_device(r->trainer, &device, err)) {
        err->kind = ERR_UNAVAILABLE; /* a service without an engine is none */
        return -1;
    }
    answer_with(r, json_pack("{s:s, s:s, s:o, s:s, s:o, s:i}", "status", "healthy", "service",
                             "training-service", "framework", framework_value(r), "version",
                             FOVEA_VERSION, "device", device, "running_jobs",
                             engine_runs_count(r->trainer->runs)));
    return 0;
}

static int get_models(struct trainer_request *r, struct error *err)
{
    json_t *models;
    int count;

    if (catalogue_models(r->trainer, parameter_text(r->parameters, "task_type"), &models, err)) {
        err->kind = ERR_UNAVAILABLE;
        return -1;
    }
    count = (int)json_array_size(models);
    answer_with(r, json_pack("{s:o, s:i, s:i, s:o}", "framework", framework_value(r),
                             "model_count", count, "total", count, "models", models));
    return 0;
}

static int get_model(struct trainer_request *r, struct error *err)
{
    const char *name = *r->rest ? r->rest : parameter_text(r->parameters, "name");
    json_t *models, *model, *found = NULL;
    size_t i;

    if (!name)
        return FAIL(err, INVALID, "name is required");
    if (catalogue_models(r->trainer, NULL, &models, err)) {
        err->kind = ERR_UNAVAILABLE;
        return -1;
    }
    json_array_foreach(models, i, model) {
        const char *text = json_string_value(json_object_get(model, "model_name"));

        if (text && !strcmp(text, name))
            found = json_incref(model);
    }
    json_decref(models);
    if (!found)
        return FAIL(err, NOT_FOUND, "Model '%s' not found in framework '%s'", name,
                    r->trainer->framework ? r->trainer->framework : "all");
    answer_with(r, found);
    return 0;
}

static int get_schema(struct trainer_request *r, struct error *err)
{
    json_t *schema;

    if (catalogue_schema(r->trainer, parameter_text(r->parameters, "framework"),
                         parameter_text(r->parameters, "task_type"), &schema, err))
        return -1;
    answer_with(r, schema);
    return 0;
}

/* --- training -------------------------------------------------------------------------------- */

static int check_framework(const struct trainer_request *r, struct error *err)
{
    const char *framework = parameter_text(r->parameters, "framework");

    if (framework && r->trainer->framework && strcmp(framework, r->trainer->framework))
        return FAIL(err, INVALID, "this service trains models of '%s', not of '%s'",
                    r->trainer->framework, framework);
    return 0;
}

static int post_start(struct trainer_request *r, struct error *err)
{
    int64_t job_id = parameter_integer(r->parameters, "job_id", 0), pid;

    if (check_framework(r, err) || engine_runs_start(r->trainer->runs, r->parameters, &pid, err))
        return -1;
    answer_with(r, json_pack("{s:s, s:I, s:I, s:s}", "status", "started", "job_id",
                             (json_int_t)job_id, "pid", (json_int_t)pid, "message",
                             "Training started"));
    return 0;
}

static int post_preflight(struct trainer_request *r, struct error *err)
{
    static const char *const extra[] = { "--dry-run", "--json", NULL };
    struct capture_options options = { .timeout_seconds = PREFLIGHT_SECONDS,
                                       .give_up = &r->trainer->is_stopping };
    struct capture capture = { .output = STR_INIT, .messages = STR_INIT };
    json_t *forecast = NULL;
    int result = -1;

    if (check_framework(r, err) ||
        trainer_arguments(r->trainer, r->parameters, extra, &r->arena, &options.argv, err))
        return -1;
    if (!capture_run(&capture, &options, err)) {
        if (capture.exit_code)
            engine_failed(&capture, err);
        else
            forecast = json_parse(capture.output.text, capture.output.length, "the forecast", err);
    }
    if (forecast) {
        answer_with(r, forecast);
        result = 0;
    } else if (capture.exit_code == EXIT_NO_MEMORY || capture.exit_code == EXIT_NOT_FOUND) {
        err->kind = ERR_INVALID; /* which is just what was to be found out about the settings */
    }
    capture_release(&capture);
    return result;
}

static int job_id_of(const struct trainer_request *r, int64_t *job_id, struct error *err)
{
    char *end;

    *job_id = strtoll(r->rest, &end, 10);
    return *end || *job_id < 1 ? FAIL(err, NOT_FOUND, "Job %s not found", r->rest) : 0;
}

static int post_stop(struct trainer_request *r, struct error *err)
{
    struct run_state state;
    const char *message;
    int64_t job_id;
    bool was_over, has_ended;

    if (job_id_of(r, &job_id, err) ||
        engine_runs_stop(r->trainer->runs, job_id, &state, &was_over, err))
        return -1;
    has_ended = state.status > RUN_STATUS_RUNNING;
    message = was_over    ? "The training had ended already"
              : has_ended ? "The training has stopped"
                          : "stopping: the engine finishes its batch and writes its checkpoint";
    answer_with(r, json_pack("{s:I, s:s, s:s, s:b}", "job_id", (json_int_t)job_id, "status",
                             was_over ? "already_stopped" : "stopped", "message", message, "ended",
                             has_ended));
    return 0;
}

static json_t *time_value(int64_t microseconds)
{
    char text[CLOCK_TEXT_SIZE];

    if (!microseconds)
        return json_null();
    clock_format_utc(microseconds, text);
    return json_string(text);
}

static json_t *text_or_null(const char *text)
{
    json_t *value = *text ? json_string(text) : json_null();

    return value ? value : json_string("The training failed"); /* words that are not UTF-8 */
}

static int get_status(struct trainer_request *r, struct error *err)
{
    struct run_state s;
    int64_t job_id;

    if (job_id_of(r, &job_id, err) || engine_runs_status(r->trainer->runs, job_id, &s, err))
        return -1;
    answer_with(r, json_pack("{s:I, s:s, s:o, s:I, s:I, s:o, s:o, s:I, s:o}", "job_id",
                             (json_int_t)job_id, "status", run_status_name(s.status), "error",
                             text_or_null(s.error), "pid", (json_int_t)s.process.pid, "attempt",
                             (json_int_t)s.attempt, "started_at", time_value(s.started_at),
                             "last_event_at", time_value(s.last_event_at), "epoch",
                             (json_int_t)s.epoch, "exit_code",
                             s.exit_code == ENDING_UNKNOWN ? json_null()
                                                           : json_integer(s.exit_code)));
    return 0;
}

/* --- inference ------------------------------------------------------------------------------- */

/* Says of each prediction whether it passes; `strict` drops those that do not. */
static void apply_threshold(json_t *predictions, double threshold, bool strict)
{
    for (size_t i = 0; i < json_array_size(predictions);) {
        json_t *prediction = json_array_get(predictions, i);
        bool passes =
            json_number_value(json_object_get(prediction, "confidence")) >= threshold;

        if (strict && !passes) {
            json_array_remove(predictions, i);
            continue;
        }
        json_object_set_new(prediction, "passed_threshold", json_boolean(passes));
        i++;
    }
}

static int path_parameter(struct trainer_request *r, const char *name, const char **path,
                          struct error *err)
{
    const char *given = parameter_text(r->parameters, name);

    if (!given)
        return FAIL(err, INVALID, "%s is required", name);
    return trainer_path(r->trainer, given, &r->arena, path, err);
}

static int post_predict(struct trainer_request *r, struct error *err)
{
    const json_t *p = r->parameters;
    double threshold = parameter_number(p, "confidence_threshold", CONFIDENCE_THRESHOLD);
    struct resident_request request = {
        .top_k = parameter_integer(p, "top_k", TOP_K), .confidence_threshold = threshold,
        .iou_threshold = parameter_number(p, "iou_threshold", IOU_THRESHOLD),
        .max_detections = parameter_integer(p, "max_detections", DETECTIONS) };
    json_t *answer;
    bool was_loaded;

    if (request.top_k < 1 || request.top_k > TOP_K_MOST)
        return FAIL(err, INVALID, "top_k must be between 1 and %d", TOP_K_MOST);
    if (!(threshold >= 0 && threshold <= 1) ||
        !(request.iou_threshold >= 0 && request.iou_threshold <= 1))
        return FAIL(err, INVALID, "confidence_threshold and iou_threshold must be from 0 to 1");
    if (request.max_detections < 1 || request.max_detections > DETECTIONS_MOST)
        return FAIL(err, INVALID, "max_detections must be between 1 and %d", DETECTIONS_MOST);
    if (path_parameter(r, "checkpoint_path", &request.checkpoint_path, err) ||
        path_parameter(r, "image_path", &request.image_path, err) ||
        residents_predict(r->trainer->residents, &request, &answer, &was_loaded, err))
        return -1;
    apply_threshold(json_object_get(answer, "predictions"), threshold,
                    parameter_flag(p, "strict"));
    json_object_set_new(answer, "was_loaded", json_boolean(was_loaded));
    answer_with(r, answer);
    return 0;
}

/* --- data sets ------------------------------------------------------------------------------- */

/* The engine's words for a data set, ended by NULL: COMMAND PATH [--format F] [--task T] and those
 * that follow.  Names that it does not know are left to it to refuse. */
#define DATASET_WORDS 24
static int dataset_words(struct trainer_request *r, const char *command, const char **argv,
                         int *count, struct error *err)
{
    static const char *const names[] = { "format", "task" };
    const char *given = parameter_text(r->parameters, "dataset_path"), *path;

    if (!given)
        return FAIL(err, INVALID, "dataset_path is required");
    if (trainer_dataset_path(r->trainer, given, &r->arena, &path, err))
        return -1;
    *count = 0;
    argv[(*count)++] = r->trainer->engine;
    argv[(*count)++] = "dataset";
    argv[(*count)++] = command;
    argv[(*count)++] = path;
    argv[(*count)++] = "--json";
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *value = parameter_text(r->parameters, names[i]);

        if (value)
            argv[(*count)++] = arena_printf(&r->arena, "--%s=%s", names[i], value);
    }
    return 0;
}

/* "--NAME PATH" of a path of the request, where it has one. */
static int add_folder(struct trainer_request *r, const char *parameter, const char *option,
                      const char **argv, int *count, struct error *err)
{
    const char *given = parameter_text(r->parameters, parameter), *path;

    if (!given)
        return 0;
    if (trainer_path(r->trainer, given, &r->arena, &path, err))
        return -1;
    argv[(*count)++] = option;
    argv[(*count)++] = path;
    return 0;
}

/* What the engine prints, as JSON. */
static int run_dataset(struct trainer_request *r, const char *const *argv, json_t **printed,
                       struct error *err)
{
    struct capture_options options = { .argv = argv, .timeout_seconds = CHECK_SECONDS,
                                       .nice = CHECK_NICE, .limit_bytes = REPORT_LIMIT_BYTES,
                                       .give_up = &r->trainer->is_stopping };
    struct capture capture;

    *printed = NULL;
    if (!capture_run(&capture, &options, err)) {
        if (capture.exit_code)
            engine_failed(&capture, err);
        else
            *printed = json_parse(capture.output.text, capture.output.length, "the report", err);
    }
    capture_release(&capture);
    return *printed ? 0 : -1;
}

static int post_check(struct trainer_request *r, struct error *err)
{
    const char *argv[DATASET_WORDS] = { 0 };
    json_t *report;
    int count;

    if (dataset_words(r, "check", argv, &count, err) ||
        add_folder(r, "thumbnails_folder", "--thumbnails", argv, &count, err) ||
        run_dataset(r, argv, &report, err))
        return -1;
    answer_with(r, report);
    return 0;
}

/* An id per line, in a file of our own. */
static int write_ids(struct trainer_request *r, const json_t *ids, const char **path,
                     struct error *err)
{
    char *name = arena_printf(&r->arena, "%s/fixes-XXXXXX", r->trainer->state_folder);
    struct str text = STR_INIT;
    const json_t *id;
    size_t i;
    int fd = mkostemp(name, O_CLOEXEC), result;

    if (fd < 0)
        return FAIL_ERRNO(err, "a temporary file cannot be made");
    json_array_foreach((json_t *)ids, i, id) {
        const char *word = json_string_value(id);

        str_printf(&text, "%s\n", word ? word : "");
    }
    result = file_write_all(fd, text.text, text.length, name, err);
    close(fd);
    str_release(&text);
    *path = name;
    return result;
}

/* What changes in label files: {dataset_path, quarantine_folder, ids}; without ids all of it. */
static int post_fix(struct trainer_request *r, struct error *err)
{
    const json_t *ids = json_object_get(r->parameters, "ids");
    const char *argv[DATASET_WORDS] = { 0 }, *list = NULL;
    json_t *fixes = NULL;
    int count, result;

    if (!parameter_text(r->parameters, "quarantine_folder"))
        return FAIL(err, INVALID, "quarantine_folder is required");
    if (dataset_words(r, "fix", argv, &count, err) ||
        add_folder(r, "quarantine_folder", "--quarantine", argv, &count, err) ||
        (ids && write_ids(r, ids, &list, err)))
        return -1;
    argv[count++] = "--labels";
    argv[count++] = "--apply";
    argv[count++] = list ? "--only_from" : NULL;
    argv[count++] = list;
    result = run_dataset(r, argv, &fixes, err);
    if (list)
        unlink(list);
    if (result)
        return -1;
    answer_with(r, json_pack("{s:s}", "status", "fixed"));
    json_decref(fixes);
    return 0;
}

/* --- dispatch -------------------------------------------------------------------------------- */

/* A path that ends with a slash takes what follows it.  The first that fits is taken. */
static const struct trainer_route {
    const char *method, *path;
    int (*run)(struct trainer_request *request, struct error *err);
} routes[] = {
    { "GET", "/health", get_health },
    { "GET", "/models/list", get_models },
    { "GET", "/models/", get_model },
    { "GET", "/config/schema", get_schema },
    { "GET", "/config-schema", get_schema },
    { "POST", "/training/start", post_start },
    { "POST", "/training/preflight", post_preflight },
    { "POST", "/training/stop/", post_stop },
    { "GET", "/training/status/", get_status },
    { "POST", "/inference/predict", post_predict },
    { "POST", "/inference/quick", post_predict },
    { "POST", "/datasets/check", post_check },
    { "POST", "/datasets/fix", post_fix },
};

static bool path_fits(const char *route, const char *path)
{
    return str_ends_with(route, "/") ? str_starts_with(path, route) : !strcmp(path, route);
}

static const struct trainer_route *find_route(const char *method, const char *path,
                                              bool *other_method)
{
    *other_method = false;
    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
        if (!path_fits(routes[i].path, path))
            continue;
        if (!strcmp(routes[i].method, method))
            return &routes[i];
        *other_method = true;
    }
    return NULL;
}

void trainer_call(struct trainer *trainer, const char *method, const char *path,
                  const json_t *parameters, struct trainer_answer *answer)
{
    struct trainer_request request = { .trainer = trainer, .parameters = parameters,
                                       .answer = answer };
    const struct trainer_route *route;
    bool other_method;
    struct error err;

    *answer = (struct trainer_answer){ 0 };
    route = find_route(method, path, &other_method);
    if (!route) {
        answer_detail(answer, other_method ? 405 : 404,
                      other_method ? "METHOD_NOT_ALLOWED" : "NOT_FOUND",
                      other_method ? "Method Not Allowed" : "Not Found");
        return;
    }
    request.rest = path + strlen(route->path);
    if (route->run(&request, &err))
        answer_error(answer, &err);
    arena_release(&request.arena);
}
