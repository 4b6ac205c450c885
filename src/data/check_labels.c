/* check_labels.c - what is to be said of labels: statistics, obstacles, proposals. */
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/check_internal.h"
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define CORRUPTED_LIMIT 0.05
#define SMALL_DATASET 100
#define IMBALANCE_LIMIT 2.0
#define SHARE_OF_MEAN 0.7

static void warn(struct check_report *report, struct check_texts *warnings, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void warn(struct check_report *report, struct check_texts *warnings, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    *VEC_ADD(warnings) = arena_vprintf(&report->_arena, format, list);
    va_end(list);
}

/* ---- judgement --------------------------------------------------------------------------- */

static void judge_classes(struct check_report *report, struct check_texts *warnings)
{
    const struct dataset *dataset = report->dataset;
    int least = -1, most = -1, below = 0, present = 0;
    int64_t total = 0;

    for (int i = 0; i < dataset->class_count; i++) {
        int count = dataset->class_counts[DATASET_SPLIT_TRAIN][i] +
                    dataset->class_counts[DATASET_SPLIT_VAL][i];
        int least_count = least < 0 ? INT32_MAX
                                    : dataset->class_counts[DATASET_SPLIT_TRAIN][least] +
                                          dataset->class_counts[DATASET_SPLIT_VAL][least];
        int most_count = most < 0 ? -1
                                  : dataset->class_counts[DATASET_SPLIT_TRAIN][most] +
                                        dataset->class_counts[DATASET_SPLIT_VAL][most];

        if (count == 0)
            continue;
        present++;
        total += count;
        least = count < least_count ? i : least;
        most = count > most_count ? i : most;
    }
    if (present == 0)
        return;
    for (int i = 0; i < dataset->class_count; i++) {
        int count = dataset->class_counts[DATASET_SPLIT_TRAIN][i] +
                    dataset->class_counts[DATASET_SPLIT_VAL][i];

        below += count > 0 && count < SHARE_OF_MEAN * (double)total / present;
    }
    report->imbalance_ratio = (double)(dataset->class_counts[DATASET_SPLIT_TRAIN][most] +
                                       dataset->class_counts[DATASET_SPLIT_VAL][most]) /
                              (dataset->class_counts[DATASET_SPLIT_TRAIN][least] +
                               dataset->class_counts[DATASET_SPLIT_VAL][least]);
    if (report->imbalance_ratio > IMBALANCE_LIMIT)
        warn(report, warnings, "class imbalance: '%s' has %.1f times as many objects as '%s'",
             dataset->classes[most], report->imbalance_ratio, dataset->classes[least]);
    if (below)
        warn(report, warnings, "%d classes have less than 70 %% of the mean of %.0f objects",
             below, (double)total / present);
}

static void judge_rows(struct check_report *report, struct check_texts *warnings)
{
    const struct dataset *dataset = report->dataset;
    int empty = 0;

    for (int i = 0; i < dataset->item_count; i++)
        empty += dataset->annotations.images[i].count == 0;
    if (empty)
        warn(report, warnings, "%d of %d images show no object: they count as background", empty,
             dataset->item_count);
    if (dataset->rows.fixed)
        warn(report, warnings, "%" PRId64 " label rows are repaired while they are read",
             dataset->rows.fixed);
    if (dataset->rows.excluded)
        warn(report, warnings, "%" PRId64 " label rows are left out", dataset->rows.excluded);
    if (dataset->item_count < SMALL_DATASET)
        warn(report, warnings, "only %d images: at least %d are advisable", dataset->item_count,
             SMALL_DATASET);
}

const char *check_judge_labels(struct check_report *report, struct check_texts *warnings)
{
    const struct dataset *dataset = report->dataset;
    int train_count = 0, val_count = 0, objects = 0;

    judge_classes(report, warnings);
    judge_rows(report, warnings);
    for (int i = 0; i < dataset->item_count; i++) {
        bool is_good = !report->files[i].message;

        train_count += is_good && dataset->items[i].split == DATASET_SPLIT_TRAIN;
        val_count += is_good && dataset->items[i].split == DATASET_SPLIT_VAL;
    }
    for (int c = 0; c < dataset->class_count; c++)
        objects += dataset->class_counts[DATASET_SPLIT_TRAIN][c];
    if (train_count == 0)
        return "no decodable image in train";
    if (val_count == 0)
        return "no decodable image in val";
    if (objects == 0)
        return "no object on any image of train";
    if (report->corrupted_count > CORRUPTED_LIMIT * dataset->item_count)
        return arena_printf(&report->_arena, "%d of %d images do not decode, more than %.0f %%",
                            report->corrupted_count, dataset->item_count, 100 * CORRUPTED_LIMIT);
    return NULL;
}

/* ---- proposals --------------------------------------------------------------------------- */

static bool can_edit(const struct dataset *dataset, const struct dataset_finding *finding)
{
    static const char *const edits[] = { "clip", "drop", "drop_duplicate", "boxes" };

    if (!strcmp(dataset->format, "yolo") ? finding->line == 0 : finding->element < 0)
        return false;
    for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++)
        if (!strcmp(finding->remedy, edits[i]))
            return true;
    return false;
}

/* Left among images or labels by accident, where it does not belong. */
static bool is_stray(const struct dataset_excluded *excluded)
{
    bool is_among = strcasestr(excluded->path, "labels/") || strcasestr(excluded->path, "images/");

    return strstr(excluded->reason, "label file without an image") ||
           strstr(excluded->reason, "another program's cache") ||
           (is_among && strstr(excluded->reason, "neither an image nor a label"));
}

/* Of data.yaml as a whole, which is written once whatever there is to be said of it. */
static bool can_configure(const struct dataset *dataset, const struct dataset_finding *finding,
                          const struct check_fixes *fixes)
{
    static const char *const kinds[] = { "add_classes", "class_count", "splits" };
    bool is_one = false;

    if (finding->line || strcmp(dataset->format, "yolo"))
        return false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        is_one |= !strcmp(finding->remedy, kinds[i]);
    for (int i = 0; i < fixes->count; i++)
        is_one &= !fixes->items[i].configures || strcmp(fixes->items[i].kind, finding->remedy);
    return is_one;
}

void check_find_label_fixes(struct check_report *report, struct check_fixes *fixes)
{
    const struct dataset *dataset = report->dataset;

    for (int i = 0; i < dataset->excluded_count; i++)
        if (is_stray(&dataset->excluded[i])) {
            check_add_fix(report, fixes, "unused_file", dataset->excluded[i].path, 0, -1,
                          dataset->excluded[i].reason);
            fixes->items[fixes->count - 1].removes = true;
        }
    for (int i = 0; i < dataset->finding_count; i++) {
        const struct dataset_finding *finding = &dataset->findings[i];
        bool edits, configures;

        if (!finding->remedy)
            continue;
        edits = can_edit(dataset, finding);
        configures = !edits && can_configure(dataset, finding, fixes);
        if (!edits && !configures)
            continue;
        check_add_fix(report, fixes, finding->remedy, *finding->path ? finding->path : "data.yaml",
                      finding->line ? finding->line : (int)finding->element + 1,
                      finding->item, finding->message);
        fixes->items[fixes->count - 1].edits = edits;
        fixes->items[fixes->count - 1].configures = configures;
        fixes->items[fixes->count - 1].finding = finding;
    }
}
