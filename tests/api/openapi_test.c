/* openapi_test.c - the description against the tables that it is made of; its validity as OpenAPI
 * and the answers' agreement with it are tests/contract/openapi.test.mjs. */

#include "api/api_internal.h"
#include "api/fields.h"
#include "api_support.h"
#include "test.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static json_t *description(struct platform *p)
{
    platform_open(p);
    return expect(p, 200, "GET", "/openapi.json", NULL, NULL);
}

static const json_t *operation_of(const json_t *document, const struct route *route)
{
    const json_t *item = json_object_get(json_object_get(document, "paths"), route->path);
    char method[8] = "";

    for (size_t i = 0; route->method[i]; i++)
        method[i] = (char)tolower((unsigned char)route->method[i]);
    item = json_object_get(item, method);
    if (!item)
        test_fail(__FILE__, __LINE__, "%s %s is missing", route->method, route->path);
    return item;
}

static const json_t *body_schema(const json_t *operation)
{
    const json_t *content = json_object_get(json_object_get(operation, "requestBody"), "content");

    return json_object_get(json_object_get(content, "application/json"), "schema");
}

TEST(description_has_a_named_operation_for_every_route)
{
    struct platform p;
    json_t *document = description(&p), *names = json_object();

    for (int i = 0; i < api_route_count; i++) {
        const struct route *route = &api_routes[i];
        const json_t *operation = operation_of(document, route);
        const char *name = text_at(operation, "operationId");

        CHECK(name && !json_object_get(names, name));
        json_object_set_new(names, name, json_true());
        CHECK_TEXT(text_at(operation, "summary"), route->summary);
        CHECK((json_object_get(operation, "security") != NULL) ==
              (route->access != ACCESS_OPEN || !strcmp(route->tag, "internal")));
        CHECK((json_object_get(json_object_get(operation, "responses"), "401") != NULL) ||
              route->access == ACCESS_OPEN);
    }
    json_decref(names);
    json_decref(document);
    platform_close(&p);
}

/* Every field of every body: its type, whether it must be there, its range and its default. */
TEST(description_has_every_field_of_every_body)
{
    static const char *const types[] = { [FIELD_INT] = "integer", [FIELD_REAL] = "number",
                                         [FIELD_BOOL] = "boolean", [FIELD_TEXT] = "string",
                                         [FIELD_SELECT] = "string", [FIELD_REALS] = "array" };
    struct platform p;
    json_t *document = description(&p);
    int count = 0;

    for (int i = 0; i < api_route_count; i++) {
        const struct route *route = &api_routes[i];
        const json_t *schema;

        if (!route->fields || route->fields == own_fields)
            continue;
        schema = body_schema(operation_of(document, route));
        if (!schema)
            test_fail(__FILE__, __LINE__, "%s %s has no body", route->method, route->path);
        for (const struct field *f = route->fields; f->name; f++, count++) {
            const json_t *field = json_object_get(json_object_get(schema, "properties"), f->name);
            const char *type = json_string_value(json_array_get(json_object_get(field, "type"), 0));
            const json_t *required = json_object_get(schema, "required");
            bool is_required = false;

            for (size_t j = 0; j < json_array_size(required); j++)
                is_required |= !strcmp(json_string_value(json_array_get(required, j)), f->name);
            CHECK(field && is_required == f->required);
            if (f->type != FIELD_JSON)
                CHECK_TEXT(type, types[f->type]);
            CHECK((json_object_get(field, "minimum") != NULL) == (f->min != f->max));
            CHECK((json_object_get(field, "enum") != NULL) == (f->type == FIELD_SELECT));
            if (f->fallback && f->type != FIELD_REALS)
                CHECK(json_object_get(field, "default"));
        }
    }
    CHECK(count > 50);
    json_decref(document);
    platform_close(&p);
}

TEST(description_says_what_a_job_is_and_how_lists_are_asked_for)
{
    static const struct route route = { .method = "GET",
                                        .path = "/api/v1/projects/{project_id}/experiments" };
    struct platform p;
    json_t *document = description(&p);
    const json_t *operation = operation_of(document, &route), *parameter;
    const json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
    const json_t *job = json_object_get(json_object_get(schemas, "Job"), "properties");
    const json_t *parameters = json_object_get(operation, "parameters"), *schema;
    size_t i;
    int found = 0;

    CHECK(json_array_size(json_object_get(json_object_get(job, "status"), "enum")) == 6);
    CHECK_TEXT(text_at(json_object_get(job, "created_at"), "format"), "date-time");
    json_array_foreach((json_t *)parameters, i, parameter) {
        schema = json_object_get(parameter, "schema");
        if (!strcmp(text_at(parameter, "name"), "project_id")) {
            CHECK_TEXT(text_at(parameter, "in"), "path");
            CHECK_TEXT(text_at(schema, "type"), "integer");
            found++;
        } else if (!strcmp(text_at(parameter, "name"), "per_page")) {
            CHECK(int_at(schema, "minimum") == 1 && int_at(schema, "maximum") == 1000);
            CHECK(int_at(schema, "default") == 20);
            CHECK(json_is_false(json_object_get(parameter, "required")));
            found++;
        }
    }
    CHECK(found == 2);
    json_decref(document);
    platform_close(&p);
}

TEST(description_says_that_files_are_had_in_parts)
{
    static const struct route route = { .method = "GET",
                                        .path = "/api/v1/datasets/{dataset}/file/{path}" };
    struct platform p;
    json_t *document = description(&p);
    const json_t *responses = json_object_get(operation_of(document, &route), "responses");
    const json_t *part = json_object_get(responses, "206");

    CHECK(json_object_get(json_object_get(part, "headers"), "Content-Range"));
    CHECK(json_object_get(part, "content"));
    CHECK(!json_object_get(json_object_get(responses, "304"), "content"));
    CHECK(json_object_get(responses, "416"));
    json_decref(document);
    platform_close(&p);
}

TEST(page_of_the_description_stands_alone)
{
    struct platform p;
    struct reply reply;

    platform_open(&p);
    fetch(&p, "GET", "/docs", NULL, NULL, NULL, &reply);
    CHECK(reply.status == 200);
    CHECK(strstr(reply.headers.text, "Content-Security-Policy: default-src 'none'; script-src 'n"));
    CHECK(strstr(reply.headers.text, "X-Frame-Options: DENY"));
    CHECK(strstr(reply.headers.text, "X-Content-Type-Options: nosniff"));
    CHECK(strstr(reply.headers.text, "Content-Type: text/html; charset=utf-8"));
    CHECK(strstr(reply.text.text, "fetch('/openapi.json')"));
    CHECK(!strstr(reply.text.text, "http://") && !strstr(reply.text.text, "https://"));
    CHECK(!strstr(reply.text.text, "@NONCE@") && strstr(reply.text.text, "</script>"));
    reply_release(&reply);
    fetch(&p, "GET", "/docs", NULL, "Accept-Encoding: gzip", NULL, &reply);
    CHECK(strstr(reply.headers.text, "Content-Encoding: gzip") && reply.text.length < 5000);
    reply_release(&reply);
    platform_close(&p);
}
