/* system_routes.c - health, version, the description of everything. */

#include "api/api_internal.h"
#include "api/fields.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

route_handler route_health, route_version, route_openapi;

void route_health(struct call *call)
{
    struct answer answer;
    struct json_writer *w;

    if (db_schema_version(call->app->db) < 1) {
        call_fail_with(call, 503, "UNAVAILABLE", "The database does not answer");
        return;
    }
    w = answer_begin(&answer);
    json_object_open(w);
    json_put_text(w, "status", "healthy");
    json_put_text(w, "service", "backend");
    json_put_text(w, "version", FOVEA_VERSION);
    json_put_number(w, "uptime_seconds", clock_seconds() - call->api->started);
    json_close(w);
    answer_send(call, 200, &answer);
}

void route_version(struct call *call)
{
    struct answer answer;
    struct json_writer *w = answer_begin(&answer);

    json_object_open(w);
    json_put_text(w, "name", "Fovea");
    json_put_text(w, "version", FOVEA_VERSION);
    json_put_int(w, "schema", db_schema_version(call->app->db));
    json_close(w);
    answer_send(call, 200, &answer);
}

/* --- OpenAPI 3.1 ----------------------------------------------------------------------------- */

static const char *const type_names[] = { [FIELD_INT] = "integer", [FIELD_REAL] = "number",
                                          [FIELD_BOOL] = "boolean", [FIELD_TEXT] = "string",
                                          [FIELD_SELECT] = "string", [FIELD_REALS] = "array" };

static void put_schema(struct json_writer *w, const struct field *fields)
{
    json_object_open(w);
    json_put_text(w, "type", "object");
    json_put_bool(w, "additionalProperties", false);
    json_key(w, "properties");
    json_object_open(w);
    for (const struct field *f = fields; f->name; f++) {
        json_key(w, f->name);
        json_object_open(w);
        json_key(w, "type");
        json_array_open(w);
        json_text(w, type_names[f->type]);
        json_text(w, "null");
        json_close(w);
        json_close(w);
    }
    json_close(w);
    json_key(w, "required");
    json_array_open(w);
    for (const struct field *f = fields; f->name; f++)
        if (f->required)
            json_text(w, f->name);
    json_close(w);
    json_close(w);
}

static void put_parameters(struct json_writer *w, const char *path)
{
    json_key(w, "parameters");
    json_array_open(w);
    while ((path = strchr(path, '{'))) {
        size_t length = strcspn(++path, "}");
        struct str name = STR_INIT;

        str_add_bytes(&name, path, length);
        json_object_open(w);
        json_put_text(w, "name", name.text);
        json_put_text(w, "in", "path");
        json_put_bool(w, "required", true);
        json_key(w, "schema");
        json_object_open(w);
        json_put_text(w, "type", str_ends_with(name.text, "id") ? "integer" : "string");
        json_close(w);
        json_close(w);
        str_release(&name);
    }
    json_close(w);
}

static void put_response(struct json_writer *w, const char *status, const char *description)
{
    json_key(w, status);
    json_object_open(w);
    json_put_text(w, "description", description);
    json_close(w);
}

static void put_operation(struct json_writer *w, const struct route *route)
{
    struct str method = STR_INIT;

    for (const char *c = route->method; *c; c++)
        str_add_char(&method, (char)tolower((unsigned char)*c));
    json_key(w, method.text);
    json_object_open(w);
    json_put_text(w, "summary", route->summary);
    json_key(w, "tags");
    json_array_open(w);
    json_text(w, route->tag);
    json_close(w);
    put_parameters(w, route->path);
    if (route->access == ACCESS_USER)
        put_json_or_null(w, "security", "[{\"bearer\":[]}]");
    if (route->fields) {
        json_key(w, "requestBody");
        json_object_open(w);
        json_key(w, "content");
        json_object_open(w);
        json_key(w, "application/json");
        json_object_open(w);
        json_key(w, "schema");
        put_schema(w, route->fields);
        json_close(w);
        json_close(w);
        json_close(w);
    }
    json_key(w, "responses");
    json_object_open(w);
    put_response(w, "2XX", "Done");
    put_response(w, "4XX", "{\"detail\", \"code\"}: why not");
    json_close(w);
    json_close(w);
    str_release(&method);
}

#define INFO                                                   \
    "{\"title\":\"Fovea\",\"version\":\"" FOVEA_VERSION "\"," \
    "\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}}"
#define COMPONENTS \
    "{\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}}}"

/* Routes with the same path stand together in the table. */
void route_openapi(struct call *call)
{
    const char *path = NULL;
    struct answer answer;
    struct json_writer *w = answer_begin(&answer);

    json_object_open(w);
    json_put_text(w, "openapi", "3.1.0");
    put_json_or_null(w, "info", INFO);
    put_json_or_null(w, "components", COMPONENTS);
    json_key(w, "paths");
    json_object_open(w);
    for (int i = 0; i < api_route_count; i++) {
        const struct route *route = &api_routes[i];

        if (!path || strcmp(path, route->path)) {
            if (path)
                json_close(w);
            path = route->path;
            json_key(w, path);
            json_object_open(w);
        }
        put_operation(w, route);
    }
    json_close(w);
    json_close(w);
    json_close(w);
    answer_send(call, 200, &answer);
}
