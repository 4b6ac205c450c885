/* job_routes.c - training jobs over HTTP. */

#include "api/job_json.h"
#include "api/metric_json.h"

#include "app/jobs/job_results.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

route_handler route_job_get, route_jobs_get, route_job_status;

#define LIMIT_MOST 1000
#define SKIP_MOST 100000
#define SEARCH_MOST 200

/* --- a job on the wire ----------------------------------------------------------------------- */

static double progress(const struct job *job)
{
    if (!strcmp(job->status, "completed"))
        return 100;
    return job->epochs ? 100.0 * (double)job->current_epoch / (double)job->epochs : 0;
}

void put_job_members(struct json_writer *w, const struct job *j, const char *project_name)
{
    json_put_int(w, "id", j->id);
    put_id_or_null(w, "session_id", j->session_id);
    json_put_int(w, "project_id", j->project_id);
    json_put_text(w, "project_name", project_name);
    put_id_or_null(w, "user_id", j->user_id);
    put_id_or_null(w, "created_by", j->user_id);
    json_put_text(w, "experiment_name", j->experiment_name);
    put_json_or_null(w, "tags", j->tags);
    json_put_text(w, "notes", j->notes);
    json_put_text(w, "framework", j->framework);
    json_put_text(w, "model_name", j->model_name);
    json_put_text(w, "task_type", j->task_type);
    json_put_text(w, "dataset_id", j->dataset_id);
    json_put_text(w, "dataset_path", j->dataset_path);
    json_put_text(w, "dataset_format", j->dataset_format);
    put_id_or_null(w, "num_classes", j->num_classes);
    json_put_int(w, "epochs", j->epochs);
    json_put_int(w, "batch_size", j->batch_size);
    json_put_number(w, "learning_rate", j->learning_rate);
    json_put_text(w, "optimizer", j->optimizer);
    json_put_bool(w, "pretrained", j->pretrained);
    put_json_or_null(w, "advanced_config", j->advanced_config);
    json_put_text(w, "output_dir", j->output_dir);
    json_put_text(w, "status", j->status);
    put_number_or_null(w, "accuracy", j->accuracy);
    put_number_or_null(w, "final_accuracy", j->accuracy);
    put_number_or_null(w, "loss", j->loss);
    json_put_text(w, "primary_metric", j->primary_metric);
    json_put_text(w, "primary_metric_mode", j->primary_metric_mode);
    json_put_text(w, "best_checkpoint_path", j->best_checkpoint_path);
    json_put_int(w, "current_epoch", j->current_epoch);
    json_put_int(w, "total_epochs", j->epochs);
    json_put_number(w, "progress", progress(j));
    json_put_text(w, "error_message", j->error_message);
    json_put_int(w, "priority", j->priority);
    json_put_int(w, "attempt", j->attempt);
    put_id_or_null(w, "process_id", j->process_id);
    put_time(w, "queued_at", j->queued_at);
    put_time(w, "created_at", j->created_at);
    put_time(w, "updated_at", j->updated_at);
    put_time(w, "started_at", j->started_at);
    put_time(w, "completed_at", j->completed_at);
}

void put_job(struct json_writer *w, const struct job *job, const char *project_name)
{
    json_object_open(w);
    put_job_members(w, job, project_name);
    json_close(w);
}

/* --- routes ---------------------------------------------------------------------------------- */

bool call_open_job(struct call *call, enum right right, struct job *job, struct project *project)
{
    return call_open_job_by(call, call->ids[0], right, "Training job not found", job, project);
}

bool call_open_job_by(struct call *call, int64_t id, enum right right, const char *missing,
                      struct job *job, struct project *project)
{
    if (!jobs_get(call->app, id, call->arena, job, &call->err) &&
        !projects_open(call->app, &call->user, job->project_id, right, call->arena, project,
                       &call->err))
        return true;
    if (call->err.kind == ERR_NOT_FOUND)
        FAIL(&call->err, NOT_FOUND, "%s", missing);
    call_fail(call);
    return false;
}

void put_queue_place(struct call *call, struct json_writer *w, const struct job *job,
                     const struct job_queue *queue)
{
    struct queue_place place;
    struct job_queue now;

    if (!job->queued_at || (!queue && control_queue(call->app, call->arena, &now, &call->err)))
        return;
    place = job_queue_place(queue ? queue : &now, job->id);
    put_id_or_null(w, "queue_position", place.position);
    put_number_or_null(w, "eta", place.eta_seconds);
}

void put_live(struct call *call, struct json_writer *w, const struct job *job,
              const struct job_queue *queue)
{
    struct job_pulse pulse;

    put_queue_place(call, w, job, queue);
    if (strcmp(job->status, "running"))
        return;
    control_pulse(call->app, job->id, &pulse);
    put_number_or_null(w, "eta_seconds", pulse.eta_seconds > 0 ? pulse.eta_seconds : NAN);
    put_number_or_null(w, "images_per_second",
                       pulse.images_per_second > 0 ? pulse.images_per_second : NAN);
    put_id_or_null(w, "step", pulse.step);
    put_id_or_null(w, "steps", pulse.steps);
}

void route_job_get(struct call *call)
{
    struct json_writer *w;
    struct project project;
    struct answer answer;
    const char *strategy;
    struct job job;

    if (!call_open_job(call, RIGHT_VIEW, &job, &project) ||
        call_failed(call, jobs_split_strategy(call->app, job.id, call->arena, &strategy,
                                              &call->err)))
        return;
    w = answer_open(&answer);
    put_job_members(w, &job, project.name);
    put_json_or_null(w, "split_strategy", strategy);
    put_live(call, w, &job, NULL);
    answer_close(call, 200, &answer);
}

/* --- lists ----------------------------------------------------------------------------------- */

static const char *project_name(struct call *call, int64_t id)
{
    struct project project;
    struct error ignored;

    return projects_open(call->app, &call->user, id, RIGHT_VIEW, call->arena, &project, &ignored)
               ? NULL
               : project.name;
}

/* One look for all rows, if any of them waits. */
static void read_queue(struct call *call, const struct job *jobs, int count,
                       struct job_queue *queue)
{
    struct error ignored;

    *queue = (struct job_queue){ 0 };
    for (int i = 0; i < count; i++)
        if (jobs[i].queued_at) {
            control_queue(call->app, call->arena, queue, &ignored);
            return;
        }
}

void put_jobs(struct call *call, struct json_writer *w, const struct job *jobs, int count,
              const struct project *project)
{
    const char *name = project ? project->name : NULL;
    struct job_queue queue;

    read_queue(call, jobs, count, &queue);
    json_array_open(w);
    for (int i = 0; i < count; i++) {
        /* Once each: jobs of one project often stand together. */
        if (!project && (!i || jobs[i].project_id != jobs[i - 1].project_id))
            name = project_name(call, jobs[i].project_id);
        json_object_open(w);
        put_job_members(w, &jobs[i], name);
        put_queue_place(call, w, &jobs[i], &queue);
        json_close(w);
    }
    json_close(w);
}

static int read_order(struct call *call, struct job_page *page)
{
    const char *sort = http_query(call->request, "sort");
    const char *order = http_query(call->request, "order");

    page->search = http_query(call->request, "q");
    if (page->search && strlen(page->search) > SEARCH_MOST)
        return FAIL(&call->err, INVALID, "q has more than %d bytes", SEARCH_MOST);
    if (order && strcmp(order, "asc") && strcmp(order, "desc"))
        return FAIL(&call->err, INVALID, "order must be asc or desc");
    page->rising = order && !strcmp(order, "asc");
    for (int i = 0; sort && i < JOB_SORT_COUNT; i++)
        if (!strcmp(sort, job_sort_names[i])) {
            page->sort = (enum job_sort)i;
            return 0;
        }
    return sort ? FAIL(&call->err, INVALID, "sort must be created, name, accuracy or updated") : 0;
}

bool call_read_job_order(struct call *call, struct job_page *page)
{
    if (!call_read_query_word(call, "status", job_status_names, JOB_STATUS_COUNT, &page->status))
        return false;
    if (!read_order(call, page))
        return true;
    call_fail(call);
    return false;
}

void route_jobs_get(struct call *call)
{
    struct job_page page = { 0 };
    struct project project;
    struct answer answer;
    struct job *jobs;
    int64_t project_id, total;
    int count, result;

    if (!call_read_job_order(call, &page))
        return;
    if (call_query_int(call, "project_id", 0, 1, INT64_MAX / 2, &project_id) ||
        call_query_int(call, "limit", 100, 1, LIMIT_MOST, &page.limit) ||
        call_query_int(call, "skip", 0, 0, SKIP_MOST, &page.offset))
        result = -1;
    else if (!project_id && (page.rising || page.sort == JOB_SORT_NAME ||
                             page.sort == JOB_SORT_ACCURACY))
        result = FAIL(&call->err, INVALID,
                      "without project_id, sort is created or updated, and order is desc");
    else if (project_id)
        result = projects_open(call->app, &call->user, project_id, RIGHT_VIEW, call->arena,
                               &project, &call->err) ||
                 jobs_list(call->app, project_id, &page, call->arena, &jobs, &count, &total,
                           &call->err);
    else
        result = jobs_list_visible(call->app, &call->user, &page, call->arena, &jobs, &count,
                                   &call->err);
    if (call_failed(call, result))
        return;
    if (project_id)
        call_add_total(call, total);
    put_jobs(call, answer_begin(&answer), jobs, count, project_id ? &project : NULL);
    answer_send(call, 200, &answer);
}

void route_job_status(struct call *call)
{
    struct job_metric *metrics;
    struct project project;
    struct answer answer;
    struct json_writer *w;
    struct job job;
    int count;

    if (!call_open_job(call, RIGHT_VIEW, &job, &project) ||
        call_failed(call, jobs_latest_metrics(call->app, job.id, 10, call->arena, &metrics, &count,
                                              &call->err)))
        return;
    w = answer_open(&answer);
    json_key(w, "job");
    json_object_open(w);
    put_job_members(w, &job, project.name);
    put_live(call, w, &job, NULL);
    json_close(w);
    json_key(w, "latest_metrics");
    put_metrics(w, metrics, count);
    answer_close(call, 200, &answer);
}
