/* dice.c - the platform's own annotation files, in their variants.
 *
 *   annotations.json with images and annotations beside each other, as in COCO, with split_config
 *   annotations_{detection,segmentation,pose}.json, a file per task, else annotations.json
 *   annotations inside the images, with classes instead of categories (format 1.0)
 *   labels/NAME.json per image with label_map.json (format 0.9): dice_legacy.c
 */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "data/labelled/coco_internal.h"
#include "data/labelled/dice_internal.h"
#include <string.h>

static const char *const flat_keys[] = { "annotations", "categories", NULL };
static const char *const nested_keys[] = { "classes", "images", NULL };

static bool is_source(struct labelled *all, int file)
{
    const char *name = file_base_name(all->files.items[file].path);

    return str_ends_with(name, ".json") && !strncmp(name, "annotations", 11) &&
           (coco_has_members(all, file, flat_keys) || coco_has_members(all, file, nested_keys));
}

static double judge(struct labelled *all)
{
    if (dice_is_legacy(all))
        return 0.85;
    for (int i = 0; i < all->files.count; i++)
        if (is_source(all, i))
            return 0.75;
    return 0;
}

/* Of the files of a folder the one of the task comes first; by content segmentation before pose
 * before detection, as in the rest of the readers. */
static int rank_of(const struct labelled *all, const char *path)
{
    static const char *const names[DATASET_TASK_COUNT] = {
        [DATASET_TASK_DETECTION] = "annotations_detection.json",
        [DATASET_TASK_SEGMENTATION] = "annotations_segmentation.json",
        [DATASET_TASK_POSE] = "annotations_pose.json",
    };
    const char *name = file_base_name(path);

    if (all->options->task < DATASET_TASK_COUNT && names[all->options->task] &&
        !strcmp(name, names[all->options->task]))
        return 0;
    if (!strcmp(name, "annotations_classification.json"))
        return 9;
    if (!strcmp(name, "annotations.json"))
        return 4;
    for (int task = DATASET_TASK_POSE; task >= DATASET_TASK_DETECTION; task--)
        if (!strcmp(name, names[task]))
            return all->options->task == DATASET_TASK_BY_CONTENT ? 1 + (DATASET_TASK_POSE - task)
                                                                 : 5;
    return 3; /* annotations_train.json: a file per split */
}

static int read(struct labelled *all, struct error *err)
{
    struct coco coco = { .all = all };
    int best = 10;

    if (dice_is_legacy(all))
        return dice_read_legacy(all, err);
    for (int i = 0; i < all->files.count; i++)
        if (is_source(all, i) && rank_of(all, all->files.items[i].path) < best)
            best = rank_of(all, all->files.items[i].path);
    for (int i = 0; i < all->files.count; i++) {
        if (!is_source(all, i))
            continue;
        if (rank_of(all, all->files.items[i].path) != best)
            all->files.items[i].reason = "an annotation file of another task";
        else if (coco_add_source(&coco, i))
            return FAIL(err, TOO_LARGE, "'%s' has too many annotation files",
                        all->dataset->root);
    }
    if (coco.source_count == 0)
        return FAIL(err, INVALID, "'%s' has no annotations*.json with categories or classes",
                    all->dataset->root);
    return coco_read(&coco, err);
}

const struct labelled_format labelled_dice = { "dice", judge, read };
