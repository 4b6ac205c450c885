/* model_routes.c - the catalogue over HTTP; all of it readable without an account. */

#include "api/api_internal.h"

#include "app/services/services.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

route_handler route_models_list, route_models_envelope, route_models_get, route_models_guide,
    route_models_compare, route_models_capabilities, route_models_one;

/* Of the records of the catalogue these belong to the guide and not to a list. */
static const char *const guide_keys[] = {
    "use_cases", "pros", "cons", "when_to_use", "when_not_to_use", "alternatives",
    "recommended_settings", "real_world_examples",
};

static const char *text_of(const json_t *item, const char *key)
{
    const char *text = json_string_value(json_object_get(item, key));

    return text ? text : "";
}

/* --- filters --------------------------------------------------------------------------------- */

static bool has_text(const json_t *list, const char *text, size_t length)
{
    const json_t *item;
    size_t i;

    json_array_foreach((json_t *)list, i, item)
    {
        const char *known = json_string_value(item);

        if (known && strlen(known) == length && !strncmp(known, text, length))
            return true;
    }
    return false;
}

static bool has_any_tag(const json_t *item, const char *tags)
{
    while (*tags) {
        size_t length = strcspn(tags, ",");

        if (has_text(json_object_get(item, "tags"), tags, length))
            return true;
        tags += length + (tags[length] == ',');
    }
    return false;
}

static bool is_wanted(struct call *call, const json_t *item)
{
    const char *framework = http_query(call->request, "framework");
    const char *task = task_type_full(http_query(call->request, "task_type"));
    const char *priority = http_query(call->request, "priority");
    const char *tags = http_query(call->request, "tags");

    return (!framework || !strcmp(text_of(item, "framework"), framework)) &&
           (!task || has_text(json_object_get(item, "task_types"), task, strlen(task))) &&
           (!priority || json_integer_value(json_object_get(item, "priority")) ==
                             strtoll(priority, NULL, 10)) &&
           (!tags || has_any_tag(item, tags));
}

/* The wanted ones, without what only the guide shows. */
static json_t *wanted_models(struct call *call)
{
    const char *refresh = http_query(call->request, "refresh");
    json_t *all = services_models(call->app, refresh && *refresh == '1'), *list = json_array();
    json_t *item;
    size_t i;

    json_array_foreach(all, i, item)
    {
        json_t *copy;

        if (!is_wanted(call, item))
            continue;
        copy = json_copy(item);
        for (size_t k = 0; k < sizeof(guide_keys) / sizeof(*guide_keys); k++)
            json_object_del(copy, guide_keys[k]);
        json_array_append_new(list, copy);
    }
    json_decref(all);
    return list;
}

/* --- routes ---------------------------------------------------------------------------------- */

static void send_list(struct call *call, bool envelope)
{
    json_t *list = wanted_models(call);
    json_int_t total = (json_int_t)json_array_size(list);

    http_add_header(call->request, "X-Total-Count",
                    arena_printf(call->arena, "%lld", (long long)total));
    call_send_json(call, 200,
                   envelope ? json_pack("{s:o, s:I}", "models", list, "total", total) : list);
}

void route_models_list(struct call *call)
{
    const char *asked = http_query(call->request, "envelope");
    const char *accept = http_header(call->request, "Accept");

    send_list(call, (asked && *asked == '1') || (accept && strstr(accept, "profile=envelope")));
}

void route_models_envelope(struct call *call)
{
    send_list(call, true);
}

static json_t *find_or_fail(struct call *call, const char *framework, const char *name)
{
    json_t *all, *found;

    if (!framework || !name) {
        call_fail_with(call, 400, "VALIDATION_ERROR", "framework and model_name are required");
        return NULL;
    }
    all = services_models(call->app, false);
    found = json_incref((json_t *)models_find(all, framework, name));
    json_decref(all);
    if (!found)
        call_fail_with(call, 404, "MODEL_NOT_FOUND",
                       arena_printf(call->arena, "Model '%s' not found in framework '%s'", name,
                                    framework));
    return found;
}

void route_models_get(struct call *call)
{
    json_t *model = find_or_fail(call, http_query(call->request, "framework"),
                                 http_query(call->request, "model_name"));

    if (model)
        call_send_json(call, 200, model);
}

void route_models_one(struct call *call)
{
    json_t *model = find_or_fail(call, call->texts[0], call->texts[1]);

    if (model)
        call_send_json(call, 200, model);
}

/* What the record does not say is an empty list or null: clients need no case for it. */
void route_models_guide(struct call *call)
{
    static const char *const lists[] = { "use_cases", "pros", "cons", "alternatives",
                                         "real_world_examples" };
    static const char *const others[] = { "benchmark", "when_to_use", "when_not_to_use",
                                          "recommended_settings", "special_features" };
    json_t *model = find_or_fail(call, http_query(call->request, "framework"),
                                 http_query(call->request, "model_name")), *guide;

    if (!model)
        return;
    guide = json_pack("{s:O}", "model", model);
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        json_t *value = json_object_get(model, lists[i]);

        json_object_set_new(guide, lists[i], value ? json_incref(value) : json_array());
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        json_t *value = json_object_get(model, others[i]);

        json_object_set_new(guide, others[i], value ? json_incref(value) : json_null());
    }
    json_decref(model);
    call_send_json(call, 200, guide);
}

void route_models_compare(struct call *call)
{
    const char *specification = http_query(call->request, "models");
    json_t *list = json_array();
    json_int_t count;

    if (!specification || !*specification) {
        json_decref(list);
        call_fail_with(call, 400, "VALIDATION_ERROR",
                       "models must be a list of framework:model_name, with commas between");
        return;
    }
    while (*specification) {
        size_t length = strcspn(specification, ","), colon = strcspn(specification, ":,");
        json_t *model = NULL;

        if (colon < length)
            model = find_or_fail(call, arena_strndup(call->arena, specification, colon),
                                 arena_strndup(call->arena, specification + colon + 1,
                                               length - colon - 1));
        else
            call_fail_with(call, 400, "VALIDATION_ERROR",
                           "models must be a list of framework:model_name, with commas between");
        if (!model) {
            json_decref(list);
            return;
        }
        json_array_append_new(list, model);
        specification += length + (specification[length] == ',');
    }
    count = (json_int_t)json_array_size(list);
    call_send_json(call, 200, json_pack("{s:o, s:I}", "models", list, "count", count));
}

void route_models_capabilities(struct call *call)
{
    json_t *all = services_models(call->app, false), *models = json_array(), *tasks = json_array();
    json_t *item, *task;
    size_t i, k;

    json_array_foreach(all, i, item)
    {
        if (strcmp(text_of(item, "framework"), call->texts[0]))
            continue;
        json_array_append(models, item);
        json_array_foreach(json_object_get(item, "task_types"), k, task)
            if (!has_text(tasks, json_string_value(task), json_string_length(task)))
                json_array_append(tasks, task);
    }
    json_decref(all);
    if (!json_array_size(models)) {
        json_decref(models);
        json_decref(tasks);
        call_fail_with(call, 404, "NOT_FOUND",
                       arena_printf(call->arena, "Framework '%s' not found", call->texts[0]));
        return;
    }
    call_send_json(call, 200, json_pack("{s:s, s:o, s:o, s:[s,s,s,s]}", "framework", call->texts[0],
                                   "models", models, "task_types", tasks, "dataset_formats",
                                   "imagefolder", "yolo", "coco", "dice"));
}
