/* labelled_internal.h - what the readers of label formats share: a data set under construction.
 *
 * A reader adds images, calls labelled_settle(), after which image i is item i of the data set to
 * be, and then adds objects to them in any order. */
#ifndef DATA_LABELLED_INTERNAL_H
#define DATA_LABELLED_INTERNAL_H

#include "base/map.h"
#include "data/labelled.h"
#include "formats/json_walk.h"
#include <jansson.h>

struct str;

struct labelled_file {
    const char *path; /* relative to the root */
    int64_t size_bytes;
    bool is_image; /* by its name */
    bool is_taken; /* a part of the data set: an image, a label file, a list */
    const char *reason; /* why it is not; NULL: the usual one */
};

struct labelled_image {
    int file;
    enum dataset_split split;
    int width, height;
};

/* What is known of an object while it is read. */
struct labelled_object {
    struct annotation base; /* class, box, area, crowd, line, source_id */
    const struct annotation_point *points; /* of all rings, one after the other */
    const int *ring_lengths;
    int ring_count;
    const uint32_t *runs;
    int run_count;
    const struct annotation_keypoint *keypoints;
    bool is_plain_box; /* the file gives a box and no shape */
};

/* Where a row stands, for findings about it. */
struct labelled_place {
    const char *path;
    int line;
    int64_t element; /* -1: none */
    int image;       /* -1: none */
};

struct labelled {
    struct dataset_builder *builder;
    struct dataset *dataset;
    const struct dataset_options *options;
    struct arena *arena; /* the data set's */
    const char *base;    /* the folder where the layout begins: "" or "wrapper/" */
    struct {
        struct labelled_file *items;
        int count, capacity;
    } files; /* sorted by path */
    struct map by_path, folders; /* file + 1; anything */
    struct {
        struct labelled_image *items;
        int count, capacity;
    } images;
    struct {
        const char **items;
        int count, capacity;
    } classes;
    struct {
        struct dataset_finding *items;
        int count, capacity;
    } findings;
    struct {
        const char **items;
        int count, capacity;
    } kinds; /* by finding: what is the same in all that say the same of another file or row */
    struct {
        struct labelled_origin {
            struct labelled_place place;
            bool has_shape;   /* not a plain box */
            bool is_repaired; /* counted among the fixed rows */
        } *items;
        int count, capacity;
    } origins; /* by annotation, in the order in which they were added */
    int64_t plain_box_count, shape_count;
    bool is_box_or_shape; /* a row of this format is one of them, so that mixing says something */
    bool is_mirror_told; /* why images are not mirrored */
    bool has_split[DATASET_SPLIT_COUNT], has_listed[DATASET_SPLIT_COUNT]; /* readable; named */
    int shared_count; /* images listed in train and in val */
    struct labelled_seen {
        uint64_t *hashes;
        int count, capacity;
        int image;
    } seen; /* rows of the newest image, to find duplicates */
};

/* ---- labelled_files.c: what is there ----------------------------------------------------- */

int labelled_list(struct labelled *all, struct error *err);
/* A file by a path from a folder of the root (""); "a/./b" is "a/b", and what leads outside,
 * absolute and empty ones are -1. */
int labelled_find_inner(const struct labelled *all, const char *folder, const char *path);
/* A file that is named by somebody else's path: cut from the left until one fits; -1: none. */
int labelled_find_foreign(const struct labelled *all, const char *folder, const char *path);
bool labelled_has_folder(const struct labelled *all, const char *path); /* without '/' at its end */
/* Path of `folder`/`inner` with "." taken away, in the arena; NULL when it leads outside. */
const char *labelled_path(const struct labelled *all, const char *folder, const char *inner);
void labelled_take(struct labelled *all, int file);
/* The whole file, at most 64 MB, without a byte order mark. */
int labelled_read_file(const struct labelled *all, int file, struct str *out, struct error *err);
/* The split that a path shows by one of its folders ("train2017", "valid"). */
bool labelled_find_split(const char *path, enum dataset_split *split);
bool labelled_split_by_name(const char *name, size_t length, enum dataset_split *split);

/* ---- labelled.c: images, objects, findings ----------------------------------------------- */

/* -1 when it is excluded by the options. */
int labelled_add_image(struct labelled *all, int file, enum dataset_split split);
/* Sort the images by path, read their sizes, leave out what cannot be read. */
int labelled_settle(struct labelled *all, struct error *err);
/* The image with this file; -1: none.  After labelled_settle(). */
int labelled_find_image(const struct labelled *all, int file);

int labelled_add_object(struct labelled *all, const struct labelled_place *place,
                        const struct labelled_object *object, struct error *err);
/* Note a finding, counted as a row when it is about one (`line` or `element`); `remedy` and
 * `replacement` may be NULL; the latter must live as long as the data set. */
void labelled_note(struct labelled *all, const struct labelled_place *place,
                   enum dataset_outcome outcome, const char *remedy, const char *replacement,
                   const char *format, ...) __attribute__((format(printf, 6, 7)));
void labelled_count_used(struct labelled *all);
/* Boxes or outlines: done by labelled_add_object(); for rows that wait for their class, too, so
 * that naming it does not change the task. */
void labelled_count_kind(struct labelled *all, const struct labelled_object *object);
/* Was an equal row met on this image? */
bool labelled_is_repeated(struct labelled *all, int image, const void *bytes, size_t size_bytes);

/* Class names: by an id, "class_7" where none is given.  False when the id is not sensible. */
#define LABELLED_CLASS_LIMIT 100000
void labelled_set_class(struct labelled *all, int id, const char *name);

/* Clip a box of pixels to its image.  `text` says what is wrong when something is; returns 0: it is
 * within, but for rounding, and left as it is, 1: clipped, 2: nothing is left. */
int labelled_clip_box(struct annotation_box *box, int width, int height, char text[64]);

/* ---- the readers ------------------------------------------------------------------------- */

struct labelled_format {
    const char *name;
    /* How surely this is it, 0 to 1; 0: no. */
    double (*judge)(struct labelled *all);
    int (*read)(struct labelled *all, struct error *err);
};
extern const struct labelled_format labelled_yolo, labelled_coco, labelled_dice, labelled_voc;

/* labelled_task.c: decide on the task, repair or set aside the rows that do not fit it. */
int labelled_choose_task(struct labelled *all, struct error *err);
void labelled_fit_to_task(struct labelled *all);

/* labelled_words.c: warn whoever does not ask for findings of the rows that are not as they stand,
 * and of the remarks on files. */
void labelled_warn_of_findings(struct labelled *all);

/* labelled_split.c: divide, count, and say what is missing. */
int labelled_divide(struct labelled *all, struct error *err);
/* labelled_balance.c: move open images until every class that two show is in train and in val, as
 * far as that can be; both: images of train and val by class. */
void labelled_balance(struct dataset *dataset, const bool *is_open, const int *both);

#endif
