/* log_routes.c - what a training job has said, over HTTP. */

#include "api/job_json.h"

#include "base/error.h"

#include <strings.h>

route_handler route_job_logs;

/* ?level=WARNING */
static int read_level(struct call *call, int *level)
{
    static const char *const names[] = { "DEBUG", "INFO", "WARNING", "ERROR" };
    const char *text = http_query(call->request, "level");

    *level = 0;
    for (int i = 0; text && i < 4; i++)
        if (!strcasecmp(text, names[i])) {
            *level = i;
            return 0;
        }
    return text ? FAIL(&call->err, INVALID, "level must be DEBUG, INFO, WARNING or ERROR") : 0;
}

static int read_page(struct call *call, struct job_log_page *page)
{
    page->log_type = http_query(call->request, "log_type");
    return call_query_int(call, "limit", 500, 1, JOB_LOGS_KEPT, &page->limit) ||
                   call_query_int(call, "after", 0, 0, INT64_MAX / 2, &page->after) ||
                   call_query_int(call, "before", 0, 0, INT64_MAX / 2, &page->before) ||
                   read_level(call, &page->level)
               ? -1
               : 0;
}

void route_job_logs(struct call *call)
{
    struct job_log_page page = { 0 };
    struct project project;
    struct job_log *logs;
    struct answer answer;
    struct json_writer *w;
    struct job job;
    int count;

    if (!call_open_job(call, RIGHT_VIEW, &job, &project) ||
        call_failed(call, read_page(call, &page) || jobs_logs(call->app, job.id, &page, call->arena,
                                                              &logs, &count, &call->err)))
        return;
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
