/* yolo_config.c - what data.yaml says of classes and key points. */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "data/labelled/yolo_internal.h"
#include "formats/yaml.h"
#include <stdlib.h>
#include <string.h>

void yolo_note(struct yolo *yolo, const char *remedy, const char *message)
{
    const struct labelled_place place = {
        yolo->yaml_file < 0 ? "" : yolo->all->files.items[yolo->yaml_file].path, 0, -1, -1
    };

    labelled_note(yolo->all, &place, DATASET_REMARK, remedy, NULL, "%s", message);
}

/* One file name of the folder where the layout begins, or of the only one below that has it. */
static bool is_config_name(const struct labelled *all, const char *path)
{
    size_t base = strlen(all->base);
    const char *inner = path + base + (base > 0);

    if (strncmp(path, all->base, base) || strchr(inner, '/'))
        return false;
    return str_ends_with(inner, ".yaml") || str_ends_with(inner, ".yml");
}

static bool describes_dataset(const json_t *yaml)
{
    return json_object_get(yaml, "names") || json_object_get(yaml, "nc") ||
           (json_object_get(yaml, "train") && json_object_get(yaml, "val"));
}

/* The one that was opened; else data.yaml first, then the others by name. */
static bool is_turn(const struct labelled *all, const char *path, int pass)
{
    const char *wanted = all->builder->config;

    if (wanted)
        return pass == 0 && !strcmp(path, wanted);
    return is_config_name(all, path) && str_ends_with(path, "data.yaml") == (pass == 0);
}

/* Whoever opens data.yaml means the images that it names: those beside it.  A folder that is not
 * there is one of another machine. */
static int check_place(struct yolo *yolo, struct error *err)
{
    const char *path = json_string_value(json_object_get(yolo->yaml, "path"));
    const char *config = yolo->all->builder->config, *root = yolo->all->dataset->root;
    char *home, *place;
    size_t length;
    int result = 0;

    if (!config)
        return 0;
    if (!yolo->yaml)
        return FAIL(err, INVALID, "'%s' describes no dataset", config);
    if (!path)
        return 0;
    home = realpath(root, NULL);
    place = realpath(*path == '/' ? path : file_join(yolo->all->arena, root, path), NULL);
    length = home ? strlen(home) : 0;
    if (home && place &&
        (strncmp(place, home, length) || (place[length] && place[length] != '/' && length > 1)))
        result = FAIL(err, INVALID,
                      "'%s' describes images in '%s', not beside it: move it there, or give that "
                      "folder",
                      config, place);
    free(home);
    free(place);
    return result;
}

static int open_config(struct yolo *yolo, struct error *err)
{
    struct labelled *all = yolo->all;
    struct str text = STR_INIT;
    int result = 0;

    for (int pass = 0; pass < 2 && !yolo->yaml && !result; pass++)
        for (int i = 0; i < all->files.count && !yolo->yaml && !result; i++) {
            const char *path = all->files.items[i].path;
            json_t *yaml;

            if (!is_turn(all, path, pass))
                continue;
            result = labelled_read_file(all, i, &text, err);
            yaml = result ? NULL : yaml_parse(text.text, text.length, path, err);
            result = yaml ? 0 : -1;
            if (yaml && describes_dataset(yaml)) {
                yolo->yaml = yaml;
                yolo->yaml_file = i;
                yolo->yaml_folder = all->base;
                labelled_take(all, i);
            } else {
                json_decref(yaml);
            }
        }
    str_release(&text);
    return result;
}

static int read_name(struct yolo *yolo, int64_t id, const json_t *name, struct error *err)
{
    char number[32];

    if (id < 0 || id >= LABELLED_CLASS_LIMIT)
        return FAIL(err, INVALID, "'%s' names class %lld, which is not within 0 and %d",
                    yolo->all->files.items[yolo->yaml_file].path, (long long)id,
                    LABELLED_CLASS_LIMIT - 1);
    if (json_is_integer(name))
        snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(name));
    else if (json_is_real(name))
        snprintf(number, sizeof(number), "%g", json_real_value(name));
    else if (json_is_boolean(name)) /* "no" and "off" are words, here */
        snprintf(number, sizeof(number), "%s", json_is_true(name) ? "yes" : "no");
    else if (!json_is_string(name) || !*json_string_value(name))
        return FAIL(err, INVALID, "the name of class %lld in '%s' is no text", (long long)id,
                    yolo->all->files.items[yolo->yaml_file].path);
    labelled_set_class(yolo->all, (int)id,
                       json_is_string(name) ? json_string_value(name) : number);
    return 0;
}

static int read_names(struct yolo *yolo, struct error *err)
{
    json_t *names = json_object_get(yolo->yaml, "names"), *name;
    const json_t *count = json_object_get(yolo->yaml, "nc");
    json_int_t wanted = json_is_integer(count) ? json_integer_value(count) : 0;
    const char *key;
    size_t i;

    json_array_foreach(names, i, name)
        if (read_name(yolo, (int64_t)i, name, err))
            return -1;
    if (json_is_object(names))
        json_object_foreach(names, key, name) {
            char *end;
            long id = strtol(key, &end, 10);

            if (!*key || *end)
                return FAIL(err, INVALID, "names in '%s' has the key '%s', which is no class id",
                            yolo->all->files.items[yolo->yaml_file].path, key);
            if (read_name(yolo, id, name, err))
                return -1;
        }
    yolo->class_count = yolo->all->classes.count;
    if (wanted && yolo->class_count && wanted != yolo->class_count) {
        struct str text = STR_INIT;

        str_printf(&text, "nc is %lld but names has %d: ", (long long)wanted, yolo->class_count);
        if (wanted > yolo->class_count)
            str_printf(&text, "names are added up to class_%lld", (long long)wanted - 1);
        else
            str_printf(&text, "nc becomes %d", yolo->class_count);
        yolo_note(yolo, wanted > yolo->class_count ? "add_classes" : "class_count", text.text);
        str_release(&text);
    }
    if (wanted < 0 || wanted > LABELLED_CLASS_LIMIT)
        return FAIL(err, INVALID, "nc in '%s' is %lld, not within 1 and %d",
                    yolo->all->files.items[yolo->yaml_file].path, (long long)wanted,
                    LABELLED_CLASS_LIMIT);
    if (wanted > yolo->class_count) {
        char name_of[32];

        for (int id = yolo->class_count; id < wanted; id++) {
            snprintf(name_of, sizeof(name_of), "class_%d", id);
            labelled_set_class(yolo->all, id, name_of);
        }
        yolo->class_count = (int)wanted;
    }
    return 0;
}

/* ---- key points -------------------------------------------------------------------------- */

static int read_whole(const json_t *list, size_t index)
{
    const json_t *value = json_array_get(list, index);

    return json_is_integer(value) && json_integer_value(value) >= 0 &&
                   json_integer_value(value) <= ANNOTATION_KEYPOINTS_MOST
               ? (int)json_integer_value(value)
               : -1;
}

/* The partner of each point in a mirror: a partner's partner is the point itself. */
static void read_flip(struct yolo *yolo)
{
    const json_t *list = json_object_get(yolo->yaml, "flip_idx");
    int count = yolo->keypoint_count;
    int *flip;

    if (!list)
        return;
    flip = ARENA_ARRAY(yolo->all->arena, int, count);
    for (int i = 0; i < count; i++)
        flip[i] = read_whole(list, (size_t)i);
    for (int i = 0; i < count; i++)
        if (json_array_size(list) != (size_t)count || flip[i] < 0 || flip[i] >= count ||
            flip[flip[i]] != i) {
            yolo_note(yolo, NULL,
                      "flip_idx does not pair the key points: images are not mirrored");
            yolo->all->is_mirror_told = true;
            return;
        }
    yolo->all->dataset->flip_index = flip;
}

static void read_skeleton(struct yolo *yolo)
{
    struct dataset *dataset = yolo->all->dataset;
    json_t *list = json_object_get(yolo->yaml, "skeleton"), *pair;
    int(*pairs)[2] = arena_alloc(yolo->all->arena, sizeof(*pairs) * (json_array_size(list) + 1));
    size_t i;

    json_array_foreach(list, i, pair) {
        int a = read_whole(pair, 0), b = read_whole(pair, 1);

        if (a < 0 || b < 0 || a >= yolo->keypoint_count || b >= yolo->keypoint_count) {
            yolo_note(yolo, NULL, "skeleton names a key point that there is not: it is ignored");
            return;
        }
        pairs[i][0] = a;
        pairs[i][1] = b;
    }
    dataset->skeleton = (const int(*)[2])pairs;
    dataset->skeleton_count = (int)json_array_size(list);
}

/* kpt_names is a list of names, or such a list for each class; then the first counts. */
static void read_keypoint_names(struct yolo *yolo)
{
    json_t *list = json_object_get(yolo->yaml, "kpt_names");
    const char **names;

    if (json_is_object(list))
        list = json_object_iter_value(json_object_iter(list));
    if (json_array_size(list) != (size_t)yolo->keypoint_count)
        return;
    names = ARENA_ARRAY(yolo->all->arena, const char *, yolo->keypoint_count);
    for (int i = 0; i < yolo->keypoint_count; i++) {
        const char *name = json_string_value(json_array_get(list, (size_t)i));

        names[i] = name ? arena_strdup(yolo->all->arena, name)
                        : arena_printf(yolo->all->arena, "point_%d", i);
    }
    yolo->all->dataset->keypoint_names = names;
}

static int read_keypoints(struct yolo *yolo, struct error *err)
{
    const json_t *shape = json_object_get(yolo->yaml, "kpt_shape");

    if (!shape || json_is_null(shape))
        return 0;
    if (json_integer_value(json_array_get(shape, 0)) > ANNOTATION_KEYPOINTS_MOST)
        return FAIL(err, UNSUPPORTED, "kpt_shape in '%s' is of %lld key points: at most %d can be "
                                      "learned",
                    yolo->all->files.items[yolo->yaml_file].path,
                    (long long)json_integer_value(json_array_get(shape, 0)),
                    ANNOTATION_KEYPOINTS_MOST);
    yolo->keypoint_count = read_whole(shape, 0);
    yolo->keypoint_size = read_whole(shape, 1);
    if (json_array_size(shape) != 2 || yolo->keypoint_count < 1 ||
        (yolo->keypoint_size != 2 && yolo->keypoint_size != 3))
        return FAIL(err, INVALID, "kpt_shape in '%s' is not [points, 2 or 3]",
                    yolo->all->files.items[yolo->yaml_file].path);
    yolo->all->dataset->annotations.keypoint_count = yolo->keypoint_count;
    yolo->all->dataset->keypoint_size = yolo->keypoint_size;
    read_flip(yolo);
    read_skeleton(yolo);
    read_keypoint_names(yolo);
    return 0;
}

int yolo_read_config(struct yolo *yolo, struct error *err)
{
    yolo->yaml_file = -1;
    yolo->yaml_folder = yolo->all->base;
    if (open_config(yolo, err) || check_place(yolo, err))
        return -1;
    if (!yolo->yaml)
        return 0;
    return read_names(yolo, err) || read_keypoints(yolo, err) ? -1 : 0;
}
