/* labelled.c - a labelled data set from its files: images, objects, findings, and the end of it. */
#include "data/labelled.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/labelled/labelled_internal.h"
#include "formats/image.h"
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HEADER_BYTES (256 << 10) /* most headers are within; else the whole file is read */
#define FILE_LIMIT_BYTES ((size_t)1 << 30)

static const struct labelled_format *const formats[] = { &labelled_yolo, &labelled_coco,
                                                         &labelled_dice, &labelled_voc };
#define FORMAT_COUNT (int)(sizeof(formats) / sizeof(*formats))

/* ---- findings and classes ---------------------------------------------------------------- */

/* When the newest object is that of the place. */
static void mark_repaired(struct labelled *all, const struct labelled_place *place)
{
    struct labelled_origin *newest =
        all->origins.count ? &all->origins.items[all->origins.count - 1] : NULL;

    if (newest && newest->place.path == place->path && newest->place.line == place->line &&
        newest->place.element == place->element)
        newest->is_repaired = true;
}

void labelled_note(struct labelled *all, const struct labelled_place *place,
                   enum dataset_outcome outcome, const char *remedy, const char *replacement,
                   const char *format, ...)
{
    struct dataset_rows *rows = &all->dataset->rows;
    va_list list;

    rows->fixed += outcome == DATASET_FIXED;
    if (outcome == DATASET_FIXED)
        mark_repaired(all, place);
    rows->excluded += outcome == DATASET_EXCLUDED && (place->line > 0 || place->element >= 0);
    if (all->findings.count >= DATASET_FINDING_LIMIT) {
        all->dataset->has_more_findings = true;
        return;
    }
    va_start(list, format);
    *VEC_ADD(&all->findings) = (struct dataset_finding){
        .path = place->path,
        .line = place->line,
        .element = place->element,
        .item = place->image,
        .outcome = outcome,
        .message = arena_vprintf(all->arena, format, list),
        .remedy = remedy,
        .replacement = replacement,
    };
    va_end(list);
    *VEC_ADD(&all->kinds) =
        strcmp(format, "%s") ? format : all->findings.items[all->findings.count - 1].message;
}

void labelled_count_used(struct labelled *all)
{
    all->dataset->rows.used++;
}

void labelled_set_class(struct labelled *all, int id, const char *name)
{
    BUG_IF(id < 0 || id >= LABELLED_CLASS_LIMIT);
    while (all->classes.count <= id)
        *VEC_ADD(&all->classes) = NULL;
    all->classes.items[id] = arena_strdup(all->arena, name);
}

bool labelled_is_repeated(struct labelled *all, int image, const void *bytes, size_t size_bytes)
{
    struct labelled_seen *seen = &all->seen;
    const unsigned char *at = bytes;
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a, Fowler et al. 1991 */

    if (image != seen->image) {
        seen->image = image;
        seen->count = 0;
        if (seen->capacity)
            memset(seen->hashes, 0, sizeof(uint64_t) * (size_t)seen->capacity);
    }
    for (size_t i = 0; i < size_bytes; i++)
        hash = (hash ^ at[i]) * UINT64_C(1099511628211);
    hash = (hash ^ hash >> 32) | 1;
    if (2 * (seen->count + 1) > seen->capacity) {
        int old_capacity = seen->capacity, capacity = old_capacity ? 2 * old_capacity : 64;
        uint64_t *old = seen->hashes;

        seen->hashes = calloc((size_t)capacity, sizeof(uint64_t));
        BUG_IF(!seen->hashes);
        seen->capacity = capacity;
        for (int i = 0; i < old_capacity; i++)
            if (old[i]) {
                uint64_t slot = old[i];

                while (seen->hashes[slot % (uint64_t)capacity])
                    slot++;
                seen->hashes[slot % (uint64_t)capacity] = old[i];
            }
        free(old);
    }
    for (uint64_t slot = hash;; slot++) {
        uint64_t *here = &seen->hashes[slot % (uint64_t)seen->capacity];

        if (*here == hash)
            return true;
        if (*here)
            continue;
        *here = hash;
        seen->count++;
        return false;
    }
}

/* ---- images ------------------------------------------------------------------------------ */

int labelled_add_image(struct labelled *all, int file, enum dataset_split split)
{
    const char *path = all->files.items[file].path;
    const char *reason = dataset_reason_against(all->builder, path);

    labelled_take(all, file);
    if (reason) {
        dataset_exclude(all->builder, path, reason);
        return -1;
    }
    all->has_listed[split] = true;
    *VEC_ADD(&all->images) = (struct labelled_image){ .file = file, .split = split };
    return all->images.count - 1;
}

static int compare_images(const void *a, const void *b)
{
    const struct labelled_image *first = a, *second = b;

    if (first->file != second->file) /* files are sorted by path */
        return first->file < second->file ? -1 : 1;
    return (int)first->split - (int)second->split;
}

/* Read the header for the size; fails when the file is no image. */
static int measure(const struct labelled *all, struct labelled_image *image, struct error *err)
{
    const struct labelled_file *file = &all->files.items[image->file];
    struct arena scratch = ARENA_INIT;
    const char *path = file_join(&scratch, all->dataset->root, file->path);
    struct str bytes = STR_INIT;
    struct image_info info;
    FILE *stream = fopen(path, "rbe");
    char *buffer = malloc(HEADER_BYTES);
    size_t count = stream && buffer ? fread(buffer, 1, HEADER_BYTES, stream) : 0;
    int result = -1;

    if (file->size_bytes == 0)
        FAIL(err, CORRUPT, "empty file");
    else if (count && !image_probe(buffer, count, &info, err))
        result = 0;
    else if (!file_read(path, FILE_LIMIT_BYTES, &bytes, err))
        result = image_probe(bytes.text, bytes.length, &info, err);
    if (!result) {
        image->width = info.width;
        image->height = info.height;
    }
    if (stream)
        fclose(stream);
    free(buffer);
    str_release(&bytes);
    arena_release(&scratch);
    return result;
}

int labelled_settle(struct labelled *all, struct error *err)
{
    int kept = 0;

    if (all->images.count)
        qsort(all->images.items, (size_t)all->images.count, sizeof(*all->images.items),
              compare_images);
    for (int i = 0; i < all->images.count; i++) {
        struct labelled_image *image = &all->images.items[i];
        const char *path = all->files.items[image->file].path;
        const struct labelled_place place = { path, 0, -1, -1 };
        struct error problem = { 0 };

        if (kept && all->images.items[kept - 1].file == image->file) {
            all->shared_count += all->images.items[kept - 1].split == DATASET_SPLIT_TRAIN &&
                                 image->split == DATASET_SPLIT_VAL;
            if (all->images.items[kept - 1].split != image->split)
                labelled_note(all, &place, DATASET_REMARK, NULL, NULL,
                              "listed in %s and in %s: it stays in the first",
                              dataset_split_name(all->images.items[kept - 1].split),
                              dataset_split_name(image->split));
        } else if (measure(all, image, &problem)) {
            dataset_exclude(all->builder, path,
                            arena_printf(all->arena, "it cannot be read: %s", problem.text));
        } else if (annotations_begin_image(&all->dataset->annotations, image->width, image->height,
                                           err)) {
            return -1;
        } else {
            all->has_split[image->split] = true;
            all->images.items[kept++] = *image;
        }
    }
    all->images.count = kept;
    if (kept == 0)
        return FAIL(err, INVALID, "'%s' holds no images that can be read", all->dataset->root);
    return 0;
}

int labelled_find_image(const struct labelled *all, int file)
{
    int low = 0, high = all->images.count - 1;

    while (low <= high) {
        int middle = low + (high - low) / 2;

        if (all->images.items[middle].file == file)
            return middle;
        if (all->images.items[middle].file < file)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

/* ---- objects ----------------------------------------------------------------------------- */

int labelled_clip_box(struct annotation_box *box, int width, int height, char text[64])
{
    /* Labels are rounded: so much is no fault, in pixels. */
    const float slack_x = fmaxf(0.05f, 1e-4f * (float)width);
    const float slack_y = fmaxf(0.05f, 1e-4f * (float)height);
    struct annotation_box clipped = annotation_box_clip(*box, (float)width, (float)height);
    int result = 0;

    if (box->left < -slack_x || box->left > width)
        result = snprintf(text, 64, "left edge at x = %.6g of 0 to %d", (double)box->left, width);
    else if (box->right > (float)width + slack_x || box->right < 0)
        result = snprintf(text, 64, "right edge at x = %.6g of 0 to %d", (double)box->right, width);
    else if (box->top < -slack_y || box->top > height)
        result = snprintf(text, 64, "top edge at y = %.6g of 0 to %d", (double)box->top, height);
    else if (box->bottom > (float)height + slack_y || box->bottom < 0)
        result = snprintf(text, 64, "bottom edge at y = %.6g of 0 to %d", (double)box->bottom,
                          height);
    if (result > 0) /* rounding stays, so that what is written again is the same */
        *box = clipped;
    if (!(clipped.right > clipped.left && clipped.bottom > clipped.top)) {
        if (result == 0)
            snprintf(text, 64, "the box has no area");
        return 2;
    }
    return result > 0;
}

int labelled_add_object(struct labelled *all, const struct labelled_place *place,
                        const struct labelled_object *object, struct error *err)
{
    struct annotations *annotations = &all->dataset->annotations;
    struct annotation *item = annotations_add(annotations, &object->base, err);
    const struct annotation_point *points = object->points;

    if (!item)
        return -1;
    *VEC_ADD(&all->origins) = (struct labelled_origin){ *place, !object->is_plain_box, false };
    labelled_count_kind(all, object);
    for (int i = 0; i < object->ring_count; points += object->ring_lengths[i++])
        if (annotations_add_ring(annotations, points, object->ring_lengths[i], err))
            return -1;
    if (object->run_count &&
        annotations_add_runs(annotations, object->runs, object->run_count, err))
        return -1;
    if (object->keypoints && annotations_add_keypoints(annotations, object->keypoints, err))
        return -1;
    return 0;
}

void labelled_count_kind(struct labelled *all, const struct labelled_object *object)
{
    all->plain_box_count += object->is_plain_box && !object->base.is_crowd;
    all->shape_count += !object->is_plain_box;
}

/* ---- the whole --------------------------------------------------------------------------- */

static const struct labelled_format *choose_format(struct labelled *all, struct error *err)
{
    const struct labelled_format *best = NULL;
    double best_confidence = 0;

    if (all->options->format && *all->options->format) {
        for (int i = 0; i < FORMAT_COUNT; i++)
            if (!strcmp(formats[i]->name, all->options->format))
                return formats[i];
        FAIL(err, UNSUPPORTED,
             "dataset format '%s' is not supported for objects; supported: yolo, coco, dice, voc",
             all->options->format);
        return NULL;
    }
    for (int i = 0; i < FORMAT_COUNT; i++) {
        double confidence = formats[i]->judge(all);

        if (confidence > best_confidence) {
            best_confidence = confidence;
            best = formats[i];
        }
    }
    if (!best)
        FAIL(err, INVALID,
             "'%s' is no data set of objects that we know: neither data.yaml nor labels/*.txt "
             "(YOLO), no annotations/*.json (COCO, DICE) and no Annotations/*.xml (Pascal VOC)",
             all->dataset->root);
    return best;
}

static int group(struct labelled *all, struct error *err)
{
    int *image_of = malloc(sizeof(int) * ((size_t)all->origins.count + 1));
    int result;

    if (!image_of)
        return FAIL(err, NO_MEMORY, "no memory for %d annotations", all->origins.count);
    for (int i = 0; i < all->origins.count; i++)
        image_of[i] = all->origins.items[i].place.image;
    result = annotations_group(&all->dataset->annotations, image_of, err);
    free(image_of);
    return result;
}

static int compare_findings(const void *a, const void *b)
{
    const struct dataset_finding *first = a, *second = b;
    int order = strcmp(first->path, second->path);

    if (order)
        return order;
    if (first->line != second->line)
        return first->line < second->line ? -1 : 1;
    if (first->element != second->element)
        return first->element < second->element ? -1 : 1;
    return strcmp(first->message, second->message);
}

/* Results are told by class names: those that stand twice get a number, "car (2)". */
static void name_classes(struct labelled *all)
{
    struct map owners = MAP_INIT; /* name -> class + 1 */
    const char *first = NULL, *renamed = NULL;
    int count = 0;

    for (int i = 0; i < all->classes.count; i++) {
        if (!all->classes.items[i])
            all->classes.items[i] = arena_printf(all->arena, "class_%d", i);
        if (!map_find(&owners, all->classes.items[i]))
            map_set(&owners, all->classes.items[i], (void *)(intptr_t)(i + 1));
    }
    for (int i = 0; i < all->classes.count; i++) {
        const char *name = all->classes.items[i], *other = name;

        if ((int)(intptr_t)map_find(&owners, name) == i + 1)
            continue;
        for (int number = 2; map_find(&owners, other); number++)
            other = arena_printf(all->arena, "%s (%d)", name, number);
        map_set(&owners, other, (void *)(intptr_t)(i + 1));
        all->classes.items[i] = other;
        if (count++ == 0) {
            first = name;
            renamed = other;
        }
    }
    map_release(&owners);
    if (count)
        dataset_warn(all->builder,
                     "class names that stand twice: %d; the second '%s' is called '%s'", count,
                     first, renamed);
}

static void make_lists(struct labelled *all)
{
    struct dataset *dataset = all->dataset;

    name_classes(all);
    dataset->classes =
        arena_copy(all->arena, all->classes.items, sizeof(char *) * (size_t)all->classes.count);
    dataset->class_count = all->classes.count;
    dataset->items = ARENA_ARRAY(all->arena, struct dataset_item, all->images.count);
    dataset->item_count = all->images.count;
    for (int i = 0; i < all->images.count; i++) {
        const struct labelled_file *file = &all->files.items[all->images.items[i].file];

        dataset->items[i] =
            (struct dataset_item){ file->path, file->size_bytes, -1, all->images.items[i].split };
    }
    for (int split = 0; split < DATASET_SPLIT_COUNT; split++)
        dataset->has_folder[split] = all->has_split[split];
}

/* What nothing refers to is in the accounts, too. */
static void exclude_rest(struct labelled *all)
{
    for (int i = 0; i < all->files.count; i++) {
        const struct labelled_file *file = &all->files.items[i];

        if (!file->is_taken)
            dataset_exclude(all->builder, file->path,
                            file->reason     ? file->reason
                            : file->is_image ? "an image that the data set does not refer to"
                                             : "neither an image nor a label file of the data set");
    }
}

static void finish_findings(struct labelled *all)
{
    if (all->findings.count)
        qsort(all->findings.items, (size_t)all->findings.count, sizeof(*all->findings.items),
              compare_findings);
    all->dataset->findings =
        arena_copy(all->arena, all->findings.items,
                   sizeof(struct dataset_finding) * (size_t)all->findings.count);
    all->dataset->finding_count = all->findings.count;
}

static int build(struct labelled *all, struct error *err)
{
    const struct labelled_format *format;

    if (labelled_list(all, err))
        return -1;
    format = choose_format(all, err);
    if (!format)
        return all->options->task == DATASET_TASK_BY_CONTENT && !all->options->format ? 1 : -1;
    all->dataset->format = format->name;
    if (format->read(all, err) || labelled_choose_task(all, err))
        return -1;
    if (all->classes.count == 0 && !all->options->is_lenient)
        return FAIL(err, INVALID, "'%s' has no labelled objects and names no classes",
                    all->dataset->root);
    labelled_fit_to_task(all);
    labelled_warn_of_findings(all);
    make_lists(all);
    if (group(all, err) || labelled_divide(all, err))
        return -1;
    exclude_rest(all);
    finish_findings(all);
    return 0;
}

int labelled_open(struct dataset_builder *builder, struct error *err)
{
    struct labelled all = {
        .builder = builder,
        .dataset = builder->dataset,
        .options = builder->options,
        .arena = &builder->dataset->_arena,
        .seen = { .image = -1 },
    };
    int result = build(&all, err);

    if (result == 1)
        memset(&builder->dataset->rows, 0, sizeof(builder->dataset->rows));
    map_release(&all.by_path);
    map_release(&all.folders);
    VEC_RELEASE(&all.files);
    VEC_RELEASE(&all.images);
    VEC_RELEASE(&all.classes);
    VEC_RELEASE(&all.findings);
    VEC_RELEASE(&all.kinds);
    VEC_RELEASE(&all.origins);
    free(all.seen.hashes);
    return result;
}
