/* split_routes.c - which images of a data set are for training, validation and testing. */

#include "api/dataset_json.h"
#include "api/fields.h"

#include "base/error.h"

route_handler route_dataset_split, route_dataset_split_post;

static void put_counts(struct json_writer *w, int64_t train, int64_t val, int64_t test)
{
    json_object_open(w);
    json_put_int(w, "train", train);
    json_put_int(w, "val", val);
    json_put_int(w, "test", test);
    json_close(w);
}

static void send_split(struct call *call, const struct dataset *dataset, int64_t moved)
{
    struct dataset_class_split *classes, sum;
    struct json_writer *w;
    struct answer answer;
    int count;

    if (datasets_split(call->app, dataset, call->arena, &classes, &count, &sum, &call->err)) {
        call_fail(call);
        return;
    }
    w = answer_begin(&answer);
    json_object_open(w);
    json_put_text(w, "dataset_id", dataset->id);
    json_put_text(w, "status", dataset->status);
    if (moved >= 0)
        json_put_int(w, "moved", moved);
    json_key(w, "splits");
    put_counts(w, sum.train, sum.val, sum.test);
    json_key(w, "by_class");
    json_object_open(w);
    for (int i = 0; i < count; i++) {
        json_key(w, classes[i].class_name);
        put_counts(w, classes[i].train, classes[i].val, classes[i].test);
    }
    json_close(w);
    json_close(w);
    answer_send(call, 200, &answer);
}

void route_dataset_split(struct call *call)
{
    struct dataset dataset;

    if (call_open_dataset(call, RIGHT_VIEW, &dataset))
        send_split(call, &dataset, -1);
}

void route_dataset_split_post(struct call *call)
{
    struct dataset_split_change change;
    struct split_body b = { 0 };
    struct dataset dataset;
    int64_t moved;

    if (!call_open_dataset(call, RIGHT_WORK, &dataset) || !call_read_body(call, &b))
        return;
    change = (struct dataset_split_change){ .train = b.train, .val = b.val, .test = b.test,
                                            .seed = b.seed, .assign = b.assign };
    if (datasets_change_split(call->app, &dataset, &change, &moved, &call->err))
        call_fail(call);
    else if (call_open_dataset(call, RIGHT_VIEW, &dataset))
        send_split(call, &dataset, moved);
}
