/* check_labels_write.c - the part of the report that is about labels, as JSON. */
#include "base/json.h"
#include "data/check_internal.h"

static const char *const outcome_names[] = { "fixed", "excluded", "remark" };

static void write_findings(const struct dataset *dataset, struct json_writer *w)
{
    json_key(w, "findings");
    json_array_open(w);
    for (int i = 0; i < dataset->finding_count && i < CHECK_LIST_LIMIT; i++) {
        const struct dataset_finding *finding = &dataset->findings[i];

        json_object_open(w);
        json_put_text(w, "path", finding->path);
        if (finding->line)
            json_put_int(w, "line", finding->line);
        if (finding->element >= 0)
            json_put_int(w, "annotation", finding->element);
        if (finding->item >= 0)
            json_put_text(w, "image", dataset->items[finding->item].path);
        json_put_text(w, "outcome", outcome_names[finding->outcome]);
        json_put_text(w, "message", finding->message);
        json_put_text(w, "remedy", finding->remedy);
        json_close(w);
    }
    json_close(w);
    json_put_int(w, "finding_count", dataset->finding_count);
    json_put_bool(w, "has_more_findings",
                  dataset->has_more_findings || dataset->finding_count > CHECK_LIST_LIMIT);
}

static void write_keypoints(const struct dataset *dataset, struct json_writer *w)
{
    json_key(w, "keypoints");
    json_object_open(w);
    json_put_int(w, "count", dataset->annotations.keypoint_count);
    json_put_int(w, "numbers_per_point", dataset->keypoint_size);
    if (dataset->keypoint_names) {
        json_key(w, "names");
        json_array_open(w);
        for (int i = 0; i < dataset->annotations.keypoint_count; i++)
            json_text(w, dataset->keypoint_names[i]);
        json_close(w);
    }
    if (dataset->flip_index) {
        json_key(w, "flip_idx");
        json_array_open(w);
        for (int i = 0; i < dataset->annotations.keypoint_count; i++)
            json_int(w, dataset->flip_index[i]);
        json_close(w);
    }
    json_key(w, "skeleton");
    json_array_open(w);
    for (int i = 0; i < dataset->skeleton_count; i++) {
        json_array_open(w);
        json_int(w, dataset->skeleton[i][0]);
        json_int(w, dataset->skeleton[i][1]);
        json_close(w);
    }
    json_close(w);
    json_close(w);
}

void check_write_labels(const struct check_report *report, struct json_writer *w)
{
    const struct dataset *dataset = report->dataset;
    int empty = 0, most = 0;

    for (int i = 0; i < dataset->item_count; i++) {
        int count = dataset->annotations.images[i].count;

        empty += count == 0;
        most = count > most ? count : most;
    }
    json_key(w, "labels");
    json_object_open(w);
    json_put_int(w, "objects", dataset->annotations.item_count);
    json_put_int(w, "images_without_objects", empty);
    json_put_int(w, "most_objects_per_image", most);
    json_key(w, "rows");
    json_object_open(w);
    json_put_int(w, "used", dataset->rows.used);
    json_put_int(w, "fixed", dataset->rows.fixed);
    json_put_int(w, "excluded", dataset->rows.excluded);
    json_close(w);
    write_findings(dataset, w);
    if (dataset->annotations.keypoint_count)
        write_keypoints(dataset, w);
    json_close(w);
}
