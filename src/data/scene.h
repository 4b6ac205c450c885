/* scene.h - an image with its objects, and random changes that keep both together.
 *
 * Settings have the names and the meaning that users of YOLO trainers know.  The order is fixed:
 *
 *   mosaic       four images around a random point of a canvas of twice the side; else the image
 *                alone, letterboxed
 *   copy_paste   outlines of the canvas's mirror image pasted where they hide little
 *   warp         perspective, degrees, scale, shear and translate as one map, drawn once
 *   mixup        the whole of the above again with another image, blended in
 *   hsv          hue, saturation and value times a random factor each
 *   flipud, fliplr
 *
 * Each is a file of scene/.  All that is random comes from one rng, so that a scene depends on the
 * seed, the epoch and its image alone.
 *
 * Objects    Outlines are clipped to the image and boxes are those around what is left.  A box
 *            without an outline is mapped by its corners.  Key points that leave the image become
 *            absent; a mirror image exchanges left and right ones by flip_index, without which
 *            a pose is not mirrored.  Dropped are objects of less than 2 pixels a side, of which
 *            less than a tenth is left, or that are a hundred times as long as wide.
 */
#ifndef DATA_SCENE_H
#define DATA_SCENE_H

#include "base/rng.h"
#include "data/annotation.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dataset;
struct error;

#define SCENE_FILL 114 /* grey of what lies outside all images */
#define SCENE_MASK_STRIDE 4

struct scene_settings {
    double mosaic, mixup, copy_paste; /* probabilities */
    double degrees;                   /* of rotation, either way */
    double translate;                 /* share of the side, either way */
    double scale;                     /* factor within 1 +- this, but at least 0.1 */
    double shear;                     /* degrees, either way */
    double perspective;               /* 0 to 0.001 */
    double hsv_h, hsv_s, hsv_v;       /* factors within 1 +- this; hue in turns */
    double flipud, fliplr;            /* probabilities */
    int close_mosaic;                 /* so many last epochs go without mosaic, mixup, copy_paste,
                                       * unless that is the whole run */
    int epochs;                       /* of the whole run; 0: close_mosaic has no effect */
};

void scene_settings_init(struct scene_settings *settings); /* the schema's defaults */
int scene_settings_check(const struct scene_settings *settings, struct error *err);
/* What holds for one epoch: without mosaic, mixup and copy_paste in the last ones. */
struct scene_settings scene_settings_of_epoch(const struct scene_settings *settings, int epoch);

struct scene_object {
    int class_id;
    bool is_crowd;
    bool is_even_odd; /* rings take turns, as with holes; else each covers its inside */
    struct annotation_box box;
    int first_ring, ring_count; /* of scene.rings */
    int first_keypoint;         /* of scene.keypoints; -1: none */
};

struct scene {
    int width, height;
    uint8_t *pixels; /* width * height * 3 */
    size_t _pixel_capacity;

    struct scene_object *objects;
    struct annotation_ring *rings;
    struct annotation_point *points;
    struct annotation_keypoint *keypoints;
    int object_count, ring_count, point_count, keypoint_total;
    int _object_capacity, _ring_capacity, _point_capacity, _keypoint_capacity;

    int keypoint_count; /* K */
    const int *flip_index;
};

#define SCENE_INIT { 0 }

void scene_release(struct scene *scene);
void scene_clear(struct scene *scene); /* no objects; memory and pixels stay */
/* The pixels are undefined then. */
int scene_resize(struct scene *scene, int width, int height, struct error *err);
void scene_fill(struct scene *scene, uint8_t level);
int scene_copy(struct scene *scene, const struct scene *from, struct error *err);

/* Add the objects of an image of the data set, mapped by x * scale_x + left, y * scale_y + top. */
int scene_add_annotations(struct scene *scene, const struct dataset *dataset, int item,
                          double scale_x, double scale_y, double left, double top,
                          struct error *err);
/* Add another scene's objects, moved. */
int scene_add_objects(struct scene *scene, const struct scene *from, float left, float top,
                      struct error *err);

/* How points move: homogeneous 3 x 3, row by row. */
struct scene_map {
    double m[9];
};
#define SCENE_MAP_SAME { { 1, 0, 0, 0, 1, 0, 0, 0, 1 } }
/* map = after * map */
void scene_map_join(struct scene_map *map, const struct scene_map *after);
void scene_map_point(const struct scene_map *map, double *x, double *y);

/* Map all objects and clip them to width x height; `judge` drops what is no longer worth it. */
int scene_map_objects(struct scene *scene, const struct scene_map *map, int width, int height,
                      bool judge, struct error *err);
/* The same for pixels: `out` becomes width x height of them, bilinear, SCENE_FILL outside. */
int scene_map_pixels(const struct scene *scene, const struct scene_map *map, int width, int height,
                     struct scene *out, struct error *err);

/* Linear interpolation without antialiasing, as OpenCV's resize() does by default, to the level. */
struct linear_scratch {
    int *columns;
    int32_t *rows;
    size_t _capacity;
};
int linear_resize(struct linear_scratch *scratch, const uint8_t *source, int source_width,
                  int source_height, uint8_t *target, int width, int height, int stride,
                  struct error *err);
void linear_scratch_release(struct linear_scratch *scratch);

/* Call `paint` with each stretch of pixels of row y whose middles are inside the rings, after
 * these were scaled. */
typedef void scene_paint_fn(void *context, int y, int begin, int end);
int scene_paint(const struct annotation_point *points, const struct annotation_ring *rings,
                int ring_count, bool is_even_odd, double scale, int width, int height,
                scene_paint_fn *paint, void *context, struct error *err);

/* Where an image lies in a square of `side` pixels: as large as fits, in the middle. */
struct letterbox {
    int width, height, left, top;
    double scale_x, scale_y;
};
struct letterbox letterbox_of(int width, int height, int side);

/* A row of the table of changes. */
enum scene_stage { SCENE_WARP, SCENE_FINISH };
struct scene_change {
    const char *name;
    enum scene_stage stage;
    /* SCENE_WARP: join a random map of coordinates whose origin is the canvas's middle. */
    void (*bend)(struct scene_map *map, const struct scene_settings *settings, int side,
                 struct rng *rng);
    /* SCENE_FINISH */
    void (*apply)(struct scene *scene, const struct scene_settings *settings, struct rng *rng);
};
extern const struct scene_change *const scene_changes[]; /* in their order */
extern const int scene_change_count;

/* scene/mosaic.c: `canvas` becomes 2 * side a side, and the four parts lie around a random point.
 * Parts are at most `side` a side. */
int scene_mosaic(struct scene *canvas, const struct scene *parts, int side, struct rng *rng,
                 int part, int place[2], struct error *err);
/* scene/copy_paste.c */
int scene_copy_paste(struct scene *scene, struct scene *spare,
                     const struct scene_settings *settings, struct rng *rng, struct error *err);
/* scene/mixup.c: blend `other`, of the same size, into `scene`. */
int scene_mixup(struct scene *scene, const struct scene *other, struct rng *rng,
                struct error *err);
/* scene/flips.c */
void scene_mirror(struct scene *scene);    /* left to right */
void scene_upside_down(struct scene *scene);

/* The random map of a canvas onto side x side pixels around its middle. */
struct scene_map scene_warp(const struct scene_settings *settings, int canvas_width,
                            int canvas_height, int side, struct rng *rng);

/* The most objects that a scene can have, for the static size of a batch's targets: at least 1. */
int scene_most_objects(const struct dataset *dataset, int split,
                       const struct scene_settings *settings);

#endif
