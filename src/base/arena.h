/* arena.h - memory with a common lifetime.
 *
 * Blocks are carved from chunks and freed together.  arena_alloc() never returns
 * NULL: when the system has no memory it logs and aborts, so arenas are for what our
 * own code sizes.  What a user's data sizes comes from calls that can fail.
 * Not thread-safe: one owner at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena {
    struct arena_chunk *_chunks; /* newest first */
    size_t _used;                /* bytes used of the newest */
};

#define ARENA_INIT { 0 }

void arena_init(struct arena *arena);
void arena_release(struct arena *arena); /* frees all; the arena may be used again */
void *arena_alloc(struct arena *arena, size_t size_bytes); /* zeroed, aligned to 16 */
void *arena_copy(struct arena *arena, const void *data, size_t size_bytes);
char *arena_strdup(struct arena *arena, const char *text); /* NULL gives NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list list);

/* One zeroed object or array of a type. */
#define ARENA_NEW(arena, type) ((type *)arena_alloc(arena, sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc(arena, sizeof(type) * (size_t)(count)))

#endif
