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

struct check_report {
    const struct dataset *dataset; /* borrowed */
    struct check_file *files;      /* by item */
    int good_count, corrupted_count, rotated_count;

    struct check_pair *pairs; /* sorted; at most CHECK_PAIR_LIMIT */
    int pair_count;
    bool has_more_pairs;
    int equal_count, alike_count, leak_count;

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

/* threads: 0 for one per core. */
int check_run(struct check_report *report, const struct dataset *dataset, int threads,
              struct error *err);
void check_release(struct check_report *report);

/* The report as one JSON object. */
void check_write(const struct check_report *report, struct str *out);

#endif
