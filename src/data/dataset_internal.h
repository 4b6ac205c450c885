/* dataset_internal.h - what the files behind dataset.h share: the list under construction. */
#ifndef DATA_DATASET_INTERNAL_H
#define DATA_DATASET_INTERNAL_H

#include "base/map.h"
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
    struct dataset_options own; /* what the data set itself says about its split */
    bool has_own;               /* in split_config.json: annotation files are not asked */
    struct {
        struct dataset_assignment *items;
        int count, capacity;
    } named; /* of `own`, while a reader collects them */
    const char *config;         /* name of the data.yaml that was opened, in the root; or NULL */
    const char *base;           /* the folder where the layout begins: "" or "wrapper" */
    struct map left_out;        /* paths to exclude */
    struct map assigned;        /* with only_assigned: those that may be items */
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

/* dataset_place.c: read split_config.json of the folder where the layout begins, if it is there. */
int dataset_read_own(struct dataset_builder *builder, const char *base, struct error *err);
#define DATASET_LEFT_OUT "on the exclude list"
#define DATASET_UNASSIGNED "in no list of the split"
/* Why an image is no item, one of the two above, or NULL. */
const char *dataset_reason_against(const struct dataset_builder *builder, const char *path);

/* Who is where, by the words of the options and of the data set; what they leave to a ratio goes
 * through `divide`, which places the items that are open.  An empty val is left to the caller. */
typedef void dataset_divide_fn(struct dataset *dataset, const bool *is_open);
int dataset_place(struct dataset_builder *builder, dataset_divide_fn *divide, struct error *err);

/* How many of the open images go to val, so that train and val have the ratio: with two images or
 * more none of both is empty. */
int dataset_val_share(const struct dataset *dataset, int open, int train, int val);

/* dataset_split.c: give every item of the finished list its split. */
int dataset_divide(struct dataset_builder *builder, struct error *err);

#endif
