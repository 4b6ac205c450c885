/* predict_files.h - the images that `fovea predict` is given, and where drawings of them go.
 *
 * Folders   stand for the image files directly inside them, sorted by name.
 * Targets   FOLDER/NAME, with ".jpg" behind it unless the name already says JPEG or PNG.  Images of
 *           the same name from several folders are numbered as they come: a.jpg, a_2.jpg; the same
 *           path keeps its target.
 * Safety    No image that was given is written over, not even through a link.
 */
#ifndef COMMAND_PREDICT_FILES_H
#define COMMAND_PREDICT_FILES_H

#include "base/arena.h"
#include "base/map.h"

struct error;
struct str;

/* All zero to begin with. */
struct predict_files {
    struct {
        const char **items;
        int count, capacity;
    } paths;

    struct arena _arena;
    struct map _images;  /* "DEVICE:INODE" of an image -> its path */
    struct map _targets; /* name of a drawing -> path of its image */
};

void predict_files_release(struct predict_files *files);

/* An image, which need not be there, or a folder of images; INVALID when the folder has none. */
int predict_files_add(struct predict_files *files, const char *path, struct error *err);

/* Where the drawing of an image goes; replaces *target.  INVALID when one of the images that were
 * added or asked for so far lies there. */
int predict_files_target(struct predict_files *files, const char *path, const char *folder,
                         struct str *target, struct error *err);

#endif
