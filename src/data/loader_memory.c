/* loader_memory.c - what a loader takes, told before one is opened; see loader.h. */

#include "data/loader_internal.h"

#include "base/error.h"
#include "base/limits.h"
#include "formats/image.h"

#include <sched.h>

#define AHEAD_DEFAULT 2

#define PROBED 64 /* files whose headers are read: those with the most bytes */

/* Cores this process may use, which in a container or a job is less than the machine has. */
static int core_count(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set))
        return 1;
    return limits_core_count("", CPU_COUNT(&set) < THREAD_LIMIT ? CPU_COUNT(&set) : THREAD_LIMIT);
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
        struct error why = { 0 };
        const char *path = dataset_item_path(dataset, &arena, largest[i]);
        bool is_bad = decoder_open(decoder, path, &info, &why);

        if (!(is_bad && why.kind == ERR_TOO_LARGE) &&
            dataset->items[largest[i]].size_bytes > extent.file_bytes)
            extent.file_bytes = dataset->items[largest[i]].size_bytes;
        if (is_bad || image_check_size(info.width, info.height, NULL, &why))
            continue; /* the loader will report it; nothing is allocated for its pixels */
        if ((int64_t)info.width * info.height > extent.pixels)
            extent.pixels = (int64_t)info.width * info.height;
        extent.is_turned |= info.is_rotated;
    }
    extent.has_masks = dataset->task == DATASET_TASK_SEGMENTATION;
    if (dataset->task == DATASET_TASK_POSE)
        extent.keypoint_count = dataset->annotations.keypoint_count;
    decoder_free(decoder);
    arena_release(&arena);
    return extent;
}

/* What one image's targets take in a batch. */
static int64_t target_bytes(const struct loader_options *options,
                            const struct loader_extent *extent, int class_count)
{
    int64_t number = (int64_t)sizeof(float), mask = options->transform.image_size;
    int64_t bytes = number * (class_count + 2);

    if (!options->most_boxes)
        return bytes;
    mask /= SCENE_MASK_STRIDE;
    bytes += options->most_boxes * number * (4 + 1 + 3 * (int64_t)extent->keypoint_count);
    if (extent->has_masks)
        bytes += number * mask * mask;
    return bytes + number + (int64_t)sizeof(struct batch_place);
}

/* Images of the network's size among what one thread draws with: loader_make.c, loader_scene.c. */
static int64_t drawn_count(const struct loader_options *options)
{
    const struct scene_settings *scene = options->scene;
    int64_t canvas = 4; /* two sides wide and high */

    if (!options->most_boxes || !scene)
        return 4;
    return 4 + (scene->mosaic > 0 ? canvas : 1) + /* before the warp */
           (scene->copy_paste > 0 ? canvas : 0) + /* its mirror image */
           (scene->mixup > 0 ? 1 : 0);
}

int64_t loader_memory_bytes(const struct loader_options *options,
                            const struct loader_extent *extent, int class_count)
{
    int64_t side = options->transform.image_size, pixels = 3 * side * side;
    int64_t slots = 1 + loader_ahead(options), threads = loader_threads(options);
    int64_t row = pixels * (int64_t)sizeof(float) + target_bytes(options, extent, class_count);
    int64_t decoded = 3 * extent->pixels * (extent->is_turned ? 2 : 1);

    return slots * options->batch_size * row +
           threads * (decoded + extent->file_bytes + drawn_count(options) * pixels) +
           options->cache_limit_bytes;
}
