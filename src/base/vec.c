/* vec.c - see vec.h. */

#include "base/vec.h"

#include "base/base_internal.h"
#include "base/error.h"

#include <limits.h>

void *vec_grow(void *items, int count, int *capacity, size_t item_size)
{
    int grown;

    if (count < *capacity)
        return items;
    BUG_IF(*capacity > INT_MAX / 2);
    grown = *capacity ? *capacity * 2 : 8;
    items = memory_checked(reallocarray(items, (size_t)grown, item_size),
                           (size_t)grown * item_size);
    *capacity = grown;
    return items;
}
