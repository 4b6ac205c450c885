/* anchors.h - the cells in which a detector looks for objects.
 *
 * An image is covered by three grids; an anchor is the centre of a cell.  Anchors are numbered grid
 * by grid, the finest first, and row by row inside. */
#ifndef NN_ANCHORS_H
#define NN_ANCHORS_H

#include <stdint.h>

#define ANCHOR_LEVELS 3

struct anchor_grids {
    int image[2];              /* height, width in pixels: multiples of every stride */
    int stride[ANCHOR_LEVELS]; /* pixels per cell */
};

struct anchor {
    double x, y; /* pixels */
    double stride;
};

static inline int64_t anchor_level_width(const struct anchor_grids *grids, int level)
{
    return grids->image[1] / grids->stride[level];
}

static inline int64_t anchor_level_count(const struct anchor_grids *grids, int level)
{
    return grids->image[0] / grids->stride[level] * anchor_level_width(grids, level);
}

static inline int64_t anchor_count(const struct anchor_grids *grids)
{
    int64_t count = 0;

    for (int level = 0; level < ANCHOR_LEVELS; level++)
        count += anchor_level_count(grids, level);
    return count;
}

static inline struct anchor anchor_at(const struct anchor_grids *grids, int64_t index)
{
    int level = 0;
    int64_t width;
    double stride;

    for (; level < ANCHOR_LEVELS - 1 && index >= anchor_level_count(grids, level); level++)
        index -= anchor_level_count(grids, level);
    width = anchor_level_width(grids, level);
    stride = grids->stride[level];
    return (struct anchor){ ((double)(index % width) + 0.5) * stride,
                            ((double)(index / width) + 0.5) * stride, stride };
}

#endif
