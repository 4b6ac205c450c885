/* dataset_command.c - `fovea dataset sample`, `check`, `fix` and `convert`. */

#include "base/arguments.h"
#include "base/error.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "command/command.h"
#include "data/check.h"
#include "data/dataset_convert.h"
#include "data/sample.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINDINGS_SHOWN 100
#define ONLY_LIMIT_BYTES ((size_t)64 << 20)
#define FIX_ROUNDS 4 /* what one round brings to light the next one fixes */

struct dataset_flags {
    const char *task, *format, *to, *classes, *train, *val, *size, *seed;
    const char *thumbnails, *quarantine, *only, *only_from;
    const struct map *chosen; /* ids of fixes; NULL: all */
    bool json, apply, labels;
    int round; /* of fixing */
};

static int sample(const char *folder, const struct dataset_flags *f, struct error *err)
{
    struct sample_options options = { 0 };
    int seed;
    const struct {
        const char *text, *name;
        int *value;
    } numbers[] = { { f->classes, "classes", &options.class_count },
                    { f->train, "train", &options.train_per_class },
                    { f->val, "val", &options.val_per_class },
                    { f->size, "image_size", &options.image_size },
                    { f->seed, "seed", &seed } };
    int task = dataset_task_find(f->task ? f->task : "classification");

    if (task < 0)
        return FAIL(err, UNSUPPORTED,
                    "task must be classification, object_detection, instance_segmentation or "
                    "pose_estimation, not '%s'",
                    f->task);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        if (command_read_integer(numbers[i].text, numbers[i].name, 0, INT_MAX, numbers[i].value,
                                 err))
            return -1;
    options.seed = (uint64_t)seed;
    options.task = (enum dataset_task)task;
    options.train_count = options.train_per_class;
    options.val_count = options.val_per_class;
    if (sample_write(folder, &options, err))
        return -1;
    printf("wrote a sample dataset to %s\n", folder);
    return 0;
}

static void print_labels(const struct dataset *d)
{
    static const char *const outcomes[] = { "used after repair", "left out", "note" };

    printf("label rows: used %" PRId64 ", used after repair %" PRId64 ", left out %" PRId64 "\n",
           d->rows.used, d->rows.fixed, d->rows.excluded);
    for (int i = 0; i < d->finding_count && i < FINDINGS_SHOWN; i++) {
        const struct dataset_finding *finding = &d->findings[i];

        if (finding->line)
            printf("  %s:%d: %s", finding->path, finding->line, finding->message);
        else if (finding->element >= 0)
            printf("  %s, annotation %" PRId64 ": %s", finding->path, finding->element,
                   finding->message);
        else
            printf("  %s: %s", finding->path, finding->message);
        printf(" (%s%s%s)\n", outcomes[finding->outcome], finding->remedy ? "; fix: " : "",
               finding->remedy ? finding->remedy : "");
    }
    if (d->finding_count > FINDINGS_SHOWN)
        printf("  and %d more; --json has all\n", d->finding_count - FINDINGS_SHOWN);
}

static void print_report(const struct check_report *r)
{
    const struct dataset *d = r->dataset;

    printf("%s: %s, %s; %d images, %d classes (%d train, %d val, %d test)\n", d->root, d->format,
           dataset_task_name(d->task), d->item_count, d->class_count,
           dataset_count(d, DATASET_SPLIT_TRAIN),
           dataset_count(d, DATASET_SPLIT_VAL), dataset_count(d, DATASET_SPLIT_TEST));
    printf("good %d, unreadable %d, rotated by EXIF %d, excluded files %d\n", r->good_count,
           r->corrupted_count, r->rotated_count, d->excluded_count);
    printf("equal pairs %d, look-alike pairs %d, across train and val %d\n", r->equal_count,
           r->alike_count, r->leak_count);
    if (d->task != DATASET_TASK_CLASSIFICATION)
        print_labels(d);
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

/* The program behind --thumbnails also wants to know what became of every file, and what is on the
 * images.  The second file comes first: the first tells where to read in it. */
static int write_files(const struct check_report *report, const char *folder, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct str text = STR_INIT;
    struct check_place *places = NULL;
    int result = file_make_folders(folder, err);

    if (!result && report->dataset->task != DATASET_TASK_CLASSIFICATION) {
        places = calloc((size_t)report->dataset->item_count + 1, sizeof(*places));
        result = !places ? FAIL(err, NO_MEMORY, "no memory for the list of files")
                         : check_write_annotations(report->dataset,
                                                   file_join(&arena, folder, "annotations.jsonl"),
                                                   places, err);
    }
    if (!result) {
        check_write_files(report, places, &text);
        result = file_replace(file_join(&arena, folder, "files.jsonl"), text.text, text.length,
                              err);
    }
    free(places);
    str_release(&text);
    arena_release(&arena);
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

/* The ids of a list, between commas or lines. */
static void choose(struct map *chosen, const char *list, struct arena *arena)
{
    for (size_t length; *list; list += length + (list[length] != 0)) {
        length = strcspn(list, ",\r\n");
        if (length)
            map_set(chosen, arena_strndup(arena, list, length), (void *)1);
    }
}

static int apply_fixes(const struct check_report *report, const struct dataset_flags *f,
                       int *applied, struct error *err)
{
    struct str folder = STR_INIT;
    bool *is_wanted = calloc((size_t)report->fix_count + 1, sizeof(*is_wanted));
    int moved = 0, edited = 0, result = is_wanted ? 0 : FAIL(err, NO_MEMORY, "no memory");

    str_printf(&folder, f->quarantine ? "%s" : "%s.quarantine",
               f->quarantine ? f->quarantine : report->dataset->root);
    for (int i = 0; i < report->fix_count && !result; i++) {
        is_wanted[i] = !f->chosen || map_find(f->chosen, report->fixes[i].id);
        if (!report->fixes[i].removes || !is_wanted[i])
            continue;
        result = check_apply_fix(report, &report->fixes[i], folder.text, err);
        moved += !result;
    }
    if (!result)
        result = check_apply_edits(report, is_wanted, folder.text, &edited, err);
    if (!f->json && moved + edited)
        printf("moved %d files to %s, changed labels in %d places\n", moved, folder.text, edited);
    *applied = moved + edited;
    free(is_wanted);
    str_release(&folder);
    return result;
}

static const char *action_of(const struct check_fix *fix)
{
    return fix->removes ? "remove" : fix->edits || fix->configures ? "edit" : "look";
}

static int fix(const struct check_report *report, const struct dataset_flags *f, struct error *err)
{
    struct str text = STR_INIT;
    int applied = 0;

    if (f->json && f->round == 0) {
        check_write_fixes(report, &text);
        puts(text.text);
        str_release(&text);
    } else if (!f->json && f->round == 0) {
        for (int i = 0; i < report->fix_count; i++) {
            const struct check_fix *row = &report->fixes[i];

            printf("%s  %-6s  %s", row->id, action_of(row), row->path);
            if (row->finding && row->finding->line)
                printf(":%d", row->finding->line);
            printf(": %s (%s)\n", row->reason, row->kind);
        }
    }
    if (f->apply && apply_fixes(report, f, &applied, err))
        return -1;
    return applied > 0; /* look again */
}

static int dataset_options_of(const struct dataset_flags *f, struct dataset_options *options,
                              struct error *err)
{
    int task = f->task ? dataset_task_find(f->task) : DATASET_TASK_BY_CONTENT;

    if (task < 0)
        return FAIL(err, UNSUPPORTED, "unknown task '%s'", f->task);
    options->task = (enum dataset_task)task;
    options->format = f->format;
    return 0;
}

static int with_report(const char *folder, const struct dataset_flags *f,
                       int (*use)(const struct check_report *report,
                                  const struct dataset_flags *f, struct error *err),
                       struct error *err)
{
    const struct check_options options = { .thumbnails_folder = f->thumbnails,
                                           .labels_only = f->labels && use == fix };
    struct dataset_options wanted = { .is_lenient = true };
    struct dataset dataset;
    struct check_report report;
    int result;

    if (dataset_options_of(f, &wanted, err) || dataset_open(&dataset, folder, &wanted, err))
        return -1;
    result = check_run(&report, &dataset, &options, err);
    if (!result) {
        result = use(&report, f, err);
        check_release(&report);
    }
    dataset_close(&dataset);
    return result;
}

/* --- converting ------------------------------------------------------------------------------ */

static void print_losses(const struct convert_result *r)
{
    const struct {
        int64_t count;
        const char *what;
    } losses[] = {
        { r->lost_crowds, "crowd regions are left out" },
        { r->joined_outlines, "objects had several outlines or holes, which are joined into one" },
        { r->lost_outlines, "outlines are lost: the format has boxes only" },
        { r->lost_keypoints, "objects lost their key points: the format has boxes only" },
    };

    for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++)
        if (losses[i].count)
            fprintf(stderr, "%" PRId64 " %s\n", losses[i].count, losses[i].what);
    if (r->reordered_classes)
        fprintf(stderr, "classes of the same name, or without one, become one\n");
}

static int convert(const char *from, const char *to, const struct dataset_flags *f,
                   struct error *err)
{
    struct dataset_options wanted = { .is_lenient = true };
    struct dataset dataset;
    struct convert_result r;
    int result;

    if (!f->to)
        return FAIL(err, INVALID, "say which format to write: --to yolo, coco, dice or voc");
    if (dataset_options_of(f, &wanted, err) || dataset_open(&dataset, from, &wanted, err))
        return -1;
    result = dataset_convert(&dataset, to, f->to, &r, err);
    if (!result && f->json) {
        printf("{\"images\":%" PRId64 ",\"objects\":%" PRId64 ",\"lost_crowds\":%" PRId64
               ",\"joined_outlines\":%" PRId64 ",\"lost_outlines\":%" PRId64
               ",\"lost_keypoints\":%" PRId64 ",\"reordered_classes\":%s}\n",
               r.images, r.objects, r.lost_crowds, r.joined_outlines, r.lost_outlines,
               r.lost_keypoints, r.reordered_classes ? "true" : "false");
    } else if (!result) {
        printf("wrote %" PRId64 " images and %" PRId64 " objects to %s\n", r.images, r.objects, to);
        print_losses(&r);
    }
    dataset_close(&dataset);
    return result;
}

/* A fix may bring other faults to light: classes that were unknown, labels of a removed image.  Not
 * where some were chosen: after the first round an id may stand for another row. */
static int fix_all(const char *folder, struct dataset_flags *f, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct map chosen = MAP_INIT;
    struct str text = STR_INIT;
    int rounds = f->only || f->only_from ? 1 : FIX_ROUNDS, result = 1;

    if (f->only_from && file_read(f->only_from, ONLY_LIMIT_BYTES, &text, err))
        result = -1;
    if (f->only)
        choose(&chosen, f->only, &arena);
    if (f->only_from && result == 1)
        choose(&chosen, text.text, &arena);
    f->chosen = rounds == 1 ? &chosen : NULL;
    for (f->round = 0; f->round < rounds && result == 1; f->round++)
        result = with_report(folder, f, fix, err);
    str_release(&text);
    map_release(&chosen);
    arena_release(&arena);
    return result < 0 ? -1 : 0;
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
        { "train", NULL, &f.train, NULL, "N",
          "sample: training images, for classification per class (default 100)" },
        { "val", NULL, &f.val, NULL, "N", "sample: validation images, as above (default 25)" },
        { "image_size", NULL, &f.size, NULL, "N",
          "sample: side in pixels (default 96; 160 with objects)" },
        { "seed", NULL, &f.seed, NULL, "N", "sample: seed (default 1)" },
        { "format", NULL, &f.format, NULL, "NAME",
          "imagefolder, yolo, coco, dice or voc; by content when it is not given" },
        { "to", NULL, &f.to, NULL, "NAME", "convert: the format to write" },
        { "json", NULL, NULL, &f.json, NULL,
          "one JSON object: the report of check, the counts of convert; fix: an array" },
        { "thumbnails", NULL, &f.thumbnails, NULL, "FOLDER",
          "check: draw a small picture of every image there, and write files.jsonl and "
          "annotations.jsonl" },
        { "apply", NULL, NULL, &f.apply, NULL,
          "fix: do it: move files to the quarantine and rewrite label files; what was there "
          "before is kept in the quarantine" },
        { "labels", NULL, NULL, &f.labels, NULL, "fix: labels alone; no image is looked at" },
        { "only", NULL, &f.only, NULL, "IDS", "fix: apply these alone, separated by commas" },
        { "only_from", NULL, &f.only_from, NULL, "FILE", "fix: the same, with an id per line" },
        { "quarantine", NULL, &f.quarantine, NULL, "FOLDER",
          "fix: where they are moved (default: the folder's name with .quarantine)" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options, .most_positionals = 3 };

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help)
        return command_print_options(&command_dataset,
                                     "  dataset sample FOLDER   draw a small dataset\n"
                                     "  dataset check FOLDER    look at every image of a dataset\n"
                                     "  dataset fix FOLDER      list fixes, or apply them\n"
                                     "  dataset convert FROM TO write it in another format\n",
                                     options);
    if (arguments.positional_count == 2 && !strcmp(arguments.positionals[0], "sample"))
        return sample(arguments.positionals[1], &f, err);
    if (arguments.positional_count == 2 && !strcmp(arguments.positionals[0], "check"))
        return with_report(arguments.positionals[1], &f, check, err);
    if (arguments.positional_count == 2 && !strcmp(arguments.positionals[0], "fix"))
        return fix_all(arguments.positionals[1], &f, err);
    if (arguments.positional_count == 3 && !strcmp(arguments.positionals[0], "convert"))
        return convert(arguments.positionals[1], arguments.positionals[2], &f, err);
    return FAIL(err, INVALID,
                "use `dataset sample`, `check` or `fix` with a FOLDER, or `convert FROM TO`");
}

const struct command command_dataset = {
    "dataset", "draw a sample dataset; check, fix or convert a dataset",
    "sample|check|fix|convert FOLDER [OPTIONS]", run,
};
