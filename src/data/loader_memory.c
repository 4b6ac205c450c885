/* loader_memory.c - what a loader takes, told before one is opened; see loader.h. */

#include "data/loader_internal.h"

#include "base/error.h"

#include <sched.h>

#define AHEAD_DEFAULT 2

#define PROBED 64 /* files whose headers are read: those with the most bytes */

/* Cores this process may run on, which in a container or a job is less than the machine has. */
static int core_count(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set))
        return 1;
    return CPU_COUNT(&set) < THREAD_LIMIT ? CPU_COUNT(&set) : THREAD_LIMIT;
}

int loader_threads(const struct loader_options *options)
{
    return options->threads ? options->threads : core_count();
}

int loader_ahead(const struct loader_options *options)
{
    return options->ahead ? options->ahead : AHEAD_DEFAULT;
}

/* Keep the items with the most bytes, in falling order. */
static int keep_largest(const struct dataset *dataset, int largest[PROBED])
{
    int count = 0;

    for (int item = 0; item < dataset->item_count; item++) {
        int64_t size_bytes = dataset->items[item].size_bytes;
        int place = count;

        if (count == PROBED && size_bytes <= dataset->items[largest[PROBED - 1]].size_bytes)
            continue;
        if (count < PROBED)
            count++;
        else
            place--;
        for (; place && dataset->items[largest[place - 1]].size_bytes < size_bytes; place--)
            largest[place] = largest[place - 1];
        largest[place] = item;
    }
    return count;
}

struct loader_extent loader_extent(const struct dataset *dataset)
{
    struct decoder *decoder = decoder_new();
    struct loader_extent extent = { 0 };
    struct arena arena = ARENA_INIT;
    int largest[PROBED], count = keep_largest(dataset, largest);

    for (int i = 0; i < count; i++) {
        struct decode_info info;
        struct error ignored;
        const char *path = dataset_item_path(dataset, &arena, largest[i]);

        if (dataset->items[largest[i]].size_bytes > extent.file_bytes)
            extent.file_bytes = dataset->items[largest[i]].size_bytes;
        if (decoder_open(decoder, path, &info, &ignored))
            continue; /* the loader will report it */
        if ((int64_t)info.width * info.height > extent.pixels)
            extent.pixels = (int64_t)info.width * info.height;
    }
    decoder_free(decoder);
    arena_release(&arena);
    return extent;
}

int64_t loader_memory_bytes(const struct loader_options *options,
                            const struct loader_extent *extent, int class_count)
{
    int64_t side = options->transform.image_size, rows = options->batch_size;
    int64_t slots = 1 + loader_ahead(options), threads = loader_threads(options);
    int64_t decoded = 3 * extent->pixels, drawn = 4 * 3 * side * side;

    if (options->most_boxes) { /* canvases of twice the side and scenes; boxes, masks, key points */
        drawn += 2 * 4 * 3 * side * side + 4 * 3 * side * side;
        decoded *= 2;
        rows += (rows * (int64_t)options->most_boxes * 256 + rows * side * side / 4) /
                    ((int64_t)sizeof(float) * (3 * side * side + class_count + 2)) +
                1;
    }
    return slots * rows * (int64_t)sizeof(float) * (3 * side * side + class_count + 2) +
           threads * (decoded + extent->file_bytes + drawn) + options->cache_limit_bytes;
}
