/* trainer_process_test.c - `fovea trainer` as a process of its own, and a backend over HTTP:
 * secrets, and a service that is killed while its engine runs. */

#include "trainer_support.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "net/http.h"
#include "net/http_client.h"
#include "test.h"
#include "trainer/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define SECRET "between us"
#define PATIENCE_SECONDS 30.0

/* --- a backend ------------------------------------------------------------------------------- */

struct backend {
    struct http_server *server;
    struct notes notes;
    atomic_int denied;
};

static void begin(void *context, struct http_request *request, struct http_plan *plan)
{
    (void)context;
    (void)request;
    *plan = (struct http_plan){ HTTP_BODY_WHOLE, 1 << 20 };
}

static void finish(void *context, struct http_request *request)
{
    static const char fine[] = "{\"status\":\"received\"}";
    struct backend *backend = context;
    const char *secret = http_header(request, "X-Internal-Auth");
    size_t size_bytes;
    const char *body = http_body(request, &size_bytes);
    struct error err;

    if (strcmp(http_path(request), "/api/v1/internal/training/callback") || !secret ||
        strcmp(secret, SECRET)) {
        atomic_fetch_add(&backend->denied, 1);
        http_respond(request, 403, "application/json", "{\"detail\":\"Forbidden\"}", 22);
        return;
    }
    pthread_mutex_lock(&backend->notes.lock);
    json_array_append_new(backend->notes.messages, json_parse(body, size_bytes, "body", &err));
    pthread_mutex_unlock(&backend->notes.lock);
    http_respond(request, 200, "application/json", fine, strlen(fine));
}

static void end(void *context, struct http_request *request)
{
    (void)context;
    (void)request;
}

static void backend_open(struct backend *backend)
{
    struct http_options options = { .address = "127.0.0.1", .context = backend, .begin = begin,
                                    .finish = finish, .end = end };
    struct error err;

    *backend = (struct backend){ 0 };
    CHECK(!pthread_mutex_init(&backend->notes.lock, NULL));
    backend->notes.messages = json_array();
    CHECK_OK(http_server_new(&backend->server, &options, &err), err);
}

static void backend_close(struct backend *backend)
{
    http_server_free(backend->server);
    json_decref(backend->notes.messages);
    pthread_mutex_destroy(&backend->notes.lock);
}

/* --- the program ----------------------------------------------------------------------------- */

struct program {
    struct process process;
    int port;
    char folder[512];
};

static void program_start(struct program *program, const struct backend *backend)
{
    static const char begin_of_line[] = "on http://127.0.0.1:";
    char backend_url[64], out[600];
    const char *const argv[] = { TEST_BIN_DIR "/fovea", "trainer", "--port", "0", "--data",
                                 program->folder, "--backend", backend_url, NULL };
    double until = clock_seconds() + PATIENCE_SECONDS;
    struct process_options options = { .argv = argv, .input = PROCESS_NO_FILE };
    struct error err;

    snprintf(backend_url, sizeof(backend_url), "http://127.0.0.1:%d/",
             http_server_port(backend->server));
    snprintf(out, sizeof(out), "%s/out", program->folder);
    options.output = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    options.error_output = options.output;
    CHECK(options.output >= 0);
    CHECK_OK(process_start(&program->process, &options, &err), err);
    close(options.output);
    for (program->port = 0; !program->port; poll(NULL, 0, 5)) {
        struct str text = STR_INIT;
        const char *found;

        CHECK(clock_seconds() < until && process_is_alive(&program->process));
        CHECK_OK(file_read(out, 1 << 20, &text, &err), err);
        found = strstr(text.text, begin_of_line);
        if (found && strchr(found, ','))
            program->port = (int)strtol(found + strlen(begin_of_line), NULL, 10);
        str_release(&text);
    }
}

static void program_end(struct program *program, int signal)
{
    double until = clock_seconds() + PATIENCE_SECONDS;
    int status;

    process_signal(&program->process, signal);
    while (process_reap(&program->process, &status) == PROCESS_END_NOT_YET) {
        CHECK(clock_seconds() < until);
        poll(NULL, 0, 5);
    }
}

static json_t *ask(const struct program *program, const char *method, const char *path,
                   const char *secret, const json_t *body, int expected)
{
    struct http_client *client = http_client_new();
    struct str url = STR_INIT, header = STR_INIT;
    struct error err;
    json_t *answer;
    int status;

    str_printf(&url, "http://127.0.0.1:%d%s", program->port, path);
    str_printf(&header, "X-Internal-Auth: %s", secret ? secret : "");
    const char *const headers[] = { secret ? header.text : NULL, NULL };
    struct http_call call = { .method = method, .url = url.text, .headers = headers, .body = body };

    CHECK_OK(http_client_call(client, &call, &status, &answer, &err), err);
    if (status != expected)
        test_fail(__FILE__, __LINE__, "%s %s gave %d, not %d", method, path, status, expected);
    str_release(&url);
    str_release(&header);
    http_client_free(client);
    return answer;
}

/* Its data set is drawn by a service that is closed again. */
static void make_folder(struct program *program)
{
    struct service service;

    service_open(&service);
    service_release(&service);
    snprintf(program->folder, sizeof(program->folder), "%s", service.data);
}

static int64_t start_job(const struct program *program, int64_t job_id, int epochs)
{
    json_t *request = service_job(job_id, epochs);
    json_t *answer = ask(program, "POST", "/training/start", SECRET, request, 200);
    int64_t pid = json_integer_value(json_object_get(answer, "pid"));

    CHECK(pid > 0);
    json_decref(request);
    json_decref(answer);
    return pid;
}

static struct process engine_of(const struct program *program, int64_t job_id)
{
    char output[600];
    const char *const words[] = { "train", output, NULL };
    struct process engine;

    snprintf(output, sizeof(output), "%s/runs/%lld", program->folder, (long long)job_id);
    engine = process_find(words);
    CHECK(engine.pid);
    return engine;
}

static void check_error(const struct notes *notes, const char *words)
{
    json_t *message = notes_last((struct notes *)notes, "training_failed");
    const char *text = json_string_value(
        json_object_get(json_object_get(message, "data"), "error_message"));

    if (!text || !strstr(text, words))
        test_fail(__FILE__, __LINE__, "\"%s\" lacks \"%s\"", text ? text : "", words);
    json_decref(message);
}

TEST(trainer_program_wants_the_secret)
{
    struct backend backend;
    struct program program;
    json_t *answer, *list = json_array();

    setenv("INTERNAL_SECRET", SECRET, 1);
    make_folder(&program);
    backend_open(&backend);
    program_start(&program, &backend);
    answer = ask(&program, "GET", "/health", NULL, NULL, 200);
    CHECK_TEXT(json_string_value(json_object_get(answer, "status")), "healthy");
    json_decref(answer);
    answer = ask(&program, "GET", "/models/list?task_type=super_resolution", NULL, NULL, 200);
    CHECK(json_integer_value(json_object_get(answer, "total")) == 0);
    json_decref(answer);
    json_decref(ask(&program, "POST", "/training/stop/1", NULL, NULL, 403));
    json_decref(ask(&program, "POST", "/training/stop/1", "between u", NULL, 403));
    json_decref(ask(&program, "POST", "/training/stop/1", "between us all", NULL, 403));
    json_decref(ask(&program, "POST", "/training/stop/1", SECRET, NULL, 404));
    json_decref(ask(&program, "POST", "/training/start", SECRET, list, 422));
    json_decref(list);
    program_end(&program, SIGTERM);
    backend_close(&backend);
}

TEST(trainer_program_is_killed_and_goes_on)
{
    struct backend backend;
    struct program program;
    json_t *status;
    int64_t pid;

    setenv("INTERNAL_SECRET", SECRET, 1);
    make_folder(&program);
    backend_open(&backend);
    program_start(&program, &backend);
    pid = start_job(&program, 5, 40);
    notes_wait(&backend.notes, "epoch_complete", 2);
    program_end(&program, SIGKILL);
    CHECK(!kill((pid_t)pid, 0));
    program_start(&program, &backend);
    status = ask(&program, "GET", "/training/status/5", NULL, NULL, 200);
    CHECK(json_integer_value(json_object_get(status, "pid")) == pid);
    json_decref(status);
    notes_wait(&backend.notes, "training_complete", 1);
    CHECK(notes_count(&backend.notes, "training_failed") == 0);
    /* an event may come twice when it was taken in the moment of death; none is missing */
    CHECK(notes_count(&backend.notes, "epoch_complete") >= 40);
    program_end(&program, SIGTERM);
    backend_close(&backend);
    CHECK(atomic_load(&backend.denied) == 0);
}

/* An engine that is nobody's child any more: its end is seen, if not its exit code. */
TEST(trainer_program_says_why_an_engine_is_gone_that_it_found)
{
    struct backend backend;
    struct program program;
    struct process engine;
    int64_t pid;
    double killed;

    setenv("INTERNAL_SECRET", SECRET, 1);
    make_folder(&program);
    backend_open(&backend);
    program_start(&program, &backend);
    pid = start_job(&program, 1, 1000);
    notes_wait(&backend.notes, "epoch_complete", 1);
    program_end(&program, SIGKILL);
    program_start(&program, &backend);
    killed = clock_seconds();
    CHECK(!kill((pid_t)pid, SIGKILL));
    notes_wait(&backend.notes, "training_failed", 1);
    CHECK(clock_seconds() - killed < 2);
    check_error(&backend.notes, "the engine is gone without a word: it was killed or crashed");

    start_job(&program, 2, 1000);
    notes_wait(&backend.notes, "training_started", 2);
    engine = engine_of(&program, 2);
    program_end(&program, SIGKILL);
    process_signal(&engine, SIGKILL);
    while (process_is_alive(&engine))
        poll(NULL, 0, 5);
    program_start(&program, &backend);
    notes_wait(&backend.notes, "training_failed", 2);
    check_error(&backend.notes, "while the training service was not running");
    program_end(&program, SIGTERM);
    backend_close(&backend);
}

/* An engine that failed by itself while nobody watched has left its words. */
TEST(trainer_program_reads_the_words_of_an_engine_that_it_did_not_see)
{
    struct backend backend;
    struct program program;
    json_t *request = service_job(1, 1);

    setenv("INTERNAL_SECRET", SECRET, 1);
    make_folder(&program);
    backend_open(&backend);
    program_start(&program, &backend);
    json_object_set_new(request, "model_name", json_string("resnet19"));
    json_decref(ask(&program, "POST", "/training/start", SECRET, request, 200));
    program_end(&program, SIGKILL);
    program_start(&program, &backend);
    notes_wait(&backend.notes, "training_failed", 1);
    check_error(&backend.notes, "unknown model 'resnet19'");
    json_decref(request);
    program_end(&program, SIGTERM);
    backend_close(&backend);
}

/* A wrong secret is put right later: nothing is lost meanwhile. */
TEST(trainer_program_keeps_events_while_the_backend_refuses_it)
{
    struct backend backend;
    struct program program;

    setenv("INTERNAL_SECRET", "another", 1);
    make_folder(&program);
    backend_open(&backend);
    program_start(&program, &backend);
    json_t *request = service_job(1, 2);

    json_decref(ask(&program, "POST", "/training/start", "another", request, 200));
    json_decref(request);
    while (!atomic_load(&backend.denied))
        poll(NULL, 0, 5);
    program_end(&program, SIGTERM);
    setenv("INTERNAL_SECRET", SECRET, 1);
    program_start(&program, &backend);
    notes_wait(&backend.notes, "training_complete", 1);
    CHECK(notes_check_order(&backend.notes, 1) >= 8);
    program_end(&program, SIGTERM);
    backend_close(&backend);
}
