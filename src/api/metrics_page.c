/* metrics_page.c - see metrics_page.h. */

#include "api/metrics_page.h"

#include "api/api_internal.h"
#include "api/live/live.h"
#include "api/system.h"

#include "app/jobs/job_control.h"
#include "app/jobs/jobs.h"
#include "base/clock.h"
#include "base/error.h"
#include "net/websocket.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

route_handler route_metrics;

/* Seconds; a request that is slower than all counts to the last place. */
static const double bounds[] = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                 0.25,  0.5,    1,     2.5,  5,     10 };
#define BOUND_COUNT ((int)(sizeof(bounds) / sizeof(*bounds)))
#define CLASSES 6 /* of statuses: 0 for who went away, 1xx ... 5xx */

struct histogram {
    atomic_uint_fast64_t counts[BOUND_COUNT + 1], sum_microseconds;
};

struct metrics {
    struct histogram (*routes)[CLASSES]; /* one more than routes, for what is none */
};

struct metrics *metrics_new(void)
{
    struct metrics *metrics = calloc(1, sizeof(*metrics));

    BUG_IF(!metrics);
    metrics->routes = calloc((size_t)api_route_count + 1, sizeof(*metrics->routes));
    BUG_IF(!metrics->routes);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    free(metrics->routes);
    free(metrics);
}

void metrics_count(struct metrics *metrics, const struct route *route,
                   const struct http_access *access)
{
    int place = 0, status_class = access->status / 100;
    struct histogram *h;

    h = &metrics->routes[route ? route - api_routes : api_route_count]
                        [status_class < CLASSES ? status_class : 0];
    while (place < BOUND_COUNT && access->seconds > bounds[place])
        place++;
    atomic_fetch_add_explicit(&h->counts[place], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum_microseconds, (uint64_t)(1e6 * access->seconds),
                              memory_order_relaxed);
}

/* --- writing --------------------------------------------------------------------------------- */

static void put_help(struct str *out, const char *name, const char *type, const char *help)
{
    str_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_value(struct str *out, const char *name, const char *type, const char *help,
                      double value)
{
    put_help(out, name, type, help);
    str_printf(out, "%s %.15g\n", name, value);
}

static void put_histogram(struct str *out, struct histogram *h, const char *labels)
{
    static const char name[] = "fovea_http_request_duration_seconds";
    uint64_t sum = 0, counts[BOUND_COUNT + 1];

    for (int i = 0; i <= BOUND_COUNT; i++)
        sum += counts[i] = atomic_load_explicit(&h->counts[i], memory_order_relaxed);
    if (!sum)
        return;
    sum = 0;
    for (int i = 0; i < BOUND_COUNT; i++) {
        sum += counts[i];
        str_printf(out, "%s_bucket{%s,le=\"%g\"} %llu\n", name, labels, bounds[i],
                   (unsigned long long)sum);
    }
    sum += counts[BOUND_COUNT];
    str_printf(out, "%s_bucket{%s,le=\"+Inf\"} %llu\n", name, labels, (unsigned long long)sum);
    str_printf(out, "%s_sum{%s} %.6f\n", name, labels,
               1e-6 * (double)atomic_load_explicit(&h->sum_microseconds, memory_order_relaxed));
    str_printf(out, "%s_count{%s} %llu\n", name, labels, (unsigned long long)sum);
}

static void put_requests(struct str *out, struct metrics *metrics)
{
    static const char *const classes[CLASSES] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };
    struct str labels = STR_INIT;

    put_help(out, "fovea_http_request_duration_seconds", "histogram",
             "Time from a request's headers to the end of its answer.");
    for (int i = 0; i <= api_route_count; i++)
        for (int j = 0; j < CLASSES; j++) {
            const struct route *route = i < api_route_count ? &api_routes[i] : NULL;

            str_clear(&labels);
            str_printf(&labels, "method=\"%s\",route=\"%s\",status=\"%s\"",
                       route ? route->method : "", route ? route->path : "none", classes[j]);
            put_histogram(out, &metrics->routes[i][j], labels.text);
        }
    str_release(&labels);
}

static int put_jobs(struct call *call, struct str *out)
{
    struct db_rows states, running;
    int64_t *ids;
    int count;

    if (db_read(call->app->db, STATEMENT_job_count_by_status, DB_NO_ARGS, call->arena, &states,
                &call->err) ||
        jobs_queue(call->app, call->arena, &ids, &count, &call->err) ||
        db_read(call->app->db, STATEMENT_job_list_running, DB_NO_ARGS, call->arena, &running,
                &call->err))
        return -1;
    put_help(out, "fovea_jobs", "gauge", "Training jobs by status.");
    for (int i = 0; i < states.count; i++)
        str_printf(out, "fovea_jobs{status=\"%s\"} %lld\n", db_at(&states, i, 0)->text,
                   (long long)db_at(&states, i, 1)->integer);
    put_value(out, "fovea_queue_length", "gauge", "Jobs that wait for a place.", count);
    put_help(out, "fovea_job_images_per_second", "gauge", "Speed of the jobs that run.");
    for (int i = 0; i < running.count; i++) {
        struct job_pulse pulse = { 0 };
        int64_t id = db_at(&running, i, 0)->integer;

        control_pulse(call->app, id, &pulse);
        str_printf(out, "fovea_job_images_per_second{job=\"%lld\"} %.15g\n", (long long)id,
                   pulse.images_per_second);
    }
    return 0;
}

static void put_database(struct call *call, struct str *out)
{
    struct db_statistics s;

    db_read_statistics(call->app->db, &s);
    put_help(out, "fovea_db_read_seconds", "summary", "Time of reading statements.");
    str_printf(out, "fovea_db_read_seconds_sum %.6f\nfovea_db_read_seconds_count %llu\n",
               s.read_seconds, (unsigned long long)s.reads);
    put_help(out, "fovea_db_write_seconds", "summary",
             "Time of transactions, with the wait for the writer and the sync.");
    str_printf(out, "fovea_db_write_seconds_sum %.6f\nfovea_db_write_seconds_count %llu\n",
               s.write_seconds, (unsigned long long)s.writes);
}

static void put_machine(struct call *call, struct str *out)
{
    struct system_disk disk;
    struct system_process process;

    system_read_process(&process);
    if (!system_read_disk(call->app->data_folder, &disk)) {
        put_value(out, "fovea_disk_free_bytes", "gauge", "Free where the data is.",
                  (double)disk.free_bytes);
        put_value(out, "fovea_disk_size_bytes", "gauge", "Size of that disk.",
                  (double)disk.total_bytes);
    }
    put_value(out, "process_resident_memory_bytes", "gauge", "Memory of the server.",
              (double)process.resident_bytes);
    put_value(out, "process_cpu_seconds_total", "counter", "Processor time of the server.",
              process.cpu_seconds);
    put_value(out, "process_open_fds", "gauge", "Open files and connections.",
              process.open_files);
    put_value(out, "fovea_websockets", "gauge", "Open WebSockets.",
              websocket_count(call->api->server));
    put_value(out, "fovea_watchers", "gauge", "Who is told what happens to jobs.",
              live_watcher_count(call->api->live));
    put_value(out, "fovea_uptime_seconds", "gauge", "Time since the server started.",
              clock_seconds() - call->api->started);
    put_help(out, "fovea_build_info", "gauge", "Which version runs.");
    str_printf(out, "fovea_build_info{version=\"" FOVEA_VERSION "\"} 1\n");
}

/* --- the route ------------------------------------------------------------------------------- */

static bool is_local(struct call *call)
{
    const char *address = http_address(call->request);

    return (!strcmp(address, "127.0.0.1") || !strcmp(address, "::1") ||
            !strcmp(address, "::ffff:127.0.0.1")) &&
           !http_header(call->request, "X-Forwarded-For") &&
           !http_header(call->request, "X-Real-IP") && !http_header(call->request, "Forwarded");
}

static bool may_read(struct call *call)
{
    if (is_local(call) || call_knows_secret(call))
        return true;
    if (!call_identify(call))
        return false;
    if (permission_has(call->user.system_role, PERMISSION_metrics))
        return true;
    call_fail_with(call, 403, "FORBIDDEN", "Only administrators may read this");
    return false;
}

void route_metrics(struct call *call)
{
    struct str out = STR_INIT;

    if (!may_read(call))
        return;
    put_requests(&out, call->api->metrics);
    put_database(call, &out);
    put_machine(call, &out);
    if (put_jobs(call, &out))
        call_fail(call);
    else
        http_respond(call->request, 200, "text/plain; version=0.0.4; charset=utf-8", out.text,
                     out.length);
    str_release(&out);
}
