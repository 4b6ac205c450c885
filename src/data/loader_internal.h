/* loader_internal.h - what a loader's thread uses to make one row of a batch. */
#ifndef DATA_LOADER_INTERNAL_H
#define DATA_LOADER_INTERNAL_H

#include "data/decode.h"
#include "data/loader.h"
#include "data/loader_cache.h"

#define THREAD_LIMIT 256

/* The options with their defaults filled in. */
int loader_threads(const struct loader_options *options);
int loader_ahead(const struct loader_options *options);

/* What all threads share and nobody changes while they run. */
struct loader_recipe {
    const struct dataset *dataset;
    struct transform transform;
    struct transform_table table;
    struct augment_settings augment; /* not enabled: none */
    struct mix_settings mix;
    uint64_t seed;
    bool has_random_crop;
    bool is_exact;
    struct loader_cache *cache; /* or NULL */

    bool has_objects;     /* the rows are scenes */
    bool is_training;     /* scene settings were given */
    struct scene_settings scene;
    const int *images; /* of the split, for what else joins a scene */
    int image_count, most_boxes, keypoint_count;
};

/* Where one image's targets go; see struct batch. */
struct loader_row {
    float *values;
    float *boxes;      /* most_boxes x 4; NULL: classification */
    int32_t *classes, *count;
    int32_t *mask;     /* NULL: none */
    float *key_points; /* NULL: none */
    struct batch_place *place;
};

/* loader_targets.c: the arrays of a batch of scenes; all NULL for classification, and then the
 * calls below do nothing. */
struct loader_targets {
    float *boxes, *key_points;
    int32_t *classes, *counts, *masks;
    struct batch_place *places;
    size_t most_boxes, mask_size, keypoint_size; /* values of a row */
};

int loader_targets_init(struct loader_targets *targets, const struct loader_recipe *recipe,
                        int rows, struct error *err);
void loader_targets_release(struct loader_targets *targets);
void loader_targets_lend(const struct loader_targets *targets, struct batch *batch);
struct loader_row loader_targets_row(const struct loader_targets *targets, int row);
void loader_targets_move(struct loader_targets *targets, int to, int from);
void loader_targets_clear(struct loader_targets *targets, int row); /* no image is there */

/* The buffers of one thread. */
struct loader_maker {
    const struct loader_recipe *recipe;
    struct decoder *decoder;
    uint8_t *pixels, *spare; /* image_size^2 * 3 each */
    uint8_t *kept;           /* what goes into the cache */
    size_t kept_size_bytes;
    char *path;
    size_t path_capacity;
    struct scene_kit *kit; /* for scenes; NULL: classification */
};

int loader_maker_init(struct loader_maker *maker, const struct loader_recipe *recipe,
                      struct error *err);
void loader_maker_release(struct loader_maker *maker);

/* Write 3 * image_size^2 values.  Fails when the file cannot be decoded. */
int loader_make(struct loader_maker *maker, int item, int epoch, float *values, struct error *err);

/* loader_scene.c: the same with objects. */
struct scene_kit *scene_kit_new(void); /* NULL: no memory */
void scene_kit_free(struct scene_kit *kit);
int loader_make_scene(struct loader_maker *maker, int item, int epoch,
                      const struct loader_row *row, struct error *err);

/* loader_make.c: open the file of an item with the maker's decoder. */
int loader_open_item(struct loader_maker *maker, int item, struct decode_info *info,
                     struct error *err);

#endif
