/* job_create.c - making a training job over HTTP: both forms of the body, every check before
 * anything is written. */

#include "api/fields.h"
#include "api/job_json.h"

#include "app/datasets/dataset_access.h"
#include "app/jobs/config_check.h"
#include "app/jobs/job_fit.h"
#include "app/jobs/split_check.h"
#include "app/services/services.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

route_handler route_jobs_post, route_preflight;

#define NAME_MOST 200
#define PREFLIGHT_SECONDS 90.0

/* --- the body -------------------------------------------------------------------------------- */

/* JSON as text in the arena; NULL stays NULL. */
static const char *written(struct call *call, const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    const char *copy = text ? arena_strdup(call->arena, text) : NULL;

    free(text);
    return copy;
}

static void fill_job(struct call *call, const struct job_body *b, struct job *job)
{
    *job = (struct job){
        .session_id = b->session_id, .project_id = b->project_id, .user_id = call->user.id,
        .experiment_name = b->experiment_name, .tags = written(call, b->tags), .notes = b->notes,
        .framework = b->framework, .model_name = b->model_name, .task_type = b->task_type,
        .dataset_id = b->dataset_id,
        .dataset_path = b->dataset_id ? b->dataset_id : b->dataset_path,
        .dataset_format = b->dataset_format, .num_classes = b->num_classes, .epochs = b->epochs,
        .batch_size = b->batch_size, .learning_rate = b->learning_rate,
        .optimizer = b->optimizer, .pretrained = b->pretrained,
        .advanced_config = written(call, b->advanced_config),
        .primary_metric = b->primary_metric, .primary_metric_mode = b->primary_metric_mode,
        .priority = b->priority, .split_strategy = written(call, b->split_strategy),
    };
}

static bool is_one_of(const char *text, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(text, *list))
            return true;
    return false;
}

/* What the table of fields cannot say; true: 422 has been answered. */
static bool refuse_texts(struct call *call, const struct job_body *b)
{
    static const char *const formats[] = { "imagefolder", "yolo", "coco", "dice", "voc", "auto",
                                          NULL };
    static const char *const modes[] = { "max", "min", NULL };
    const char *split_problem = split_check(b->split_strategy);
    const char *names[4], *messages[4];
    int count = 0;

    if (b->experiment_name && strlen(b->experiment_name) > NAME_MOST) {
        names[count] = "experiment_name";
        messages[count++] = "experiment_name must have at most 200 bytes";
    }
    if (b->dataset_format && !is_one_of(b->dataset_format, formats)) {
        names[count] = "dataset_format";
        messages[count++] = "dataset_format must be one of: imagefolder, yolo, coco, dice, voc, "
                            "auto";
    }
    if (b->primary_metric_mode && !is_one_of(b->primary_metric_mode, modes)) {
        names[count] = "primary_metric_mode";
        messages[count++] = "primary_metric_mode must be max or min";
    }
    if (split_problem) {
        names[count] = "split_strategy";
        messages[count++] = split_problem;
    }
    if (count)
        call_refuse_fields(call, names, messages, count);
    return count > 0;
}

/* --- checks ---------------------------------------------------------------------------------- */

/* An id that is unknown is 404, a path that leads nowhere 400. */
static int check_dataset(struct call *call, struct job *job)
{
    if (job->dataset_id)
        return dataset_access_id(call->app, &call->user, job->dataset_id, &call->err);
    if (job->dataset_path && !strchr(job->dataset_path, '/') && *job->dataset_path) {
        job->dataset_id = job->dataset_path; /* S2: a value without a slash is an id */
        if (!dataset_access_id(call->app, &call->user, job->dataset_id, &call->err))
            return 0;
        return FAIL(&call->err, INVALID, "Dataset not found: %s", job->dataset_path);
    }
    return job->dataset_path ? dataset_access_path(call->app, &call->user, job->dataset_path,
                                                   &call->err)
                             : 0;
}

static bool takes_task(const json_t *model, const char *task)
{
    const json_t *types = json_object_get(model, "task_types"), *item;
    size_t i;

    json_array_foreach((json_t *)types, i, item)
        if (!strcmp(json_string_value(item), task))
            return true;
    return false;
}

static int check_model(struct call *call, const struct job *job)
{
    json_t *models = services_models(call->app, false);
    const json_t *model = models_find(models, job->framework, job->model_name);
    const char *task = task_type_full(job->task_type);
    int result = 0;

    if (!model) { /* it may have been added a moment ago */
        json_decref(models);
        models = services_models(call->app, true);
        model = models_find(models, job->framework, job->model_name);
    }
    if (!model)
        result = FAIL(&call->err, INVALID, "Model '%s' not found in framework '%s'",
                      job->model_name, job->framework);
    else if (!takes_task(model, task))
        result = FAIL(&call->err, INVALID, "Model '%s' does not support the task '%s'",
                      job->model_name, task);
    json_decref(models);
    return result;
}

/* True: 422 has been answered, or the schema is not to be had. */
static bool refuse_config(struct call *call, const struct job *job, const json_t *config)
{
    struct config_problem *problems;
    json_t *schema;
    int count;

    if (!config)
        return false;
    if (services_schema(call->app, job->framework, job->task_type, &schema, &call->err)) {
        call_fail(call);
        return true;
    }
    config_check(schema, config, call->arena, &problems, &count);
    json_decref(schema);
    if (count) {
        const char **names = ARENA_ARRAY(call->arena, const char *, count);
        const char **messages = ARENA_ARRAY(call->arena, const char *, count);

        for (int i = 0; i < count; i++) {
            names[i] = arena_printf(call->arena, "advanced_config.%s", problems[i].field);
            messages[i] = problems[i].message;
        }
        call_refuse_fields(call, names, messages, count);
    }
    return count > 0;
}

/* Read the body and check all of it, in the order of the contract; false: answered. */
static bool read_job(struct call *call, struct job *job, struct project *project)
{
    struct job_body b = { 0 };

    if (!call_read_nested_body(call, "config", &b) || refuse_texts(call, &b))
        return false;
    fill_job(call, &b, job);
    if (projects_open(call->app, &call->user, b.project_id, RIGHT_WORK, call->arena, project,
                      &call->err) ||
        check_dataset(call, job) || jobs_check(job, &call->err) || check_model(call, job) ||
        job_fit_dataset(call->app, job, call->arena, &call->err)) {
        call_fail(call);
        return false;
    }
    if (!job->primary_metric) /* as the checkpoints choose their best */
        job->primary_metric = task_primary_metric(job->task_type);
    if (!job->primary_metric_mode)
        job->primary_metric_mode = "max";
    return !refuse_config(call, job, b.advanced_config);
}

/* --- routes ---------------------------------------------------------------------------------- */

void route_jobs_post(struct call *call)
{
    struct project project;
    struct answer answer;
    struct job wanted, job;

    if (!read_job(call, &wanted, &project) ||
        call_failed(call, control_create(call->app, &wanted, call->arena, &job, &call->err)))
        return;
    put_job(answer_begin(&answer), &job, project.name);
    call_add_location_of(call, "training/jobs", job.id);
    answer_send(call, 201, &answer);
}

/* The engine plans the run without starting it: memory, largest batch, time per epoch. */
void route_preflight(struct call *call)
{
    struct project project;
    json_t *answer = NULL, *body;
    struct job wanted;
    int status;

    if (!read_job(call, &wanted, &project))
        return;
    body = control_start_body(call->app, &wanted, call->arena, &call->err);
    if (!body) {
        call_fail(call);
        return;
    }
    if (services_call(call->app, wanted.framework, "POST", "/training/preflight", body,
                      PREFLIGHT_SECONDS, &status, &answer, &call->err)) {
        error_prefix(&call->err, "Training Service unavailable");
        call_fail(call);
    } else {
        call_send_json(call, status, json_incref(answer));
    }
    control_forget_body(body);
    json_decref(answer);
}
