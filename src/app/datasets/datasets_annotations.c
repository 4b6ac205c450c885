/* datasets_annotations.c - what is on images, from the file that the doctor has written.
 *
 * The rows of the files say where in it to read.  That file is replaced as a whole before there are
 * rows for it, so whatever is read is checked to be about the image that was meant. */

#include "app/datasets/datasets_internal.h"

#include "base/error.h"

#include <string.h>
#include <unistd.h>

#define OBJECT_MOST ((int64_t)32 << 20)

/* {"filename":"...", of this file? */
static bool is_about(const json_t *object, const char *path)
{
    const char *name = json_string_value(json_object_get(object, "filename"));

    return name && !strcmp(name, path);
}

static const char *read_one(int fd, const struct dataset_file *file, struct arena *arena)
{
    struct arena scratch = ARENA_INIT;
    const char *result = NULL;
    struct error ignored;
    json_t *object;
    char *text;
    int64_t done = 0;
    ssize_t count = 1;

    if (file->annotation_bytes <= 0 || file->annotation_bytes > OBJECT_MOST)
        return NULL;
    text = arena_alloc(&scratch, (size_t)file->annotation_bytes + 1);
    while (done < file->annotation_bytes && count > 0) {
        count = pread(fd, text + done, (size_t)(file->annotation_bytes - done),
                      file->annotation_offset + done);
        done += count > 0 ? count : 0;
    }
    text[done] = 0;
    object = json_parse(text, (size_t)done, DATASET_ANNOTATIONS, &ignored);
    if (is_about(object, file->path))
        result = arena_strdup(arena, text);
    json_decref(object);
    arena_release(&scratch);
    return result;
}

int datasets_annotations(struct app *app, const struct dataset *dataset,
                         const struct dataset_file *files, int count, struct arena *arena,
                         const char ***annotations, struct error *err)
{
    const char *key = dataset_key("thumbnails", dataset->id, DATASET_ANNOTATIONS, arena);
    int fd = -1;

    *annotations = ARENA_ARRAY(arena, const char *, count + 1);
    for (int i = 0; i < count; i++)
        (*annotations)[i] = NULL;
    if (blob_open_file(app->datasets->blob, key, &fd, err))
        return err->kind == ERR_NOT_FOUND ? 0 : -1;
    for (int i = 0; i < count; i++)
        (*annotations)[i] = read_one(fd, &files[i], arena);
    close(fd);
    return 0;
}
