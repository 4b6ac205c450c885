/* str.h - a growing byte string, always ended by a NUL.
 *
 * `text` is never NULL after STR_INIT, so it can be printed at any time. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>

struct str {
    char *text;
    size_t length;
    size_t _capacity; /* 0: text is a constant */
};

extern char str_empty[];
#define STR_INIT { str_empty, 0, 0 }

void str_init(struct str *str);
void str_release(struct str *str);
void str_clear(struct str *str);          /* empty, memory kept */
char *str_detach(struct str *str);        /* gives the bytes, free(); the string is empty after */
void str_add(struct str *str, const char *text);
void str_add_bytes(struct str *str, const void *bytes, size_t count);
void str_add_char(struct str *str, char c);
void str_printf(struct str *str, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_vprintf(struct str *str, const char *format, va_list list);

bool str_starts_with(const char *text, const char *prefix);
bool str_ends_with(const char *text, const char *suffix);

/* Damerau-Levenshtein distance, for "did you mean"; and the nearest of `count` words, or NULL
 * when none is near enough to suggest. */
int str_distance(const char *a, const char *b);
const char *str_nearest(const char *word, const char *const *words, int count);

#endif
