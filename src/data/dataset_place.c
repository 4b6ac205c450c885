/* dataset_place.c - who says which item is in which split: the options, the data set, a ratio. */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "data/dataset_internal.h"
#include "data/split_config.h"
#include <stdlib.h>
#include <string.h>

#define NAMES_SHOWN 3

/* ---- what the data set says ---------------------------------------------------------------- */

static void leave_out(struct dataset_builder *builder, const struct dataset_options *options)
{
    for (int i = 0; i < options->exclude_count; i++)
        map_set(&builder->left_out, options->exclude[i], builder);
}

int dataset_read_own(struct dataset_builder *builder, const char *base, struct error *err)
{
    struct arena *arena = &builder->dataset->_arena;
    const char *folder = *base ? file_join(arena, builder->dataset->root, base)
                               : builder->dataset->root;
    const char *path = file_join(arena, folder, SPLIT_CONFIG_FILE);

    builder->base = base;
    builder->own = (struct dataset_options){ .is_record = true };
    builder->has_own = file_exists(path);
    leave_out(builder, builder->options);
    for (int i = 0; builder->options->only_assigned && i < builder->options->assignment_count; i++)
        map_set(&builder->assigned, builder->options->assignments[i].path, builder);
    if (builder->has_own && split_config_read(arena, path, &builder->own, err))
        return -1;
    leave_out(builder, &builder->own);
    return 0;
}

/* The path as it is seen from where the layout begins; NULL: it is not below. */
static const char *inner_path(const struct dataset_builder *builder, const char *path)
{
    size_t length = strlen(builder->base);

    return length && !strncmp(path, builder->base, length) && path[length] == '/'
               ? path + length + 1
               : NULL;
}

static bool leaves_out(const struct dataset_builder *builder, const char *path)
{
    const char *inner = inner_path(builder, path);

    return map_find(&builder->left_out, path) || (inner && map_find(&builder->left_out, inner));
}

/* What came after a run began has no place in it: its epochs would change under way. */
const char *dataset_reason_against(const struct dataset_builder *builder, const char *path)
{
    if (leaves_out(builder, path))
        return DATASET_LEFT_OUT;
    return builder->options->only_assigned && !map_find(&builder->assigned, path)
               ? DATASET_UNASSIGNED
               : NULL;
}

/* ---- by name ------------------------------------------------------------------------------- */

static void index_items(const struct dataset_builder *builder, struct map *items)
{
    const struct dataset *dataset = builder->dataset;

    for (int i = 0; i < dataset->item_count; i++) {
        const char *inner = inner_path(builder, dataset->items[i].path);

        if (inner)
            map_set(items, inner, &dataset->items[i]);
    }
    for (int i = 0; i < dataset->item_count; i++)
        map_set(items, dataset->items[i].path, &dataset->items[i]);
}

/* Items that are named are not open. */
static int assign(struct dataset_builder *builder, const struct dataset_options *options,
                  bool *is_open, struct error *err)
{
    struct dataset *dataset = builder->dataset;
    struct map items = MAP_INIT;
    struct str missing = STR_INIT;
    int missing_count = 0, result = 0;

    if (options->assignment_count)
        index_items(builder, &items);
    for (int i = 0; i < options->assignment_count; i++) {
        const struct dataset_assignment *assignment = &options->assignments[i];
        struct dataset_item *item = map_find(&items, assignment->path);

        if (item) {
            item->split = assignment->split;
            is_open[item - dataset->items] = false;
        } else if (!leaves_out(builder, assignment->path) &&
                   missing_count++ < NAMES_SHOWN) {
            str_printf(&missing, "%s'%.100s'", missing.length ? ", " : "", assignment->path);
        }
    }
    if (missing_count == 1 && !options->is_record)
        result = FAIL(err, INVALID,
                      "the custom split names %s, which is not an image of the dataset",
                      missing.text);
    else if (missing_count && !options->is_record)
        result = FAIL(err, INVALID,
                      "the custom split names %d paths that are no images of the dataset: %s%s",
                      missing_count, missing.text,
                      missing_count > NAMES_SHOWN ? " and others" : "");
    else if (missing_count)
        dataset_warn(builder, "the split names %d images that are not there: %s%s", missing_count,
                     missing.text, missing_count > NAMES_SHOWN ? " and others" : "");
    str_release(&missing);
    map_release(&items);
    return result;
}

/* ---- by a ratio ---------------------------------------------------------------------------- */

int dataset_val_share(const struct dataset *dataset, int open, int train, int val)
{
    int all = open + train + val;
    int wanted = (int)((double)all * (1 - dataset->train_ratio) + 0.5);

    if (all < 2)
        return 0;
    wanted = wanted < 1 ? 1 : wanted < all ? wanted : all - 1;
    wanted -= val;
    return wanted < 0 ? 0 : wanted < open ? wanted : open;
}

static void divide_open(struct dataset *dataset, dataset_divide_fn *divide, bool *is_open)
{
    bool has_open = false;

    for (int i = 0; i < dataset->item_count; i++) {
        is_open[i] = is_open[i] && dataset->items[i].split != DATASET_SPLIT_TEST;
        has_open = has_open || is_open[i];
    }
    if (!has_open)
        return;
    divide(dataset, is_open);
    dataset->is_divided = true;
}

/* ---- in order ------------------------------------------------------------------------------ */

static void credit(struct dataset *dataset, const struct dataset_options *options,
                   const char *source, const char *by_name)
{
    dataset->split_source = source;
    dataset->split_method = options->method == DATASET_SPLIT_AUTO      ? "auto"
                            : options->method == DATASET_SPLIT_PARTIAL ? "partial"
                                                                       : by_name;
}

static int follow(struct dataset_builder *builder, const struct dataset_options *options,
                  dataset_divide_fn *divide, bool *is_open, struct error *err)
{
    for (int i = 0; i < builder->dataset->item_count; i++)
        is_open[i] = true;
    if (options->method == DATASET_SPLIT_USE_DATASET)
        return 0;
    if (options->method != DATASET_SPLIT_AUTO && assign(builder, options, is_open, err))
        return -1;
    if (options->method != DATASET_SPLIT_CUSTOM)
        divide_open(builder->dataset, divide, is_open);
    return 0;
}

static int place(struct dataset_builder *builder, dataset_divide_fn *divide, bool *is_open,
                 struct error *err)
{
    const struct dataset_options *options = builder->options;
    struct dataset *dataset = builder->dataset;

    if (builder->named.count) {
        builder->own.assignments = builder->named.items;
        builder->own.assignment_count = builder->named.count;
    }
    credit(dataset, &builder->own, builder->own.method ? "split_config" : "default",
           builder->own.method ? "manual" : "use_dataset");
    if (!options->train_ratio && builder->own.train_ratio)
        dataset->train_ratio = builder->own.train_ratio;
    if (!options->seed && builder->own.seed)
        dataset->seed = builder->own.seed;
    /* Before `auto` too: what the data set keeps for tests stays there. */
    if (follow(builder, &builder->own, divide, is_open, err))
        return -1;
    dataset->is_divided = false; /* its own division is as good as folders */
    if (follow(builder, options, divide, is_open, err))
        return -1;
    if (options->method != DATASET_SPLIT_USE_DATASET)
        credit(dataset, options, "split_strategy", "custom");
    if (dataset_count(dataset, DATASET_SPLIT_VAL) || !dataset_count(dataset, DATASET_SPLIT_TRAIN))
        return 0;
    if (options->method != DATASET_SPLIT_USE_DATASET && !options->is_record &&
        options->method != DATASET_SPLIT_AUTO)
        return FAIL(err, INVALID, "the custom split leaves no image of '%s' in val",
                    dataset->root);
    if (options->method == DATASET_SPLIT_USE_DATASET) {
        const struct dataset_options automatic = { .method = DATASET_SPLIT_AUTO };

        credit(dataset, &automatic, "default", NULL);
        return follow(builder, &automatic, divide, is_open, err);
    }
    return 0;
}

static void warn_of_left_out(struct dataset_builder *builder)
{
    int found = 0, unassigned = 0;

    for (int i = 0; i < builder->excluded.count; i++) {
        found += !strcmp(builder->excluded.items[i].reason, DATASET_LEFT_OUT);
        unassigned += !strcmp(builder->excluded.items[i].reason, DATASET_UNASSIGNED);
    }
    if (unassigned)
        dataset_warn(builder, "%d images are in no list of the split: they are left out",
                     unassigned);
    if (found < builder->left_out.count)
        dataset_warn(builder, "%d of %d images to exclude are not in the dataset",
                     builder->left_out.count - found, builder->left_out.count);
}

int dataset_place(struct dataset_builder *builder, dataset_divide_fn *divide, struct error *err)
{
    bool *is_open = calloc((size_t)builder->dataset->item_count + 1, sizeof(*is_open));
    int result = is_open ? place(builder, divide, is_open, err)
                         : FAIL(err, NO_MEMORY, "no memory for %d images",
                                builder->dataset->item_count);

    free(is_open);
    warn_of_left_out(builder);
    return result;
}
