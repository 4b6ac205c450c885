/* labelled_words.c - what a run is told of label files that are not as they should be: how many,
 * and the first of each kind. */
#include "base/str.h"
#include "base/vec.h"
#include "data/labelled/labelled_internal.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define REASONS_TOLD 3

/* ---- words ------------------------------------------------------------------------------- */

struct reason {
    const char *text;
    int count;
    int finding; /* the first */
};

static int compare_texts(const void *a, const void *b)
{
    const struct reason *first = a, *second = b;
    int order = strcmp(first->text, second->text);

    return order ? order : (first->finding > second->finding) - (first->finding < second->finding);
}

static int compare_counts(const void *a, const void *b)
{
    const struct reason *first = a, *second = b;

    return first->count != second->count ? second->count - first->count : compare_texts(a, b);
}

/* A row, and not a file or the data set as a whole. */
static bool is_of_row(const struct dataset_finding *finding)
{
    return finding->line > 0 || finding->element >= 0;
}

/* What rows were left out for, or what is remarked on files, the most frequent first; returns how
 * many there are. */
static int collect_reasons(const struct labelled *all, enum dataset_outcome outcome,
                           struct reason *reasons)
{
    int count = 0, kept = 0;

    for (int i = 0; i < all->findings.count; i++) {
        const struct dataset_finding *finding = &all->findings.items[i];
        bool is_remark = outcome == DATASET_REMARK;

        if (finding->outcome == outcome && is_of_row(finding) != is_remark)
            reasons[count++] =
                (struct reason){ is_remark ? all->kinds.items[i] : finding->message, 1, i };
    }
    if (count)
        qsort(reasons, (size_t)count, sizeof(*reasons), compare_texts);
    for (int i = 0; i < count; i++)
        if (kept && !strcmp(reasons[kept - 1].text, reasons[i].text))
            reasons[kept - 1].count++;
        else
            reasons[kept++] = reasons[i];
    if (kept)
        qsort(reasons, (size_t)kept, sizeof(*reasons), compare_counts);
    return kept;
}

static void warn_of_rows(struct labelled *all, struct reason *reasons)
{
    const struct dataset_rows *rows = &all->dataset->rows;
    struct str text = STR_INIT;
    int count;

    if (rows->fixed)
        dataset_warn(all->builder, "%" PRId64 " label rows are repaired while they are read",
                     rows->fixed);
    count = collect_reasons(all, DATASET_EXCLUDED, reasons);
    for (int i = 0; i < count && i < REASONS_TOLD; i++)
        str_printf(&text, "%s%d: %s", i ? "; " : "", reasons[i].count, reasons[i].text);
    if (count > REASONS_TOLD)
        str_printf(&text, "; %d other reasons", count - REASONS_TOLD);
    if (rows->excluded)
        dataset_warn(all->builder, "%" PRId64 " label rows are left out (%s); `dataset check` "
                                   "tells where they are",
                     rows->excluded, text.text);
    str_release(&text);
}

static void warn_of_remarks(struct labelled *all, struct reason *reasons)
{
    int count = collect_reasons(all, DATASET_REMARK, reasons);

    for (int i = 0; i < count && i < REASONS_TOLD; i++) {
        const struct dataset_finding *first = &all->findings.items[reasons[i].finding];
        const char *more = reasons[i].count > 1
                               ? arena_printf(all->arena, "; and %d more like it",
                                              reasons[i].count - 1)
                               : "";

        dataset_warn(all->builder, "%s%s%s%s", first->path, *first->path ? ": " : "",
                     first->message, more);
    }
    if (count > REASONS_TOLD)
        dataset_warn(all->builder, "%d other remarks on label files: `dataset check` tells them",
                     count - REASONS_TOLD);
}

void labelled_warn_of_findings(struct labelled *all)
{
    struct arena scratch = ARENA_INIT;
    struct reason *reasons;

    if (all->options->is_lenient) /* check.h lists them one by one */
        return;
    reasons = ARENA_ARRAY(&scratch, struct reason, all->findings.count + 1);
    warn_of_rows(all, reasons);
    warn_of_remarks(all, reasons);
    arena_release(&scratch);
}
