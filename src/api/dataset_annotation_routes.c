/* dataset_annotation_routes.c - what is on the images of a data set. */

#include "api/dataset_json.h"

#include "base/error.h"

#include <stdint.h>

#define PAGE 50
#define PAGE_MOST 200 /* a crowded image has a hundred kilobytes of outlines */

route_handler route_dataset_annotations;

/* As the engine has written it; an image that it has not seen (yet) has no lists. */
static void put_image(struct json_writer *w, const struct dataset_file *file,
                      const char *annotation)
{
    if (annotation) {
        json_raw(w, annotation);
        return;
    }
    json_object_open(w);
    json_put_text(w, "filename", file->path);
    put_id_or_null(w, "width", file->width);
    put_id_or_null(w, "height", file->height);
    json_put_text(w, "true_boxes", NULL);
    json_close(w);
}

static void send_page(struct call *call, const struct dataset *d,
                      const struct dataset_file_page *page, const struct dataset_file *files,
                      const char *const *annotations, int count, int64_t total)
{
    struct answer answer;
    struct json_writer *w = answer_open(&answer);

    json_put_text(w, "dataset_id", d->id);
    json_put_text(w, "status", d->status);
    json_put_text(w, "format", d->detected_format ? d->detected_format : d->format);
    json_put_text(w, "task_type", d->task_type);
    put_json_or_null(w, "class_names", d->class_names);
    put_json_or_null(w, "keypoints", d->keypoints);
    json_put_int(w, "total", total);
    json_put_int(w, "skip", page->offset);
    json_put_int(w, "limit", page->limit);
    json_key(w, "images");
    json_array_open(w);
    for (int i = 0; i < count; i++)
        put_image(w, &files[i], annotations[i]);
    json_close(w);
    answer_close(call, 200, &answer);
}

void route_dataset_annotations(struct call *call)
{
    struct dataset_file_page page = { .split = http_query(call->request, "split"),
                                      .class_name = http_query(call->request, "class"),
                                      .path = http_query(call->request, "path"),
                                      .state = "used" };
    struct dataset_file *files;
    const char **annotations;
    struct dataset dataset;
    int64_t total;
    int count;

    if (!call_open_dataset(call, RIGHT_VIEW, &dataset))
        return;
    if (call_query_span(call, PAGE, PAGE_MOST, &page.limit, &page.offset) ||
        datasets_files(call->app, &dataset, &page, call->arena, &files, &count, &total,
                       &call->err) ||
        datasets_annotations(call->app, &dataset, files, count, call->arena, &annotations,
                             &call->err))
        call_fail(call);
    else
        send_page(call, &dataset, &page, files, annotations, count, total);
}
