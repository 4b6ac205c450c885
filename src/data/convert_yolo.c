/* convert_yolo.c - a data set in the YOLO layout. */
#include "base/error.h"
#include "data/convert_internal.h"
#include "data/label_edit.h"
#include <string.h>

struct rings {
    const struct annotation_point *points;
    const struct annotation_ring *rings;
    int count;
};

static int find_rings(struct converter *converter, int item, const struct annotation *object,
                      struct rings *out, struct error *err)
{
    const struct annotations *all = &converter->dataset->annotations;
    const struct annotation_image *image = &all->images[item];

    if (object->run_count == 0) {
        *out = (struct rings){ all->points, annotation_rings(all, object), object->ring_count };
        return 0;
    }
    if (mask_set_runs(&converter->mask, image->width, image->height, all->runs + object->first_run,
                      object->run_count, err) ||
        mask_trace(&converter->mask, &converter->rings, err))
        return -1;
    *out = (struct rings){ converter->rings.points, converter->rings.rings,
                           converter->rings.ring_count };
    return 0;
}

static void add_points(const struct rings *rings, int ring, int extra, double width, double height,
                       struct str *out)
{
    const struct annotation_point *points = rings->points + rings->rings[ring].first_point;
    int count = rings->rings[ring].point_count;

    for (int i = 0; i < count + extra; i++)
        str_printf(out, " %.6f %.6f", (double)points[i % count].x / width,
                   (double)points[i % count].y / height);
}

/* Several outlines in one go: each is closed, then back the way over the first points, so that
 * every way between two of them is gone both ways. */
static void add_outline(struct converter *converter, const struct rings *rings,
                        const struct annotation_image *image, struct str *out)
{
    if (rings->count > 1)
        converter->result->joined_outlines++;
    for (int i = 0; i < rings->count; i++)
        add_points(rings, i, rings->count > 1, image->width, image->height, out);
    for (int i = rings->count - 2; i >= 1; i--) {
        const struct annotation_point *point = rings->points + rings->rings[i].first_point;

        str_printf(out, " %.6f %.6f", (double)point->x / image->width,
                   (double)point->y / image->height);
    }
}

static void add_keypoints(const struct dataset *dataset, const struct annotation *object,
                          const struct annotation_image *image, struct str *out)
{
    const struct annotation_keypoint *points =
        annotation_keypoints(&dataset->annotations, object);

    for (int k = 0; k < dataset->annotations.keypoint_count; k++) {
        const struct annotation_keypoint none = { 0 };
        const struct annotation_keypoint *point = points ? &points[k] : &none;

        str_printf(out, " %.6f %.6f", (double)point->x / image->width,
                   (double)point->y / image->height);
        if (dataset->keypoint_size == 3)
            str_printf(out, " %d", point->visibility);
    }
}

static int write_labels(struct converter *converter, int item, struct str *out, struct error *err)
{
    const struct dataset *dataset = converter->dataset;
    const struct annotations *all = &dataset->annotations;
    const struct annotation_image *image = &all->images[item];

    for (int i = 0; i < image->count; i++) {
        const struct annotation *object = annotations_of(all, item) + i;
        struct rings rings = { 0 };

        if (object->is_crowd) {
            converter->result->lost_crowds++;
            continue;
        }
        if (dataset->task == DATASET_TASK_SEGMENTATION &&
            find_rings(converter, item, object, &rings, err))
            return -1;
        str_printf(out, "%d", object->class_id);
        if (rings.count)
            add_outline(converter, &rings, image, out);
        else
            str_printf(out, " %.6f %.6f %.6f %.6f",
                       ((double)object->box.left + object->box.right) / 2 / image->width,
                       ((double)object->box.top + object->box.bottom) / 2 / image->height,
                       ((double)object->box.right - object->box.left) / image->width,
                       ((double)object->box.bottom - object->box.top) / image->height);
        if (dataset->task == DATASET_TASK_POSE)
            add_keypoints(dataset, object, image, out);
        str_add_char(out, '\n');
        converter->result->objects++;
    }
    return 0;
}

static int write_config(struct converter *converter, const bool *is_used, struct error *err)
{
    const struct dataset *dataset = converter->dataset;
    struct str text = STR_INIT;
    int result;

    str_add(&text, "path: .\n");
    for (int split = 0; split < DATASET_SPLIT_COUNT; split++)
        if (is_used[split])
            str_printf(&text, "%s: images/%s\n", dataset_split_name((enum dataset_split)split),
                       dataset_split_name((enum dataset_split)split));
    str_add(&text, "\nnames:\n");
    for (int i = 0; i < dataset->class_count; i++) {
        str_printf(&text, "  %d: ", i);
        label_write_yaml_text(&text, dataset->classes[i]);
        str_add_char(&text, '\n');
    }
    label_write_yaml_keypoints(dataset, &text);
    result = converter_write(converter, "data.yaml", &text, err);
    str_release(&text);
    return result;
}

static int write(struct converter *converter, struct error *err)
{
    const struct dataset *dataset = converter->dataset;
    bool is_used[DATASET_SPLIT_COUNT] = { false };
    struct str text = STR_INIT;
    int result = 0;

    for (int i = 0; i < dataset->item_count && !result; i++) {
        enum dataset_split split = converter_split(converter, i);
        const char *name = dataset_split_name(split);

        is_used[split] = true;
        str_clear(&text);
        result = converter_copy_image(converter, i,
                                      arena_printf(&converter->arena, "images/%s", name), err) ||
                 write_labels(converter, i, &text, err) ||
                 converter_write(converter,
                                 arena_printf(&converter->arena, "labels/%s/%s.txt", name,
                                              converter_stem(converter, i)),
                                 &text, err);
    }
    str_release(&text);
    return result ? -1 : write_config(converter, is_used, err);
}

const struct converter_format converter_yolo = { "yolo", true, write };
