/* base_internal.h - what the files of this folder share.  No other folder includes it. */
#ifndef BASE_BASE_INTERNAL_H
#define BASE_BASE_INTERNAL_H

#include <stddef.h>

struct str;

/* Passes an allocation through; a NULL is logged with its size and aborts the program. */
void *memory_checked(void *memory, size_t size_bytes);

/* Room for `extra_bytes` more and the NUL.  -1, with the string untouched, without memory. */
int str_reserve(struct str *str, size_t extra_bytes);

#endif
