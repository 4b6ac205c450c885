/* check_fixes.c - what could be done about bad and repeated files.
 *
 * Proposed for removal is only what is surely of no use: files that do not decode, and all but one
 * of equal files with the same class.  Equal files in two classes, and images that look alike, are
 * for a person to decide.  EXIF rotation needs no fix, as the loader honours it; a class without a
 * good image disappears with its last file. */
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/check_internal.h"
#include <stdlib.h>
#include <string.h>

#define COPIES_MOST 100

void check_add_fix(struct check_report *report, struct check_fixes *fixes, const char *kind,
                   const char *path, int line, int item, const char *reason)
{
    struct check_fix *fix = VEC_ADD(fixes);
    char digest[SHA256_TEXT_SIZE];
    struct sha256 sha;

    (void)report;
    sha256_init(&sha);
    sha256_add(&sha, kind, strlen(kind) + 1);
    sha256_add(&sha, path, strlen(path));
    if (line)
        sha256_add(&sha, &line, sizeof(line));
    sha256_finish(&sha, digest);
    *fix = (struct check_fix){ .kind = kind, .path = path, .item = item, .reason = reason };
    memcpy(fix->id, digest, sizeof(fix->id) - 1);
}

static void add(struct check_report *report, struct check_fixes *fixes, const char *kind, int item,
                bool removes, const char *reason)
{
    check_add_fix(report, fixes, kind, report->dataset->items[item].path, 0, item, reason);
    fixes->items[fixes->count - 1].removes = removes;
}

/* --- equal files --------------------------------------------------------------------------- */

struct content {
    const char *sha256;
    int item;
};

static int compare_contents(const void *a, const void *b)
{
    const struct content *first = a, *second = b;
    int order = strcmp(first->sha256, second->sha256);

    return order ? order : first->item - second->item;
}

/* Of those with the same content, the one that stays; contents are in the order of their paths. */
static int choose_kept(const struct dataset *dataset, const struct content *group, int count)
{
    int kept = 0;

    for (int i = 1; i < count && !dataset->is_divided; i++)
        if (dataset->items[group[i].item].split > dataset->items[group[kept].item].split)
            kept = i;
    return group[kept].item;
}

static const struct dataset_item *find_other_class(const struct dataset *dataset,
                                                   const struct content *group, int count, int item)
{
    for (int i = 0; i < count; i++)
        if (dataset->items[group[i].item].class_id != dataset->items[item].class_id)
            return &dataset->items[group[i].item];
    return NULL;
}

static void add_group(struct check_report *report, const struct content *group, int count,
                      struct check_fixes *removals, struct check_fixes *looks)
{
    const struct dataset *dataset = report->dataset;
    int kept = choose_kept(dataset, group, count);
    const struct dataset_item *stays = &dataset->items[kept];

    for (int i = 0; i < count; i++) {
        int item = group[i].item;
        const struct dataset_item *other = find_other_class(dataset, group, count, item);

        if (other)
            add(report, looks, "conflicting_duplicate", item, false,
                arena_printf(&report->_arena, "the same file as '%s', which is in class '%s'",
                             other->path, dataset->classes[other->class_id]));
        else if (item != kept)
            add(report, removals, "duplicate", item, true,
                arena_printf(&report->_arena, "the same file as '%s'%s%s", stays->path,
                             dataset->items[item].split == stays->split ? "" : ", which is in ",
                             dataset->items[item].split == stays->split
                                 ? ""
                                 : dataset_split_name(stays->split)));
    }
}

static void find_equal(struct check_report *report, struct check_fixes *removals,
                       struct check_fixes *looks)
{
    struct content *contents = calloc((size_t)report->dataset->item_count + 1, sizeof(*contents));
    int count = 0;

    for (int i = 0; contents && i < report->dataset->item_count; i++)
        if (!report->files[i].message)
            contents[count++] = (struct content){ report->files[i].sha256, i };
    if (count)
        qsort(contents, (size_t)count, sizeof(*contents), compare_contents);
    for (int begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1;
             end < count && !strcmp(contents[begin].sha256, contents[end].sha256);)
            end++;
        if (end - begin > 1)
            add_group(report, contents + begin, end - begin, removals, looks);
    }
    free(contents);
}

/* --- all ----------------------------------------------------------------------------------- */

static void find_alike(struct check_report *report, struct check_fixes *looks)
{
    for (int i = 0; i < report->pair_count && looks->count < CHECK_LOOK_LIMIT; i++) {
        const struct check_pair *pair = &report->pairs[i];
        const struct dataset_item *other = &report->dataset->items[pair->a];

        if (!pair->is_equal)
            add(report, looks, "near_duplicate", pair->b, false,
                arena_printf(&report->_arena, "looks like '%s'%s%s", other->path,
                             pair->is_leak ? ", which is in " : "",
                             pair->is_leak ? dataset_split_name(other->split) : ""));
    }
}

static int compare_fixes(const void *a, const void *b)
{
    const struct check_fix *first = a, *second = b;
    int order = strcmp(first->kind, second->kind);

    return order ? order : first->item - second->item;
}

/* An image may look like several others: one line is enough. */
static void add_sorted(struct check_fixes *all, struct check_fixes *part)
{
    if (part->count)
        qsort(part->items, (size_t)part->count, sizeof(*part->items), compare_fixes);
    for (int i = 0; i < part->count; i++)
        if (!i || compare_fixes(&part->items[i - 1], &part->items[i]))
            *VEC_ADD(all) = part->items[i];
    VEC_RELEASE(part);
}

void check_find_fixes(struct check_report *report, bool labels_only)
{
    struct check_fixes all = { 0 }, removals = { 0 }, looks = { 0 };

    for (int i = 0; i < report->dataset->item_count; i++)
        if (report->files[i].message)
            add(report, &removals, "unreadable", i, true, report->files[i].message);
    if (!labels_only) {
        find_equal(report, &removals, &looks);
        find_alike(report, &looks);
    }
    add_sorted(&all, &removals);
    if (report->dataset->task != DATASET_TASK_CLASSIFICATION)
        check_find_label_fixes(report, &all);
    add_sorted(&all, &looks);
    report->fixes = arena_copy(&report->_arena, all.items,
                               sizeof(*all.items) * (size_t)all.count);
    report->fix_count = all.count;
    VEC_RELEASE(&all);
}

int check_apply_fix(const struct check_report *report, const struct check_fix *fix,
                    const char *quarantine_folder, struct error *err)
{
    const char *path = fix->path;
    struct arena arena = ARENA_INIT;
    const char *source = file_join(&arena, report->dataset->root, path);
    const char *target = file_join(&arena, quarantine_folder, path);
    const char *folder =
        arena_strndup(&arena, target, (size_t)(file_base_name(target) - target));
    int result = -1;

    BUG_IF(!fix->removes);
    /* What it was before it was edited may lie there. */
    for (int i = 2; file_exists(target) && i < COPIES_MOST; i++)
        target = arena_printf(&arena, "%s/%s.%d", quarantine_folder, path, i);
    if (file_exists(target))
        FAIL(err, CONFLICT, "cannot move '%s': '%s' exists already", path, target);
    else if (!file_make_folders(folder, err))
        result = rename(source, target) ? FAIL_ERRNO(err, "cannot move '%s'", path) : 0;
    arena_release(&arena);
    return result;
}
