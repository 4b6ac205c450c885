/* kernel.h - what the files of kernels/ have in common: names, blocks and pieces.
 *
 * KERNEL(name) is the name with the suffix of the instruction set it is being compiled for. */
#ifndef CPU_KERNELS_KERNEL_H
#define CPU_KERNELS_KERNEL_H

#include "cpu/kernels.h"
#include "cpu/vector.h"

#define KERNEL_JOIN(name, isa) name##_##isa
#define KERNEL_EXPAND(name, isa) KERNEL_JOIN(name, isa)
#define KERNEL(name) KERNEL_EXPAND(name, KERNEL_ISA)

#define RANGE(name) range_fn KERNEL(name);
#include "cpu/kernels.def"
#undef RANGE

extern const struct flat_kernels KERNEL(flat);

INLINE int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

INLINE int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Where item `index` of a blocked value lies. */
struct piece {
    int64_t block, offset /* in floats */, pixels;
    int64_t lanes; /* in use, of its block */
};

INLINE struct piece piece_at(const struct blocked *size, int64_t index)
{
    int64_t plane = index / size->segments, segment = index % size->segments;
    int64_t length = (size->pixels + size->segments - 1) / size->segments;
    int64_t first = smaller(segment * length, size->pixels);
    struct piece piece = { .block = plane % size->blocks };

    piece.offset = (plane * size->pixels + first) * LANES;
    piece.pixels = smaller(length, size->pixels - first);
    piece.lanes = smaller(size->channels - piece.block * LANES, LANES);
    return piece;
}

/* The block's part of a vector over channels, zero past its end. */
INLINE vector channels_load(const float *channels, const struct piece *piece)
{
    return vector_load_first(channels + piece->block * LANES, piece->lanes);
}

#endif
