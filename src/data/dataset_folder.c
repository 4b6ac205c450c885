/* dataset_folder.c - walk the tree of an image folder dataset. */
#include "base/error.h"
#include "base/file.h"
#include "base/vec.h"
#include "data/dataset_internal.h"
#include "data/split_config.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* A link that leads back up would otherwise be followed until the path is too long. */
#define FOLDER_DEPTH_LIMIT 16

/* clang-format off */
static const struct split_folder {
    const char *name;
    enum dataset_split split;
} split_folders[] = {
    { "train", DATASET_SPLIT_TRAIN }, { "training",   DATASET_SPLIT_TRAIN },
    { "val",   DATASET_SPLIT_VAL },   { "validation", DATASET_SPLIT_VAL },
    { "valid", DATASET_SPLIT_VAL },
    { "test",  DATASET_SPLIT_TEST },  { "testing",    DATASET_SPLIT_TEST },
};
/* clang-format on */

#define COUNT_OF(array) (int)(sizeof(array) / sizeof((array)[0]))

struct entry {
    const char *name;
    int64_t size_bytes;
    bool is_folder, is_file;
};

struct entries {
    struct entry *items;
    int count, capacity;
};

/* What the files met on a walk belong to; without a class they are all excluded. */
struct place {
    const char *class_name;
    enum dataset_split split;
    const char *reason;
};

static int compare_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Root and a path relative to it; "" is the root itself. */
static char *full_path(struct dataset *dataset, const char *path)
{
    return *path ? arena_printf(&dataset->_arena, "%s/%s", dataset->root, path)
                 : arena_strdup(&dataset->_arena, dataset->root);
}

static char *inner_path(struct dataset *dataset, const char *folder, const char *name)
{
    return *folder ? arena_printf(&dataset->_arena, "%s/%s", folder, name)
                   : arena_strdup(&dataset->_arena, name);
}

/* All names in a folder, hidden ones too, sorted bytewise so that no locale moves a class id. */
static int list_folder(struct dataset_builder *builder, const char *folder, struct entries *out,
                       struct error *err)
{
    struct dataset *dataset = builder->dataset;
    char *path = full_path(dataset, folder);
    struct dirent **list = NULL;
    int count = scandir(path, &list, NULL, compare_bytes);

    if (count < 0)
        return FAIL_ERRNO(err, "cannot read the folder '%s'", path);
    for (int i = 0; i < count; i++) {
        const char *name = list[i]->d_name;
        struct stat status;

        if (strcmp(name, ".") && strcmp(name, "..")) {
            char *inner = full_path(dataset, inner_path(dataset, folder, name));

            if (stat(inner, &status))
                memset(&status, 0, sizeof(status)); /* a dead link: neither file nor folder */
            *VEC_ADD(out) = (struct entry){ .name = arena_strdup(&dataset->_arena, name),
                                            .size_bytes = status.st_size,
                                            .is_folder = S_ISDIR(status.st_mode),
                                            .is_file = S_ISREG(status.st_mode) };
        }
        free(list[i]);
    }
    free(list);
    return 0;
}

static bool find_split(const char *name, enum dataset_split *split)
{
    for (int i = 0; i < COUNT_OF(split_folders); i++)
        if (!strcasecmp(name, split_folders[i].name)) {
            *split = split_folders[i].split;
            return true;
        }
    return false;
}

/* Why a file cannot be an item, or NULL. */
static const char *reason_against(struct dataset_builder *builder, const struct entry *entry,
                                  const char *path, const struct place *place)
{
    if (entry->name[0] == '.')
        return "hidden";
    if (!entry->is_file)
        return "not a file: a broken link or a device";
    if (strpbrk(entry->name, "\n\r"))
        return "line break in its name";
    if (!strcmp(entry->name, SPLIT_CONFIG_FILE))
        return "it says which image is in which split";
    if (!file_is_image_name(entry->name))
        return "not an image by its name";
    if (!place->class_name)
        return place->reason;
    if (entry->size_bytes == 0)
        return "empty file";
    return dataset_reason_against(builder, path);
}

static void add_file(struct dataset_builder *builder, const struct entry *entry, const char *path,
                     const struct place *place)
{
    const char *reason = reason_against(builder, entry, path, place);

    if (reason)
        dataset_exclude(builder, path, reason);
    else
        *VEC_ADD(&builder->found) = (struct dataset_found){ .path = path,
                                                            .class_name = place->class_name,
                                                            .size_bytes = entry->size_bytes,
                                                            .split = place->split };
}

/* Everything below a folder belongs to one place. */
static int walk(struct dataset_builder *builder, const char *folder, const struct place *place,
                int depth, struct error *err)
{
    struct entries entries = { 0 };
    int result = -1;

    if (depth > FOLDER_DEPTH_LIMIT)
        return FAIL(err, INVALID, "folders are nested more than %d deep: '%s'", FOLDER_DEPTH_LIMIT,
                    folder);
    if (list_folder(builder, folder, &entries, err))
        goto done;
    for (int i = 0; i < entries.count; i++) {
        const struct entry *entry = &entries.items[i];
        const char *path = inner_path(builder->dataset, folder, entry->name);

        if (!entry->is_folder)
            add_file(builder, entry, path, place);
        else if (entry->name[0] == '.')
            dataset_exclude(builder, path, "hidden folder");
        else if (walk(builder, path, place, depth + 1, err))
            goto done;
    }
    result = 0;
done:
    VEC_RELEASE(&entries);
    return result;
}

/* A folder whose folders are classes. */
static int scan_classes(struct dataset_builder *builder, const char *folder,
                        enum dataset_split split, struct error *err)
{
    const struct place outside = { .reason = "not inside a class folder" };
    struct entries entries = { 0 };
    int result = -1;

    if (list_folder(builder, folder, &entries, err))
        goto done;
    for (int i = 0; i < entries.count; i++) {
        const struct entry *entry = &entries.items[i];
        const char *path = inner_path(builder->dataset, folder, entry->name);
        const struct place place = { .class_name = entry->name, .split = split };
        int count_before = builder->found.count;

        if (!entry->is_folder) {
            add_file(builder, entry, path, &outside);
            continue;
        }
        if (entry->name[0] == '.') {
            dataset_exclude(builder, path, "hidden folder");
            continue;
        }
        if (walk(builder, path, &place, 1, err))
            goto done;
        if (builder->found.count == count_before)
            *VEC_ADD(&builder->empty_classes) = path;
    }
    result = 0;
done:
    VEC_RELEASE(&entries);
    return result;
}

/* A folder whose folders are splits; what stands beside them is named and left out. */
static int scan_splits(struct dataset_builder *builder, const char *folder,
                       const struct entries *entries, struct error *err)
{
    const struct place outside = { .reason = "outside the split folders" };
    const char *taken[DATASET_SPLIT_COUNT] = { 0 };

    for (int i = 0; i < entries->count; i++) {
        const struct entry *entry = &entries->items[i];
        const char *path = inner_path(builder->dataset, folder, entry->name);
        enum dataset_split split;

        if (!entry->is_folder) {
            add_file(builder, entry, path, &outside);
        } else if (entry->name[0] == '.') {
            dataset_exclude(builder, path, "hidden folder");
        } else if (!find_split(entry->name, &split)) {
            dataset_warn(builder, "the folder '%s' stands beside the split folders and is ignored",
                         path);
            if (walk(builder, path, &outside, 1, err))
                return -1;
        } else if (taken[split]) {
            return FAIL(err, INVALID, "both '%s' and '%s' in '%s' could be the %s split",
                        taken[split], entry->name, builder->dataset->root,
                        dataset_split_name(split));
        } else {
            taken[split] = entry->name;
            builder->dataset->has_folder[split] = true;
            if (scan_classes(builder, path, split, err))
                return -1;
        }
    }
    return 0;
}

/* The only visible folder of a folder without images: what an archive wraps around a dataset. */
static const char *find_wrapper(const struct entries *entries)
{
    const char *only = NULL;

    for (int i = 0; i < entries->count; i++) {
        const struct entry *entry = &entries->items[i];

        if (entry->name[0] == '.')
            continue;
        if (entry->is_folder && only)
            return NULL;
        if (entry->is_folder)
            only = entry->name;
        else if (file_is_image_name(entry->name))
            return NULL;
    }
    return only;
}

static bool has_folder(const struct entries *entries)
{
    for (int i = 0; i < entries->count; i++)
        if (entries->items[i].is_folder && entries->items[i].name[0] != '.')
            return true;
    return false;
}

/* List the folder where the layout begins, and give its path relative to the root. */
static int find_base(struct dataset_builder *builder, const char **base, struct entries *entries,
                     struct error *err)
{
    const struct place outside = { .reason = "outside the split folders" };
    struct entries inner = { 0 };
    enum dataset_split split;
    const char *wrapper;

    *base = "";
    if (list_folder(builder, "", entries, err))
        return -1;
    wrapper = find_wrapper(entries);
    if (!wrapper || find_split(wrapper, &split))
        return 0;
    if (list_folder(builder, wrapper, &inner, err)) {
        VEC_RELEASE(&inner);
        return -1;
    }
    if (!has_folder(&inner)) { /* a class folder, alone: not a wrapper */
        VEC_RELEASE(&inner);
        return 0;
    }
    for (int i = 0; i < entries->count; i++)
        if (!entries->items[i].is_folder)
            add_file(builder, &entries->items[i], entries->items[i].name, &outside);
    VEC_RELEASE(entries);
    *entries = inner;
    *base = wrapper;
    return 0;
}

int dataset_scan(struct dataset_builder *builder, struct error *err)
{
    const char *root = builder->dataset->root;
    struct entries entries = { 0 };
    const char *base, *wrong = NULL;
    bool has_train = false, has_class = false;
    int result = -1;

    if (find_base(builder, &base, &entries, err) || dataset_read_own(builder, base, err))
        goto done;
    for (int i = 0; i < entries.count; i++) {
        enum dataset_split split;

        if (!entries.items[i].is_folder || entries.items[i].name[0] == '.')
            continue;
        if (!find_split(entries.items[i].name, &split))
            has_class = true;
        else if (split == DATASET_SPLIT_TRAIN)
            has_train = true;
        else
            wrong = entries.items[i].name;
    }
    if (!has_train && !has_class && wrong) {
        FAIL(err, INVALID, "'%s' has a folder '%s' but no folder 'train'", root, wrong);
        goto done;
    }
    /* Without a train folder a folder called "test" may well be a class. */
    result = has_train ? scan_splits(builder, base, &entries, err)
                       : scan_classes(builder, base, DATASET_SPLIT_TRAIN, err);
done:
    VEC_RELEASE(&entries);
    return result;
}
