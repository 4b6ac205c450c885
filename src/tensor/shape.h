/* shape.h - the extents of a tensor and the type of its elements.
 *
 * Shapes are logical and row-major: (N, C, H, W) for images, (N, T, C) for tokens.  How the
 * elements really lie in memory is a device's business (nn/device.h, "layout"). */
#ifndef TENSOR_SHAPE_H
#define TENSOR_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHAPE_MAX_RANK 6

struct shape {
    int rank; /* 0 is a scalar */
    int64_t dim[SHAPE_MAX_RANK];
};

enum dtype { DTYPE_F32, DTYPE_F64, DTYPE_I32, DTYPE_U8 };

/* SHAPE(2, 3, 4) */
#define SHAPE(...)                                                            \
    ((struct shape){ (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), \
                     { __VA_ARGS__ } })
#define SHAPE_SCALAR ((struct shape){ 0, { 0 } })

int64_t shape_count(const struct shape *shape); /* number of elements; 1 for a scalar */
bool shape_equal(const struct shape *a, const struct shape *b);
size_t dtype_size(enum dtype dtype);

#define SHAPE_TEXT_SIZE 128
const char *shape_text(const struct shape *shape, char text[SHAPE_TEXT_SIZE]); /* "(2, 3, 4)" */

#endif
