/* yolo_layout.c - the images of a YOLO data set, in all the layouts that are about. */
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/labelled/yolo_internal.h"
#include <ctype.h>
#include <string.h>

static const char *const split_keys[DATASET_SPLIT_COUNT] = { "train", "val", "test" };

static bool is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    return length == 0 || (!strncmp(path, folder, length) && path[length] == '/');
}

/* Does a folder of the path have this name? */
static bool has_component(const char *path, const char *name)
{
    size_t length = strlen(name);

    for (const char *end; (end = strchr(path, '/')); path = end + 1)
        if ((size_t)(end - path) == length && !strncasecmp(path, name, length))
            return true;
    return false;
}

static int add_folder(struct yolo *yolo, const char *folder, enum dataset_split split)
{
    struct labelled *all = yolo->all;
    int count = 0;

    for (int i = 0; i < all->files.count; i++)
        if (all->files.items[i].is_image && is_below(all->files.items[i].path, folder)) {
            labelled_add_image(all, i, split);
            count++;
        }
    return count;
}

/* ---- list files -------------------------------------------------------------------------- */

/* How many images it names; -1: failed. */
static int add_list(struct yolo *yolo, int file, enum dataset_split split, struct error *err)
{
    struct labelled *all = yolo->all;
    const char *path = all->files.items[file].path, *slash = strrchr(path, '/');
    const char *folder = arena_strndup(all->arena, path, slash ? (size_t)(slash - path) : 0);
    struct labelled_place place = { path, 0, -1, -1 };
    struct str text = STR_INIT;
    char *save, *line;
    int count = 0;

    if (labelled_read_file(all, file, &text, err)) {
        str_release(&text);
        return -1;
    }
    labelled_take(all, file);
    save = text.text;
    while ((line = strsep(&save, "\n"))) {
        size_t length = strlen(line);
        int found;

        place.line++;
        while (length && isspace((unsigned char)line[length - 1]))
            line[--length] = '\0';
        if (length == 0)
            continue;
        found = labelled_find_foreign(all, folder, line);
        if (found < 0 || !all->files.items[found].is_image)
            labelled_note(all, &place, DATASET_EXCLUDED, NULL, NULL, "no such image: '%.200s'",
                          line);
        else
            labelled_add_image(all, found, split);
        count += found >= 0 && all->files.items[found].is_image;
    }
    str_release(&text);
    return count;
}

/* ---- data.yaml's entries ----------------------------------------------------------------- */

/* The folder that an entry means; NULL: none. */
static const char *find_folder(struct yolo *yolo, const char *root, const char *entry)
{
    struct labelled *all = yolo->all;
    const char *folder;

    folder = labelled_path(all, root, entry);
    if (folder && labelled_has_folder(all, folder))
        return folder;
    folder = labelled_path(all, all->base, entry);
    if (folder && *entry && labelled_has_folder(all, folder))
        return folder;
    if (strlen(entry) > 1000)
        return NULL;
    while (*entry) { /* another machine's path, or one that leads out and back in */
        entry += strcspn(entry, "/");
        entry += *entry == '/';
        folder = *entry ? labelled_path(all, all->base, entry) : NULL;
        if (folder && labelled_has_folder(all, folder))
            return folder;
    }
    return NULL;
}

static void note_entry(struct yolo *yolo, const char *entry, enum dataset_split split,
                       bool is_there)
{
    struct str text = STR_INIT;

    str_printf(&text, "%s: '%.200s' %s", split_keys[split], entry,
               is_there ? "holds no images" : "is not there");
    yolo_note(yolo, "splits", text.text);
    str_release(&text);
    if (split != DATASET_SPLIT_VAL || yolo->bad_val)
        return;
    yolo->bad_val = entry;
    yolo->is_val_there = is_there;
}

static int add_entry(struct yolo *yolo, const char *root, const char *entry,
                     enum dataset_split split, struct error *err)
{
    const char *folder = find_folder(yolo, root, entry);
    int list = folder ? -1 : labelled_find_foreign(yolo->all, root, entry), count = 0;
    bool is_list = list >= 0 && str_ends_with(entry, ".txt");

    if (is_list)
        count = add_list(yolo, list, split, err);
    else if (folder)
        count = add_folder(yolo, folder, split);
    if (count == 0)
        note_entry(yolo, entry, split, is_list || folder);
    return count < 0 ? -1 : 0;
}

static int add_entries(struct yolo *yolo, struct error *err)
{
    const char *path = json_string_value(json_object_get(yolo->yaml, "path"));
    const char *root = path ? find_folder(yolo, yolo->yaml_folder, path) : NULL;

    if (!root)
        root = yolo->yaml_folder;
    for (int split = 0; split < DATASET_SPLIT_COUNT; split++) {
        json_t *value = json_object_get(yolo->yaml, split_keys[split]), *entry;
        size_t i;

        if (json_is_string(value) && *json_string_value(value) &&
            add_entry(yolo, root, json_string_value(value), (enum dataset_split)split, err))
            return -1;
        json_array_foreach(value, i, entry)
            if (json_is_string(entry) &&
                add_entry(yolo, root, json_string_value(entry), (enum dataset_split)split, err))
                return -1;
    }
    return 0;
}

/* ---- without data.yaml, or with one that names no place ---------------------------------- */

static int add_lists(struct yolo *yolo, struct error *err)
{
    for (int split = 0; split < DATASET_SPLIT_COUNT; split++) {
        char name[16];
        int file;

        snprintf(name, sizeof(name), "%s.txt", split_keys[split]);
        file = labelled_find_inner(yolo->all, yolo->all->base, name);
        if (file >= 0 && add_list(yolo, file, (enum dataset_split)split, err) < 0)
            return -1;
    }
    return 0;
}

/* By folders alone: those below a folder "images" if there is one, in the split that a folder's
 * name says. */
static void add_by_folders(struct yolo *yolo)
{
    struct labelled *all = yolo->all;
    bool has_images_folder = false, has_train = false;
    enum dataset_split split;

    for (int i = 0; i < all->files.count; i++)
        has_images_folder |=
            all->files.items[i].is_image && has_component(all->files.items[i].path, "images");
    for (int i = 0; i < all->files.count; i++)
        has_train |= all->files.items[i].is_image &&
                     labelled_find_split(all->files.items[i].path, &split) &&
                     split == DATASET_SPLIT_TRAIN;
    for (int i = 0; i < all->files.count; i++) {
        struct labelled_file *file = &all->files.items[i];

        split = DATASET_SPLIT_TRAIN;
        if (!file->is_image || (has_images_folder && !has_component(file->path, "images")))
            continue;
        if (!labelled_find_split(file->path, &split) && has_train)
            file->reason = "outside the split folders";
        else
            labelled_add_image(all, i, split);
    }
}

/* Whoever names images to validate with means those and no part of train.  Somebody else's word on
 * the split, or folders that say it where no entry fits, make the entry meaningless. */
static int check_val(const struct yolo *yolo, bool by_entries, struct error *err)
{
    const struct labelled *all = yolo->all;

    if (!yolo->bad_val || all->options->is_lenient || all->options->method ||
        all->builder->own.method || (!by_entries && all->has_listed[DATASET_SPLIT_VAL]))
        return 0;
    return FAIL(err, INVALID,
                "val in '%s' names '%.200s', which %s in '%s': correct it, or take val out to have "
                "train divided",
                all->files.items[yolo->yaml_file].path, yolo->bad_val,
                yolo->is_val_there ? "holds no images" : "is not there", all->dataset->root);
}

int yolo_find_images(struct yolo *yolo, struct error *err)
{
    bool by_entries;

    if (yolo->yaml && add_entries(yolo, err))
        return -1;
    by_entries = yolo->all->images.count > 0;
    if (!by_entries && add_lists(yolo, err))
        return -1;
    if (yolo->all->images.count == 0)
        add_by_folders(yolo);
    if (check_val(yolo, by_entries, err))
        return -1;
    return labelled_settle(yolo->all, err);
}

/* ---- labels ------------------------------------------------------------------------------ */

int yolo_find_label(struct yolo *yolo, const char *image_path)
{
    struct labelled *all = yolo->all;
    const char *dot = strrchr(image_path, '.'), *part = NULL;
    struct str path = STR_INIT;
    int file = -1;

    for (const char *at = image_path; (at = strcasestr(at, "images/")); at++)
        if (at == image_path || at[-1] == '/')
            part = at;
    if (part) {
        str_add_bytes(&path, image_path, (size_t)(part - image_path));
        str_add(&path, "labels/");
        str_add_bytes(&path, part + 7, (size_t)(dot - part) - 7);
        str_add(&path, ".txt");
        file = (int)(intptr_t)map_find(&all->by_path, path.text) - 1;
    }
    if (file < 0) { /* beside the image */
        str_clear(&path);
        str_add_bytes(&path, image_path, (size_t)(dot - image_path));
        str_add(&path, ".txt");
        file = (int)(intptr_t)map_find(&all->by_path, path.text) - 1;
    }
    str_release(&path);
    return file;
}
