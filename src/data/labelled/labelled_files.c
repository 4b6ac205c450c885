/* labelled_files.c - the files below the data set's folder, and finding them by odd names. */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/labelled/labelled_internal.h"
#include "data/split_config.h"
#include <ctype.h>
#include <dirent.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define FOLDER_DEPTH_LIMIT 16
#define FILE_COUNT_LIMIT 10000000
#define TEXT_LIMIT_BYTES (64 << 20)
#define PATH_LIMIT_BYTES 4096

static const struct {
    const char *name;
    enum dataset_split split;
} split_names[] = {
    { "train", DATASET_SPLIT_TRAIN },    { "training", DATASET_SPLIT_TRAIN },
    { "val", DATASET_SPLIT_VAL },        { "valid", DATASET_SPLIT_VAL },
    { "validation", DATASET_SPLIT_VAL }, { "validate", DATASET_SPLIT_VAL },
    { "test", DATASET_SPLIT_TEST },      { "testing", DATASET_SPLIT_TEST },
};

bool labelled_split_by_name(const char *name, size_t length, enum dataset_split *split)
{
    while (length && isdigit((unsigned char)name[length - 1])) /* train2017 */
        length--;
    for (size_t i = 0; i < sizeof(split_names) / sizeof(*split_names); i++)
        if (strlen(split_names[i].name) == length &&
            !strncasecmp(name, split_names[i].name, length)) {
            *split = split_names[i].split;
            return true;
        }
    return false;
}

bool labelled_find_split(const char *path, enum dataset_split *split)
{
    for (const char *end; (end = strchr(path, '/')); path = end + 1)
        if (labelled_split_by_name(path, (size_t)(end - path), split))
            return true;
    return false;
}

/* ---- the walk ---------------------------------------------------------------------------- */

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk(struct labelled *all, const char *folder, int depth, struct error *err);

static int visit(struct labelled *all, const char *folder, const char *name, int depth,
                 struct error *err)
{
    const char *path = *folder ? arena_printf(all->arena, "%s/%s", folder, name)
                               : arena_strdup(all->arena, name);
    struct arena scratch = ARENA_INIT;
    struct stat status;
    bool is_there = stat(file_join(&scratch, all->dataset->root, path), &status) == 0;

    arena_release(&scratch);
    if (name[0] == '.')
        dataset_exclude(all->builder, path, is_there && S_ISDIR(status.st_mode) ? "hidden folder"
                                                                                : "hidden");
    else if (!is_there || (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)))
        dataset_exclude(all->builder, path, "not a file: a broken link or a device");
    else if (strpbrk(name, "\n\r"))
        dataset_exclude(all->builder, path, "line break in its name");
    else if (S_ISDIR(status.st_mode))
        return walk(all, path, depth + 1, err);
    else if (all->files.count == FILE_COUNT_LIMIT)
        return FAIL(err, TOO_LARGE, "'%s' holds more than %d files", all->dataset->root,
                    FILE_COUNT_LIMIT);
    else
        *VEC_ADD(&all->files) =
            (struct labelled_file){ path, status.st_size, file_is_image_name(name), false, NULL };
    return 0;
}

static int walk(struct labelled *all, const char *folder, int depth, struct error *err)
{
    struct arena scratch = ARENA_INIT;
    const char *path =
        *folder ? file_join(&scratch, all->dataset->root, folder) : all->dataset->root;
    struct dirent **list = NULL;
    int count, result = 0;

    if (depth > FOLDER_DEPTH_LIMIT)
        return FAIL(err, INVALID, "folders are nested more than %d deep: '%s'", FOLDER_DEPTH_LIMIT,
                    folder);
    count = scandir(path, &list, NULL, compare_names);
    if (count < 0)
        result = FAIL_ERRNO(err, "cannot read the folder '%s'", path);
    arena_release(&scratch);
    map_set(&all->folders, folder, all);
    for (int i = 0; i < count; i++) {
        if (!result && strcmp(list[i]->d_name, ".") && strcmp(list[i]->d_name, ".."))
            result = visit(all, folder, list[i]->d_name, depth, err);
        free(list[i]);
    }
    free(list);
    return result;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct labelled_file *)a)->path, ((const struct labelled_file *)b)->path);
}

/* A folder that an archive wraps around everything: the first component of all files, unless it is
 * a name that means something. */
static const char *find_wrapper(const struct labelled *all)
{
    static const char *const telling[] = { "images", "labels", "annotations", "jpegimages",
                                           "imagesets" };
    const char *first = all->files.count ? all->files.items[0].path : "", *slash;
    size_t length;
    enum dataset_split split;

    slash = strchr(first, '/');
    if (!slash)
        return "";
    length = (size_t)(slash - first);
    for (int i = 0; i < all->files.count; i++)
        if (strncmp(all->files.items[i].path, first, length + 1))
            return "";
    for (size_t i = 0; i < sizeof(telling) / sizeof(*telling); i++)
        if (strlen(telling[i]) == length && !strncasecmp(first, telling[i], length))
            return "";
    if (labelled_split_by_name(first, length, &split))
        return "";
    return arena_strndup(all->arena, first, length);
}

int labelled_list(struct labelled *all, struct error *err)
{
    int own;

    if (walk(all, "", 0, err))
        return -1;
    if (all->files.count)
        qsort(all->files.items, (size_t)all->files.count, sizeof(struct labelled_file),
              compare_files);
    for (int i = 0; i < all->files.count; i++)
        map_set(&all->by_path, all->files.items[i].path, (void *)(intptr_t)(i + 1));
    all->base = find_wrapper(all);
    if (dataset_read_own(all->builder, all->base, err))
        return -1;
    own = labelled_find_inner(all, all->base, SPLIT_CONFIG_FILE);
    if (own >= 0)
        labelled_take(all, own);
    return 0;
}

/* ---- finding ----------------------------------------------------------------------------- */

const char *labelled_path(const struct labelled *all, const char *folder, const char *inner)
{
    size_t length = strlen(folder), needed = length + strlen(inner) + 2;
    char *out;

    if (needed > PATH_LIMIT_BYTES)
        return NULL;
    out = arena_alloc(all->arena, needed);
    memcpy(out, folder, length);
    while (*inner) {
        size_t part = strcspn(inner, "/\\");

        if (part == 2 && !strncmp(inner, "..", 2)) {
            if (length == 0)
                return NULL;
            while (length && out[length - 1] != '/')
                length--;
            length -= length > 0;
        } else if (part && !(part == 1 && *inner == '.')) {
            if (length)
                out[length++] = '/';
            memcpy(out + length, inner, part);
            length += part;
        }
        inner += part;
        inner += *inner != '\0';
    }
    out[length] = '\0';
    return out;
}

int labelled_find_inner(const struct labelled *all, const char *folder, const char *path)
{
    const char *plain = labelled_path(all, folder, path);

    return plain ? (int)(intptr_t)map_find(&all->by_path, plain) - 1 : -1;
}

int labelled_find_foreign(const struct labelled *all, const char *folder, const char *path)
{
    if (strlen(path) > PATH_LIMIT_BYTES)
        return -1;
    while (*path) {
        int file = labelled_find_inner(all, folder, path);

        if (file < 0)
            file = labelled_find_inner(all, all->base, path);
        if (file >= 0)
            return file;
        path += strcspn(path, "/\\");
        path += *path != '\0';
    }
    return -1;
}

bool labelled_has_folder(const struct labelled *all, const char *path)
{
    return map_find(&all->folders, path) != NULL;
}

void labelled_take(struct labelled *all, int file)
{
    all->files.items[file].is_taken = true;
}

int labelled_read_file(const struct labelled *all, int file, struct str *out, struct error *err)
{
    struct arena scratch = ARENA_INIT;
    size_t mark;
    int result;

    str_clear(out);
    result = file_read(file_join(&scratch, all->dataset->root, all->files.items[file].path),
                       TEXT_LIMIT_BYTES, out, err);
    arena_release(&scratch);
    mark = result ? 0 : json_mark_length(out->text, out->length);
    if (mark) {
        out->length -= mark;
        memmove(out->text, out->text + mark, out->length + 1);
    }
    return result;
}
