/* metric_routes.c - metrics of training jobs over HTTP: rows by epoch, series for charts. */

#include "api/job_json.h"
#include "api/metric_json.h"

#include "app/job_results.h"
#include "base/error.h"

#include <string.h>

route_handler route_job_metrics, route_job_metric_schema;

#define NAMES_MOST 64

void put_metrics(struct json_writer *w, const struct job_metric *metrics, int count)
{
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
}

/* --- series ---------------------------------------------------------------------------------- */

static void put_numbers(struct json_writer *w, const char *key, const struct series *s,
                        size_t offset)
{
    json_key(w, key);
    json_array_open(w);
    for (int i = 0; i < s->count; i++)
        json_number(w, *(const double *)((const char *)&s->buckets[i] + offset));
    json_close(w);
}

/* Columns: a chart takes them as they are, and they are half as long as rows. */
static void put_series(struct json_writer *w, const struct series *s)
{
    json_object_open(w);
    json_put_text(w, "name", s->name);
    json_put_text(w, "axis", s->axis);
    json_put_int(w, "resolution", s->resolution);
    json_key(w, "x");
    json_array_open(w);
    for (int i = 0; i < s->count; i++)
        json_int(w, s->buckets[i].from);
    json_close(w);
    put_numbers(w, "min", s, offsetof(struct series_bucket, minimum));
    put_numbers(w, "max", s, offsetof(struct series_bucket, maximum));
    put_numbers(w, "last", s, offsetof(struct series_bucket, last));
    json_close(w);
}

static void send_series(struct call *call, const struct job *job, const char *names)
{
    int64_t from, to, points;
    struct answer answer;
    struct json_writer *w;

    if (call_query_int(call, "from", 0, 0, INT64_MAX / 2, &from) ||
        call_query_int(call, "to", 0, 0, INT64_MAX / 2, &to) ||
        call_query_int(call, "points", 1000, 1, SERIES_POINTS_MOST, &points)) {
        call_fail(call);
        return;
    }
    w = answer_begin(&answer);
    json_object_open(w);
    json_put_int(w, "job_id", job->id);
    json_key(w, "series");
    json_array_open(w);
    for (int i = 0; *names && i < NAMES_MOST; i++) {
        size_t length = strcspn(names, ",");
        struct series series;

        if (series_read(call->app, job->id, arena_strndup(call->arena, names, length), from, to,
                        points, call->arena, &series, &call->err)) {
            str_release(&answer.text);
            call_fail(call);
            return;
        }
        put_series(w, &series);
        names += length + (names[length] == ',');
    }
    json_close(w);
    json_close(w);
    answer_send(call, 200, &answer);
}

/* --- routes ---------------------------------------------------------------------------------- */

void route_job_metrics(struct call *call)
{
    const char *names = http_query(call->request, "names");
    struct job_metric *metrics;
    struct project project;
    struct answer answer;
    struct job job;
    int64_t limit;
    int count;

    if (!call_open_job(call, RIGHT_VIEW, &job, &project))
        return;
    if (names) {
        send_series(call, &job, names);
        return;
    }
    if (call_query_int(call, "limit", 100, 1, 100000, &limit) ||
        jobs_metrics(call->app, job.id, limit, call->arena, &metrics, &count, &call->err)) {
        call_fail(call);
        return;
    }
    put_metrics(answer_begin(&answer), metrics, count);
    answer_send(call, 200, &answer);
}

void route_job_metric_schema(struct call *call)
{
    struct project project;
    struct series *series;
    struct answer answer;
    struct json_writer *w;
    struct job job;
    int count;

    if (!call_open_job(call, RIGHT_VIEW, &job, &project))
        return;
    if (series_list(call->app, job.id, call->arena, &series, &count, &call->err)) {
        call_fail(call);
        return;
    }
    w = answer_begin(&answer);
    json_object_open(w);
    json_put_int(w, "job_id", job.id);
    json_put_text(w, "framework", job.framework);
    json_put_text(w, "task_type", job.task_type);
    json_put_text(w, "primary_metric", job.primary_metric);
    json_put_text(w, "primary_metric_mode", job.primary_metric_mode);
    json_key(w, "available_metrics");
    json_array_open(w);
    for (int i = 0; i < count; i++)
        json_text(w, series[i].name);
    json_close(w);
    json_key(w, "axes");
    json_object_open(w);
    for (int i = 0; i < count; i++)
        json_put_text(w, series[i].name, series[i].axis);
    json_close(w);
    json_put_int(w, "metric_count", count);
    json_close(w);
    answer_send(call, 200, &answer);
}
