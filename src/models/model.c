/* model.c - the table of models, and building one; see model.h. */

#include "models/model.h"

#include "base/str.h"

#include <string.h>

#define MODEL(name) extern const struct model model_##name;
#include "models/models.def"
#undef MODEL

static const struct model *const models[] = {
#define MODEL(name) &model_##name,
#include "models/models.def"
#undef MODEL
};

#define MODEL_COUNT ((int)(sizeof(models) / sizeof(models[0])))

const struct model *const *model_all(int *count)
{
    *count = MODEL_COUNT;
    return models;
}

const struct model *model_find(const char *name)
{
    for (int i = 0; i < MODEL_COUNT; i++)
        if (!strcmp(models[i]->name, name) || (models[i]->alias && !strcmp(models[i]->alias, name)))
            return models[i];
    return NULL;
}

const struct model *model_named(const char *name, struct error *err)
{
    const struct model *model = model_find(name);
    const char *names[MODEL_COUNT], *nearest;

    if (model)
        return model;
    for (int i = 0; i < MODEL_COUNT; i++)
        names[i] = models[i]->name;
    nearest = str_nearest(name, names, MODEL_COUNT);
    if (nearest)
        FAIL(err, INVALID, "unknown model '%s' (did you mean '%s'?)", name, nearest);
    else
        FAIL(err, INVALID, "unknown model '%s'; `fovea models` lists them", name);
    return NULL;
}

int model_check_size(const struct model *model, const struct model_options *options,
                     struct error *err)
{
    int size = options->image_size;

    if (options->classes < 1)
        return FAIL(err, INVALID, "%s needs at least 1 class, not %d", model->name,
                    options->classes);
    if (size < model->smallest_size || size % model->size_multiple)
        return FAIL(err, INVALID,
                    "image_size %d does not fit %s: it takes multiples of %d from %d on", size,
                    model->name, model->size_multiple, model->smallest_size);
    return 0;
}

int model_build(struct graph *graph, const struct model *model, const struct model_options *options,
                struct value **image, struct value **logits, struct error *err)
{
    int size = options->image_size;

    graph_init(graph);
    if (!model->build)
        return FAIL(err, INVALID, "%s finds objects; it is no classifier", model->name);
    if (model_check_size(model, options, err))
        return -1;
    *image = graph_input(graph, "image", SHAPE(options->batch, 3, size, size), DTYPE_F32);
    *logits = model->build(graph, *image, options, model->config);
    return graph_finish(graph, err);
}

bool model_is_head(const struct model *model, const char *parameter)
{
    size_t length = strlen(model->head);

    return !strncmp(parameter, model->head, length) && parameter[length] == '.';
}
