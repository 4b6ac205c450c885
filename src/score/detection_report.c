/* detection_report.c - see detection_report.h. */

#include "score/detection_report.h"

#include "base/error.h"
#include "objects/prediction_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CURVE_STEP 10 /* of the 1001 confidences */

static double rounded(double value)
{
    return round(value * 1e6) / 1e6;
}

static void put(struct json_writer *w, const char *name, const char *suffix, double value)
{
    char key[64];

    snprintf(key, sizeof(key), "%s%s", name, suffix);
    json_put_number(w, key, rounded(value));
}

static void put_key(struct json_writer *w, const char *name, const char *suffix)
{
    char key[64];

    snprintf(key, sizeof(key), "%s%s", name, suffix);
    json_key(w, key);
}

void detection_report_put_summary(const struct detection_summary *s, const char *suffix,
                                  struct json_writer *w)
{
    put(w, "precision", suffix, s->precision);
    put(w, "recall", suffix, s->recall);
    put(w, "f1_score", suffix, s->f1_score);
    put(w, "f1_confidence", suffix, s->confidence);
    put(w, "mAP50", suffix, s->map50);
    put(w, "mAP50-95", suffix, s->map50_95);
}

void detection_report_put_classes(struct detection_metrics *metrics, const char *const *names,
                                  const char *key, struct json_writer *w)
{
    struct detection_class *rows = calloc((size_t)metrics->classes + 1, sizeof(*rows));

    BUG_IF(!rows);
    detection_metrics_summarise(metrics, rows);
    json_key(w, key);
    json_object_open(w);
    for (int i = 0; i < metrics->classes; i++) {
        json_key(w, names[i]);
        json_object_open(w);
        put(w, "ap_50", "", rows[i].ap50);
        put(w, "ap_50_95", "", rows[i].ap50_95);
        put(w, "precision", "", rows[i].precision);
        put(w, "recall", "", rows[i].recall);
        put(w, "f1_score", "", rows[i].f1_score);
        json_put_int(w, "support", rows[i].support);
        json_close(w);
    }
    json_close(w);
    free(rows);
}

/* --- curves ----------------------------------------------------------------------------------- */

static void put_floats(struct json_writer *w, const char *key, const float *values, int count,
                       int step)
{
    json_key(w, key);
    json_array_open(w);
    for (int i = 0; i < count; i += step)
        json_number(w, round(values[i] * 1e4) / 1e4);
    json_close(w);
}

/* Returns how many classes have truths, and adds up their curves. */
static int put_class_curves(struct detection_metrics *metrics, const char *const *names,
                            const char *suffix, struct detection_curves *sum,
                            struct json_writer *w)
{
    struct detection_curves *curves = malloc(sizeof(*curves));
    struct detection_precision *p = malloc(sizeof(*p));
    float recall[DETECTION_RECALLS];
    int count = 0;

    BUG_IF(!curves || !p);
    for (int i = 0; i < DETECTION_RECALLS; i++)
        recall[i] = (float)i / (DETECTION_RECALLS - 1);
    put_key(w, "pr_curves", suffix);
    json_object_open(w);
    for (int c = 0; c < metrics->classes; c++) {
        detection_metrics_precision(metrics, c, MATCH_ALL, DETECTION_LIMIT, p);
        if (!p->has_truths)
            continue;
        count++;
        json_key(w, names[c]);
        json_object_open(w);
        put_floats(w, "precision", p->curve[0], DETECTION_RECALLS, 1);
        put_floats(w, "recall", recall, DETECTION_RECALLS, 1);
        json_close(w);
        detection_metrics_curves(metrics, c, curves);
        for (int i = 0; i < DETECTION_CONFIDENCES; i++) {
            sum->precision[i] += curves->precision[i];
            sum->recall[i] += curves->recall[i];
            sum->f1_score[i] += curves->f1_score[i];
        }
    }
    json_close(w);
    free(curves);
    free(p);
    return count;
}

void detection_report_put_curves(struct detection_metrics *metrics, const char *const *names,
                                 const char *suffix, struct json_writer *w)
{
    struct detection_curves *sum = calloc(1, sizeof(*sum));
    float confidence[DETECTION_CONFIDENCES];
    int count;

    BUG_IF(!sum);
    count = put_class_curves(metrics, names, suffix, sum, w);
    for (int i = 0; i < DETECTION_CONFIDENCES; i++) {
        confidence[i] = (float)i / (DETECTION_CONFIDENCES - 1);
        sum->precision[i] /= (float)(count ? count : 1);
        sum->recall[i] /= (float)(count ? count : 1);
        sum->f1_score[i] /= (float)(count ? count : 1);
    }
    put_key(w, "confidence_curves", suffix);
    json_object_open(w);
    put_floats(w, "confidence", confidence, DETECTION_CONFIDENCES, CURVE_STEP);
    put_floats(w, "precision", sum->precision, DETECTION_CONFIDENCES, CURVE_STEP);
    put_floats(w, "recall", sum->recall, DETECTION_CONFIDENCES, CURVE_STEP);
    put_floats(w, "f1_score", sum->f1_score, DETECTION_CONFIDENCES, CURVE_STEP);
    json_close(w);
    free(sum);
}

void detection_report_put_confusion(const struct detection_confusion *confusion,
                                    const char *const *names, struct json_writer *w)
{
    int side = confusion->classes + 1;

    if (!confusion->cells)
        return;
    json_key(w, "confusion_matrix");
    json_array_open(w);
    for (int i = 0; i < side; i++) {
        json_array_open(w);
        for (int j = 0; j < side; j++)
            json_int(w, confusion->cells[i * side + j]);
        json_close(w);
    }
    json_close(w);
    json_key(w, "confusion_labels");
    json_array_open(w);
    for (int i = 0; i < confusion->classes; i++)
        json_text(w, names[i]);
    json_text(w, "background");
    json_close(w);
}

/* --- COCO's summary --------------------------------------------------------------------------- */

/* Without truths COCO writes -1; JSON has a word for it. */
static void put_or_null(struct json_writer *w, const char *key, double value)
{
    json_put_number(w, key, value < 0 ? NAN : rounded(value));
}

void detection_report_put_coco(struct detection_metrics *metrics, const char *key,
                               struct json_writer *w)
{
    static const char *const precisions[] = { NULL, "AP_small", "AP_medium", "AP_large" };
    static const char *const recalls[] = { NULL, "AR_small", "AR_medium", "AR_large" };
    bool is_pose = metrics->rule.kind == OVERLAP_KEYPOINTS;
    int limit = is_pose ? 20 : 100;
    struct detection_average all = detection_metrics_average(metrics, MATCH_ALL, limit);

    json_key(w, key);
    json_object_open(w);
    put_or_null(w, "AP", all.map);
    put_or_null(w, "AP50", all.map50);
    put_or_null(w, "AP75", all.map75);
    if (is_pose) {
        put_or_null(w, "AR", all.recall);
        put_or_null(w, "AR50", all.recall50);
        put_or_null(w, "AR75", all.recall75);
    } else {
        put_or_null(w, "AR_1", detection_metrics_average(metrics, MATCH_ALL, 1).recall);
        put_or_null(w, "AR_10", detection_metrics_average(metrics, MATCH_ALL, 10).recall);
        put_or_null(w, "AR_100", all.recall);
    }
    for (int r = is_pose ? MATCH_MEDIUM : MATCH_SMALL; r < MATCH_RANGES; r++) {
        struct detection_average a =
            detection_metrics_average(metrics, (enum match_range)r, limit);

        put_or_null(w, precisions[r], a.map);
        put_or_null(w, recalls[r], a.recall);
    }
    json_close(w);
}
