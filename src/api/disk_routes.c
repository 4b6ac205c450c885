/* disk_routes.c - what lies on the disk, and making room, over HTTP. */

#include "api/account_internal.h"
#include "api/fields.h"
#include "app/operations/disk_use.h"

#include "base/error.h"

#include <string.h>

route_handler route_project_disk, route_project_clean_up, route_admin_disk;

static void put_sums(struct json_writer *w, const struct project_disk *disk)
{
    json_put_int(w, "outputs_bytes", disk->outputs_bytes);
    json_put_int(w, "checkpoints_bytes", disk->checkpoints_bytes);
    json_put_int(w, "datasets_bytes", disk->datasets_bytes);
    json_put_int(w, "total_bytes",
                 disk->outputs_bytes + disk->checkpoints_bytes + disk->datasets_bytes);
}

static void put_job_disk(struct json_writer *w, const struct job_disk *job)
{
    json_object_open(w);
    json_put_int(w, "job_id", job->job_id);
    json_put_text(w, "experiment_name", job->experiment_name);
    json_put_text(w, "model_name", job->model_name);
    json_put_text(w, "status", job->status);
    json_put_int(w, "outputs_bytes", job->outputs_bytes);
    json_put_int(w, "checkpoints_bytes", job->checkpoints_bytes);
    json_close(w);
}

void route_project_disk(struct call *call)
{
    struct project_disk disk;
    struct project project;
    struct answer answer;
    struct json_writer *w;

    if (!call_open_project(call, RIGHT_VIEW, &project) ||
        call_failed(call, disk_of_project(call->app, project.id, call->arena, &disk, &call->err)))
        return;
    w = answer_open(&answer);
    json_put_int(w, "project_id", project.id);
    put_sums(w, &disk);
    json_key(w, "by_job");
    PUT_ROWS(w, disk.jobs, disk.job_count, put_job_disk);
    answer_close(call, 200, &answer);
}

void route_admin_disk(struct call *call)
{
    struct platform_disk disk;
    struct answer answer;
    struct json_writer *w;

    if (!call_may(call, PERMISSION_disk) ||
        call_failed(call, disk_of_platform(call->app, &call->user, call->arena, &disk, &call->err)))
        return;
    w = answer_open(&answer);
    json_put_int(w, "disk_total_bytes", disk.total_bytes);
    json_put_int(w, "disk_free_bytes", disk.free_bytes);
    json_put_int(w, "database_bytes", disk.database_bytes);
    json_put_int(w, "weights_bytes", disk.weights_bytes);
    json_put_int(w, "other_bytes", disk.other_bytes);
    json_key(w, "by_project");
    json_array_open(w);
    for (int i = 0; i < disk.project_count; i++) {
        json_object_open(w);
        json_put_int(w, "project_id", disk.rows[i].id);
        json_put_text(w, "name", disk.rows[i].name);
        json_put_int(w, "user_id", disk.rows[i].user_id);
        put_sums(w, &disk.projects[i]);
        json_close(w);
    }
    json_close(w);
    answer_close(call, 200, &answer);
}

/* --- making room ----------------------------------------------------------------------------- */

static void put_cleaned(struct json_writer *w, const struct cleaned_job *job)
{
    json_object_open(w);
    json_put_int(w, "job_id", job->job_id);
    json_put_int(w, "freed_bytes", job->freed_bytes);
    json_put_int(w, "removed_files", job->files);
    json_close(w);
}

static void send_cleaned(struct call *call, bool dry_run, const struct cleaned_job *jobs, int count)
{
    struct answer answer;
    struct json_writer *w = answer_open(&answer);
    int64_t freed = 0, files = 0;

    for (int i = 0; i < count; i++) {
        freed += jobs[i].freed_bytes;
        files += jobs[i].files;
    }
    json_put_bool(w, "dry_run", dry_run);
    json_put_int(w, "freed_bytes", freed);
    json_put_int(w, "removed_files", files);
    json_key(w, "by_job");
    PUT_ROWS(w, jobs, count, put_cleaned);
    answer_close(call, 200, &answer);
}

void route_project_clean_up(struct call *call)
{
    struct clean_up_body b = { 0 };
    struct cleaned_job *jobs;
    struct project project;
    struct clean_up how;
    int count;

    if (!call_open_project(call, RIGHT_MANAGE, &project) || !call_read_body(call, &b))
        return;
    if (strcmp(b.keep, "best_and_latest") && strcmp(b.keep, "best")) {
        call_fail_with(call, 400, "VALIDATION_ERROR", "keep must be best_and_latest or best");
        return;
    }
    how = (struct clean_up){ .keep_latest = !strcmp(b.keep, "best_and_latest"),
                             .older_than_days = b.older_than_days, .dry_run = b.dry_run };
    if (clean_up_project(call->app, project.id, &how, call->arena, &jobs, &count, &call->err))
        call_fail(call);
    else
        send_cleaned(call, how.dry_run, jobs, count);
}
