/* schema.c - `fovea schema`: the settings as data, for forms and scripts. */

#include "base/arguments.h"
#include "command/command.h"
#include "train/config.h"
#include "train/task.h"

#include <stdio.h>
#include <string.h>

/* A form starts from other values than the command line, and offers a narrower range: AdamW, and
 * rates that learn anything.  What is fixed by the task has that value: others are refused. */
static void adapt_field(struct field *f, const struct task_type *task)
{
    if (!strcmp(f->name, "optimizer.type"))
        f->fallback = "adamw";
    else if (!strcmp(f->name, "optimizer.learning_rate"))
        f->min = 1e-6;
    else if (!strcmp(f->name, "framework"))
        f->fallback = task->framework;
    else if (!strcmp(f->name, "task_type"))
        f->fallback = task->name;
}

static enum config_scope scope_of(const struct task_type *task)
{
    return task == &task_classification ? SCOPE_CLASSIFIERS : SCOPE_DETECTORS;
}

static void write_fields(const struct task_type *task, struct json_writer *w)
{
    int scope = (int)scope_of(task);
    struct arena arena = ARENA_INIT;
    struct field *fields;
    int count = 0, kept = 0;

    while (config_fields[count].name)
        count++;
    fields = ARENA_ARRAY(&arena, struct field, count + 1); /* ends with a row of zeros */
    for (int i = 0; i < count; i++) {
        if (config_fields[i].scope && config_fields[i].scope != scope)
            continue;
        fields[kept] = config_fields[i];
        adapt_field(&fields[kept++], task);
    }
    field_write_schema(fields, w);
    arena_release(&arena);
}

static void print_schema(const struct task_type *task)
{
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_text(&w, "framework", task->framework);
    json_put_text(&w, "task_type", task->name);
    json_key(&w, "schema");
    json_object_open(&w);
    json_key(&w, "fields");
    write_fields(task, &w);
    json_close(&w);
    json_key(&w, "presets");
    json_object_open(&w);
    for (const struct preset *p = config_presets; p->name; p++)
        if (p->scope == scope_of(task)) {
            json_key(&w, p->name);
            json_raw(&w, p->json);
        }
    json_close(&w);
    json_close(&w);
    puts(text.text);
    str_release(&text);
}

static void print_table(const struct task_type *task)
{
    struct str text = STR_INIT;

    field_write_help(config_fields, task ? (int)scope_of(task) : SCOPE_ALL, config_scope_names,
                     &text);
    fputs(text.text, stdout);
    str_release(&text);
}

static int refuse_task(const char *name, struct error *err)
{
    struct str text = STR_INIT;

    for (int i = 0; task_type_at(i); i++)
        str_printf(&text, i ? ", %s" : "%s", task_type_at(i)->name);
    FAIL(err, INVALID, "unknown task type '%s'; it is one of %s", name, text.text);
    str_release(&text);
    return -1;
}

static int run(int argc, char **argv, struct error *err)
{
    const struct task_type *task = NULL;
    const char *task_name = NULL;
    bool json = false;
    const struct option options[] = {
        { "json", NULL, NULL, &json, NULL, "one JSON object: fields and presets" },
        { "task_type", "task", &task_name, NULL, "NAME",
          "the settings of this task alone (default: all; with --json image_classification)" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options };

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help)
        return command_print_options(&command_schema, NULL, options);
    if (task_name && !(task = task_type_find(task_name)))
        return refuse_task(task_name, err);
    if (json)
        print_schema(task ? task : &task_classification);
    else
        print_table(task);
    return 0;
}

const struct command command_schema = { "schema", "every setting of training", "[OPTIONS]", run };
