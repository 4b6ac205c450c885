/* onednn_internal.h - what the two files share that know oneDNN's version: how arrays lie
 * (onednn_memory.c) and the kernels (onednn.c). */
#ifndef CPU_ONEDNN_INTERNAL_H
#define CPU_ONEDNN_INTERNAL_H

#include "cpu/onednn.h"

#include <dnnl.h>

#define V3 (DNNL_VERSION_MAJOR >= 3)

/* Version 2 has memory descriptors as values, version 3 as objects. */
#if V3
typedef const_dnnl_memory_desc_t desc_ref;
#else
typedef const dnnl_memory_desc_t *desc_ref;
#endif

struct memory_desc {
    dnnl_memory_desc_t desc;
    struct shape shape;
    int id;
};

static inline desc_ref memory_desc_ref(const struct memory_desc *memory)
{
#if V3
    return memory ? memory->desc : NULL;
#else
    return memory ? &memory->desc : NULL;
#endif
}

/* The descriptor that equals this one, which it takes. */
const struct memory_desc *memory_desc_intern(struct onednn *onednn, dnnl_memory_desc_t desc,
                                             const struct shape *shape);
void memory_desc_destroy(struct memory_desc *memory);
/* False: not an arrangement of blocks, so that nothing but oneDNN could read it. */
bool memory_desc_is_blocked(const struct memory_desc *memory);

#endif
