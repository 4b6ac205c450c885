/* detection_metrics.c - see detection_metrics.h. */

#include "score/detection_metrics.h"

#include "base/error.h"
#include "base/vec.h"
#include "score/detection_evidence.h"

#include <string.h>

void detection_metrics_init(struct detection_metrics *metrics, const struct overlap_rule *rule,
                            int classes)
{
    *metrics = (struct detection_metrics){ .rule = *rule, .classes = classes };
    metrics->_evidence = calloc((size_t)classes + 1, sizeof(*metrics->_evidence));
    BUG_IF(!metrics->_evidence);
}

void detection_metrics_release(struct detection_metrics *metrics)
{
    for (int i = 0; i < metrics->classes; i++)
        VEC_RELEASE(&metrics->_evidence[i]);
    free(metrics->_evidence);
    matcher_release(&metrics->_matcher);
    free(metrics->_sorted);
    free(metrics->_flags);
    *metrics = (struct detection_metrics){ 0 };
}

void detection_metrics_clear(struct detection_metrics *metrics)
{
    for (int i = 0; i < metrics->classes; i++) {
        metrics->_evidence[i].count = 0;
        memset(metrics->_evidence[i].truths, 0, sizeof(metrics->_evidence[i].truths));
    }
    metrics->images = 0;
}

/* Half as much again while a single class is sorted. */
int64_t detection_metrics_memory_bytes(int64_t images)
{
    return images * DETECTION_LIMIT * (int64_t)sizeof(struct found_record) * 3 / 2;
}

/* --- adding ----------------------------------------------------------------------------------- */

/* By class, best first; ties stay in their order, which the addresses tell. */
static int compare_objects(const void *left, const void *right)
{
    const struct image_object *a = *(const struct image_object *const *)left;
    const struct image_object *b = *(const struct image_object *const *)right;

    if (a->category != b->category)
        return a->category < b->category ? -1 : 1;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a < b ? -1 : a > b;
}

/* Truths have no scores to be sorted by. */
static int compare_truths(const void *left, const void *right)
{
    const struct image_object *a = *(const struct image_object *const *)left;
    const struct image_object *b = *(const struct image_object *const *)right;

    if (a->category != b->category)
        return a->category < b->category ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void list_sorted(const struct image_object **list, const struct image_object *objects,
                        int count, int classes, int (*compare)(const void *, const void *))
{
    for (int i = 0; i < count; i++) {
        BUG_IF(objects[i].category < 0 || objects[i].category >= classes);
        list[i] = &objects[i];
    }
    if (count)
        qsort(list, (size_t)count, sizeof(*list), compare);
}

/* Where the class that starts at `from` ends. */
static int end_of_class(const struct image_object *const *list, int from, int count, int category)
{
    while (from < count && list[from]->category == category)
        from++;
    return from;
}

static void add_class(struct detection_metrics *metrics, int category,
                      const struct image_object *const *found, int found_count,
                      const struct image_object *const *truths, int truth_count)
{
    struct class_evidence *evidence = &metrics->_evidence[category];
    int counting[MATCH_RANGES], limit = found_count < DETECTION_LIMIT ? found_count
                                                                      : DETECTION_LIMIT;

    matcher_run(&metrics->_matcher, &metrics->rule, found, limit, truths, truth_count,
                metrics->_flags, counting);
    for (int r = 0; r < MATCH_RANGES; r++)
        evidence->truths[r] += counting[r];
    for (int i = 0; i < limit; i++)
        class_evidence_add(evidence, found[i]->score, i, &metrics->_flags[i]);
}

void detection_metrics_add(struct detection_metrics *metrics, const struct image_object *truths,
                           int truth_count, const struct image_object *found, int found_count)
{
    const struct image_object **found_list, **truth_list;
    int f = 0, t = 0, all = found_count + truth_count;

    metrics->images++;
    if (!all)
        return;
    if (all > metrics->_sorted_capacity) {
        metrics->_sorted_capacity = all * 2;
        free(metrics->_sorted);
        metrics->_sorted = malloc((size_t)metrics->_sorted_capacity * sizeof(*metrics->_sorted));
        BUG_IF(!metrics->_sorted);
    }
    if (!metrics->_flags)
        metrics->_flags = malloc(DETECTION_LIMIT * sizeof(*metrics->_flags));
    BUG_IF(!metrics->_flags);
    found_list = metrics->_sorted;
    truth_list = metrics->_sorted + found_count;
    list_sorted(found_list, found, found_count, metrics->classes, compare_objects);
    list_sorted(truth_list, truths, truth_count, metrics->classes, compare_truths);
    while (f < found_count || t < truth_count) {
        int next = f < found_count ? found_list[f]->category : metrics->classes, f_end, t_end;

        if (t < truth_count && truth_list[t]->category < next)
            next = truth_list[t]->category;
        f_end = end_of_class(found_list, f, found_count, next);
        t_end = end_of_class(truth_list, t, truth_count, next);
        add_class(metrics, next, found_list + f, f_end - f, truth_list + t, t_end - t);
        f = f_end;
        t = t_end;
    }
}

/* --- results ---------------------------------------------------------------------------------- */

void detection_metrics_precision(struct detection_metrics *metrics, int category,
                                 enum match_range range, int limit,
                                 struct detection_precision *out)
{
    class_evidence_precision(&metrics->_evidence[category], range, limit, out);
}

static double mean_of(const double *values)
{
    double sum = 0;

    for (int t = 0; t < MATCH_THRESHOLDS; t++)
        sum += values[t];
    return sum / MATCH_THRESHOLDS;
}

struct detection_average detection_metrics_average(struct detection_metrics *metrics,
                                                   enum match_range range, int limit)
{
    struct detection_average a = { 0 };
    struct detection_precision p;
    int count = 0;

    for (int i = 0; i < metrics->classes; i++) {
        detection_metrics_precision(metrics, i, range, limit, &p);
        if (!p.has_truths)
            continue;
        count++;
        a.map += mean_of(p.average);
        a.map50 += p.average[0];
        a.map75 += p.average[5];
        a.recall += mean_of(p.recall);
        a.recall50 += p.recall[0];
        a.recall75 += p.recall[5];
    }
    if (!count)
        return (struct detection_average){ -1, -1, -1, -1, -1, -1 };
    return (struct detection_average){ a.map / count,    a.map50 / count,    a.map75 / count,
                                       a.recall / count, a.recall50 / count, a.recall75 / count };
}

static double ratio(int64_t part, int64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static struct detection_class class_at(const struct evidence_counts *counts, int64_t truths, int c)
{
    struct detection_class result = {
        .precision = ratio(counts->right[c], counts->right[c] + counts->wrong[c]),
        .recall = ratio(counts->right[c], truths),
        .support = truths,
    };

    if (counts->right[c])
        result.f1_score = 2 * (double)counts->right[c] /
                          (double)(counts->right[c] + counts->wrong[c] + truths);
    return result;
}

void detection_metrics_curves(struct detection_metrics *metrics, int category,
                              struct detection_curves *out)
{
    struct class_evidence *evidence = &metrics->_evidence[category];
    struct evidence_counts counts;

    class_evidence_counts(evidence, &counts);
    for (int c = 0; c < DETECTION_CONFIDENCES; c++) {
        struct detection_class at = class_at(&counts, evidence->truths[MATCH_ALL], c);

        out->precision[c] = (float)at.precision;
        out->recall[c] = (float)at.recall;
        out->f1_score[c] = (float)at.f1_score;
    }
}

/* The place of the best F1 among the confidences. */
static int find_best(struct detection_metrics *metrics)
{
    double sums[DETECTION_CONFIDENCES] = { 0 };
    struct evidence_counts counts;
    int best = 0;

    for (int i = 0; i < metrics->classes; i++) {
        struct class_evidence *evidence = &metrics->_evidence[i];

        if (!evidence->truths[MATCH_ALL])
            continue;
        class_evidence_counts(evidence, &counts);
        for (int c = 0; c < DETECTION_CONFIDENCES; c++)
            sums[c] += class_at(&counts, evidence->truths[MATCH_ALL], c).f1_score;
    }
    for (int c = 1; c < DETECTION_CONFIDENCES; c++)
        if (sums[c] > sums[best])
            best = c;
    return best;
}

struct detection_summary detection_metrics_summarise(struct detection_metrics *metrics,
                                                     struct detection_class *classes)
{
    struct detection_summary s = { 0 };
    struct evidence_counts counts;
    struct detection_precision p;
    int best = find_best(metrics), occurring = 0;

    for (int i = 0; i < metrics->classes; i++) {
        struct class_evidence *evidence = &metrics->_evidence[i];
        struct detection_class row;

        class_evidence_counts(evidence, &counts);
        class_evidence_precision(evidence, MATCH_ALL, DETECTION_LIMIT, &p);
        row = class_at(&counts, evidence->truths[MATCH_ALL], best);
        row.ap50 = p.average[0];
        row.ap50_95 = mean_of(p.average);
        if (classes)
            classes[i] = row;
        if (!row.support)
            continue;
        occurring++;
        s.precision += row.precision;
        s.recall += row.recall;
        s.f1_score += row.f1_score;
        s.map50 += row.ap50;
        s.map50_95 += row.ap50_95;
        s.truths += row.support;
    }
    s.confidence = (double)best / (DETECTION_CONFIDENCES - 1);
    if (!occurring)
        return s;
    s.precision /= occurring;
    s.recall /= occurring;
    s.f1_score /= occurring;
    s.map50 /= occurring;
    s.map50_95 /= occurring;
    return s;
}
