/* val_results.c - see val_results.h. */

#include "command/val_results.h"

#include "base/error.h"
#include "objects/prediction_json.h"
#include "score/detection_metrics.h"
#include "train/detection_evaluation.h"
#include "train/task.h"

#include <stdlib.h>
#include <string.h>

static bool has_coco_ids(const struct dataset *dataset)
{
    return !strcmp(dataset->format, "coco");
}

static void set_categories(struct val_results *r, const struct checkpoint *checkpoint,
                           const int *class_of)
{
    const struct dataset *dataset = r->_dataset;
    size_t count = (size_t)checkpoint->class_count + 1;

    r->_category_ids = calloc(count, sizeof(*r->_category_ids));
    r->_is_known = calloc(count, sizeof(*r->_is_known));
    BUG_IF(!r->_category_ids || !r->_is_known);
    for (int i = 0; i < dataset->class_count; i++) {
        r->_is_known[class_of[i]] = true;
        r->_category_ids[class_of[i]] =
            has_coco_ids(dataset) && dataset->category_ids ? dataset->category_ids[i] : i + 1;
    }
}

int val_results_open(struct val_results *r, const char *path, const struct dataset *dataset,
                     const struct checkpoint *checkpoint, const int *class_of, struct error *err)
{
    if (checkpoint->task == &task_classification)
        return FAIL(err, INVALID, "a classifier finds no objects: --save_json is for detectors");
    if (file_replacement_open(&r->_file, path, err))
        return -1;
    r->_dataset = dataset;
    set_categories(r, checkpoint, class_of);
    str_init(&r->_text);
    json_begin(&r->_writer, &r->_text);
    json_array_open(&r->_writer);
    return 0;
}

static void drop_unknown(struct val_results *r)
{
    int kept = 0;

    for (int i = 0; i < r->_found.count; i++)
        if (r->_is_known[r->_found.items[i].category])
            r->_found.items[kept++] = r->_found.items[i];
    r->_found.count = kept;
}

static int write_text(struct val_results *r, struct error *err)
{
    int result = file_write_all(r->_file.fd, r->_text.text, r->_text.length, r->_file.path, err);

    str_clear(&r->_text);
    return result;
}

int val_results_add(struct val_results *r, const struct predictor *p, const struct batch *batch,
                    struct error *err)
{
    const struct checkpoint *c = &p->checkpoint;
    const struct detection_layout layout = { c->class_count, c->keypoint_count, c->keypoint_size };
    const struct prediction_json form = { .class_names = c->class_names,
                                          .keypoint_count = c->keypoint_count };
    const struct nms_options options = {
        .confidence = r->confidence, .iou = r->iou, .limit = DETECTION_LIMIT, .is_multi_label = true
    };
    const int64_t *ids = has_coco_ids(r->_dataset) ? r->_dataset->image_ids : NULL;

    for (int i = 0; i < batch->count; i++) {
        const struct batch_place *at = &batch->places[i];
        const struct letterbox_view view = { at->width,   at->height, at->scale_x,
                                             at->scale_y, at->left,   at->top };
        int item = batch->items[i];
        struct detection_head head;

        detection_head_at(&p->ends, p->plan, &layout, i, &head);
        if (detections_find(&r->_found, &head, &options, &view, err))
            return -1;
        drop_unknown(r);
        prediction_json_write_coco(&form, ids ? ids[item] : item + 1, r->_category_ids,
                                   r->_found.items, r->_found.count, &r->_writer);
    }
    return write_text(r, err);
}

int val_results_commit(struct val_results *r, struct error *err)
{
    json_close(&r->_writer);
    str_add_char(&r->_text, '\n');
    return write_text(r, err) || file_replacement_commit(&r->_file, err) ? -1 : 0;
}

void val_results_release(struct val_results *r)
{
    if (r->_file.path)
        file_replacement_abandon(&r->_file);
    if (r->_dataset)
        str_release(&r->_text);
    detections_release(&r->_found);
    free(r->_category_ids);
    free(r->_is_known);
}
