/* detection_evidence.c - see detection_evidence.h. */

#include "score/detection_evidence.h"

#include "base/error.h"
#include "base/vec.h"

#include <float.h>
#include <string.h>

void class_evidence_add(struct class_evidence *evidence, double score, int rank,
                        const struct match_flags *flags)
{
    if (evidence->count && score > evidence->items[evidence->count - 1].score)
        evidence->is_sorted = false;
    else if (!evidence->count)
        evidence->is_sorted = true;
    *VEC_ADD(evidence) = (struct found_record){ score, (uint16_t)rank, *flags };
}

/* Best score first, ties as they were: a merge sort, because qsort() promises no order of ties. */
static void sort(struct found_record *items, struct found_record *spare, int count)
{
    int half = count / 2, i = 0, j = half, k = 0;

    if (count < 2)
        return;
    sort(items, spare, half);
    sort(items + half, spare, count - half);
    if (items[half - 1].score >= items[half].score)
        return;
    memcpy(spare, items, (size_t)half * sizeof(*items));
    while (i < half && j < count)
        items[k++] = items[j].score > spare[i].score ? items[j++] : spare[i++];
    memcpy(items + k, spare + i, (size_t)(half - i) * sizeof(*items));
}

/* What is added in order of score per image is sorted already within long stretches, and later
 * calls find all of it sorted. */
static void sort_evidence(struct class_evidence *evidence)
{
    struct found_record *spare;

    if (evidence->is_sorted || evidence->count < 2)
        return;
    spare = malloc((size_t)evidence->count / 2 * sizeof(*spare));
    BUG_IF(!spare);
    sort(evidence->items, spare, evidence->count);
    free(spare);
    evidence->is_sorted = true;
}

/* Precision can only be greatest for its recall where something right is met, so that those
 * places are all that the envelope needs: at[k] is the precision at the k-th. */
static int precision_where_right(const struct class_evidence *evidence, enum match_range range,
                                 int limit, uint16_t bit, double *at)
{
    int right = 0, wrong = 0;

    for (int i = 0; i < evidence->count; i++) {
        const struct found_record *found = &evidence->items[i];

        if (found->rank >= limit || (found->flags.ignored[range] & bit))
            continue;
        if (!(found->flags.matched[range] & bit)) {
            wrong++;
            continue;
        }
        right++;
        at[right - 1] = right / (wrong + right + DBL_EPSILON);
    }
    for (int k = right - 1; k > 0; k--)
        if (at[k] > at[k - 1])
            at[k - 1] = at[k];
    return right;
}

/* Recall r is reached where as many are right as make k / truths >= r in doubles. */
static double fill_curve(const double *at, int right, int64_t truths, float *curve)
{
    double sum = 0;
    int k = 0;

    for (int i = 0; i < DETECTION_RECALLS; i++) {
        double recall = i == DETECTION_RECALLS - 1 ? 1 : i * 0.01;

        while (k < right && (double)(k + 1) / (double)truths < recall)
            k++;
        curve[i] = k < right ? (float)at[k] : 0;
        sum += k < right ? at[k] : 0;
    }
    return sum / DETECTION_RECALLS;
}

void class_evidence_precision(struct class_evidence *evidence, enum match_range range, int limit,
                              struct detection_precision *out)
{
    int64_t truths = evidence->truths[range];
    double *at;

    memset(out, 0, sizeof(*out));
    out->has_truths = truths > 0;
    if (!truths)
        return;
    sort_evidence(evidence);
    at = malloc((size_t)truths * sizeof(*at));
    BUG_IF(!at);
    for (int t = 0; t < MATCH_THRESHOLDS; t++) {
        int right = precision_where_right(evidence, range, limit, (uint16_t)(1u << t), at);

        out->recall[t] = (double)right / (double)truths;
        out->average[t] = fill_curve(at, right, truths, out->curve[t]);
    }
    free(at);
}

void class_evidence_counts(struct class_evidence *evidence, struct evidence_counts *out)
{
    int64_t right = 0, wrong = 0;
    int next = 0;

    sort_evidence(evidence);
    for (int c = DETECTION_CONFIDENCES - 1; c >= 0; c--) {
        double confidence = (double)c / (DETECTION_CONFIDENCES - 1);

        for (; next < evidence->count && evidence->items[next].score >= confidence; next++) {
            const struct match_flags *flags = &evidence->items[next].flags;

            if (flags->ignored[MATCH_ALL] & 1)
                continue;
            right += flags->matched[MATCH_ALL] & 1;
            wrong += !(flags->matched[MATCH_ALL] & 1);
        }
        out->right[c] = right;
        out->wrong[c] = wrong;
    }
}
