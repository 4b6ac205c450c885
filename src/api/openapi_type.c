/* openapi_type.c - types of openapi.def and tables of fields as JSON Schema. */

#include "api/api_internal.h"
#include "api/openapi_internal.h"

#include "base/error.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* --- types ----------------------------------------------------------------------------------- */

/* Up to the separator that is in no brackets: the part's length. */
static size_t part_length(const char *text, char separator)
{
    size_t length = 0;

    for (int depth = 0; text[length] && (depth || text[length] != separator); length++)
        depth += (text[length] == '[') - (text[length] == ']');
    return length;
}

bool openapi_next_part(const char **text, char separator, char part[OPENAPI_PART_SIZE])
{
    size_t length;

    *text += strspn(*text, " ");
    if (!**text)
        return false;
    length = part_length(*text, separator);
    BUG_IF(length >= OPENAPI_PART_SIZE);
    snprintf(part, OPENAPI_PART_SIZE, "%.*s", (int)length, *text);
    *text += length + ((*text)[length] == separator);
    while (length && part[length - 1] == ' ')
        part[--length] = 0;
    return true;
}

void openapi_put_type_name(struct json_writer *w, const char *name, bool or_null)
{
    json_key(w, "type");
    if (!or_null) {
        json_text(w, name);
        return;
    }
    json_array_open(w);
    json_text(w, name);
    json_text(w, "null");
    json_close(w);
}

static void put_either(struct json_writer *w, const char *types)
{
    char part[OPENAPI_PART_SIZE];

    json_object_open(w);
    json_key(w, "anyOf");
    json_array_open(w);
    while (openapi_next_part(&types, '|', part))
        openapi_put_type(w, part);
    json_close(w);
    json_close(w);
}

static void put_reference(struct json_writer *w, const char *name)
{
    struct str path = STR_INIT;

    str_printf(&path, "#/components/schemas/%s", name);
    json_object_open(w);
    json_put_text(w, "$ref", path.text);
    json_close(w);
    str_release(&path);
}

static void put_words(struct json_writer *w, const char *words)
{
    char part[OPENAPI_PART_SIZE];

    json_object_open(w);
    openapi_put_type_name(w, "string", false);
    json_key(w, "enum");
    json_array_open(w);
    while (openapi_next_part(&words, '/', part))
        json_text(w, part);
    json_close(w);
    json_close(w);
}

static void put_array(struct json_writer *w, const char *items)
{
    char inner[OPENAPI_PART_SIZE];

    snprintf(inner, sizeof(inner), "%.*s", (int)strlen(items) - 2, items + 1);
    json_object_open(w);
    openapi_put_type_name(w, "array", false);
    json_key(w, "items");
    openapi_put_type(w, inner);
    json_close(w);
}

static const struct {
    const char *word, *name, *format;
} plain_types[] = {
    { "int", "integer", "int64" }, { "num", "number", "double" },   { "bool", "boolean", NULL },
    { "text", "string", NULL },    { "time", "string", "date-time" }, { "object", "object", NULL },
};

/* false: it is none of them. */
static bool put_plain(struct json_writer *w, const char *word, bool or_null)
{
    for (size_t i = 0; i < sizeof(plain_types) / sizeof(*plain_types); i++) {
        if (strcmp(plain_types[i].word, word))
            continue;
        json_object_open(w);
        openapi_put_type_name(w, plain_types[i].name, or_null);
        if (plain_types[i].format)
            json_put_text(w, "format", plain_types[i].format);
        json_close(w);
        return true;
    }
    return false;
}

void openapi_put_type(struct json_writer *w, const char *type)
{
    char inner[OPENAPI_PART_SIZE], either[OPENAPI_PART_SIZE + 8];
    size_t length = strlen(type);
    bool or_null = length && type[length - 1] == '?';

    snprintf(inner, sizeof(inner), "%.*s", (int)(length - or_null), type);
    snprintf(either, sizeof(either), "%s|null", inner);
    if (type[part_length(type, '|')])
        put_either(w, type);
    else if (!strcmp(inner, "any"))
        json_raw(w, "{}");
    else if (!strcmp(inner, "null"))
        json_raw(w, "{\"type\":\"null\"}");
    else if (put_plain(w, inner, or_null))
        return;
    else if (or_null)
        put_either(w, either);
    else if (*inner == '[')
        put_array(w, inner);
    else if (isupper((unsigned char)*inner))
        put_reference(w, inner);
    else
        put_words(w, inner);
}

void openapi_put_object(struct json_writer *w, const char *members)
{
    const char *at = members;
    char part[OPENAPI_PART_SIZE];

    json_object_open(w);
    openapi_put_type_name(w, "object", false);
    json_key(w, "properties");
    json_object_open(w);
    while (openapi_next_part(&at, ';', part)) {
        char *type = strchr(part, ' ');

        BUG_IF(!type);
        *type++ = 0;
        json_key(w, part + (*part == '~'));
        openapi_put_type(w, type);
    }
    json_close(w);
    json_key(w, "required");
    json_array_open(w);
    while (openapi_next_part(&members, ';', part))
        if (*part != '~') {
            *strchr(part, ' ') = 0;
            json_text(w, part);
        }
    json_close(w);
    json_close(w);
}

/* --- fields of bodies ------------------------------------------------------------------------ */

static void put_options(struct json_writer *w, const struct field *field)
{
    struct arena arena = ARENA_INIT;
    char *option;

    json_key(w, "enum");
    json_array_open(w);
    for (int i = 0; (option = field_option(&arena, field, i)); i++)
        json_text(w, option);
    json_raw(w, "null"); /* as good as absent */
    json_close(w);
    arena_release(&arena);
}

static void put_fallback(struct json_writer *w, const struct field *field)
{
    bool is_text = field->type == FIELD_TEXT || field->type == FIELD_SELECT;

    if (!field->fallback || field->type == FIELD_REALS)
        return;
    json_key(w, "default");
    if (is_text)
        json_text(w, field->fallback);
    else
        json_raw(w, field->fallback);
}

static void put_field(struct json_writer *w, const struct field *f)
{
    static const char *const names[] = {
        [FIELD_INT] = "integer", [FIELD_REAL] = "number",   [FIELD_BOOL] = "boolean",
        [FIELD_TEXT] = "string", [FIELD_SELECT] = "string", [FIELD_REALS] = "array",
    };
    bool is_json = f->type == FIELD_JSON;

    json_key(w, f->name);
    json_object_open(w);
    if (!is_json || f->options)
        openapi_put_type_name(w, is_json ? f->options : names[f->type], true);
    if (f->type == FIELD_SELECT)
        put_options(w, f);
    if (f->type == FIELD_REALS)
        put_json_or_null(w, "items", "{\"type\":\"number\"}");
    if (f->min != f->max) {
        json_put_number(w, "minimum", f->min);
        json_put_number(w, "maximum", f->max);
    }
    put_fallback(w, f);
    if (f->help || f->label)
        json_put_text(w, "description", f->help ? f->help : f->label);
    json_close(w);
}

void openapi_put_fields(struct json_writer *w, const struct field *fields)
{
    json_object_open(w);
    openapi_put_type_name(w, "object", false);
    json_key(w, "properties");
    json_object_open(w);
    for (const struct field *f = fields; f->name; f++)
        put_field(w, f);
    json_close(w);
    json_key(w, "required");
    json_array_open(w);
    for (const struct field *f = fields; f->name; f++)
        if (f->required)
            json_text(w, f->name);
    json_close(w);
    json_close(w);
}
