/* split_check.c - see split_check.h. */

#include "app/jobs/split_check.h"

#include <string.h>

static bool is_one_of(const json_t *value, const char *const *words)
{
    const char *text = json_string_value(value);

    for (; text && *words; words++)
        if (!strcmp(text, *words))
            return true;
    return false;
}

static const char *check_method(const json_t *value)
{
    static const char *const words[] = { "use_dataset", "auto", "custom", NULL };

    return is_one_of(value, words) ? NULL : "method must be use_dataset, auto or custom";
}

static const char *check_ratio(const json_t *value)
{
    double ratio = json_number_value(value);

    return json_is_number(value) && ratio > 0 && ratio < 1
               ? NULL
               : "ratio must be a number between 0 and 1: the share of train";
}

static const char *check_seed(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0
               ? NULL
               : "seed must be a whole number from 0 on";
}

static const char *check_splits(const json_t *value)
{
    static const char *const words[] = { "train", "val", "test", NULL };
    const char *path;
    json_t *split;

    if (!json_is_object(value))
        return "custom_splits must be an object of image paths";
    json_object_foreach((json_t *)value, path, split)
        if (!json_is_null(split) && !is_one_of(split, words))
            return "custom_splits must say train, val, test or null of each image";
    return NULL;
}

static const char *check_exclusions(const json_t *value)
{
    const json_t *path;
    size_t i;

    json_array_foreach((json_t *)value, i, path)
        if (!json_is_string(path))
            return "exclude_images must be a list of image paths";
    return json_is_array(value) ? NULL : "exclude_images must be a list of image paths";
}

const char *split_check(const json_t *strategy)
{
    static const struct {
        const char *name;
        const char *(*check)(const json_t *value);
    } members[] = { { "method", check_method },
                    { "ratio", check_ratio },
                    { "seed", check_seed },
                    { "custom_splits", check_splits },
                    { "exclude_images", check_exclusions } };
    const char *name, *problem = NULL;
    json_t *value;

    json_object_foreach((json_t *)strategy, name, value)
    {
        size_t i = 0;

        while (i < sizeof(members) / sizeof(*members) && strcmp(members[i].name, name))
            i++;
        if (i == sizeof(members) / sizeof(*members))
            return "it may have method, ratio, seed, custom_splits and exclude_images";
        if (!json_is_null(value) && (problem = members[i].check(value)))
            return problem;
    }
    return NULL;
}
