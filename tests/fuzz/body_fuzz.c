/* The bodies of all routes, as JSON or form, read into the records of their handlers: what does
 * not fit is named, and what fits is text that ends and numbers in their ranges.
 * modules: api app net store base */

#include "api/body.h"
#include "api/fields.h"
#include "api/routes.h"

#include "base/field.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

#define RECORD_BYTES 4096 /* more than any */

static json_t *parse(const uint8_t *data, size_t size_bytes, bool is_form)
{
    char *copy = malloc(size_bytes + 1); /* of just this size, so that reading on is seen */
    struct error err;
    json_t *body;

    memcpy(copy, data, size_bytes);
    body = is_form ? body_from_form(copy, size_bytes)
                   : json_parse(copy, size_bytes, "the body", &err);
    BUG_IF(!body && (is_form || !*err.text));
    free(copy);
    return body;
}

static void check_texts(const struct field *fields, const char *record)
{
    for (const struct field *field = fields; field->name; field++) {
        const char *text;

        if (field->type != FIELD_TEXT)
            continue;
        memcpy(&text, record + field->offset, sizeof(text));
        BUG_IF(text && strlen(text) > 1000000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static _Alignas(16) char record[RECORD_BYTES];
    struct arena arena = ARENA_INIT;
    struct field_values values;
    const struct route *route;
    struct error err;
    const char *key;
    json_t *body, *value;

    if (size_bytes < 2)
        return 0;
    route = &api_routes[data[0] % api_route_count];
    body = parse(data + 2, size_bytes - 2, data[1] & 1);
    if (route->fields && json_is_object(body)) {
        memset(record, 0, sizeof(record));
        field_values_init(&values, route->fields, record, &arena);
        json_object_foreach(body, key, value)
            field_set_json(&values, key, value, ORIGIN_FLAG);
        if (!field_finish(&values, "the body", &err))
            check_texts(route->fields, record);
        else
            BUG_IF(!values.problems.length);
        field_values_release(&values);
    }
    json_decref(body);
    arena_release(&arena);
    return 0;
}
