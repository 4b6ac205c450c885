/* train_arguments.c - from a start request to the engine's command line. */

#include "trainer/trainer_internal.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MOST 96
#define ADVANCED_LIMIT ((size_t)100 << 10) /* the kernel takes words of 128 kB */

struct words {
    const struct trainer *trainer;
    struct arena *arena;
    const char *items[WORDS_MOST];
    int count;
};

typedef int give_fn(struct words *words, const char *option, const json_t *value,
                    struct error *err);

/* --- names and places ------------------------------------------------------------------------ */

const char *task_type_of(const char *name)
{
    static const struct {
        const char *alias, *name;
    } aliases[] = { { "classification", "image_classification" },
                    { "detection", "object_detection" },
                    { "segmentation", "instance_segmentation" },
                    { "pose", "pose_estimation" } };

    for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
        if (!strcmp(name, aliases[i].alias))
            return aliases[i].name;
    return name;
}

static bool goes_up(const char *path)
{
    for (const char *at = path; *at; at += strcspn(at, "/"), at += *at == '/')
        if (strcspn(at, "/") == 2 && at[0] == '.' && at[1] == '.')
            return true;
    return false;
}

int trainer_path(const struct trainer *trainer, const char *given, struct arena *arena,
                 const char **path, struct error *err)
{
    if (!*given || goes_up(given))
        return FAIL(err, INVALID, "'%s' is no path that can be used here", given);
    *path = *given == '/' ? arena_strdup(arena, given)
                          : arena_printf(arena, "%s/%s", trainer->data_folder, given);
    return 0;
}

int trainer_dataset_path(const struct trainer *trainer, const char *given, struct arena *arena,
                         const char **path, struct error *err)
{
    if (strchr(given, '/'))
        return trainer_path(trainer, given, arena, path, err);
    if (!*given || *given == '.')
        return FAIL(err, INVALID, "'%s' is not the id of a dataset", given);
    *path = arena_printf(arena, "%s/%s", trainer->dataset_folder, given);
    return 0;
}

/* --- words ----------------------------------------------------------------------------------- */

static void add(struct words *words, const char *word)
{
    BUG_IF(words->count == WORDS_MOST - 1);
    words->items[words->count++] = word;
}

static void add_option(struct words *words, const char *option, const char *value)
{
    add(words, arena_printf(words->arena, "--%s", option));
    add(words, value);
}

static int give_text(struct words *words, const char *option, const json_t *value,
                     struct error *err)
{
    if (!json_is_string(value))
        return FAIL(err, INVALID, "%s must be a text", option);
    add_option(words, option, arena_strdup(words->arena, json_string_value(value)));
    return 0;
}

static int give_task(struct words *words, const char *option, const json_t *value,
                     struct error *err)
{
    if (!json_is_string(value))
        return FAIL(err, INVALID, "%s must be a text", option);
    add_option(words, option, arena_strdup(words->arena, task_type_of(json_string_value(value))));
    return 0;
}

static int give_integer(struct words *words, const char *option, const json_t *value,
                        struct error *err)
{
    if (!json_is_integer(value))
        return FAIL(err, INVALID, "%s must be a whole number", option);
    add_option(words, option, arena_printf(words->arena, "%lld",
                                           (long long)json_integer_value(value)));
    return 0;
}

static const char *number_text(struct words *words, const json_t *value)
{
    struct str text = STR_INIT;
    struct json_writer w;
    const char *copy;

    json_begin(&w, &text);
    json_number(&w, json_number_value(value));
    copy = arena_strdup(words->arena, text.text);
    str_release(&text);
    return copy;
}

static int give_number(struct words *words, const char *option, const json_t *value,
                       struct error *err)
{
    if (!json_is_number(value))
        return FAIL(err, INVALID, "%s must be a number", option);
    add_option(words, option, number_text(words, value));
    return 0;
}

static int give_flag(struct words *words, const char *option, const json_t *value,
                     struct error *err)
{
    if (!json_is_boolean(value))
        return FAIL(err, INVALID, "%s must be true or false", option);
    add_option(words, option, json_is_true(value) ? "true" : "false");
    return 0;
}

/* As the contract has it: there, or not there. */
static int give_bare_flag(struct words *words, const char *option, const json_t *value,
                          struct error *err)
{
    if (!json_is_boolean(value))
        return FAIL(err, INVALID, "%s must be true or false", option);
    if (json_is_true(value))
        add(words, arena_printf(words->arena, "--%s", option));
    return 0;
}

static int give_path(struct words *words, const char *option, const json_t *value,
                     struct error *err)
{
    const char *path;

    if (!json_is_string(value))
        return FAIL(err, INVALID, "%s must be a text", option);
    if (trainer_path(words->trainer, json_string_value(value), words->arena, &path, err))
        return error_prefix(err, "%s", option);
    add_option(words, option, path);
    return 0;
}

static int give_dataset(struct words *words, const char *option, const json_t *value,
                        struct error *err)
{
    const char *path;

    if (!json_is_string(value))
        return FAIL(err, INVALID, "%s must be a text", option);
    if (trainer_dataset_path(words->trainer, json_string_value(value), words->arena, &path, err))
        return error_prefix(err, "%s", option);
    add_option(words, option, path);
    return 0;
}

static int give_id(struct words *words, const char *option, const json_t *value, struct error *err)
{
    return json_is_string(value) ? give_text(words, option, value, err)
                                 : give_integer(words, option, value, err);
}

/* Optimizer and rate of the advanced settings win over the plain ones, which for the engine are
 * flags and would win: they are made flags too. */
static const struct {
    const char *name, *inner; /* flat, and within the object "optimizer"; inner NULL: flat only */
    give_fn *give;
} promoted[] = {
    { "optimizer.type", "type", give_text },
    { "optimizer.learning_rate", "learning_rate", give_number },
    { "optimizer_type", NULL, give_text }, /* of detectors */
    { "lr0", NULL, give_number },
};

static int promote(struct words *words, const json_t *advanced, struct error *err)
{
    const json_t *optimizer = json_object_get(advanced, "optimizer");

    for (size_t i = 0; i < sizeof(promoted) / sizeof(*promoted); i++) {
        const json_t *value = promoted[i].inner ? json_object_get(optimizer, promoted[i].inner)
                                                : NULL;

        if (!value)
            value = json_object_get(advanced, promoted[i].name);
        if (value && !json_is_null(value) &&
            promoted[i].give(words, promoted[i].name, value, err))
            return -1;
    }
    return 0;
}

static int give_advanced(struct words *words, const char *option, const json_t *value,
                         struct error *err)
{
    char *text;
    int result = 0;

    if (!json_is_object(value))
        return FAIL(err, INVALID, "%s must be an object", option);
    text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));
    BUG_IF(!text);
    if (strlen(text) > ADVANCED_LIMIT)
        result = FAIL(err, INVALID, "%s has more than %zu bytes", option, ADVANCED_LIMIT);
    else
        add_option(words, option, arena_strdup(words->arena, text));
    free(text);
    return result || promote(words, value, err) ? -1 : 0;
}

/* A request that says how to learn says all of it: what it leaves out are the plain defaults that
 * whoever made it has seen, not those of the engine's usual preset. */
static void give_preset(struct words *words, const json_t *request)
{
    static const char *const recipe[] = { "learning_rate", "optimizer", "primary_metric",
                                          "primary_metric_mode" };
    const json_t *advanced = json_object_get(request, "advanced_config");
    bool says_how = json_object_size(advanced) > 0;

    for (size_t i = 0; i < sizeof(recipe) / sizeof(*recipe); i++)
        says_how |= json_object_get(request, recipe[i]) &&
                    !json_is_null(json_object_get(request, recipe[i]));
    if (says_how && !json_is_string(json_object_get(advanced, "preset")))
        add_option(words, "preset", "none");
}

/* clang-format off */
static const struct {
    const char *name;
    give_fn *give;
} options[] = { /* null is the same as absent */
    { "framework",           give_text },
    { "task_type",           give_task },
    { "model_name",          give_text },
    { "dataset_path",        give_dataset },
    { "dataset_format",      give_text },
    { "split_strategy",      give_path },
    { "num_classes",         give_integer },
    { "output_dir",          give_path },
    { "epochs",              give_integer },
    { "batch_size",          give_integer },
    { "learning_rate",       give_number },
    { "job_id",              give_id },
    { "optimizer",           give_text },
    { "pretrained",          give_flag },
    { "project_id",          give_id },
    { "image_size",          give_integer },
    { "device",              give_text },
    { "primary_metric",      give_text },
    { "primary_metric_mode", give_text },
    { "advanced_config",     give_advanced },
    { "checkpoint_path",     give_path },
    { "resume",              give_bare_flag },
};
/* clang-format on */

static int check_required(const json_t *request, struct error *err)
{
    static const char *const required[] = { "model_name", "dataset_path" };

    for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++)
        if (!parameter_text(request, required[i]))
            return FAIL(err, INVALID, "%s is required", required[i]);
    return 0;
}

int trainer_arguments(const struct trainer *trainer, const json_t *request,
                      const char *const *extra, struct arena *arena, const char *const **argv,
                      struct error *err)
{
    struct words words = { .trainer = trainer, .arena = arena };

    if (check_required(request, err))
        return -1;
    add(&words, trainer->engine);
    add(&words, "train");
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
        const json_t *value = json_object_get(request, options[i].name);

        if (value && !json_is_null(value) &&
            options[i].give(&words, options[i].name, value, err))
            return -1;
    }
    give_preset(&words, request);
    add_option(&words, "weights_dir", trainer->weights_folder);
    for (; *extra; extra++)
        add(&words, *extra);
    *argv = arena_copy(arena, words.items, sizeof(*words.items) * ((size_t)words.count + 1));
    return 0;
}
