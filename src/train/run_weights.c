/* run_weights.c - where a run's weights come from: nothing, installed weights, a checkpoint. */

#include "train/run_internal.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

static int note(struct run *run, const char *level, struct error *err, const char *text)
{
    progress_line(&run->progress, "%s", text);
    return events_log(&run->events, level, err, "%s", text);
}

/* Tell what did not fit; a head of another size is expected and stays as it was initialised. */
static int report_load(struct run *run, const char *path, const struct load_report *report,
                       struct error *err)
{
    struct str text = STR_INIT;
    int result;

    str_printf(&text, "loaded %d tensors from '%s'", report->loaded, path);
    if (report->missing_count)
        str_printf(&text, "; not in the file: %s", report->missing.text);
    if (report->misshapen_count)
        str_printf(&text, "; of another shape, left as initialised: %s", report->misshapen.text);
    if (report->unexpected_count)
        str_printf(&text, "; in the file but not in the model: %s", report->unexpected.text);
    result = note(run, report->missing_count + report->misshapen_count ? "WARNING" : "INFO", err,
                  text.text);
    str_release(&text);
    return result;
}

static int load_file(struct run *run, const char *path, struct error *err)
{
    struct safetensors file;
    struct load_report report;
    int result;

    if (safetensors_open(&file, path, err))
        return -1;
    result = checkpoint_load_weights(&file, "", &run->network.weights, &run->network.live, &report,
                                     err);
    if (!result && !report.loaded)
        result = FAIL(err, INVALID, "'%s' holds no tensor that fits %s", path, run->model->name);
    if (!result)
        result = report_load(run, path, &report, err);
    load_report_release(&report);
    safetensors_close(&file);
    return result;
}

static int load_pretrained(struct run *run, struct error *err)
{
    const char *folder =
        run->config->weights_dir ? run->config->weights_dir : getenv("WEIGHTS_DIR");
    char *path = folder ? arena_printf(&run->arena, "%s/%s.safetensors", folder, run->model->name)
                        : NULL;

    if (path && file_exists(path))
        return load_file(run, path, err);
    return note(run, "WARNING", err,
                "trained from scratch: no pretrained weights installed for this model "
                "(`fovea models import` installs a file)");
}

/* The average starts where the weights do. */
static void start_average(struct network *network)
{
    if (network->options.average)
        for (int i = 0; i < SEGMENT_COUNT; i++)
            if (network->live.segments[i].base)
                memcpy(network->average.segments[i].base, network->live.segments[i].base,
                       network->weights.segment_bytes[i]);
}

int run_start_weights(struct run *run, struct error *err)
{
    struct network *network = &run->network;

    if (weights_start(&network->weights, &network->live, (uint64_t)run->config->seed, err))
        return -1;
    if (run->start_path) {
        if (load_file(run, run->start_path, err))
            return -1;
    } else if (run->config->pretrained) {
        if (load_pretrained(run, err))
            return -1;
    }
    start_average(network);
    return 0;
}
