/* tree_support.h - small folders of images for the tests of data/. */
#ifndef TESTS_DATA_TREE_SUPPORT_H
#define TESTS_DATA_TREE_SUPPORT_H

#include <stddef.h>

/* Write `folder`/`path` with these bytes; its folders are made. */
void tree_add(const char *folder, const char *path, const void *bytes, size_t size_bytes);

/* `count` files `folder`/`prefix`NNN.jpg of a few bytes that no decoder accepts. */
void tree_add_many(const char *folder, const char *prefix, int count);

/* How many lines the file `folder`/`path` has. */
int tree_count_lines(const char *folder, const char *path);

#endif
