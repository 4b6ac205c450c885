/* split_config.c - see split_config.h. */
#include "data/split_config.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "base/vec.h"
#include <string.h>

#define LIMIT_BYTES ((size_t)64 << 20)

/* clang-format off */
static const struct {
    const char *name;
    enum dataset_split_method method;
} methods[] = {
    { "use_dataset", DATASET_SPLIT_USE_DATASET },
    { "custom",      DATASET_SPLIT_CUSTOM },
    { "manual",      DATASET_SPLIT_CUSTOM },
    { "auto",        DATASET_SPLIT_AUTO },
    { "partial",     DATASET_SPLIT_PARTIAL },
};
/* clang-format on */

static int set_method(const json_t *value, struct dataset_options *options, struct error *err)
{
    const char *text = json_string_value(value);

    for (size_t i = 0; text && i < sizeof(methods) / sizeof(*methods); i++)
        if (!strcmp(text, methods[i].name)) {
            options->method = methods[i].method;
            return 0;
        }
    return FAIL(err, INVALID,
                "method must be use_dataset, auto or custom; manual or partial of a data set");
}

static int set_ratio(const json_t *value, struct dataset_options *options, struct error *err)
{
    double ratio = json_number_value(value);

    if (!json_is_number(value) || !(ratio > 0 && ratio < 1))
        return FAIL(err, INVALID, "ratio must be a number between 0 and 1: the share of train");
    options->train_ratio = ratio;
    return 0;
}

static int set_seed(const json_t *value, struct dataset_options *options, struct error *err)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return FAIL(err, INVALID, "seed must be a whole number from 0 on");
    options->seed = (uint64_t)json_integer_value(value);
    return 0;
}

static int split_named(const char *name)
{
    for (int i = 0; name && i < DATASET_SPLIT_COUNT; i++)
        if (!strcmp(name, dataset_split_name((enum dataset_split)i)))
            return i;
    return -1;
}

static int set_splits(struct arena *arena, const json_t *value, struct dataset_options *options,
                      struct error *err)
{
    struct dataset_assignment *list;
    const char *path;
    json_t *name;
    int count = 0;

    if (!json_is_object(value))
        return FAIL(err, INVALID, "splits must be an object of image paths");
    list = ARENA_ARRAY(arena, struct dataset_assignment, json_object_size(value) + 1);
    json_object_foreach((json_t *)value, path, name)
    {
        int split = split_named(json_string_value(name));

        if (json_is_null(name))
            continue;
        if (split < 0)
            return FAIL(err, INVALID, "the split of '%.200s' must be train, val, test or null",
                        path);
        list[count++] =
            (struct dataset_assignment){ arena_strdup(arena, path), (enum dataset_split)split };
    }
    options->assignments = list;
    options->assignment_count = count;
    return 0;
}

static int set_exclude(struct arena *arena, const json_t *value, struct dataset_options *options,
                       struct error *err)
{
    const char **list = ARENA_ARRAY(arena, const char *, json_array_size(value) + 1);
    const json_t *path;
    size_t i;

    if (!json_is_array(value))
        return FAIL(err, INVALID, "exclude_images must be a list of image paths");
    json_array_foreach((json_t *)value, i, path)
    {
        if (!json_is_string(path))
            return FAIL(err, INVALID, "exclude_images must be a list of image paths");
        list[i] = arena_strdup(arena, json_string_value(path));
    }
    options->exclude = list;
    options->exclude_count = (int)json_array_size(value);
    return 0;
}

static int set_member(struct arena *arena, const char *key, const json_t *value,
                      struct dataset_options *options, struct error *err)
{
    if (json_is_null(value) || !strcmp(key, "created_at") || !strcmp(key, "created_by"))
        return 0;
    if (!strcmp(key, "method"))
        return set_method(value, options, err);
    if (!strcmp(key, "ratio") || !strcmp(key, "default_ratio"))
        return set_ratio(value, options, err);
    if (!strcmp(key, "seed"))
        return set_seed(value, options, err);
    if (!strcmp(key, "custom_splits") || !strcmp(key, "splits"))
        return set_splits(arena, value, options, err);
    if (!strcmp(key, "exclude_images"))
        return set_exclude(arena, value, options, err);
    return FAIL(err, INVALID, "unknown member '%.100s'", key);
}

static int parse(struct arena *arena, const char *text, size_t length, const char *what,
                 struct dataset_options *options, struct error *err)
{
    json_t *json = json_parse(text, length, what, err), *value;
    const char *key;
    int result = json ? 0 : -1;

    if (json && !json_is_object(json))
        result = FAIL(err, INVALID, "it must be an object");
    json_object_foreach(json, key, value)
        if (!result)
            result = set_member(arena, key, value, options, err);
    if (json && result)
        error_prefix(err, "%s", what);
    /* What was drawn may be written down with its method: then it is not drawn again. */
    if (options->method == DATASET_SPLIT_AUTO && options->assignment_count)
        options->method = DATASET_SPLIT_PARTIAL;
    json_decref(json);
    return result;
}

int split_config_read(struct arena *arena, const char *path, struct dataset_options *options,
                      struct error *err)
{
    struct str text = STR_INIT;
    int result = file_read(path, LIMIT_BYTES, &text, err) ||
                         parse(arena, text.text, text.length, path, options, err)
                     ? -1
                     : 0;

    str_release(&text);
    return result;
}

int split_config_read_strategy(struct arena *arena, const char *text,
                               struct dataset_options *options, struct error *err)
{
    return *text == '{' ? parse(arena, text, strlen(text), "split_strategy", options, err)
                        : split_config_read(arena, text, options, err);
}

/* ---- the record of a run ------------------------------------------------------------------- */

struct assignments {
    struct dataset_assignment *items;
    int count, capacity;
};

/* "PATH CLASS_ID" lines; a path may hold spaces. */
static void add_lines(struct arena *arena, const char *text, enum dataset_split split,
                      struct assignments *list)
{
    for (size_t length; *text; text += length + (text[length] != '\0')) {
        const char *space;

        length = strcspn(text, "\n");
        space = memrchr(text, ' ', length);
        if (space)
            *VEC_ADD(list) = (struct dataset_assignment){
                arena_strndup(arena, text, (size_t)(space - text)), split
            };
    }
}

int split_config_read_record(struct arena *arena, const char *folder,
                             struct dataset_options *options, struct error *err)
{
    struct assignments list = { 0 };
    struct str text = STR_INIT;
    int result = 0;

    for (int i = 0; i < DATASET_SPLIT_COUNT && !result; i++) {
        enum dataset_split split = (enum dataset_split)i;
        const char *path = arena_printf(arena, "%s/splits/%s.txt", folder,
                                        dataset_split_name(split));

        str_clear(&text);
        if (!file_exists(path))
            continue; /* a split without images has no list */
        result = file_read(path, LIMIT_BYTES, &text, err);
        if (!result && text.length)
            add_lines(arena, text.text, split, &list);
    }
    options->method = DATASET_SPLIT_CUSTOM;
    options->is_record = true;
    options->assignments =
        arena_copy(arena, list.items, sizeof(*list.items) * (size_t)list.count);
    options->assignment_count = list.count;
    VEC_RELEASE(&list);
    str_release(&text);
    return result;
}
