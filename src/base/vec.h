/* vec.h - growing arrays as plain fields.
 *
 *     struct { struct item *items; int count, capacity; } list = { 0 };
 *     *VEC_ADD(&list) = (struct item){ ... };      // items stay contiguous
 *     VEC_RELEASE(&list);
 *
 * Growth aborts when there is no memory, like arenas. */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stdlib.h>

void *vec_grow(void *items, int count, int *capacity, size_t item_size);

/* Add one uninitialised item and return its address. */
#define VEC_ADD(vec)                                                                           \
    ((vec)->items = vec_grow((vec)->items, (vec)->count, &(vec)->capacity, sizeof(*(vec)->items)), \
     &(vec)->items[(vec)->count++])

#define VEC_RELEASE(vec) \
    (free((vec)->items), (vec)->items = NULL, (vec)->count = (vec)->capacity = 0)

#endif
