/* tree_support.c - see tree_support.h. */
#include "tree_support.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

void tree_add(const char *folder, const char *path, const void *bytes, size_t size_bytes)
{
    struct arena arena = ARENA_INIT;
    struct error err = { 0 };
    char *whole = file_join(&arena, folder, path);
    char *parent = arena_strdup(&arena, whole);
    FILE *file;

    *strrchr(parent, '/') = '\0';
    CHECK_OK(file_make_folders(parent, &err), err);
    file = fopen(whole, "wb");
    CHECK(file);
    CHECK(fwrite(bytes, 1, size_bytes, file) == size_bytes);
    CHECK(fclose(file) == 0);
    arena_release(&arena);
}

void tree_add_many(const char *folder, const char *prefix, int count)
{
    for (int i = 0; i < count; i++) {
        char path[200];

        snprintf(path, sizeof(path), "%s%03d.jpg", prefix, i);
        tree_add(folder, path, "not a jpeg", 10);
    }
}

int tree_count_lines(const char *folder, const char *path)
{
    struct arena arena = ARENA_INIT;
    struct str text = STR_INIT;
    struct error err = { 0 };
    int lines = 0;

    CHECK_OK(file_read(file_join(&arena, folder, path), 1 << 20, &text, &err), err);
    for (const char *c = text.text; *c; c++)
        lines += *c == '\n';
    str_release(&text);
    arena_release(&arena);
    return lines;
}
