/* catalogue.c - see catalogue.h. */

#include "trainer/catalogue.h"

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "trainer/capture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ENGINE_SECONDS 30.0
#define CACHE_LIMIT ((size_t)16 << 20)

struct catalogue {
    pthread_mutex_t lock;
    json_t *content; /* {key, models, schemas, device} */
};

struct catalogue *catalogue_new(void)
{
    struct catalogue *catalogue = calloc(1, sizeof(*catalogue));

    BUG_IF(!catalogue || pthread_mutex_init(&catalogue->lock, NULL));
    return catalogue;
}

void catalogue_free(struct catalogue *catalogue)
{
    if (!catalogue)
        return;
    json_decref(catalogue->content);
    pthread_mutex_destroy(&catalogue->lock);
    free(catalogue);
}

/* --- asking the engine ----------------------------------------------------------------------- */

/* What `fovea-engine WORDS` prints. */
static int ask(const struct trainer *trainer, const char *const *words, struct str *out,
               struct error *err)
{
    const char *argv[8] = { trainer->engine };
    struct capture_options options = { .argv = argv, .timeout_seconds = ENGINE_SECONDS,
                                       .give_up = &trainer->is_stopping };
    struct capture capture;
    int result;

    for (int i = 0; words[i]; i++)
        argv[i + 1] = words[i];
    result = capture_run(&capture, &options, err);
    if (!result && capture.exit_code)
        result = FAIL(err, UNAVAILABLE, "fovea-engine %s: %s", words[0], capture_reason(&capture));
    if (!result)
        str_add_bytes(out, capture.output.text, capture.output.length);
    capture_release(&capture);
    return result;
}

static json_t *ask_json(const struct trainer *trainer, const char *const *words, struct error *err)
{
    struct str text = STR_INIT;
    json_t *answer = ask(trainer, words, &text, err)
                         ? NULL
                         : json_parse(text.text, text.length, words[0], err);

    str_release(&text);
    return answer;
}

/* The line "device: ..." of `fovea-engine version`. */
static json_t *ask_device(const struct trainer *trainer, struct error *err)
{
    static const char *const words[] = { "version", NULL };
    static const char label[] = "device: ";
    struct str text = STR_INIT;
    const char *line;
    json_t *device = NULL;

    if (!ask(trainer, words, &text, err)) {
        line = strstr(text.text, label);
        line = line ? line + strlen(label) : "cpu";
        device = json_stringn(line, strcspn(line, "\n"));
    }
    str_release(&text);
    return device;
}

/* --- both spellings -------------------------------------------------------------------------- */

static void add_spellings(json_t *models)
{
    static const char *const pairs[][2] = { { "params", "parameters" },
                                            { "input_size", "default_image_size" },
                                            { "pretrained_available", "pretrained" } };
    json_t *model;
    size_t i;

    json_array_foreach(models, i, model) {
        for (size_t j = 0; j < sizeof(pairs) / sizeof(*pairs); j++) {
            json_t *first = json_object_get(model, pairs[j][0]);
            json_t *second = json_object_get(model, pairs[j][1]);

            if (first && !second)
                json_object_set(model, pairs[j][1], first);
            else if (second && !first)
                json_object_set(model, pairs[j][0], second);
        }
    }
}

/* --- keeping it ------------------------------------------------------------------------------ */

static void add_file(struct str *key, const char *path)
{
    struct stat status = { 0 };

    if (stat(path, &status))
        status = (struct stat){ 0 };
    str_printf(key, "%s:%lld:%lld.%09ld;", path,
               S_ISDIR(status.st_mode) ? 0LL : (long long)status.st_size,
               (long long)status.st_mtim.tv_sec, (long)status.st_mtim.tv_nsec);
}

static bool has_key(const json_t *content, const char *key)
{
    const char *text = json_string_value(json_object_get(content, "key"));

    return text && !strcmp(text, key);
}

static json_t *read_cache(const char *path, const char *key)
{
    struct str text = STR_INIT;
    struct error ignored;
    json_t *content = NULL;

    if (!file_read(path, CACHE_LIMIT, &text, &ignored))
        content = json_parse(text.text, text.length, path, &ignored);
    str_release(&text);
    if (content && has_key(content, key) && json_is_array(json_object_get(content, "models")) &&
        json_is_object(json_object_get(content, "schemas")))
        return content;
    json_decref(content);
    return NULL;
}

static void write_cache(const char *path, const json_t *content)
{
    char *text = json_dumps(content, JSON_COMPACT | JSON_REAL_PRECISION(17));
    struct error err;

    if (text && file_replace(path, text, strlen(text), &err))
        log_warn("the catalogue is not kept: %s", err.text);
    free(text);
}

/* By task, of all tasks that any model does. */
static json_t *ask_schemas(const struct trainer *trainer, const json_t *models, struct error *err)
{
    json_t *schemas = json_object();
    const json_t *model, *task;
    size_t i, j;

    json_array_foreach(models, i, model) {
        json_array_foreach(json_object_get(model, "task_types"), j, task) {
            const char *name = json_string_value(task);
            const char *const words[] = { "schema", "--json", "--task_type", name, NULL };
            json_t *schema;

            if (!name || json_object_get(schemas, name))
                continue;
            schema = ask_json(trainer, words, err);
            if (!schema) {
                json_decref(schemas);
                return NULL;
            }
            json_object_set_new(schemas, name, schema);
        }
    }
    return schemas;
}

static json_t *make_content(const struct trainer *trainer, const char *key, struct error *err)
{
    const char *const models_words[] = { "models", "--json", "--weights_dir",
                                         trainer->weights_folder, NULL };
    json_t *models = ask_json(trainer, models_words, err);
    json_t *schemas = models ? ask_schemas(trainer, models, err) : NULL;
    json_t *device = schemas ? ask_device(trainer, err) : NULL;

    if (!device) {
        json_decref(models);
        json_decref(schemas);
        return NULL;
    }
    add_spellings(models);
    return json_pack("{s:s, s:o, s:o, s:o}", "key", key, "models", models, "schemas", schemas,
                     "device", device);
}

/* A part of the content as it is now, the caller's. */
static json_t *copy_part(struct trainer *trainer, const char *part, struct error *err)
{
    struct catalogue *c = trainer->catalogue;
    struct str key = STR_INIT, path = STR_INIT;
    json_t *copy = NULL;

    add_file(&key, trainer->engine);
    add_file(&key, trainer->weights_folder);
    str_printf(&path, "%s/catalogue.json", trainer->state_folder);
    pthread_mutex_lock(&c->lock);
    if (c->content && !has_key(c->content, key.text)) {
        json_decref(c->content);
        c->content = NULL;
    }
    if (!c->content)
        c->content = read_cache(path.text, key.text);
    if (!c->content) {
        c->content = make_content(trainer, key.text, err);
        if (c->content)
            write_cache(path.text, c->content);
    }
    if (c->content)
        copy = json_deep_copy(json_object_get(c->content, part));
    pthread_mutex_unlock(&c->lock);
    str_release(&path);
    str_release(&key);
    return copy;
}

/* --- answers --------------------------------------------------------------------------------- */

static bool has_task(const json_t *model, const char *task_type)
{
    const json_t *tasks = json_object_get(model, "task_types"), *task;
    size_t i;

    json_array_foreach(tasks, i, task) {
        if (!strcmp(json_string_value(task), task_type))
            return true;
    }
    return false;
}

int catalogue_models(struct trainer *trainer, const char *task_type, json_t **models,
                     struct error *err)
{
    json_t *all = copy_part(trainer, "models", err), *model;
    size_t i;

    if (!all)
        return -1;
    *models = json_array();
    json_array_foreach(all, i, model) {
        const char *framework = json_string_value(json_object_get(model, "framework"));

        if ((!trainer->framework || (framework && !strcmp(framework, trainer->framework))) &&
            (!task_type || has_task(model, task_type_of(task_type))))
            json_array_append(*models, model);
    }
    json_decref(all);
    return 0;
}

static bool is_of(const json_t *schema, const char *framework)
{
    const char *has = json_string_value(json_object_get(schema, "framework"));

    return !framework || (has && !strcmp(has, framework));
}

/* The schema of the task, or of the framework's first one. */
static const json_t *choose(const json_t *schemas, const char *framework, const char *task_type)
{
    const json_t *schema;
    const char *name;

    if (task_type)
        return json_object_get(schemas, task_type_of(task_type));
    json_object_foreach((json_t *)schemas, name, schema) {
        if (is_of(schema, framework))
            return schema;
    }
    return NULL;
}

static bool has_framework(const json_t *schemas, const char *framework)
{
    return choose(schemas, framework, NULL) != NULL;
}

int catalogue_schema(struct trainer *trainer, const char *framework, const char *task_type,
                     json_t **schema, struct error *err)
{
    json_t *schemas = copy_part(trainer, "schemas", err);
    const json_t *found;

    *schema = NULL;
    if (!schemas)
        return -1;
    if (!framework)
        framework = trainer->framework;
    found = choose(schemas, framework, task_type);
    if (!has_framework(schemas, framework))
        FAIL(err, NOT_FOUND, "Framework '%s' is not supported", framework);
    else if (!found || !is_of(found, framework))
        FAIL(err, NOT_FOUND, "Task type '%s' is not supported", task_type);
    else
        *schema = json_incref((json_t *)found);
    json_decref(schemas);
    return *schema ? 0 : -1;
}

int catalogue_device(struct trainer *trainer, json_t **device, struct error *err)
{
    *device = copy_part(trainer, "device", err);
    return *device ? 0 : -1;
}
