/* sample.h - a drawn dataset, so that everything can be tried without anybody's photographs.
 *
 * Each image shows one shape of its class over a lit, patterned background with some clutter:
 * position, size, angle, colours, texture, light and noise are random and say nothing about the
 * class, so that a network has to learn the shape and needs a few epochs for it.
 *
 * Image n of a class in a split depends on the seed, class, split and n alone: the same options
 * give the same bytes, and more images leave the first ones as they were.
 */
#ifndef DATA_SAMPLE_H
#define DATA_SAMPLE_H

#include "data/dataset.h"
#include <stdint.h>

struct error;

#define SAMPLE_CLASS_LIMIT 10
#define SAMPLE_POINT_LIMIT 64
#define SAMPLE_LOOP_LIMIT 2

struct sample_options {
    int class_count;     /* 2 to SAMPLE_CLASS_LIMIT; 0: 4 */
    int train_per_class; /* 0: 100 */
    int val_per_class;   /* 0: 25 */
    int image_size;      /* side in pixels, 16 to 1024; 0: 96 */
    uint64_t seed;

    /* Detection, segmentation and pose: several shapes an image in the YOLO layout, with
     * train_count and val_count images; 0: 100 and 25. */
    enum dataset_task task;
    int train_count, val_count;
};

#define SAMPLE_OBJECT_LIMIT 6

struct sample_point {
    double x, y; /* pixels; (0, 0) is the upper left corner of the image */
};

struct sample_loop {
    struct sample_point points[SAMPLE_POINT_LIMIT];
    int count;
};

enum sample_keypoint {
    SAMPLE_KEYPOINT_CENTRE,
    SAMPLE_KEYPOINT_TOP, /* the end of the shape's own axes, which turn with it */
    SAMPLE_KEYPOINT_RIGHT,
    SAMPLE_KEYPOINT_BOTTOM,
    SAMPLE_KEYPOINT_LEFT,
    SAMPLE_KEYPOINT_COUNT
};

/* What is in an image, exactly. */
struct sample_scene {
    int class_id; /* in the order of sample_class_name(), which is sorted */
    struct sample_loop loops[SAMPLE_LOOP_LIMIT]; /* the outline; a second one is a hole */
    int loop_count;
    double x, y, width, height; /* the box around the outline */
    struct sample_point keypoints[SAMPLE_KEYPOINT_COUNT];
};

/* Names of the first `class_count` shapes, sorted: class_id indexes them. */
const char *sample_class_name(int class_count, int class_id);

/* Draw one image: image_size * image_size * 3 bytes.  Options must be complete (no zeros). */
void sample_draw(const struct sample_options *options, enum dataset_split split, int class_id,
                 int index, uint8_t *pixels, struct sample_scene *scene);

/* Draw an image of 1 to SAMPLE_OBJECT_LIMIT shapes that hardly cover each other, later ones on top;
 * returns their number.  Upright within 30 degrees for pose, so that the top is the top. */
int sample_draw_objects(const struct sample_options *options, enum dataset_split split, int index,
                        uint8_t *pixels, struct sample_scene scenes[SAMPLE_OBJECT_LIMIT]);

/* Write FOLDER/{train,val}/CLASS/NNNN.jpg, or for objects FOLDER/data.yaml, images/{train,val} and
 * labels/{train,val}.  The folder must not exist or be empty. */
int sample_write(const char *folder, const struct sample_options *options, struct error *err);

#endif
