/* convert_coco.c - annotations in JSON: COCO, a file per split, and DICE, one for all. */
#include "base/error.h"
#include "base/json.h"
#include "data/convert_internal.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct document {
    struct converter *converter;
    struct str *text;
    int split;                   /* -1: all */
    int first_id;                /* of classes: COCO's begin with 1, DICE's with 0 */
    const int64_t *category_ids; /* by class, of the source; NULL: first_id and on */
    const int64_t *image_ids;    /* by item, of the source; NULL: from 1 */
    int64_t next_id;             /* of annotations */
};

static void add_escaped(struct str *out, const char *text)
{
    struct json_writer w;

    json_begin(&w, out);
    json_text(&w, text);
}

static bool is_in(const struct document *document, int item)
{
    return document->split < 0 || converter_split(document->converter, item) ==
                                      (enum dataset_split)document->split;
}

static int64_t category_id(const struct document *document, int class_id)
{
    return document->category_ids ? document->category_ids[class_id]
                                  : class_id + document->first_id;
}

static int64_t image_id(const struct document *document, int item)
{
    return document->image_ids ? document->image_ids[item] : item + 1;
}

static void add_images(struct document *document)
{
    const struct dataset *dataset = document->converter->dataset;
    const char *separator = "\n";

    str_add(document->text, "\"images\":[");
    for (int i = 0; i < dataset->item_count; i++) {
        const struct annotation_image *image = &dataset->annotations.images[i];

        if (!is_in(document, i))
            continue;
        str_printf(document->text, "%s{\"id\":%" PRId64 ",\"file_name\":", separator,
                   image_id(document, i));
        if (document->split < 0) /* one file for all splits: their folder says which */
            add_escaped(document->text,
                        arena_printf(&document->converter->arena, "%s/%s",
                                     dataset_split_name(converter_split(document->converter, i)),
                                     document->converter->names[i]));
        else
            add_escaped(document->text, document->converter->names[i]);
        str_printf(document->text, ",\"width\":%d,\"height\":%d}", image->width, image->height);
        separator = ",\n";
    }
    str_add(document->text, "],\n");
}

static void add_categories(struct document *document)
{
    const struct dataset *dataset = document->converter->dataset;
    int keypoints = dataset->annotations.keypoint_count;

    str_add(document->text, "\"categories\":[");
    for (int c = 0; c < dataset->class_count; c++) {
        str_printf(document->text, "%s{\"id\":%" PRId64 ",\"name\":", c ? ",\n" : "\n",
                   category_id(document, c));
        add_escaped(document->text, dataset->classes[c]);
        if (keypoints) {
            str_add(document->text, ",\"keypoints\":[");
            for (int k = 0; k < keypoints; k++) {
                char name[32];

                snprintf(name, sizeof(name), "point_%d", k);
                str_add(document->text, k ? "," : "");
                add_escaped(document->text,
                            dataset->keypoint_names ? dataset->keypoint_names[k] : name);
            }
            str_add(document->text, "],\"skeleton\":[");
            for (int k = 0; k < dataset->skeleton_count; k++)
                str_printf(document->text, "%s[%d,%d]", k ? "," : "",
                           dataset->skeleton[k][0] + 1, dataset->skeleton[k][1] + 1);
            str_add(document->text, "]");
        }
        str_add(document->text, "}");
    }
    str_add(document->text, "],\n");
}

static void add_shape(struct document *document, int item, const struct annotation *object)
{
    const struct annotations *all = &document->converter->dataset->annotations;
    const struct annotation_image *image = &all->images[item];
    struct str *out = document->text;

    if (object->run_count) {
        str_printf(out, ",\"segmentation\":{\"size\":[%d,%d],\"counts\":[", image->height,
                   image->width);
        for (int i = 0; i < object->run_count; i++)
            str_printf(out, "%s%" PRIu32, i ? "," : "", all->runs[object->first_run + i]);
        str_add(out, "]}");
        return;
    }
    if (object->ring_count == 0)
        return;
    str_add(out, ",\"segmentation\":[");
    for (int r = 0; r < object->ring_count; r++) {
        const struct annotation_ring *ring = annotation_rings(all, object) + r;
        const struct annotation_point *points = annotation_points(all, ring);

        str_add(out, r ? ",[" : "[");
        for (int i = 0; i < ring->point_count; i++) {
            str_add(out, i ? "," : "");
            converter_add_float(out, points[i].x);
            str_add_char(out, ',');
            converter_add_float(out, points[i].y);
        }
        str_add(out, "]");
    }
    str_add(out, "]");
}

static void add_keypoints(struct document *document, const struct annotation *object)
{
    const struct annotations *all = &document->converter->dataset->annotations;
    const struct annotation_keypoint *points = annotation_keypoints(all, object);
    int labelled = 0;

    if (!points)
        return;
    str_add(document->text, ",\"keypoints\":[");
    for (int k = 0; k < all->keypoint_count; k++) {
        str_add(document->text, k ? "," : "");
        converter_add_float(document->text, points[k].x);
        str_add_char(document->text, ',');
        converter_add_float(document->text, points[k].y);
        str_printf(document->text, ",%d", points[k].visibility);
        labelled += points[k].visibility != KEYPOINT_ABSENT;
    }
    str_printf(document->text, "],\"num_keypoints\":%d", labelled);
}

static void add_object(struct document *document, int item, const struct annotation *object)
{
    struct str *out = document->text;

    str_printf(out,
               "{\"id\":%" PRId64 ",\"image_id\":%" PRId64 ",\"category_id\":%" PRId64
               ",\"bbox\":[",
               document->next_id++, image_id(document, item),
               category_id(document, object->class_id));
    converter_add_float(out, object->box.left);
    str_add_char(out, ',');
    converter_add_float(out, object->box.top);
    str_add_char(out, ',');
    converter_add_length(out, object->box.left, object->box.right);
    str_add_char(out, ',');
    converter_add_length(out, object->box.top, object->box.bottom);
    str_add(out, "],\"area\":");
    converter_add_float(out, object->area);
    str_printf(out, ",\"iscrowd\":%d", object->is_crowd);
    add_shape(document, item, object);
    add_keypoints(document, object);
    str_add(out, "}");
    document->converter->result->objects++;
}

static void add_annotations(struct document *document)
{
    const struct dataset *dataset = document->converter->dataset;
    const char *separator = "\n";

    str_add(document->text, "\"annotations\":[");
    for (int i = 0; i < dataset->item_count; i++)
        for (int j = 0; is_in(document, i) && j < dataset->annotations.images[i].count; j++) {
            str_add(document->text, separator);
            separator = ",\n";
            add_object(document, i, annotations_of(&dataset->annotations, i) + j);
        }
    str_add(document->text, "]");
}

static int copy_images(struct converter *converter, struct error *err)
{
    for (int i = 0; i < converter->dataset->item_count; i++)
        if (converter_copy_image(
                converter, i,
                arena_printf(&converter->arena, "images/%s",
                             dataset_split_name(converter_split(converter, i))),
                err))
            return -1;
    return 0;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* Results that exist refer to the ids of the source.  Two of its files may use one id for two
 * images, which then cannot be in one file. */
static const int64_t *keep_image_ids(struct document *document)
{
    const struct dataset *dataset = document->converter->dataset;
    int64_t *ids = ARENA_ARRAY(&document->converter->arena, int64_t, dataset->item_count + 1);
    int count = 0;

    for (int i = 0; i < dataset->item_count && dataset->image_ids; i++)
        if (is_in(document, i))
            ids[count++] = dataset->image_ids[i];
    if (count)
        qsort(ids, (size_t)count, sizeof(*ids), compare_ids);
    for (int i = 1; i < count; i++)
        if (ids[i - 1] == ids[i])
            return NULL;
    return dataset->image_ids;
}

static int write_coco(struct converter *converter, struct error *err)
{
    bool keeps_ids = !strcmp(converter->dataset->format, "coco");
    const char *kind =
        converter->dataset->task == DATASET_TASK_POSE ? "person_keypoints" : "instances";
    struct document document = { .converter = converter, .first_id = 1, .next_id = 1 };
    struct str text = STR_INIT;
    int result = copy_images(converter, err);

    document.text = &text;
    document.category_ids = keeps_ids ? converter->dataset->category_ids : NULL;
    for (int split = 0; split < DATASET_SPLIT_COUNT && !result; split++) {
        bool is_used = false;

        document.split = split;
        for (int i = 0; i < converter->dataset->item_count; i++)
            is_used |= is_in(&document, i);
        if (!is_used)
            continue;
        document.image_ids = keeps_ids ? keep_image_ids(&document) : NULL;
        str_clear(&text);
        str_add(&text, "{");
        add_images(&document);
        add_categories(&document);
        add_annotations(&document);
        str_add(&text, "}\n");
        result = converter_write(converter,
                                 arena_printf(&converter->arena, "annotations/%s_%s.json", kind,
                                              dataset_split_name((enum dataset_split)split)),
                                 &text, err);
    }
    str_release(&text);
    return result;
}

static int write_dice(struct converter *converter, struct error *err)
{
    struct document document = { .converter = converter, .split = -1, .next_id = 1 };
    const struct dataset *dataset = converter->dataset;
    struct str text = STR_INIT;
    int result = copy_images(converter, err);

    document.text = &text;
    str_printf(&text, "{\"version\":\"1.0\",\"dataset_info\":{\"task_type\":\"%s\"},\n",
               dataset_task_name(dataset->task));
    add_images(&document);
    add_categories(&document);
    add_annotations(&document);
    str_printf(&text, ",\n\"split_config\":{\"method\":\"%s\",\"splits\":{",
               dataset->is_divided ? "auto" : "manual");
    for (int i = 0; i < dataset->item_count; i++)
        str_printf(&text, "%s\"%d\":\"%s\"", i ? "," : "", i + 1,
                   dataset_split_name(converter_split(converter, i)));
    str_add(&text, "}}}\n");
    if (!result)
        result = converter_write(converter, "annotations.json", &text, err);
    str_release(&text);
    return result;
}

const struct converter_format converter_coco = { "coco", true, write_coco };
const struct converter_format converter_dice = { "dice", true, write_dice };
