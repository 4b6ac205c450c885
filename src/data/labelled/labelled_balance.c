/* labelled_balance.c - every class in train and in val, where its images allow it.
 *
 * An image that moves for one class takes its other classes along.  So what counts is what is
 * missing on the whole: classes that are not in train first, then those that are not in val.  Only
 * what makes that less is done, hence it ends: one image moves over, or two change sides. */
#include "data/labelled/labelled_internal.h"

#define CHANGES_TRIED 100000 /* pairs that may change sides, for one class */

struct balance {
    struct dataset *dataset;
    const bool *is_open;
    const int *both;
    int *counts[2]; /* images of each class in train and val */
    int *first;     /* by image, where its classes begin in `classes`; and their end */
    int *classes;
    int64_t missing; /* in val, and in train a thousand million times that */
};

#define MISSING_IN_TRAIN 1000000000

/* The classes of each image, once. */
static void list_classes(struct balance *b, struct arena *scratch)
{
    const struct annotations *all = &b->dataset->annotations;
    int *last = ARENA_ARRAY(scratch, int, b->dataset->class_count);
    int64_t total = 0;
    int count = 0;

    for (int i = 0; i < b->dataset->item_count; i++)
        total += all->images[i].count;
    b->first = ARENA_ARRAY(scratch, int, b->dataset->item_count + 1);
    b->classes = ARENA_ARRAY(scratch, int, total + 1);
    for (int i = 0; i < b->dataset->item_count; i++) {
        for (int j = 0; j < all->images[i].count; j++) {
            int class_id = annotations_of(all, i)[j].class_id;

            if (last[class_id] != i + 1)
                b->classes[count++] = class_id;
            last[class_id] = i + 1;
        }
        b->first[i + 1] = count;
    }
}

/* A class with one image belongs in train. */
static int64_t missing_of(const struct balance *b, int class_id)
{
    if (b->both[class_id] && !b->counts[DATASET_SPLIT_TRAIN][class_id])
        return MISSING_IN_TRAIN;
    return b->both[class_id] > 1 && !b->counts[DATASET_SPLIT_VAL][class_id];
}

static bool shows(const struct balance *b, int item, int class_id)
{
    for (int j = b->first[item]; j < b->first[item + 1]; j++)
        if (b->classes[j] == class_id)
            return true;
    return false;
}

static bool share_class(const struct balance *b, int item, int other)
{
    for (int j = b->first[item]; j < b->first[item + 1]; j++)
        if (shows(b, other, b->classes[j]))
            return true;
    return false;
}

/* To the other side. */
static void move(struct balance *b, int item)
{
    enum dataset_split from = b->dataset->items[item].split;
    enum dataset_split to = from == DATASET_SPLIT_TRAIN ? DATASET_SPLIT_VAL : DATASET_SPLIT_TRAIN;

    for (int j = b->first[item]; j < b->first[item + 1]; j++) {
        int class_id = b->classes[j];

        b->missing -= missing_of(b, class_id);
        b->counts[from][class_id]--;
        b->counts[to][class_id]++;
        b->missing += missing_of(b, class_id);
    }
    b->dataset->items[item].split = to;
}

/* The last of the images that leave the least missing; false: none makes it less. */
static bool move_one(struct balance *b, int class_id)
{
    int64_t least = b->missing;
    int best = -1;

    for (int i = b->dataset->item_count - 1; i >= 0; i--) {
        if (!b->is_open[i] || !shows(b, i, class_id))
            continue;
        move(b, i);
        if (b->missing < least) {
            least = b->missing;
            best = i;
        }
        move(b, i);
    }
    if (best >= 0)
        move(b, best);
    return best >= 0;
}

/* What one image takes along another one of the other side brings back. */
static bool exchange_two(struct balance *b, int class_id)
{
    const struct dataset_item *items = b->dataset->items;
    int64_t before = b->missing, tried = 0;

    for (int i = b->dataset->item_count - 1; i >= 0 && tried < CHANGES_TRIED; i--) {
        if (!b->is_open[i] || !shows(b, i, class_id))
            continue;
        move(b, i);
        for (int j = b->dataset->item_count - 1; j >= 0; j--, tried++) {
            if (j == i || !b->is_open[j] || items[j].split != items[i].split ||
                !share_class(b, i, j))
                continue;
            move(b, j);
            if (b->missing < before)
                return true;
            move(b, j);
        }
        move(b, i);
    }
    return false;
}

static void init(struct balance *b, struct arena *scratch)
{
    for (int side = 0; side < 2; side++)
        b->counts[side] = ARENA_ARRAY(scratch, int, b->dataset->class_count);
    list_classes(b, scratch);
    for (int i = 0; i < b->dataset->item_count; i++)
        for (int j = b->first[i]; j < b->first[i + 1]; j++)
            if (b->dataset->items[i].split != DATASET_SPLIT_TEST)
                b->counts[b->dataset->items[i].split][b->classes[j]]++;
    for (int c = 0; c < b->dataset->class_count; c++)
        b->missing += missing_of(b, c);
}

void labelled_balance(struct dataset *dataset, const bool *is_open, const int *both)
{
    struct arena scratch = ARENA_INIT;
    struct balance b = { .dataset = dataset, .is_open = is_open, .both = both };
    bool has_moved = true;

    init(&b, &scratch);
    while (has_moved && b.missing) {
        has_moved = false;
        for (int c = 0; c < dataset->class_count; c++)
            if (missing_of(&b, c))
                has_moved |= move_one(&b, c) || exchange_two(&b, c);
    }
    arena_release(&scratch);
}
