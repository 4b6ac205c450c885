/* match.h - which of the things found count as right: COCO's assignment for one class of an image.
 *
 * In the order of their scores the found things take, for each threshold on the overlap and each
 * range of areas, the free truth that they overlap most.  Truths out of the range, crowds, and
 * persons without a labelled point are ignored: what matches them, or matches nothing and is
 * itself out of the range, counts neither as right nor as wrong.  A truth that counts is
 * preferred to any that is ignored, and of equal overlaps the later truth wins. */
#ifndef SCORE_MATCH_H
#define SCORE_MATCH_H

#include "score/overlap.h"

#include <stdint.h>

#define MATCH_THRESHOLDS 10 /* 0.5, 0.55 ... 0.95 */

/* By pixels of area: all, up to 32^2, to 96^2, above.  The limits belong to both sides. */
enum match_range { MATCH_ALL, MATCH_SMALL, MATCH_MEDIUM, MATCH_LARGE, MATCH_RANGES };

/* Bit t belongs to threshold t. */
struct match_flags {
    uint16_t matched[MATCH_RANGES], ignored[MATCH_RANGES];
};

struct match_pair;

/* Memory that is kept from one call to the next.  All zero to begin with. */
struct matcher {
    struct match_pair *_pairs;
    int _pair_capacity;
    struct match_truth *_truths;
    int _truth_capacity;
};

void matcher_release(struct matcher *matcher);

double match_threshold(int index);

/* found: of one class, best first; truths: of the same class; both as pointers.  Fills one flags
 * per found thing and, by range, how many truths count. */
void matcher_run(struct matcher *matcher, const struct overlap_rule *rule,
                 const struct image_object *const *found, int found_count,
                 const struct image_object *const *truths, int truth_count,
                 struct match_flags *flags, int counting[MATCH_RANGES]);

#endif
