/* detection_confusion.c - see detection_confusion.h. */

#include "score/detection_confusion.h"

#include "base/error.h"
#include "base/vec.h"
#include "score/overlap.h"

#include <string.h>

static const char *const outcome_names[] = {
    [OUTCOME_RIGHT] = "right",
    [OUTCOME_CONFUSED] = "confused",
    [OUTCOME_MISSED] = "missed",
    [OUTCOME_FALSE_ALARM] = "false_alarm",
};

const char *match_outcome_name(enum match_outcome outcome)
{
    return outcome_names[outcome];
}

static size_t cell_count(const struct detection_confusion *confusion)
{
    if (confusion->classes > CONFUSION_CLASSES_MOST)
        return 0;
    return (size_t)(confusion->classes + 1) * (size_t)(confusion->classes + 1);
}

void detection_confusion_init(struct detection_confusion *confusion, int classes)
{
    *confusion = (struct detection_confusion){ .classes = classes,
                                               .confidence = CONFUSION_CONFIDENCE,
                                               .overlap = CONFUSION_OVERLAP };
    if (cell_count(confusion)) {
        confusion->cells = calloc(cell_count(confusion), sizeof(*confusion->cells));
        BUG_IF(!confusion->cells);
    }
}

void detection_confusion_release(struct detection_confusion *confusion)
{
    free(confusion->cells);
    free(confusion->matches);
    free(confusion->_pairs);
    *confusion = (struct detection_confusion){ 0 };
}

void detection_confusion_clear(struct detection_confusion *confusion)
{
    if (confusion->cells)
        memset(confusion->cells, 0, cell_count(confusion) * sizeof(*confusion->cells));
    confusion->match_count = 0;
}

int64_t detection_confusion_memory_bytes(int classes)
{
    const struct detection_confusion all = { .classes = classes };

    return (int64_t)(cell_count(&all) * sizeof(*all.cells));
}

/* Greatest overlap first.  While pairs are compared, `found` is the place in the order of scores:
 * of equal overlaps the better score comes first. */
static int compare_pairs(const void *left, const void *right)
{
    const struct object_match *a = left, *b = right;

    if (a->overlap != b->overlap)
        return a->overlap > b->overlap ? -1 : 1;
    if (a->found != b->found)
        return a->found < b->found ? -1 : 1;
    return a->truth < b->truth ? -1 : a->truth > b->truth;
}

static int list_pairs(struct detection_confusion *confusion, const struct image_object *truths,
                      int truth_count, const struct image_object *found, const int *order,
                      int order_count)
{
    int count = 0;

    for (int i = 0; i < order_count; i++)
        for (int j = 0; j < truth_count; j++) {
            double overlap = overlap_of_boxes(&found[order[i]].box, &truths[j].box,
                                              truths[j].is_crowd);

            if (truths[j].is_crowd || overlap < confusion->overlap)
                continue;
            confusion->_pairs = vec_grow(confusion->_pairs, count, &confusion->_pair_capacity,
                                         sizeof(*confusion->_pairs));
            confusion->_pairs[count++] =
                (struct object_match){ .truth = j, .found = i, .overlap = overlap };
        }
    return count;
}

static bool is_in_crowd(const struct detection_confusion *confusion,
                        const struct image_object *truths, int truth_count,
                        const struct image_object *found)
{
    for (int j = 0; j < truth_count; j++)
        if (truths[j].is_crowd &&
            overlap_of_boxes(&found->box, &truths[j].box, true) >= confusion->overlap)
            return true;
    return false;
}

static void add_match(struct detection_confusion *confusion, struct object_match match, int truth,
                      int found)
{
    confusion->matches = vec_grow(confusion->matches, confusion->match_count,
                                  &confusion->_match_capacity, sizeof(match));
    confusion->matches[confusion->match_count++] = match;
    if (confusion->cells)
        confusion->cells[(int64_t)truth * (confusion->classes + 1) + found]++;
}

/* What was found with enough confidence, best first. */
struct candidate {
    double score;
    int index;
};

static int compare_candidates(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;

    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static int order_found(const struct detection_confusion *confusion,
                       const struct image_object *found, int found_count, int *order)
{
    struct candidate *list = malloc(((size_t)found_count + 1) * sizeof(*list));
    int count = 0;

    BUG_IF(!list);
    for (int i = 0; i < found_count; i++)
        if (found[i].score >= confusion->confidence)
            list[count++] = (struct candidate){ found[i].score, i };
    qsort(list, (size_t)count, sizeof(*list), compare_candidates);
    for (int i = 0; i < count; i++)
        order[i] = list[i].index;
    free(list);
    return count;
}

/* partner[truth] is a place in the order, or -1. */
static void tell(struct detection_confusion *confusion, const struct image_object *truths,
                 int truth_count, const struct image_object *found, const int *order,
                 int order_count, const int *partner_of_truth, bool *is_used)
{
    int background = confusion->classes;

    for (int j = 0; j < truth_count; j++) {
        struct object_match match = { .truth = j, .found = -1, .outcome = OUTCOME_MISSED };
        int i = partner_of_truth[j];

        if (truths[j].is_crowd)
            continue;
        if (i >= 0) {
            match.found = order[i];
            match.overlap = overlap_of_boxes(&found[order[i]].box, &truths[j].box, false);
            match.outcome = found[order[i]].category == truths[j].category ? OUTCOME_RIGHT
                                                                           : OUTCOME_CONFUSED;
            is_used[i] = true;
        }
        add_match(confusion, match, truths[j].category,
                  i >= 0 ? found[order[i]].category : background);
    }
    for (int i = 0; i < order_count; i++)
        if (!is_used[i] && !is_in_crowd(confusion, truths, truth_count, &found[order[i]]))
            add_match(confusion,
                      (struct object_match){ .truth = -1, .found = order[i],
                                             .outcome = OUTCOME_FALSE_ALARM },
                      background, found[order[i]].category);
}

void detection_confusion_add(struct detection_confusion *confusion,
                             const struct image_object *truths, int truth_count,
                             const struct image_object *found, int found_count)
{
    int *order = malloc(((size_t)found_count + 1) * sizeof(*order));
    int *partner_of_truth = malloc(((size_t)truth_count + 1) * sizeof(*partner_of_truth));
    bool *is_used = calloc((size_t)found_count + 1, sizeof(*is_used));
    int order_count, pair_count;

    BUG_IF(!order || !partner_of_truth || !is_used);
    confusion->match_count = 0;
    order_count = order_found(confusion, found, found_count, order);
    pair_count = list_pairs(confusion, truths, truth_count, found, order, order_count);
    if (pair_count)
        qsort(confusion->_pairs, (size_t)pair_count, sizeof(*confusion->_pairs), compare_pairs);
    for (int j = 0; j < truth_count; j++)
        partner_of_truth[j] = -1;
    for (int p = 0; p < pair_count; p++) {
        const struct object_match *pair = &confusion->_pairs[p];

        if (partner_of_truth[pair->truth] >= 0 || is_used[pair->found])
            continue;
        partner_of_truth[pair->truth] = pair->found;
        is_used[pair->found] = true;
    }
    tell(confusion, truths, truth_count, found, order, order_count, partner_of_truth, is_used);
    free(order);
    free(partner_of_truth);
    free(is_used);
}
