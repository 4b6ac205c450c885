/* queue_routes.c - what runs and what waits, over HTTP. */

#include "api/job_json.h"

#include "app/operations/admin.h"
#include "base/error.h"

route_handler route_queue_get;

/* Those of the jobs that the caller may view. */
static void put_visible(struct call *call, struct json_writer *w, const struct job_queue *queue,
                        const int64_t *ids, int count)
{
    json_array_open(w);
    for (int i = 0; i < count; i++) {
        struct project project;
        struct error ignored;
        struct job job;

        if (jobs_get(call->app, ids[i], call->arena, &job, &ignored) ||
            projects_open(call->app, &call->user, job.project_id, RIGHT_VIEW, call->arena, &project,
                          &ignored))
            continue;
        json_object_open(w);
        put_job_members(w, &job, project.name);
        put_live(call, w, &job, queue);
        json_close(w);
    }
    json_close(w);
}

/* Everybody sees how many run and wait; which ones, only who may view their projects. */
void route_queue_get(struct call *call)
{
    struct platform_settings settings;
    struct json_writer *w;
    struct answer answer;
    struct job_queue queue;

    if (call_failed(call, control_queue(call->app, call->arena, &queue, &call->err) ||
                              settings_read(call->app, call->arena, &settings, &call->err)))
        return;
    w = answer_open(&answer);
    json_put_int(w, "total", queue.waiting_count);
    json_put_int(w, "running_total", queue.running_count);
    json_put_int(w, "running_limit", settings.jobs_running_limit);
    json_key(w, "running");
    put_visible(call, w, &queue, queue.running, queue.running_count);
    json_key(w, "jobs");
    put_visible(call, w, &queue, queue.waiting, queue.waiting_count);
    answer_close(call, 200, &answer);
}
