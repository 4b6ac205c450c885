/* dataset_command.c - `fovea dataset sample` and `fovea dataset check`. */

#include "base/arguments.h"
#include "base/str.h"
#include "command/command.h"
#include "data/check.h"
#include "data/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dataset_flags {
    const char *task, *classes, *train, *val, *size, *seed;
    bool json;
};

static int sample(const char *folder, const struct dataset_flags *f, struct error *err)
{
    struct sample_options options = { .class_count = (int)strtol(f->classes, NULL, 10),
                                      .train_per_class = (int)strtol(f->train, NULL, 10),
                                      .val_per_class = (int)strtol(f->val, NULL, 10),
                                      .image_size = (int)strtol(f->size, NULL, 10),
                                      .seed = strtoull(f->seed, NULL, 10) };

    if (strcmp(f->task, "classification") && strcmp(f->task, "image_classification"))
        return FAIL(err, UNSUPPORTED, "task must be classification, not '%s'", f->task);
    if (sample_write(folder, &options, err))
        return -1;
    printf("wrote a sample dataset to %s\n", folder);
    return 0;
}

static void print_report(const struct check_report *r)
{
    const struct dataset *d = r->dataset;

    printf("%s: %d images in %d classes (%d train, %d val, %d test)\n", d->root, d->item_count,
           d->class_count, dataset_count(d, DATASET_SPLIT_TRAIN),
           dataset_count(d, DATASET_SPLIT_VAL), dataset_count(d, DATASET_SPLIT_TEST));
    printf("good %d, unreadable %d, rotated by EXIF %d, excluded files %d\n", r->good_count,
           r->corrupted_count, r->rotated_count, d->excluded_count);
    printf("equal pairs %d, look-alike pairs %d, across train and val %d\n", r->equal_count,
           r->alike_count, r->leak_count);
    for (int i = 0; i < d->item_count; i++)
        if (r->files[i].message)
            printf("  unreadable: %s\n", r->files[i].message);
    for (int i = 0; i < r->warning_count; i++)
        printf("  warning: %s\n", r->warnings[i]);
    if (r->obstacle)
        printf("not ready because %s\n", r->obstacle);
    else
        printf("ready\n");
}

static int check(const char *folder, const struct dataset_flags *f, struct error *err)
{
    struct dataset dataset;
    struct check_report report;
    struct str text = STR_INIT;

    if (dataset_open(&dataset, folder, NULL, err))
        return -1;
    if (check_run(&report, &dataset, 0, err)) {
        dataset_close(&dataset);
        return -1;
    }
    if (f->json) {
        check_write(&report, &text);
        puts(text.text);
    } else {
        print_report(&report);
    }
    str_release(&text);
    check_release(&report);
    dataset_close(&dataset);
    return 0;
}

static int run(int argc, char **argv, struct error *err)
{
    struct dataset_flags f = { "classification", "0", "0", "0", "0", "1", false };
    const struct option options[] = {
        { "task", NULL, &f.task, NULL, "NAME", "sample: classification" },
        { "num_classes", "classes", &f.classes, NULL, "N", "sample: classes (default 4)" },
        { "train", NULL, &f.train, NULL, "N", "sample: training images per class (default 100)" },
        { "val", NULL, &f.val, NULL, "N", "sample: validation images per class (default 25)" },
        { "image_size", NULL, &f.size, NULL, "N", "sample: side in pixels (default 96)" },
        { "seed", NULL, &f.seed, NULL, "N", "sample: seed (default 1)" },
        { "json", NULL, NULL, &f.json, NULL, "check: the report as one JSON object" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options };

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help)
        return command_print_options(&command_dataset,
                                     "  dataset sample FOLDER   draw a small dataset\n"
                                     "  dataset check FOLDER    look at every image of a dataset\n",
                                     options);
    if (arguments.positional_count == 2 && !strcmp(arguments.positionals[0], "sample"))
        return sample(arguments.positionals[1], &f, err);
    if (arguments.positional_count == 2 && !strcmp(arguments.positionals[0], "check"))
        return check(arguments.positionals[1], &f, err);
    return FAIL(err, INVALID, "use `dataset sample FOLDER` or `dataset check FOLDER`");
}

const struct command command_dataset = {
    "dataset", "draw a sample dataset, check a dataset", "sample|check FOLDER [OPTIONS]", run,
};
