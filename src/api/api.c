/* api.c - the server: who calls, what route, what answer; see api.h. */

#include "api/account_internal.h"
#include "api/api_internal.h"
#include "api/live/engine_io.h"
#include "api/live/live.h"
#include "api/login_limit.h"
#include "api/metrics_page.h"
#include "api/routes.h"
#include "api/web_ui.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define BODY_LIMIT_BYTES ((size_t)1 << 20)
/* A validation of 1,000 classes is 2 MB, and a trainer reads events of 8 MB (trainer/tail.c). */
#define CALLBACK_LIMIT_BYTES ((size_t)16 << 20)
#define DRAIN_SECONDS 10.0

route_handler route_internal_callback;

/* --- other origins --------------------------------------------------------------------------- */

static bool origin_is_listed(const struct api *api, const char *origin)
{
    const char *list = api->options.origins ? api->options.origins : "";

    while (*list) {
        size_t length = strcspn(list, ",");

        if (strlen(origin) == length && !strncmp(origin, list, length))
            return true;
        list += length + (list[length] == ',');
    }
    return false;
}

/* "http://localhost:8000" against Host "localhost:8000" */
static bool origin_is_ours(struct http_request *request, const char *origin)
{
    const char *host = http_header(request, "Host"), *slashes = strstr(origin, "://");

    return host && slashes && !strcmp(slashes + 3, host);
}

static void allow_origin(const struct api *api, struct http_request *request)
{
    const char *origin = http_header(request, "Origin");

    if (!origin || !origin_is_listed(api, origin))
        return;
    http_add_header(request, "Access-Control-Allow-Origin", origin);
    http_add_header(request, "Access-Control-Allow-Credentials", "true");
    http_add_header(request, "Access-Control-Expose-Headers",
                    "X-Total-Count, X-Request-Id, Retry-After, Content-Disposition, Content-Range, "
                    "ETag, Location, Upload-Offset");
    http_add_header(request, "Vary", "Origin");
}

static void answer_preflight(struct http_request *request)
{
    const char *headers = http_header(request, "Access-Control-Request-Headers");

    http_add_header(request, "Access-Control-Allow-Methods",
                    "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    http_add_header(request, "Access-Control-Allow-Headers",
                    headers ? headers : "Authorization, Content-Type");
    http_add_header(request, "Access-Control-Max-Age", "600");
    http_respond(request, 204, "text/plain", "", 0);
}

/* A page of another site can make the browser send the cookie, but not lie about where it is. */
static bool cookie_may_act(const struct api *api, struct http_request *request)
{
    const char *method = http_method(request), *site = http_header(request, "Sec-Fetch-Site");
    const char *origin = http_header(request, "Origin");

    if (!strcmp(method, "GET") || !strcmp(method, "HEAD"))
        return true;
    if (origin)
        return origin_is_ours(request, origin) || origin_is_listed(api, origin);
    return site && (!strcmp(site, "same-origin") || !strcmp(site, "none"));
}

bool call_refuse_other_site(struct call *call)
{
    const char *origin = http_header(call->request, "Origin");
    const char *site = http_header(call->request, "Sec-Fetch-Site");
    bool foreign = origin ? !origin_is_ours(call->request, origin) &&
                                !origin_is_listed(call->api, origin)
                          : site && strcmp(site, "same-origin") && strcmp(site, "none");

    if (foreign)
        call_fail_with(call, 403, "FORBIDDEN", "This request does not come from this site");
    return foreign;
}

/* --- who ------------------------------------------------------------------------------------- */

static const char *credentials(struct call *call, bool *by_cookie)
{
    const char *header = http_header(call->request, "Authorization");
    const char *key = http_header(call->request, "X-API-Key");

    *by_cookie = false;
    if (header)
        return str_starts_with(header, "Bearer ") ? header + strlen("Bearer ") : "";
    if (key)
        return key;
    *by_cookie = true;
    return http_cookie(call->request, "access_token");
}

/* A handshake is a GET, but what it opens is more than that; browsers send Origin with it. */
const char *call_socket_bearer(struct call *call)
{
    const char *token = http_query(call->request, "token"), *bearer;
    const char *origin = http_header(call->request, "Origin");
    bool by_cookie;

    if (token)
        return token;
    bearer = credentials(call, &by_cookie);
    if (by_cookie && origin && !origin_is_ours(call->request, origin) &&
        !origin_is_listed(call->api, origin))
        return NULL;
    return bearer;
}

bool call_identify(struct call *call)
{
    bool by_cookie;
    const char *bearer = credentials(call, &by_cookie);

    if (!bearer) {
        call_fail_with(call, 401, "UNAUTHORIZED", "Not authenticated");
        return false;
    }
    if (by_cookie && !cookie_may_act(call->api, call->request)) {
        call_fail_with(call, 403, "FORBIDDEN", "This request does not come from this site");
        return false;
    }
    if (!sessions_identify(call->app, bearer, call->arena, &call->user, &call->err))
        return true;
    if (call->err.kind == ERR_DENIED)
        call_fail_with(call, 401, "UNAUTHORIZED", call->err.text);
    else
        call_fail(call);
    return false;
}

/* --- a request ------------------------------------------------------------------------------- */

static struct call *new_call(struct api *api, struct http_request *request)
{
    struct call *call = ARENA_NEW(http_arena(request), struct call);

    call->api = api;
    call->app = api->options.app;
    call->request = request;
    call->arena = http_arena(request);
    return call;
}

/* Of a body that may be large nothing is taken from a stranger. */
static void begin_stream(struct call *call, struct http_plan *plan)
{
    const struct stream *stream = route_stream(call->route);

    if (!stream || !call_identify(call))
        return;
    call->has_stream = true;
    plan->body = stream->begin(call);
    if (plan->body == HTTP_BODY_STREAM)
        plan->limit_bytes = 0;
}

static void begin(void *context, struct http_request *request, struct http_plan *plan)
{
    struct api *api = context;
    struct call *call = new_call(api, request);
    bool other_method;

    http_add_header(request, "X-Content-Type-Options", "nosniff");
    allow_origin(api, request);
    if (!strcmp(http_method(request), "OPTIONS")) {
        answer_preflight(request);
        return;
    }
    call->route = routes_find(call, http_method(request), http_path(request), &other_method);
    if (!call->route) {
        if (!other_method && web_ui_answer(api->web, call))
            return;
        if (other_method)
            call_fail_with(call, 405, "METHOD_NOT_ALLOWED", "Method Not Allowed");
        else
            call_fail_with(call, 404, "NOT_FOUND", "Not Found");
        return;
    }
    http_set_user(request, call);
    plan->body = call->route->fields ? HTTP_BODY_WHOLE : HTTP_BODY_NONE;
    plan->limit_bytes = call->route->handler == route_internal_callback && call_knows_secret(call)
                            ? CALLBACK_LIMIT_BYTES
                            : BODY_LIMIT_BYTES;
    plan->is_slow = route_is_slow(call->route);
    begin_stream(call, plan);
}

static int take_body(void *context, struct http_request *request, const char *data,
                     size_t size_bytes)
{
    struct call *call = http_user(request);

    (void)context;
    return route_stream(call->route)->data(call, data, size_bytes);
}

/* Who calls is looked up here, on a worker: it may have to wait for the database. */
static void finish(void *context, struct http_request *request)
{
    struct call *call = http_user(request);

    (void)context;
    if (call->route->access == ACCESS_OPEN || call->has_stream || call_identify(call)) {
        sessions_note_use(call->app, &call->user);
        call->route->handler(call); /* which responds, upgrades or defers */
    }
}

static void end(void *context, struct http_request *request)
{
    struct call *call = http_user(request);

    (void)context;
    if (call && call->has_stream)
        route_stream(call->route)->end(call);
    if (call)
        json_decref(call->body);
}

static void note_access(void *context, const struct http_access *a)
{
    const struct api *api = context;
    const struct call *call = http_user(a->request);

    metrics_count(api->metrics, call ? call->route : NULL, a);
    if (!api->options.access_log)
        return;
    log_info("%s %s %s %d %lld bytes %.1f ms %s", a->address, a->method, a->path, a->status,
             (long long)a->sent_bytes, 1e3 * a->seconds, a->request_id);
}

/* --- life ------------------------------------------------------------------------------------ */

static void release(struct api *api)
{
    engine_io_free(api->engine_io);
    live_free(api->live);
    login_limit_free(api->logins);
    metrics_free(api->metrics);
    web_ui_free(api->web);
    free(api);
}

int api_open(struct api **out, const struct api_options *options, struct error *err)
{
    struct api *api = calloc(1, sizeof(*api));
    struct http_options http = { .address = options->address ? options->address : "127.0.0.1",
                                 .port = options->port,
                                 .context = api,
                                 .begin = begin,
                                 .body = take_body,
                                 .finish = finish,
                                 .end = end,
                                 .access = note_access };

    BUG_IF(!api);
    api->options = *options;
    api->started = clock_seconds();
    api->logins = login_limit_new();
    api->metrics = metrics_new();
    if (options->web_pack &&
        web_ui_new(&api->web, options->web_pack, options->web_pack_bytes, err)) {
        release(api);
        return -1;
    }
    if (!live_new(&api->live, options->app, err))
        api->engine_io = engine_io_new(api->live);
    if (!api->live || http_server_new(&api->server, &http, err)) {
        release(api);
        return -1;
    }
    app_listen(options->app, live_tell, api->live);
    *out = api;
    return 0;
}

int api_port(const struct api *api)
{
    return http_server_port(api->server);
}

void api_close(struct api *api)
{
    if (!api)
        return;
    app_listen(api->options.app, NULL, NULL);
    engine_io_close(api->engine_io);
    http_server_drain(api->server, DRAIN_SECONDS);
    http_server_free(api->server);
    release(api);
}
