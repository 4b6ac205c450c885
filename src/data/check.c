/* check.c - decode everything, count, judge. */
#include "data/check.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/vec.h"
#include "data/check_internal.h"
#include "data/decode.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREAD_LIMIT 64
#define CORRUPTED_LIMIT 0.05 /* as the loader's usual limit */
#define SMALL_DATASET 100
#define IMBALANCE_LIMIT 2.0
#define SHARE_OF_MEAN 0.7

/* ---- one file ---------------------------------------------------------------------------- */

/* Keep the brightness of each block, and whether it is darker than its right neighbour. */
static void note_look(struct check_file *file, const uint8_t *pixels)
{
    for (int i = 0; i < CHECK_BLOCKS_WIDE * CHECK_BLOCKS_HIGH; i++) {
        const uint8_t *p = pixels + 3 * i;

        file->blocks[i] = (uint8_t)((299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000);
    }
    for (int y = 0; y < CHECK_BLOCKS_HIGH; y++)
        for (int x = 0; x + 1 < CHECK_BLOCKS_WIDE; x++) {
            const uint8_t *block = file->blocks + y * CHECK_BLOCKS_WIDE + x;

            file->look = file->look << 1 | (block[0] < block[1]);
        }
}

struct worker {
    struct check_report *report;
    atomic_int *next;
    struct decoder *decoder;
    struct thumbnailer *thumbnailer; /* NULL: none are wanted */
    struct arena arena;              /* messages; given to the report's life time by copying */
    pthread_t thread;
    struct error err; /* why it could not go on */
    bool has_failed;
};

static int look_at(struct decoder *decoder, const char *path, struct check_file *file,
                   struct decode_info *info, struct error *err)
{
    uint8_t blocks[CHECK_BLOCKS_WIDE * CHECK_BLOCKS_HIGH * 3];
    struct decode_view view = { .width = CHECK_BLOCKS_WIDE,
                                .height = CHECK_BLOCKS_HIGH,
                                .is_exact = true };
    struct sha256 sha;
    const void *bytes;
    size_t size_bytes;

    if (decoder_open(decoder, path, info, err))
        return -1;
    view.part = (struct augment_rectangle){ 0, 0, info->width, info->height };
    if (decoder_draw(decoder, &view, blocks, err))
        return -1;
    file->width = info->width;
    file->height = info->height;
    file->is_rotated = info->is_rotated;
    note_look(file, blocks);
    bytes = decoder_bytes(decoder, &size_bytes);
    sha256_init(&sha);
    sha256_add(&sha, bytes, size_bytes);
    sha256_finish(&sha, file->sha256);
    return 0;
}

/* ---- all files --------------------------------------------------------------------------- */

/* The message names the file by its path within the dataset: whoever reads it need not know where
 * that lies. */
static const char *shorten(struct arena *arena, const char *text, const char *path,
                           const char *inner_path)
{
    const char *found = strstr(text, path);

    if (!found)
        return arena_strdup(arena, text);
    return arena_printf(arena, "%.*s%s%s", (int)(found - text), text, inner_path,
                        found + strlen(path));
}

static void look_at_item(struct worker *worker, int item, struct arena *scratch)
{
    const struct dataset *dataset = worker->report->dataset;
    struct check_file *file = &worker->report->files[item];
    const char *path = dataset_item_path(dataset, scratch, item);
    const char *inner_path = dataset->items[item].path;
    struct decode_info info;
    struct error err = { 0 };

    if (look_at(worker->decoder, path, file, &info, &err))
        file->message = shorten(&worker->arena, err.text, path, inner_path);
    else if (worker->thumbnailer && thumbnailer_draw(worker->thumbnailer, worker->decoder, &info,
                                                     path, inner_path, &worker->err))
        worker->has_failed = true;
}

static void *run_thread(void *argument)
{
    struct worker *worker = argument;
    int item;

    while (!worker->has_failed &&
           (item = atomic_fetch_add(worker->next, 1)) < worker->report->dataset->item_count) {
        struct arena scratch = ARENA_INIT;

        look_at_item(worker, item, &scratch);
        arena_release(&scratch);
    }
    return NULL;
}

static int start_worker(struct worker *worker, const char *thumbnails_folder, struct error *err)
{
    worker->decoder = decoder_new();
    worker->thumbnailer = thumbnails_folder ? thumbnailer_new(thumbnails_folder) : NULL;
    if (!worker->decoder || (thumbnails_folder && !worker->thumbnailer))
        return FAIL(err, NO_MEMORY, "no memory to decode images");
    if (pthread_create(&worker->thread, NULL, run_thread, worker))
        return FAIL(err, UNAVAILABLE, "cannot start a thread");
    return 0;
}

static int look_at_all(struct check_report *report, int thread_count,
                       const char *thumbnails_folder, struct error *err)
{
    struct worker workers[THREAD_LIMIT] = { 0 };
    atomic_int next = 0;
    int started = 0, result = 0;

    for (int i = 0; i < thread_count && !result; i++) {
        workers[i] = (struct worker){ .report = report, .next = &next };
        result = start_worker(&workers[i], thumbnails_folder, err);
        started += !result;
    }
    for (int i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        if (workers[i].has_failed && !result) {
            *err = workers[i].err;
            result = -1;
        }
    }
    for (int i = 0; i < report->dataset->item_count && !result; i++)
        if (report->files[i].message)
            report->files[i].message = arena_strdup(&report->_arena, report->files[i].message);
    for (int i = 0; i < thread_count; i++) {
        decoder_free(workers[i].decoder);
        thumbnailer_free(workers[i].thumbnailer);
        arena_release(&workers[i].arena);
    }
    return result;
}

/* ---- statistics -------------------------------------------------------------------------- */

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void measure_sizes(struct check_report *report)
{
    int *widths = ARENA_ARRAY(&report->_arena, int, report->good_count);
    int *heights = ARENA_ARRAY(&report->_arena, int, report->good_count);
    int count = 0;

    for (int i = 0; i < report->dataset->item_count; i++)
        if (!report->files[i].message) {
            widths[count] = report->files[i].width;
            heights[count++] = report->files[i].height;
        }
    if (count == 0)
        return;
    qsort(widths, (size_t)count, sizeof(int), compare_ints);
    qsort(heights, (size_t)count, sizeof(int), compare_ints);
    report->width_min = widths[0];
    report->width_median = widths[count / 2];
    report->width_max = widths[count - 1];
    report->height_min = heights[0];
    report->height_median = heights[count / 2];
    report->height_max = heights[count - 1];
}

static void count_files(struct check_report *report)
{
    for (int i = 0; i < report->dataset->item_count; i++) {
        report->total_bytes += report->dataset->items[i].size_bytes;
        report->good_count += !report->files[i].message;
        report->corrupted_count += !!report->files[i].message;
        report->rotated_count += report->files[i].is_rotated;
    }
}

/* ---- judgement --------------------------------------------------------------------------- */

static void warn(struct check_report *report, struct check_texts *warnings, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void warn(struct check_report *report, struct check_texts *warnings, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    *VEC_ADD(warnings) = arena_vprintf(&report->_arena, format, list);
    va_end(list);
}

static void judge_classes(struct check_report *report, const int *good_counts,
                          struct check_texts *warnings)
{
    const struct dataset *dataset = report->dataset;
    int least = 0, most = 0, total = 0;

    for (int i = 0; i < dataset->class_count; i++) {
        total += good_counts[i];
        if (good_counts[i] < good_counts[least])
            least = i;
        if (good_counts[i] > good_counts[most])
            most = i;
    }
    report->imbalance_ratio =
        good_counts[least] ? (double)good_counts[most] / good_counts[least] : 0;
    if (report->imbalance_ratio > IMBALANCE_LIMIT)
        warn(report, warnings, "class imbalance: '%s' has %.1f times as many images as '%s'",
             dataset->classes[most], report->imbalance_ratio, dataset->classes[least]);
    for (int i = 0; i < dataset->class_count; i++)
        if (good_counts[i] < SHARE_OF_MEAN * total / dataset->class_count)
            warn(report, warnings, "class '%s' has %d images, below 70 %% of the mean of %.0f",
                 dataset->classes[i], good_counts[i], (double)total / dataset->class_count);
    if (total < SMALL_DATASET)
        warn(report, warnings, "only %d images: at least %d are advisable", total, SMALL_DATASET);
}

static void judge_files(struct check_report *report, struct check_texts *warnings)
{
    if (report->corrupted_count)
        warn(report, warnings, "%d of %d images do not decode", report->corrupted_count,
             report->dataset->item_count);
    if (report->equal_count)
        warn(report, warnings, "exact duplicates (pairs: %d)", report->equal_count);
    if (report->alike_count)
        warn(report, warnings, "images that look alike (pairs: %d)", report->alike_count);
    if (report->leak_count)
        warn(report, warnings,
             "equal or alike images lie in different splits (pairs: %d): results will look better "
             "than they are",
             report->leak_count);
    if (report->dataset->is_divided)
        warn(report, warnings,
             "no validation split given: train is divided %.0f to %.0f with seed %llu",
             100 * report->dataset->train_ratio, 100 * (1 - report->dataset->train_ratio),
             (unsigned long long)report->dataset->seed);
}

/* Why training could not start, or would stop at once. */
static const char *find_obstacle(struct check_report *report, const int *train_counts,
                                 int val_count)
{
    const struct dataset *dataset = report->dataset;

    for (int i = 0; i < dataset->class_count; i++)
        if (train_counts[i] == 0)
            return arena_printf(&report->_arena, "class '%s' has no decodable image in train",
                                dataset->classes[i]);
    if (val_count == 0)
        return "no decodable image in val";
    if (report->corrupted_count > CORRUPTED_LIMIT * dataset->item_count)
        return arena_printf(&report->_arena, "%d of %d images do not decode, more than %.0f %%",
                            report->corrupted_count, dataset->item_count, 100 * CORRUPTED_LIMIT);
    return NULL;
}

/* Images of each class; returns what stands in the way. */
static const char *judge_images(struct check_report *report, struct check_texts *warnings)
{
    const struct dataset *dataset = report->dataset;
    int *good_counts = ARENA_ARRAY(&report->_arena, int, dataset->class_count);
    int *train_counts = ARENA_ARRAY(&report->_arena, int, dataset->class_count);
    int val_count = 0;

    for (int i = 0; i < dataset->item_count; i++) {
        const struct dataset_item *item = &dataset->items[i];

        if (report->files[i].message || item->split == DATASET_SPLIT_TEST)
            continue;
        good_counts[item->class_id]++;
        train_counts[item->class_id] += item->split == DATASET_SPLIT_TRAIN;
        val_count += item->split == DATASET_SPLIT_VAL;
    }
    judge_classes(report, good_counts, warnings);
    return find_obstacle(report, train_counts, val_count);
}

static void judge(struct check_report *report)
{
    const struct dataset *dataset = report->dataset;
    struct check_texts warnings = { 0 };

    for (int i = 0; i < dataset->warning_count; i++)
        *VEC_ADD(&warnings) = dataset->warnings[i];
    report->obstacle = dataset->task == DATASET_TASK_CLASSIFICATION
                           ? judge_images(report, &warnings)
                           : check_judge_labels(report, &warnings);
    judge_files(report, &warnings);
    report->warnings =
        arena_copy(&report->_arena, warnings.items, sizeof(char *) * (size_t)warnings.count);
    report->warning_count = warnings.count;
    VEC_RELEASE(&warnings);
}

int check_run(struct check_report *report, const struct dataset *dataset,
              const struct check_options *options, struct error *err)
{
    int threads = options ? options->threads : 0;

    if (threads <= 0)
        threads = limits_core_count("", (int)sysconf(_SC_NPROCESSORS_ONLN));
    if (threads < 1)
        threads = 1;
    if (threads > THREAD_LIMIT)
        threads = THREAD_LIMIT;
    memset(report, 0, sizeof(*report));
    arena_init(&report->_arena);
    report->dataset = dataset;
    report->files = ARENA_ARRAY(&report->_arena, struct check_file, dataset->item_count);
    if (options && options->labels_only) {
        check_find_fixes(report, true);
        return 0;
    }
    if (look_at_all(report, threads, options ? options->thumbnails_folder : NULL, err)) {
        check_release(report);
        return -1;
    }
    count_files(report);
    measure_sizes(report);
    check_find_pairs(report);
    check_find_fixes(report, false);
    judge(report);
    return 0;
}

void check_release(struct check_report *report)
{
    arena_release(&report->_arena);
    memset(report, 0, sizeof(*report));
}
