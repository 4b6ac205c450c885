/* str.c - see str.h. */

#include "base/str.h"

#include "base/base_internal.h"
#include "base/error.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shared by all empty strings and never written to: _capacity 0 says so. */
char str_empty[1];

void str_init(struct str *str)
{
    *str = (struct str)STR_INIT;
}

void str_release(struct str *str)
{
    if (str->_capacity)
        free(str->text);
    str_init(str);
}

void str_clear(struct str *str)
{
    str->length = 0;
    if (str->_capacity)
        str->text[0] = '\0';
}

char *str_detach(struct str *str)
{
    char *text;

    if (!str->_capacity && str_reserve(str, 0))
        memory_checked(NULL, 1);
    text = str->text;
    str_init(str);
    return text;
}

int str_reserve(struct str *str, size_t extra_bytes)
{
    size_t needed, capacity;
    char *text;

    if (extra_bytes >= SIZE_MAX / 2 - str->length)
        return -1;
    needed = str->length + extra_bytes + 1;
    if (needed <= str->_capacity)
        return 0;
    capacity = str->_capacity + str->_capacity / 2;
    if (capacity < needed)
        capacity = needed;
    if (capacity < 32)
        capacity = 32;
    text = realloc(str->_capacity ? str->text : NULL, capacity);
    if (!text)
        return -1;
    text[str->length] = '\0';
    str->text = text;
    str->_capacity = capacity;
    return 0;
}

void str_add_bytes(struct str *str, const void *bytes, size_t count)
{
    if (!count)
        return;
    if (str_reserve(str, count))
        memory_checked(NULL, count);
    memcpy(str->text + str->length, bytes, count);
    str->length += count;
    str->text[str->length] = '\0';
}

void str_add(struct str *str, const char *text)
{
    str_add_bytes(str, text, strlen(text));
}

void str_add_char(struct str *str, char c)
{
    str_add_bytes(str, &c, 1);
}

void str_vprintf(struct str *str, const char *format, va_list list)
{
    va_list again;
    int length;

    va_copy(again, list);
    length = vsnprintf(NULL, 0, format, list);
    BUG_IF(length < 0);
    if (str_reserve(str, (size_t)length))
        memory_checked(NULL, (size_t)length);
    vsnprintf(str->text + str->length, (size_t)length + 1, format, again);
    str->length += (size_t)length;
    va_end(again);
}

void str_printf(struct str *str, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    str_vprintf(str, format, list);
    va_end(list);
}

bool str_starts_with(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

bool str_ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text), suffix_length = strlen(suffix);

    return length >= suffix_length && !strcmp(text + length - suffix_length, suffix);
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Row by row; a swap of neighbours looks two rows back, so three rows are kept. */
int str_distance(const char *a, const char *b)
{
    size_t width = strlen(b) + 1;
    int *rows = memory_checked(calloc(width * 3, sizeof(int)), width * 3 * sizeof(int));
    int *before = rows, *above = rows + width, *row = rows + 2 * width;
    int distance;

    for (size_t j = 0; j < width; j++)
        row[j] = (int)j;
    for (size_t i = 1; a[i - 1]; i++) {
        int *oldest = before;

        before = above;
        above = row;
        row = oldest;
        row[0] = (int)i;
        for (size_t j = 1; j < width; j++) {
            row[j] = smaller(above[j], row[j - 1]) + 1;
            row[j] = smaller(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
    }
    distance = row[width - 1];
    free(rows);
    return distance;
}

const char *str_nearest(const char *word, const char *const *words, int count)
{
    /* One slip in three letters is a typing error; more is another word. */
    int nearest_distance = (int)(strlen(word) + 2) / 3 + 1;
    const char *nearest = NULL;

    for (int i = 0; i < count; i++) {
        int distance = str_distance(word, words[i]);

        if (distance < nearest_distance && (size_t)distance < strlen(words[i])) {
            nearest_distance = distance;
            nearest = words[i];
        }
    }
    return nearest;
}
