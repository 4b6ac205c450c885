/* dataset.h - what is in a folder of labelled images.
 *
 * Layouts    DIR/{train,val,test}/CLASS/IMAGE, with or without val and test (also "training",
 *            "validation", "testing", in any case), or flat DIR/CLASS/IMAGE.  One folder around
 *            all that, as archives like to have, is looked through.  Folders inside a class
 *            folder belong to that class.
 * Classes    The sorted names of the train split's folders that hold images: an id is an index
 *            into that list.  It is the list to store in checkpoints.
 * Splits     Who decides, the first that says something: the options, a split_config.json beside
 *            the data (split_config.h), the layout.  Where none names images to validate with, the
 *            train images are divided.  Of what is divided, a class with one image goes to train,
 *            with two or more it is on both sides; it depends on names and seed alone.  A file is
 *            in one split only.
 * Accounts   Every file below DIR is either an item or in `excluded` with its reason.  Nothing is
 *            decoded here: whether a file is a good image is seen by the loader and by check.h.
 * Labelled   For boxes, outlines and key points the layouts are those of YOLO, COCO, DICE and
 *            Pascal VOC; labelled.h tells how they are read.  Then every row of every label file
 *            is accounted for too: used, used after a repair in memory, or left out; the latter
 *            two are in `findings`.  An image without a label is one without objects.
 * Ownership  The dataset owns everything it points to until dataset_close().
 */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "base/arena.h"
#include "base/sha256.h"
#include "data/annotation.h"
#include <stdbool.h>
#include <stdint.h>

struct error;

enum dataset_task {
    DATASET_TASK_CLASSIFICATION,
    DATASET_TASK_DETECTION,
    DATASET_TASK_SEGMENTATION, /* of instances */
    DATASET_TASK_POSE,
    DATASET_TASK_COUNT,
    DATASET_TASK_BY_CONTENT = DATASET_TASK_COUNT /* as an option: what the labels show */
};

enum dataset_split {
    DATASET_SPLIT_TRAIN,
    DATASET_SPLIT_VAL,
    DATASET_SPLIT_TEST,
    DATASET_SPLIT_COUNT
};

enum dataset_split_method {
    DATASET_SPLIT_USE_DATASET, /* the data set decides; without images for val: auto */
    DATASET_SPLIT_AUTO,        /* train and val images are pooled and divided anew */
    DATASET_SPLIT_CUSTOM,      /* `assignments` decide, the others stay where they are */
    DATASET_SPLIT_PARTIAL      /* `assignments` decide, the others are divided */
};

struct dataset_assignment {
    const char *path; /* relative to the folder that was opened, or to where its layout begins */
    enum dataset_split split;
};

struct dataset_options {
    /* Classification: "imagefolder", "dice" (the same tree) or NULL.  Otherwise "yolo", "coco",
     * "dice", "voc" or NULL, which decides by content. */
    const char *format;
    enum dataset_task task;
    bool is_lenient; /* for check.h: open what could not be trained with, too */
    enum dataset_split_method method;
    double train_ratio; /* 0: 0.8 */
    uint64_t seed;      /* of the division; 0: 42 */
    const struct dataset_assignment *assignments;
    int assignment_count;
    bool is_record;             /* assignments are what a run had: those of no image are no fault */
    bool only_assigned;         /* images without an assignment are left out, and counted */
    const char *const *exclude; /* paths to leave out, as in assignments */
    int exclude_count;
};

struct dataset_item {
    const char *path; /* relative to the root, with '/' */
    int64_t size_bytes;
    int class_id; /* classification; otherwise the rarest class on the image, -1: no objects */
    enum dataset_split split;
};

struct dataset_excluded {
    const char *path;
    const char *reason; /* "hidden", "not an image by its name", ... */
};

enum dataset_outcome { DATASET_FIXED, DATASET_EXCLUDED, DATASET_REMARK };

/* Something about a label file or one of its rows. */
struct dataset_finding {
    const char *path; /* of the label file, relative to the root */
    int line;         /* from 1; 0: the file as a whole */
    int64_t element;  /* which of the file's annotations, from 0; -1: none */
    int item;         /* the image; -1: none */
    enum dataset_outcome outcome;
    const char *message; /* "x = 1.034 > 1" */
    /* What fixing does: "clip", "drop", "drop_duplicate", "boxes"; and for the data set as a whole
     * "add_classes", "class_count", "splits".  NULL: nothing can be done. */
    const char *remedy;
    const char *replacement; /* of the row or element; NULL: it goes */
};

struct dataset_rows {
    int64_t used, fixed, excluded; /* fixed ones are used too, but not counted as such */
};

struct dataset {
    const char *root;
    const char *format;
    const char **classes;
    int class_count;
    int wanted_class_count; /* of the remedy "add_classes": with those that labels use unnamed */
    struct dataset_item *items; /* sorted by path */
    int item_count;
    struct dataset_excluded *excluded; /* sorted by path */
    int excluded_count;
    const char **warnings;
    int warning_count;
    int *class_counts[DATASET_SPLIT_COUNT]; /* items of each class */
    bool has_folder[DATASET_SPLIT_COUNT];   /* such a folder exists; none: the flat layout */
    const char *split_method; /* as used: "use_dataset" (the layout), "auto", "custom", ... */
    const char *split_source; /* "split_strategy" (the options), "split_config", "default" */
    bool is_divided;    /* train and val come from a ratio and a seed, not from the data set */
    double train_ratio; /* as used */
    uint64_t seed;
    char hash[SHA256_TEXT_SIZE]; /* of the sorted relative paths and sizes of the items; of the
                                    labels as well where there are any */

    /* All but classification. */
    enum dataset_task task;
    struct annotations annotations; /* image i is item i */
    int keypoint_size;              /* numbers per key point in the files: 2 or 3; 0: no pose */
    const int *flip_index;          /* by key point, its partner in a mirror; NULL: not known */
    const char **keypoint_names;    /* NULL: not known */
    const int (*skeleton)[2];       /* pairs of key points, from 0 */
    int skeleton_count;
    const int64_t *category_ids;    /* by class, as COCO's and DICE's files have them; else NULL */
    const int64_t *image_ids;       /* by item, the same */
    struct dataset_finding *findings; /* by path, line, element */
    int finding_count;
    bool has_more_findings; /* only the first DATASET_FINDING_LIMIT are kept; all are counted */
    struct dataset_rows rows;
    struct arena _arena;
};

#define DATASET_FINDING_LIMIT 200000

/* Read the tree.  options may be NULL.  Fails, naming the folder, when it is missing or cannot
 * be read, when it holds no images, and when there are fewer than two classes.
 * Instead of a folder a YOLO data.yaml may be given, under any name that ends in .yaml or .yml: it
 * stands for the folder that it lies in and is believed before others there.  INVALID when the
 * images that it names lie elsewhere. */
int dataset_open(struct dataset *dataset, const char *folder, const struct dataset_options *options,
                 struct error *err);
void dataset_close(struct dataset *dataset);

int dataset_count(const struct dataset *dataset, enum dataset_split split);
const char *dataset_split_name(enum dataset_split split); /* "train" */
const char *dataset_task_name(enum dataset_task task);    /* "object_detection" */
/* By its name or an alias of it ("detection", "segmentation", "pose"); -1: none. */
int dataset_task_find(const char *name);

/* The whole path of an item, in the arena. */
char *dataset_item_path(const struct dataset *dataset, struct arena *arena, int item);

/* Record the splits of a run: FOLDER/splits/{train,val,test}.txt with a line "PATH CLASS_ID" per
 * item, classes.txt with a name per line, split_metadata.json. */
int dataset_write_splits(const struct dataset *dataset, const char *folder, struct error *err);

#endif
