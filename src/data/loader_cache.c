/* loader_cache.c - see loader_cache.h.  Without a lock: an image is published by one exchange. */
#include "data/loader_cache.h"
#include "data/decode.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct loader_cache {
    int64_t limit_bytes;
    int item_count;
    _Atomic int64_t bytes;
    _Atomic int count;
    _Atomic(struct cached_image *) images[];
};

struct loader_cache *loader_cache_new(int item_count, int64_t limit_bytes)
{
    struct loader_cache *cache =
        calloc(1, sizeof(*cache) + sizeof(cache->images[0]) * (size_t)item_count);

    if (cache) {
        cache->limit_bytes = limit_bytes;
        cache->item_count = item_count;
    }
    return cache;
}

void loader_cache_free(struct loader_cache *cache)
{
    for (int i = 0; cache && i < cache->item_count; i++)
        free(atomic_load(&cache->images[i]));
    free(cache);
}

const struct cached_image *loader_cache_find(const struct loader_cache *cache, int item)
{
    return atomic_load_explicit(&((struct loader_cache *)cache)->images[item],
                                memory_order_acquire);
}

void loader_cache_add(struct loader_cache *cache, int item, const struct cached_image *description,
                      const uint8_t *pixels)
{
    size_t size = 3 * (size_t)description->width * (size_t)description->height;
    int64_t taken = (int64_t)(sizeof(struct cached_image) + size + DECODE_SLACK_BYTES);
    struct cached_image *image, *expected = NULL;

    /* Reserve first, so that all threads together stay below the limit. */
    if (atomic_fetch_add(&cache->bytes, taken) + taken > cache->limit_bytes)
        goto undo;
    image = malloc((size_t)taken);
    if (!image)
        goto undo;
    *image = *description;
    memcpy(image->pixels, pixels, size);
    if (!atomic_compare_exchange_strong(&cache->images[item], &expected, image)) {
        free(image);
        goto undo;
    }
    atomic_fetch_add(&cache->count, 1);
    return;
undo:
    atomic_fetch_sub(&cache->bytes, taken);
}

int64_t loader_cache_bytes(const struct loader_cache *cache)
{
    return atomic_load(&((struct loader_cache *)cache)->bytes);
}

int loader_cache_count(const struct loader_cache *cache)
{
    return atomic_load(&((struct loader_cache *)cache)->count);
}
