/* trainer_calls_test.c - catalogue, schema, preflight, prediction, data sets. */

#include "trainer_support.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"
#include "trainer/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- catalogue and schema -------------------------------------------------------------------- */

TEST(trainer_lists_models_in_both_spellings)
{
    struct service service;
    json_t *body, *model;
    size_t i;

    service_open(&service);
    body = service_call(&service, "GET", "/models/list", NULL, 200);
    CHECK_TEXT(json_string_value(json_object_get(body, "framework")), "timm");
    CHECK(json_array_size(json_object_get(body, "models")) >= 15);
    CHECK((size_t)json_integer_value(json_object_get(body, "model_count")) ==
          json_array_size(json_object_get(body, "models")));
    json_array_foreach(json_object_get(body, "models"), i, model) {
        CHECK_TEXT(json_string_value(json_object_get(model, "framework")), "timm");
        CHECK(json_equal(json_object_get(model, "params"), json_object_get(model, "parameters")));
        CHECK(json_equal(json_object_get(model, "input_size"),
                         json_object_get(model, "default_image_size")));
    }
    json_decref(body);
    service_release(&service);
}

TEST(trainer_filters_models_by_task)
{
    static const struct {
        const char *task;
        bool found;
    } cases[] = { { "image_classification", true }, { "classification", true },
                  { "pose", false } };
    struct service service;

    service_open(&service);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *parameters = json_pack("{s:s}", "task_type", cases[i].task);
        json_t *body = service_call(&service, "GET", "/models/list", parameters, 200);

        CHECK((json_integer_value(json_object_get(body, "total")) > 0) == cases[i].found);
        json_decref(body);
        json_decref(parameters);
    }
    service_release(&service);
}

TEST(trainer_knows_models_by_name)
{
    struct service service;
    json_t *body, *parameters = json_pack("{s:s}", "name", "resnet18");

    service_open(&service);
    body = service_call(&service, "GET", "/models/resnet18", NULL, 200);
    CHECK_TEXT(json_string_value(json_object_get(body, "model_name")), "resnet18");
    json_decref(body);
    body = service_call(&service, "GET", "/models/", parameters, 200);
    CHECK_TEXT(json_string_value(json_object_get(body, "model_name")), "resnet18");
    json_decref(body);
    body = service_call(&service, "GET", "/models/google/vit-base", NULL, 404);
    CHECK_TEXT(service_detail(body), "Model 'google/vit-base' not found in framework 'timm'");
    json_decref(body);
    json_decref(parameters);
    service_release(&service);
}

TEST(trainer_of_detectors_has_their_schemas)
{
    static const char *const tasks[] = { "object_detection", "instance_segmentation", "pose" };
    struct trainer_options options = { .framework = "ultralytics" };
    struct service service;
    json_t *body, *parameters;

    service_open_with(&service, &options);
    body = service_call(&service, "GET", "/models/list", NULL, 200);
    CHECK(json_array_size(json_object_get(body, "models")) == 15); /* five sizes, three tasks */
    json_decref(body);
    for (int i = 0; i < 3; i++) {
        parameters = json_pack("{s:s}", "task_type", tasks[i]);
        body = service_call(&service, "GET", "/config/schema", parameters, 200);
        CHECK_TEXT(json_string_value(json_object_get(body, "framework")), "ultralytics");
        CHECK(json_object_get(json_object_get(body, "presets"), "medium"));
        json_decref(body);
        json_decref(parameters);
    }
    parameters = json_pack("{s:s}", "task_type", "classification");
    json_decref(service_call(&service, "GET", "/config/schema", parameters, 404));
    json_decref(parameters);
    service_release(&service);
}

TEST(trainer_of_another_framework_has_none_of_these)
{
    struct trainer_options options = { .framework = "huggingface" };
    struct service service;
    json_t *body;

    service_open_with(&service, &options);
    body = service_call(&service, "GET", "/models/list", NULL, 200);
    CHECK(json_array_size(json_object_get(body, "models")) == 0);
    json_decref(body);
    json_decref(service_call(&service, "GET", "/config/schema", NULL, 404));
    service_release(&service);
}

TEST(trainer_gives_the_schema_on_two_paths)
{
    static const char *const paths[] = { "/config/schema", "/config-schema" };
    json_t *parameters = json_pack("{s:s}", "task_type", "classification");
    json_t *wrong = json_pack("{s:s}", "task_type", "pose_estimation");
    struct service service;

    service_open(&service);
    for (int i = 0; i < 2; i++) {
        json_t *body = service_call(&service, "GET", paths[i], parameters, 200), *field;
        bool found = false;
        size_t j;

        json_array_foreach(json_object_get(json_object_get(body, "schema"), "fields"), j, field) {
            found |= !strcmp(json_string_value(json_object_get(field, "name")), "scheduler.type");
        }
        CHECK(found);
        CHECK(json_object_get(json_object_get(body, "presets"), "standard"));
        json_decref(body);
    }
    json_decref(service_call(&service, "GET", "/config/schema", wrong, 404));
    json_decref(parameters);
    json_decref(wrong);
    service_release(&service);
}

/* A program that counts its calls stands in front of the engine. */
static const char *counting_engine(const struct service *service)
{
    static char path[600];
    struct str text = STR_INIT;
    struct error err;

    snprintf(path, sizeof(path), "%s/engine", service->data);
    str_printf(&text, "#!/bin/sh\necho x >> %s/calls\nexec %s \"$@\"\n", service->data,
               SERVICE_ENGINE);
    CHECK_OK(file_replace(path, text.text, text.length, &err), err);
    CHECK(!chmod(path, 0755));
    str_release(&text);
    return path;
}

static int engine_calls(const struct service *service)
{
    struct str path = STR_INIT, text = STR_INIT;
    struct error err;
    int count;

    str_printf(&path, "%s/calls", service->data);
    file_read(path.text, 10000, &text, &err);
    count = (int)text.length / 2;
    str_release(&path);
    str_release(&text);
    return count;
}

TEST(trainer_asks_the_engine_once_per_build)
{
    struct trainer_options options = { .framework = "timm" };
    struct service service;
    struct trainer *trainer;
    struct timespec times[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
    struct error err;
    int calls;

    service_open(&service);
    options.data_folder = service.data;
    options.engine = counting_engine(&service);
    trainer = service.trainer;
    for (int i = 0; i < 3; i++) {
        CHECK_OK(trainer_open(&service.trainer, &options, &err), err);
        json_decref(service_call(&service, "GET", "/models/list", NULL, 200));
        json_decref(service_call(&service, "GET", "/config/schema", NULL, 200));
        json_decref(service_call(&service, "GET", "/health", NULL, 200));
        calls = engine_calls(&service);
        if (i < 2)
            CHECK(calls == 6); /* models, four schemas, version; then from the file */
        else
            CHECK(calls == 12);
        service_close(&service, false);
        if (i == 1) /* another build */
            CHECK(!utimensat(AT_FDCWD, options.engine, times, 0));
    }
    service.trainer = trainer;
    service_release(&service);
}

TEST(trainer_without_an_engine_is_not_healthy)
{
    struct service service;
    struct trainer_options options = { .engine = "/nowhere/fovea-engine" };
    struct trainer *trainer;
    struct error err;
    json_t *body;

    service_open(&service);
    trainer = service.trainer;
    options.data_folder = service.data;
    options.state_folder = service.data;
    CHECK_OK(trainer_open(&service.trainer, &options, &err), err);
    json_decref(service_call(&service, "GET", "/health", NULL, 503));
    json_decref(service_call(&service, "GET", "/models/list", NULL, 503));
    body = service_post(&service, "/training/start", service_job(1, 1), 404);
    CHECK(strstr(service_detail(body), "/nowhere/fovea-engine"));
    json_decref(body);
    service_close(&service, false);
    service.trainer = trainer;
    service_release(&service);
}

/* --- preflight and data sets ----------------------------------------------------------------- */

TEST(trainer_forecasts_without_training)
{
    struct service service;
    json_t *body, *request;
    struct str path = STR_INIT;

    service_open(&service);
    request = service_job(1, 5);
    json_object_del(request, "job_id");
    body = service_post(&service, "/training/preflight", request, 200);
    CHECK(json_integer_value(json_object_get(body, "peak_memory_mb")) > 0);
    CHECK(json_integer_value(json_object_get(body, "train_images")) == 24);
    CHECK(json_number_value(json_object_get(body, "seconds_per_epoch")) > 0);
    json_decref(body);
    str_printf(&path, "%s/runs/1/checkpoints", service.data);
    CHECK(!file_exists(path.text));
    str_release(&path);

    request = service_job(1, 5);
    json_object_set_new(request, "num_classes", json_integer(7));
    body = service_post(&service, "/training/preflight", request, 400);
    CHECK(strstr(service_detail(body), "7") && !strstr(service_detail(body), "fovea train"));
    json_decref(body);
    request = service_job(1, 5);
    json_object_set_new(request, "advanced_config", json_pack("{s:i}", "memory_limit", 1));
    body = service_post(&service, "/training/preflight", request, 400);
    CHECK(strstr(service_detail(body), "MB"));
    json_decref(body);
    service_release(&service);
}

/* What the advanced settings say of the optimizer wins over the plain fields. */
TEST(trainer_lets_advanced_settings_win)
{
    struct service service;
    struct str path = STR_INIT, text = STR_INIT;
    struct error err;
    json_t *request, *config, *optimizer;

    service_open(&service);
    request = service_job(1, 1);
    json_object_set_new(json_object_get(request, "advanced_config"), "optimizer",
                        json_pack("{s:s, s:f}", "type", "sgd", "learning_rate", 0.0625));
    json_decref(service_post(&service, "/training/start", request, 200));
    notes_wait(&service.notes, "training_complete", 1);
    str_printf(&path, "%s/runs/1/config.json", service.data);
    CHECK_OK(file_read(path.text, 1 << 20, &text, &err), err);
    config = json_parse(text.text, text.length, "config.json", &err);
    CHECK(config);
    optimizer = json_object_get(json_object_get(config, "config"), "optimizer");
    if (!json_is_object(optimizer)) { /* flat */
        optimizer = json_object_get(config, "config");
        CHECK_TEXT(json_string_value(json_object_get(optimizer, "optimizer.type")), "sgd");
        CHECK_NEAR(json_number_value(json_object_get(optimizer, "optimizer.learning_rate")), 0.0625,
                   1e-12);
    } else {
        CHECK_TEXT(json_string_value(json_object_get(optimizer, "type")), "sgd");
        CHECK_NEAR(json_number_value(json_object_get(optimizer, "learning_rate")), 0.0625, 1e-12);
    }
    json_decref(config);
    str_release(&text);
    str_release(&path);
    service_release(&service);
}

/* The fields of the wire are a whole recipe: their makers know the plain defaults. */
TEST(trainer_puts_no_preset_below_a_request_that_says_how_to_learn)
{
    struct service service;
    struct str path = STR_INIT, text = STR_INIT;
    struct error err;
    json_t *request, *root, *config;

    service_open(&service);
    request = service_job(1, 1);
    json_object_del(request, "optimizer");
    json_object_set_new(request, "learning_rate", json_real(0.0625));
    json_decref(service_post(&service, "/training/start", request, 200));
    notes_wait(&service.notes, "training_complete", 1);
    str_printf(&path, "%s/runs/1/config.json", service.data);
    CHECK_OK(file_read(path.text, 1 << 20, &text, &err), err);
    root = json_parse(text.text, text.length, "config.json", &err);
    CHECK(root);
    config = json_object_get(root, "config");
    CHECK(json_is_false(json_object_get(config, "ema")));
    CHECK_TEXT(json_string_value(json_object_get(config, "optimizer.type")), "adam");
    CHECK_NEAR(json_number_value(json_object_get(config, "optimizer.weight_decay")), 0.0001, 1e-12);
    CHECK_NEAR(json_number_value(json_object_get(config, "optimizer.learning_rate")), 0.0625, 0);
    json_decref(root);
    str_release(&text);
    str_release(&path);
    service_release(&service);
}

TEST(trainer_checks_data_sets)
{
    struct service service;
    json_t *body;

    service_open(&service);
    body = service_post(&service, "/datasets/check", json_pack("{s:s}", "dataset_path", "shapes"),
                        200);
    CHECK(json_object_size(body) > 3);
    json_decref(body);
    body = service_post(&service, "/datasets/check",
                        json_pack("{s:s}", "dataset_path", "datasets/shapes"), 200);
    json_decref(body);
    json_decref(service_post(&service, "/datasets/check",
                             json_pack("{s:s}", "dataset_path", "nowhere"), 404));
    json_decref(service_post(&service, "/datasets/check",
                             json_pack("{s:s}", "dataset_path", "../shapes"), 400));
    json_decref(service_post(&service, "/datasets/check", NULL, 400));
    service_release(&service);
}

/* An engine that ends like this whatever it is asked. */
static void open_with_broken_engine(struct service *service, int exit_code)
{
    static char path[600];
    struct trainer_options options = { .engine = path };
    char script[200];
    struct error err;

    service_open(service);
    service_close(service, false);
    snprintf(path, sizeof(path), "%s/engine", service->data);
    snprintf(script, sizeof(script), "#!/bin/sh\necho 'fovea x: so it ended' >&2\nexit %d\n",
             exit_code);
    CHECK_OK(file_replace(path, script, strlen(script), &err), err);
    CHECK(!chmod(path, 0755));
    service_open_with_engine(service, &options);
}

TEST(trainer_tells_whose_fault_an_exit_code_is)
{
    static const struct {
        int exit_code, check, preflight;
    } cases[] = { { 1, 503, 503 }, { 2, 400, 400 }, { 3, 404, 400 }, { 4, 400, 400 },
                  { 5, 500, 400 }, { 6, 507, 507 }, { 7, 500, 500 }, { 8, 409, 409 },
                  { 9, 400, 400 }, { 99, 503, 503 } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct service service;
        json_t *body;

        open_with_broken_engine(&service, cases[i].exit_code);
        body = service_post(&service, "/datasets/check",
                            json_pack("{s:s}", "dataset_path", "shapes"), cases[i].check);
        CHECK_TEXT(service_detail(body), "so it ended");
        json_decref(body);
        json_decref(service_post(&service, "/training/preflight", service_job(1, 1),
                                 cases[i].preflight));
        service_release(&service);
    }
}

TEST(trainer_answers_unknown_paths)
{
    struct service service;

    service_open(&service);
    json_decref(service_call(&service, "GET", "/nowhere", NULL, 404));
    json_decref(service_call(&service, "GET", "/training/start", NULL, 405));
    json_decref(service_call(&service, "POST", "/health", NULL, 405));
    service_release(&service);
}

/* --- prediction ------------------------------------------------------------------------------ */

static json_t *question(const struct service *service, const char *checkpoint, const char *image)
{
    char path[700];

    snprintf(path, sizeof(path), "%s/datasets/shapes/val/%s", service->data, image);
    return json_pack("{s:s, s:s, s:i}", "checkpoint_path", checkpoint, "image_path", path, "top_k",
                     2);
}

static json_t *predict(struct service *service, const char *checkpoint, bool was_loaded)
{
    json_t *body = service_post(service, "/inference/predict",
                                question(service, checkpoint, "circle/0000.jpg"), 200);

    CHECK(json_array_size(json_object_get(body, "predictions")) == 2);
    CHECK(json_is_true(json_object_get(body, "was_loaded")) == was_loaded);
    return body;
}

TEST(trainer_predicts_without_loading_twice)
{
    struct service service;
    char checkpoint[1024];
    json_t *first, *second, *request;

    service_open(&service);
    snprintf(checkpoint, sizeof(checkpoint), "%s", service_train(&service, 1, 1));
    first = predict(&service, checkpoint, false);
    second = predict(&service, checkpoint, true);
    CHECK(json_equal(json_object_get(first, "predictions"),
                     json_object_get(second, "predictions")));
    CHECK(json_number_value(json_object_get(second, "inference_time_ms")) > 0);
    json_decref(first);
    json_decref(second);

    request = question(&service, checkpoint, "circle/0000.jpg");
    json_object_set_new(request, "top_k", json_integer(50)); /* of three classes */
    json_object_set_new(request, "confidence_threshold", json_real(0.34));
    first = service_post(&service, "/inference/predict", json_incref(request), 200);
    CHECK(json_array_size(json_object_get(first, "predictions")) == 3);
    CHECK(json_is_false(json_object_get(
        json_array_get(json_object_get(first, "predictions"), 2), "passed_threshold")));
    json_object_set_new(request, "strict", json_true());
    second = service_post(&service, "/inference/predict", request, 200);
    CHECK(json_array_size(json_object_get(second, "predictions")) < 3);
    json_decref(first);
    json_decref(second);
    service_release(&service);
}

TEST(trainer_answers_images_and_checkpoints_it_cannot_use)
{
    struct service service;
    struct str broken = STR_INIT;
    char checkpoint[1024];
    struct error err;
    json_t *body, *request;

    service_open(&service);
    snprintf(checkpoint, sizeof(checkpoint), "%s", service_train(&service, 1, 1));
    str_printf(&broken, "%s/broken.jpg", service.data);
    CHECK_OK(file_replace(broken.text, "no image", 8, &err), err);

    json_decref(predict(&service, checkpoint, false));
    request = question(&service, checkpoint, "");
    json_object_set_new(request, "image_path", json_string(broken.text));
    body = service_post(&service, "/inference/predict", json_incref(request), 400);
    CHECK(strstr(service_detail(body), "broken.jpg"));
    json_decref(body);
    json_decref(predict(&service, checkpoint, true)); /* it lives on */

    json_object_set_new(request, "checkpoint_path", json_string(broken.text));
    body = service_post(&service, "/inference/predict", json_incref(request), 400);
    CHECK(strstr(service_detail(body), "broken.jpg"));
    json_decref(body);
    json_object_set_new(request, "checkpoint_path", json_string("nowhere.safetensors"));
    json_decref(service_post(&service, "/inference/predict", request, 404));
    json_decref(service_post(&service, "/inference/predict", NULL, 400));
    request = question(&service, checkpoint, "circle/0000.jpg");
    json_object_set_new(request, "top_k", json_integer(0));
    json_decref(service_post(&service, "/inference/predict", request, 400));
    str_release(&broken);
    service_release(&service);
}

static struct process predictor_of(const char *checkpoint)
{
    const char *const words[] = { "predict", checkpoint, "--stdin", NULL };

    return process_find(words);
}

TEST(trainer_keeps_no_more_predictors_than_it_may)
{
    struct trainer_options options = { .framework = "timm", .resident_limit = 1 };
    struct service service;
    char one[1024], two[1024];

    service_open_with(&service, &options);
    snprintf(one, sizeof(one), "%s", service_train(&service, 1, 1));
    snprintf(two, sizeof(two), "%s", service_train(&service, 2, 1));
    json_decref(predict(&service, one, false));
    json_decref(predict(&service, two, false));
    CHECK(!predictor_of(one).pid && predictor_of(two).pid);
    json_decref(predict(&service, two, true));
    json_decref(predict(&service, one, false));
    service_close(&service, false);
    CHECK(!predictor_of(one).pid && !predictor_of(two).pid); /* none outlives the service */
    service_release(&service);
}

TEST(trainer_keeps_predictors_within_their_memory)
{
    struct trainer_options options = { .framework = "timm", .resident_limit = 5,
                                       .resident_memory_bytes = 1 };
    struct service service;
    char checkpoint[1024];

    service_open_with(&service, &options);
    snprintf(checkpoint, sizeof(checkpoint), "%s", service_train(&service, 1, 1));
    json_decref(predict(&service, checkpoint, false));
    CHECK(!predictor_of(checkpoint).pid);
    json_decref(predict(&service, checkpoint, false));
    service_release(&service);
}

TEST(trainer_loads_a_checkpoint_again_when_it_has_changed)
{
    struct service service;
    char checkpoint[1024];
    struct timespec times[2] = { { 1000000000, 0 }, { 1000000000, 0 } };

    service_open(&service);
    snprintf(checkpoint, sizeof(checkpoint), "%s", service_train(&service, 1, 1));
    json_decref(predict(&service, checkpoint, false));
    json_decref(predict(&service, checkpoint, true));
    CHECK(!utimensat(AT_FDCWD, checkpoint, times, 0));
    json_decref(predict(&service, checkpoint, false));
    service_release(&service);
}

TEST(trainer_starts_a_predictor_again_that_died)
{
    struct service service;
    struct process process;
    char checkpoint[1024];

    service_open(&service);
    snprintf(checkpoint, sizeof(checkpoint), "%s", service_train(&service, 1, 1));
    json_decref(predict(&service, checkpoint, false));
    process = predictor_of(checkpoint);
    CHECK(process.pid);
    process_signal(&process, SIGKILL);
    json_decref(predict(&service, checkpoint, false));
    service_release(&service);
}

struct asker {
    struct service *service;
    const char *checkpoint;
    int answered;
};

static void *ask_often(void *context)
{
    struct asker *asker = context;

    for (int i = 0; i < 5; i++) {
        json_t *request = question(asker->service, asker->checkpoint, "square/0001.jpg");
        struct trainer_answer answer;

        trainer_call(asker->service->trainer, "POST", "/inference/predict", request, &answer);
        asker->answered += answer.status == 200;
        json_decref(answer.body);
        json_decref(request);
    }
    return NULL;
}

TEST(trainer_predicts_for_many_at_a_time)
{
    struct trainer_options options = { .framework = "timm", .resident_limit = 2 };
    struct service service;
    char paths[3][1024];
    struct asker askers[6];
    pthread_t threads[6];

    service_open_with(&service, &options);
    for (int i = 0; i < 3; i++)
        snprintf(paths[i], sizeof(paths[i]), "%s", service_train(&service, i + 1, 1));
    for (int i = 0; i < 6; i++) {
        askers[i] = (struct asker){ &service, paths[i % 3], 0 };
        CHECK(!pthread_create(&threads[i], NULL, ask_often, &askers[i]));
    }
    for (int i = 0; i < 6; i++) {
        CHECK(!pthread_join(threads[i], NULL));
        CHECK(askers[i].answered == 5);
    }
    service_release(&service);
}
