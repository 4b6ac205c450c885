/* detection_confusion.h - what was taken for what, as people look at it: one confidence, one
 * overlap of boxes, one answer per thing.
 *
 * Of all pairs of a truth and something found, whatever their classes, that overlap enough, the
 * pairs with the greatest overlap are taken first (ties: the better score, then the earlier
 * truth), each thing once.  A pair of one class is right, any other a confusion; what remains is
 * missed or a false alarm.  Crowds are neither: what overlaps nothing but a crowd is left out.
 * Average precision goes by other rules (detection_metrics.h). */
#ifndef SCORE_DETECTION_CONFUSION_H
#define SCORE_DETECTION_CONFUSION_H

#include "objects/image_object.h"

#include <stdint.h>

#define CONFUSION_CONFIDENCE 0.25
#define CONFUSION_OVERLAP 0.45
/* With more classes no matrix is kept: nobody could read it, and it grows with their square. */
#define CONFUSION_CLASSES_MOST 500

enum match_outcome { OUTCOME_RIGHT, OUTCOME_CONFUSED, OUTCOME_MISSED, OUTCOME_FALSE_ALARM };

const char *match_outcome_name(enum match_outcome outcome); /* "right" */

/* Indices into the two arrays that were compared; -1 where there is no partner. */
struct object_match {
    int truth, found;
    enum match_outcome outcome;
    double overlap;
};

struct detection_confusion {
    int classes;
    int64_t *cells; /* [truth * (classes + 1) + found]; the last row and column: background; NULL
                       with more than CONFUSION_CLASSES_MOST classes */
    double confidence, overlap;

    struct object_match *matches; /* of the newest image: truths in their order, then the rest */
    int match_count;
    int _match_capacity;
    struct object_match *_pairs;
    int _pair_capacity;
};

void detection_confusion_init(struct detection_confusion *confusion, int classes);
void detection_confusion_release(struct detection_confusion *confusion);
void detection_confusion_clear(struct detection_confusion *confusion);
int64_t detection_confusion_memory_bytes(int classes);

/* One image; fills confusion->matches, which hold until the next call. */
void detection_confusion_add(struct detection_confusion *confusion,
                             const struct image_object *truths, int truth_count,
                             const struct image_object *found, int found_count);

#endif
