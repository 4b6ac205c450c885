/* labelled_split.c - train and val of images that show several classes.
 *
 * An image belongs to the rarest class on it, and those of a class are divided together; images
 * without objects are one more class.  What then is on one side only, though two images show it,
 * moves images over (labelled_balance.c). */
#include "base/error.h"
#include "base/rng.h"
#include "base/vec.h"
#include "data/labelled/labelled_internal.h"
#include "data/streams.h"
#include <string.h>

/* Images on which each class is, in a split (or both of train and val). */
static void count_images(const struct dataset *dataset, enum dataset_split split, int *counts)
{
    const struct annotations *all = &dataset->annotations;
    struct arena scratch = ARENA_INIT;
    int *last = ARENA_ARRAY(&scratch, int, dataset->class_count);

    memset(counts, 0, sizeof(int) * (size_t)dataset->class_count);
    for (int i = 0; i < dataset->item_count; i++)
        for (int j = 0; j < all->images[i].count; j++) {
            int class_id = annotations_of(all, i)[j].class_id;

            if ((dataset->items[i].split == split ||
                 (split == DATASET_SPLIT_COUNT && dataset->items[i].split != DATASET_SPLIT_TEST)) &&
                last[class_id] != i + 1) {
                counts[class_id]++;
                last[class_id] = i + 1;
            }
        }
    arena_release(&scratch);
}

static void choose_classes(struct dataset *dataset, const int *counts)
{
    const struct annotations *all = &dataset->annotations;

    for (int i = 0; i < dataset->item_count; i++) {
        int *rarest = &dataset->items[i].class_id;

        *rarest = -1;
        for (int j = 0; j < all->images[i].count; j++) {
            int class_id = annotations_of(all, i)[j].class_id;

            if (*rarest < 0 || counts[class_id] < counts[*rarest] ||
                (counts[class_id] == counts[*rarest] && class_id < *rarest))
                *rarest = class_id;
        }
    }
}

static void divide_class(struct dataset *dataset, const bool *is_open, int class_id, int *members)
{
    struct rng rng = rng_for(dataset->seed, STREAM_SPLIT, (uint64_t)(class_id + 1));
    int fixed[DATASET_SPLIT_COUNT] = { 0 }, count = 0, val_count;

    for (int i = 0; i < dataset->item_count; i++) {
        if (dataset->items[i].class_id != class_id)
            continue;
        if (is_open[i])
            members[count++] = i;
        else
            fixed[dataset->items[i].split]++;
    }
    rng_shuffle(&rng, members, count);
    val_count = dataset_val_share(dataset, count, fixed[DATASET_SPLIT_TRAIN],
                                  fixed[DATASET_SPLIT_VAL]);
    for (int i = 0; i < count; i++)
        dataset->items[members[i]].split = i < val_count ? DATASET_SPLIT_VAL : DATASET_SPLIT_TRAIN;
}

/* Few images, each of a class of its own: divided as if they were all of one. */
static void divide_together(struct dataset *dataset, const bool *is_open, int *members)
{
    struct rng rng = rng_for(dataset->seed, STREAM_SPLIT, 0);
    int count = 0, val_count;

    for (int i = 0; i < dataset->item_count; i++)
        if (is_open[i])
            members[count++] = i;
    rng_shuffle(&rng, members, count);
    val_count = dataset_val_share(dataset, count,
                                  dataset_count(dataset, DATASET_SPLIT_TRAIN) - count, 0);
    for (int i = 0; i < val_count; i++)
        dataset->items[members[i]].split = DATASET_SPLIT_VAL;
}

static void divide(struct dataset *dataset, const bool *is_open)
{
    struct arena scratch = ARENA_INIT;
    int *both = ARENA_ARRAY(&scratch, int, dataset->class_count);
    int *members = ARENA_ARRAY(&scratch, int, dataset->item_count);
    bool *is_used = ARENA_ARRAY(&scratch, bool, dataset->class_count + 1);

    count_images(dataset, DATASET_SPLIT_COUNT, both);
    choose_classes(dataset, both);
    for (int i = 0; i < dataset->item_count; i++)
        is_used[dataset->items[i].class_id + 1] = true;
    for (int class_id = -1; class_id < dataset->class_count; class_id++)
        if (is_used[class_id + 1])
            divide_class(dataset, is_open, class_id, members);
    if (dataset_count(dataset, DATASET_SPLIT_VAL) == 0)
        divide_together(dataset, is_open, members);
    else if (dataset->class_count <= 1000) /* each look is a pass over all objects */
        labelled_balance(dataset, is_open, both);
    arena_release(&scratch);
}

/* Objects of each class, and which classes miss a split. */
static void count_objects(struct labelled *all)
{
    struct dataset *dataset = all->dataset;
    const struct annotations *annotations = &dataset->annotations;

    for (int split = 0; split < DATASET_SPLIT_COUNT; split++)
        dataset->class_counts[split] = ARENA_ARRAY(all->arena, int, dataset->class_count);
    for (int i = 0; i < dataset->item_count; i++)
        for (int j = 0; j < annotations->images[i].count; j++) {
            const struct annotation *item = annotations_of(annotations, i) + j;

            if (!item->is_crowd)
                dataset->class_counts[dataset->items[i].split][item->class_id]++;
        }
}

static void warn_of_missing(struct labelled *all)
{
    const struct dataset *dataset = all->dataset;
    int missing = 0;

    for (int c = 0; c < dataset->class_count; c++) {
        const int *const *counts = (const int *const *)dataset->class_counts;
        int elsewhere = counts[DATASET_SPLIT_VAL][c] + counts[DATASET_SPLIT_TEST][c];

        if (counts[DATASET_SPLIT_TRAIN][c])
            continue;
        missing++;
        if (elsewhere)
            dataset_warn(all->builder, "class '%s' is not on any image of train",
                         dataset->classes[c]);
    }
    if (missing)
        dataset_warn(all->builder, "%d of %d classes have no object in train", missing,
                     dataset->class_count);
}

/* Images to validate with were named, and none of them is one. */
static void warn_of_no_val(struct labelled *all, bool has_val)
{
    const struct dataset *dataset = all->dataset;
    int train_share = (int)(100 * dataset->train_ratio + 0.5);

    if (has_val || !all->has_listed[DATASET_SPLIT_VAL] || !dataset->is_divided ||
        all->options->method != DATASET_SPLIT_USE_DATASET)
        return;
    if (all->shared_count)
        dataset_warn(all->builder,
                     "val names the same images as train: to validate with others, train is "
                     "divided %d to %d", train_share, 100 - train_share);
    else
        dataset_warn(all->builder, "no image of val can be read: train is divided %d to %d",
                     train_share, 100 - train_share);
}

int labelled_divide(struct labelled *all, struct error *err)
{
    struct dataset *dataset = all->dataset;
    struct arena scratch = ARENA_INIT;
    int *counts = ARENA_ARRAY(&scratch, int, dataset->class_count);
    bool has_val = dataset_count(dataset, DATASET_SPLIT_VAL) > 0;

    if (dataset_place(all->builder, divide, err)) {
        arena_release(&scratch);
        return -1;
    }
    count_images(dataset, DATASET_SPLIT_COUNT, counts);
    choose_classes(dataset, counts);
    arena_release(&scratch);
    count_objects(all);
    warn_of_no_val(all, has_val);
    warn_of_missing(all);
    if (all->options->is_lenient)
        return 0;
    if (dataset_count(dataset, DATASET_SPLIT_TRAIN) == 0)
        return FAIL(err, INVALID,
                    "no images are left in the train split of '%s'; `dataset check` tells more",
                    dataset->root);
    if (dataset_count(dataset, DATASET_SPLIT_VAL) == 0)
        return FAIL(err, INVALID, "'%s' has one image only, so there is nothing to validate with",
                    dataset->root);
    return 0;
}
