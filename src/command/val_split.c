/* val_split.c - see val_split.h. */

#include "command/val_split.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "data/split_config.h"
#include "train/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define METADATA_LIMIT_BYTES ((size_t)1 << 20)

/* What is known of the run that wrote the checkpoint. */
struct record {
    const char *run;  /* its folder */
    json_t *settings; /* of the checkpoint */
    json_t *metadata; /* beside the lists; NULL: not readable */
};

/* RUN of RUN/checkpoints/FILE; NULL: no run has recorded its split there. */
static char *run_of(struct arena *arena, const char *checkpoint_path)
{
    const char *name = file_base_name(checkpoint_path);
    char *run = arena_printf(arena, "%.*s..", (int)(name - checkpoint_path), checkpoint_path);

    return file_exists(arena_printf(arena, "%s/splits/train.txt", run)) ? run : NULL;
}

static json_t *read_metadata(struct arena *arena, const char *run)
{
    const char *path = arena_printf(arena, "%s/splits/split_metadata.json", run);
    struct str text = STR_INIT;
    struct error ignored;
    json_t *json = NULL;

    if (!file_read(path, METADATA_LIMIT_BYTES, &text, &ignored))
        json = json_parse(text.text, text.length, path, &ignored);
    str_release(&text);
    return json;
}

/* The folder itself, or the one that a data.yaml lies in; "" when there is none. */
static char *folder_of(struct arena *arena, const char *path)
{
    char *real = path ? realpath(path, NULL) : NULL;
    char *folder = arena_strdup(arena, real ? real : "");
    struct stat status;

    free(real);
    if (*folder && !stat(folder, &status) && S_ISREG(status.st_mode))
        *strrchr(folder, '/') = '\0';
    return folder;
}

/* The settings have the path as it was given, perhaps seen from another folder. */
static bool is_same_place(struct arena *arena, const struct record *record, const char *data)
{
    const char *wanted = folder_of(arena, data);
    const char *noted = json_string_value(json_object_get(record->metadata, "folder"));
    const char *given = json_string_value(json_object_get(record->settings, "dataset_path"));

    return *wanted && (!strcmp(folder_of(arena, noted), wanted) ||
                       !strcmp(folder_of(arena, given), wanted));
}

static int follow(struct arena *arena, const struct record *record,
                  struct dataset_options *options, struct error *err)
{
    const char *strategy = json_string_value(json_object_get(record->settings, "split_strategy"));

    /* It says which images were left out; where everything else is, the record says. */
    if (strategy && (*strategy == '{' || file_exists(strategy)) &&
        split_config_read_strategy(arena, strategy, options, err))
        return -1;
    return split_config_read_record(arena, record->run, options, err);
}

/* Somewhere else, but with the images and labels that the record was written for: a data set that
 * was moved, or a copy.  Only what is recorded is opened, so that images which came later do not
 * show in its hash. */
static bool open_copy(struct dataset *dataset, const char *data, const struct record *record,
                      const struct dataset_options *options)
{
    const char *hash = json_string_value(json_object_get(record->metadata, "content_hash"));
    struct error ignored;

    if (!hash || dataset_open(dataset, data, options, &ignored))
        return false;
    if (!strcmp(dataset->hash, hash))
        return true;
    dataset_close(dataset);
    return false;
}

static int open_with_record(struct dataset *dataset, struct arena *arena,
                            const struct val_split_request *request, const struct record *record,
                            const struct dataset_options *plain, struct error *err)
{
    struct dataset_options options = *plain;
    struct error ignored;

    if (is_same_place(arena, record, request->data)) {
        if (follow(arena, record, &options, err) ||
            dataset_open(dataset, request->data, &options, err))
            return -1;
    } else if (follow(arena, record, &options, &ignored) ||
               !open_copy(dataset, request->data, record, &options)) {
        fprintf(stderr,
                "split as of the data set: what the run in %s recorded is not used, because '%s' "
                "is neither in the place of its data set nor has the same images and labels\n",
                record->run, request->data);
        return dataset_open(dataset, request->data, plain, err);
    }
    if (!request->is_quiet)
        fprintf(stderr, "split as of the run in %s\n", record->run);
    return 0;
}

int val_split_open(struct dataset *dataset, const struct val_split_request *request,
                   const struct checkpoint *checkpoint, struct error *err)
{
    const char *text = safetensors_metadata_find(&checkpoint->file, "config");
    struct dataset_options options = { .task = (enum dataset_task)checkpoint->task->task };
    struct arena arena = ARENA_INIT;
    struct record record = { 0 };
    int status = -1;

    if (request->strategy) {
        if (!split_config_read_strategy(&arena, request->strategy, &options, err))
            status = dataset_open(dataset, request->data, &options, err);
        goto done;
    }
    record.run = run_of(&arena, request->checkpoint_path);
    if (!record.run) {
        status = dataset_open(dataset, request->data, &options, err);
        goto done;
    }
    record.settings = text ? json_parse(text, strlen(text), "the checkpoint's settings", err)
                           : json_object();
    if (record.settings) {
        record.metadata = read_metadata(&arena, record.run);
        status = open_with_record(dataset, &arena, request, &record, &options, err);
    }
done:
    json_decref(record.settings);
    json_decref(record.metadata);
    arena_release(&arena);
    return status;
}
