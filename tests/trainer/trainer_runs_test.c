/* trainer_runs_test.c - runs of a real engine: told, stopped, killed, found again. */

#include "trainer_support.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"
#include "trainer/trainer_internal.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "(none)";
}

static json_t *status_of(struct service *service, int64_t job_id)
{
    char path[64];

    snprintf(path, sizeof(path), "/training/status/%lld", (long long)job_id);
    return service_call(service, "GET", path, NULL, 200);
}

TEST(trainer_tells_every_event_once_and_in_order)
{
    struct service service;
    json_t *message, *status;

    service_open(&service);
    service_start(&service, 7, 3);
    notes_wait(&service.notes, "training_complete", 1);
    CHECK(notes_check_order(&service.notes, 1) >= 12);
    CHECK(notes_count(&service.notes, "epoch_complete") == 3);
    CHECK(notes_count(&service.notes, "dataset_analyzed") == 1);
    CHECK(notes_count(&service.notes, "training_failed") == 0);

    message = notes_last(&service.notes, "epoch_complete");
    CHECK(json_integer_value(json_object_get(message, "job_id")) == 7);
    CHECK(json_integer_value(json_object_get(message, "attempt")) == 1);
    CHECK(json_integer_value(json_object_get(json_object_get(message, "data"), "epoch")) == 3);
    CHECK(strlen(text_of(message, "timestamp")) == 24);
    json_decref(message);
    message = notes_last(&service.notes, "training_started");
    CHECK(json_integer_value(json_object_get(json_object_get(message, "data"), "pid")) > 0);
    json_decref(message);

    service_wait_status(&service, 7, "completed", 5);
    status = status_of(&service, 7);
    CHECK(json_integer_value(json_object_get(status, "epoch")) == 3);
    CHECK(json_integer_value(json_object_get(status, "exit_code")) == 0);
    CHECK(json_is_string(json_object_get(status, "last_event_at")));
    CHECK(json_is_null(json_object_get(status, "error")));
    json_decref(status);
    service_release(&service);
}

TEST(trainer_tells_what_the_engine_prints)
{
    struct service service;
    json_t *message;

    service_open(&service);
    service_train(&service, 1, 1);
    service_wait_status(&service, 1, "completed", 5);
    notes_wait(&service.notes, "log", 4);
    message = notes_last(&service.notes, "log");
    CHECK(strstr(text_of(json_object_get(message, "data"), "message"), "completed after epoch 1"));
    CHECK_TEXT(text_of(json_object_get(message, "data"), "log_type"), "stderr");
    CHECK_TEXT(text_of(json_object_get(message, "data"), "level"), "INFO");
    CHECK(json_integer_value(json_object_get(message, "seq")) == 0);
    json_decref(message);
    service_release(&service);
}

TEST(trainer_waits_for_a_backend_that_is_away)
{
    struct service service;

    service_open(&service);
    atomic_store(&service.notes.is_away, true);
    service_start(&service, 1, 2);
    service_wait_status(&service, 1, "completed", 60); /* training does not wait */
    CHECK(notes_count(&service.notes, NULL) == 0);
    CHECK(atomic_load(&service.notes.refused) >= 1);
    atomic_store(&service.notes.is_away, false);
    notes_wait(&service.notes, "training_complete", 1);
    CHECK(notes_check_order(&service.notes, 1) >= 8);
    service_release(&service);
}

TEST(trainer_leaves_out_what_is_refused_for_good)
{
    struct service service;

    service_open(&service);
    atomic_store(&service.notes.is_strict, true);
    service_start(&service, 1, 2);
    notes_wait(&service.notes, "training_complete", 1);
    CHECK(notes_count(&service.notes, "step") == 0);
    CHECK(notes_count(&service.notes, "epoch_complete") == 2);
    CHECK(atomic_load(&service.notes.refused) >= 2);
    service_release(&service);
}

TEST(trainer_reports_a_killed_engine_within_two_seconds)
{
    struct service service;
    json_t *message, *data, *status;
    int64_t pid;
    double killed;

    service_open(&service);
    pid = service_start(&service, 3, 1000);
    notes_wait(&service.notes, "checkpoint_saved", 2); /* the best and the latest */
    killed = clock_seconds();
    CHECK(!kill((pid_t)pid, SIGKILL));
    notes_wait(&service.notes, "training_failed", 1);
    CHECK(clock_seconds() - killed < 2);
    message = notes_last(&service.notes, "training_failed");
    data = json_object_get(message, "data");
    CHECK(json_integer_value(json_object_get(message, "seq")) == 0);
    CHECK(json_integer_value(json_object_get(message, "attempt")) == 1);
    CHECK_TEXT(text_of(data, "error_message"), "the engine was killed (signal 9, SIGKILL)");
    CHECK(json_integer_value(json_object_get(data, "exit_code")) == -SIGKILL);
    CHECK(strstr(text_of(data, "traceback"), "epoch 1/1000"));
    CHECK(strstr(text_of(data, "checkpoint_path"), "checkpoints/latest.safetensors"));
    json_decref(message);
    status = status_of(&service, 3);
    CHECK_TEXT(text_of(status, "status"), "failed");
    CHECK_TEXT(text_of(status, "error"), "the engine was killed (signal 9, SIGKILL)");
    json_decref(status);
    service_release(&service);
}

TEST(trainer_stops_a_run_with_a_checkpoint)
{
    struct service service;
    json_t *body, *message;
    struct str path = STR_INIT;

    service_open(&service);
    service_start(&service, 4, 1000);
    notes_wait(&service.notes, "epoch_complete", 1);
    body = service_post(&service, "/training/stop/4", NULL, 200);
    CHECK_TEXT(text_of(body, "status"), "stopped");
    CHECK_TEXT(text_of(body, "message"), "The training has stopped");
    json_decref(body);
    notes_wait(&service.notes, "training_stopped", 1);
    message = notes_last(&service.notes, "training_stopped");
    CHECK(json_integer_value(json_object_get(message, "seq")) > 0); /* the engine's own words */
    str_printf(&path, "%s/runs/4/checkpoints/latest.safetensors", service.data);
    CHECK(file_exists(path.text));
    str_release(&path);
    json_decref(message);
    service_wait_status(&service, 4, "stopped", 5);
    body = service_post(&service, "/training/stop/4", NULL, 200);
    CHECK_TEXT(text_of(body, "status"), "already_stopped");
    json_decref(body);
    CHECK(notes_count(&service.notes, "training_failed") == 0);
    json_decref(service_post(&service, "/training/stop/99", NULL, 404));
    json_decref(service_post(&service, "/training/stop/x", NULL, 404));
    service_release(&service);
}

/* Before it has begun to listen, the signal ends it without a word of its own. */
TEST(trainer_stops_an_engine_that_only_starts)
{
    struct service service;
    json_t *body;

    service_open(&service);
    service_start(&service, 4, 1000);
    body = service_post(&service, "/training/stop/4", NULL, 200);
    json_decref(body);
    notes_wait(&service.notes, "training_stopped", 1);
    service_wait_status(&service, 4, "stopped", 5);
    CHECK(notes_count(&service.notes, "training_failed") == 0);
    service_release(&service);
}

static atomic_int signals_sent;

static void signal_slowly(const struct process *process, int number)
{
    signals_sent++;
    poll(NULL, 0, 200); /* the other call waits for the lock by now */
    process_signal(process, number);
}

static void *stop_too(void *service)
{
    json_decref(service_post(service, "/training/stop/4", NULL, 200));
    return NULL;
}

/* A second signal would end the engine without its checkpoint. */
TEST(trainer_that_is_asked_twice_tells_the_engine_once)
{
    struct launcher slow = launcher_local;
    struct service service;
    pthread_t thread;

    service_open(&service);
    slow.signal = signal_slowly;
    service.trainer->launcher = &slow;
    service_start(&service, 4, 1000);
    notes_wait(&service.notes, "step", 1);
    CHECK(!pthread_create(&thread, NULL, stop_too, &service));
    stop_too(&service);
    pthread_join(thread, NULL);
    service_wait_status(&service, 4, "stopped", 30);
    CHECK(signals_sent == 1);
    service_release(&service);
}

TEST(trainer_resumes_where_it_stopped)
{
    struct service service;
    json_t *request, *body;
    int first, count;

    service_open(&service);
    service_start(&service, 5, 3);
    notes_wait(&service.notes, "epoch_complete", 1);
    json_decref(service_post(&service, "/training/stop/5", NULL, 200));
    service_wait_status(&service, 5, "stopped", 30);
    first = notes_check_order(&service.notes, 1);
    request = service_job(5, 40);
    json_object_set_new(request, "resume", json_true());
    json_object_set_new(request, "attempt", json_integer(2));
    body = service_post(&service, "/training/start", request, 200);
    json_decref(body);
    notes_wait(&service.notes, "training_complete", 1);
    count = 0;
    for (size_t i = 0; i < json_array_size(service.notes.messages); i++) {
        const json_t *message = json_array_get(service.notes.messages, i);
        int64_t seq = json_integer_value(json_object_get(message, "seq"));

        if (json_integer_value(json_object_get(message, "attempt")) == 2 && seq)
            CHECK(seq == first + ++count); /* none of the first attempt again */
    }
    CHECK(count > 3);
    service_wait_status(&service, 5, "completed", 5);
    service_release(&service);
}

TEST(trainer_goes_on_after_a_restart)
{
    struct service service;
    json_t *status;
    int64_t pid;
    int told;

    service_open(&service);
    pid = service_start(&service, 6, 30);
    notes_wait(&service.notes, "epoch_complete", 2);
    service_close(&service, false);
    told = notes_count(&service.notes, NULL);
    CHECK(!kill((pid_t)pid, 0)); /* it goes on */
    poll(NULL, 0, 300);
    CHECK(notes_count(&service.notes, NULL) == told);
    service_open_again(&service);
    status = status_of(&service, 6);
    CHECK_TEXT(text_of(status, "status"), "running");
    CHECK(json_integer_value(json_object_get(status, "pid")) == pid);
    json_decref(status);
    notes_wait(&service.notes, "training_complete", 1);
    notes_check_order(&service.notes, 1);
    CHECK(notes_count(&service.notes, "epoch_complete") == 30);
    service_wait_status(&service, 6, "completed", 5);
    service_release(&service);
}

TEST(trainer_tells_what_happened_while_it_was_closed)
{
    struct service service;
    json_t *message;
    int64_t pid;

    service_open(&service);
    pid = service_start(&service, 6, 1000);
    notes_wait(&service.notes, "epoch_complete", 1);
    service_close(&service, false);
    CHECK(!kill((pid_t)pid, SIGKILL));
    service_open_again(&service);
    notes_wait(&service.notes, "training_failed", 1);
    message = notes_last(&service.notes, "training_failed");
    CHECK(strstr(text_of(json_object_get(message, "data"), "error_message"), "was killed"));
    json_decref(message);
    notes_check_order(&service.notes, 1);
    service_wait_status(&service, 6, "failed", 5);
    /* it is told once */
    service_close(&service, false);
    service_open_again(&service);
    service_wait_status(&service, 6, "failed", 5);
    CHECK(notes_count(&service.notes, "training_failed") == 1);
    service_release(&service);
}

TEST(trainer_tells_the_end_after_a_restart)
{
    struct service service;

    service_open(&service);
    atomic_store(&service.notes.is_away, true);
    service_start(&service, 6, 2);
    service_wait_status(&service, 6, "completed", 60);
    service_close(&service, false);
    service_open_again(&service);
    service_wait_status(&service, 6, "completed", 5);
    atomic_store(&service.notes.is_away, false);
    notes_wait(&service.notes, "training_complete", 1);
    notes_check_order(&service.notes, 1);
    CHECK(notes_count(&service.notes, "training_failed") == 0);
    service_release(&service);
}

TEST(trainer_stops_its_engines_when_asked)
{
    struct service service;
    int64_t pid;

    service_open(&service);
    pid = service_start(&service, 8, 1000);
    notes_wait(&service.notes, "epoch_complete", 1);
    service_close(&service, true);
    CHECK(kill((pid_t)pid, 0)); /* it is gone */
    CHECK(notes_count(&service.notes, "training_stopped") == 1);
    service_release(&service);
}

TEST(trainer_starts_a_job_once)
{
    struct service service;
    json_t *body;

    service_open(&service);
    service_start(&service, 9, 1000);
    body = service_post(&service, "/training/start", service_job(9, 3), 409);
    CHECK_TEXT(service_detail(body), "Job 9 is already running");
    json_decref(body);
    json_decref(service_post(&service, "/training/stop/9", NULL, 200));
    service_wait_status(&service, 9, "stopped", 30);
    service_start(&service, 9, 1); /* and again when it is over */
    notes_wait(&service.notes, "training_complete", 1);
    notes_check_order(&service.notes, 2);
    service_release(&service);
}

TEST(trainer_runs_several_jobs_at_a_time)
{
    struct service service;
    json_t *health;

    service_open(&service);
    service_start(&service, 1, 1000);
    service_start(&service, 2, 1000);
    health = service_call(&service, "GET", "/health", NULL, 200);
    CHECK(json_integer_value(json_object_get(health, "running_jobs")) == 2);
    json_decref(health);
    notes_wait(&service.notes, "epoch_complete", 6);
    service_release(&service);
}

/* --- engines that behave badly --------------------------------------------------------------- */

/* One that does not listen, here because it is halted, is killed when its time is over. */
TEST_SLOW(trainer_kills_an_engine_that_does_not_stop)
{
    struct service service;
    json_t *body, *message;
    int64_t pid;

    service_open(&service);
    pid = service_start(&service, 1, 1000);
    notes_wait(&service.notes, "epoch_complete", 1);
    CHECK(!kill((pid_t)pid, SIGSTOP));
    body = service_post(&service, "/training/stop/1", NULL, 200);
    CHECK(json_is_false(json_object_get(body, "ended")));
    CHECK(strstr(text_of(body, "message"), "stopping"));
    json_decref(body);
    notes_wait(&service.notes, "training_stopped", 1);
    message = notes_last(&service.notes, "training_stopped");
    CHECK_TEXT(text_of(json_object_get(message, "data"), "message"),
               "it did not stop within 30 s and was killed");
    json_decref(message);
    service_release(&service);
}

/* A program in the engine's place; `script` is what it does when it trains. */
static void open_with_script(struct service *service, const char *script)
{
    struct trainer_options options = { .framework = "timm" };
    struct str text = STR_INIT;
    static char path[600];
    struct error err;

    service_open(service);
    service_close(service, false);
    snprintf(path, sizeof(path), "%s/engine", service->data);
    str_printf(&text, "#!/bin/sh\n%s\n", script);
    CHECK_OK(file_replace(path, text.text, text.length, &err), err);
    CHECK(!chmod(path, 0755));
    str_release(&text);
    options.engine = path;
    service_open_with_engine(service, &options);
}

TEST(trainer_leaves_out_lines_when_the_engine_prints_too_many)
{
    struct service service;
    json_t *message;

    open_with_script(&service, "i=0; while [ $i -lt 1000 ]; do echo line $i; i=$((i+1)); done >&2; "
                               "printf 'warning: \\377 no UTF-8' >&2; exit 7");
    service_start(&service, 1, 1);
    notes_wait(&service.notes, "training_failed", 1);
    CHECK(notes_count(&service.notes, "log") <= 3 * 201);
    message = notes_last(&service.notes, "log");
    CHECK(strstr(text_of(json_object_get(message, "data"), "message"), "lines left out"));
    json_decref(message);
    message = notes_last(&service.notes, "training_failed");
    CHECK_TEXT(text_of(json_object_get(message, "data"), "error_message"),
               "the training diverged: a value is not finite");
    CHECK(strstr(text_of(json_object_get(message, "data"), "traceback"),
                 "warning: \xef\xbf\xbd no UTF-8"));
    json_decref(message);
    service_release(&service);
}

TEST(trainer_leaves_out_lines_that_are_no_events)
{
    struct service service;

    open_with_script(&service,
                     "while [ \"$1\" != --output_dir ]; do shift; done; cd \"$2\"; "
                     "exec > events.jsonl; "
                     "echo rubbish; echo '{\"seq\":1}'; "
                     "echo '{\"seq\":2,\"event\":\"x\",\"data\":{}}'; "
                     "printf '{\"seq\":3,\"event\":\"training_complete\"'");
    service_start(&service, 1, 1);
    notes_wait(&service.notes, "training_failed", 1);
    CHECK(notes_count(&service.notes, "x") == 1);
    CHECK(notes_count(&service.notes, NULL) == 2);
    service_release(&service);
}

/* --- states ---------------------------------------------------------------------------------- */

/* Changes a field of job 1's state on disk. */
static void change_state(const struct service *service, const char *key, json_t *value)
{
    struct str path = STR_INIT, text = STR_INIT;
    struct error err;
    json_t *state;
    char *changed;

    str_printf(&path, "%s/trainer/job_1.json", service->data);
    CHECK_OK(file_read(path.text, 1 << 20, &text, &err), err);
    state = json_parse(text.text, text.length, path.text, &err);
    CHECK(state && !json_object_set_new(state, key, value));
    changed = json_dumps(state, 0);
    CHECK_OK(file_replace(path.text, changed, strlen(changed), &err), err);
    free(changed);
    json_decref(state);
    str_release(&text);
    str_release(&path);
}

/* The service died between starting the engine and writing down its id. */
TEST(trainer_finds_an_engine_whose_id_was_not_written)
{
    struct service service;
    json_t *status;
    int64_t pid;

    service_open(&service);
    pid = service_start(&service, 1, 1000);
    notes_wait(&service.notes, "training_started", 1);
    service_close(&service, false);
    change_state(&service, "status", json_string("starting"));
    change_state(&service, "pid", json_integer(0));
    service_open_again(&service);
    status = status_of(&service, 1);
    CHECK_TEXT(text_of(status, "status"), "running");
    CHECK(json_integer_value(json_object_get(status, "pid")) == pid);
    json_decref(status);
    service_release(&service);
    CHECK(kill((pid_t)pid, 0));
}

TEST(trainer_knows_that_the_machine_was_restarted)
{
    struct service service;
    json_t *message;
    int64_t pid;

    service_open(&service);
    pid = service_start(&service, 1, 1000);
    notes_wait(&service.notes, "training_started", 1);
    service_close(&service, false);
    change_state(&service, "boot_id", json_string("another"));
    service_open_again(&service);
    notes_wait(&service.notes, "training_failed", 1);
    message = notes_last(&service.notes, "training_failed");
    CHECK_TEXT(text_of(json_object_get(message, "data"), "error_message"),
               "the machine was restarted while the engine ran");
    json_decref(message);
    kill((pid_t)pid, SIGKILL);
    while (waitpid((pid_t)pid, NULL, 0) != (pid_t)pid)
        ;
    service_release(&service);
}

/* --- requests -------------------------------------------------------------------------------- */

/* What the engine says itself is the cause. */
TEST(trainer_reports_what_the_engine_refuses)
{
    static const struct {
        const char *key, *value, *message;
        int code;
    } cases[] = {
        { "model_name", "resnet19", "unknown model 'resnet19'", 2 },
        { "dataset_path", "nowhere", "nowhere", 3 },
        { "optimizer", "none", "optimizer", 2 },
    };
    struct service service;

    service_open(&service);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *request = service_job((int64_t)i + 1, 1), *message, *data;

        json_object_set_new(request, cases[i].key, json_string(cases[i].value));
        json_decref(service_post(&service, "/training/start", request, 200));
        notes_wait(&service.notes, "training_failed", (int)i + 1);
        message = notes_last(&service.notes, "training_failed");
        data = json_object_get(message, "data");
        CHECK(strstr(text_of(data, "error_message"), cases[i].message));
        CHECK(json_integer_value(json_object_get(data, "exit_code")) == cases[i].code);
        json_decref(message);
    }
    service_release(&service);
}

TEST(trainer_refuses_requests_that_do_not_fit)
{
    static const struct {
        const char *key, *json, *message;
    } cases[] = {
        { "job_id", "0", "job_id" },
        { "job_id", "\"x\"", "job_id" },
        { "model_name", "null", "model_name is required" },
        { "dataset_path", "null", "dataset_path is required" },
        { "dataset_path", "\"../data\"", "no path" },
        { "dataset_path", "\"..\"", "not the id" },
        { "output_dir", "null", "output_dir is required" },
        { "output_dir", "\"runs/../../x\"", "no path" },
        { "epochs", "\"many\"", "epochs must be a whole number" },
        { "resume", "1", "resume must be true or false" },
        { "advanced_config", "[]", "advanced_config must be an object" },
        { "framework", "\"ultralytics\"", "this service trains models of 'timm'" },
    };
    struct service service;

    service_open(&service);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *request = service_job(1, 1), *body;
        json_t *value = json_loads(cases[i].json, JSON_DECODE_ANY, NULL);

        json_object_set_new(request, cases[i].key, value);
        body = service_post(&service, "/training/start", request, 400);
        if (!strstr(service_detail(body), cases[i].message))
            test_fail(__FILE__, __LINE__, "%s %s: %s", cases[i].key, cases[i].json,
                      service_detail(body));
        json_decref(body);
    }
    json_decref(service_call(&service, "GET", "/training/status/1", NULL, 404));
    CHECK(notes_count(&service.notes, NULL) == 0);
    service_release(&service);
}
