/* score.c - `fovea score`: results of any program against the truth, both in COCO's JSON. */

#include "base/arguments.h"
#include "base/json.h"
#include "base/str.h"
#include "command/command.h"
#include "score/coco_set.h"
#include "score/detection_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum overlap_kind kind;
} tasks[] = {
    { "object_detection", OVERLAP_BOX },
    { "instance_segmentation", OVERLAP_MASK },
    { "pose_estimation", OVERLAP_KEYPOINTS },
};
#define TASK_COUNT ((int)(sizeof(tasks) / sizeof(*tasks)))

struct scored {
    const char *task;
    struct coco_set set;
    struct detection_metrics metrics;
    const char **names;
};

static int find_task(const char *name, int *index, struct error *err)
{
    for (*index = 0; *index < TASK_COUNT; ++*index)
        if (!strcmp(tasks[*index].name, name))
            return 0;
    return FAIL(err, INVALID, "task must be %s, %s or %s, not '%s'", tasks[0].name, tasks[1].name,
                tasks[2].name, name);
}

static void print_json(struct scored *s)
{
    struct detection_summary summary = detection_metrics_summarise(&s->metrics, NULL);
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_text(&w, "task_type", s->task);
    json_put_int(&w, "images", s->set.image_count);
    json_put_int(&w, "truths", s->set.truths.count);
    json_put_int(&w, "predictions", s->set.results.count);
    detection_report_put_summary(&summary, "", &w);
    detection_report_put_coco(&s->metrics, "coco", &w);
    detection_report_put_classes(&s->metrics, s->names, "per_class", &w);
    detection_report_put_curves(&s->metrics, s->names, "", &w);
    json_close(&w);
    puts(text.text);
    str_release(&text);
}

/* COCO says -1 where no truth is. */
static void print_share(const char *name, double value)
{
    if (value < 0)
        printf("  %-10s      -\n", name);
    else
        printf("  %-10s %6.4f\n", name, value);
}

static void print_text(struct scored *s)
{
    struct detection_class *rows = calloc((size_t)s->metrics.classes + 1, sizeof(*rows));
    int limit = s->metrics.rule.kind == OVERLAP_KEYPOINTS ? 20 : 100;
    struct detection_average all = detection_metrics_average(&s->metrics, MATCH_ALL, limit);
    struct detection_summary summary;

    BUG_IF(!rows);
    summary = detection_metrics_summarise(&s->metrics, rows);
    printf("%d images, %d truths, %d predictions\n", s->set.image_count, s->set.truths.count,
           s->set.results.count);
    printf("the best %d of a class on an image:\n", DETECTION_LIMIT);
    print_share("mAP50", summary.map50);
    print_share("mAP50-95", summary.map50_95);
    printf("  precision %.4f, recall %.4f, F1 %.4f at confidence %.3f\n", summary.precision,
           summary.recall, summary.f1_score, summary.confidence);
    printf("COCO's summary, the best %d:\n", limit);
    print_share("AP", all.map);
    print_share("AP50", all.map50);
    print_share("AP75", all.map75);
    print_share("AR", all.recall);
    printf("%-24s    AP50 AP50-95 precision  recall  truths\n", "class");
    for (int i = 0; i < s->metrics.classes; i++)
        printf("%-24s %7.4f %7.4f %9.4f %7.4f %7lld\n", s->names[i], rows[i].ap50, rows[i].ap50_95,
               rows[i].precision, rows[i].recall, (long long)rows[i].support);
    free(rows);
}

static int score(struct scored *s, const char *truth, const char *results, enum overlap_kind kind,
                 bool as_json, struct error *err)
{
    struct overlap_rule rule;

    if (coco_set_open(&s->set, truth, results, kind, err))
        return -1;
    s->names = calloc((size_t)s->set.category_count + 1, sizeof(*s->names));
    BUG_IF(!s->names);
    for (int i = 0; i < s->set.category_count; i++)
        s->names[i] = s->set.categories[i].name;
    coco_set_rule(&s->set, kind, &rule);
    detection_metrics_init(&s->metrics, &rule, s->set.category_count);
    coco_set_measure(&s->set, &s->metrics);
    if (as_json)
        print_json(s);
    else
        print_text(s);
    return 0;
}

static int run(int argc, char **argv, struct error *err)
{
    const char *truth = NULL, *results = NULL, *task = tasks[0].name;
    bool json = false;
    const struct option options[] = {
        { "truth", NULL, &truth, NULL, "FILE", "annotations in COCO's JSON; required" },
        { "predictions", "results", &results, NULL, "FILE",
          "a JSON list of {image_id, category_id, score, bbox | segmentation | keypoints}; "
          "required" },
        { "task", NULL, &task, NULL, "NAME",
          "object_detection (default), instance_segmentation or pose_estimation" },
        { "json", NULL, NULL, &json, NULL, "one JSON object" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options };
    struct scored scored = { 0 };
    int status, index;

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help)
        return command_print_options(&command_score, NULL, options);
    if (!truth || !results)
        return FAIL(err, INVALID, "--truth FILE and --predictions FILE are required");
    if (find_task(task, &index, err))
        return -1;
    scored.task = tasks[index].name;
    status = score(&scored, truth, results, tasks[index].kind, json, err);
    detection_metrics_release(&scored.metrics);
    coco_set_release(&scored.set);
    free(scored.names);
    return status;
}

const struct command command_score = {
    "score",
    "average precision of found boxes, masks or key points",
    "--truth FILE --predictions FILE [OPTIONS]",
    run,
};
