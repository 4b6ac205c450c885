/* config_routes.c - schemas, presets and advice on configurations over HTTP. */

#include "api/api_internal.h"
#include "api/fields.h"

#include "app/jobs/config_check.h"
#include "app/services/services.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

route_handler route_config_schema, route_config_defaults, route_config_presets,
    route_config_validate;

/* The schema of a framework without the fields that belong to the job; NULL: answered. */
static json_t *open_schema(struct call *call, const char *framework, const char *task)
{
    json_t *schema, *fields, *wanted = json_array(), *field, *copy;
    size_t i;

    if (services_schema(call->app, framework, task, &schema, &call->err)) {
        json_decref(wanted);
        call_fail(call);
        return NULL;
    }
    fields = json_object_get(json_object_get(schema, "schema"), "fields");
    json_array_foreach(fields, i, field)
        if (!config_is_of_job(json_string_value(json_object_get(field, "name"))))
            json_array_append(wanted, field);
    copy = json_copy(schema);
    json_object_set_new(copy, "schema", json_pack("{s:o}", "fields", wanted));
    if (!json_object_get(copy, "presets"))
        json_object_set_new(copy, "presets", json_object());
    json_decref(schema);
    return copy;
}

static json_t *open_asked_schema(struct call *call, const char *fallback)
{
    const char *framework = http_query(call->request, "framework");

    if (!framework)
        framework = fallback;
    if (framework)
        return open_schema(call, framework, http_query(call->request, "task_type"));
    call_refuse_missing(call, "framework");
    return NULL;
}

void route_config_schema(struct call *call)
{
    json_t *schema = open_asked_schema(call, NULL);

    if (schema)
        call_send_json(call, 200, schema);
}

void route_config_presets(struct call *call)
{
    json_t *schema = open_asked_schema(call, "timm");

    if (!schema)
        return;
    call_send_json(call, 200, json_incref(json_object_get(schema, "presets")));
    json_decref(schema);
}

/* optimizer.type -> {"optimizer": {"type": ...}} */
static void set_nested(json_t *object, const char *name, json_t *value)
{
    const char *dot = strchr(name, '.');

    while (dot) {
        char key[64];
        size_t length = (size_t)(dot - name) < sizeof(key) - 1 ? (size_t)(dot - name)
                                                               : sizeof(key) - 1;
        json_t *inner;

        memcpy(key, name, length);
        key[length] = 0;
        inner = json_object_get(object, key);
        if (!inner) {
            inner = json_object();
            json_object_set_new(object, key, inner);
        }
        object = inner;
        name = dot + 1;
        dot = strchr(name, '.');
    }
    json_object_set(object, name, value);
}

static json_t *defaults_of(const json_t *schema)
{
    const json_t *fields = json_object_get(json_object_get(schema, "schema"), "fields"), *field;
    json_t *defaults = json_object();
    size_t i;

    json_array_foreach((json_t *)fields, i, field)
    {
        json_t *value = json_object_get(field, "default");

        if (value && !json_is_null(value))
            set_nested(defaults, json_string_value(json_object_get(field, "name")), value);
    }
    return defaults;
}

void route_config_defaults(struct call *call)
{
    json_t *schema = open_asked_schema(call, "timm");

    if (!schema)
        return;
    call_send_json(call, 200, defaults_of(schema));
    json_decref(schema);
}

/* --- advice ---------------------------------------------------------------------------------- */

static const json_t *at(const json_t *config, const char *group, const char *name)
{
    return json_object_get(group ? json_object_get(config, group) : config, name);
}

static bool is_above(const json_t *value, double limit)
{
    return json_is_number(value) && json_number_value(value) > limit;
}

static bool is_below(const json_t *value, double limit)
{
    return json_is_number(value) && json_number_value(value) < limit;
}

static int count_augmentations(const json_t *augmentation)
{
    const char *key;
    json_t *value;
    int count = 0;

    json_object_foreach((json_t *)augmentation, key, value)
        count += json_is_true(value) && strcmp(key, "enabled") != 0;
    return count;
}

static void advise(const json_t *config, json_t *warnings, json_t *suggestions)
{
    const json_t *rate = at(config, "optimizer", "learning_rate");
    const json_t *augmentation = json_object_get(config, "augmentation");
    int chosen = count_augmentations(augmentation);

    if (is_above(rate, 0.1))
        json_array_append_new(warnings, json_string("The learning rate is very high (above 0.1): "
                                                    "training may diverge"));
    if (json_is_number(rate) && json_number_value(rate) < 1e-6)
        json_array_append_new(warnings, json_string("The learning rate is very low (below 1e-6): "
                                                    "training will hardly move"));
    if (is_above(rate, 0) && is_above(at(config, "scheduler", "warmup_lr"),
                                      json_number_value(rate) * (1 - 1e-12)))
        json_array_append_new(warnings, json_string("The warm-up begins at or above the learning "
                                                    "rate"));
    if (json_is_true(at(config, "augmentation", "enabled")) && !chosen)
        json_array_append_new(warnings, json_string("Augmentation is on, but none is chosen"));
    if (chosen > 6)
        json_array_append_new(suggestions, json_string("More than 6 augmentations at once slow "
                                                       "learning down: try fewer"));
    if (is_below(at(config, "validation", "early_stopping_patience"), 3))
        json_array_append_new(suggestions, json_string("Early stopping with a patience below 3 "
                                                       "epochs may stop too early"));
    if (json_is_true(json_object_get(config, "mixed_precision")) &&
        is_above(json_object_get(config, "gradient_clip_value"), 10))
        json_array_append_new(suggestions, json_string("With mixed precision, a clipping value of "
                                                       "at most 10 is usual"));
}

void route_config_validate(struct call *call)
{
    struct config_body b = { 0 };
    json_t *schema, *errors = json_array(), *warnings = json_array(), *suggestions = json_array();
    const json_t *config;
    struct config_problem *problems;
    int count;

    if (!call_read_body(call, &b))
        goto end;
    config = b.config ? b.config : b.advanced_config;
    schema = open_schema(call, b.framework, b.task_type);
    if (!schema)
        goto end;
    config_check(schema, config, call->arena, &problems, &count);
    for (int i = 0; i < count; i++)
        json_array_append_new(errors, json_pack("{s:s, s:s}", "field", problems[i].field, "message",
                                                problems[i].message));
    advise(config, warnings, suggestions);
    call_send_json(call, 200,
                   json_pack("{s:b, s:O, s:O, s:O, s:O?}", "valid", !count, "errors", errors,
                             "warnings", warnings, "suggestions", suggestions, "config",
                             (json_t *)config));
    json_decref(schema);
end:
    json_decref(errors);
    json_decref(warnings);
    json_decref(suggestions);
}
