/* inference_history_routes.c - what was predicted before, with its images, over HTTP. */

#include "api/job_json.h"

#include "app/jobs/inference.h"
#include "base/error.h"

route_handler route_job_inferences, route_inference_get, route_inference_image,
    route_inference_delete;

#define LIMIT_MOST INFERENCES_KEPT

static void put_inference(struct call *call, struct json_writer *w, const struct inference_row *row)
{
    json_object_open(w);
    json_put_int(w, "id", row->id);
    json_put_int(w, "training_job_id", row->training_job_id);
    put_id_or_null(w, "user_id", row->user_id);
    json_put_text(w, "checkpoint_path", row->checkpoint_path);
    json_put_text(w, "image_name", row->image_name);
    json_put_text(w, "image_url",
                  arena_printf(call->arena, "/api/v1/test-inference/%lld/image",
                               (long long)row->id));
    json_put_int(w, "size_bytes", row->size_bytes);
    json_put_text(w, "predicted_label", row->predicted_label);
    put_number_or_null(w, "confidence", row->confidence);
    put_json_or_null(w, "predictions", row->predictions);
    put_number_or_null(w, "inference_time_ms", row->inference_time_ms);
    put_time(w, "created_at", row->created_at);
    json_close(w);
}

void route_job_inferences(struct call *call)
{
    struct inference_row *rows;
    int64_t limit, offset, total;
    struct project project;
    struct answer answer;
    struct json_writer *w;
    struct job job;
    int count;

    if (!call_open_job(call, RIGHT_VIEW, &job, &project) ||
        call_failed(call, call_query_span(call, 20, LIMIT_MOST, &limit, &offset) ||
                              inferences_list(call->app, job.id, limit, offset, call->arena, &rows,
                                              &count, &total, &call->err)))
        return;
    w = answer_open(&answer);
    json_put_int(w, "job_id", job.id);
    json_put_int(w, "total", total);
    json_key(w, "inferences");
    json_array_open(w);
    for (int i = 0; i < count; i++)
        put_inference(call, w, &rows[i]);
    json_close(w);
    answer_close(call, 200, &answer);
}

/* The one of the path, if the caller has this right in its project; false: answered.  One of others
 * must not be told from one that is not there. */
static bool open_inference(struct call *call, enum right right, struct inference_row *row,
                           struct job *job)
{
    struct project project;

    return !call_failed(call,
                        inferences_get(call->app, call->ids[0], call->arena, row, &call->err)) &&
           call_open_job_by(call, row->training_job_id, right, "Inference result not found", job,
                            &project);
}

void route_inference_get(struct call *call)
{
    struct inference_row row;
    struct answer answer;
    struct job job;

    if (!open_inference(call, RIGHT_VIEW, &row, &job))
        return;
    put_inference(call, answer_begin(&answer), &row);
    answer_send(call, 200, &answer);
}

void route_inference_image(struct call *call)
{
    struct inference_row row;
    struct job job;
    int fd;

    if (!open_inference(call, RIGHT_VIEW, &row, &job))
        return;
    if (inferences_open_image(call->app, &job, &row, &fd, &call->err))
        call_fail(call);
    else
        http_respond_file(call->request, call_image_type(row.file_name), fd, NULL);
}

void route_inference_delete(struct call *call)
{
    struct inference_row row;
    struct job job;

    if (!open_inference(call, RIGHT_WORK, &row, &job))
        return;
    if (inferences_remove(call->app, &job, &row, &call->err))
        call_fail(call);
    else
        call_message(call, 200, "Inference result deleted");
}
