/* arena.c - see arena.h.
 *
 * Chunks come zeroed from calloc() and their bytes are handed out once, so a block needs no
 * clearing.  Under AddressSanitizer the unused part of a chunk is poisoned and every block is
 * followed by a gap, so that running over its end is found. */

#include "base/arena.h"

#include "base/base_internal.h"
#include "base/error.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __has_feature
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define POISON(memory, size) ASAN_POISON_MEMORY_REGION(memory, size)
#define UNPOISON(memory, size) ASAN_UNPOISON_MEMORY_REGION(memory, size)
#define GAP 16
#else
#define POISON(memory, size) ((void)0)
#define UNPOISON(memory, size) ((void)0)
#define GAP 0
#endif

#define ALIGNMENT 16
#define FIRST_CHUNK ((size_t)4 << 10)
#define LARGEST_CHUNK ((size_t)1 << 20)

struct arena_chunk {
    struct arena_chunk *next;
    size_t size; /* of bytes[] */
    _Alignas(ALIGNMENT) char bytes[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena)ARENA_INIT;
}

void arena_release(struct arena *arena)
{
    struct arena_chunk *chunk = arena->_chunks;

    while (chunk) {
        struct arena_chunk *next = chunk->next;

        UNPOISON(chunk->bytes, chunk->size);
        free(chunk);
        chunk = next;
    }
    arena_init(arena);
}

static struct arena_chunk *chunk_new(size_t size)
{
    struct arena_chunk *chunk = memory_checked(calloc(1, sizeof(*chunk) + size), size);

    chunk->size = size;
    POISON(chunk->bytes, size);
    return chunk;
}

/* A block of its own chunk goes behind the newest, whose free rest stays in use. */
static void *alloc_alone(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = chunk_new(size);

    if (arena->_chunks) {
        chunk->next = arena->_chunks->next;
        arena->_chunks->next = chunk;
    } else {
        arena->_chunks = chunk;
        arena->_used = size;
    }
    return chunk->bytes;
}

static void *alloc_in_chunk(struct arena *arena, size_t size)
{
    struct arena_chunk *newest = arena->_chunks;
    void *block;

    if (!newest || newest->size - arena->_used < size) {
        size_t chunk_size = newest ? newest->size * 2 : FIRST_CHUNK;
        struct arena_chunk *chunk;

        if (chunk_size < FIRST_CHUNK)
            chunk_size = FIRST_CHUNK;
        if (chunk_size > LARGEST_CHUNK)
            chunk_size = LARGEST_CHUNK;
        chunk = chunk_new(chunk_size);
        chunk->next = newest;
        arena->_chunks = newest = chunk;
        arena->_used = 0;
    }
    block = newest->bytes + arena->_used;
    arena->_used += size;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
    size_t size;
    void *block;

    if (size_bytes > SIZE_MAX / 2)
        memory_checked(NULL, size_bytes);
    size = (size_bytes + GAP + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!size)
        size = ALIGNMENT; /* every block has an address of its own */
    block = size > FIRST_CHUNK / 4 ? alloc_alone(arena, size) : alloc_in_chunk(arena, size);
    UNPOISON(block, size_bytes);
    return block;
}

void *arena_copy(struct arena *arena, const void *data, size_t size_bytes)
{
    void *copy = arena_alloc(arena, size_bytes);

    if (size_bytes)
        memcpy(copy, data, size_bytes);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text ? arena_copy(arena, text, strlen(text) + 1) : NULL;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy;

    length = strnlen(text, length);
    copy = arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list list)
{
    va_list again;
    int length;
    char *text;

    va_copy(again, list);
    length = vsnprintf(NULL, 0, format, list);
    BUG_IF(length < 0);
    text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list list;
    char *text;

    va_start(list, format);
    text = arena_vprintf(arena, format, list);
    va_end(list);
    return text;
}
