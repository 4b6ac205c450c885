/* shape.c - see shape.h. */

#include "tensor/shape.h"

#include <stdio.h>

int64_t shape_count(const struct shape *shape)
{
    int64_t count = 1;

    for (int i = 0; i < shape->rank; i++)
        count *= shape->dim[i];
    return count;
}

bool shape_equal(const struct shape *a, const struct shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

size_t dtype_size(enum dtype dtype)
{
    static const size_t sizes[] = {
        [DTYPE_F32] = 4, [DTYPE_F64] = 8, [DTYPE_I32] = 4, [DTYPE_U8] = 1
    };

    return sizes[dtype];
}

const char *shape_text(const struct shape *shape, char text[SHAPE_TEXT_SIZE])
{
    int used = snprintf(text, SHAPE_TEXT_SIZE, "(");

    for (int i = 0; i < shape->rank; i++)
        used += snprintf(text + used, SHAPE_TEXT_SIZE - (size_t)used, i ? ", %lld" : "%lld",
                         (long long)shape->dim[i]);
    snprintf(text + used, SHAPE_TEXT_SIZE - (size_t)used, ")");
    return text;
}
