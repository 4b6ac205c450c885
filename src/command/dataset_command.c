/* dataset_command.c - `fovea dataset sample`, `fovea dataset check` and `fovea dataset fix`. */

#include "base/arguments.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "command/command.h"
#include "data/check.h"
#include "data/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dataset_flags {
    const char *task, *classes, *train, *val, *size, *seed;
    const char *thumbnails, *quarantine, *only;
    bool json, apply;
};

static int sample(const char *folder, const struct dataset_flags *f, struct error *err)
{
    struct sample_options options = { .class_count = (int)strtol(f->classes, NULL, 10),
                                      .train_per_class = (int)strtol(f->train, NULL, 10),
                                      .val_per_class = (int)strtol(f->val, NULL, 10),
                                      .image_size = (int)strtol(f->size, NULL, 10),
                                      .seed = strtoull(f->seed, NULL, 10) };

    int task = dataset_task_find(f->task ? f->task : "classification");

    if (task < 0)
        return FAIL(err, UNSUPPORTED,
                    "task must be classification, object_detection, instance_segmentation or "
                    "pose_estimation, not '%s'",
                    f->task);
    options.task = (enum dataset_task)task;
    options.train_count = options.train_per_class;
    options.val_count = options.val_per_class;
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

/* The program behind --thumbnails also wants to know what became of every file. */
static int write_files(const struct check_report *report, const char *folder, struct error *err)
{
    struct str path = STR_INIT, text = STR_INIT;
    int result;

    str_printf(&path, "%s/files.jsonl", folder);
    check_write_files(report, &text);
    result = file_make_folders(folder, err);
    if (!result)
        result = file_replace(path.text, text.text, text.length, err);
    str_release(&path);
    str_release(&text);
    return result;
}

static int check(const struct check_report *report, const struct dataset_flags *f,
                 struct error *err)
{
    struct str text = STR_INIT;

    if (f->thumbnails && write_files(report, f->thumbnails, err))
        return -1;
    if (f->json) {
        check_write(report, &text);
        puts(text.text);
    } else {
        print_report(report);
    }
    str_release(&text);
    return 0;
}

/* --- fixes ----------------------------------------------------------------------------------- */

/* Is the id one of the list, between commas?  Without a list all are. */
static bool is_chosen(const char *list, const char *id)
{
    size_t length = strlen(id);

    for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
        if (!strncmp(at, id, length) && (!at[length] || at[length] == ','))
            return true;
    return !list;
}

static int apply_fixes(const struct check_report *report, const struct dataset_flags *f,
                       struct error *err)
{
    struct str folder = STR_INIT;
    int moved = 0, result = 0;

    str_printf(&folder, f->quarantine ? "%s" : "%s.quarantine",
               f->quarantine ? f->quarantine : report->dataset->root);
    for (int i = 0; i < report->fix_count && !result; i++)
        if (report->fixes[i].removes && is_chosen(f->only, report->fixes[i].id)) {
            result = check_apply_fix(report, &report->fixes[i], folder.text, err);
            moved += !result;
        }
    if (!f->json)
        printf("moved %d files to %s\n", moved, folder.text);
    str_release(&folder);
    return result;
}

static int fix(const struct check_report *report, const struct dataset_flags *f, struct error *err)
{
    struct str text = STR_INIT;

    if (f->json) {
        check_write_fixes(report, &text);
        puts(text.text);
        str_release(&text);
    } else {
        for (int i = 0; i < report->fix_count; i++)
            printf("%s  %-6s  %s: %s (%s)\n", report->fixes[i].id,
                   report->fixes[i].removes ? "remove" : "look",
                   report->dataset->items[report->fixes[i].item].path, report->fixes[i].reason,
                   report->fixes[i].kind);
    }
    return f->apply ? apply_fixes(report, f, err) : 0;
}

static int with_report(const char *folder, const struct dataset_flags *f,
                       int (*use)(const struct check_report *report,
                                  const struct dataset_flags *f, struct error *err),
                       struct error *err)
{
    const struct check_options options = { .thumbnails_folder = f->thumbnails };
    struct dataset dataset;
    struct check_report report;
    int result;

    if (dataset_open(&dataset, folder, NULL, err))
        return -1;
    result = check_run(&report, &dataset, &options, err);
    if (!result) {
        result = use(&report, f, err);
        check_release(&report);
    }
    dataset_close(&dataset);
    return result;
}

static int run(int argc, char **argv, struct error *err)
{
    struct dataset_flags f = { .classes = "0", .train = "0",
                               .val = "0", .size = "0", .seed = "1" };
    const struct option options[] = {
        { "task", NULL, &f.task, NULL, "NAME",
          "classification, object_detection, instance_segmentation or pose_estimation; check and "
          "fix: by content when it is not given" },
        { "num_classes", "classes", &f.classes, NULL, "N", "sample: classes (default 4)" },
        { "train", NULL, &f.train, NULL, "N", "sample: training images, for classification per class (default 100)" },
        { "val", NULL, &f.val, NULL, "N", "sample: validation images, as above (default 25)" },
        { "image_size", NULL, &f.size, NULL, "N", "sample: side in pixels (default 96; 160 with objects)" },
        { "seed", NULL, &f.seed, NULL, "N", "sample: seed (default 1)" },
        { "json", NULL, NULL, &f.json, NULL,
          "check: the report as one JSON object; fix: an array" },
        { "thumbnails", NULL, &f.thumbnails, NULL, "FOLDER",
          "check: draw a small picture of every image there, and write files.jsonl" },
        { "apply", NULL, NULL, &f.apply, NULL,
          "fix: move the files that are proposed for removal" },
        { "only", NULL, &f.only, NULL, "IDS", "fix: apply these alone, separated by commas" },
        { "quarantine", NULL, &f.quarantine, NULL, "FOLDER",
          "fix: where they are moved (default: the folder's name with .quarantine)" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options };

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help)
        return command_print_options(&command_dataset,
                                     "  dataset sample FOLDER   draw a small dataset\n"
                                     "  dataset check FOLDER    look at every image of a dataset\n"
                                     "  dataset fix FOLDER      list fixes, or apply them\n",
                                     options);
    if (arguments.positional_count == 2 && !strcmp(arguments.positionals[0], "sample"))
        return sample(arguments.positionals[1], &f, err);
    if (arguments.positional_count == 2 && !strcmp(arguments.positionals[0], "check"))
        return with_report(arguments.positionals[1], &f, check, err);
    if (arguments.positional_count == 2 && !strcmp(arguments.positionals[0], "fix"))
        return with_report(arguments.positionals[1], &f, fix, err);
    return FAIL(err, INVALID, "use `dataset sample`, `check` or `fix` with a FOLDER");
}

const struct command command_dataset = {
    "dataset", "draw a sample dataset, check or fix a dataset",
    "sample|check|fix FOLDER [OPTIONS]", run,
};
