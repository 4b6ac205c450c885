/* check_edit.c - carry out what changes label files and data.yaml.
 *
 * A file is rewritten as a whole, after a copy of what it was went to the other folder.  Rows are
 * found by their line, elements of JSON lists and of VOC files by their number: nobody else may
 * write to the data set meanwhile. */
#include "base/error.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "data/check_internal.h"
#include "data/label_edit.h"
#include "formats/json_walk.h"
#include "formats/yaml.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT_BYTES ((size_t)1 << 32)

/* ---- copies ------------------------------------------------------------------------------ */

/* Keep what the file is now; a copy that is there already is older and stays. */
static int keep_copy(const char *quarantine, const char *path, const struct str *text,
                     struct error *err)
{
    struct arena arena = ARENA_INIT;
    const char *target = file_join(&arena, quarantine, path);
    const char *folder = arena_strndup(&arena, target, (size_t)(file_base_name(target) - target));
    int result = 0;

    if (!file_exists(target))
        result = file_make_folders(folder, err) ||
                 file_replace(target, text->text, text->length, err);
    arena_release(&arena);
    return result ? -1 : 0;
}

/* ---- one file ---------------------------------------------------------------------------- */

static int edit_file(const struct check_report *report, const struct check_fix *const *fixes,
                     int count, const char *quarantine, struct error *err)
{
    struct arena arena = ARENA_INIT;
    const char *path = file_join(&arena, report->dataset->root, fixes[0]->path);
    struct label_edit *edits = ARENA_ARRAY(&arena, struct label_edit, count);
    struct str text = STR_INIT, changed = STR_INIT;
    int result = file_read(path, FILE_LIMIT_BYTES, &text, err);
    size_t mark = result ? 0 : json_mark_length(text.text, text.length);
    const struct str body = { text.text + mark, text.length - mark, 0 };

    for (int i = 0; i < count; i++)
        edits[i] = (struct label_edit){ fixes[i]->finding->line, fixes[i]->finding->element,
                                        fixes[i]->finding->replacement };
    if (!result)
        result = label_edit_apply(report->dataset->format, &body, edits, count, &changed, err) ||
                 keep_copy(quarantine, fixes[0]->path, &text, err) ||
                 file_replace(path, changed.text, changed.length, err);
    str_release(&text);
    str_release(&changed);
    arena_release(&arena);
    return result ? -1 : 0;
}

/* ---- data.yaml --------------------------------------------------------------------------- */

static void write_names(const struct dataset *dataset, int class_count, struct str *out)
{
    str_printf(out, "nc: %d\nnames:\n", class_count);
    for (int i = 0; i < class_count; i++) {
        str_printf(out, "  %d: ", i);
        if (i < dataset->class_count)
            label_write_yaml_text(out, dataset->classes[i]);
        else
            str_printf(out, "class_%d", i);
        str_add_char(out, '\n');
    }
}

/* The folder in which all images of a split lie; NULL: there are none. */
static char *folder_of(const struct dataset *dataset, struct arena *arena,
                       enum dataset_split split)
{
    const char *common = NULL;
    size_t length = 0;

    for (int i = 0; i < dataset->item_count; i++) {
        const char *path = dataset->items[i].path;
        size_t same = 0;

        if (dataset->items[i].split != split)
            continue;
        if (!common) {
            common = path;
            length = (size_t)(file_base_name(path) - path);
            continue;
        }
        while (same < length && path[same] == common[same])
            same++;
        while (same && common[same - 1] != '/')
            same--;
        length = same;
    }
    if (!common)
        return NULL;
    return length ? arena_strndup(arena, common, length - 1) : arena_strdup(arena, ".");
}

/* Where the images are, as their folders show. */
static void write_folders(const struct dataset *dataset, struct arena *arena,
                          const char *inner_path, struct str *text)
{
    const char *folder =
        arena_strndup(arena, inner_path, (size_t)(file_base_name(inner_path) - inner_path));
    char *folders[DATASET_SPLIT_COUNT];

    for (int split = 0; split < DATASET_SPLIT_COUNT; split++) {
        folders[split] = dataset->is_divided && split == DATASET_SPLIT_VAL
                             ? NULL
                             : folder_of(dataset, arena, (enum dataset_split)split);
        if (folders[split] && str_starts_with(folders[split], folder))
            folders[split] += strlen(folder);
    }
    if (!folders[DATASET_SPLIT_TRAIN]) { /* what there is, is divided */
        folders[DATASET_SPLIT_TRAIN] =
            folders[DATASET_SPLIT_VAL] ? folders[DATASET_SPLIT_VAL] : folders[DATASET_SPLIT_TEST];
        folders[folders[DATASET_SPLIT_VAL] ? DATASET_SPLIT_VAL : DATASET_SPLIT_TEST] = NULL;
    }
    str_add(text, "path: .\n");
    for (int split = 0; split < DATASET_SPLIT_COUNT; split++)
        if (folders[split]) {
            str_printf(text, "%s: ", dataset_split_name((enum dataset_split)split));
            label_write_yaml_text(text, folders[split]);
            str_add_char(text, '\n');
        }
}

/* What the file says of it now. */
static int copy_folders(const struct str *before, const char *what, struct str *text,
                        struct error *err)
{
    static const char *const keys[] = { "path", "train", "val", "test" };
    json_t *yaml = yaml_parse(before->text, before->length, what, err);

    if (!yaml)
        return -1;
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        const json_t *value = json_object_get(yaml, keys[i]);
        char *dump = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

        if (dump) /* JSON is YAML */
            str_printf(text, "%s: %s\n", keys[i], dump);
        free(dump);
    }
    json_decref(yaml);
    return 0;
}

/* Write data.yaml anew, with all classes that labels use, and the folders that there are. */
static int configure(const struct check_report *report, const char *inner_path, bool adds_classes,
                     bool moves_splits, const char *quarantine, struct error *err)
{
    const struct dataset *dataset = report->dataset;
    struct arena arena = ARENA_INIT;
    const char *path = file_join(&arena, dataset->root, inner_path);
    struct str text = STR_INIT, before = STR_INIT;
    int most = dataset->wanted_class_count > dataset->class_count ? dataset->wanted_class_count
                                                                  : dataset->class_count;
    int result = -1;

    if (file_exists(path) && (file_read(path, FILE_LIMIT_BYTES, &before, err) ||
                              keep_copy(quarantine, inner_path, &before, err)))
        goto done;
    if (moves_splits || !before.length)
        write_folders(dataset, &arena, inner_path, &text);
    else if (copy_folders(&before, inner_path, &text, err))
        goto done;
    write_names(dataset, adds_classes ? most : dataset->class_count, &text);
    label_write_yaml_keypoints(dataset, &text);
    result = file_replace(path, text.text, text.length, err);
done:
    str_release(&text);
    str_release(&before);
    arena_release(&arena);
    return result;
}

/* ---- all --------------------------------------------------------------------------------- */

static int compare_paths(const void *a, const void *b)
{
    const struct check_fix *const *first = a, *const *second = b;

    return strcmp((*first)->path, (*second)->path);
}

int check_apply_edits(const struct check_report *report, const bool *is_chosen,
                      const char *quarantine_folder, int *count, struct error *err)
{
    struct arena arena = ARENA_INIT;
    const struct check_fix **edits = ARENA_ARRAY(&arena, const struct check_fix *,
                                                 report->fix_count + 1);
    const char *config = NULL;
    bool adds_classes = false, moves_splits = false;
    int edit_count = 0, result = 0;

    for (int i = 0; i < report->fix_count; i++) {
        const struct check_fix *fix = &report->fixes[i];

        if (is_chosen[i] && fix->edits)
            edits[edit_count++] = fix;
        if (is_chosen[i] && fix->configures) {
            config = fix->path;
            adds_classes |= !strcmp(fix->kind, "add_classes");
            moves_splits |= !strcmp(fix->kind, "splits");
            (*count)++;
        }
    }
    if (edit_count)
        qsort(edits, (size_t)edit_count, sizeof(*edits), compare_paths);
    for (int begin = 0, end; begin < edit_count && !result; begin = end) {
        for (end = begin + 1; end < edit_count && !strcmp(edits[end]->path, edits[begin]->path);)
            end++;
        result = edit_file(report, edits + begin, end - begin, quarantine_folder, err);
        *count += result ? 0 : end - begin;
    }
    if (!result && config)
        result = configure(report, config, adds_classes, moves_splits, quarantine_folder,
                           err);
    arena_release(&arena);
    return result;
}
