/* check_pairs.c - images that are equal or look alike.
 *
 * Two 64-bit hashes that differ in at most 3 bits agree in one of their four 16-bit quarters.  So
 * it is enough to sort by each quarter in turn and to compare within runs of equal quarters,
 * instead of comparing each image with each. */
#include "base/vec.h"
#include "data/check_internal.h"
#include <stdlib.h>
#include <string.h>

#define LOOK_DISTANCE 3
#define BLOCK_COUNT (CHECK_BLOCKS_WIDE * CHECK_BLOCKS_HIGH)
/* Mean difference in brightness that scaling and compressing again explain. */
#define BLOCK_DIFFERENCE 6
#define LOOK_QUARTERS 4
#define LOOK_QUARTER_BITS 16
/* Flat images have hardly any gradients: all of them would look alike. */
#define LOOK_BITS_MIN 6
/* Runs longer than this are compared with their neighbours only. */
#define RUN_LIMIT 400

struct pairs {
    struct check_pair *items;
    int count, capacity;
};

struct key {
    uint64_t look;
    int item;
};

static int compare_keys(const void *a, const void *b)
{
    const struct key *first = a, *second = b;

    if (first->look != second->look)
        return first->look < second->look ? -1 : 1;
    return first->item - second->item;
}

static int compare_pairs(const void *a, const void *b)
{
    const struct check_pair *first = a, *second = b;

    if (first->a != second->a)
        return first->a - second->a;
    if (first->b != second->b)
        return first->b - second->b;
    return second->is_equal - first->is_equal;
}

static bool is_telling(uint64_t look)
{
    int bits = __builtin_popcountll(look);

    return bits >= LOOK_BITS_MIN && bits <= 64 - LOOK_BITS_MIN;
}

static bool are_equal(const struct check_report *report, int a, int b)
{
    return !strcmp(report->files[a].sha256, report->files[b].sha256);
}

static bool are_alike(const struct check_report *report, int a, int b)
{
    const struct check_file *first = &report->files[a], *second = &report->files[b];
    int difference = 0;

    if (__builtin_popcountll(first->look ^ second->look) > LOOK_DISTANCE)
        return false;
    for (int i = 0; i < BLOCK_COUNT; i++)
        difference += abs(first->blocks[i] - second->blocks[i]);
    return difference <= BLOCK_DIFFERENCE * BLOCK_COUNT;
}

static void add_pair(const struct check_report *report, struct pairs *pairs, int a, int b)
{
    const struct dataset_item *items = report->dataset->items;

    *VEC_ADD(pairs) = (struct check_pair){
        .a = a < b ? a : b,
        .b = a < b ? b : a,
        .is_equal = are_equal(report, a, b),
        .is_leak = items[a].split != items[b].split,
    };
}

static uint64_t rotate_left(uint64_t value, int bits)
{
    return bits ? value << bits | value >> (64 - bits) : value;
}

/* Compare within runs whose first quarter is equal. */
static void compare_runs(const struct check_report *report, const struct key *keys, int count,
                         struct pairs *pairs)
{
    for (int begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count && keys[end].look >> (64 - LOOK_QUARTER_BITS) ==
                                                 keys[begin].look >> (64 - LOOK_QUARTER_BITS);)
            end++;
        for (int i = begin; i < end; i++)
            for (int j = i + 1; j < end && j <= i + RUN_LIMIT; j++)
                if (are_alike(report, keys[i].item, keys[j].item))
                    add_pair(report, pairs, keys[i].item, keys[j].item);
    }
}

static void find_alike(const struct check_report *report, struct pairs *pairs)
{
    int count = 0;
    struct key *keys = calloc((size_t)report->dataset->item_count + 1, sizeof(*keys));

    for (int quarter = 0; keys && quarter < LOOK_QUARTERS; quarter++) {
        count = 0;
        for (int i = 0; i < report->dataset->item_count; i++)
            if (!report->files[i].message && is_telling(report->files[i].look))
                keys[count++] =
                    (struct key){ rotate_left(report->files[i].look, quarter * LOOK_QUARTER_BITS),
                                  i };
        qsort(keys, (size_t)count, sizeof(*keys), compare_keys);
        compare_runs(report, keys, count, pairs);
    }
    free(keys);
}

/* Flat images that are equal byte for byte are still worth telling: by their SHA-256. */
static void find_equal_flat(const struct check_report *report, struct pairs *pairs)
{
    int count = 0;
    struct key *keys = calloc((size_t)report->dataset->item_count + 1, sizeof(*keys));

    for (int i = 0; keys && i < report->dataset->item_count; i++) {
        char first[17] = "";

        if (report->files[i].message || is_telling(report->files[i].look))
            continue;
        memcpy(first, report->files[i].sha256, 16);
        keys[count++] = (struct key){ strtoull(first, NULL, 16), i };
    }
    if (count)
        qsort(keys, (size_t)count, sizeof(*keys), compare_keys);
    for (int i = 1; i < count; i++)
        if (are_equal(report, keys[i - 1].item, keys[i].item))
            add_pair(report, pairs, keys[i - 1].item, keys[i].item);
    free(keys);
}

/* A pair may have been found through several quarters. */
static void remove_repeats(struct pairs *pairs)
{
    int kept = 0;

    if (pairs->count)
        qsort(pairs->items, (size_t)pairs->count, sizeof(*pairs->items), compare_pairs);
    for (int i = 0; i < pairs->count; i++)
        if (kept == 0 || compare_pairs(&pairs->items[kept - 1], &pairs->items[i]))
            pairs->items[kept++] = pairs->items[i];
    pairs->count = kept;
}

void check_find_pairs(struct check_report *report)
{
    struct pairs pairs = { 0 };

    find_alike(report, &pairs);
    find_equal_flat(report, &pairs);
    remove_repeats(&pairs);
    for (int i = 0; i < pairs.count; i++) {
        report->equal_count += pairs.items[i].is_equal;
        report->alike_count += !pairs.items[i].is_equal;
        report->leak_count += pairs.items[i].is_leak;
    }
    report->pair_count = pairs.count < CHECK_PAIR_LIMIT ? pairs.count : CHECK_PAIR_LIMIT;
    report->has_more_pairs = pairs.count > CHECK_PAIR_LIMIT;
    report->pairs =
        arena_copy(&report->_arena, pairs.items, sizeof(*pairs.items) * (size_t)report->pair_count);
    VEC_RELEASE(&pairs);
}
