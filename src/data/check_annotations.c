/* check_annotations.c - the objects of every image, as a file to be read in pieces; see check.h. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "data/check.h"
#include "data/mask.h"
#include <math.h>

#define FLUSH_BYTES ((size_t)1 << 20)

struct annotations_file {
    const struct dataset *dataset;
    struct file_replacement target;
    const char *path;
    struct str text; /* not written yet */
    int64_t written_bytes;
    struct mask mask;
    struct mask_rings rings;
};

/* A thousandth of a pixel is enough, and short. */
static double rounded(double value)
{
    return round(1000 * value) / 1000;
}

static void put_ring(const struct annotation_point *points, int count, struct json_writer *w)
{
    json_array_open(w);
    for (int i = 0; i < count; i++) {
        json_array_open(w);
        json_number(w, rounded(points[i].x));
        json_number(w, rounded(points[i].y));
        json_close(w);
    }
    json_close(w);
}

/* Outlines as they were drawn; those of a mask in runs are traced. */
static int put_shape(struct annotations_file *f, int image, const struct annotation *item,
                     struct json_writer *w, struct error *err)
{
    const struct annotations *all = &f->dataset->annotations;
    const struct annotation_image *about = &all->images[image];
    const struct annotation_ring *rings = annotation_rings(all, item);

    if (!item->ring_count && !item->run_count)
        return 0;
    if (!item->ring_count && (mask_set_annotation(&f->mask, about->width, about->height, all, item,
                                                  err) ||
                              mask_trace(&f->mask, &f->rings, err)))
        return -1;
    json_key(w, "polygons");
    json_array_open(w);
    for (int i = 0; i < item->ring_count; i++)
        put_ring(annotation_points(all, &rings[i]), rings[i].point_count, w);
    for (int i = 0; i < f->rings.ring_count && !item->ring_count; i++)
        put_ring(f->rings.points + f->rings.rings[i].first_point, f->rings.rings[i].point_count, w);
    json_close(w);
    return 0;
}

static void put_keypoints(const struct annotations *all, const struct annotation *item,
                          struct json_writer *w)
{
    const struct annotation_keypoint *points = annotation_keypoints(all, item);

    if (!points)
        return;
    json_key(w, "keypoints");
    json_array_open(w);
    for (int i = 0; i < all->keypoint_count; i++) {
        json_array_open(w);
        json_number(w, rounded(points[i].x));
        json_number(w, rounded(points[i].y));
        json_int(w, points[i].visibility);
        json_close(w);
    }
    json_close(w);
}

static int put_object(struct annotations_file *f, int image, const struct annotation *item,
                      struct json_writer *w, struct error *err)
{
    const struct annotation_box *box = &item->box;
    const double sides[4] = { box->left, box->top, (double)box->right - box->left,
                              (double)box->bottom - box->top };

    json_object_open(w);
    json_put_int(w, "class_id", item->class_id);
    json_put_text(w, "label", f->dataset->classes[item->class_id]);
    json_key(w, "bbox");
    json_array_open(w);
    for (int i = 0; i < 4; i++)
        json_number(w, rounded(sides[i]));
    json_close(w);
    json_put_text(w, "format", "xywh");
    json_put_bool(w, "is_crowd", item->is_crowd);
    if (put_shape(f, image, item, w, err))
        return -1;
    put_keypoints(&f->dataset->annotations, item, w);
    json_close(w);
    return 0;
}

static int flush(struct annotations_file *f, size_t least_bytes, struct error *err)
{
    size_t length = f->text.length;

    if (length < least_bytes ||
        file_write_all(f->target.fd, f->text.text, length, f->path, err))
        return length < least_bytes ? 0 : -1;
    f->written_bytes += (int64_t)length;
    str_clear(&f->text);
    return 0;
}

static int put_image(struct annotations_file *f, int image, struct check_place *place,
                     struct error *err)
{
    const struct annotations *all = &f->dataset->annotations;
    struct json_writer w;

    place->offset = f->written_bytes + (int64_t)f->text.length;
    json_begin(&w, &f->text);
    json_object_open(&w);
    json_put_text(&w, "filename", f->dataset->items[image].path);
    json_put_int(&w, "width", all->images[image].width);
    json_put_int(&w, "height", all->images[image].height);
    json_key(&w, "true_boxes");
    json_array_open(&w);
    for (int i = 0; i < all->images[image].count; i++)
        if (put_object(f, image, annotations_of(all, image) + i, &w, err))
            return -1;
    json_close(&w);
    json_close(&w);
    place->size_bytes = f->written_bytes + (int64_t)f->text.length - place->offset;
    str_add_char(&f->text, '\n');
    return flush(f, FLUSH_BYTES, err);
}

int check_write_annotations(const struct dataset *dataset, const char *path,
                            struct check_place *places, struct error *err)
{
    struct annotations_file f = { .dataset = dataset, .path = path, .text = STR_INIT,
                                  .mask = MASK_INIT };
    int result;

    if (file_replacement_open(&f.target, path, err))
        return -1;
    result = 0;
    for (int i = 0; i < dataset->item_count && !result; i++)
        result = put_image(&f, i, &places[i], err);
    if (!result)
        result = flush(&f, 1, err);
    if (!result)
        result = file_replacement_commit(&f.target, err);
    else
        file_replacement_abandon(&f.target);
    str_release(&f.text);
    mask_release(&f.mask);
    mask_rings_release(&f.rings);
    return result;
}
