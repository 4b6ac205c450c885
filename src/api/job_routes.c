/* job_routes.c - training jobs over HTTP. */

#include "api/api_internal.h"
#include "api/job_json.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

route_handler route_job_get, route_job_metrics, route_job_logs;

/* --- a job on the wire ----------------------------------------------------------------------- */

static double progress(const struct job *job)
{
    if (!strcmp(job->status, "completed"))
        return 100;
    return job->epochs ? 100.0 * (double)job->current_epoch / (double)job->epochs : 0;
}

void put_job(struct json_writer *w, const struct job *j, const char *project_name)
{
    json_object_open(w);
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
    put_time(w, "queued_at", j->queued_at);
    put_time(w, "created_at", j->created_at);
    put_time(w, "updated_at", j->updated_at);
    put_time(w, "started_at", j->started_at);
    put_time(w, "completed_at", j->completed_at);
    json_close(w);
}

void put_jobs(struct json_writer *w, const struct job *jobs, int count,
              const struct project *project)
{
    json_array_open(w);
    for (int i = 0; i < count; i++)
        put_job(w, &jobs[i], project->name);
    json_close(w);
}

/* --- routes ---------------------------------------------------------------------------------- */

/* The job of the path, if the caller may view its project; false: answered.  Whose it is does not
 * show: no access reads like no job. */
static bool open_job(struct call *call, struct job *job, struct project *project)
{
    if (!jobs_get(call->app, call->ids[0], call->arena, job, &call->err) &&
        !projects_open(call->app, &call->user, job->project_id, RIGHT_VIEW, call->arena, project,
                       &call->err))
        return true;
    if (call->err.kind == ERR_NOT_FOUND)
        FAIL(&call->err, NOT_FOUND, "Training job not found");
    call_fail(call);
    return false;
}

void route_job_get(struct call *call)
{
    struct project project;
    struct answer answer;
    struct job job;

    if (!open_job(call, &job, &project))
        return;
    put_job(answer_begin(&answer), &job, project.name);
    answer_send(call, 200, &answer);
}

void route_job_metrics(struct call *call)
{
    struct job_metric *metrics;
    struct project project;
    struct answer answer;
    struct json_writer *w;
    struct job job;
    int64_t limit;
    int count;

    if (!open_job(call, &job, &project))
        return;
    if (call_query_int(call, "limit", 100, 1, 100000, &limit) ||
        jobs_metrics(call->app, job.id, limit, call->arena, &metrics, &count, &call->err)) {
        call_fail(call);
        return;
    }
    w = answer_begin(&answer);
    json_array_open(w);
    for (int i = 0; i < count; i++) {
        const struct job_metric *m = &metrics[i];

        json_object_open(w);
        json_put_int(w, "id", m->id);
        json_put_int(w, "job_id", m->job_id);
        json_put_int(w, "epoch", m->epoch);
        put_id_or_null(w, "step", m->step);
        put_number_or_null(w, "loss", m->loss);
        put_number_or_null(w, "accuracy", m->accuracy);
        put_number_or_null(w, "learning_rate", m->learning_rate);
        put_json_or_null(w, "extra_metrics", m->extra_metrics);
        json_put_text(w, "checkpoint_path", m->checkpoint_path);
        put_time(w, "created_at", m->created_at);
        json_close(w);
    }
    json_close(w);
    answer_send(call, 200, &answer);
}

void route_job_logs(struct call *call)
{
    struct project project;
    struct job_log *logs;
    struct answer answer;
    struct json_writer *w;
    struct job job;
    int64_t limit;
    int count;

    if (!open_job(call, &job, &project))
        return;
    if (call_query_int(call, "limit", 500, 1, JOB_LOGS_KEPT, &limit) ||
        jobs_logs(call->app, job.id, limit, http_query(call->request, "log_type"), call->arena,
                  &logs, &count, &call->err)) {
        call_fail(call);
        return;
    }
    w = answer_begin(&answer);
    json_array_open(w);
    for (int i = 0; i < count; i++) {
        json_object_open(w);
        json_put_int(w, "id", logs[i].id);
        json_put_int(w, "job_id", job.id);
        json_put_text(w, "log_type", logs[i].log_type);
        json_put_text(w, "content", logs[i].content);
        json_put_text(w, "message", logs[i].content);
        put_time(w, "created_at", logs[i].created_at);
        json_close(w);
    }
    json_close(w);
    answer_send(call, 200, &answer);
}
