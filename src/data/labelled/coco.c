/* coco.c - data sets whose annotations are in COCO's JSON. */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/labelled/coco_internal.h"
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* ---- finding the files ------------------------------------------------------------------- */

bool coco_has_members(struct labelled *all, int file, const char *const *keys)
{
    struct arena scratch = ARENA_INIT;
    struct json_file json;
    struct json_walk walk;
    struct json_slice key, value;
    struct error ignored;
    int found = 0, wanted = 0;

    while (keys[wanted])
        wanted++;
    if (json_file_open(&json, file_join(&scratch, all->dataset->root, all->files.items[file].path),
                       &ignored) == 0) {
        if (json.text.length && *json.text.text != '[' &&
            json_walk_open(&walk, json.text, &ignored) == 0)
            while (found < wanted && json_walk_next(&walk, &key, &value, &ignored) > 0)
                for (int i = 0; i < wanted; i++)
                    found += json_slice_is(key, keys[i]);
        json_file_close(&json);
    }
    arena_release(&scratch);
    return found == wanted;
}

/* "instances_train2017.json" and "train/_annotations.coco.json" say a split. */
static bool find_split_name(const struct labelled *all, const char *path, const char **name,
                            enum dataset_split *split)
{
    const char *slash = strrchr(path, '/'), *at = slash ? slash + 1 : path;

    while (*at) {
        size_t length = strcspn(at, "_-.");

        if (labelled_split_by_name(at, length, split)) {
            *name = arena_strndup(all->arena, at, length);
            return true;
        }
        at += length + (at[length] != '\0');
    }
    *name = "";
    for (const char *end; (end = strchr(path, '/')); path = end + 1)
        if (labelled_split_by_name(path, (size_t)(end - path), split)) {
            *name = arena_strndup(all->arena, path, (size_t)(end - path));
            return true;
        }
    return false;
}

/* Of several files for a split the lowest is taken. */
static int rank_of(const struct labelled *all, const char *path)
{
    const char *name = file_base_name(path), *end;
    bool wants_pose = all->options->task == DATASET_TASK_POSE;
    bool is_pose = strstr(name, "keypoints") != NULL;
    enum dataset_split split;

    if (is_pose)
        return wants_pose ? 0 : 4;
    if (str_starts_with(name, "instances_")) {
        end = strchr(name, '.');
        return end && labelled_split_by_name(name + 10, (size_t)(end - name) - 10, &split) ? 1 : 2;
    }
    return 3;
}

int coco_add_source(struct coco *coco, int file)
{
    struct labelled *all = coco->all;
    struct coco_source source = { .file = file };
    const char *path = all->files.items[file].path;

    source.has_split = find_split_name(all, path, &source.split_name, &source.split);
    if (!source.has_split)
        source.split = DATASET_SPLIT_TRAIN;
    for (int i = 0; i < coco->source_count; i++) {
        struct coco_source *other = &coco->sources[i];
        const char *other_path = all->files.items[other->file].path;
        int loser;

        if (other->split != source.split)
            continue;
        loser = rank_of(all, path) < rank_of(all, other_path) ? other->file : file;
        all->files.items[loser].reason =
            arena_printf(all->arena, "another annotation file of the same images: '%s' is used",
                         loser == file ? other_path : path);
        if (loser != file)
            *other = source;
        return 0;
    }
    if (coco->source_count == (int)(sizeof(coco->sources) / sizeof(*coco->sources)))
        return -1;
    coco->sources[coco->source_count++] = source;
    return 0;
}

/* ---- images ------------------------------------------------------------------------------ */

/* An id is a number or a text. */
static const char *id_text(struct coco *coco, const struct coco_source *source, const json_t *id)
{
    int number = (int)(source - coco->sources);

    if (json_is_integer(id))
        return arena_printf(coco->all->arena, "%d:%lld", number,
                            (long long)json_integer_value(id));
    if (json_is_string(id))
        return arena_printf(coco->all->arena, "%d:%s", number, json_string_value(id));
    return NULL;
}

static int find_image_file(const struct coco *coco, const struct coco_source *source,
                           const char *name)
{
    const struct labelled *all = coco->all;
    const char *path = all->files.items[source->file].path, *slash = strrchr(path, '/');
    const char *folders[] = {
        labelled_path(all, all->base, arena_printf(all->arena, "images/%s", source->split_name)),
        labelled_path(all, all->base, source->split_name),
        labelled_path(all, all->base, arena_printf(all->arena, "%s/images", source->split_name)),
        labelled_path(all, all->base, "images"),
        arena_strndup(all->arena, path, slash ? (size_t)(slash - path) : 0),
        all->base,
    };
    int file = -1;

    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders) && file < 0; i++)
        if (folders[i])
            file = labelled_find_inner(all, folders[i], name);
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders) && file < 0; i++)
        if (folders[i])
            file = labelled_find_foreign(all, folders[i], name);
    if (file < 0 && map_find(&coco->base_names, file_base_name(name)) != &coco->several)
        file = (int)(intptr_t)map_find(&coco->base_names, file_base_name(name)) - 1;
    return file;
}

/* Where no folder fits, a name that there is only once does. */
static void collect_base_names(struct coco *coco)
{
    for (int i = 0; i < coco->all->files.count; i++) {
        const char *name = file_base_name(coco->all->files.items[i].path);

        if (coco->all->files.items[i].is_image)
            map_set(&coco->base_names, name,
                    map_find(&coco->base_names, name) ? (void *)&coco->several
                                                      : (void *)(intptr_t)(i + 1));
    }
}

static enum dataset_split split_of(const struct coco_source *source, const json_t *json,
                                   const json_t *id, const char *name, bool *is_named)
{
    const char *text = json_string_value(json_object_get(json, "split"));
    enum dataset_split split = source->split;
    char key[32];

    if (!text && source->splits && json_is_integer(id)) {
        snprintf(key, sizeof(key), "%lld", (long long)json_integer_value(id));
        text = json_string_value(json_object_get(source->splits, key));
    }
    if (!text && source->splits)
        text = json_string_value(json_object_get(source->splits, name));
    *is_named = text && labelled_split_by_name(text, strlen(text), &split);
    if (*is_named)
        return split;
    if (!source->has_split && labelled_find_split(name, &split))
        return split;
    return source->split;
}

/* False: it is excluded. */
static bool add_image_file(struct coco *coco, const struct coco_source *source, int file,
                           const json_t *json, const json_t *id, const char *name)
{
    struct dataset_builder *builder = coco->all->builder;
    bool is_named;
    enum dataset_split split = split_of(source, json, id, name, &is_named);

    if (is_named && !builder->has_own && builder->own.method == DATASET_SPLIT_PARTIAL)
        *VEC_ADD(&builder->named) =
            (struct dataset_assignment){ coco->all->files.items[file].path, split };
    return labelled_add_image(coco->all, file, split) >= 0;
}

/* Its annotations are not to blame. */
static void lose_image(struct coco *coco, const char *key, enum coco_loss loss)
{
    map_set(&coco->lost, key, (void *)(intptr_t)loss);
}

static int add_image(struct coco *coco, const struct coco_source *source, int64_t element,
                     const json_t *json)
{
    struct labelled *all = coco->all;
    const struct labelled_place place = { all->files.items[source->file].path, 0, -1, -1 };
    const char *name = json_string_value(json_object_get(json, "file_name"));
    const json_t *id = json_object_get(json, "id");
    const char *key = id_text(coco, source, id);
    int file;

    if (!name || !key) {
        labelled_note(all, &place, DATASET_REMARK, NULL, NULL,
                      "images[%" PRId64 "]: Each image must have 'id' and 'file_name'", element);
        if (key)
            lose_image(coco, key, COCO_LOST_FILE);
        return 0;
    }
    file = find_image_file(coco, source, name);
    if (file < 0 || !all->files.items[file].is_image) {
        labelled_note(all, &place, DATASET_REMARK, NULL, NULL,
                      "images[%" PRId64 "]: the image '%.200s' is not there", element, name);
        lose_image(coco, key, COCO_LOST_FILE);
        return 0;
    }
    if (map_find(&coco->image_files, key)) {
        labelled_note(all, &place, DATASET_REMARK, NULL, NULL,
                      "images[%" PRId64 "]: its id stands twice", element);
        return 0;
    }
    if (add_image_file(coco, source, file, json, id, name))
        map_set(&coco->image_files, key, (void *)(intptr_t)(file + 1));
    else
        lose_image(coco, key, COCO_LOST_LEFT_OUT);
    return 0;
}

/* Call `use` with each element of a list, parsed. */
static int each(struct coco *coco, struct coco_source *source, struct json_slice list,
                int (*use)(struct coco *coco, struct coco_source *source, int64_t element,
                           struct json_slice text, const json_t *json, struct error *err),
                struct error *err)
{
    struct json_walk walk;
    struct json_slice key, value;
    int64_t element = 0;
    int more;

    if (json_walk_open(&walk, list, err))
        return -1;
    for (; (more = json_walk_next(&walk, &key, &value, err)) > 0; element++) {
        json_t *json = json_slice_parse(value, err);
        int result = json ? use(coco, source, element, value, json, err) : -1;

        json_decref(json);
        if (result)
            return error_prefix(err, "'%s', element %" PRId64,
                                coco->all->files.items[source->file].path, element);
    }
    return more;
}

static int use_image(struct coco *coco, struct coco_source *source, int64_t element,
                     struct json_slice text, const json_t *json, struct error *err)
{
    (void)text, (void)err;
    source->has_images = true;
    source->has_nested |= json_object_get(json, "annotations") != NULL;
    return add_image(coco, source, element, json);
}

/* A file without images: their names stand in the annotations. */
static int use_named_image(struct coco *coco, struct coco_source *source, int64_t element,
                           struct json_slice text, const json_t *json, struct error *err)
{
    const json_t *id = json_object_get(json, "image_id");
    const char *name = json_string_value(json_object_get(json, "file_name"));
    const char *key = id_text(coco, source, id);
    int file;

    (void)element, (void)text, (void)err;
    if (!name)
        name = json_string_value(id);
    if (!name || !key || map_find(&coco->image_files, key) || map_find(&coco->lost, key))
        return 0;
    file = find_image_file(coco, source, name);
    if (file < 0 || !coco->all->files.items[file].is_image)
        lose_image(coco, key, COCO_LOST_FILE);
    else if (!add_image_file(coco, source, file, json, id, name))
        lose_image(coco, key, COCO_LOST_LEFT_OUT);
    else
        map_set(&coco->image_files, key, (void *)(intptr_t)(file + 1));
    return 0;
}

/* ---- passes over a file ------------------------------------------------------------------ */

/* The members wanted of the top object; absent ones stay NULL. */
struct members {
    struct json_slice images, annotations, categories, classes, split_config;
};

static int find_members(const struct coco *coco, const struct coco_source *source,
                        struct members *members, struct error *err)
{
    struct {
        const char *key;
        struct json_slice *slice;
    } wanted[] = { { "images", &members->images },
                   { "annotations", &members->annotations },
                   { "categories", &members->categories },
                   { "classes", &members->classes },
                   { "split_config", &members->split_config } };
    struct json_walk walk;
    struct json_slice key, value;
    int more = json_walk_open(&walk, source->json.text, err) ? -1 : 1;

    memset(members, 0, sizeof(*members));
    while (more > 0 && (more = json_walk_next(&walk, &key, &value, err)) > 0)
        for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
            if (json_slice_is(key, wanted[i].key))
                *wanted[i].slice = value;
    if (more < 0)
        return error_prefix(err, "Invalid JSON: '%s'", coco->all->files.items[source->file].path);
    return 0;
}

/* Its images are named by ids, so that their splits are taken one by one, as they are met. */
static void use_split_config(struct coco *coco, struct coco_source *source, const json_t *config)
{
    struct dataset_options *own = &coco->all->builder->own;
    const char *method = json_string_value(json_object_get(config, "method"));
    double ratio = json_number_value(json_object_get(config, "default_ratio"));
    json_int_t seed = json_integer_value(json_object_get(config, "seed"));

    source->splits = json_incref(json_object_get(config, "splits"));
    if (coco->all->builder->has_own || !method)
        return;
    own->method = !strcmp(method, "auto") || !strcmp(method, "partial") ? DATASET_SPLIT_PARTIAL
                                                                        : DATASET_SPLIT_CUSTOM;
    own->train_ratio = ratio > 0 && ratio < 1 ? ratio : 0;
    own->seed = seed > 0 ? (uint64_t)seed : 0;
}

static int read_images(struct coco *coco, struct coco_source *source, struct error *err)
{
    const char *path = coco->all->files.items[source->file].path;
    struct members members;
    struct json_slice categories;

    labelled_take(coco->all, source->file);
    if (find_members(coco, source, &members, err))
        return -1;
    categories = members.categories.text ? members.categories : members.classes;
    if (!categories.text)
        return FAIL(err, CORRUPT, "'%s': Missing required field: categories", path);
    if (members.split_config.text) {
        json_t *config = json_slice_parse(members.split_config, err);

        if (!config)
            return -1;
        use_split_config(coco, source, config);
        json_decref(config);
    }
    if (coco_read_categories(coco, source, categories, err) ||
        (members.images.text && each(coco, source, members.images, use_image, err)))
        return -1;
    if (!source->has_images && members.annotations.text)
        return each(coco, source, members.annotations, use_named_image, err);
    return 0;
}

static int line_of(const struct coco_source *source, const char *at)
{
    const char *text = source->json.text.text;
    int line = 1;

    while ((text = memchr(text, '\n', (size_t)(at - text)))) {
        line++;
        text++;
    }
    return line;
}

/* An image that the file lists and that is not used, or one that nobody lists: then the annotation
 * is wrong.  Without ids, so that equal reasons are told once. */
static void note_unseen(struct coco *coco, const struct labelled_place *place, const char *key,
                        int file)
{
    intptr_t loss = key ? (intptr_t)map_find(&coco->lost, key) : COCO_LOST_NEVER;

    if (file < 0 && loss == COCO_LOST_NEVER)
        labelled_note(coco->all, place, DATASET_EXCLUDED, "drop", NULL,
                      "references non-existent image_id %.100s", key ? strchr(key, ':') + 1 : "");
    else
        labelled_note(coco->all, place, DATASET_EXCLUDED, NULL, NULL, "%s",
                      file >= 0                 ? "its image cannot be read"
                      : loss == COCO_LOST_FILE ? "its image is not there"
                                                : "its image is left out");
}

static int use_annotation(struct coco *coco, struct coco_source *source, int64_t element,
                          struct json_slice text, const json_t *json, struct error *err)
{
    struct labelled *all = coco->all;
    const char *key = id_text(coco, source, json_object_get(json, "image_id"));
    int file = key ? (int)(intptr_t)map_find(&coco->image_files, key) - 1 : -1;
    int image = file < 0 ? -1 : labelled_find_image(all, file);
    struct labelled_place place = { all->files.items[source->file].path, 0, element, image };
    int64_t excluded = all->dataset->rows.excluded, fixed = all->dataset->rows.fixed;
    int findings = all->findings.count, result = 0;

    if (image < 0)
        note_unseen(coco, &place, key, file);
    else
        result = coco_read_object(coco, &place, json, err);
    /* Counting lines is slow for large files: only of what has to be told. */
    if (findings < all->findings.count &&
        (all->dataset->rows.excluded - excluded || all->dataset->rows.fixed - fixed) &&
        all->findings.count < 1000)
        for (int i = findings; i < all->findings.count; i++)
            all->findings.items[i].line = line_of(source, text.text);
    return result;
}

/* Annotations inside the images; elements count on through the file. */
static int use_nested(struct coco *coco, struct coco_source *source, int64_t element,
                      struct json_slice text, const json_t *json, struct error *err)
{
    struct labelled *all = coco->all;
    const char *key = id_text(coco, source, json_object_get(json, "id"));
    int file = key ? (int)(intptr_t)map_find(&coco->image_files, key) - 1 : -1;
    int image = file < 0 ? -1 : labelled_find_image(all, file);
    json_t *list = json_object_get(json, "annotations"), *item;
    size_t i;

    (void)text;
    json_array_foreach(list, i, item) {
        const struct labelled_place place = { all->files.items[source->file].path, 0,
                                              element << 24 | (int64_t)(i & 0xffffff), image };

        if (image < 0)
            note_unseen(coco, &place, key, file);
        else if (coco_read_object(coco, &place, item, err))
            return -1;
    }
    return 0;
}

static int read_annotations(struct coco *coco, struct coco_source *source, struct error *err)
{
    struct members members;

    if (find_members(coco, source, &members, err))
        return -1;
    if (source->has_nested)
        return each(coco, source, members.images, use_nested, err);
    return members.annotations.text
               ? each(coco, source, members.annotations, use_annotation, err)
               : 0;
}

/* Sizes that the file tells wrongly make all its coordinates doubtful.  Ids are kept. */
static int use_size(struct coco *coco, struct coco_source *source, int64_t element,
                    struct json_slice text, const json_t *json, struct error *err)
{
    struct labelled *all = coco->all;
    const char *key = id_text(coco, source, json_object_get(json, "id"));
    int file = key ? (int)(intptr_t)map_find(&coco->image_files, key) - 1 : -1;
    int image = file < 0 ? -1 : labelled_find_image(all, file);
    json_int_t width = json_integer_value(json_object_get(json, "width"));
    json_int_t height = json_integer_value(json_object_get(json, "height"));
    const struct labelled_place place = { all->files.items[source->file].path, 0, -1, image };

    (void)text, (void)err;
    if (image >= 0 && !coco->has_image_id[image] && json_is_integer(json_object_get(json, "id"))) {
        coco->image_ids[image] = json_integer_value(json_object_get(json, "id"));
        coco->has_image_id[image] = true;
    }
    if (image >= 0 && width && height &&
        (width != all->images.items[image].width || height != all->images.items[image].height))
        labelled_note(all, &place, DATASET_REMARK, NULL, NULL,
                      "images[%" PRId64 "]: '%s' is %d x %d, not %lld x %lld", element,
                      all->files.items[file].path, all->images.items[image].width,
                      all->images.items[image].height, (long long)width, (long long)height);
    return 0;
}

static int check_sizes(struct coco *coco, struct coco_source *source, struct error *err)
{
    struct members members;

    if (find_members(coco, source, &members, err))
        return -1;
    return members.images.text ? each(coco, source, members.images, use_size, err) : 0;
}

/* All or none. */
static void keep_image_ids(struct coco *coco)
{
    for (int i = 0; i < coco->all->images.count; i++)
        if (!coco->has_image_id[i])
            return;
    coco->all->dataset->image_ids = coco->image_ids;
}

static int read_all(struct coco *coco, struct error *err)
{
    collect_base_names(coco);
    for (int i = 0; i < coco->source_count; i++) {
        struct arena scratch = ARENA_INIT;
        int result = json_file_open(
            &coco->sources[i].json,
            file_join(&scratch, coco->all->dataset->root,
                      coco->all->files.items[coco->sources[i].file].path),
            err);

        arena_release(&scratch);
        if (result || read_images(coco, &coco->sources[i], err))
            return -1;
    }
    coco_settle_categories(coco);
    if (labelled_settle(coco->all, err))
        return -1;
    coco->image_ids = ARENA_ARRAY(coco->all->arena, int64_t, coco->all->images.count);
    coco->has_image_id = ARENA_ARRAY(coco->all->arena, bool, coco->all->images.count);
    for (int i = 0; i < coco->source_count; i++)
        if (check_sizes(coco, &coco->sources[i], err) ||
            read_annotations(coco, &coco->sources[i], err))
            return -1;
    keep_image_ids(coco);
    return 0;
}

int coco_read(struct coco *coco, struct error *err)
{
    int result = read_all(coco, err);

    for (int i = 0; i < coco->source_count; i++) {
        json_file_close(&coco->sources[i].json);
        json_decref(coco->sources[i].splits);
    }
    map_release(&coco->image_files);
    map_release(&coco->lost);
    map_release(&coco->base_names);
    mask_release(&coco->mask);
    VEC_RELEASE(&coco->categories);
    VEC_RELEASE(&coco->points);
    VEC_RELEASE(&coco->rings);
    VEC_RELEASE(&coco->runs);
    VEC_RELEASE(&coco->keypoints);
    return result;
}

/* ---- the format -------------------------------------------------------------------------- */

static const char *const coco_keys[] = { "images", "annotations", "categories", NULL };

static bool is_source(struct labelled *all, int file)
{
    return str_ends_with(all->files.items[file].path, ".json") &&
           coco_has_members(all, file, coco_keys);
}

static double judge(struct labelled *all)
{
    for (int i = 0; i < all->files.count; i++) {
        const char *name = file_base_name(all->files.items[i].path);

        if (is_source(all, i))
            return !strncmp(name, "annotations", 11) ? 0.7 : 0.92;
    }
    return 0;
}

static int read(struct labelled *all, struct error *err)
{
    struct coco coco = { .all = all };

    for (int i = 0; i < all->files.count; i++)
        if (is_source(all, i) && coco_add_source(&coco, i))
            return FAIL(err, TOO_LARGE, "'%s' has too many annotation files", all->dataset->root);
    if (coco.source_count == 0)
        return FAIL(err, INVALID, "'%s' has no JSON file with images, annotations and categories",
                    all->dataset->root);
    return coco_read(&coco, err);
}

const struct labelled_format labelled_coco = { "coco", judge, read };
