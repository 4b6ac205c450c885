/* configure.c - see configure.h. */

#include "command/configure.h"

#include "base/error.h"
#include "base/file.h"
#include "formats/yaml.h"

#include <string.h>

#define CONFIG_LIMIT ((size_t)1 << 20)

typedef json_t *parse_fn(const char *text, size_t length, const char *what, struct error *err);

static int set_settings(struct configuration *c, const char *text, size_t length, const char *what,
                        parse_fn *parse, struct error *err)
{
    json_t *root = parse(text, length, what, err);
    json_t *inner;

    if (!root)
        return -1;
    /* config.json of an earlier run keeps the settings one level down. */
    if (!json_is_object(root)) {
        json_decref(root);
        return FAIL(err, INVALID, "'%s' must hold an object: names and their values", what);
    }
    inner = json_object_get(root, "config");
    field_set_object(&c->values, NULL, json_is_object(inner) ? inner : root,
                     ORIGIN_FILE);
    json_decref(root);
    return 0;
}

static int set_file(struct configuration *c, const char *path, struct error *err)
{
    bool is_yaml = str_ends_with(path, ".yaml") || str_ends_with(path, ".yml");
    struct str text = STR_INIT;
    int result = file_read(path, CONFIG_LIMIT, &text, err) ||
                 set_settings(c, text.text, text.length, path, is_yaml ? yaml_parse : json_parse,
                              err);

    str_release(&text);
    return result ? -1 : 0;
}

/* Does a file say how to learn, as opposed to what, where and how long?  Then it is the whole
 * recipe: what it does not name is as its writer knew it, the plain default. */
static bool file_says_how(const struct configuration *c)
{
    static const char *const what[] = { "model_name", "dataset_path", "output_dir", "epochs",
        "batch_size", "image_size", "seed", "dataset_format", "framework", "task_type", "resume",
        "num_classes", "job_id", "project_id", "device", "threads", "loader_threads", "memory",
        "memory_limit", "weights_dir", "pretrained", "checkpoint_path", "freeze_backbone",
        "skip_limit", "keep_n_checkpoints", "checkpoint_interval", "split_strategy" };

    for (int i = 0; i < c->values.count; i++) {
        bool is_what = false;

        if (c->values.origins[i] == ORIGIN_DEFAULT)
            continue;
        for (size_t j = 0; j < sizeof(what) / sizeof(*what); j++)
            is_what |= !strcmp(c->values.fields[i].name, what[j]);
        if (!is_what)
            return true;
    }
    return false;
}

static int apply_preset(struct configuration *c, struct error *err)
{
    const char *name = c->config.preset;
    const struct preset *preset;

    if (name ? !strcmp(name, PRESET_NONE) : c->file_says_how)
        return 0;
    preset = config_preset_find(name ? name : PRESET_DEFAULT, config_scope_of(&c->config));
    if (!preset)
        return FAIL(err, INVALID, "unknown preset '%s'", name);
    config_apply_preset(&c->values, preset, name != NULL);
    c->config.preset = preset->name;
    return 0;
}

int configuration_init(struct configuration *c, const struct arguments *arguments, const char *file,
                       const char *advanced, struct error *err)
{
    *c = (struct configuration){ 0 };
    field_values_init(&c->values, config_fields, &c->config, &c->arena);
    if (file && set_file(c, file, err))
        goto failed;
    if (advanced &&
        set_settings(c, advanced, strlen(advanced), "advanced_config", json_parse, err))
        goto failed;
    c->file_says_how = file_says_how(c); /* flags may hide it later */
    arguments_set_fields(arguments, &c->values);
    config_settle_task(&c->values, &c->config);
    if (apply_preset(c, err))
        goto failed;
    config_settle(&c->values, &c->config);
    if (field_finish(&c->values, "the configuration", err))
        goto failed;
    return 0;
failed:
    configuration_release(c);
    return -1;
}

void configuration_release(struct configuration *c)
{
    field_values_release(&c->values);
    arena_release(&c->arena);
}
