/* annotation.h - the ground truth of images: boxes, outlines, masks, key points.
 *
 * Ragged    An image has any number of instances, an instance any number of outlines, an outline
 *           any number of points.  All lie in a few growing arrays that the whole data set
 *           shares, found by ranges: about 90 bytes an instance, 8 a point, 12 a key point.
 * Units     Pixels of the upright original image; (0, 0) is the outer corner of its first pixel,
 *           so that a box of the whole image is (0, 0, width, height).  Boxes may leave the image
 *           by as much as labels are rounded: less than a tenth of a pixel at a usual size.
 * Order     Instances of an image stand in the order of its file, images in the order of the data
 *           set's items.  The same files give the same arrays, byte for byte.
 * Growth    What a file sizes is allocated by calls that can fail.
 * Filling   annotations_begin_image(), then for each instance annotations_add(), its rings, runs
 *           and key points, then the next image.
 */
#ifndef DATA_ANNOTATION_H
#define DATA_ANNOTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* The most of an instance: meshes of faces have 468.  Data sets with more are refused. */
#define ANNOTATION_KEYPOINTS_MOST 512

struct annotation_box {
    float left, top, right, bottom;
};

struct annotation_point {
    float x, y;
};

enum keypoint_visibility { KEYPOINT_ABSENT, KEYPOINT_HIDDEN, KEYPOINT_VISIBLE };

struct annotation_keypoint {
    float x, y; /* 0, 0 when absent */
    int8_t visibility;
};

/* One closed outline: a range of annotations.points; the last point joins the first. */
struct annotation_ring {
    int64_t first_point;
    int point_count;
};

struct annotation {
    int class_id;
    bool is_crowd; /* stands for many: never learned, and no error when it is found */
    struct annotation_box box;
    float area; /* pixels: of the shape when the file says so, else of the box */
    /* The shape: rings, of which each covers its inside (the union counts), or a mask in runs, or
     * neither: only the box is known. */
    int64_t first_ring;
    int ring_count;
    int64_t first_run; /* of annotations.runs, as in mask.h, in the image's size */
    int run_count;
    int64_t first_keypoint; /* keypoint_count of them; -1: none */
    int64_t source_id;      /* what the file calls it; 0: nothing */
    int line;               /* where in its file it stands, from 1; 0: not known */
};

/* What is known of one image. */
struct annotation_image {
    int width, height; /* upright */
    int64_t first;     /* of annotations.items */
    int count;
};

struct annotations {
    int keypoint_count; /* K of every instance that has any; 0: none do */

    struct annotation_image *images; /* by item of the data set */
    int image_count, _image_capacity;
    struct annotation *items;
    int64_t item_count, _item_capacity;
    struct annotation_ring *rings;
    int64_t ring_count, _ring_capacity;
    struct annotation_point *points;
    int64_t point_count, _point_capacity;
    uint32_t *runs;
    int64_t run_count, _run_capacity;
    struct annotation_keypoint *keypoints;
    int64_t keypoint_total, _keypoint_capacity;
};

void annotations_init(struct annotations *all, int keypoint_count);
void annotations_release(struct annotations *all);

int annotations_begin_image(struct annotations *all, int width, int height, struct error *err);
/* A copy of `start` whose ranges are empty joins the newest image; lent until the next call. */
struct annotation *annotations_add(struct annotations *all, const struct annotation *start,
                                   struct error *err); /* NULL: no memory */
/* The rest belongs to the newest instance. */
int annotations_add_ring(struct annotations *all, const struct annotation_point *points, int count,
                         struct error *err);
int annotations_add_runs(struct annotations *all, const uint32_t *runs, int count,
                         struct error *err);
/* keypoint_count of them, once. */
int annotations_add_keypoints(struct annotations *all, const struct annotation_keypoint *keypoints,
                              struct error *err);
/* After instances were added in any order: gather those of each image, keeping their order.
 * image_of has item_count entries, each below image_count. */
int annotations_group(struct annotations *all, const int *image_of, struct error *err);

/* The instances of an image, its instances' parts; NULL when there are none. */
static inline const struct annotation *annotations_of(const struct annotations *all, int image)
{
    return all->images[image].count ? all->items + all->images[image].first : NULL;
}
static inline const struct annotation_ring *annotation_rings(const struct annotations *all,
                                                             const struct annotation *item)
{
    return item->ring_count ? all->rings + item->first_ring : NULL;
}
static inline const struct annotation_point *annotation_points(const struct annotations *all,
                                                               const struct annotation_ring *ring)
{
    return all->points + ring->first_point;
}
static inline const struct annotation_keypoint *
annotation_keypoints(const struct annotations *all, const struct annotation *item)
{
    return item->first_keypoint < 0 ? NULL : all->keypoints + item->first_keypoint;
}

/* The most instances that any of these images has, crowds left out: bounds a batch's targets. */
int annotations_most_per_image(const struct annotations *all, const int *images, int count);

int64_t annotations_memory_bytes(const struct annotations *all);

/* The box around points; all zero when there are none. */
struct annotation_box annotation_box_around(const struct annotation_point *points, int count);
struct annotation_box annotation_box_join(struct annotation_box a, struct annotation_box b);
struct annotation_box annotation_box_clip(struct annotation_box box, float width, float height);
static inline float annotation_box_width(const struct annotation_box *box)
{
    return box->right - box->left;
}
static inline float annotation_box_height(const struct annotation_box *box)
{
    return box->bottom - box->top;
}
/* Area inside a ring, by the shoelace formula; never negative. */
double annotation_ring_area(const struct annotation_point *points, int count);

#endif
