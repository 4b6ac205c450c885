/* run_files.c - results.csv and checkpoints of a run; see run_internal.h. */

#include "train/run_internal.h"

#include "base/clock.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the columns between epoch and learning_rate are. */
static void add_header(const struct run *run, struct str *line)
{
    str_add(line, "epoch");
    for (int i = 0; i < run->train.count; i++)
        str_printf(line, ",%s", run->train.names[i]);
    for (const char *const *name = run->task->scores; *name; name++)
        str_printf(line, ",%s", *name);
    str_add(line, ",learning_rate,seconds\n");
}

int run_open_results(struct run *run, bool resumed, struct error *err)
{
    char *path = arena_printf(&run->arena, "%s/results.csv", run->folder);
    struct str header = STR_INIT;
    int result, flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (resumed ? 0 : O_TRUNC);

    run->results_fd = open(path, flags, 0666);
    if (run->results_fd < 0)
        return FAIL_ERRNO(err, "cannot open '%s'", path);
    /* What comes after the checkpoint goes; a file that is shorter stays as it is. */
    if (resumed && lseek(run->results_fd, 0, SEEK_END) > run->state.results_bytes &&
        ftruncate(run->results_fd, (off_t)run->state.results_bytes))
        return FAIL_ERRNO(err, "cannot cut '%s'", path);
    if (resumed && lseek(run->results_fd, 0, SEEK_END) > 0)
        return 0;
    add_header(run, &header);
    result = file_write_all(run->results_fd, header.text, header.length, path, err);
    str_release(&header);
    return result;
}

int run_add_result(struct run *run, int64_t epoch, const struct scores *scores,
                   double learning_rate, struct error *err)
{
    const struct scores *known = scores ? scores : &run->train;
    struct str line = STR_INIT;
    int result;

    str_printf(&line, "%lld,", (long long)epoch);
    for (int i = 0; i < known->count; i++)
        str_printf(&line, "%.9g,", known->values[i]);
    for (const char *const *name = run->task->scores; !scores && *name; name++)
        str_add_char(&line, ',');
    str_printf(&line, "%.9g,%.3f\n", learning_rate, clock_seconds() - run->epoch_started);
    result = file_write_all(run->results_fd, line.text, line.length, "results.csv", err);
    str_release(&line);
    return result;
}

int run_save(struct run *run, const char *name, bool resumable, const char *kind, struct error *err)
{
    char *path = arena_printf(&run->arena, "%s/checkpoints/%s.safetensors", run->folder, name);
    struct checkpoint_info info = { .model = run->model,
                                    .class_names = (char *const *)run->dataset.classes,
                                    .class_count = run->dataset.class_count,
                                    .transform = &run->transform,
                                    .skeleton = { run->dataset.skeleton,
                                                  run->dataset.skeleton_count },
                                    .config_json = run->config_json,
                                    .metrics_json = run->metrics_json };
    struct checkpoint_state *s = &run->state;
    struct json_writer *w;
    struct stat st = { 0 };

    s->updates = optimizer_updates(run->network.optimizer);
    s->plateau_scale = run->plateau.scale;
    s->plateau_best = run->plateau.best;
    s->plateau_bad_epochs = run->plateau.bad_epochs;
    s->plateau_has_best = run->plateau.has_best;
    s->results_bytes = lseek(run->results_fd, 0, SEEK_END);
    s->device = run->network.device->identity;
    s->dataset_hash = run->dataset.hash;
    s->batch_size = run->batch;
    s->seed = run->config->seed;
    if (checkpoint_write(path, &run->network, &info, s, resumable, err))
        return -1;
    stat(path, &st);
    w = events_begin(&run->events, "checkpoint_saved");
    json_put_int(w, "epoch", s->epoch);
    json_put_text(w, "kind", kind);
    json_put_text(w, "path", path);
    json_put_int(w, "size", st.st_size);
    if (run->metrics_json) {
        json_key(w, "metrics");
        json_raw(w, run->metrics_json);
    }
    return events_send(&run->events, err);
}

/* Numbered checkpoints beyond the newest keep_n_checkpoints go. */
int run_retire_checkpoints(struct run *run, int64_t epoch, struct error *err)
{
    int64_t every = run->config->checkpoint_interval, keep = run->config->keep_checkpoints;
    char *path;

    if (!every || epoch - keep * every <= 0)
        return 0;
    path = arena_printf(&run->arena, "%s/checkpoints/epoch_%lld.safetensors", run->folder,
                        (long long)(epoch - keep * every));
    if (unlink(path) && file_exists(path))
        return FAIL_ERRNO(err, "cannot delete '%s'", path);
    return 0;
}
