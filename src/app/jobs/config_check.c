/* config_check.c - see config_check.h. */

#include "app/jobs/config_check.h"

#include <math.h>
#include <string.h>

/* Set by the request, or by the platform alone: paths above all. */
static const char *const of_job[] = {
    "framework",  "task_type", "model_name", "dataset_path", "dataset_format", "num_classes",
    "output_dir", "epochs",    "batch_size", "learning_rate", "optimizer",     "pretrained",
    "weights_dir", "checkpoint_path", "resume", "job_id", "project_id", "split_strategy",
};

bool config_is_of_job(const char *field)
{
    for (size_t i = 0; i < sizeof(of_job) / sizeof(*of_job); i++)
        if (!strcmp(of_job[i], field))
            return true;
    return false;
}

struct checking {
    const json_t *fields;
    json_t *given; /* a field's name to the one it was given by */
    struct arena *arena;
    struct config_problem *problems;
    int count, capacity;
};

static void complain(struct checking *c, const char *field, const char *message)
{
    if (c->count == c->capacity) {
        int capacity = c->capacity ? 2 * c->capacity : 16;
        struct config_problem *grown = ARENA_ARRAY(c->arena, struct config_problem, capacity);

        if (c->count)
            memcpy(grown, c->problems, (size_t)c->count * sizeof(*grown));
        c->problems = grown;
        c->capacity = capacity;
    }
    c->problems[c->count++] = (struct config_problem){ field, message };
}

static const json_t *find_field(const json_t *fields, const char *name)
{
    const json_t *field;
    size_t i;

    json_array_foreach((json_t *)fields, i, field)
    {
        const char *text = json_string_value(json_object_get(field, "name"));
        const char *alias = json_string_value(json_object_get(field, "alias"));

        if ((text && !strcmp(text, name)) || (alias && !strcmp(alias, name)))
            return field;
    }
    return NULL;
}

static const char *text_of(const json_t *field, const char *key)
{
    const char *text = json_string_value(json_object_get(field, key));

    return text ? text : "";
}

/* --- one value ------------------------------------------------------------------------------- */

static void check_number(struct checking *c, const json_t *field, const char *name,
                         const json_t *value)
{
    const json_t *least = json_object_get(field, "min"), *most = json_object_get(field, "max");
    double number = json_number_value(value);

    if (!json_is_number(value))
        complain(c, name, "must be a number");
    else if (json_is_true(json_object_get(field, "integer")) && number != floor(number))
        complain(c, name, "must be a whole number");
    else if (json_is_number(least) && number < json_number_value(least))
        complain(c, name, arena_printf(c->arena, "must be at least %g", json_number_value(least)));
    else if (json_is_number(most) && number > json_number_value(most))
        complain(c, name, arena_printf(c->arena, "must be at most %g", json_number_value(most)));
}

static void check_choice(struct checking *c, const json_t *field, const char *name,
                         const json_t *value)
{
    const json_t *options = json_object_get(field, "options"), *option;
    const char *text = json_string_value(value), *all = "";
    size_t i;

    json_array_foreach((json_t *)options, i, option)
    {
        const char *known = json_is_string(option) ? json_string_value(option)
                                                   : text_of(option, "value");

        if (text && !strcmp(text, known))
            return;
        all = arena_printf(c->arena, "%s%s%s", all, i ? ", " : "", known);
    }
    complain(c, name, arena_printf(c->arena, "must be one of: %s", all));
}

static void check_array(struct checking *c, const json_t *field, const char *name,
                        const json_t *value)
{
    size_t wanted = json_array_size(json_object_get(field, "default")), i;
    const json_t *element;

    if (!json_is_array(value) || (wanted && json_array_size(value) != wanted)) {
        complain(c, name, arena_printf(c->arena, "must be a list of %zu numbers", wanted));
        return;
    }
    json_array_foreach((json_t *)value, i, element)
        check_number(c, field, arena_printf(c->arena, "%s.%zu", name, i), element);
}

static void check_value(struct checking *c, const json_t *field, const char *name,
                        const json_t *value)
{
    const char *type = text_of(field, "type");

    if (json_is_null(value)) /* "not set" */
        return;
    if (!strcmp(type, "number"))
        check_number(c, field, name, value);
    else if (!strcmp(type, "select"))
        check_choice(c, field, name, value);
    else if (!strcmp(type, "array"))
        check_array(c, field, name, value);
    else if (!strcmp(type, "boolean") && !json_is_boolean(value))
        complain(c, name, "must be true or false");
    else if (!strcmp(type, "text") && !json_is_string(value))
        complain(c, name, "must be a text");
}

/* --- all of them ----------------------------------------------------------------------------- */

enum { DEPTH_MOST = 8 };

/* Under two of its names a field would have the value that happens to come last. */
static void check_field(struct checking *c, const json_t *field, const char *name,
                        const json_t *value)
{
    const char *known = text_of(field, "name");
    const char *before = json_string_value(json_object_get(c->given, known));

    if (before)
        complain(c, name, arena_printf(c->arena, "is given twice, as %s too", before));
    json_object_set_new(c->given, known, json_string(name));
    check_value(c, field, name, value);
}

static void check_object(struct checking *c, const char *prefix, const json_t *object, int depth)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        const char *name = *prefix ? arena_printf(c->arena, "%s.%s", prefix, key)
                                   : arena_strdup(c->arena, key);
        const json_t *field = find_field(c->fields, name);

        const char *known = field ? text_of(field, "name") : name;

        if (!*prefix && config_is_of_job(known) && !json_is_object(value))
            complain(c, name, "belongs to the job, not to advanced_config");
        else if (json_is_object(value) && depth < DEPTH_MOST)
            check_object(c, name, value, depth + 1);
        else if (field)
            check_field(c, field, name, value);
        else
            complain(c, name, "unknown field");
    }
}

void config_check(const json_t *schema, const json_t *config, struct arena *arena,
                  struct config_problem **problems, int *count)
{
    const json_t *inner = json_object_get(schema, "schema");
    struct checking c = { .fields = json_object_get(inner ? inner : schema, "fields"),
                          .given = json_object(),
                          .arena = arena };

    check_object(&c, "", config, 0);
    json_decref(c.given);
    *problems = c.problems;
    *count = c.count;
}
