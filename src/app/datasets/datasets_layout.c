/* datasets_layout.c - see datasets_layout.h. */

#include "app/datasets/datasets_layout.h"

#include "base/file.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

/* clang-format off */
static const struct {
    const char *folder, *split;
} splits[] = {
    { "train", "train" }, { "training",   "train" },
    { "val",   "val" },   { "validation", "val" },   { "valid", "val" },
    { "test",  "test" },  { "testing",    "test" },
};
/* clang-format on */

const char *layout_split(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(splits) / sizeof(*splits); i++)
        if (strlen(splits[i].folder) == length && !strncasecmp(name, splits[i].folder, length))
            return splits[i].split;
    return NULL;
}

static size_t name_length(const char *path)
{
    return strcspn(path, "/");
}

/* --- all of them ----------------------------------------------------------------------------- */

/* The folder that all visible folders of the top lie in, unless it is a split or a class. */
static size_t find_wrapper(const char *(*path_at)(const void *list, int index), const void *list,
                           int count)
{
    const char *only = NULL;
    size_t length = 0;
    bool has_inner = false;

    for (int i = 0; i < count; i++) {
        const char *path = path_at(list, i);
        size_t name_bytes = name_length(path);

        if (*path == '.')
            continue;
        if (!path[name_bytes]) {
            if (file_is_image_name(path))
                return 0;
            continue;
        }
        if (only && (length != name_bytes || strncmp(only, path, length)))
            return 0;
        only = path;
        length = name_bytes;
        has_inner = has_inner || (path[length + 1] != '.' && strchr(path + length + 1, '/'));
    }
    return only && has_inner && !layout_split(only, length) ? length + 1 : 0;
}

void layout_begin(struct layout *layout, const char *(*path_at)(const void *list, int index),
                  const void *list, int count)
{
    *layout = (struct layout){ .wrapper_bytes = find_wrapper(path_at, list, count) };
    for (int i = 0; i < count && !layout->has_train; i++) {
        const char *path = path_at(list, i), *split;
        size_t name_bytes;

        if (strlen(path) <= layout->wrapper_bytes)
            continue;
        path += layout->wrapper_bytes;
        name_bytes = name_length(path);
        split = path[name_bytes] ? layout_split(path, name_bytes) : NULL;
        layout->has_train = split && !strcmp(split, "train");
    }
}

/* --- one ------------------------------------------------------------------------------------- */

static bool is_hidden(const char *path)
{
    return *path == '.' || strstr(path, "/.");
}

static void place_in_class(const char *path, struct layout_place *place)
{
    place->class_bytes = name_length(path);
    place->class_name = path;
    if (!path[place->class_bytes])
        place->reason = "not inside a class folder";
}

void layout_place(const struct layout *layout, const char *path, struct layout_place *place)
{
    size_t wrapper_bytes = layout->wrapper_bytes;

    *place = (struct layout_place){ .split = "train" };
    if (is_hidden(path)) {
        place->reason = "hidden";
    } else if (!file_is_image_name(path)) {
        place->reason = "not an image by its name";
    } else if (wrapper_bytes && (strlen(path) <= wrapper_bytes || path[wrapper_bytes - 1] != '/')) {
        place->reason = "outside the split folders";
    } else if (!layout->has_train) {
        place_in_class(path + wrapper_bytes, place);
    } else {
        size_t name_bytes = name_length(path += wrapper_bytes);

        place->split = path[name_bytes] ? layout_split(path, name_bytes) : NULL;
        if (place->split)
            place_in_class(path + name_bytes + 1, place);
        else
            place->reason = "outside the split folders";
    }
    if (place->reason)
        place->split = NULL;
}
