/* val_split.c - see val_split.h. */

#include "command/val_split.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "data/split_config.h"

#include <stdlib.h>
#include <string.h>

static bool is_same_place(const char *a, const char *b)
{
    char *first = a ? realpath(a, NULL) : NULL, *second = realpath(b, NULL);
    bool is_same = first && second && !strcmp(first, second);

    free(first);
    free(second);
    return is_same;
}

/* RUN of RUN/checkpoints/FILE; NULL: no run has recorded its split there. */
static char *run_of(struct arena *arena, const char *checkpoint_path)
{
    const char *name = file_base_name(checkpoint_path);
    char *run = arena_printf(arena, "%.*s..", (int)(name - checkpoint_path), checkpoint_path);

    return file_exists(arena_printf(arena, "%s/splits/train.txt", run)) ? run : NULL;
}

static int follow_run(struct arena *arena, const char *run, const json_t *config,
                      struct dataset_options *options, struct error *err)
{
    const char *strategy = json_string_value(json_object_get(config, "split_strategy"));

    /* It says which images were left out; where everything else is, the record says. */
    if (strategy && (*strategy == '{' || file_exists(strategy)) &&
        split_config_read_strategy(arena, strategy, options, err))
        return -1;
    return split_config_read_record(arena, run, options, err);
}

int val_split(struct arena *arena, const struct val_split_request *request,
              const struct checkpoint *checkpoint, struct dataset_options *options,
              const char **run, struct error *err)
{
    const char *text = safetensors_metadata_find(&checkpoint->file, "config");
    const char *folder = run_of(arena, request->checkpoint_path);
    json_t *config;
    int status = 0;

    *run = NULL;
    if (request->strategy)
        return split_config_read_strategy(arena, request->strategy, options, err);
    if (!folder || !text)
        return 0;
    config = json_parse(text, strlen(text), "the checkpoint's settings", err);
    if (!config)
        return -1;
    if (is_same_place(json_string_value(json_object_get(config, "dataset_path")),
                      request->data)) {
        *run = folder;
        status = follow_run(arena, folder, config, options, err);
    }
    json_decref(config);
    return status;
}
