/* check_write.c - the report as JSON. */
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "data/check_internal.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_LIMIT 16

/* By its layout, or by a split_config, which then has the last word. */
static bool says_split(const struct dataset *dataset, enum dataset_split split)
{
    return strcmp(dataset->split_source, "split_config") ? dataset->has_folder[split]
                                                         : dataset_count(dataset, split) > 0;
}

static void write_structure(const struct dataset *dataset, struct json_writer *w)
{
    json_key(w, "structure");
    json_object_open(w);
    json_put_int(w, "num_classes", dataset->class_count);
    json_key(w, "class_names");
    json_array_open(w);
    for (int i = 0; i < dataset->class_count; i++)
        json_text(w, dataset->classes[i]);
    json_close(w);
    json_put_int(w, "num_samples", dataset->item_count);
    json_put_bool(w, "has_train_split", says_split(dataset, DATASET_SPLIT_TRAIN));
    json_put_bool(w, "has_val_split", says_split(dataset, DATASET_SPLIT_VAL));
    json_put_bool(w, "has_test_split", says_split(dataset, DATASET_SPLIT_TEST));
    json_put_text(w, "content_hash", dataset->hash);
    json_close(w);
}

/* How many files have each extension, in lower case. */
static void write_formats(const struct dataset *dataset, struct json_writer *w)
{
    char names[FORMAT_LIMIT][8] = { "" };
    int counts[FORMAT_LIMIT] = { 0 }, count = 0;

    for (int i = 0; i < dataset->item_count; i++) {
        const char *dot = strrchr(dataset->items[i].path, '.');
        char name[8] = "";
        int at = 0;

        for (int c = 0; dot && dot[1 + c] && c < 7; c++)
            name[c] = (char)tolower((unsigned char)dot[1 + c]);
        while (at < count && strcmp(names[at], name))
            at++;
        if (at == count && count < FORMAT_LIMIT)
            memcpy(names[count++], name, sizeof(name));
        if (at < FORMAT_LIMIT)
            counts[at]++;
    }
    json_key(w, "image_formats");
    json_object_open(w);
    for (int i = 0; i < count; i++)
        json_put_int(w, names[i], counts[i]);
    json_close(w);
}

static void write_statistics(const struct check_report *report, struct json_writer *w)
{
    double bytes = (double)report->total_bytes;

    json_key(w, "statistics");
    json_object_open(w);
    json_put_number(w, "total_size_mb", bytes / 1e6);
    json_put_number(w, "avg_file_size_kb", bytes / 1e3 / report->dataset->item_count);
    write_formats(report->dataset, w);
    json_put_int(w, "min_width", report->width_min);
    json_put_int(w, "median_width", report->width_median);
    json_put_int(w, "max_width", report->width_max);
    json_put_int(w, "min_height", report->height_min);
    json_put_int(w, "median_height", report->height_median);
    json_put_int(w, "max_height", report->height_max);
    json_close(w);
}

static void write_classes(const struct dataset *dataset, struct json_writer *w)
{
    json_key(w, "samples_per_class");
    json_object_open(w);
    for (int i = 0; i < dataset->class_count; i++)
        json_put_int(w, dataset->classes[i],
                     dataset->class_counts[DATASET_SPLIT_TRAIN][i] +
                         dataset->class_counts[DATASET_SPLIT_VAL][i] +
                         dataset->class_counts[DATASET_SPLIT_TEST][i]);
    json_close(w);
    json_key(w, "samples_per_split");
    json_object_open(w);
    for (int split = 0; split < DATASET_SPLIT_COUNT; split++)
        json_put_int(w, dataset_split_name((enum dataset_split)split),
                     dataset_count(dataset, (enum dataset_split)split));
    json_close(w);
}

static void write_pairs(const struct check_report *report, struct json_writer *w)
{
    const struct dataset *dataset = report->dataset;

    json_key(w, "duplicate_images");
    json_array_open(w);
    for (int i = 0; i < report->pair_count; i++) {
        const struct check_pair *pair = &report->pairs[i];

        json_object_open(w);
        json_put_text(w, "a", dataset->items[pair->a].path);
        json_put_text(w, "b", dataset->items[pair->b].path);
        json_put_text(w, "kind", pair->is_equal ? "equal" : "alike");
        json_put_bool(w, "across_splits", pair->is_leak);
        json_close(w);
    }
    json_close(w);
    json_put_bool(w, "has_more_duplicates", report->has_more_pairs);
}

static void write_quality(const struct check_report *report, struct json_writer *w)
{
    json_key(w, "quality_checks");
    json_object_open(w);
    json_key(w, "corrupted_files");
    json_array_open(w);
    for (int i = 0; i < report->dataset->item_count; i++)
        if (report->files[i].message) {
            json_object_open(w);
            json_put_text(w, "path", report->dataset->items[i].path);
            json_put_text(w, "message", report->files[i].message);
            json_close(w);
        }
    json_close(w);
    write_pairs(report, w);
    json_put_int(w, "across_splits_count", report->leak_count);
    json_put_int(w, "rotated_count", report->rotated_count);
    json_put_number(w, "class_imbalance_ratio", report->imbalance_ratio);
    json_key(w, "warnings");
    json_array_open(w);
    for (int i = 0; i < report->warning_count; i++)
        json_text(w, report->warnings[i]);
    json_close(w);
    json_close(w);
}

static void write_excluded(const struct dataset *dataset, struct json_writer *w)
{
    json_key(w, "excluded_files");
    json_array_open(w);
    for (int i = 0; i < dataset->excluded_count; i++) {
        json_object_open(w);
        json_put_text(w, "path", dataset->excluded[i].path);
        json_put_text(w, "reason", dataset->excluded[i].reason);
        json_close(w);
    }
    json_close(w);
}

/* The first good image of each class. */
static void write_previews(const struct check_report *report, struct json_writer *w)
{
    const struct dataset *dataset = report->dataset;

    json_key(w, "preview_images");
    json_array_open(w);
    for (int class_id = 0; class_id < dataset->class_count; class_id++)
        for (int i = 0; i < dataset->item_count; i++) {
            if (dataset->items[i].class_id != class_id || report->files[i].message)
                continue;
            json_object_open(w);
            json_put_text(w, "class", dataset->classes[class_id]);
            json_put_text(w, "path", dataset->items[i].path);
            json_close(w);
            break;
        }
    json_close(w);
}

static void write_fixes(const struct check_report *report, int most, struct json_writer *w)
{
    json_array_open(w);
    for (int i = 0; i < report->fix_count && i < most; i++) {
        const struct check_fix *fix = &report->fixes[i];

        json_object_open(w);
        json_put_text(w, "id", fix->id);
        json_put_text(w, "kind", fix->kind);
        json_put_text(w, "path", fix->path);
        if (fix->finding && fix->finding->line)
            json_put_int(w, "line", fix->finding->line);
        json_put_text(w, "reason", fix->reason);
        json_put_text(w, "action", fix->removes                      ? "remove"
                                   : fix->edits || fix->configures ? "edit"
                                                                     : "look");
        json_put_int(w, "size",
                     fix->item < 0 || fix->edits ? 0
                                                 : report->dataset->items[fix->item].size_bytes);
        json_close(w);
    }
    json_close(w);
}

void check_write_fixes(const struct check_report *report, struct str *out)
{
    struct json_writer w;

    json_begin(&w, out);
    write_fixes(report, report->fix_count, &w);
    str_add_char(out, '\n');
}

/* How many objects of each class are on the image.  counts: by class, zero before and after. */
static void write_item_classes(const struct dataset *dataset, int index, int *counts,
                               struct json_writer *w)
{
    const struct annotation *objects = annotations_of(&dataset->annotations, index);
    int count = dataset->annotations.images[index].count;

    json_put_int(w, "objects", count);
    json_key(w, "classes");
    json_object_open(w);
    for (int i = 0; i < count; i++)
        counts[objects[i].class_id]++;
    for (int i = 0; i < count; i++) {
        int class_id = objects[i].class_id;

        if (counts[class_id])
            json_put_int(w, dataset->classes[class_id], counts[class_id]);
        counts[class_id] = 0;
    }
    json_close(w);
}

static void write_item(const struct check_report *report, int index,
                       const struct check_place *places, int *counts, struct json_writer *w)
{
    const struct dataset_item *item = &report->dataset->items[index];
    const struct check_file *file = &report->files[index];

    json_object_open(w);
    json_put_text(w, "path", item->path);
    json_put_int(w, "size", item->size_bytes);
    json_put_text(w, "split", dataset_split_name(item->split));
    json_put_text(w, "class",
                  item->class_id < 0 ? NULL : report->dataset->classes[item->class_id]);
    if (report->dataset->task != DATASET_TASK_CLASSIFICATION)
        write_item_classes(report->dataset, index, counts, w);
    if (places) {
        json_key(w, "annotation");
        json_array_open(w);
        json_int(w, places[index].offset);
        json_int(w, places[index].size_bytes);
        json_close(w);
    }
    if (file->message) {
        json_put_text(w, "reason", file->message);
    } else {
        json_put_int(w, "width", file->width);
        json_put_int(w, "height", file->height);
    }
    json_close(w);
}

void check_write_files(const struct check_report *report, const struct check_place *places,
                       struct str *out)
{
    const struct dataset *dataset = report->dataset;
    int *counts = calloc((size_t)dataset->class_count + 1, sizeof(*counts));
    struct json_writer w;

    BUG_IF(!counts);
    for (int i = 0; i < dataset->item_count + dataset->excluded_count; i++) {
        json_begin(&w, out);
        if (i < dataset->item_count) {
            write_item(report, i, places, counts, &w);
        } else {
            json_object_open(&w);
            json_put_text(&w, "path", dataset->excluded[i - dataset->item_count].path);
            json_put_text(&w, "reason", dataset->excluded[i - dataset->item_count].reason);
            json_close(&w);
        }
        str_add_char(out, '\n');
    }
    free(counts);
}

void check_write(const struct check_report *report, struct str *out)
{
    struct json_writer w;

    json_begin(&w, out);
    json_object_open(&w);
    json_put_text(&w, "format", report->dataset->format);
    json_put_number(&w, "confidence", 0.95);
    json_put_text(&w, "task_type", dataset_task_name(report->dataset->task));
    write_structure(report->dataset, &w);
    write_statistics(report, &w);
    write_classes(report->dataset, &w);
    write_quality(report, &w);
    write_excluded(report->dataset, &w);
    if (report->dataset->task != DATASET_TASK_CLASSIFICATION)
        check_write_labels(report, &w);
    write_previews(report, &w);
    json_key(&w, "proposed_fixes");
    write_fixes(report, CHECK_LIST_LIMIT, &w);
    json_put_int(&w, "fix_count", report->fix_count);
    json_put_bool(&w, "ready", !report->obstacle);
    json_put_text(&w, "reason", report->obstacle);
    json_close(&w);
    str_add_char(out, '\n');
}
