/* service_models.c - one list of models from all services; see services.h. */

#include "app/services/services_internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

#include <string.h>

#define DOWN_SECONDS 10.0

/* What is told when no service answers, and the order in which the seeds' models come. */
static const struct known_model {
    const char *framework, *model_name, *display_name, *description, *params;
    int input_size;
    const char *task_types[2];
    int priority, batch_size;
    double learning_rate;
} known_models[] = {
    { "timm", "resnet50", "ResNet-50", "ResNet-50 with ImageNet pretrained weights", "25.6M", 224,
      { "image_classification" }, 0, 32, 0.001 },
    { "timm", "efficientnet_b0", "EfficientNet-B0", "EfficientNet-B0", "5.3M", 224,
      { "image_classification" }, 0, 64, 0.001 },
    { "timm", "efficientnetv2_s", "EfficientNetV2-S", "EfficientNetV2-S", "21.5M", 224,
      { "image_classification" }, 0, 32, 0.001 },
    { "ultralytics", "yolo11n", "YOLOv11 Nano (Detection)",
      "Ultra-fast YOLO model for real-time object detection", "2.6M", 640, { "object_detection" },
      0, 16, 0.01 },
    { "ultralytics", "yolo11n-seg", "YOLOv11 Nano (Segmentation)",
      "Ultra-fast instance segmentation model", "2.9M", 640, { "instance_segmentation" }, 0, 16,
      0.01 },
    { "ultralytics", "yolo11n-pose", "YOLOv11 Nano (Pose)", "Ultra-fast keypoint detection model",
      "3.3M", 640, { "pose_estimation" }, 0, 16, 0.01 },
    { "ultralytics", "yolo_world_v2_s", "YOLO-World v2 Small",
      "Detection of whatever a text names", "15.2M", 640, { "object_detection" }, 0, 16, 0.01 },
    { "ultralytics", "sam2_t", "SAM2 Tiny", "Segmentation of whatever a point or box marks", "38M",
      1024, { "instance_segmentation", "panoptic_segmentation" }, 0, 8, 0.0001 },
};
#define KNOWN_COUNT ((int)(sizeof(known_models) / sizeof(*known_models)))

const char *task_type_full(const char *task_type)
{
    static const char *const names[][2] = { { "classification", "image_classification" },
                                            { "detection", "object_detection" },
                                            { "segmentation", "instance_segmentation" },
                                            { "pose", "pose_estimation" } };

    for (size_t i = 0; task_type && i < sizeof(names) / sizeof(*names); i++)
        if (!strcmp(task_type, names[i][0]))
            return names[i][1];
    return task_type;
}

const char *task_primary_metric(const char *task_type)
{
    static const char *const metrics[][2] = { { "object_detection", "mAP50" },
                                              { "instance_segmentation", "mAP50(M)" },
                                              { "pose_estimation", "mAP50(P)" } };
    const char *name = task_type_full(task_type);

    for (size_t i = 0; name && i < sizeof(metrics) / sizeof(*metrics); i++)
        if (!strcmp(name, metrics[i][0]))
            return metrics[i][1];
    return "accuracy";
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value ? value : "";
}

const json_t *models_find(const json_t *models, const char *framework, const char *name)
{
    const json_t *item;
    size_t i;

    json_array_foreach((json_t *)models, i, item)
        if (!strcmp(text(item, "framework"), framework) && !strcmp(text(item, "model_name"), name))
            return item;
    return NULL;
}

/* --- asking ---------------------------------------------------------------------------------- */

struct question {
    struct app *app;
    const char *framework;
    json_t *models; /* an array; NULL: no answer */
    pthread_t thread;
};

static void *ask(void *context)
{
    struct question *q = context;
    json_t *answer = NULL, *parameters = json_pack("{s:s}", "framework", q->framework);
    struct error err;
    int status;

    if (services_call(q->app, q->framework, "GET", "/models/list", parameters,
                      q->app->services->options.list_seconds, &status, &answer, &err))
        log_warn("Failed to fetch models from %s service: %s", q->framework, err.text);
    else if (status != 200 || !json_is_array(json_object_get(answer, "models")))
        log_warn("Failed to fetch models from %s service: status %d", q->framework, status);
    else
        q->models = json_incref(json_object_get(answer, "models"));
    json_decref(answer);
    json_decref(parameters);
    return NULL;
}

static void add_models(json_t *list, const struct question *q)
{
    json_t *item;
    size_t i;

    json_array_foreach(q->models, i, item)
        if (!strcmp(text(item, "framework"), q->framework))
            json_array_append(list, item);
}

/* The seeds' models first, in the seeds' order; then the others as their services give them. */
static json_t *sorted(const json_t *list)
{
    json_t *result = json_array(), *item;
    size_t i;

    for (int k = 0; k < KNOWN_COUNT; k++) {
        const json_t *found = models_find(list, known_models[k].framework,
                                          known_models[k].model_name);

        if (found)
            json_array_append(result, (json_t *)found);
    }
    json_array_foreach((json_t *)list, i, item)
        if (!models_find(result, text(item, "framework"), text(item, "model_name")))
            json_array_append(result, item);
    return result;
}

static bool is_down(struct services *services, int i, bool refresh)
{
    bool down;

    pthread_mutex_lock(&services->lock);
    down = !refresh && clock_seconds() < services->down_until[i];
    pthread_mutex_unlock(&services->lock);
    return down;
}

static void note_answer(struct services *services, int i, bool answered)
{
    pthread_mutex_lock(&services->lock);
    services->down_until[i] = answered ? 0 : clock_seconds() + DOWN_SECONDS;
    pthread_mutex_unlock(&services->lock);
}

/* *missing counts services that did not answer. */
static json_t *ask_all(struct app *app, bool refresh, int *answered, int *missing)
{
    struct question questions[FRAMEWORKS] = { 0 };
    json_t *list = json_array(), *result;

    *answered = *missing = 0;
    for (int i = 0; i < FRAMEWORKS; i++) {
        questions[i] = (struct question){ .app = app, .framework = framework_names[i] };
        if (!app->services || !services_know(app->services, framework_names[i]))
            continue;
        if (is_down(app->services, i, refresh))
            ++*missing;
        else
            BUG_IF(pthread_create(&questions[i].thread, NULL, ask, &questions[i]));
    }
    for (int i = 0; i < FRAMEWORKS; i++) {
        if (!questions[i].thread)
            continue;
        pthread_join(questions[i].thread, NULL);
        note_answer(app->services, i, questions[i].models != NULL);
        *answered += questions[i].models != NULL;
        *missing += questions[i].models == NULL;
        if (questions[i].models)
            add_models(list, &questions[i]);
        json_decref(questions[i].models);
    }
    result = sorted(list);
    json_decref(list);
    return result;
}

static json_t *built_in(void)
{
    json_t *list = json_array();

    for (int i = 0; i < KNOWN_COUNT; i++) {
        const struct known_model *m = &known_models[i];
        json_t *tasks = json_array();

        for (int k = 0; k < 2 && m->task_types[k]; k++)
            json_array_append_new(tasks, json_string(m->task_types[k]));
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:o, s:b, s:b, s:i, s:f, "
                            "s:[], s:i, s:b}",
                            "framework", m->framework, "model_name", m->model_name, "display_name",
                            m->display_name, "description", m->description, "params", m->params,
                            "parameters", m->params, "input_size", m->input_size,
                            "default_image_size", m->input_size, "task_types", tasks,
                            "pretrained_available", 1, "pretrained", 1, "recommended_batch_size",
                            m->batch_size, "recommended_lr", m->learning_rate, "tags", "priority",
                            m->priority, "available", 0));
    }
    return list;
}

json_t *services_models(struct app *app, bool refresh)
{
    struct services *s = app->services;
    int answered, missing;
    json_t *list;
    bool is_fresh;

    if (s) {
        pthread_mutex_lock(&s->lock);
        is_fresh = s->models && clock_seconds() - s->models_time < s->options.cache_seconds;
        list = is_fresh && !refresh ? json_incref(s->models) : NULL;
        pthread_mutex_unlock(&s->lock);
        if (list)
            return list;
    }
    list = ask_all(app, refresh, &answered, &missing);
    if (s && answered && !missing && json_array_size(list)) {
        pthread_mutex_lock(&s->lock);
        json_decref(s->models);
        s->models = json_incref(list);
        s->models_time = clock_seconds();
        pthread_mutex_unlock(&s->lock);
    } else if (s && s->models && !answered) {
        json_decref(list);
        pthread_mutex_lock(&s->lock);
        list = json_incref(s->models);
        pthread_mutex_unlock(&s->lock);
    } else if (!answered) {
        log_warn("No Training Services available, using static model definitions");
        json_decref(list);
        list = built_in();
    }
    return list;
}
