/* slab.h - one large block of memory for tensors.
 *
 * Aligned to 2 MiB and, when it is large enough to matter, backed by huge pages: a training step
 * touches gigabytes, and with 4 KiB pages the address translation costs 2 to 15 % of it. */
#ifndef TENSOR_SLAB_H
#define TENSOR_SLAB_H

#include <stddef.h>

struct error;

struct slab {
    char *base;
    size_t size_bytes;
    size_t _mapped_bytes;
    void *_mapping;
};

#define SLAB_ALIGNMENT 64 /* of what is placed inside: a cache line, and the widest vector */

int slab_init(struct slab *slab, size_t size_bytes, struct error *err); /* zeroed; NO_MEMORY */
void slab_release(struct slab *slab);

static inline size_t slab_round(size_t bytes)
{
    return (bytes + SLAB_ALIGNMENT - 1) / SLAB_ALIGNMENT * SLAB_ALIGNMENT;
}

#endif
