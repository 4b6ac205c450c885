/* onednn_memory.c - how arrays lie in oneDNN's terms; see onednn.h. */

#include "cpu/onednn_internal.h"

#include "base/error.h"
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void memory_desc_destroy(struct memory_desc *memory)
{
#if V3
    dnnl_memory_desc_destroy(memory->desc);
#endif
    free(memory);
}

/* oneDNN calls two descriptors equal whose strides differ along dimensions of one element, but its
 * kernels read those strides too. */
static bool same_strides(const struct memory_desc *a, const struct memory_desc *b)
{
#if V3
    const dnnl_dims_t *of_a, *of_b;

    return dnnl_memory_desc_query(memory_desc_ref(a), dnnl_query_strides, &of_a) ||
           dnnl_memory_desc_query(memory_desc_ref(b), dnnl_query_strides, &of_b) ||
           !memcmp(of_a, of_b, (size_t)a->shape.rank * sizeof(int64_t));
#else
    return a->desc.format_kind != dnnl_blocked ||
           !memcmp(a->desc.format_desc.blocking.strides, b->desc.format_desc.blocking.strides,
                   (size_t)a->desc.ndims * sizeof(int64_t));
#endif
}

const struct memory_desc *memory_desc_intern(struct onednn *onednn, dnnl_memory_desc_t desc,
                                             const struct shape *shape)
{
    struct memory_desc *memory = calloc(1, sizeof(*memory));

    BUG_IF(!memory);
    *memory = (struct memory_desc){ desc, *shape, onednn->descs.count };
    for (int i = 0; i < onednn->descs.count; i++)
        if (dnnl_memory_desc_equal(memory_desc_ref(onednn->descs.items[i]),
                                   memory_desc_ref(memory)) &&
            same_strides(onednn->descs.items[i], memory)) {
            memory_desc_destroy(memory);
            return onednn->descs.items[i];
        }
    *VEC_ADD(&onednn->descs) = memory;
    return memory;
}

static dnnl_data_type_t data_type(enum dtype dtype)
{
    BUG_IF(dtype != DTYPE_F32 && dtype != DTYPE_I32);
    return dtype == DTYPE_I32 ? dnnl_s32 : dnnl_f32;
}

static const struct memory_desc *tagged(struct onednn *onednn, const struct shape *shape,
                                        dnnl_data_type_t type, dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t desc;
    dnnl_dims_t dims = { 0 };

    memcpy(dims, shape->dim, (size_t)shape->rank * sizeof(*dims));
#if V3
    BUG_IF(dnnl_memory_desc_create_with_tag(&desc, shape->rank, dims, type, tag));
#else
    BUG_IF(dnnl_memory_desc_init_by_tag(&desc, shape->rank, dims, type, tag));
#endif
    return memory_desc_intern(onednn, desc, shape);
}

const struct memory_desc *memory_desc_plain(struct onednn *onednn, const struct shape *shape,
                                            enum dtype dtype)
{
    static const dnnl_format_tag_t tags[] = { dnnl_a,    dnnl_a,     dnnl_ab,    dnnl_abc,
                                              dnnl_abcd, dnnl_abcde, dnnl_abcdef };

    static const struct shape one = { 1, { 1 } };

    return tagged(onednn, shape->rank ? shape : &one, data_type(dtype), tags[shape->rank]);
}

const struct memory_desc *memory_desc_strided(struct onednn *onednn, const struct shape *shape,
                                              const int64_t *strides)
{
    dnnl_memory_desc_t desc;
    dnnl_dims_t dims = { 0 }, steps = { 0 };

    memcpy(dims, shape->dim, (size_t)shape->rank * sizeof(*dims));
    memcpy(steps, strides, (size_t)shape->rank * sizeof(*steps));
#if V3
    BUG_IF(dnnl_memory_desc_create_with_strides(&desc, shape->rank, dims, dnnl_f32, steps));
#else
    BUG_IF(dnnl_memory_desc_init_by_strides(&desc, shape->rank, dims, dnnl_f32, steps));
#endif
    return memory_desc_intern(onednn, desc, shape);
}

const struct memory_desc *memory_desc_blocked(struct onednn *onednn, const struct shape *shape,
                                              enum dtype dtype, int block)
{
    BUG_IF(shape->rank != 4);
    return tagged(onednn, shape, data_type(dtype), block == 16 ? dnnl_nChw16c : dnnl_nChw8c);
}

const struct memory_desc *memory_desc_any(struct onednn *onednn, const struct shape *shape)
{
    return tagged(onednn, shape, dnnl_f32, dnnl_format_tag_any);
}

int memory_desc_id(const struct memory_desc *desc)
{
    return desc->id;
}

const struct memory_desc *memory_desc_by_id(const struct onednn *onednn, int id)
{
    BUG_IF(id < 0 || id >= onednn->descs.count);
    return onednn->descs.items[id];
}

const struct shape *memory_desc_shape(const struct memory_desc *desc)
{
    return &desc->shape;
}

size_t memory_desc_bytes(const struct memory_desc *desc)
{
    return dnnl_memory_desc_get_size(memory_desc_ref(desc));
}

/* Outer dimensions by falling stride, capital where they are cut into blocks, then the blocks. */
struct blocking {
    int rank, block_count;
    int64_t strides[DNNL_MAX_NDIMS], blocks[DNNL_MAX_NDIMS], block_dims[DNNL_MAX_NDIMS];
};

static bool read_blocking(const struct memory_desc *memory, struct blocking *out)
{
    *out = (struct blocking){ .rank = memory->shape.rank };
#if V3
    dnnl_format_kind_t kind = dnnl_format_kind_undef;
    const dnnl_dims_t *strides, *blocks, *block_dims;

    dnnl_memory_desc_query(memory->desc, dnnl_query_format_kind, &kind);
    if (kind != dnnl_blocked ||
        dnnl_memory_desc_query(memory->desc, dnnl_query_inner_nblks_s32, &out->block_count) ||
        dnnl_memory_desc_query(memory->desc, dnnl_query_strides, &strides) ||
        dnnl_memory_desc_query(memory->desc, dnnl_query_inner_blks, &blocks) ||
        dnnl_memory_desc_query(memory->desc, dnnl_query_inner_idxs, &block_dims))
        return false;
    memcpy(out->strides, *strides, sizeof(*strides));
    memcpy(out->blocks, *blocks, sizeof(*blocks));
    memcpy(out->block_dims, *block_dims, sizeof(*block_dims));
#else
    const dnnl_blocking_desc_t *from = &memory->desc.format_desc.blocking;

    if (memory->desc.format_kind != dnnl_blocked)
        return false;
    out->block_count = from->inner_nblks;
    memcpy(out->strides, from->strides, sizeof(out->strides));
    memcpy(out->blocks, from->inner_blks, sizeof(out->blocks));
    memcpy(out->block_dims, from->inner_idxs, sizeof(out->block_dims));
#endif
    return true;
}

const char *memory_desc_text(const struct memory_desc *desc, char *text, size_t size)
{
    struct blocking b;
    unsigned used = 0, cut = 0;
    size_t length = 0;

    if (!read_blocking(desc, &b)) {
        snprintf(text, size, "opaque");
        return text;
    }
    for (int i = 0; i < b.block_count; i++)
        cut |= 1u << b.block_dims[i];
    for (int i = 0; i < b.rank && length + 1 < size; i++) {
        int next = -1;

        for (int j = 0; j < b.rank; j++)
            if (!(used >> j & 1) && (next < 0 || b.strides[j] > b.strides[next]))
                next = j;
        used |= 1u << next;
        text[length++] = (char)((cut >> next & 1 ? 'A' : 'a') + next);
    }
    for (int i = 0; i < b.block_count && length + 1 < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%d%c", (int)b.blocks[i],
                                   (char)('a' + b.block_dims[i]));
    text[length < size ? length : size - 1] = 0;
    return text;
}

bool memory_desc_is_blocked(const struct memory_desc *memory)
{
    struct blocking blocking;

    return read_blocking(memory, &blocking);
}
