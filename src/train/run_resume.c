/* run_resume.c - a folder that an earlier run has used: go on from its checkpoint, or leave its
 * checkpoints alone; see run_internal.h. */

#include "train/run_internal.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_SHOWN 12 /* digits, as many as people compare */

void run_note(struct run *run, const char *level, const char *text)
{
    bool warns = !strcmp(level, "WARNING");

    progress_line(&run->progress, "%s%s", warns ? "warning: " : "", text);
    BUG_IF(run->note_count == RUN_NOTES_MAX);
    run->notes[run->note_count++] = (struct run_note){ level, text };
}

/* --- a run from the beginning ----------------------------------------------------------------- */

/* A run may start from a checkpoint of the one whose folder it takes over. */
static void follow_start(struct run *run, const char *folder, const char *aside)
{
    char *from = realpath(folder, NULL), *file = realpath(run->start_path, NULL);
    size_t length = from ? strlen(from) : 0;

    if (from && file && !strncmp(file, from, length) && file[length] == '/')
        run->start_path = arena_printf(&run->arena, "%s%s", aside, file + length);
    free(from);
    free(file);
}

int run_set_aside(struct run *run, struct error *err)
{
    char *folder = file_join(&run->arena, run->folder, "checkpoints"), *aside, **names;
    int count;

    if (file_list(&run->arena, folder, &names, &count, err))
        return -1;
    if (!count)
        return 0;
    for (int n = 1;; n++) {
        aside = arena_printf(&run->arena, "%s-%d", folder, n);
        if (!file_exists(aside))
            break;
    }
    if (run->start_path)
        follow_start(run, folder, aside);
    if (rename(folder, aside))
        return FAIL_ERRNO(err, "the checkpoints of an earlier run cannot become '%s'", aside);
    run_note(run, "INFO",
             arena_printf(&run->arena, "the checkpoints of an earlier run are now in '%s'", aside));
    return file_make_folders(folder, err);
}

/* --- a run that goes on ----------------------------------------------------------------------- */

static bool same_classes(const struct run *run, const struct checkpoint *c)
{
    if (c->class_count != run->dataset.class_count)
        return false;
    for (int i = 0; i < c->class_count; i++)
        if (strcmp(c->class_names[i], run->dataset.classes[i]))
            return false;
    return true;
}

/* What an epoch depends on, as it was and as it is; NULL: the same, or not known. */
static const char *difference(struct run *run, const struct checkpoint_state *was)
{
    struct str text = STR_INIT;
    const char *result;

    if (!was->dataset_hash)
        return NULL;
    if (was->batch_size != run->batch)
        str_printf(&text, "batch size %lld (now %d)", (long long)was->batch_size, run->batch);
    if (was->seed != run->config->seed)
        str_printf(&text, "%sseed %lld (now %lld)", text.length ? ", " : "", (long long)was->seed,
                   (long long)run->config->seed);
    if (strcmp(was->dataset_hash, run->dataset.hash))
        str_printf(&text, "%sa data set with hash %.*s... (now %.*s...)", text.length ? ", " : "",
                   HASH_SHOWN, was->dataset_hash, HASH_SHOWN, run->dataset.hash);
    result = text.length ? arena_strdup(&run->arena, text.text) : NULL;
    str_release(&text);
    return result;
}

/* The rest of an epoch must be of the same epoch; the next one may be another. */
static int check_same(struct run *run, const struct checkpoint *c, const char *path,
                      struct error *err)
{
    const char *text = difference(run, &c->state);

    if (text && c->state.batch)
        return FAIL(err, INVALID,
                    "'%s' was stopped in the middle of epoch %lld with %s: resume with the same",
                    path, (long long)c->state.epoch, text);
    if (text)
        run_note(run, "WARNING", arena_printf(&run->arena, "the run had %s: from here on it is "
                                              "not what it would have been", text));
    if (c->state.batch > loader_batch_count(run->train_loader))
        return FAIL(err, INVALID,
                    "'%s' was stopped after batch %lld of an epoch, but an epoch has %d batches "
                    "here: resume with the same data and batch size", path,
                    (long long)c->state.batch, loader_batch_count(run->train_loader));
    return 0;
}

static int take_over(struct run *run, const struct checkpoint *c, const char *path,
                     struct error *err)
{
    if (strcmp(c->model_name, run->model->name) || !same_classes(run, c))
        return FAIL(err, INVALID,
                    "'%s' is of another model or other classes: it cannot be resumed", path);
    if (check_same(run, c, path, err))
        return -1;
    if (checkpoint_restore(c, &run->network, err))
        return error_prefix(err, "cannot resume from '%s'", path);
    run->state = c->state;
    run->state.device = run->state.dataset_hash = NULL; /* the file's */
    run->plateau = (struct plateau){ c->state.plateau_scale, c->state.plateau_best,
                                     (int)c->state.plateau_bad_epochs, c->state.plateau_has_best };
    if (c->state.device && strcmp(c->state.device, run->network.device->identity))
        run_note(run, "WARNING",
                 arena_printf(&run->arena, "resuming on another machine (%s instead of %s): "
                              "not bit-exact from here", run->network.device->identity,
                              c->state.device));
    return 0;
}

int run_resume(struct run *run, struct error *err)
{
    char *path = run_latest_path(&run->arena, run->folder);
    struct checkpoint c;
    int result;

    if (checkpoint_open(&c, path, err))
        return -1;
    result = take_over(run, &c, path, err);
    checkpoint_close(&c);
    return result;
}
