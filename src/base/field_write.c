/* field_write.c - tables and values as JSON and help texts; see field.h. */

#include "base/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void write_json(const json_t *value, struct json_writer *w)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    json_raw(w, text ? text : "null");
    free(text);
}

void field_write_value(const struct field *field, const void *target, struct json_writer *w)
{
    const void *at = (const char *)target + field->offset;
    const struct field_reals *reals = at;
    struct arena arena = ARENA_INIT;

    switch (field->type) {
    case FIELD_INT:
        json_int(w, *(const int64_t *)at);
        break;
    case FIELD_REAL:
        json_number(w, *(const double *)at);
        break;
    case FIELD_BOOL:
        json_bool(w, *(const bool *)at);
        break;
    case FIELD_TEXT:
        json_text(w, *(const char *const *)at);
        break;
    case FIELD_SELECT:
        json_text(w, field_option(&arena, field, *(const int *)at));
        break;
    case FIELD_REALS:
        json_array_open(w);
        for (int i = 0; i < reals->count; i++)
            json_number(w, reals->items[i]);
        json_close(w);
        break;
    case FIELD_JSON:
        write_json(*(const json_t *const *)at, w);
        break;
    }
    arena_release(&arena);
}

static bool is_in_scope(const struct field_values *values, int field)
{
    int scope = values->fields[field].scope;

    return !scope || !values->scope || scope == values->scope;
}

void field_write_flat(const struct field_values *values, struct json_writer *w)
{
    json_object_open(w);
    for (int i = 0; i < values->count; i++) {
        if (!is_in_scope(values, i))
            continue;
        json_key(w, values->fields[i].name);
        field_write_value(&values->fields[i], values->target, w);
    }
    json_close(w);
}

static void write_options(const struct field *field, struct json_writer *w)
{
    struct arena arena = ARENA_INIT;
    const char *at = field->options;
    char *value;

    json_key(w, "options");
    json_array_open(w);
    for (int i = 0; (value = field_option(&arena, field, i)); i++) {
        size_t length = strcspn(at, "|");
        const char *label = memchr(at, '=', length);

        json_object_open(w);
        json_put_text(w, "value", value);
        json_put_text(w, "label",
                      label ? arena_strndup(&arena, label + 1, length - (size_t)(label + 1 - at))
                            : value);
        json_close(w);
        at += length + (at[length] == '|');
    }
    json_close(w);
    arena_release(&arena);
}

static void write_default(const struct field *field, struct json_writer *w)
{
    /* The default goes through the same parser as everything else. */
    union {
        int64_t integer;
        double real;
        bool flag;
        const char *text;
        int index;
        struct field_reals reals;
    } value = { 0 };
    struct field alone[] = { *field, FIELD_END };
    struct arena arena = ARENA_INIT;
    struct field_values values;

    alone[0].offset = 0;
    field_values_init(&values, alone, &value, &arena);
    json_key(w, "default");
    field_write_value(&alone[0], &value, w);
    field_values_release(&values);
    arena_release(&arena);
}

void field_write_schema(const struct field *fields, struct json_writer *w)
{
    static const char *const types[] = { "number", "number", "boolean", "text", "select", "array" };

    json_array_open(w);
    for (const struct field *f = fields; f->name; f++) {
        json_object_open(w);
        json_put_text(w, "name", f->name);
        if (f->alias)
            json_put_text(w, "alias", f->alias);
        json_put_text(w, "type", types[f->type]);
        json_put_bool(w, "integer", f->type == FIELD_INT);
        json_put_text(w, "label", f->label);
        if (f->help)
            json_put_text(w, "description", f->help);
        write_default(f, w);
        if (f->min != f->max) {
            json_put_number(w, "min", f->min);
            json_put_number(w, "max", f->max);
        }
        if (f->step)
            json_put_number(w, "step", f->step);
        if (f->type == FIELD_SELECT)
            write_options(f, w);
        json_put_text(w, "group", f->group);
        json_put_bool(w, "advanced", f->advanced);
        json_put_bool(w, "required", f->required);
        if (f->visible_when)
            json_put_text(w, "visible_when", f->visible_when);
        json_close(w);
    }
    json_close(w);
}

static void help_line(const struct field *f, struct str *out)
{
    static const char *const types[] = { "N", "X", "[true|false]", "TEXT", "NAME", "X,X" };
    struct str left = STR_INIT;
    struct arena arena = ARENA_INIT;
    char *option;

    str_printf(&left, "  --%s", f->name);
    if (f->alias)
        str_printf(&left, ", --%s", f->alias);
    str_printf(&left, " %s", types[f->type]);
    str_printf(out, "%-42s %s", left.text, f->label);
    if (f->help)
        str_printf(out, ": %s", f->help);
    for (int i = 0; f->type == FIELD_SELECT && (option = field_option(&arena, f, i)); i++)
        str_printf(out, "%s%s", i ? ", " : f->help ? "; " : ": ", option);
    if (f->default_words)
        str_printf(out, " (default: %s)", f->default_words);
    else if (f->fallback && f->fallback[0])
        str_printf(out, " (default %s)", f->fallback);
    str_add_char(out, '\n');
    str_release(&left);
    arena_release(&arena);
}

/* Do both stand under one heading? */
static bool shares_heading(const struct field *a, const struct field *b, int scope)
{
    const char *left = a->group ? a->group : "", *right = b->group ? b->group : "";

    return !strcmp(left, right) && (scope || a->scope == b->scope);
}

static bool is_in_help(const struct field *f, int scope)
{
    return !f->no_flag && (!f->scope || !scope || f->scope == scope);
}

static bool is_first_of_heading(const struct field *fields, const struct field *f, int scope)
{
    for (const struct field *earlier = fields; earlier < f; earlier++)
        if (is_in_help(earlier, scope) && shares_heading(earlier, f, scope))
            return false;
    return true;
}

void field_write_help(const struct field *fields, int scope, const char *const *scope_names,
                      struct str *out)
{
    for (const struct field *f = fields; f->name; f++) {
        if (!is_in_help(f, scope) || !is_first_of_heading(fields, f, scope))
            continue;
        if (f->group && f->scope && !scope)
            str_printf(out, "\n%s (%s):\n", f->group, scope_names[f->scope]);
        else if (f->group)
            str_printf(out, "\n%s:\n", f->group);
        for (const struct field *other = f; other->name; other++)
            if (is_in_help(other, scope) && shares_heading(f, other, scope))
                help_line(other, out);
    }
}

void field_write_origins(const struct field_values *values, struct str *out)
{
    for (int i = 0; i < values->count; i++) {
        struct str value = STR_INIT;
        struct json_writer w;

        if (!is_in_scope(values, i))
            continue;
        json_begin(&w, &value);
        field_write_value(&values->fields[i], values->target, &w);
        str_printf(out, "%-34s %-24s %s\n", values->fields[i].name, value.text,
                   field_origin_name(values->origins[i]));
        str_release(&value);
    }
}
