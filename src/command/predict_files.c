/* predict_files.c - see predict_files.h. */

#include "command/predict_files.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "base/vec.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char *const writable[] = { ".jpg", ".jpeg", ".png", NULL };

#define IDENTITY_SIZE 48

static bool is_writable(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (int i = 0; dot && writable[i]; i++)
        if (!strcasecmp(dot, writable[i]))
            return true;
    return false;
}

/* What two names of one file have in common; false: no such file. */
static bool identify(const char *path, char identity[IDENTITY_SIZE])
{
    struct stat status;

    if (stat(path, &status))
        return false;
    snprintf(identity, IDENTITY_SIZE, "%" PRIu64 ":%" PRIu64, (uint64_t)status.st_dev,
             (uint64_t)status.st_ino);
    return true;
}

static void remember_image(struct predict_files *files, const char *path)
{
    char identity[IDENTITY_SIZE];
    const char *known;

    if (!identify(path, identity))
        return;
    known = map_find(&files->_images, identity);
    if (!known || strcmp(known, path))
        map_set(&files->_images, identity, arena_strdup(&files->_arena, path));
}

/* The image that lies at a path, or NULL.  One that went away may have left its number to another
 * file. */
static const char *image_at(const struct predict_files *files, const char *path)
{
    char identity[IDENTITY_SIZE], now[IDENTITY_SIZE];
    const char *image = identify(path, identity) ? map_find(&files->_images, identity) : NULL;

    return image && identify(image, now) && !strcmp(now, identity) ? image : NULL;
}

void predict_files_release(struct predict_files *files)
{
    VEC_RELEASE(&files->paths);
    map_release(&files->_images);
    map_release(&files->_targets);
    arena_release(&files->_arena);
}

int predict_files_add(struct predict_files *files, const char *path, struct error *err)
{
    int name_count, count_before = files->paths.count;
    char **names;

    if (!file_is_folder(path)) {
        *VEC_ADD(&files->paths) = arena_strdup(&files->_arena, path);
        remember_image(files, path);
        return 0;
    }
    if (file_list(&files->_arena, path, &names, &name_count, err))
        return -1;
    for (int i = 0; i < name_count; i++) {
        const char *inner = file_join(&files->_arena, path, names[i]);

        if (!file_is_image_name(names[i]) || file_is_folder(inner))
            continue;
        *VEC_ADD(&files->paths) = inner;
        remember_image(files, inner);
    }
    if (files->paths.count == count_before)
        return FAIL(err, INVALID,
                    "no image lies in the folder '%s' (folders inside it do not count)", path);
    return 0;
}

/* The first of NAME.jpg, NAME_2.jpg, ... that is this image's or nobody's. */
static void name_drawing(struct predict_files *files, const char *path, struct str *name)
{
    const char *base = file_base_name(path), *tail = is_writable(base) ? "" : ".jpg";
    size_t stem = *tail ? strlen(base) : (size_t)(strrchr(base, '.') - base);
    const char *owner;

    str_clear(name);
    str_printf(name, "%s%s", base, tail);
    for (int number = 2;; number++) {
        owner = map_find(&files->_targets, name->text);
        if (!owner || !strcmp(owner, path))
            break;
        str_clear(name);
        str_printf(name, "%.*s_%d%s%s", (int)stem, base, number, base + stem, tail);
    }
    if (!owner)
        map_set(&files->_targets, name->text, arena_strdup(&files->_arena, path));
}

int predict_files_target(struct predict_files *files, const char *path, const char *folder,
                         struct str *target, struct error *err)
{
    struct str name = STR_INIT;
    const char *image;

    remember_image(files, path);
    name_drawing(files, path, &name);
    str_clear(target);
    str_printf(target, "%s/%s", folder, name.text);
    str_release(&name);
    image = image_at(files, target->text);
    if (image)
        return FAIL(err, INVALID,
                    "the drawing of '%s' would overwrite the image '%s': --save needs another "
                    "folder than that of the images",
                    path, image);
    return 0;
}
