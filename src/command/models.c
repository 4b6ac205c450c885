/* models.c - `fovea models`: the catalogue, and installing pretrained weights. */

#include "base/arguments.h"
#include "base/file.h"
#include "base/json.h"
#include "command/command.h"
#include "formats/safetensors.h"
#include "models/guide.h"
#include "models/model.h"
#include "train/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *weights_path(struct arena *arena, const char *folder, const struct model *model)
{
    return arena_printf(arena, "%s/%s.safetensors", folder, model->name);
}

/* "cnn residual" -> ["cnn", "residual"] */
static void put_tags(struct json_writer *w, const char *tags)
{
    struct arena arena = ARENA_INIT;

    json_key(w, "tags");
    json_array_open(w);
    while (*tags) {
        size_t length = strcspn(tags, " ");

        json_text(w, arena_strndup(&arena, tags, length));
        tags += length + (tags[length] == ' ');
    }
    json_close(w);
    arena_release(&arena);
}

/* The union of what clients of both generations read: params and parameters, input_size and
 * default_image_size, pretrained_available and pretrained. */
static void write_model(const struct model *m, const char *folder, struct json_writer *w)
{
    const struct task_type *task = task_type_of(m);
    struct arena arena = ARENA_INIT;
    const char *parameters = arena_printf(&arena, "%.1fM", (double)m->parameters / 1e6);
    bool installed = folder && file_exists(weights_path(&arena, folder, m));

    json_object_open(w);
    json_put_text(w, "framework", task->framework);
    json_put_text(w, "model_name", m->name);
    json_put_text(w, "display_name", m->display_name);
    json_put_text(w, "description", m->description);
    json_put_text(w, "paper", m->paper);
    json_put_text(w, "params", parameters);
    json_put_text(w, "parameters", parameters);
    json_put_int(w, "parameters_exact", m->parameters);
    json_put_int(w, "input_size", m->image_size);
    json_put_int(w, "default_image_size", m->image_size);
    json_put_int(w, "smallest_image_size", m->smallest_size);
    json_put_int(w, "image_size_multiple", m->size_multiple);
    json_key(w, "task_types");
    json_array_open(w);
    json_text(w, task->name);
    json_close(w);
    json_put_bool(w, "pretrained_available", true); /* to be had elsewhere, and imported */
    json_put_bool(w, "pretrained", true);
    json_put_bool(w, "pretrained_installed", installed);
    json_put_int(w, "recommended_batch_size", m->recommended_batch);
    json_put_number(w, "recommended_lr", m->recommended_learning_rate);
    put_tags(w, m->tags);
    guide_write(m->name, w);
    json_close(w);
    arena_release(&arena);
}

static void list_models(bool as_json, const char *folder)
{
    struct str text = STR_INIT;
    struct json_writer w;
    int count;
    const struct model *const *all = model_all(&count);

    if (as_json) {
        json_begin(&w, &text);
        json_array_open(&w);
        for (int i = 0; i < count; i++)
            write_model(all[i], folder, &w);
        json_close(&w);
        puts(text.text);
    } else {
        for (int i = 0; i < count; i++)
            printf("%-26s %7.1f M  %3d px  %s\n", all[i]->name, (double)all[i]->parameters / 1e6,
                   all[i]->image_size, all[i]->description);
    }
    str_release(&text);
}

/* The model whose parameters the file has: all but the classifier's must be there. */
static const struct model *recognise(const struct safetensors *file)
{
    const struct model *best = NULL;
    int count, best_tensors = 0;
    const struct model *const *all = model_all(&count);

    for (int i = 0; i < count; i++) {
        struct model_options options = { .batch = 1, .classes = 1000,
                                         .image_size = all[i]->image_size };
        struct graph graph;
        struct error err;
        bool fits = !task_type_of(all[i])->describe_network(&graph, all[i], &options, &err);
        int tensors = 0;

        for (int j = 0; fits && j < graph.value_count; j++) {
            const struct value *v = graph.values[j];
            const struct safetensors_tensor *t;

            if (v->kind != VALUE_PARAMETER || model_is_head(all[i], v->name))
                continue;
            t = safetensors_find(file, v->name);
            fits = t && t->rank == v->shape.rank;
            for (int k = 0; fits && k < t->rank; k++)
                fits = t->shape[k] == v->shape.dim[k];
            tensors++;
        }
        graph_release(&graph);
        if (fits && tensors > best_tensors) {
            best = all[i];
            best_tensors = tensors;
        }
    }
    return best;
}

static int import(const char *path, const char *name, const char *folder, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct safetensors file;
    const struct model *model;
    int status = -1;

    if (!folder)
        return FAIL(err, INVALID, "--weights_dir FOLDER (or $WEIGHTS_DIR) is required");
    if (safetensors_open(&file, path, err))
        return -1;
    model = name ? model_find(name) : recognise(&file);
    if (!model) {
        FAIL(err, INVALID,
             name ? "unknown model '%s'" : "'%s' holds the weights of no model that is known here",
             name ? name : path);
    } else if (!file_make_folders(folder, err) &&
               !safetensors_write(weights_path(&arena, folder, model), file.metadata,
                                  file.metadata_count, file.tensors, file.tensor_count, err)) {
        printf("installed %d tensors as weights of %s\n", file.tensor_count, model->name);
        status = 0;
    }
    safetensors_close(&file);
    arena_release(&arena);
    return status;
}

static int run(int argc, char **argv, struct error *err)
{
    const char *folder = getenv("WEIGHTS_DIR"), *model = NULL;
    bool json = false;
    const struct option options[] = {
        { "json", NULL, NULL, &json, NULL, "the catalogue as one JSON array" },
        { "weights_dir", NULL, &folder, NULL, "FOLDER",
          "where weights are installed ($WEIGHTS_DIR)" },
        { "model", NULL, &model, NULL, "NAME",
          "import: the model, when it cannot be told from the file" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options, .most_positionals = 2 };

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help)
        return command_print_options(&command_models, "  models               list them\n"
                                     "  models import FILE   install weights\n",
                                     options);
    if (!arguments.positional_count) {
        list_models(json, folder);
        return 0;
    }
    if (strcmp(arguments.positionals[0], "import") || arguments.positional_count != 2)
        return FAIL(err, INVALID, "use `models` or `models import FILE`");
    return import(arguments.positionals[1], model, folder, err);
}

const struct command command_models = {
    "models", "list the models, install weights", "[import FILE] [OPTIONS]", run,
};
