/* body.c - from the bytes of a body to a checked struct; see api_internal.h. */

#include "api/api_internal.h"
#include "api/body.h"

#include "base/error.h"
#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* --- forms ----------------------------------------------------------------------------------- */

static int hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* "%41+b" -> "A b"; what is no escape stays as it is. */
static void decode_form(const char *text, size_t length, struct str *out)
{
    str_clear(out);
    for (size_t i = 0; i < length; i++) {
        bool escaped = text[i] == '%' && i + 2 < length && hex(text[i + 1]) >= 0 &&
                       hex(text[i + 2]) >= 0;

        if (escaped) {
            str_add_char(out, (char)(hex(text[i + 1]) * 16 + hex(text[i + 2])));
            i += 2;
        } else {
            str_add_char(out, text[i] == '+' ? ' ' : text[i]);
        }
    }
}

json_t *body_from_form(const char *text, size_t length)
{
    json_t *object = json_object();
    struct str name = STR_INIT, value = STR_INIT;
    const char *end = text + length;

    BUG_IF(!object);
    while (text < end) {
        const char *stop = memchr(text, '&', (size_t)(end - text));
        const char *equals;

        if (!stop)
            stop = end;
        equals = memchr(text, '=', (size_t)(stop - text));
        if (equals) {
            json_t *string = NULL;

            decode_form(text, (size_t)(equals - text), &name);
            decode_form(equals + 1, (size_t)(stop - equals - 1), &value);
            if (strlen(name.text) == name.length && strlen(value.text) == value.length)
                string = json_stringn(value.text, value.length); /* NULL: no UTF-8 */
            if (string)
                json_object_set_new(object, name.text, string);
        }
        text = stop + 1;
    }
    str_release(&name);
    str_release(&value);
    return object;
}

/* --- problems -------------------------------------------------------------------------------- */

struct problems {
    struct answer answer;
    struct json_writer *w;
};

static void problems_begin(struct problems *p)
{
    p->w = answer_begin(&p->answer);
    json_object_open(p->w);
    json_key(p->w, "detail");
    json_array_open(p->w);
}

static void problems_add(struct problems *p, const char *place, const char *name,
                         const char *message, size_t length)
{
    struct str text = STR_INIT;

    str_add_bytes(&text, message, length);
    json_object_open(p->w);
    json_key(p->w, "loc");
    json_array_open(p->w);
    json_text(p->w, place);
    if (name)
        json_text(p->w, name);
    json_close(p->w);
    json_put_text(p->w, "msg", text.text);
    json_put_text(p->w, "type", str_ends_with(text.text, "is required") ? "value_error.missing"
                                                                       : "value_error");
    json_close(p->w);
    str_release(&text);
}

static void problems_send(struct call *call, struct problems *p)
{
    json_close(p->w);
    json_put_text(p->w, "code", "VALIDATION_ERROR");
    json_close(p->w);
    answer_send(call, 422, &p->answer);
}

/* Problems of a field begin with its name. */
static const char *field_of(const struct call *call, const char *message)
{
    for (const struct field *f = call->route->fields; f->name; f++) {
        size_t length = strlen(f->name);

        if (!strncmp(message, f->name, length) && message[length] == ' ')
            return f->name;
    }
    return NULL;
}

void call_refuse_fields(struct call *call, const char *const *names, const char *const *messages,
                        int count)
{
    struct problems p;

    problems_begin(&p);
    for (int i = 0; i < count; i++)
        problems_add(&p, "body", names[i], messages[i], strlen(messages[i]));
    problems_send(call, &p);
}

static void refuse_parameter(struct call *call, const char *parameter, const char *message)
{
    struct problems p;

    problems_begin(&p);
    problems_add(&p, "query", parameter, message, strlen(message));
    problems_send(call, &p);
}

void call_refuse_missing(struct call *call, const char *parameter)
{
    refuse_parameter(call, parameter, arena_printf(call->arena, "%s is required", parameter));
}

bool call_read_query_word(struct call *call, const char *name, const char *const *words,
                          int word_count, const char **value)
{
    struct str message = STR_INIT;

    *value = http_query(call->request, name);
    if (!*value || !**value) {
        *value = NULL;
        return true;
    }
    for (int i = 0; i < word_count; i++)
        if (!strcmp(*value, words[i]))
            return true;
    str_printf(&message, "%s must be ", name);
    for (int i = 0; i < word_count; i++)
        str_printf(&message, "%s%s", i == 0 ? "" : i + 1 < word_count ? ", " : " or ", words[i]);
    refuse_parameter(call, name, message.text);
    str_release(&message);
    return false;
}

/* The table of fields puts "; " between problems. */
static void send_field_problems(struct call *call, const char *list)
{
    struct problems p;

    problems_begin(&p);
    while (*list) {
        const char *end = strstr(list, "; ");
        size_t length = end ? (size_t)(end - list) : strlen(list);

        problems_add(&p, "body", field_of(call, list), list, length);
        list += length + (end ? strlen("; ") : 0);
    }
    problems_send(call, &p);
}

static bool refuse_body(struct call *call, const char *message)
{
    struct problems p;

    problems_begin(&p);
    problems_add(&p, "body", NULL, message, strlen(message));
    problems_send(call, &p);
    return false;
}

/* --- reading --------------------------------------------------------------------------------- */

/* curl says "form" of any body unless it is told otherwise: what begins with a brace is JSON. */
static bool is_form(const struct call *call, const char *text)
{
    const char *type = http_header(call->request, "Content-Type");

    return type && str_starts_with(type, "application/x-www-form-urlencoded") && *text != '{';
}

bool call_parse_body(struct call *call)
{
    size_t length;
    const char *text = http_body(call->request, &length);

    if (is_form(call, text)) {
        call->body = body_from_form(text, length);
        return true;
    }
    if (!length) { /* as good as {}: what is required is missing then */
        call->body = json_object();
        return true;
    }
    call->body = json_parse(text, length, "the body", &call->err);
    if (!call->body)
        return refuse_body(call, call->err.text);
    if (!json_is_object(call->body))
        return refuse_body(call, "the body must be a JSON object");
    return true;
}

bool call_has(const struct call *call, const char *name)
{
    return json_object_get(call->body, name) != NULL;
}

bool call_read_body(struct call *call, void *record)
{
    return call_read_nested_body(call, NULL, record);
}

/* null is as good as absent. */
static void set_members(struct field_values *values, const json_t *object)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
        if (!json_is_null(value))
            field_set_json(values, key, value, ORIGIN_FLAG);
}

bool call_read_nested_body(struct call *call, const char *inner, void *record)
{
    struct field_values values;
    const json_t *within;
    bool good;

    if (!call_parse_body(call))
        return false;
    field_values_init(&values, call->route->fields, record, call->arena);
    set_members(&values, call->body);
    within = inner ? json_object_get(call->body, inner) : NULL;
    if (json_is_object(within))
        set_members(&values, within);
    good = !field_finish(&values, "the body", &call->err);
    if (!good)
        send_field_problems(call, values.problems.text);
    field_values_release(&values);
    return good;
}
