/* trainer_detectors_test.c - data sets with labels, and what is found on an image. */

#include "trainer_support.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define IMAGE "images/val/000000000003.jpg"

static void open_with_sample(struct service *service, const char *task)
{
    struct trainer_options options = { .framework = "ultralytics" };
    struct str line = STR_INIT;

    service_open_with(service, &options);
    str_printf(&line, "%s dataset sample %s/datasets/labelled --task %s --num_classes 2 --train 2 "
                      "--val 1 --image_size 64 > /dev/null",
               SERVICE_ENGINE, service->data, task);
    if (system(line.text))
        test_fail(__FILE__, __LINE__, "no sample");
    str_release(&line);
}

static void write_labels(const struct service *service, const char *text)
{
    char path[700];
    struct error err;

    snprintf(path, sizeof(path), "%s/datasets/labelled/labels/train/000000000001.txt",
             service->data);
    CHECK_OK(file_replace(path, text, strlen(text), &err), err);
}

static json_t *check(struct service *service)
{
    return service_post(service, "/datasets/check",
                        json_pack("{s:s, s:s}", "dataset_path", "labelled", "format", "yolo"), 200);
}

TEST(trainer_mends_chosen_rows_of_labels)
{
    struct service service;
    json_t *report, *fixes, *chosen;
    char wanted[700];
    struct str text = STR_INIT;
    struct error err;

    open_with_sample(&service, "object_detection");
    write_labels(&service, "0 .5 .5 .2 .2\nx\n0 .5 .5 .2 .2\n");
    report = check(&service);
    fixes = json_object_get(report, "proposed_fixes");
    chosen = json_array_get(fixes, 0);
    CHECK(json_array_size(fixes) == 2);
    json_decref(service_post(&service, "/datasets/fix",
                             json_pack("{s:s, s:s, s:[O]}", "dataset_path", "labelled",
                                       "quarantine_folder", "kept", "ids",
                                       json_object_get(chosen, "id")),
                             200));
    json_decref(report);
    report = check(&service);
    CHECK(json_array_size(json_object_get(report, "proposed_fixes")) == 1);
    json_decref(report);
    snprintf(wanted, sizeof(wanted), "%s/kept/labels/train/000000000001.txt", service.data);
    CHECK_OK(file_read(wanted, 1000, &text, &err), err);
    CHECK_TEXT(text.text, "0 .5 .5 .2 .2\nx\n0 .5 .5 .2 .2\n");
    json_decref(service_post(&service, "/datasets/fix",
                             json_pack("{s:s, s:s}", "dataset_path", "labelled",
                                       "quarantine_folder", "../outside"),
                             400));
    json_decref(service_post(&service, "/datasets/fix",
                             json_pack("{s:s}", "dataset_path", "labelled"), 400));
    str_release(&text);
    service_release(&service);
}

static json_t *predict(struct service *service, const char *checkpoint, double confidence)
{
    char image[700];

    snprintf(image, sizeof(image), "%s/datasets/labelled/" IMAGE, service->data);
    return service_post(service, "/inference/predict",
                        json_pack("{s:s, s:s, s:f, s:i}", "checkpoint_path", checkpoint,
                                  "image_path", image, "confidence_threshold", confidence,
                                  "max_detections", 2),
                        200);
}

TEST(trainer_finds_people_and_their_points)
{
    struct service service;
    char checkpoint[700];
    json_t *body, *person;

    open_with_sample(&service, "pose");
    json_decref(service_post(
        &service, "/training/start",
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:f, s:{s:i, s:i}}", "job_id", 1,
                  "model_name", "yolo11n-pose", "task_type", "pose", "dataset_path", "labelled",
                  "dataset_format", "imagefolder", "output_dir", "runs/1", "epochs", 1,
                  "batch_size", 2, "learning_rate", 0.01, "advanced_config", "image_size", 64,
                  "threads", 1),
        200));
    notes_wait(&service.notes, "training_complete", 1);
    snprintf(checkpoint, sizeof(checkpoint), "%s/runs/1/checkpoints/best.safetensors",
             service.data);
    body = predict(&service, checkpoint, 0);
    CHECK(json_integer_value(json_object_get(body, "num_persons")) == 2);
    CHECK(json_array_size(json_object_get(body, "predicted_boxes")) == 2);
    CHECK(json_array_size(json_object_get(body, "predictions")) >= 1);
    person = json_array_get(json_object_get(body, "predicted_keypoints"), 1);
    CHECK(json_integer_value(json_object_get(person, "person_id")) == 1);
    CHECK(json_array_size(json_object_get(person, "keypoints")) == 5);
    json_decref(body);
    body = predict(&service, checkpoint, 1); /* nothing is found: clients look at the first row */
    CHECK(json_integer_value(json_object_get(body, "num_persons")) == 0);
    CHECK(json_integer_value(json_object_get(
              json_array_get(json_object_get(body, "predictions"), 0), "label_id")) == -1);
    json_decref(body);
    service_release(&service);
}
