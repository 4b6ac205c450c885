/* train.c - `fovea train`. */

#include "command/command.h"
#include "command/configure.h"
#include "nn/device.h"
#include "train/run.h"

#include <stdio.h>
#include <string.h>

struct train_flags {
    bool json, dry_run, print_config, quiet;
    const char *file, *advanced;
};

static void print_result(const struct run_result *r)
{
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_text(&w, "status", r->status);
    json_put_int(&w, "epochs", r->epochs);
    json_put_number(&w, "best", r->best);
    json_put_int(&w, "best_epoch", r->best_epoch);
    scores_write(&r->last, &w, "loss");
    json_put_number(&w, "seconds", r->seconds);
    json_put_number(&w, "images_per_second", r->images_per_second);
    json_close(&w);
    puts(text.text);
    str_release(&text);
}

static void print_forecast(const struct run_forecast *f, bool as_json)
{
    struct str text = STR_INIT;
    struct json_writer w;

    if (!as_json) {
        printf("peak memory       %lld MB of %lld MB available\n", (long long)(f->peak_bytes >> 20),
               (long long)(f->available_bytes >> 20));
        printf("largest batch     %lld\n", (long long)f->largest_batch);
        printf("time per epoch    %.0f s\n", f->seconds_per_epoch);
        printf("images            %lld training, %lld validation, %d classes\n",
               (long long)f->train_images, (long long)f->val_images, f->class_count);
        return;
    }
    json_begin(&w, &text);
    json_object_open(&w);
    json_put_int(&w, "peak_memory_mb", f->peak_bytes >> 20);
    json_put_int(&w, "available_memory_mb", f->available_bytes >> 20);
    json_put_int(&w, "largest_batch", f->largest_batch);
    json_put_number(&w, "seconds_per_epoch", f->seconds_per_epoch);
    json_put_int(&w, "parameters", f->parameters);
    json_put_int(&w, "train_images", f->train_images);
    json_put_int(&w, "val_images", f->val_images);
    json_put_int(&w, "num_classes", f->class_count);
    json_close(&w);
    puts(text.text);
    str_release(&text);
}

static int run_with(struct configuration *c, const struct train_flags *flags, struct error *err)
{
    struct run_options options = { .config = &c->config,
                                   .values = &c->values,
                                   .quiet = flags->quiet };
    struct run_forecast forecast;
    struct run_result result;
    int status;

    if (command_open_device(&options.device, (int)c->config.threads, err))
        return -1;
    if (flags->dry_run) {
        status = run_forecast(&options, &forecast, err);
        if (!status)
            print_forecast(&forecast, flags->json);
    } else {
        status = run_train(&options, &result, err);
        if (!status && flags->json)
            print_result(&result);
    }
    device_close(options.device);
    return status;
}

static void add_presets(enum config_scope scope, const char *heading, struct str *out)
{
    str_add(out, heading);
    for (const struct preset *p = config_presets; p->name; p++)
        if (p->scope == scope)
            str_printf(out, "  %-14s %s%s\n", p->name, p->description,
                       strcmp(p->name, PRESET_DEFAULT) ? "" : " (used where none is named)");
}

static void print_help(const struct option *options)
{
    struct str text = STR_INIT;

    str_add(&text, "\nOptions:\n");
    arguments_help(options, &text);
    field_write_help(config_fields, SCOPE_ALL, config_scope_names, &text);
    add_presets(SCOPE_CLASSIFIERS, "\nPresets of classifiers:\n", &text);
    add_presets(SCOPE_DETECTORS, "\nPresets of detectors (boxes, masks, key points):\n", &text);
    command_print_help(&command_train, text.text);
    str_release(&text);
}

static int run(int argc, char **argv, struct error *err)
{
    struct train_flags flags = { 0 };
    const struct option options[] = {
        { "json", NULL, NULL, &flags.json, NULL, "print the result as one JSON object" },
        { "dry-run", NULL, NULL, &flags.dry_run, NULL,
          "print memory, largest batch and time; train nothing" },
        { "print-config", NULL, NULL, &flags.print_config, NULL,
          "print every setting with its origin" },
        { "quiet", NULL, NULL, &flags.quiet, NULL, "no progress on the terminal" },
        { "config", NULL, &flags.file, NULL, "FILE",
          "settings from a JSON or YAML file, flat or nested" },
        { "advanced_config", NULL, &flags.advanced, NULL, "JSON", "settings as JSON text" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options, .fields = config_fields };
    struct configuration c;
    int status = 0;

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help) {
        print_help(options);
        return 0;
    }
    if (configuration_init(&c, &arguments, flags.file, flags.advanced, err))
        return -1;
    if (flags.print_config) {
        struct str text = STR_INIT;

        field_write_origins(&c.values, &text);
        fputs(text.text, stdout);
        str_release(&text);
    } else {
        status = run_with(&c, &flags, err);
    }
    configuration_release(&c);
    return status;
}

const struct command command_train = {
    "train",
    "train a model on a folder of images",
    "--model NAME --data FOLDER --out FOLDER [OPTIONS]",
    run,
};
