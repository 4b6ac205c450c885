/* json_walk.h - through a large JSON text without making a tree of all of it.
 *
 * A walk goes over the members of one object or the elements of one array and lends the text of
 * each; what is wanted of it is parsed on its own.  So a file of gigabytes needs the memory of its
 * largest element.  What is only stepped over is checked for brackets, quotes and depth, not for
 * more.
 *
 *     json_walk_open(&walk, whole, err);
 *     while ((more = json_walk_next(&walk, &key, &value, err)) > 0)
 *         ...
 */
#ifndef FORMATS_JSON_WALK_H
#define FORMATS_JSON_WALK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct error;

struct json_slice {
    const char *text;
    size_t length;
};

struct json_walk {
    const char *at, *end;
    char closer;
    bool has_any;
};

/* `value` must be an object or an array, with nothing but blanks around it. */
int json_walk_open(struct json_walk *walk, struct json_slice value, struct error *err);
/* 1: the next member; of an array's element the key is empty.  0: there are no more.  -1: broken.
 * A key is as it stands between its quotes, escapes and all. */
int json_walk_next(struct json_walk *walk, struct json_slice *key, struct json_slice *value,
                   struct error *err);

/* Gives the tree of one value. */
json_t *json_slice_parse(struct json_slice value, struct error *err);
bool json_slice_is(struct json_slice slice, const char *text);

/* How many bytes of a byte order mark, as editors of some systems put before UTF-8, begin a text:
 * 0 or 3. */
size_t json_mark_length(const char *text, size_t length);

/* A file as memory that the system reads in as it is looked at, without a byte order mark. */
struct json_file {
    struct json_slice text;
    void *_map;
};
int json_file_open(struct json_file *file, const char *path, struct error *err);
void json_file_close(struct json_file *file);

#endif
