/* split_routes.c - which images of a data set are for training, validation and testing. */

#include "api/dataset_json.h"
#include "api/fields.h"

#include "base/error.h"

route_handler route_dataset_split, route_dataset_split_post;

static void put_counts(struct json_writer *w, const struct dataset_class_split *counts)
{
    json_object_open(w);
    json_put_int(w, "train", counts->train);
    json_put_int(w, "val", counts->val);
    json_put_int(w, "test", counts->test);
    json_close(w);
}

/* moved -1: nobody has asked to move any. */
static void send_split(struct call *call, const struct dataset *dataset,
                       const struct dataset_split_result *split)
{
    struct answer answer;
    struct json_writer *w = answer_open(&answer);

    json_put_text(w, "dataset_id", dataset->id);
    json_put_text(w, "status", dataset->status);
    if (split->moved >= 0)
        json_put_int(w, "moved", split->moved);
    json_key(w, "splits");
    put_counts(w, &split->all);
    json_key(w, "by_class");
    json_object_open(w);
    for (int i = 0; i < split->class_count; i++) {
        json_key(w, split->classes[i].class_name);
        put_counts(w, &split->classes[i]);
    }
    json_close(w);
    answer_close(call, 200, &answer);
}

void route_dataset_split(struct call *call)
{
    struct dataset_split_result split = { .moved = -1 };
    struct dataset dataset;

    if (call_open_dataset(call, RIGHT_VIEW, &dataset) &&
        !call_failed(call, datasets_split(call->app, &dataset, call->arena, &split.classes,
                                          &split.class_count, &split.all, &call->err)))
        send_split(call, &dataset, &split);
}

void route_dataset_split_post(struct call *call)
{
    struct dataset_split_change change;
    struct dataset_split_result split;
    struct split_body b = { 0 };
    struct dataset dataset;

    if (!call_open_dataset(call, RIGHT_WORK, &dataset) || !call_read_body(call, &b))
        return;
    change = (struct dataset_split_change){ .train = b.train, .val = b.val, .test = b.test,
                                            .seed = b.seed, .assign = b.assign };
    if (!call_failed(call, datasets_change_split(call->app, &dataset, &change, call->arena, &split,
                                                 &call->err)) &&
        call_open_dataset(call, RIGHT_VIEW, &dataset))
        send_split(call, &dataset, &split);
}
