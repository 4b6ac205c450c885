/* datasets_layout.h - what the path of a file says: split and class.
 *
 * The same rules as the engine's data/dataset.h, which has the last word when it has looked at the
 * files: SPLIT/CLASS/.../IMAGE or CLASS/.../IMAGE; one folder around it all is looked through.
 */
#ifndef APP_DATASETS_LAYOUT_H
#define APP_DATASETS_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

/* "train", "val" or "test" for a folder that stands for it ("Training"); NULL: none. */
const char *layout_split(const char *name, size_t length);

/* Of all paths of a data set, sorted. */
struct layout {
    size_t wrapper_bytes; /* of the folder around it, with its slash */
    bool has_train;       /* there are split folders */
};
void layout_begin(struct layout *layout, const char *(*path_at)(const void *list, int index),
                  const void *list, int count);

struct layout_place {
    const char *split;      /* "train" where nothing is divided yet; NULL: the file is excluded */
    const char *class_name; /* not ended by a NUL */
    size_t class_bytes;
    const char *reason; /* why it is excluded; NULL: it is used */
};
void layout_place(const struct layout *layout, const char *path, struct layout_place *place);

#endif
