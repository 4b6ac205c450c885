/* checkpoint_read.c - see checkpoint.h. */

#include "base/sha256.h"
#include "base/str.h"
#include "data/annotation.h"
#include "train/checkpoint.h"
#include "train/convert.h"
#include "train/task.h"

#include <stdlib.h>
#include <string.h>

/* --- metadata -------------------------------------------------------------------------------- */

static json_t *metadata_json(const struct safetensors *file, const char *key, struct error *err)
{
    const char *text = safetensors_metadata_find(file, key);

    if (!text) {
        FAIL(err, CORRUPT, "the checkpoint lacks its '%s'", key);
        return NULL;
    }
    return json_parse(text, strlen(text), key, err);
}

static int read_classes(struct checkpoint *c, struct error *err)
{
    json_t *list = metadata_json(&c->file, "classes", err);

    if (!list)
        return -1;
    c->class_count = (int)json_array_size(list);
    c->class_names = ARENA_ARRAY(&c->arena, const char *, c->class_count + 1);
    for (int i = 0; i < c->class_count; i++) {
        const char *name = json_string_value(json_array_get(list, (size_t)i));

        c->class_names[i] = arena_strdup(&c->arena, name ? name : "");
    }
    json_decref(list);
    return c->class_count ? 0 : FAIL(err, CORRUPT, "the checkpoint names no classes");
}

#define STATE_MOST 1000000000 /* epochs, or batches of one */

static int read_state(struct checkpoint *c, struct error *err)
{
    json_t *j = metadata_json(&c->file, "state", err);
    struct checkpoint_state *s = &c->state;

    if (!j)
        return -1;
#define INT(field) s->field = json_integer_value(json_object_get(j, #field))
#define REAL(field) s->field = json_number_value(json_object_get(j, #field))
    INT(epoch);
    INT(batch);
    INT(step);
    INT(updates);
    INT(pending);
    INT(average_updates);
    REAL(best);
    REAL(best_loss);
    INT(best_epoch);
    s->gain_base = s->best; /* of older files: it was the same */
    if (json_object_get(j, "gain_base"))
        REAL(gain_base);
    INT(epochs_without_gain);
    REAL(plateau_scale);
    REAL(plateau_best);
    INT(plateau_bad_epochs);
    s->plateau_has_best = json_is_true(json_object_get(j, "plateau_has_best"));
    REAL(loss_sum);
    INT(loss_count);
    for (int i = 0; i < NETWORK_ENDS_MAX; i++)
        s->part_sums[i] =
            json_number_value(json_array_get(json_object_get(j, "part_sums"), (size_t)i));
    INT(results_bytes);
    INT(optimizer);
    INT(batch_size);
    INT(seed);
    s->has_average = json_is_true(json_object_get(j, "has_average"));
#undef INT
#undef REAL
    if (s->epoch < 0 || s->epoch > STATE_MOST || s->batch < 0 || s->batch > STATE_MOST ||
        s->step < 0 || s->updates < 0 || s->pending < 0 || s->pending > STATE_MOST ||
        s->results_bytes < 0) {
        json_decref(j);
        return FAIL(err, CORRUPT, "its state makes no sense");
    }
    s->device = arena_strdup(&c->arena, json_string_value(json_object_get(j, "device")));
    s->dataset_hash =
        arena_strdup(&c->arena, json_string_value(json_object_get(j, "dataset_hash")));
    json_decref(j);
    return 0;
}

/* Pairs of key points; a data set may state none. */
static int read_skeleton(struct checkpoint *c, struct error *err)
{
    int count, (*bones)[2];
    json_t *j, *pair;
    size_t i;

    if (!safetensors_metadata_find(&c->file, "skeleton"))
        return 0;
    j = metadata_json(&c->file, "skeleton", err);
    if (!j)
        return -1;
    count = (int)json_array_size(j);
    bones = arena_alloc(&c->arena, sizeof(*bones) * (size_t)count);
    json_array_foreach(j, i, pair)
    {
        for (int end = 0; end < 2; end++) {
            json_t *point = json_array_get(pair, (size_t)end);

            bones[i][end] = json_is_integer(point) ? (int)json_integer_value(point) : -1;
            if (bones[i][end] < 0 || bones[i][end] >= c->keypoint_count)
                count = -1;
        }
    }
    json_decref(j);
    if (count < 0)
        return FAIL(err, CORRUPT, "its skeleton joins key points that it does not have");
    c->skeleton = (struct skeleton){ (const int(*)[2])bones, count };
    return 0;
}

/* [how many, numbers of each]; only poses have it. */
static int read_keypoints(struct checkpoint *c, struct error *err)
{
    json_t *j;

    if (c->task != &task_pose)
        return 0;
    j = metadata_json(&c->file, "key_points", err);
    if (!j)
        return -1;
    c->keypoint_count = (int)json_integer_value(json_array_get(j, 0));
    c->keypoint_size = (int)json_integer_value(json_array_get(j, 1));
    json_decref(j);
    if (c->keypoint_count < 1 || c->keypoint_count > ANNOTATION_KEYPOINTS_MOST ||
        c->keypoint_size < 2 || c->keypoint_size > 3)
        return FAIL(err, CORRUPT, "its key points make no sense");
    return read_skeleton(c, err);
}

static int read_transform(struct checkpoint *c, struct error *err)
{
    json_t *j = metadata_json(&c->file, "transform", err);
    int result;

    if (!j)
        return -1;
    result = transform_read(&c->transform, j, err);
    json_decref(j);
    return result;
}

int checkpoint_open(struct checkpoint *c, const char *path, struct error *err)
{
    const char *format, *version, *task;

    *c = (struct checkpoint){ 0 };
    if (safetensors_open(&c->file, path, err))
        return -1;
    format = safetensors_metadata_find(&c->file, "format");
    version = safetensors_metadata_find(&c->file, "format_version");
    c->model_name = safetensors_metadata_find(&c->file, "model_name");
    task = safetensors_metadata_find(&c->file, "task_type");
    c->task = task ? task_type_find(task) : NULL;
    c->resumable = safetensors_metadata_find(&c->file, "resumable") != NULL;
    if (!format || strcmp(format, "fovea") || !c->model_name)
        FAIL(err, UNSUPPORTED, "'%s' holds tensors but is not a checkpoint of this program", path);
    else if (strtol(version ? version : "0", NULL, 10) != CHECKPOINT_FORMAT)
        FAIL(err, UNSUPPORTED, "its format is %s, this program knows %d",
             version ? version : "none", CHECKPOINT_FORMAT);
    else if (!c->task)
        FAIL(err, UNSUPPORTED, "'%s' is of task type '%s', which this program does not know", path,
             task ? task : "none");
    else if (!read_classes(c, err) && !read_state(c, err) && !read_transform(c, err) &&
             !read_keypoints(c, err))
        return 0;
    checkpoint_close(c);
    return error_prefix(err, "cannot use '%s'", path);
}

void checkpoint_close(struct checkpoint *c)
{
    safetensors_close(&c->file);
    arena_release(&c->arena);
    *c = (struct checkpoint){ 0 };
}

/* --- tensors --------------------------------------------------------------------------------- */

void load_report_release(struct load_report *report)
{
    str_release(&report->missing);
    str_release(&report->unexpected);
    str_release(&report->misshapen);
    *report = (struct load_report){ 0 };
}

static void note(struct str *list, int *count, const char *name)
{
    if ((*count)++)
        str_add(list, ", ");
    str_add(list, name);
}

static bool same_shape(const struct weight *weight, const struct safetensors_tensor *tensor)
{
    if (weight->shape.rank != tensor->rank)
        return false;
    for (int i = 0; i < tensor->rank; i++)
        if (weight->shape.dim[i] != tensor->shape[i])
            return false;
    return true;
}

int checkpoint_load_weights(const struct safetensors *file, const char *prefix,
                            const struct weights *weights, struct weights_memory *memory,
                            struct load_report *report, struct error *err)
{
    *report = (struct load_report){ .missing = STR_INIT, .unexpected = STR_INIT,
                                    .misshapen = STR_INIT };
    for (int i = 0; i < weights->count; i++) {
        const struct weight *weight = &weights->items[i];
        struct str name = STR_INIT;
        const struct safetensors_tensor *tensor;
        float *values;
        int result;

        if (!memory->segments[weight->segment].base)
            continue;
        str_printf(&name, "%s%s", prefix, weight->name);
        tensor = safetensors_find(file, name.text);
        str_release(&name);
        if (!tensor || !same_shape(weight, tensor)) {
            if (tensor)
                note(&report->misshapen, &report->misshapen_count, weight->name);
            else
                note(&report->missing, &report->missing_count, weight->name);
            continue;
        }
        values = malloc((size_t)shape_count(&weight->shape) * sizeof(float) + 1);
        if (!values)
            return FAIL(err, NO_MEMORY, "no memory to load '%s'", weight->name);
        tensor_to_float(tensor, values, shape_count(&weight->shape));
        result = weights_write(weights, memory, weight, values, err);
        free(values);
        if (result)
            return -1;
        report->loaded++;
    }
    for (int i = 0; i < file->tensor_count; i++)
        if (!prefix[0] && !strchr(file->tensors[i].name, '/') &&
            !weights_find(weights, file->tensors[i].name) &&
            !str_ends_with(file->tensors[i].name, "num_batches_tracked"))
            note(&report->unexpected, &report->unexpected_count, file->tensors[i].name);
    return 0;
}

static int load_all(const struct checkpoint *checkpoint, const char *prefix,
                    struct network *network, struct weights_memory *memory, struct error *err)
{
    struct load_report report;
    int result = checkpoint_load_weights(&checkpoint->file, prefix, &network->weights, memory,
                                         &report, err);

    if (!result && (report.missing_count || report.misshapen_count))
        result = FAIL(err, CORRUPT, "the checkpoint cannot be resumed: %s%s does not fit",
                      report.missing.text, report.misshapen.text);
    load_report_release(&report);
    return result;
}

int checkpoint_restore(const struct checkpoint *checkpoint, struct network *network,
                       struct error *err)
{
    bool average = network->options.average;

    if (!checkpoint->resumable)
        return FAIL(err, INVALID, "the checkpoint holds no state to resume from");
    if (checkpoint->state.optimizer != (int64_t)network->options.optimizer.kind)
        return FAIL(err, INVALID, "it was trained with another optimizer");
    if (checkpoint->state.has_average != average)
        return FAIL(err, INVALID, "it was trained %s an average of the weights",
                    average ? "without" : "with");
    if (load_all(checkpoint, average ? "live/" : "", network, &network->live, err))
        return -1;
    if (average && load_all(checkpoint, "", network, &network->average, err))
        return -1;
    for (int i = 0; i < optimizer_moment_count(network->optimizer); i++)
        if (load_all(checkpoint, i ? "moment1/" : "moment0/", network,
                     optimizer_moment(network->optimizer, i), err))
            return -1;
    if (checkpoint->state.pending) {
        if (!network->options.accumulate)
            return FAIL(err, INVALID, "it adds up gradients of several batches: give it the batch "
                        "size (and nbs) that it had");
        if (load_all(checkpoint, "pending/", network, &network->accumulated, err))
            return -1;
    }
    optimizer_set_updates(network->optimizer, checkpoint->state.updates);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct safetensors_tensor *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

void checkpoint_weights_hash(const struct safetensors *file, char text[SHA256_TEXT_SIZE])
{
    const struct safetensors_tensor **sorted =
        calloc((size_t)file->tensor_count + 1, sizeof(*sorted));
    struct sha256 sha;
    int count = 0;

    BUG_IF(!sorted);
    for (int i = 0; i < file->tensor_count; i++)
        if (!strchr(file->tensors[i].name, '/'))
            sorted[count++] = &file->tensors[i];
    qsort(sorted, (size_t)count, sizeof(*sorted), by_name);
    sha256_init(&sha);
    for (int i = 0; i < count; i++) {
        sha256_add(&sha, sorted[i]->name, strlen(sorted[i]->name) + 1);
        sha256_add(&sha, sorted[i]->shape,
                   (size_t)sorted[i]->rank * sizeof(sorted[i]->shape[0]));
        sha256_add(&sha, sorted[i]->data, sorted[i]->size_bytes);
    }
    sha256_finish(&sha, text);
    free(sorted);
}
