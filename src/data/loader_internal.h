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
};

/* The buffers of one thread. */
struct loader_maker {
    const struct loader_recipe *recipe;
    struct decoder *decoder;
    uint8_t *pixels, *spare; /* image_size^2 * 3 each */
    uint8_t *kept;           /* what goes into the cache */
    size_t kept_size_bytes;
    char *path;
    size_t path_capacity;
};

int loader_maker_init(struct loader_maker *maker, const struct loader_recipe *recipe,
                      struct error *err);
void loader_maker_release(struct loader_maker *maker);

/* Write 3 * image_size^2 values.  Fails when the file cannot be decoded. */
int loader_make(struct loader_maker *maker, int item, int epoch, float *values, struct error *err);

#endif
