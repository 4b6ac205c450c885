/* field.c - filling a struct from a table; see field.h.  Writing is in field_write.c. */

#include "base/field.h"

#include "base/error.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *field_origin_name(enum field_origin origin)
{
    static const char *const names[] = { "default", "preset", "file", "flag" };

    return names[origin];
}

static void *place(const struct field_values *values, const struct field *field)
{
    return (char *)values->target + field->offset;
}

void field_values_init(struct field_values *values, const struct field *fields, void *target,
                       struct arena *arena)
{
    *values = (struct field_values){ .fields = fields, .target = target, .arena = arena,
                                     .problems = STR_INIT };
    while (fields[values->count].name)
        values->count++;
    values->origins = ARENA_ARRAY(arena, enum field_origin, values->count + 1);
    for (int i = 0; i < values->count; i++)
        if (fields[i].fallback)
            field_set_text(values, fields[i].name, fields[i].fallback, ORIGIN_DEFAULT);
    /* A default that its own field refuses is a mistake in the table. */
    BUG_IF(values->problem_count);
}

void field_values_release(struct field_values *values)
{
    str_release(&values->problems);
}

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
            return false;
    return *a == *b;
}

const struct field *field_find(const struct field_values *values, const char *name)
{
    for (int i = 0; i < values->count; i++)
        if (same_name(values->fields[i].name, name) ||
            (values->fields[i].alias && same_name(values->fields[i].alias, name)))
            return &values->fields[i];
    return NULL;
}

void field_problem(struct field_values *values, const char *format, ...)
{
    va_list list;

    if (values->problem_count++)
        str_add(&values->problems, "; ");
    va_start(list, format);
    str_vprintf(&values->problems, format, list);
    va_end(list);
}

static void unknown(struct field_values *values, const char *name)
{
    const char **names = ARENA_ARRAY(values->arena, const char *, values->count + 1);
    const char *nearest;

    for (int i = 0; i < values->count; i++)
        names[i] = values->fields[i].name;
    nearest = str_nearest(name, names, values->count);
    if (nearest)
        field_problem(values, "unknown field '%s' (did you mean '%s'?)", name, nearest);
    else
        field_problem(values, "unknown field '%s'", name);
}

/* --- one value ------------------------------------------------------------------------------ */

char *field_option(struct arena *arena, const struct field *field, int index)
{
    const char *at = field->options;
    size_t length;

    for (; at && index > 0; index--) {
        at = strchr(at, '|');
        at = at ? at + 1 : NULL;
    }
    if (!at || index < 0)
        return NULL;
    length = strcspn(at, "=|");
    return arena_strndup(arena, at, length);
}

static bool set_number(struct field_values *values, const struct field *field, double number)
{
    if (!isfinite(number)) {
        field_problem(values, "%s must be a finite number", field->name);
        return false;
    }
    if (field->type == FIELD_INT && number != floor(number)) {
        field_problem(values, "%s must be a whole number, not %g", field->name, number);
        return false;
    }
    if (field->min != field->max && (number < field->min || number > field->max)) {
        field_problem(values, "%s must lie between %g and %g, not %g", field->name, field->min,
                      field->max, number);
        return false;
    }
    if (field->type == FIELD_INT)
        *(int64_t *)place(values, field) = (int64_t)number;
    else
        *(double *)place(values, field) = number;
    return true;
}

static bool set_select(struct field_values *values, const struct field *field, const char *text)
{
    char *option;

    for (int i = 0; (option = field_option(values->arena, field, i)); i++)
        if (!strcasecmp(option, text)) {
            *(int *)place(values, field) = i;
            return true;
        }
    struct str all = STR_INIT;

    for (int i = 0; (option = field_option(values->arena, field, i)); i++)
        str_printf(&all, i ? ", %s" : "%s", option);
    field_problem(values, "%s must be one of %s, not '%s'", field->name, all.text, text);
    str_release(&all);
    return false;
}

static bool set_bool(struct field_values *values, const struct field *field, const char *text)
{
    static const char *const yes[] = { "true", "yes", "on", "1" };
    static const char *const no[] = { "false", "no", "off", "0" };

    for (int i = 0; i < 4; i++)
        if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
            *(bool *)place(values, field) = !strcasecmp(text, yes[i]);
            return true;
        }
    field_problem(values, "%s must be true or false, not '%s'", field->name, text);
    return false;
}

static bool parse_number(const char *text, double *number)
{
    char *end;

    errno = 0;
    *number = strtod(text, &end);
    return end != text && !*end && !errno;
}

static bool set_reals(struct field_values *values, const struct field *field,
                      const struct field_reals *reals)
{
    if (field->item_count && reals->count != field->item_count) {
        field_problem(values, "%s takes %d numbers, not %d", field->name, field->item_count,
                      reals->count);
        return false;
    }
    for (int i = 0; i < reals->count; i++)
        if (field->min != field->max &&
            !(reals->items[i] >= field->min && reals->items[i] <= field->max)) {
            field_problem(values, "%s.%d must lie between %g and %g, not %g", field->name, i,
                          field->min, field->max, reals->items[i]);
            return false;
        }
    *(struct field_reals *)place(values, field) = *reals;
    return true;
}

static bool set_reals_text(struct field_values *values, const struct field *field, const char *text)
{
    struct field_reals reals = { 0 };

    for (const char *at = text; *at; reals.count++) {
        size_t length = strcspn(at, ",");
        char *item = arena_strndup(values->arena, at, length);

        if (reals.count == FIELD_MAX_REALS || !parse_number(item, &reals.items[reals.count])) {
            field_problem(values, "%s must be numbers separated by commas, not '%s'", field->name,
                          text);
            return false;
        }
        at += length + (at[length] == ',');
    }
    return set_reals(values, field, &reals);
}

static bool set_text(struct field_values *values, const struct field *field, const char *text)
{
    double number;

    switch (field->type) {
    case FIELD_INT:
    case FIELD_REAL:
        if (parse_number(text, &number))
            return set_number(values, field, number);
        field_problem(values, "%s must be a number, not '%s'", field->name, text);
        return false;
    case FIELD_BOOL:
        return set_bool(values, field, text);
    case FIELD_TEXT:
        *(const char **)place(values, field) = arena_strdup(values->arena, text);
        return true;
    case FIELD_SELECT:
        return set_select(values, field, text);
    case FIELD_REALS:
        return set_reals_text(values, field, text);
    case FIELD_JSON: /* has no form as text */
        *(const json_t **)place(values, field) = NULL;
        return true;
    }
    return false;
}

void field_set_text(struct field_values *values, const char *name, const char *text,
                    enum field_origin origin)
{
    const struct field *field = field_find(values, name);

    if (!field)
        unknown(values, name);
    else if (set_text(values, field, text))
        values->origins[field - values->fields] = origin;
}

/* --- JSON ------------------------------------------------------------------------------------ */

static bool set_any(struct field_values *values, const struct field *field, const json_t *json)
{
    const char *wanted = field->options ? field->options : "";
    bool fits = json_is_null(json) || !*wanted ||
                (!strcmp(wanted, "object") && json_is_object(json)) ||
                (!strcmp(wanted, "array") && json_is_array(json));

    if (fits)
        *(const json_t **)place(values, field) = json_is_null(json) ? NULL : json;
    else
        field_problem(values, "%s must be an %s", field->name, wanted);
    return fits;
}

static bool set_json(struct field_values *values, const struct field *field, const json_t *json)
{
    struct field_reals reals = { 0 };

    if (field->type == FIELD_JSON)
        return set_any(values, field, json);
    if (json_is_null(json) && !field->fallback && field->type == FIELD_TEXT) {
        *(const char **)place(values, field) = NULL;
        return true;
    }
    if (json_is_null(json)) /* null is "not set": the default */
        return set_text(values, field, field->fallback ? field->fallback : "0");
    if ((field->type == FIELD_INT || field->type == FIELD_REAL) && json_is_number(json))
        return set_number(values, field, json_number_value(json));
    if (field->type == FIELD_BOOL && json_is_boolean(json)) {
        *(bool *)place(values, field) = json_is_true(json);
        return true;
    }
    if ((field->type == FIELD_TEXT || field->type == FIELD_SELECT) && json_is_string(json))
        return set_text(values, field, json_string_value(json));
    if (field->type == FIELD_REALS && json_is_array(json) &&
        json_array_size(json) <= FIELD_MAX_REALS) {
        for (size_t i = 0; i < json_array_size(json); i++) {
            if (!json_is_number(json_array_get(json, i)))
                goto wrong;
            reals.items[reals.count++] = json_number_value(json_array_get(json, i));
        }
        return set_reals(values, field, &reals);
    }
wrong:;
    static const char *const expected[] = { "a whole number", "a number", "true or false", "a text",
                                            "a text", "an array of numbers", "JSON" };

    field_problem(values, "%s must be %s", field->name, expected[field->type]);
    return false;
}

void field_set_json(struct field_values *values, const char *name, const json_t *value,
                    enum field_origin origin)
{
    const struct field *field = field_find(values, name);

    if (!field)
        unknown(values, name);
    else if (set_json(values, field, value))
        values->origins[field - values->fields] = origin;
}

void field_set_object(struct field_values *values, const char *prefix, const json_t *object,
                      enum field_origin origin)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object)) {
        field_problem(values, "%s must be an object", prefix && prefix[0] ? prefix : "the value");
        return;
    }
    json_object_foreach((json_t *)object, key, value)
    {
        const char *name = prefix && prefix[0]
                               ? arena_printf(values->arena, "%s.%s", prefix, key)
                               : key;

        if (json_is_object(value))
            field_set_object(values, name, value, origin);
        else
            field_set_json(values, name, value, origin);
    }
}

/* A text may have been set to nothing. */
static bool is_missing(struct field_values *values, int i)
{
    return values->origins[i] == ORIGIN_DEFAULT ||
           (values->fields[i].type == FIELD_TEXT &&
            !*(const char **)place(values, &values->fields[i]));
}

int field_finish(struct field_values *values, const char *what, struct error *err)
{
    for (int i = 0; i < values->count; i++)
        if (values->fields[i].required && is_missing(values, i))
            field_problem(values, "%s is required", values->fields[i].name);
    if (!values->problem_count)
        return 0;
    return FAIL(err, INVALID, "%s does not fit: %s", what, values->problems.text);
}
