/* mask.h - binary masks as runs, the way the COCO data set stores them.
 *
 * Runs       A mask of width x height is read down its columns, from left to right; `runs` are
 *            lengths of alternating stretches, the first one outside (it may be 0).  They add up
 *            to width * height.  No run but the first is 0.
 * Text       COCO's "counts" strings: each run, from the fourth on less the one two before, in
 *            signed groups of 5 bits, lowest first, as characters from '0' on.
 * Polygons   mask_set_ring() covers the same pixels as the public COCO tools do: the outline is
 *            walked on a grid five times as fine, and a column's pixel is inside from the first
 *            crossing to the next.
 * Hostile    Texts and runs from files are checked against the mask's size; sizes are at most
 *            MASK_SIDE_LIMIT a side.
 * Memory     A struct mask owns its runs and keeps them from one use to the next: clear by using.
 */
#ifndef DATA_MASK_H
#define DATA_MASK_H

#include "data/annotation.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct str;

#define MASK_SIDE_LIMIT 65500

struct mask {
    int width, height;
    uint32_t *runs;
    int run_count;
    int _capacity;
};

#define MASK_INIT { 0 }

void mask_release(struct mask *mask);

/* Make `mask` ... */
int mask_set_empty(struct mask *mask, int width, int height, struct error *err);
/* ... these runs, which are checked and copied; zeros in the middle are joined away. */
int mask_set_runs(struct mask *mask, int width, int height, const uint32_t *runs, int count,
                  struct error *err);
/* ... what a "counts" text says. */
int mask_set_text(struct mask *mask, int width, int height, const char *text, size_t length,
                  struct error *err);
/* ... the pixels that are not 0, row after row, `stride` bytes apart. */
int mask_set_pixels(struct mask *mask, int width, int height, const uint8_t *pixels, int stride,
                    struct error *err);
/* ... the inside of one outline. */
int mask_set_ring(struct mask *mask, int width, int height, const struct annotation_point *points,
                  int count, struct error *err);
/* ... a box with fractional sides, as an outline of four corners. */
int mask_set_box(struct mask *mask, int width, int height, const struct annotation_box *box,
                 struct error *err);
/* ... the shape of an instance in an image of this size: its runs, the union of its rings, or
 * else its box. */
int mask_set_annotation(struct mask *mask, int width, int height, const struct annotations *all,
                        const struct annotation *item, struct error *err);

/* mask = mask or other; of the same size. */
int mask_unite(struct mask *mask, const struct mask *other, struct error *err);

void mask_write_text(const struct mask *mask, struct str *out); /* appends */
void mask_write_pixels(const struct mask *mask, uint8_t *pixels, int stride, uint8_t value);

int64_t mask_area(const struct mask *mask); /* pixels inside */
/* Around the pixels inside: right and bottom are outer edges; all zero when there are none. */
struct annotation_box mask_box(const struct mask *mask);

/* Pixels in both; masks of the same size. */
int64_t mask_common(const struct mask *a, const struct mask *b);
/* Common / united; with is_crowd common / area of `found`, because a crowd has no outline of its
 * own.  0 when both are empty. */
double mask_iou(const struct mask *found, const struct mask *truth, bool truth_is_crowd);

/* Outlines along the edges of pixels, corners only: pieces clockwise on the screen, holes the
 * other way around, so that both the winding and the even-odd rule give the mask back.  Pieces that
 * touch at a corner only are separate.  In order of their first pixel by column. */
struct mask_rings {
    struct annotation_point *points;
    int point_count;
    struct annotation_ring *rings;
    int ring_count;
    int _point_capacity, _ring_capacity;
};
int mask_trace(const struct mask *mask, struct mask_rings *out, struct error *err); /* replaces */
void mask_rings_release(struct mask_rings *rings);

#endif
