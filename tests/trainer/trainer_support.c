/* trainer_support.c - see trainer_support.h. */

#include "trainer_support.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "test.h"
#include "trainer/capture.h"

#include <poll.h>
#include <stdlib.h>

#define PATIENCE_SECONDS 60.0
#define LOOK_MS 5

/* --- notes ----------------------------------------------------------------------------------- */

static int take(void *context, const json_t *message, struct error *err)
{
    struct notes *notes = context;
    const char *event = json_string_value(json_object_get(message, "event"));

    if (atomic_load(&notes->is_away)) {
        atomic_fetch_add(&notes->refused, 1);
        return FAIL(err, UNAVAILABLE, "the backend is away");
    }
    if (atomic_load(&notes->is_strict) && !strcmp(event, "step")) {
        atomic_fetch_add(&notes->refused, 1);
        return FAIL(err, INVALID, "steps are not wanted");
    }
    pthread_mutex_lock(&notes->lock);
    json_array_append_new(notes->messages, json_deep_copy(message));
    pthread_mutex_unlock(&notes->lock);
    return 0;
}

static bool is_event(const json_t *message, const char *event)
{
    return !event || !strcmp(json_string_value(json_object_get(message, "event")), event);
}

int notes_count(struct notes *notes, const char *event)
{
    json_t *message;
    size_t i;
    int count = 0;

    pthread_mutex_lock(&notes->lock);
    json_array_foreach(notes->messages, i, message) {
        count += is_event(message, event);
    }
    pthread_mutex_unlock(&notes->lock);
    return count;
}

void notes_wait(struct notes *notes, const char *event, int count)
{
    double until = clock_seconds() + PATIENCE_SECONDS;

    while (notes_count(notes, event) < count) {
        if (clock_seconds() > until)
            test_fail(__FILE__, __LINE__, "no %d messages '%s' came", count, event);
        poll(NULL, 0, LOOK_MS);
    }
}

json_t *notes_last(struct notes *notes, const char *event)
{
    json_t *message, *found = NULL;
    size_t i;

    pthread_mutex_lock(&notes->lock);
    json_array_foreach(notes->messages, i, message) {
        if (is_event(message, event))
            found = message;
    }
    found = found ? json_deep_copy(found) : NULL;
    pthread_mutex_unlock(&notes->lock);
    return found;
}

int notes_check_order(struct notes *notes, int64_t attempt)
{
    json_t *message;
    int64_t expected = 1;
    size_t i;

    pthread_mutex_lock(&notes->lock);
    json_array_foreach(notes->messages, i, message) {
        int64_t seq = json_integer_value(json_object_get(message, "seq"));

        if (json_integer_value(json_object_get(message, "attempt")) != attempt || !seq)
            continue;
        if (seq != expected)
            test_fail(__FILE__, __LINE__, "seq %lld came where %lld should", (long long)seq,
                      (long long)expected);
        expected++;
    }
    pthread_mutex_unlock(&notes->lock);
    return (int)expected - 1;
}

/* --- the service ----------------------------------------------------------------------------- */

static void draw_dataset(const char *folder)
{
    const char *const argv[] = { SERVICE_ENGINE, "dataset", "sample", folder, "--num_classes", "3",
                                 "--train", "8", "--val", "3", "--image_size", "32", NULL };
    struct capture_options options = { .argv = argv, .timeout_seconds = PATIENCE_SECONDS };
    struct capture capture;
    struct error err;

    CHECK_OK(capture_run(&capture, &options, &err), err);
    CHECK(capture.exit_code == 0);
    capture_release(&capture);
}

static void open_trainer(struct service *service, struct trainer_options *options)
{
    struct error err;

    if (!options->engine)
        options->engine = SERVICE_ENGINE;
    options->data_folder = service->data;
    options->sink = (struct trainer_sink){ take, &service->notes };
    CHECK_OK(trainer_open(&service->trainer, options, &err), err);
}

void service_open_with(struct service *service, struct trainer_options *options)
{
    struct str path = STR_INIT;
    struct error err;

    *service = (struct service){ 0 };
    CHECK(!pthread_mutex_init(&service->notes.lock, NULL));
    service->notes.messages = json_array();
    snprintf(service->data, sizeof(service->data), "%s", test_folder());
    str_printf(&path, "%s/datasets", service->data);
    CHECK_OK(file_make_folders(path.text, &err), err);
    str_add(&path, "/shapes");
    draw_dataset(path.text);
    str_release(&path);
    open_trainer(service, options);
}

void service_open(struct service *service)
{
    struct trainer_options options = { .framework = "timm" };

    service_open_with(service, &options);
}

void service_open_again(struct service *service)
{
    struct trainer_options options = { .framework = "timm" };

    open_trainer(service, &options);
}

void service_open_with_engine(struct service *service, struct trainer_options *options)
{
    open_trainer(service, options);
}

void service_close(struct service *service, bool stop_engines)
{
    trainer_close(service->trainer, stop_engines);
    service->trainer = NULL;
}

void service_release(struct service *service)
{
    service_close(service, true);
    json_decref(service->notes.messages);
    pthread_mutex_destroy(&service->notes.lock);
}

/* --- calls ----------------------------------------------------------------------------------- */

const char *service_detail(const json_t *body)
{
    return json_string_value(json_object_get(body, "detail"));
}

json_t *service_call(struct service *service, const char *method, const char *path,
                     const json_t *parameters, int status)
{
    struct trainer_answer answer;

    trainer_call(service->trainer, method, path, parameters, &answer);
    if (answer.status != status)
        test_fail(__FILE__, __LINE__, "%s %s gave %d, not %d: %s", method, path, answer.status,
                  status, service_detail(answer.body) ? service_detail(answer.body) : "");
    CHECK(answer.body);
    return answer.body;
}

json_t *service_post(struct service *service, const char *path, json_t *parameters, int status)
{
    json_t *body = service_call(service, "POST", path, parameters, status);

    json_decref(parameters);
    return body;
}

json_t *service_job(int64_t job_id, int epochs)
{
    char folder[32];

    snprintf(folder, sizeof(folder), "runs/%lld", (long long)job_id);
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:n, s:s, s:i, s:i, s:f, s:s, s:b, s:n, s:n,"
                     " s:b, s:{s:i, s:i, s:i}}",
                     "job_id", (json_int_t)job_id, "framework", "timm", "model_name",
                     "mobilenetv3_small_100", "task_type", "classification", "dataset_path",
                     "shapes", "dataset_format", "imagefolder", "num_classes", "output_dir", folder,
                     "epochs", epochs, "batch_size", 8, "learning_rate", 0.001, "optimizer", "adam",
                     "pretrained", 0, "project_id", "checkpoint_path", "resume", 0,
                     "advanced_config", "threads", 1, "loader_threads", 1, "image_size", 32);
}

int64_t service_start(struct service *service, int64_t job_id, int epochs)
{
    json_t *body = service_post(service, "/training/start", service_job(job_id, epochs), 200);
    int64_t pid = json_integer_value(json_object_get(body, "pid"));

    CHECK(pid > 0);
    json_decref(body);
    return pid;
}

const char *service_train(struct service *service, int64_t job_id, int epochs)
{
    static char path[1024];
    int before = notes_count(&service->notes, "training_complete");

    service_start(service, job_id, epochs);
    notes_wait(&service->notes, "training_complete", before + 1);
    snprintf(path, sizeof(path), "%s/runs/%lld/checkpoints/best.safetensors", service->data,
             (long long)job_id);
    return path;
}

void service_wait_status(struct service *service, int64_t job_id, const char *status,
                         double seconds)
{
    double until = clock_seconds() + seconds;
    char path[64];

    snprintf(path, sizeof(path), "/training/status/%lld", (long long)job_id);
    for (;;) {
        json_t *body = service_call(service, "GET", path, NULL, 200);
        bool found = !strcmp(json_string_value(json_object_get(body, "status")), status);
        char seen[32];

        snprintf(seen, sizeof(seen), "%s", json_string_value(json_object_get(body, "status")));
        json_decref(body);
        if (found)
            return;
        if (clock_seconds() > until)
            test_fail(__FILE__, __LINE__, "job %lld is %s, not %s", (long long)job_id, seen,
                      status);
        poll(NULL, 0, LOOK_MS);
    }
}
