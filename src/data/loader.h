/* loader.h - turn a dataset into batches, in background threads.
 *
 * Ownership  The loader borrows the dataset, which must outlive it.  A batch is lent: it is valid
 *            until the next loader_next(), loader_start() or loader_free().
 * Threads    One consumer.  Decoding, augmentation and mixing run on threads that the loader owns.
 * Order      Every number in a batch is fixed by options and seed, epoch and place in the epoch,
 *            whatever the number of threads, and wherever loader_start() began.
 * Memory     `ahead` + 1 batches, a set of buffers per thread, and the cache; nothing is
 *            allocated per image once the largest has been seen.
 * Bad files  An image that does not decode is reported once by loader_failures().  In training
 *            the next good image of the epoch's order takes its place; in evaluation the batch is
 *            so much shorter.  More than `failure_limit` of the images is an error, and so is all
 *            of them.
 */
#ifndef DATA_LOADER_H
#define DATA_LOADER_H

#include "data/augment.h"
#include "data/dataset.h"
#include "data/mix.h"
#include "data/scene.h"
#include "data/transform.h"
#include <stdbool.h>
#include <stdint.h>

struct error;
struct loader;

#define LOADER_FAILURE_LIMIT 0.05 /* where nobody says which share of the images may be bad */

struct loader_options {
    enum dataset_split split;
    struct transform transform;
    int batch_size; /* required */
    int threads;    /* 0: one per core */
    int ahead;      /* batches kept ready; 0: 2 */
    uint64_t seed;
    bool shuffle;                           /* training: new order each epoch, bad files replaced */
    bool drop_last;                         /* leave out a last batch that is not full */
    bool fill_last; /* fill it with the epoch's first images again: networks learn from every row */
    bool is_exact;                          /* decode whole images even where a part would do */
    const struct augment_settings *augment; /* copied; NULL: none */
    const struct mix_settings *mix;         /* copied; NULL: none */
    /* Detection, segmentation and pose; augment and mix are not used then.  Without settings
     * images are letterboxed. */
    const struct scene_settings *scene; /* copied; NULL: evaluation */
    int most_boxes; /* of one image; 0: scene_most_objects(), which is what it must not be below */
    int64_t cache_limit_bytes;              /* 0: no cache; see below */
    double failure_limit; /* share of the images that may be bad; 0: none may */
};
/* The cache keeps images shrunk to what the network can see of them (twice the image size when
 * crops are cut from them), so with random_crop its pixels differ slightly from those of decoding
 * afresh.  They do not depend on how many images fit. */

struct batch {
    int epoch, index; /* as given to loader_start() */
    int capacity;     /* rows of the arrays: the batch size */
    int count;        /* rows that hold an image: the first ones.  The others are zero */
    int image_size, class_count;
    const float *images;  /* capacity x 3 x image_size x image_size */
    const int *labels;    /* capacity; -1 in empty rows.  Mixing does not change them */
    const float *targets; /* capacity x class_count: smoothed and mixed */
    const int *items;     /* capacity; indices into the dataset's items, -1 in empty rows */

    /* Detection, segmentation and pose, instead of labels and targets: the tensors that
     * models/detector.h describes, M = most_boxes, in pixels of the batch's images. */
    int most_boxes;
    const float *boxes;      /* capacity x M x 4: left, top, right, bottom */
    const int32_t *classes;  /* capacity x M */
    const int32_t *counts;   /* capacity; -1 in empty rows */
    const int32_t *masks;    /* capacity x S/4 x S/4; NULL but for segmentation */
    const float *key_points; /* capacity x M x K x 3; NULL but for pose */
    const struct batch_place *places; /* capacity: where the whole image lies; evaluation only */
};

/* A letterboxed image: x of the original lies at x * scale_x + left. */
struct batch_place {
    int width, height; /* of the original */
    double scale_x, scale_y, left, top;
};

struct loader_failure {
    int item;
    const char *message;
};

struct loader_stats {
    double waited_seconds; /* that loader_next() stood still */
    int64_t batch_count, image_count;
    int64_t cache_bytes;
    int cached_count;
    int failed_count;
};

/* Threads start at once, with epoch 0, batch 0. */
int loader_open(struct loader **out, const struct dataset *dataset,
                const struct loader_options *options, struct error *err);
void loader_free(struct loader *loader); /* waits for running threads; NULL is fine */

int loader_batch_count(const struct loader *loader); /* per epoch */
int loader_image_count(const struct loader *loader); /* per epoch, before dropping */

/* Go on with this batch of this epoch, e.g. when resuming.  batch may be loader_batch_count(). */
void loader_start(struct loader *loader, int epoch, int batch);

/* 1: *batch is set.  0: the epoch is over; the next call starts another.  -1: failed. */
int loader_next(struct loader *loader, const struct batch **batch, struct error *err);

/* Files that did not decode so far, in the order met; all are counted, the first 100 kept. */
const struct loader_failure *loader_failures(const struct loader *loader, int *count);
struct loader_stats loader_stats(const struct loader *loader);

/* What the largest images take, by the headers of the files with the most bytes.  What the decoder
 * would refuse for its size does not count. */
struct loader_extent {
    int64_t pixels, file_bytes; /* of one image */
    bool is_turned;             /* some are stored on their side and need a second set of pixels */
    bool has_masks;             /* segmentation */
    int keypoint_count;         /* pose */
};
struct loader_extent loader_extent(const struct dataset *dataset);

/* Upper estimate of what a loader with these options takes for images of that extent: with
 * most_boxes for scenes, which in training (`scene`) need larger canvases. */
int64_t loader_memory_bytes(const struct loader_options *options,
                            const struct loader_extent *extent, int class_count);

#endif
