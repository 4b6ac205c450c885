/* metrics_page_test.c - /metrics and /api/v1/system. */

#include "live_support.h"

#include "api/api_internal.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

/* The value of the line that begins with this name, labels included; -1: there is none. */
static double value_of(const char *page, const char *name)
{
    struct str start = STR_INIT;
    const char *found;
    double value = -1;

    str_printf(&start, "\n%s ", name);
    found = strstr(page, start.text);
    if (found)
        value = strtod(found + start.length, NULL);
    str_release(&start);
    return value;
}

static double read_value(const struct platform *p, const char *name)
{
    struct reply reply;
    double value;

    fetch(p, "GET", "/metrics", NULL, NULL, NULL, &reply);
    CHECK(reply.status == 200);
    value = value_of(reply.text.text, name);
    reply_release(&reply);
    return value;
}

#define COUNT(method, route, status)                                                      \
    "fovea_http_request_duration_seconds_count{method=\"" method "\",route=\"" route      \
    "\",status=\"" status "\"}"

TEST(metrics_count_requests_by_route_and_status)
{
    static const char good[] = COUNT("GET", "/api/v1/projects/{project_id}", "2xx");
    static const char bad[] = COUNT("GET", "/api/v1/projects/{project_id}", "4xx");
    static const char none[] = COUNT("", "none", "4xx");
    struct platform p;
    char path[64], *token;
    double nowhere;

    platform_open(&p);
    token = login(&p, "admin@example.com");
    snprintf(path, sizeof(path), "/api/v1/projects/%lld", (long long)new_project(&p, token));
    nowhere = read_value(&p, none);
    CHECK(read_value(&p, good) < 0);
    for (int i = 0; i < 3; i++)
        json_decref(expect(&p, 200, "GET", path, token, NULL));
    json_decref(expect(&p, 404, "GET", "/api/v1/projects/999", token, NULL));
    json_decref(expect(&p, 401, "GET", path, NULL, NULL));
    json_decref(expect(&p, 404, "GET", "/no/such/page", NULL, NULL));
    CHECK(read_value(&p, good) == 3);
    CHECK(read_value(&p, bad) == 2);
    CHECK(read_value(&p, none) == (nowhere < 0 ? 1 : nowhere + 1));
    free(token);
    platform_close(&p);
}

TEST(metrics_have_growing_buckets_and_what_the_contract_names)
{
    static const char *const names[] = { "fovea_queue_length", "fovea_disk_free_bytes",
                                         "fovea_uptime_seconds", "fovea_websockets",
                                         "process_resident_memory_bytes", "process_open_fds",
                                         "fovea_db_read_seconds_count",
                                         "fovea_db_write_seconds_sum" };
    struct platform p;
    struct reply reply;
    double last = 0;
    char *token;

    platform_open(&p);
    token = login(&p, "admin@example.com");
    start_job(&p, new_job(&p, new_project(&p, token), 3));
    fetch(&p, "GET", "/metrics", NULL, NULL, NULL, &reply);
    CHECK(strstr(reply.headers.text, "text/plain; version=0.0.4"));
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (value_of(reply.text.text, names[i]) < 0)
            test_fail(__FILE__, __LINE__, "%s is missing", names[i]);
    CHECK(value_of(reply.text.text, "fovea_jobs{status=\"running\"}") == 1);
    CHECK(value_of(reply.text.text, "process_resident_memory_bytes") > 1e6);
    for (const char *at = reply.text.text;
         (at = strstr(at, "_bucket{method=\"POST\",route=\"/api/v1/auth/login\",status=\"2xx\""));
         at++) {
        double value = strtod(strstr(at, "} ") + 2, NULL);

        CHECK(value >= last);
        last = value;
    }
    CHECK(last >= 1);
    reply_release(&reply);
    free(token);
    platform_close(&p);
}

/* From this machine, but not through a proxy that speaks for others. */
TEST(metrics_from_elsewhere_are_for_administrators_and_services)
{
    static const char proxy[] = "X-Forwarded-For: 203.0.113.7";
    struct platform p;
    struct reply reply;
    struct str headers = STR_INIT;
    char *user, *admin;

    platform_open(&p);
    admin = login(&p, "admin@example.com");
    user = login(&p, "user@example.com");
    fetch(&p, "GET", "/metrics", NULL, proxy, NULL, &reply);
    CHECK(reply.status == 401);
    reply_release(&reply);
    fetch(&p, "GET", "/metrics", user, proxy, NULL, &reply);
    CHECK(reply.status == 403);
    reply_release(&reply);
    fetch(&p, "GET", "/metrics", admin, proxy, NULL, &reply);
    CHECK(reply.status == 200);
    reply_release(&reply);
    str_printf(&headers, "%s\nX-Internal-Auth: %s", proxy, p.app->internal_secret);
    fetch(&p, "GET", "/metrics", NULL, headers.text, NULL, &reply);
    CHECK(reply.status == 200);
    reply_release(&reply);
    str_clear(&headers);
    str_printf(&headers, "%s\nX-Internal-Auth: guess", proxy);
    fetch(&p, "GET", "/metrics", NULL, headers.text, NULL, &reply);
    CHECK(reply.status == 401);
    reply_release(&reply);
    str_release(&headers);
    free(admin);
    free(user);
    platform_close(&p);
}

TEST(system_describes_the_machine_to_users)
{
    struct platform p;
    struct listener l;
    json_t *body;
    char *token, path[1024];

    platform_open(&p);
    token = login(&p, "someone@example.com");
    json_decref(expect(&p, 401, "GET", "/api/v1/system", NULL, NULL));
    snprintf(path, sizeof(path), "/ws?token=%s", token);
    CHECK(listener_open(&l, &p, path, NULL) == 101);
    json_decref(listener_expect(&l, "connected"));
    body = expect(&p, 200, "GET", "/api/v1/system", token, NULL);
    CHECK(int_at(json_object_get(body, "cpu"), "count") >= 1);
    CHECK(json_array_size(json_object_get(json_object_get(body, "cpu"), "load")) == 3);
    CHECK(int_at(json_object_get(body, "memory"), "total_bytes") >
          int_at(json_object_get(body, "memory"), "available_bytes"));
    CHECK(int_at(json_object_get(body, "disk"), "free_bytes") > 0);
    CHECK(int_at(body, "running_engines") == 0 && int_at(body, "websockets") == 1);
    CHECK_TEXT(text_at(body, "version"), FOVEA_VERSION);
    json_decref(body);
    listener_close(&l);
    free(token);
    platform_close(&p);
}
