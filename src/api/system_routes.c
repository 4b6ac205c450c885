/* system_routes.c - health, version, the machine. */

#include "api/api_internal.h"
#include "api/live/live.h"
#include "api/system.h"

#include "app/jobs/jobs.h"
#include "app/services/services.h"
#include "base/clock.h"
#include "base/error.h"
#include "net/websocket.h"

#include <string.h>

#define SERVICE_SECONDS 2.0

route_handler route_health, route_version, route_system;

void route_health(struct call *call)
{
    struct answer answer;
    struct json_writer *w;

    if (db_schema_version(call->app->db) < 1) {
        call_fail_with(call, 503, "UNAVAILABLE", "The database does not answer");
        return;
    }
    w = answer_open(&answer);
    json_put_text(w, "status", "healthy");
    json_put_text(w, "service", "backend");
    json_put_text(w, "version", FOVEA_VERSION);
    json_put_number(w, "uptime_seconds", clock_seconds() - call->api->started);
    answer_close(call, 200, &answer);
}

void route_version(struct call *call)
{
    struct answer answer;
    struct json_writer *w = answer_open(&answer);

    json_put_text(w, "name", "Fovea");
    json_put_text(w, "version", FOVEA_VERSION);
    json_put_int(w, "schema", db_schema_version(call->app->db));
    answer_close(call, 200, &answer);
}

/* --- the machine ----------------------------------------------------------------------------- */

static void put_cpu(struct json_writer *w)
{
    struct system_cpu cpu;

    system_read_cpu(&cpu);
    json_key(w, "cpu");
    json_object_open(w);
    json_put_int(w, "count", cpu.count);
    json_put_text(w, "model", cpu.model);
    json_key(w, "load");
    json_array_open(w);
    json_number(w, cpu.load_1);
    json_number(w, cpu.load_5);
    json_number(w, cpu.load_15);
    json_close(w);
    json_close(w);
}

static void put_space(struct json_writer *w, const char *key, const char *free_key, int64_t total,
                      int64_t free)
{
    json_key(w, key);
    json_object_open(w);
    put_id_or_null(w, "total_bytes", total);
    put_id_or_null(w, free_key, free);
    json_close(w);
}

/* What computes, as each training service says; one that does not answer is told with null. */
static void put_services(struct json_writer *w, struct app *app)
{
    static const char *const frameworks[] = { "timm", "ultralytics", "huggingface" };

    json_key(w, "services");
    json_array_open(w);
    for (size_t i = 0; app->services && i < sizeof(frameworks) / sizeof(*frameworks); i++) {
        json_t *answer = NULL;
        struct error ignored;
        int status;

        if (!services_know(app->services, frameworks[i]))
            continue;
        if (services_call(app, frameworks[i], "GET", "/health", NULL, SERVICE_SECONDS, &status,
                          &answer, &ignored))
            answer = NULL;
        json_object_open(w);
        json_put_text(w, "framework", frameworks[i]);
        json_put_text(w, "status", json_string_value(json_object_get(answer, "status")));
        json_put_text(w, "device", json_string_value(json_object_get(answer, "device")));
        json_close(w);
        json_decref(answer);
    }
    json_close(w);
}

void route_system(struct call *call)
{
    struct system_memory memory;
    struct system_disk disk = { 0 };
    struct system_process process;
    struct answer answer;
    struct json_writer *w;
    int64_t running;

    if (call_failed(call, jobs_running_count(call->app, &running, &call->err)))
        return;
    system_read_memory(&memory);
    system_read_process(&process);
    system_read_disk(call->app->data_folder, &disk);
    w = answer_open(&answer);
    json_put_text(w, "version", FOVEA_VERSION);
    json_put_number(w, "uptime_seconds", clock_seconds() - call->api->started);
    put_cpu(w);
    put_space(w, "memory", "available_bytes", memory.total_bytes, memory.available_bytes);
    put_space(w, "disk", "free_bytes", disk.total_bytes, disk.free_bytes);
    put_services(w, call->app);
    json_put_int(w, "running_engines", running);
    json_put_int(w, "websockets", websocket_count(call->api->server));
    json_put_int(w, "watchers", live_watcher_count(call->api->live));
    json_put_int(w, "resident_bytes", process.resident_bytes);
    answer_close(call, 200, &answer);
}
