/* dataset.c - the finished list: classes, order, warnings, hash. */
#include "data/dataset.h"
#include "base/error.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/dataset_internal.h"
#include "data/labelled.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#define TRAIN_RATIO_DEFAULT 0.8
#define SPLIT_SEED_DEFAULT 42

static const char *const formats[] = { "imagefolder", "dice" };

const char *dataset_split_name(enum dataset_split split)
{
    static const char *const names[DATASET_SPLIT_COUNT] = { "train", "val", "test" };

    return names[split];
}

/* clang-format off */
static const struct {
    const char *name, *alias;
} tasks[DATASET_TASK_COUNT] = {
    [DATASET_TASK_CLASSIFICATION] = { "image_classification",  "classification" },
    [DATASET_TASK_DETECTION]      = { "object_detection",      "detection" },
    [DATASET_TASK_SEGMENTATION]   = { "instance_segmentation", "segmentation" },
    [DATASET_TASK_POSE]           = { "pose_estimation",       "pose" },
};
/* clang-format on */

const char *dataset_task_name(enum dataset_task task)
{
    return tasks[task].name;
}

int dataset_task_find(const char *name)
{
    for (int i = 0; i < DATASET_TASK_COUNT; i++)
        if (!strcmp(name, tasks[i].name) || !strcmp(name, tasks[i].alias))
            return i;
    return -1;
}

void dataset_warn(struct dataset_builder *builder, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    *VEC_ADD(&builder->warnings) = arena_vprintf(&builder->dataset->_arena, format, list);
    va_end(list);
}

void dataset_exclude(struct dataset_builder *builder, const char *path, const char *reason)
{
    *VEC_ADD(&builder->excluded) = (struct dataset_excluded){ path, reason };
}

static int check_options(const struct dataset_options *options, const char **format,
                         struct error *err)
{
    const char *wanted = options->format && *options->format ? options->format : formats[0];

    if (options->train_ratio < 0 || options->train_ratio >= 1)
        return FAIL(err, INVALID, "the train ratio %g is not between 0 and 1",
                    options->train_ratio);
    if (options->task != DATASET_TASK_CLASSIFICATION &&
        (options->task != DATASET_TASK_BY_CONTENT || strcmp(wanted, formats[0]) ||
         !options->format))
        return 0;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (!strcmp(wanted, formats[i])) {
            *format = formats[i];
            return 0;
        }
    return FAIL(err, UNSUPPORTED,
                "dataset format '%s' is not supported for classification; supported: "
                "imagefolder, dice",
                wanted);
}

/* A data.yaml becomes the folder that it lies in. */
static int settle_root(struct dataset_builder *builder, struct dataset_options *options,
                       struct error *err)
{
    struct dataset *dataset = builder->dataset;
    const char *root = dataset->root, *name = file_base_name(root);
    bool is_yaml = str_ends_with(name, ".yaml") || str_ends_with(name, ".yml");
    struct stat status;

    if (stat(root, &status))
        return FAIL_ERRNO(err, "cannot open the dataset '%s'", root);
    if (S_ISDIR(status.st_mode))
        return 0;
    if (!is_yaml || !S_ISREG(status.st_mode) || options->task == DATASET_TASK_CLASSIFICATION)
        return FAIL(err, INVALID, "the dataset '%s' is not a folder%s", root,
                    is_yaml ? "" : ", nor a data.yaml");
    builder->config = name;
    dataset->root = name == root ? "."
                                 : arena_strndup(&dataset->_arena, root,
                                                 name - root > 1 ? (size_t)(name - root) - 1 : 1);
    if (!options->format || !*options->format)
        options->format = "yolo";
    return 0;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_found(const void *a, const void *b)
{
    return strcmp(((const struct dataset_found *)a)->path, ((const struct dataset_found *)b)->path);
}

static int compare_excluded(const void *a, const void *b)
{
    return strcmp(((const struct dataset_excluded *)a)->path,
                  ((const struct dataset_excluded *)b)->path);
}

/* Class names of the train split, and in `ids` each name's id + 1. */
static void collect_classes(struct dataset_builder *builder, struct map *ids)
{
    struct dataset *dataset = builder->dataset;
    struct {
        const char **items;
        int count, capacity;
    } names = { 0 };

    for (int i = 0; i < builder->found.count; i++) {
        const struct dataset_found *found = &builder->found.items[i];

        if (found->split != DATASET_SPLIT_TRAIN || map_find(ids, found->class_name))
            continue;
        *VEC_ADD(&names) = found->class_name;
        map_set(ids, found->class_name, dataset);
    }
    if (names.count)
        qsort(names.items, (size_t)names.count, sizeof(*names.items), compare_texts);
    for (int i = 0; i < names.count; i++)
        map_set(ids, names.items[i], (void *)(intptr_t)(i + 1));
    dataset->classes =
        arena_copy(&dataset->_arena, names.items, sizeof(*names.items) * (size_t)names.count);
    dataset->class_count = names.count;
    VEC_RELEASE(&names);
}

/* An image whose class the train split lacks cannot be learned, nor counted as an error. */
static void warn_of_unknown_classes(struct dataset_builder *builder, struct map *ids)
{
    struct map told = MAP_INIT;

    for (int i = 0; i < builder->found.count; i++) {
        const struct dataset_found *found = &builder->found.items[i];

        if (map_find(ids, found->class_name))
            continue;
        dataset_exclude(builder, found->path, "its class has no images in train");
        if (map_find(&told, found->class_name))
            continue;
        map_set(&told, found->class_name, builder);
        dataset_warn(builder, "class '%s' has images in %s but none in train: they are left out",
                     found->class_name, dataset_split_name(found->split));
    }
    map_release(&told);
}

static void make_items(struct dataset_builder *builder, struct map *ids)
{
    struct dataset *dataset = builder->dataset;

    dataset->items = ARENA_ARRAY(&dataset->_arena, struct dataset_item, builder->found.count);
    for (int i = 0; i < builder->found.count; i++) {
        const struct dataset_found *found = &builder->found.items[i];
        intptr_t id = (intptr_t)map_find(ids, found->class_name);

        if (id)
            dataset->items[dataset->item_count++] = (struct dataset_item){
                .path = found->path,
                .size_bytes = found->size_bytes,
                .class_id = (int)id - 1,
                .split = found->split,
            };
    }
}

static int build(struct dataset_builder *builder, struct error *err)
{
    struct dataset *dataset = builder->dataset;
    struct map ids = MAP_INIT;

    if (builder->found.count == 0)
        return FAIL(err, INVALID,
                    "'%s' holds no images in class folders (DIR/train/CLASS/IMAGE or "
                    "DIR/CLASS/IMAGE)",
                    dataset->root);
    qsort(builder->found.items, (size_t)builder->found.count, sizeof(struct dataset_found),
          compare_found);
    collect_classes(builder, &ids);
    if (dataset->class_count < 2) {
        map_release(&ids);
        return dataset->class_count
                   ? FAIL(err, INVALID, "'%s' has one class only, '%s': at least 2 are needed",
                          dataset->root, dataset->classes[0])
                   : FAIL(err, INVALID, "the train folder of '%s' holds no images in class folders",
                          dataset->root);
    }
    for (int i = 0; i < builder->empty_classes.count; i++)
        dataset_warn(builder, "the class folder '%s' holds no images",
                     builder->empty_classes.items[i]);
    warn_of_unknown_classes(builder, &ids);
    make_items(builder, &ids);
    map_release(&ids);
    return dataset_divide(builder, err);
}

/* What a network would learn: the same objects on the same images. */
static void hash_annotations(const struct dataset *dataset, struct sha256 *sha)
{
    const struct annotations *all = &dataset->annotations;

    for (int i = 0; i < dataset->item_count; i++)
        for (int j = 0; j < all->images[i].count; j++) {
            const struct annotation *item = annotations_of(all, i) + j;
            const int32_t numbers[] = { i, item->class_id, item->is_crowd, item->ring_count,
                                        item->run_count };

            sha256_add(sha, numbers, sizeof(numbers));
            sha256_add(sha, &item->box, sizeof(item->box));
            for (int k = 0; k < item->ring_count; k++) {
                const struct annotation_ring *ring = annotation_rings(all, item) + k;

                sha256_add(sha, annotation_points(all, ring),
                           sizeof(struct annotation_point) * (size_t)ring->point_count);
            }
            if (item->run_count)
                sha256_add(sha, all->runs + item->first_run,
                           sizeof(uint32_t) * (size_t)item->run_count);
            for (int k = 0; item->first_keypoint >= 0 && k < all->keypoint_count; k++) {
                const struct annotation_keypoint *point = annotation_keypoints(all, item) + k;
                const float values[] = { point->x, point->y, (float)point->visibility };

                sha256_add(sha, values, sizeof(values));
            }
        }
}

static void hash_items(struct dataset *dataset)
{
    struct sha256 sha;
    char size[32];

    sha256_init(&sha);
    for (int i = 0; i < dataset->item_count; i++) {
        const struct dataset_item *item = &dataset->items[i];
        int length = snprintf(size, sizeof(size), "%" PRId64, item->size_bytes);

        sha256_add(&sha, item->path, strlen(item->path) + 1);
        sha256_add(&sha, size, (size_t)length + 1);
    }
    if (dataset->task != DATASET_TASK_CLASSIFICATION)
        hash_annotations(dataset, &sha);
    sha256_finish(&sha, dataset->hash);
}

/* Hand the builder's lists to the dataset. */
static void finish(struct dataset_builder *builder)
{
    struct dataset *dataset = builder->dataset;

    if (builder->excluded.count)
        qsort(builder->excluded.items, (size_t)builder->excluded.count,
              sizeof(struct dataset_excluded), compare_excluded);
    dataset->excluded =
        arena_copy(&dataset->_arena, builder->excluded.items,
                   sizeof(struct dataset_excluded) * (size_t)builder->excluded.count);
    dataset->excluded_count = builder->excluded.count;
    dataset->warnings = arena_copy(&dataset->_arena, builder->warnings.items,
                                   sizeof(char *) * (size_t)builder->warnings.count);
    dataset->warning_count = builder->warnings.count;
    hash_items(dataset);
}

/* Objects, or images in class folders. */
static int read_any(struct dataset_builder *builder, struct error *err)
{
    const struct dataset_options *options = builder->options;
    bool is_imagefolder = options->format && !strcmp(options->format, formats[0]);

    if (options->task != DATASET_TASK_CLASSIFICATION && !is_imagefolder) {
        int result = labelled_open(builder, err);

        if (result <= 0)
            return result;
        builder->excluded.count = builder->warnings.count = 0;
        builder->dataset->format = formats[0];
    }
    return dataset_scan(builder, err) || build(builder, err) ? -1 : 0;
}

int dataset_open(struct dataset *dataset, const char *folder, const struct dataset_options *options,
                 struct error *err)
{
    struct dataset_options wanted = options ? *options : (struct dataset_options){ 0 };
    struct dataset_builder builder = { .dataset = dataset, .options = &wanted, .base = "" };
    size_t length = strlen(folder);
    int result = -1;

    memset(dataset, 0, sizeof(*dataset));
    arena_init(&dataset->_arena);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    dataset->root = arena_strndup(&dataset->_arena, folder, length);
    if (check_options(builder.options, &dataset->format, err) ||
        settle_root(&builder, &wanted, err))
        goto done;
    dataset->train_ratio =
        builder.options->train_ratio ? builder.options->train_ratio : TRAIN_RATIO_DEFAULT;
    dataset->seed = builder.options->seed ? builder.options->seed : SPLIT_SEED_DEFAULT;
    if (read_any(&builder, err))
        goto done;
    finish(&builder);
    result = 0;
done:
    VEC_RELEASE(&builder.found);
    VEC_RELEASE(&builder.excluded);
    VEC_RELEASE(&builder.warnings);
    VEC_RELEASE(&builder.empty_classes);
    VEC_RELEASE(&builder.named);
    map_release(&builder.left_out);
    map_release(&builder.assigned);
    if (result)
        dataset_close(dataset);
    return result;
}

void dataset_close(struct dataset *dataset)
{
    annotations_release(&dataset->annotations);
    arena_release(&dataset->_arena);
    memset(dataset, 0, sizeof(*dataset));
}

int dataset_count(const struct dataset *dataset, enum dataset_split split)
{
    int count = 0;

    for (int i = 0; i < dataset->item_count; i++)
        count += dataset->items[i].split == split;
    return count;
}

char *dataset_item_path(const struct dataset *dataset, struct arena *arena, int item)
{
    return file_join(arena, dataset->root, dataset->items[item].path);
}
