/* dataset_split.c - which item is in which split, and the record of it. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/str.h"
#include "data/dataset_internal.h"
#include "data/streams.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Count the items of each class in each split. */
static void count_classes(struct dataset *dataset)
{
    for (int split = 0; split < DATASET_SPLIT_COUNT; split++) {
        if (!dataset->class_counts[split])
            dataset->class_counts[split] = ARENA_ARRAY(&dataset->_arena, int, dataset->class_count);
        memset(dataset->class_counts[split], 0, sizeof(int) * (size_t)dataset->class_count);
    }
    for (int i = 0; i < dataset->item_count; i++)
        dataset->class_counts[dataset->items[i].split][dataset->items[i].class_id]++;
}

/* Divide what is open, class by class. */
static void divide(struct dataset *dataset, const bool *is_open)
{
    struct arena scratch = ARENA_INIT;
    int *members = ARENA_ARRAY(&scratch, int, dataset->item_count);
    int *ends = ARENA_ARRAY(&scratch, int, dataset->class_count);
    int(*fixed)[DATASET_SPLIT_COUNT] =
        arena_alloc(&scratch, sizeof(*fixed) * (size_t)dataset->class_count);
    int total = 0;

    for (int i = 0; i < dataset->item_count; i++)
        if (is_open[i])
            ends[dataset->items[i].class_id]++;
        else
            fixed[dataset->items[i].class_id][dataset->items[i].split]++;
    for (int i = 0; i < dataset->class_count; i++) {
        int count = ends[i];

        ends[i] = total; /* for now where it begins */
        total += count;
    }
    for (int i = 0; i < dataset->item_count; i++)
        if (is_open[i])
            members[ends[dataset->items[i].class_id]++] = i;
    for (int class_id = 0, begin = 0; class_id < dataset->class_count; class_id++) {
        struct rng rng = rng_for(dataset->seed, STREAM_SPLIT, (uint64_t)class_id);
        int count = ends[class_id] - begin;
        int val_count = dataset_val_share(dataset, count, fixed[class_id][DATASET_SPLIT_TRAIN],
                                          fixed[class_id][DATASET_SPLIT_VAL]);

        rng_shuffle(&rng, members + begin, count);
        for (int i = 0; i < count; i++)
            dataset->items[members[begin + i]].split =
                i < val_count ? DATASET_SPLIT_VAL : DATASET_SPLIT_TRAIN;
        begin = ends[class_id];
    }
    arena_release(&scratch);
}

static void warn_of_missing(struct dataset_builder *builder)
{
    struct dataset *dataset = builder->dataset;

    for (int i = 0; i < dataset->class_count; i++)
        for (int split = DATASET_SPLIT_TRAIN; split <= DATASET_SPLIT_VAL; split++)
            if (dataset->class_counts[split][i] == 0)
                dataset_warn(builder, "class '%s' has no images in %s", dataset->classes[i],
                             dataset_split_name((enum dataset_split)split));
}

int dataset_divide(struct dataset_builder *builder, struct error *err)
{
    struct dataset *dataset = builder->dataset;
    bool has_val = dataset_count(dataset, DATASET_SPLIT_VAL) > 0;

    if (dataset_place(builder, divide, err))
        return -1;
    if (dataset->has_folder[DATASET_SPLIT_VAL] && !has_val && dataset->is_divided)
        dataset_warn(builder, "the val folder holds no usable images: train is divided");
    count_classes(dataset);
    if (dataset_count(dataset, DATASET_SPLIT_TRAIN) == 0)
        return FAIL(err, INVALID, "no images are left in the train split of '%s'", dataset->root);
    if (dataset_count(dataset, DATASET_SPLIT_VAL) == 0)
        return FAIL(err, INVALID,
                    "no class of '%s' has two images, so there is nothing to validate with",
                    dataset->root);
    warn_of_missing(builder);
    return 0;
}

static int write_text(struct arena *arena, const char *folder, const char *name,
                      const struct str *text, struct error *err)
{
    return file_replace(file_join(arena, folder, name), text->text, text->length, err);
}

static int write_list(const struct dataset *dataset, struct arena *arena, const char *folder,
                      enum dataset_split split, struct error *err)
{
    struct str text = STR_INIT;
    int result;

    for (int i = 0; i < dataset->item_count; i++)
        if (dataset->items[i].split == split)
            str_printf(&text, "%s %d\n", dataset->items[i].path, dataset->items[i].class_id);
    result = write_text(arena, folder, arena_printf(arena, "%s.txt", dataset_split_name(split)),
                        &text, err);
    str_release(&text);
    return result;
}

/* That of an earlier run would be read as ours. */
static int remove_list(struct arena *arena, const char *folder, enum dataset_split split,
                       struct error *err)
{
    const char *path = arena_printf(arena, "%s/%s.txt", folder, dataset_split_name(split));

    return unlink(path) && file_exists(path) ? FAIL_ERRNO(err, "cannot remove '%s'", path) : 0;
}

static void describe_splits(const struct dataset *dataset, struct str *text)
{
    char *folder = realpath(dataset->root, NULL);
    struct json_writer w;
    int excluded = 0;

    json_begin(&w, text);
    json_object_open(&w);
    json_put_text(&w, "folder", folder ? folder : dataset->root);
    free(folder);
    json_put_text(&w, "format", dataset->format);
    json_put_text(&w, "content_hash", dataset->hash);
    json_put_text(&w, "method", dataset->split_method);
    json_put_text(&w, "source", dataset->split_source);
    if (!strcmp(dataset->split_method, "auto") || !strcmp(dataset->split_method, "partial")) {
        json_put_number(&w, "ratio", dataset->train_ratio);
        json_put_int(&w, "seed", (int64_t)dataset->seed);
    }
    for (int i = 0; i < dataset->excluded_count; i++)
        excluded += !strcmp(dataset->excluded[i].reason, DATASET_LEFT_OUT);
    json_put_int(&w, "excluded_images", excluded);
    json_put_int(&w, "num_classes", dataset->class_count);
    json_key(&w, "splits");
    json_object_open(&w);
    for (int split = 0; split < DATASET_SPLIT_COUNT; split++)
        json_put_int(&w, dataset_split_name((enum dataset_split)split),
                     dataset_count(dataset, (enum dataset_split)split));
    json_close(&w);
    json_close(&w);
    str_add_char(text, '\n');
}

int dataset_write_splits(const struct dataset *dataset, const char *folder, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct str classes = STR_INIT, metadata = STR_INIT;
    char *splits = file_join(&arena, folder, "splits");
    int result = -1;

    if (file_make_folders(splits, err))
        goto done;
    for (int split = 0; split < DATASET_SPLIT_COUNT; split++)
        if (dataset_count(dataset, (enum dataset_split)split)
                ? write_list(dataset, &arena, splits, (enum dataset_split)split, err)
                : remove_list(&arena, splits, (enum dataset_split)split, err))
            goto done;
    for (int i = 0; i < dataset->class_count; i++)
        str_printf(&classes, "%s\n", dataset->classes[i]);
    describe_splits(dataset, &metadata);
    if (write_text(&arena, splits, "classes.txt", &classes, err) ||
        write_text(&arena, splits, "split_metadata.json", &metadata, err))
        goto done;
    result = 0;
done:
    str_release(&classes);
    str_release(&metadata);
    arena_release(&arena);
    return result;
}
