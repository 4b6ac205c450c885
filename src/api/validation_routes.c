/* validation_routes.c - what a network got right and wrong, over HTTP. */

#include "api/job_json.h"

#include "app/jobs/job_results.h"
#include "base/error.h"

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

route_handler route_validation_list, route_validation_get, route_validation_images,
    route_validation_summary, route_validation_image;

#define LIMIT_MOST 1000
#define RESULTS_MOST 100 /* each may have a matrix of a megabyte */

static void put_validation(struct json_writer *w, const struct validation *v)
{
    json_object_open(w);
    json_put_int(w, "id", v->id);
    json_put_int(w, "job_id", v->job_id);
    json_put_int(w, "epoch", v->epoch);
    json_put_text(w, "task_type", v->task_type);
    json_put_text(w, "primary_metric_name", v->primary_metric_name);
    put_number_or_null(w, "primary_metric_value", v->primary_metric_value);
    put_number_or_null(w, "overall_loss", v->overall_loss);
    put_json_or_null(w, "metrics", v->metrics);
    put_json_or_null(w, "per_class_metrics", v->per_class_metrics);
    put_json_or_null(w, "confusion_matrix", v->confusion_matrix);
    put_json_or_null(w, "pr_curves", v->pr_curves);
    put_json_or_null(w, "class_names", v->class_names);
    json_put_text(w, "checkpoint_path", v->checkpoint_path);
    json_put_bool(w, "is_best", v->is_best);
    put_time(w, "created_at", v->created_at);
    json_close(w);
}

void route_validation_list(struct call *call)
{
    int64_t skip, limit, total;
    struct validation *rows;
    struct project project;
    struct answer answer;
    struct json_writer *w;
    struct job job;
    int count;

    if (!call_open_job(call, RIGHT_VIEW, &job, &project) ||
        call_failed(call, call_query_span(call, RESULTS_MOST, RESULTS_MOST, &limit, &skip) ||
                              validations_list(call->app, job.id, limit, skip, call->arena, &rows,
                                               &count, &total, &call->err)))
        return;
    w = answer_open(&answer);
    json_put_int(w, "job_id", job.id);
    json_put_int(w, "total_count", total);
    json_key(w, "results");
    PUT_ROWS(w, rows, count, put_validation);
    answer_close(call, 200, &answer);
}

/* The result of the path's job and epoch; false: answered. */
static bool open_validation(struct call *call, struct job *job, struct validation *validation)
{
    struct project project;

    if (!call_open_job(call, RIGHT_VIEW, job, &project))
        return false;
    if (!validations_get(call->app, job->id, call->ids[1], call->arena, validation, &call->err))
        return true;
    call_fail(call);
    return false;
}

void route_validation_get(struct call *call)
{
    struct validation validation;
    struct answer answer;
    struct job job;

    if (!open_validation(call, &job, &validation))
        return;
    put_validation(answer_begin(&answer), &validation);
    answer_send(call, 200, &answer);
}

/* --- images ---------------------------------------------------------------------------------- */

static void put_image(struct call *call, struct json_writer *w, const struct validation_image *i)
{
    const char *slash = strrchr(i->image_path, '/');

    json_object_open(w);
    json_put_int(w, "id", i->id);
    json_put_int(w, "validation_result_id", i->validation_result_id);
    json_put_int(w, "job_id", i->job_id);
    json_put_int(w, "epoch", i->epoch);
    json_put_text(w, "image_path", i->image_path);
    json_put_text(w, "image_name", slash ? slash + 1 : i->image_path);
    json_put_text(w, "image_url", arena_printf(call->arena, "/api/v1/validation/images/%lld",
                                               (long long)i->id));
    json_put_int(w, "image_index", i->image_index);
    json_put_text(w, "true_label", i->true_label);
    json_put_int(w, "true_label_id", i->true_label_id);
    json_put_text(w, "predicted_label", i->predicted_label);
    json_put_int(w, "predicted_label_id", i->predicted_label_id);
    put_number_or_null(w, "confidence", i->confidence);
    put_json_or_null(w, "top5_predictions", i->top5_predictions);
    json_put_bool(w, "is_correct", i->is_correct);
    put_json_or_null(w, "objects", i->objects);
    put_time(w, "created_at", i->created_at);
    json_close(w);
}

/* "true" and "1" ask for the right ones, "false" and "0" for the wrong ones. */
static int wanted_correctness(struct call *call)
{
    const char *text = http_query(call->request, "correct_only");

    if (!text)
        text = http_query(call->request, "is_correct");
    return !text ? -1 : !strcmp(text, "1") || !strcmp(text, "true") ? 1
           : !strcmp(text, "0") || !strcmp(text, "false")           ? 0
                                                                    : -1;
}

void route_validation_images(struct call *call)
{
    struct validation_filter filter = { .correct = wanted_correctness(call) };
    struct validation_image *rows;
    struct validation validation;
    int64_t total, correct;
    struct answer answer;
    struct json_writer *w;
    struct job job;
    int count;

    if (!open_validation(call, &job, &validation) ||
        call_failed(call,
                    call_query_int(call, "true_label_id", -1, 0, INT64_MAX / 2, &filter.true_id) ||
                        call_query_int(call, "predicted_label_id", -1, 0, INT64_MAX / 2,
                                       &filter.predicted_id) ||
                        call_query_span(call, 100, LIMIT_MOST, &filter.limit, &filter.offset) ||
                        validation_images(call->app, validation.id, &filter, call->arena, &rows,
                                          &count, &total, &correct, &call->err)))
        return;
    w = answer_open(&answer);
    json_put_int(w, "validation_result_id", validation.id);
    json_put_int(w, "job_id", job.id);
    json_put_int(w, "epoch", validation.epoch);
    json_put_int(w, "total_count", total);
    json_put_int(w, "correct_count", correct);
    json_put_int(w, "incorrect_count", total - correct);
    put_json_or_null(w, "class_names", validation.class_names);
    json_key(w, "images");
    json_array_open(w);
    for (int i = 0; i < count; i++)
        put_image(call, w, &rows[i]);
    json_close(w);
    answer_close(call, 200, &answer);
}

/* The dataset's folder and a path in it, resolved; -1 where it would lead out. */
static int open_inside(const char *folder, const char *relative)
{
    char root[PATH_MAX], path[PATH_MAX];
    size_t length;

    if (!realpath(folder, root) || (size_t)snprintf(path, sizeof(path), "%s/%s", root, relative) >=
                                       sizeof(path))
        return -1;
    length = strlen(root);
    {
        char resolved[PATH_MAX];

        if (!realpath(path, resolved) || strncmp(resolved, root, length) || resolved[length] != '/')
            return -1;
        return open(resolved, O_RDONLY | O_CLOEXEC);
    }
}

void route_validation_image(struct call *call)
{
    struct validation_image image;
    struct project project;
    const char *folder;
    struct job job;
    int fd;

    if (call_failed(
            call, validation_image_get(call->app, call->ids[0], call->arena, &image, &call->err)) ||
        !call_open_job_by(call, image.job_id, RIGHT_VIEW, "Image result not found", &job, &project))
        return;
    folder = job.dataset_id ? app_path(call->app,
                                       arena_printf(call->arena, "datasets/%s", job.dataset_id),
                                       call->arena)
                            : job.dataset_path;
    fd = folder ? open_inside(folder, image.image_path) : -1;
    if (fd < 0)
        call_fail_with(call, 404, "NOT_FOUND", "The image is no longer in the dataset");
    else
        http_respond_file(call->request, call_image_type(image.image_path), fd, NULL);
}

/* --- summary --------------------------------------------------------------------------------- */

static void put_epoch(struct json_writer *w, const struct validation *v)
{
    json_object_open(w);
    json_put_int(w, "epoch", v->epoch);
    put_number_or_null(w, "primary_metric", v->primary_metric_value);
    put_number_or_null(w, "overall_loss", v->overall_loss);
    put_json_or_null(w, "metrics", v->metrics);
    json_close(w);
}

/* As the engine chooses its best checkpoint: of equals the one with the lower loss. */
static bool is_better(const struct validation *a, const struct validation *b, bool lower)
{
    double by = a->primary_metric_value - b->primary_metric_value;

    return by == 0 ? a->overall_loss < b->overall_loss : lower ? by < 0 : by > 0;
}

void route_validation_summary(struct call *call)
{
    struct validation *rows, *best = NULL;
    struct project project;
    struct answer answer;
    struct json_writer *w;
    struct job job;
    bool lower;
    int count;

    if (!call_open_job(call, RIGHT_VIEW, &job, &project) ||
        call_failed(call, validations_summary(call->app, job.id, call->arena, &rows, &count,
                                              &call->err)))
        return;
    lower = job.primary_metric_mode && !strcmp(job.primary_metric_mode, "min");
    for (int i = 0; i < count; i++)
        if (isfinite(rows[i].primary_metric_value) && (!best || is_better(&rows[i], best, lower)))
            best = &rows[i];
    w = answer_open(&answer);
    json_put_int(w, "job_id", job.id);
    json_put_text(w, "task_type", job.task_type);
    json_put_int(w, "total_epochs", count);
    put_id_or_null(w, "best_epoch", best ? best->epoch : 0);
    put_number_or_null(w, "best_metric_value", best ? best->primary_metric_value : NAN);
    json_put_text(w, "best_metric_name", best ? best->primary_metric_name : job.primary_metric);
    json_key(w, "epoch_metrics");
    PUT_ROWS(w, rows, count, put_epoch);
    answer_close(call, 200, &answer);
}
