/* dataset_internal.h - what the files behind dataset.h share: the list under construction. */
#ifndef DATA_DATASET_INTERNAL_H
#define DATA_DATASET_INTERNAL_H

#include "data/dataset.h"
#include <stdbool.h>

/* An image file found, before classes have ids. */
struct dataset_found {
    const char *path, *class_name;
    int64_t size_bytes;
    enum dataset_split split;
};

struct dataset_builder {
    struct dataset *dataset;
    const struct dataset_options *options;
    struct {
        struct dataset_found *items;
        int count, capacity;
    } found;
    struct {
        struct dataset_excluded *items;
        int count, capacity;
    } excluded;
    struct {
        const char **items;
        int count, capacity;
    } warnings;
    struct {
        const char **items;
        int count, capacity;
    } empty_classes; /* "train/bird" */
};

void dataset_warn(struct dataset_builder *builder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void dataset_exclude(struct dataset_builder *builder, const char *path, const char *reason);

/* dataset_folder.c: walk the tree and fill found, excluded and has_folder. */
int dataset_scan(struct dataset_builder *builder, struct error *err);

/* dataset_split.c: give every item of the finished list its split. */
int dataset_divide(struct dataset_builder *builder, struct error *err);

#endif
