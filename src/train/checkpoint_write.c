/* checkpoint_write.c - see checkpoint.h. */

#include "base/sha256.h"
#include "base/str.h"
#include "nn/graph_json.h"
#include "train/checkpoint.h"

#include <stdlib.h>
#include <string.h>

/* A growing list of tensors whose data is ours to free. */
struct tensor_list {
    struct safetensors_tensor *items;
    int count;
    struct arena *arena;
};

static int add_tensor(struct tensor_list *list, const struct network *network,
                      const struct weights_memory *memory, const struct weight *weight,
                      const char *prefix, struct error *err)
{
    struct safetensors_tensor *tensor = &list->items[list->count];
    int64_t count = shape_count(&weight->shape);
    float *values = malloc((size_t)count * sizeof(float) + 1);

    if (!values)
        return FAIL(err, NO_MEMORY, "no memory to save '%s'", weight->name);
    *tensor = (struct safetensors_tensor){
        .name = arena_printf(list->arena, "%s%s", prefix, weight->name),
        .type = SAFETENSORS_F32,
        .rank = weight->shape.rank,
        .data = values,
        .size_bytes = (size_t)count * sizeof(float),
    };
    memcpy(tensor->shape, weight->shape.dim, sizeof(weight->shape.dim));
    list->count++;
    return weights_read(&network->weights, memory, weight, values, err);
}

static int add_weights(struct tensor_list *list, const struct network *network,
                       const struct weights_memory *memory, const char *prefix, bool states,
                       struct error *err)
{
    for (int i = 0; i < network->weights.count; i++) {
        const struct weight *weight = &network->weights.items[i];

        if (weight->segment == SEGMENT_STATES && !states)
            continue;
        if (add_tensor(list, network, memory, weight, prefix, err))
            return -1;
    }
    return 0;
}

static int collect(struct tensor_list *list, const struct network *network, bool resumable,
                   struct error *err)
{
    bool average = network->options.average;

    if (add_weights(list, network, average ? &network->average : &network->live, "", true, err))
        return -1;
    if (!resumable)
        return 0;
    if (average && add_weights(list, network, &network->live, "live/", true, err))
        return -1;
    for (int i = 0; i < optimizer_moment_count(network->optimizer); i++)
        if (add_weights(list, network, optimizer_moment(network->optimizer, i),
                        i ? "moment1/" : "moment0/", false, err))
            return -1;
    return 0;
}

/* --- metadata -------------------------------------------------------------------------------- */

static char *classes_json(struct arena *arena, const struct checkpoint_info *info)
{
    struct str text = STR_INIT;
    struct json_writer w;
    char *copy;

    json_begin(&w, &text);
    json_array_open(&w);
    for (int i = 0; i < info->class_count; i++)
        json_text(&w, info->class_names[i]);
    json_close(&w);
    copy = arena_strdup(arena, text.text);
    str_release(&text);
    return copy;
}

static char *state_json(struct arena *arena, const struct checkpoint_state *s)
{
    struct str text = STR_INIT;
    struct json_writer w;
    char *copy;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_int(&w, "epoch", s->epoch);
    json_put_int(&w, "batch", s->batch);
    json_put_int(&w, "step", s->step);
    json_put_int(&w, "updates", s->updates);
    json_put_int(&w, "average_updates", s->average_updates);
    json_put_number(&w, "best", s->best);
    json_put_int(&w, "best_epoch", s->best_epoch);
    json_put_int(&w, "epochs_without_gain", s->epochs_without_gain);
    json_put_number(&w, "plateau_scale", s->plateau_scale);
    json_put_number(&w, "plateau_best", s->plateau_best);
    json_put_int(&w, "plateau_bad_epochs", s->plateau_bad_epochs);
    json_put_bool(&w, "plateau_has_best", s->plateau_has_best);
    json_put_number(&w, "loss_sum", s->loss_sum);
    json_put_int(&w, "loss_count", s->loss_count);
    json_put_int(&w, "results_bytes", s->results_bytes);
    json_put_text(&w, "device", s->device);
    json_close(&w);
    copy = arena_strdup(arena, text.text);
    str_release(&text);
    return copy;
}

static char *graph_text(struct arena *arena, const struct network *network)
{
    struct str text = STR_INIT;
    struct json_writer w;
    char *copy;

    json_begin(&w, &text);
    graph_write_json(&network->model_graph, &w);
    copy = arena_strdup(arena, text.text);
    str_release(&text);
    return copy;
}

static char *transform_text(struct arena *arena, const struct transform *transform)
{
    struct str text = STR_INIT;
    struct json_writer w;
    char *copy;

    json_begin(&w, &text);
    transform_write(transform, &w);
    copy = arena_strdup(arena, text.text);
    str_release(&text);
    return copy;
}

int checkpoint_write(const char *path, const struct network *network,
                     const struct checkpoint_info *info, const struct checkpoint_state *state,
                     bool resumable, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct tensor_list list = { .arena = &arena };
    struct safetensors_metadata metadata[12];
    int pairs = 0, result = -1;

    list.items = ARENA_ARRAY(&arena, struct safetensors_tensor, 4 * network->weights.count + 1);
#define PUT(key, value) (metadata[pairs++] = (struct safetensors_metadata){ key, value })
    PUT("format", "fovea");
    PUT("format_version", arena_printf(&arena, "%d", CHECKPOINT_FORMAT));
    PUT("framework", "timm");
    PUT("task_type", "image_classification");
    PUT("model_name", info->model->name);
    PUT("classes", classes_json(&arena, info));
    PUT("transform", transform_text(&arena, info->transform));
    PUT("config", info->config_json);
    PUT("graph", graph_text(&arena, network));
    PUT("state", state_json(&arena, state));
    if (info->metrics_json)
        PUT("metrics", info->metrics_json);
    if (resumable)
        PUT("resumable", "true");
#undef PUT
    if (!collect(&list, network, resumable, err))
        result = safetensors_write(path, metadata, pairs, list.items, list.count, err);
    for (int i = 0; i < list.count; i++)
        free((void *)list.items[i].data);
    arena_release(&arena);
    return result;
}
