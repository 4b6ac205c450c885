/* arguments.c - see arguments.h. */

#include "base/arguments.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* Compare with '-' and '_' equal, up to the end or '='. */
static bool names_match(const char *name, const char *given, size_t length)
{
    if (!name || strlen(name) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] != given[i] && !(strchr("-_", name[i]) && strchr("-_", given[i])))
            return false;
    return true;
}

static const struct option *find_option(const struct option *options, const char *given,
                                        size_t length)
{
    for (const struct option *o = options; o && o->name; o++)
        if (names_match(o->name, given, length) || names_match(o->alias, given, length))
            return o;
    return NULL;
}

static const struct field *find_field(const struct field *fields, const char *given, size_t length)
{
    for (const struct field *f = fields; f && f->name; f++)
        if (!f->no_flag &&
            (names_match(f->name, given, length) || names_match(f->alias, given, length)))
            return f;
    return NULL;
}

static int unknown(const struct arguments *arguments, const char *given, size_t length,
                   struct error *err)
{
    const char *names[ARGUMENTS_MAX_FIELDS];
    const char *nearest;
    char name[64];
    int count = 0;

    for (const struct option *o = arguments->options; o && o->name; o++)
        names[count++] = o->name;
    for (const struct field *f = arguments->fields; f && f->name; f++) {
        if (count + 2 > ARGUMENTS_MAX_FIELDS)
            break;
        names[count++] = f->name;
        if (f->alias)
            names[count++] = f->alias;
    }
    snprintf(name, sizeof(name), "%.*s", (int)length, given);
    nearest = str_nearest(name, names, count);
    if (nearest)
        return FAIL(err, INVALID, "unknown option '--%s' (did you mean '--%s'?)", name, nearest);
    return FAIL(err, INVALID, "unknown option '--%s'; --help lists them all", name);
}

/* The value after '=' or in the next argument. */
static const char *take_value(const char *given, size_t length, int argc, char **argv, int *at)
{
    if (given[length] == '=')
        return given + length + 1;
    if (*at + 1 < argc)
        return argv[++*at];
    return NULL;
}

static bool looks_bool(const char *text)
{
    return text && (!strcmp(text, "true") || !strcmp(text, "false"));
}

static int parse_one(struct arguments *a, int argc, char **argv, int *at, struct error *err)
{
    const char *given = argv[*at] + 2, *value;
    size_t length = strcspn(given, "=");
    const struct option *option = find_option(a->options, given, length);
    const struct field *field = option ? NULL : find_field(a->fields, given, length);

    if (!option && !field)
        return unknown(a, given, length, err);
    if (option && option->flag) {
        *option->flag = true;
        return given[length] == '='
                   ? FAIL(err, INVALID, "option '--%s' takes no value", option->name)
                   : 0;
    }
    /* A boolean field may stand alone and then means true. */
    if (field && field->type == FIELD_BOOL && given[length] != '=' &&
        (*at + 1 >= argc || !looks_bool(argv[*at + 1])))
        value = "true";
    else
        value = take_value(given, length, argc, argv, at);
    if (!value)
        return FAIL(err, INVALID, "option '--%.*s' needs a value", (int)length, given);
    if (option) {
        *option->text = value;
        return 0;
    }
    if (a->field_count == ARGUMENTS_MAX_FIELDS)
        return FAIL(err, INVALID, "too many options");
    a->field_names[a->field_count] = field->name;
    a->field_texts[a->field_count++] = value;
    return 0;
}

int arguments_parse(struct arguments *a, int argc, char **argv, struct error *err)
{
    bool only_positionals = false;

    a->positionals = argv;
    for (int i = 0; i < argc; i++) {
        if (!only_positionals && !strcmp(argv[i], "--")) {
            only_positionals = true;
        } else if (!only_positionals && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))) {
            a->help = true;
        } else if (!only_positionals && !strncmp(argv[i], "--", 2)) {
            if (parse_one(a, argc, argv, &i, err))
                return -1;
        } else if (!only_positionals && argv[i][0] == '-' && argv[i][1]) {
            return FAIL(err, INVALID, "unknown option '%s'; options begin with '--'", argv[i]);
        } else {
            argv[a->positional_count++] = argv[i];
        }
    }
    if (!a->help && a->positional_count > a->most_positionals)
        return FAIL(err, INVALID, "unexpected argument '%s'; --help shows what fits",
                    a->positionals[a->most_positionals]);
    return 0;
}

void arguments_set_fields(const struct arguments *arguments, struct field_values *values)
{
    for (int i = 0; i < arguments->field_count; i++)
        field_set_text(values, arguments->field_names[i], arguments->field_texts[i], ORIGIN_FLAG);
}

void arguments_help(const struct option *options, struct str *out)
{
    for (const struct option *o = options; o && o->name; o++) {
        struct str left = STR_INIT;

        str_printf(&left, "  --%s", o->name);
        if (o->alias)
            str_printf(&left, ", --%s", o->alias);
        if (o->text)
            str_printf(&left, " %s", o->value_name ? o->value_name : "TEXT");
        str_printf(out, "%-42s %s\n", left.text, o->help);
        str_release(&left);
    }
}
