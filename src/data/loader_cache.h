/* loader_cache.h - decoded images that stay in memory while they fit.
 *
 * Any thread may find or add at any time.  Images are never evicted: every image is as likely as
 * another to be wanted next, so exchanging them gains nothing. */
#ifndef DATA_LOADER_CACHE_H
#define DATA_LOADER_CACHE_H

#include <stdint.h>

struct loader_cache;

struct cached_image {
    int source_width, source_height; /* of the file */
    int width, height;               /* of what is kept */
    uint8_t pixels[];
};

struct loader_cache *loader_cache_new(int item_count, int64_t limit_bytes);
void loader_cache_free(struct loader_cache *cache); /* NULL is fine */

/* NULL when it is not there. */
const struct cached_image *loader_cache_find(const struct loader_cache *cache, int item);

/* Copies the pixels, unless the limit is reached or another thread was faster. */
void loader_cache_add(struct loader_cache *cache, int item, const struct cached_image *description,
                      const uint8_t *pixels);

int64_t loader_cache_bytes(const struct loader_cache *cache);
int loader_cache_count(const struct loader_cache *cache);

#endif
