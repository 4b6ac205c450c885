/* schema.c - `fovea schema`: the settings as data, for forms and scripts. */

#include "base/arguments.h"
#include "command/command.h"
#include "train/config.h"
#include "train/task.h"

#include <stdio.h>
#include <string.h>

/* A form starts from other values than the command line, and offers a narrower range: AdamW, and
 * rates that learn anything. */
static void write_fields(enum config_scope scope, struct json_writer *w)
{
    struct arena arena = ARENA_INIT;
    struct field *fields;
    int count = 0, kept = 0;

    while (config_fields[count].name)
        count++;
    fields = ARENA_ARRAY(&arena, struct field, count + 1); /* ends with a row of zeros */
    for (int i = 0; i < count; i++) {
        struct field *f = &fields[kept];

        if (config_fields[i].scope && config_fields[i].scope != (int)scope)
            continue;
        *f = config_fields[i];
        kept++;
        if (!strcmp(f->name, "optimizer.type"))
            f->fallback = "adamw";
        else if (!strcmp(f->name, "optimizer.learning_rate"))
            f->min = 1e-6;
    }
    field_write_schema(fields, w);
    arena_release(&arena);
}

static void print_schema(const struct task_type *task)
{
    enum config_scope scope = task == &task_classification ? SCOPE_CLASSIFIERS : SCOPE_DETECTORS;
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_text(&w, "framework", task->framework);
    json_put_text(&w, "task_type", task->name);
    json_key(&w, "schema");
    json_object_open(&w);
    json_key(&w, "fields");
    write_fields(scope, &w);
    json_close(&w);
    json_key(&w, "presets");
    json_object_open(&w);
    for (const struct preset *p = config_presets; p->name; p++)
        if (p->scope == scope) {
            json_key(&w, p->name);
            json_raw(&w, p->json);
        }
    json_close(&w);
    json_close(&w);
    puts(text.text);
    str_release(&text);
}

static int run(int argc, char **argv, struct error *err)
{
    const char *task_name = "image_classification";
    const struct task_type *task;
    bool json = false;
    const struct option options[] = {
        { "json", NULL, NULL, &json, NULL, "one JSON object: fields and presets" },
        { "task_type", "task", &task_name, NULL, "NAME",
          "whose settings (default image_classification)" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options };
    struct str text = STR_INIT;

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help) {
        str_add(&text, "\nOptions:\n");
        arguments_help(options, &text);
        command_print_help(&command_schema, text.text);
    } else if (json) {
        task = task_type_find(task_name);
        if (!task) {
            str_release(&text);
            return FAIL(err, INVALID, "unknown task type '%s'", task_name);
        }
        print_schema(task);
    } else {
        field_write_help(config_fields, &text);
        fputs(text.text, stdout);
    }
    str_release(&text);
    return 0;
}

const struct command command_schema = { "schema", "every setting of training", "[--json]", run };
