/* checkpoint_write.c - see checkpoint.h. */

#include "base/sha256.h"
#include "base/str.h"
#include "nn/graph_json.h"
#include "train/checkpoint.h"
#include "train/task.h"

#include <string.h>

/* What a checkpoint holds, and where each tensor is read from.  Read while writing, one at a time:
 * a copy of everything would add several times the weights to the peak of the run. */
struct tensor_list {
    struct safetensors_tensor *items;
    struct origin {
        const struct weights_memory *memory;
        const struct weight *weight;
    } *origins;
    int count;
    const struct network *network;
    struct arena *arena;
};

static void add_weights(struct tensor_list *list, const struct weights_memory *memory,
                        const char *prefix, bool states)
{
    const struct weights *weights = &list->network->weights;

    for (int i = 0; i < weights->count; i++) {
        const struct weight *weight = &weights->items[i];
        struct safetensors_tensor *tensor = &list->items[list->count];

        if (weight->segment == SEGMENT_STATES && !states)
            continue;
        *tensor = (struct safetensors_tensor){
            .name = arena_printf(list->arena, "%s%s", prefix, weight->name),
            .type = SAFETENSORS_F32,
            .rank = weight->shape.rank,
        };
        memcpy(tensor->shape, weight->shape.dim, sizeof(weight->shape.dim));
        list->origins[list->count++] = (struct origin){ memory, weight };
    }
}

static int read_tensor(void *context, int tensor, void *data, struct error *err)
{
    const struct tensor_list *list = context;
    const struct origin *origin = &list->origins[tensor];

    return weights_read(&list->network->weights, origin->memory, origin->weight, data, err);
}

static void collect(struct tensor_list *list, bool resumable, bool pending)
{
    const struct network *network = list->network;
    bool average = network->options.average;
    int most = 5 * network->weights.count + 1;

    list->items = ARENA_ARRAY(list->arena, struct safetensors_tensor, most);
    list->origins = ARENA_ARRAY(list->arena, struct origin, most);
    add_weights(list, average ? &network->average : &network->live, "", true);
    if (!resumable)
        return;
    if (average)
        add_weights(list, &network->live, "live/", true);
    for (int i = 0; i < optimizer_moment_count(network->optimizer); i++)
        add_weights(list, optimizer_moment(network->optimizer, i), i ? "moment1/" : "moment0/",
                    false);
    if (pending)
        add_weights(list, &network->accumulated, "pending/", false);
}

/* --- metadata -------------------------------------------------------------------------------- */

/* A value of the metadata that is JSON, while it is written. */
struct piece {
    struct str text;
    struct json_writer w;
};

static struct json_writer *piece_begin(struct piece *piece)
{
    piece->text = (struct str)STR_INIT;
    json_begin(&piece->w, &piece->text);
    return &piece->w;
}

static char *piece_end(struct piece *piece, struct arena *arena)
{
    char *text = arena_strdup(arena, piece->text.text);

    str_release(&piece->text);
    return text;
}

static char *classes_json(struct arena *arena, const struct checkpoint_info *info)
{
    struct piece piece;
    struct json_writer *w = piece_begin(&piece);

    json_array_open(w);
    for (int i = 0; i < info->class_count; i++)
        json_text(w, info->class_names[i]);
    json_close(w);
    return piece_end(&piece, arena);
}

static char *state_json(struct arena *arena, const struct network *network,
                        const struct checkpoint_state *s)
{
    struct piece piece;
    struct json_writer *w = piece_begin(&piece);

    json_object_open(w);
    json_put_int(w, "epoch", s->epoch);
    json_put_int(w, "batch", s->batch);
    json_put_int(w, "step", s->step);
    json_put_int(w, "updates", s->updates);
    json_put_int(w, "pending", s->pending);
    json_put_int(w, "average_updates", s->average_updates);
    json_put_number(w, "best", s->best);
    json_put_number(w, "best_loss", s->best_loss);
    json_put_int(w, "best_epoch", s->best_epoch);
    json_put_number(w, "gain_base", s->gain_base);
    json_put_int(w, "epochs_without_gain", s->epochs_without_gain);
    json_put_number(w, "plateau_scale", s->plateau_scale);
    json_put_number(w, "plateau_best", s->plateau_best);
    json_put_int(w, "plateau_bad_epochs", s->plateau_bad_epochs);
    json_put_bool(w, "plateau_has_best", s->plateau_has_best);
    json_put_number(w, "loss_sum", s->loss_sum);
    json_key(w, "part_sums");
    json_array_open(w);
    for (int i = 0; i < network->train.part_count; i++)
        json_number(w, s->part_sums[i]);
    json_close(w);
    json_put_int(w, "loss_count", s->loss_count);
    json_put_int(w, "results_bytes", s->results_bytes);
    json_put_int(w, "optimizer", (int64_t)network->options.optimizer.kind);
    json_put_bool(w, "has_average", network->options.average);
    json_put_text(w, "device", s->device);
    if (s->dataset_hash) {
        json_put_text(w, "dataset_hash", s->dataset_hash);
        json_put_int(w, "batch_size", s->batch_size);
        json_put_int(w, "seed", s->seed);
    }
    json_close(w);
    return piece_end(&piece, arena);
}

static char *graph_text(struct arena *arena, const struct network *network)
{
    struct piece piece;

    graph_write_json(&network->model_graph, piece_begin(&piece));
    return piece_end(&piece, arena);
}

static char *transform_text(struct arena *arena, const struct transform *transform)
{
    struct piece piece;

    transform_write(transform, piece_begin(&piece));
    return piece_end(&piece, arena);
}

static char *skeleton_text(struct arena *arena, struct skeleton skeleton)
{
    struct piece piece;

    skeleton_write(skeleton, piece_begin(&piece));
    return piece_end(&piece, arena);
}

int checkpoint_write(const char *path, const struct network *network,
                     const struct checkpoint_info *info, const struct checkpoint_state *state,
                     bool resumable, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct tensor_list list = { .network = network, .arena = &arena };
    struct safetensors_source source = { read_tensor, &list };
    struct safetensors_metadata metadata[14];
    int pairs = 0, result;

    collect(&list, resumable, state->pending > 0);
#define PUT(key, value) (metadata[pairs++] = (struct safetensors_metadata){ key, value })
    PUT("format", "fovea");
    PUT("format_version", arena_printf(&arena, "%d", CHECKPOINT_FORMAT));
    PUT("framework", network->task->framework);
    PUT("task_type", network->task->name);
    PUT("model_name", info->model->name);
    PUT("classes", classes_json(&arena, info));
    PUT("transform", transform_text(&arena, info->transform));
    PUT("config", info->config_json);
    PUT("graph", graph_text(&arena, network));
    PUT("state", state_json(&arena, network, state));
    if (network->options.model->task == TASK_POSE)
        PUT("key_points", arena_printf(&arena, "[%d,%d]", network->options.shape.key_points,
                                       network->options.shape.key_point_size));
    if (info->skeleton.count)
        PUT("skeleton", skeleton_text(&arena, info->skeleton));
    if (info->metrics_json)
        PUT("metrics", info->metrics_json);
    if (resumable)
        PUT("resumable", "true");
#undef PUT
    result = safetensors_write_from(path, metadata, pairs, list.items, list.count, &source, err);
    arena_release(&arena);
    return result;
}
