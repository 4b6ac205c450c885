/* metric_routes.c - metrics of training jobs over HTTP: rows by epoch, series for charts. */

#include "api/job_json.h"
#include "api/metric_json.h"

#include "app/jobs/job_results.h"
#include "base/error.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

route_handler route_job_metrics, route_job_metric_schema, route_jobs_compare;

#define NAMES_MOST 64
#define COMPARED_MOST 20
#define ANSWER_POINTS_MOST 1000000 /* of all series together: a memory's worth, and a browser's */

static void put_metric(struct json_writer *w, const struct job_metric *m)
{
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

void put_metrics(struct json_writer *w, const struct job_metric *metrics, int count)
{
    PUT_ROWS(w, metrics, count, put_metric);
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

struct stretch {
    int64_t from, to, points;
};

static int read_stretch(struct call *call, struct stretch *stretch)
{
    return call_query_int(call, "from", 0, 0, INT64_MAX / 2, &stretch->from) ||
                   call_query_int(call, "to", 0, 0, INT64_MAX / 2, &stretch->to) ||
                   call_query_int(call, "points", 1000, 1, SERIES_POINTS_MOST, &stretch->points)
               ? -1
               : 0;
}

/* One series, with memory of its own: what was read for it is far more than what is answered. */
static int put_one(struct call *call, struct json_writer *w, int64_t job_id, const char *name,
                   size_t length, const struct stretch *stretch)
{
    struct arena scratch = ARENA_INIT;
    struct series series;
    int result = series_read(call->app, job_id, arena_strndup(&scratch, name, length),
                             stretch->from, stretch->to, stretch->points, &scratch, &series,
                             &call->err);

    if (!result)
        put_series(w, &series);
    arena_release(&scratch);
    return result;
}

/* Before anything is read: would the answer get too long? */
static int check_size(struct call *call, const char *names, int jobs, const struct stretch *stretch)
{
    int count = *names != 0;

    for (const char *c = names; *c && count < NAMES_MOST; c++)
        count += *c == ',';
    if (stretch->points * count * jobs <= ANSWER_POINTS_MOST)
        return 0;
    return FAIL(&call->err, INVALID,
                "%d series of %lld points are too many for one answer: ask for fewer points, names "
                "or jobs, at most %d points in all",
                count * jobs, (long long)stretch->points, ANSWER_POINTS_MOST);
}

/* An array of the series that are named; one that the job lacks fails, or is left out. */
static int put_named(struct call *call, struct json_writer *w, int64_t job_id, const char *names,
                     const struct stretch *stretch, bool may_lack)
{
    json_array_open(w);
    for (int i = 0; *names && i < NAMES_MOST; i++) {
        size_t length = strcspn(names, ",");

        if (put_one(call, w, job_id, names, length, stretch) &&
            (!may_lack || call->err.kind != ERR_NOT_FOUND))
            return -1;
        names += length + (names[length] == ',');
    }
    json_close(w);
    return 0;
}

/* 200, or what went wrong meanwhile. */
static void send_unless(struct call *call, int failed, struct answer *answer)
{
    if (!failed) {
        answer_send(call, 200, answer);
        return;
    }
    str_release(&answer->text);
    call_fail(call);
}

static void send_series(struct call *call, const struct job *job, const char *names)
{
    struct stretch stretch;
    struct answer answer;
    struct json_writer *w;
    int failed;

    if (call_failed(call, read_stretch(call, &stretch) || check_size(call, names, 1, &stretch)))
        return;
    w = answer_begin(&answer);
    json_object_open(w);
    json_put_int(w, "job_id", job->id);
    json_key(w, "series");
    failed = put_named(call, w, job->id, names, &stretch, false);
    if (!failed)
        json_close(w);
    send_unless(call, failed, &answer);
}

/* --- several jobs ---------------------------------------------------------------------------- */

/* "1,2,3"; INVALID for what is no list of numbers, or one that is too long. */
static int read_ids(struct call *call, int64_t *ids, int *count)
{
    const char *text = http_query(call->request, "jobs");
    char *end;

    *count = 0;
    while (text && isdigit((unsigned char)*text) && *count < COMPARED_MOST) {
        ids[(*count)++] = strtoll(text, &end, 10);
        if (!*end)
            return 0;
        text = *end == ',' ? end + 1 : end;
    }
    return FAIL(&call->err, INVALID, "jobs must be 1 to %d numbers with commas between",
                COMPARED_MOST);
}

void route_jobs_compare(struct call *call)
{
    const char *names = http_query(call->request, "names");
    int64_t ids[COMPARED_MOST];
    struct stretch stretch;
    struct answer answer;
    struct json_writer *w;
    struct job *jobs;
    struct project *projects;
    int count, failed = 0;

    names = names ? names : "";
    if (call_failed(call, read_ids(call, ids, &count) || read_stretch(call, &stretch) ||
                              check_size(call, names, count, &stretch)))
        return;
    jobs = ARENA_ARRAY(call->arena, struct job, count);
    projects = ARENA_ARRAY(call->arena, struct project, count);
    for (int i = 0; i < count; i++)
        if (!call_open_job_by(call, ids[i], RIGHT_VIEW, "Training job not found", &jobs[i],
                              &projects[i]))
            return;
    w = answer_begin(&answer);
    json_object_open(w);
    json_key(w, "jobs");
    json_array_open(w);
    for (int i = 0; i < count; i++)
        put_job(w, &jobs[i], projects[i].name);
    json_close(w);
    json_key(w, "series");
    json_array_open(w);
    for (int i = 0; i < count && !failed; i++) {
        json_object_open(w);
        json_put_int(w, "job_id", ids[i]);
        json_key(w, "series");
        failed = put_named(call, w, ids[i], names, &stretch, true);
        if (!failed)
            json_close(w);
    }
    if (!failed) {
        json_close(w);
        json_close(w);
    }
    send_unless(call, failed, &answer);
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
    if (call_failed(call, call_query_int(call, "limit", 100, 1, 100000, &limit) ||
                              jobs_metrics(call->app, job.id, limit, call->arena, &metrics, &count,
                                           &call->err)))
        return;
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

    if (!call_open_job(call, RIGHT_VIEW, &job, &project) ||
        call_failed(call, series_list(call->app, job.id, call->arena, &series, &count, &call->err)))
        return;
    w = answer_open(&answer);
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
    answer_close(call, 200, &answer);
}
