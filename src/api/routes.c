/* routes.c - the table of routes, and finding one. */

#include "api/routes.h"

#include "api/fields.h"

#include <stdlib.h>
#include <string.h>

#define NO_BODY NULL
#define ROUTE(method, path, access, body, handler, tag, summary) route_handler route_##handler;
#include "api/routes.def"
#undef ROUTE

static const struct route routes[] = {
#define ROUTE(method, path, access, body, handler, tag, summary) \
    { method, path, access, body, route_##handler, tag, summary },
#include "api/routes.def"
#undef ROUTE
};

const struct route *const api_routes = routes;
const int api_route_count = (int)(sizeof(routes) / sizeof(*routes));

extern const struct stream dataset_form_stream, upload_piece_stream, inference_form_stream;

static const struct {
    route_handler *handler;
    const struct stream *stream;
} streams[] = {
    { route_datasets_post, &dataset_form_stream },
    { route_dataset_files_post, &dataset_form_stream },
    { route_upload_put, &upload_piece_stream },
    { route_test_inference, &inference_form_stream },
};

const struct stream *route_stream(const struct route *route)
{
    for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++)
        if (streams[i].handler == route->handler)
            return streams[i].stream;
    return NULL;
}

static route_handler *const slow_handlers[] = {
    /* passwords */
    route_auth_register, route_auth_login, route_auth_password, route_auth_update,
    route_setup_post, route_admin_users_post,
    /* engines that begin or end, and folders that go */
    route_job_start, route_job_stop, route_job_cancel, route_job_restart, route_job_delete,
    route_project_delete, route_admin_project_delete, route_project_clean_up,
    /* engines that compute */
    route_preflight, route_test_inference, route_datasets_check_path, route_dataset_analyze,
    route_dataset_thumbnail,
    /* many files */
    route_datasets_post, route_dataset_files_post, route_dataset_fixes_post,
    route_dataset_split_post, route_dataset_delete, route_upload_commit, route_upload_delete,
};

bool route_is_slow(const struct route *route)
{
    for (size_t i = 0; i < sizeof(slow_handlers) / sizeof(*slow_handlers); i++)
        if (slow_handlers[i] == route->handler)
            return true;
    return false;
}

/* A parameter called path takes all that follows. */
static size_t parameter_length(const char *name, size_t name_length, const char *path)
{
    return name_length == 4 && !memcmp(name, "path", 4) ? strlen(path) : strcspn(path, "/");
}

/* The parameter that begins at "{": a number where its name ends in "id". */
static bool take_parameter(const char *name, size_t name_length, const char *text, size_t length,
                           struct call *call, int index)
{
    bool is_number = name_length >= 2 && !memcmp(name + name_length - 2, "id", 2);
    char *end;

    if (!length || index >= ROUTE_MAX_PARAMETERS)
        return false;
    call->texts[index] = arena_strndup(call->arena, text, length);
    if (!is_number)
        return true;
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    if (length > 18)
        return false;
    call->ids[index] = strtoll(call->texts[index], &end, 10);
    return true;
}

static bool matches(const char *pattern, const char *path, struct call *call)
{
    int index = 0;

    while (*pattern) {
        size_t name_length, length;

        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        name_length = strcspn(pattern + 1, "}");
        length = parameter_length(pattern + 1, name_length, path);
        if (!take_parameter(pattern + 1, name_length, path, length, call, index++))
            return false;
        pattern += name_length + 2;
        path += length;
    }
    return !*path;
}

const struct route *routes_find(struct call *call, const char *method, const char *path,
                                bool *other_method)
{
    *other_method = false;
    if (!strcmp(method, "HEAD"))
        method = "GET";
    for (int i = 0; i < api_route_count; i++) {
        if (!matches(routes[i].path, path, call))
            continue;
        if (!strcmp(routes[i].method, method))
            return &routes[i];
        *other_method = true;
    }
    return NULL;
}
