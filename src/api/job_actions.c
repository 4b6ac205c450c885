/* job_actions.c - starting, stopping and removing training jobs over HTTP. */

#include "api/fields.h"
#include "api/job_json.h"

#include "app/jobs/job_results.h"
#include "base/error.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

route_handler route_job_start, route_job_stop, route_job_cancel, route_job_restart,
    route_job_clone, route_job_delete, route_job_patch, route_job_checkpoints,
    route_checkpoint_download;

/* The job as it is now, with a message and what the queue says of it. */
static void send_job(struct call *call, int64_t id, int status, const char *message)
{
    struct project project;
    struct answer answer;
    struct json_writer *w;
    struct job job;

    if (call_failed(call, jobs_get(call->app, id, call->arena, &job, &call->err) ||
                              projects_open(call->app, &call->user, job.project_id, RIGHT_VIEW,
                                            call->arena, &project, &call->err)))
        return;
    w = answer_open(&answer);
    put_job_members(w, &job, project.name);
    json_put_int(w, "job_id", job.id);
    put_queue_place(call, w, &job, NULL);
    json_put_text(w, "message", message);
    answer_close(call, status, &answer);
}

/* What is wrong with an action is the job's status. */
static void fail_action(struct call *call)
{
    if (call->err.kind == ERR_INVALID)
        call_fail_with(call, 400, "INVALID_STATUS", call->err.text);
    else
        call_fail(call);
}

/* The contract's words say nothing to who has to mend it: the service's stand beside them. */
static void refuse_start(struct call *call)
{
    struct answer answer;
    struct json_writer *w = answer_open(&answer);

    json_put_text(w, "detail", "Failed to start training");
    json_put_text(w, "code", "TRAINING_SERVICE_UNAVAILABLE");
    json_put_text(w, "reason", call->err.text);
    answer_close(call, 500, &answer);
}

void route_job_start(struct call *call)
{
    struct job_start_body b = { 0 };
    struct start_request request = { .resume = -1 };
    struct project project;
    const char *chosen;
    struct job job;
    bool queued, resume;

    if (!call_open_job(call, RIGHT_WORK, &job, &project) || !call_read_body(call, &b) ||
        call_failed(call, call_query_flag(call, "resume", b.resume, &resume)))
        return;
    if (http_query(call->request, "resume") || call_has(call, "resume"))
        request.resume = resume;
    request.checkpoint_path = b.checkpoint_path ? b.checkpoint_path
                                                : http_query(call->request, "checkpoint_path");
    if (request.checkpoint_path) {
        if (call_failed(call,
                        checkpoints_choose_any(call->app, &call->user, request.checkpoint_path,
                                               call->arena, &chosen, &call->err)))
            return;
        request.checkpoint_path = chosen;
    }
    if (!control_start(call->app, job.id, &request, &queued, &call->err))
        send_job(call, job.id, 200, queued ? "Training job queued" : "Training started");
    else if (call->err.kind == ERR_UNAVAILABLE)
        refuse_start(call);
    else
        fail_action(call);
}

void route_job_stop(struct call *call)
{
    struct project project;
    struct job job, after;
    const char *message;

    if (!call_open_job(call, RIGHT_WORK, &job, &project) || !call_parse_body(call))
        return;
    if (control_stop(call->app, job.id, &call->err) ||
        jobs_get(call->app, job.id, call->arena, &after, &call->err)) {
        fail_action(call);
        return;
    }
    message = job.queued_at                        ? "Taken out of the queue"
              : !strcmp(after.status, "running") ? "Stopping: the engine is writing its checkpoint"
                                                 : "Training stopped";
    send_job(call, job.id, 200, message);
}

void route_job_cancel(struct call *call)
{
    struct project project;
    struct job job;

    if (!call_open_job(call, RIGHT_WORK, &job, &project) || !call_parse_body(call))
        return;
    if (control_cancel(call->app, job.id, &call->err))
        fail_action(call);
    else
        send_job(call, job.id, 200, "Training cancelled");
}

void route_job_restart(struct call *call)
{
    struct job_start_body b = { 0 };
    struct job_metric *metrics;
    struct project project;
    struct job job;
    bool force;
    int count;

    if (!call_open_job(call, RIGHT_WORK, &job, &project) || !call_read_body(call, &b) ||
        call_failed(call, call_query_flag(call, "force", b.force, &force) ||
                              jobs_latest_metrics(call->app, job.id, 1, call->arena, &metrics,
                                                  &count, &call->err)))
        return;
    if (count && !force && strcmp(job.status, "running") && strcmp(job.status, "pending")) {
        call_fail_with(call, 409, "CONFLICT",
                       "Restarting clears the results of this job; use force=1 to confirm");
        return;
    }
    if (control_restart(call->app, job.id, &call->err))
        fail_action(call);
    else
        send_job(call, job.id, 200, "Training job reset");
}

void route_job_clone(struct call *call)
{
    struct project project;
    struct job job, clone;

    if (!call_open_job(call, RIGHT_WORK, &job, &project) || !call_parse_body(call))
        return;
    if (control_clone(call->app, job.id, &call->user, call->arena, &clone, &call->err))
        call_fail(call);
    else {
        call_add_location_of(call, "training/jobs", clone.id);
        send_job(call, clone.id, 201, "Training job cloned");
    }
}

void route_job_delete(struct call *call)
{
    struct project project;
    struct job job;
    bool force;

    if (!call_open_job(call, RIGHT_WORK, &job, &project))
        return;
    if (call_query_flag(call, "force", false, &force) ||
        control_remove(call->app, job.id, force, &call->err))
        call_fail(call);
    else
        call_message(call, 200, "Training job deleted");
}

void route_job_patch(struct call *call)
{
    struct job_change_body b = { 0 };
    struct project project;
    struct job job, before;
    char *tags = NULL;
    int result = 0;

    if (!call_open_job(call, RIGHT_WORK, &job, &project) || !call_read_body(call, &b))
        return;
    before = job;
    if (b.tags)
        tags = json_dumps(b.tags, JSON_COMPACT);
    if (call_has(call, "experiment_name"))
        job.experiment_name = b.experiment_name;
    if (call_has(call, "tags"))
        job.tags = tags;
    if (call_has(call, "notes"))
        job.notes = b.notes;
    if (call_has(call, "experiment_name") || call_has(call, "notes") || call_has(call, "tags"))
        result = jobs_rename(call->app, &before, &job, &call->err);
    if (!result && call_has(call, "priority"))
        result = jobs_set_priority(call->app, job.id, b.priority, &call->err);
    free(tags);
    if (result)
        call_fail(call);
    else
        send_job(call, job.id, 200, "Training job changed");
}

/* --- checkpoints ----------------------------------------------------------------------------- */

void route_job_checkpoints(struct call *call)
{
    struct checkpoint_row *rows;
    struct project project;
    struct answer answer;
    struct json_writer *w;
    struct job job;
    int count;

    if (!call_open_job(call, RIGHT_VIEW, &job, &project) ||
        call_failed(call,
                    checkpoints_list(call->app, job.id, call->arena, &rows, &count, &call->err)))
        return;
    w = answer_open(&answer);
    json_key(w, "checkpoints");
    json_array_open(w);
    for (int i = 0; i < count; i++) {
        const char *slash = strrchr(rows[i].path, '/');

        json_object_open(w);
        json_put_int(w, "id", rows[i].id);
        json_put_text(w, "path", rows[i].path);
        json_put_text(w, "filename", slash ? slash + 1 : rows[i].path);
        json_put_text(w, "kind", rows[i].kind);
        json_put_bool(w, "is_best", !strcmp(rows[i].kind, "best"));
        put_id_or_null(w, "epoch", rows[i].epoch);
        put_id_or_null(w, "size_bytes", rows[i].size_bytes);
        json_put_text(w, "sha256", rows[i].sha256);
        put_json_or_null(w, "metrics", rows[i].metrics);
        json_put_text(w, "download_url",
                      arena_printf(call->arena,
                                   "/api/v1/training/jobs/%lld/checkpoints/%lld/download",
                                   (long long)job.id, (long long)rows[i].id));
        put_time(w, "created_at", rows[i].created_at);
        json_close(w);
    }
    json_close(w);
    answer_close(call, 200, &answer);
}

void route_checkpoint_download(struct call *call)
{
    struct checkpoint_row *rows;
    struct project project;
    const char *folder;
    struct job job;
    int count;

    if (!call_open_job(call, RIGHT_VIEW, &job, &project) ||
        call_failed(call,
                    checkpoints_list(call->app, job.id, call->arena, &rows, &count, &call->err)))
        return;
    folder = arena_printf(call->arena, "%s/", app_path(call->app, job.output_dir, call->arena));
    for (int i = 0; i < count; i++) {
        const char *path = app_path(call->app, rows[i].path, call->arena);
        const char *slash = strrchr(path, '/');
        bool ours = str_starts_with(path, folder) && !strstr(path, "/../");
        int fd = ours && rows[i].id == call->ids[1] ? open(path, O_RDONLY | O_CLOEXEC) : -1;

        if (fd < 0)
            continue;
        http_respond_file(call->request, "application/octet-stream", fd,
                          arena_printf(call->arena, "job_%lld_%s", (long long)job.id, slash + 1));
        return;
    }
    call_fail_with(call, 404, "CHECKPOINT_NOT_FOUND", "Checkpoint not found");
}
