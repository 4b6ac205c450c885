/* openapi.c - /openapi.json: OpenAPI 3.1, made of routes.def, the fields of bodies and openapi.def.
 *
 * Everything here is constant, so the document is too; it is written anew each time, which takes
 * less than a millisecond. */

#include "api/api_internal.h"
#include "api/fields.h"
#include "api/openapi_internal.h"

#include "base/error.h"
#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

route_handler route_openapi;

#define STATUS_ANY "2XX"

static const char *const handler_names[] = {
#define ROUTE(method, path, access, body, handler, tag, summary) #handler,
#include "api/routes.def"
#undef ROUTE
};

static const struct schema {
    const char *name, *members;
} schemas[] = {
#define SCHEMA(name, members) { #name, members },
#define DESCRIBE(handler, status, answer, query, body)
#include "api/openapi.def"
#undef SCHEMA
#undef DESCRIBE
};

static const struct description {
    const char *handler, *status, *answer, *query, *body;
} descriptions[] = {
#define SCHEMA(name, members)
#define DESCRIBE(handler, status, answer, query, body) { #handler, #status, answer, query, body },
#include "api/openapi.def"
#undef SCHEMA
#undef DESCRIBE
};

static const struct description *find_description(int route)
{
    static const struct description none = { "", STATUS_ANY, "any", "", "" };

    for (size_t i = 0; i < sizeof(descriptions) / sizeof(*descriptions); i++)
        if (!strcmp(descriptions[i].handler, handler_names[route]))
            return &descriptions[i];
    return &none;
}

/* --- operations ------------------------------------------------------------------------------ */

static void open_parameter(struct json_writer *w, const char *name, const char *in, bool required)
{
    json_object_open(w);
    json_put_text(w, "name", name);
    json_put_text(w, "in", in);
    json_put_bool(w, "required", required);
    json_key(w, "schema");
}

static void put_path_parameters(struct json_writer *w, const char *path)
{
    while ((path = strchr(path, '{'))) {
        char name[OPENAPI_PART_SIZE];

        snprintf(name, sizeof(name), "%.*s", (int)strcspn(path + 1, "}"), path + 1);
        open_parameter(w, name, "path", true);
        if (str_ends_with(name, "id"))
            json_raw(w, "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0}");
        else
            openapi_put_type(w, "text");
        json_close(w);
        path++;
    }
}

/* "1..100", "1..", "=20": members of a schema. */
static void put_limit(struct json_writer *w, const char *text)
{
    const char *dots = strstr(text, "..");

    if (*text == '=') {
        json_key(w, "default");
        json_raw(w, text + 1);
    } else if (dots) {
        json_put_int(w, "minimum", strtoll(text, NULL, 10));
        if (dots[2])
            json_put_int(w, "maximum", strtoll(dots + 2, NULL, 10));
    }
}

/* "limit int 1..100 =20", "status pending/running", "models text !" */
static void put_query_parameter(struct json_writer *w, const char *text)
{
    char name[OPENAPI_PART_SIZE], type[OPENAPI_PART_SIZE], limit[OPENAPI_PART_SIZE];

    BUG_IF(!openapi_next_part(&text, ' ', name) || !openapi_next_part(&text, ' ', type));
    open_parameter(w, name, "query", strchr(text, '!') != NULL);
    if (strcmp(type, "int")) {
        openapi_put_type(w, type);
    } else {
        json_object_open(w);
        openapi_put_type_name(w, "integer", false);
        while (openapi_next_part(&text, ' ', limit))
            put_limit(w, limit);
        json_close(w);
    }
    json_close(w);
}

static void put_parameters(struct json_writer *w, const char *path, const char *query)
{
    char part[OPENAPI_PART_SIZE];

    json_key(w, "parameters");
    json_array_open(w);
    put_path_parameters(w, path);
    while (openapi_next_part(&query, ';', part))
        put_query_parameter(w, part);
    json_close(w);
}

/* One kind of content, with its schema between these two. */
static void open_content(struct json_writer *w, const char *type)
{
    json_key(w, type);
    json_object_open(w);
    json_key(w, "schema");
}

static void put_own_body(struct json_writer *w, const char *body)
{
    static const char multipart[] = "multipart ";
    bool is_multipart = str_starts_with(body, multipart);

    open_content(w, is_multipart             ? "multipart/form-data"
                    : !strcmp(body, "plain") ? "text/plain"
                    : !strcmp(body, "bytes") ? "application/octet-stream"
                                             : "*/*");
    if (is_multipart)
        openapi_put_object(w, body + strlen(multipart));
    else
        json_raw(w, "{}");
    json_close(w);
}

static void put_body(struct json_writer *w, const struct route *route, const char *body)
{
    bool has_fields = route->fields && route->fields != own_fields, is_form = !strcmp(body, "form");

    json_key(w, "requestBody");
    json_object_open(w);
    json_key(w, "content");
    json_object_open(w);
    if (has_fields) {
        open_content(w, "application/json");
        openapi_put_fields(w, route->fields);
        json_close(w);
    }
    if (is_form) {
        open_content(w, "application/x-www-form-urlencoded");
        openapi_put_fields(w, route->fields);
        json_close(w);
    }
    if (!is_form && (!has_fields || *body))
        put_own_body(w, body);
    json_close(w);
    json_close(w);
}

static const struct {
    const char *word, *content;
} files[] = { { "file", "application/octet-stream" },
              { "html", "text/html" },
              { "plain", "text/plain" } };

static void put_answer(struct json_writer *w, const char *handler,
                       const struct description *description)
{
    const char *content = "application/json";

    json_key(w, description->status);
    json_object_open(w);
    json_put_text(w, "description", strcmp(description->status, "101") ? "Done" : "A WebSocket");
    openapi_put_headers(w, handler, description->status, !strcmp(description->answer, "file"));
    if (strcmp(description->answer, "none")) {
        bool is_file = false;

        for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
            if (!strcmp(files[i].word, description->answer)) {
                content = files[i].content;
                is_file = true;
            }
        json_key(w, "content");
        json_object_open(w);
        open_content(w, content);
        openapi_put_type(w, is_file ? "text" : description->answer);
        json_close(w);
        json_close(w);
    }
    json_close(w);
}

/* What else becomes of a file, by the headers of the request. */
static const struct {
    const char *status, *description, *content;
} file_answers[] = {
    { "206", "The part that Range asks for", "application/octet-stream" },
    { "304", "It is what If-None-Match names", NULL },
    { "416", "It has no such part", "text/plain" },
};

static void put_file_answers(struct json_writer *w, const char *handler)
{
    for (size_t i = 0; i < sizeof(file_answers) / sizeof(*file_answers); i++) {
        json_key(w, file_answers[i].status);
        json_object_open(w);
        json_put_text(w, "description", file_answers[i].description);
        openapi_put_headers(w, handler, file_answers[i].status, true);
        if (file_answers[i].content) {
            json_key(w, "content");
            json_object_open(w);
            open_content(w, file_answers[i].content);
            openapi_put_type(w, "text");
            json_close(w);
            json_close(w);
        }
        json_close(w);
    }
}

static bool always(const struct route *route)
{
    return route != NULL;
}

static bool when_it_writes(const struct route *route)
{
    return strcmp(route->method, "GET") != 0;
}

static bool has_tag(const struct route *route, const char *tags)
{
    return strstr(tags, route->tag) != NULL;
}

static bool when_it_takes_shapes(const struct route *route)
{
    return when_it_writes(route) || has_tag(route, "training jobs projects"); /* or the query has */
}

static bool when_it_asks_who(const struct route *route)
{
    return route->access != ACCESS_OPEN || has_tag(route, "auth system internal");
}

static bool when_it_names_something(const struct route *route)
{
    return route->access != ACCESS_OPEN || strchr(route->path, '{') ||
           has_tag(route, "models training internal");
}

static bool when_it_is_limited(const struct route *route)
{
    return has_tag(route, "auth invitations");
}

/* Socket.IO has errors of its own. */
static bool when_it_is_of_socket_io(const struct route *route)
{
    return !strcmp(route->path, "/socket.io/");
}

static bool when_it_is_not(const struct route *route)
{
    return !when_it_is_of_socket_io(route);
}

static bool when_it_upgrades(const struct route *route)
{
    return !strncmp(route->path, "/ws", 3) || !strncmp(route->path, "/api/v1/ws", 10);
}

static const struct problem {
    const char *status, *name, *description, *schema;
    bool (*may_happen)(const struct route *route);
} problems[] = {
    { "400", "BadRequest", "It makes no sense, or not now", "Error", when_it_is_not },
    { "400", "EngineRefused", "What Engine.IO says of it", "EngineError",
      when_it_is_of_socket_io },
    { "401", "Unauthorized", "No credentials, or none that count", "Error", when_it_asks_who },
    { "403", "Forbidden", "Not allowed for this user", "Error", when_it_asks_who },
    { "404", "NotFound", "Not there, or not for this user", "Error", when_it_names_something },
    { "409", "Conflict", "It is in use, or exists already", "Error", when_it_writes },
    { "413", "TooLarge", "The body is too large", "any", when_it_writes },
    { "422", "Invalid", "The body or the query has the wrong shape", "ValidationError",
      when_it_takes_shapes },
    { "426", "UpgradeRequired", "It has to ask for a WebSocket", "Error", when_it_upgrades },
    { "429", "TooMany", "Too often; see Retry-After", "Error", when_it_is_limited },
    { "500", "Internal", "An error of the server", "any", always },
    { "503", "Unavailable", "Something that is needed does not answer", "any", always },
    { "507", "NoSpace", "The disk is full", "Error", when_it_writes },
};

static void put_responses(struct json_writer *w, const struct route *route, const char *handler,
                          const struct description *description)
{
    json_key(w, "responses");
    json_object_open(w);
    put_answer(w, handler, description);
    if (!strcmp(description->answer, "file"))
        put_file_answers(w, handler);
    for (size_t i = 0; i < sizeof(problems) / sizeof(*problems); i++) {
        struct str path = STR_INIT;

        if (!problems[i].may_happen(route))
            continue;
        str_printf(&path, "#/components/responses/%s", problems[i].name);
        json_key(w, problems[i].status);
        json_object_open(w);
        json_put_text(w, "$ref", path.text);
        json_close(w);
        str_release(&path);
    }
    json_close(w);
}

/* The handler's name; the second route of a handler is called name_2. */
static void put_operation_id(struct json_writer *w, int route)
{
    struct str id = STR_INIT;
    int times = 1;

    for (int i = 0; i < route; i++)
        times += !strcmp(handler_names[i], handler_names[route]);
    str_add(&id, handler_names[route]);
    if (times > 1)
        str_printf(&id, "_%d", times);
    json_put_text(w, "operationId", id.text);
    str_release(&id);
}

static void put_operation(struct json_writer *w, int index)
{
    const struct route *route = &api_routes[index];
    const struct description *description = find_description(index);
    char method[OPENAPI_PART_SIZE];
    size_t length = 0;

    for (const char *c = route->method; *c; c++)
        method[length++] = (char)tolower((unsigned char)*c);
    method[length] = 0;
    json_key(w, method);
    json_object_open(w);
    put_operation_id(w, index);
    json_put_text(w, "summary", route->summary);
    json_key(w, "tags");
    json_array_open(w);
    json_text(w, route->tag);
    json_close(w);
    put_parameters(w, route->path, description->query);
    if (route->access != ACCESS_OPEN)
        put_json_or_null(w, "security", "[{\"bearer\":[]},{\"apiKey\":[]},{\"session\":[]}]");
    else if (!strcmp(route->tag, "internal"))
        put_json_or_null(w, "security", "[{\"internal\":[]}]");
    if (route->fields || *description->body)
        put_body(w, route, description->body);
    put_responses(w, route, handler_names[index], description);
    json_close(w);
}

/* --- the document ---------------------------------------------------------------------------- */

#define INFO                                                                                \
    "{\"title\":\"Fovea\",\"version\":\"" FOVEA_VERSION "\","                               \
    "\"description\":\"Training vision models on one's own machine.\","                     \
    "\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}}"
#define SECURITY_SCHEMES                                                                    \
    "{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\","        \
    "\"description\":\"An access token, or an API key\"},"                                  \
    "\"apiKey\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\"},"            \
    "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"access_token\","         \
    "\"description\":\"Set by a login; acts only for pages of this site\"},"                \
    "\"internal\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Internal-Auth\"}}"

static void put_components(struct json_writer *w)
{
    json_key(w, "components");
    json_object_open(w);
    put_json_or_null(w, "securitySchemes", SECURITY_SCHEMES);
    json_key(w, "schemas");
    json_object_open(w);
    for (size_t i = 0; i < sizeof(schemas) / sizeof(*schemas); i++) {
        json_key(w, schemas[i].name);
        openapi_put_object(w, schemas[i].members);
    }
    json_close(w);
    json_key(w, "responses");
    json_object_open(w);
    for (size_t i = 0; i < sizeof(problems) / sizeof(*problems); i++) {
        json_key(w, problems[i].name);
        json_object_open(w);
        json_put_text(w, "description", problems[i].description);
        openapi_put_headers(w, "", problems[i].status, false);
        json_key(w, "content");
        json_object_open(w);
        open_content(w, "application/json");
        openapi_put_type(w, problems[i].schema);
        json_close(w);
        json_close(w);
        json_close(w);
    }
    json_close(w);
    json_close(w);
}

/* Is this the first route of its path?  Others of the path may stand anywhere. */
static bool is_first_of_path(int route)
{
    for (int i = 0; i < route; i++)
        if (!strcmp(api_routes[i].path, api_routes[route].path))
            return false;
    return true;
}

static void put_document(struct json_writer *w)
{
    json_object_open(w);
    json_put_text(w, "openapi", "3.1.0");
    put_json_or_null(w, "info", INFO);
    put_json_or_null(w, "servers", "[{\"url\":\"/\"}]");
    json_key(w, "paths");
    json_object_open(w);
    for (int i = 0; i < api_route_count; i++) {
        if (!is_first_of_path(i))
            continue;
        json_key(w, api_routes[i].path);
        json_object_open(w);
        for (int j = i; j < api_route_count; j++)
            if (!strcmp(api_routes[j].path, api_routes[i].path))
                put_operation(w, j);
        json_close(w);
    }
    json_close(w);
    put_components(w);
    json_close(w);
}

void api_write_openapi(struct str *text)
{
    struct json_writer w;

    json_begin(&w, text);
    put_document(&w);
}

void route_openapi(struct call *call)
{
    struct answer answer;

    put_document(answer_begin(&answer));
    answer_send(call, 200, &answer);
}
