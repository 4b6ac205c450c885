/* check.h - look at every image of a dataset before training on it.
 *
 * Every file is decoded completely.  Equal files are found by their SHA-256, images that look the
 * same by a 64-bit hash of their brightness gradients and by their brightness itself; either is
 * worst where one of the two trains the network and the other measures it.
 */
#ifndef DATA_CHECK_H
#define DATA_CHECK_H

#include "base/sha256.h"
#include "data/dataset.h"
#include <stdbool.h>
#include <stdint.h>

struct error;
struct str;

#define CHECK_BLOCKS_WIDE 9
#define CHECK_BLOCKS_HIGH 8

struct check_file {
    const char *message; /* why it does not decode; NULL: it does */
    int width, height;
    bool is_rotated;                                       /* by its EXIF orientation */
    uint8_t blocks[CHECK_BLOCKS_WIDE * CHECK_BLOCKS_HIGH]; /* brightness */
    uint64_t look; /* bit set: darker than its right neighbour, of 9 x 8 blocks */
    char sha256[SHA256_TEXT_SIZE];
};

struct check_pair {
    int a, b;      /* items, a before b */
    bool is_equal; /* the files are equal, byte for byte */
    bool is_leak;  /* they are in different splits */
};

/* What could be done about a file.  Of equal files one stays: that of the test, else of the val
 * split, so that measurements remain comparable, else the first by its path. */
struct check_fix {
    char id[17];      /* the same for the same kind and path */
    /* unreadable, duplicate, unused_file; for people: conflicting_duplicate, near_duplicate; of
     * labels: clip, drop, drop_duplicate, boxes; of data.yaml: add_classes, class_count,
     * splits. */
    const char *kind;
    const char *path; /* of the file concerned */
    int item;         /* -1: the file is no image of the data set */
    const char *reason;
    bool removes; /* it can be applied: the file is taken out */
    bool edits;   /* it can be applied: a row or element of a label file changes or goes */
    bool configures; /* it can be applied: data.yaml is written anew */
    const struct dataset_finding *finding; /* of labels; NULL: none */
};

struct check_report {
    const struct dataset *dataset; /* borrowed */
    struct check_file *files;      /* by item */
    int good_count, corrupted_count, rotated_count;

    struct check_pair *pairs; /* sorted; at most CHECK_PAIR_LIMIT */
    int pair_count;
    bool has_more_pairs;
    int equal_count, alike_count, leak_count;

    struct check_fix *fixes; /* by kind, then path */
    int fix_count;

    double imbalance_ratio; /* largest class / smallest, of good images in train and val */
    int64_t total_bytes;
    int width_min, width_median, width_max;
    int height_min, height_median, height_max;

    const char **warnings; /* those of the dataset first */
    int warning_count;
    const char *obstacle; /* why it is not ready for training; NULL: it is */
    struct arena _arena;
};

#define CHECK_PAIR_LIMIT 10000
#define CHECK_LOOK_LIMIT 1000 /* proposals that only a person can decide */

struct check_options {
    int threads; /* 0: one per core */
    /* Small pictures for people are drawn meanwhile: FOLDER/PATH.jpg, THUMBNAIL_SIDE pixels at the
     * longer side, upright.  What is newer than its image stays.  NULL: none. */
    const char *thumbnails_folder;
    bool labels_only; /* find what is to be fixed in labels and look at no image */
};
#define THUMBNAIL_SIDE 192

/* options may be NULL. */
int check_run(struct check_report *report, const struct dataset *dataset,
              const struct check_options *options, struct error *err);
void check_release(struct check_report *report);

/* The report as one JSON object; lists of findings and fixes end after CHECK_LIST_LIMIT. */
#define CHECK_LIST_LIMIT 20000
void check_write(const struct check_report *report, struct str *out);
/* Every file, as one JSON object per line: path, size, split, class, width, height, and for what is
 * not used the reason.  Of labelled images also objects, classes {name: objects}, and with places
 * annotation [offset, bytes]; NULL: without. */
struct check_place {
    int64_t offset, size_bytes;
};
void check_write_files(const struct check_report *report, const struct check_place *places,
                       struct str *out);
/* The objects of every item of a labelled dataset, into a file of one JSON object per line:
 * {filename, width, height, true_boxes [{class_id, label, bbox [left, top, width, height], format
 * "xywh", is_crowd, polygons [[[x, y]...]...], keypoints [[x, y, visibility]...]}]} in pixels of
 * the upright image; an object has polygons and keypoints where they are known.  places: by item,
 * filled with where its object lies. */
int check_write_annotations(const struct dataset *dataset, const char *path,
                            struct check_place *places, struct error *err);
/* The proposed fixes, as a JSON array. */
void check_write_fixes(const struct check_report *report, struct str *out);

/* Carry out what edits label files, for the fixes that are chosen: is_chosen has fix_count entries.
 * What the files were is kept in the other folder.  *count: fixes applied. */
int check_apply_edits(const struct check_report *report, const bool *is_chosen,
                      const char *quarantine_folder, int *count, struct error *err);

/* Move the file of a proposed removal from the dataset to the same path below another folder; where
 * that is taken it gets a number. */
int check_apply_fix(const struct check_report *report, const struct check_fix *fix,
                    const char *quarantine_folder, struct error *err);

#endif
