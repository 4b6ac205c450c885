/* live_test.c - what watchers are told over WebSockets. */

#include "live_support.h"

#include "api/api_internal.h"
#include "api/live/live.h"
#include "app/jobs/jobs.h"
#include "base/error.h"
#include "test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define EPOCH_10                                                              \
    "{\"epoch\":10,\"loss\":0.45,\"accuracy\":0.85,\"learning_rate\":0.0008," \
    "\"extra_metrics\":{\"val_loss\":0.5,\"precision\":0.84}}"

/* A platform with an admin, a project of his, and a job of 50 epochs in it. */
struct stage {
    struct platform p;
    char *token;
    int64_t project_id, job_id;
};

static void stage_open(struct stage *s)
{
    platform_open(&s->p);
    s->token = login(&s->p, "admin@example.com");
    s->project_id = new_project(&s->p, s->token);
    s->job_id = new_job(&s->p, s->project_id, 50);
}

static void stage_close(struct stage *s)
{
    free(s->token);
    platform_close(&s->p);
}

static char *path_with_token(const char *path, const char *token)
{
    struct str text = STR_INIT;

    str_printf(&text, "%s%stoken=%s", path, strchr(path, '?') ? "&" : "?", token);
    return str_detach(&text);
}

static void open_with_token(struct listener *l, const struct stage *s, const char *path,
                            const char *token)
{
    char *full = path_with_token(path, token);

    CHECK(listener_open(l, &s->p, full, NULL) == 101);
    free(full);
}

static void watch_job(struct listener *l, const struct stage *s)
{
    char path[64];

    snprintf(path, sizeof(path), "/ws/training/%lld", (long long)s->job_id);
    open_with_token(l, s, path, s->token);
    json_decref(listener_expect(l, "connected"));
    json_decref(listener_expect(l, "subscribed"));
}

static double number_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    CHECK(json_is_number(value));
    return json_number_value(value);
}

static void skip_status(struct listener *l, const char *status)
{
    json_t *frame = listener_expect(l, "training_status_change");

    CHECK_TEXT(text_at(frame, "new_status"), status);
    json_decref(frame);
}

static void expect_epoch(struct listener *l, int64_t epoch, bool is_replay)
{
    json_t *frame = listener_expect(l, "training_progress");

    if (int_at(frame, "epoch") != epoch)
        test_fail(__FILE__, __LINE__, "epoch %lld, not %lld", (long long)int_at(frame, "epoch"),
                  (long long)epoch);
    CHECK(json_is_true(json_object_get(frame, "replay")) == is_replay);
    json_decref(frame);
}

static void report_epoch(const struct stage *s, int epoch)
{
    char data[96];

    snprintf(data, sizeof(data), "{\"epoch\":%d,\"loss\":%g,\"accuracy\":0.5}", epoch, 1.0 / epoch);
    report(&s->p, s->job_id, "epoch_complete", data);
}

/* One frame for the client that reads data and the one that reads flat keys. */
TEST(watcher_of_a_job_is_told_an_epoch_in_both_forms)
{
    struct stage s;
    struct listener l;
    const json_t *data;
    json_t *frame;

    stage_open(&s);
    watch_job(&l, &s);
    skip_status(&l, "pending");
    listener_say(&l, "any text keeps the socket open");
    listener_say(&l, "{\"type\":\"unheard of\"}");
    listener_say(&l, "{broken");
    start_job(&s.p, s.job_id);
    report(&s.p, s.job_id, "epoch_complete", EPOCH_10);
    frame = listener_expect(&l, "training_status_change");
    CHECK_TEXT(text_at(frame, "old_status"), "pending");
    CHECK_TEXT(text_at(frame, "new_status"), "running");
    CHECK(int_at(frame, "job_id") == s.job_id && text_at(frame, "timestamp"));
    json_decref(frame);
    frame = listener_expect(&l, "training_progress");
    CHECK(int_at(frame, "job_id") == s.job_id && int_at(frame, "experiment_id") == s.job_id);
    CHECK(int_at(frame, "epoch") == 10 && int_at(frame, "total_epochs") == 50);
    CHECK_TEXT(text_at(frame, "status"), "running");
    CHECK_NEAR(number_at(frame, "progress_percent"), 20, 1e-9);
    CHECK_NEAR(number_at(frame, "loss"), 0.45, 0);
    CHECK_NEAR(number_at(frame, "accuracy"), 0.85, 0);
    CHECK_NEAR(number_at(frame, "learning_rate"), 0.0008, 0);
    data = json_object_get(frame, "data");
    CHECK(int_at(data, "epoch") == 10);
    CHECK_NEAR(number_at(data, "loss"), 0.45, 0);
    CHECK_NEAR(number_at(data, "accuracy"), 0.85, 0);
    CHECK_NEAR(number_at(data, "learning_rate"), 0.0008, 0);
    CHECK_NEAR(number_at(json_object_get(data, "extra_metrics"), "val_loss"), 0.5, 0);
    CHECK(!json_object_get(frame, "replay"));
    json_decref(frame);
    listener_expect_silence(&l);
    listener_close(&l);
    stage_close(&s);
}

TEST(watchers_are_told_logs_checkpoints_validations_and_ends)
{
    struct stage s;
    struct listener l;
    json_t *frame;

    stage_open(&s);
    start_job(&s.p, s.job_id);
    watch_job(&l, &s);
    skip_status(&l, "running");
    report(&s.p, s.job_id, "log", "{\"level\":\"WARNING\",\"message\":\"a \\\"quote\\\"\"}");
    frame = listener_expect(&l, "training_log");
    CHECK_TEXT(text_at(frame, "level"), "WARNING");
    CHECK_TEXT(text_at(frame, "message"), "a \"quote\"");
    json_decref(frame);
    report(&s.p, s.job_id, "checkpoint_saved",
           "{\"epoch\":3,\"kind\":\"best\",\"path\":\"x/best.safetensors\"}");
    frame = listener_expect(&l, "checkpoint_saved");
    CHECK_TEXT(text_at(frame, "kind"), "best");
    CHECK(int_at(frame, "epoch") == 3);
    json_decref(frame);
    report(&s.p, s.job_id, "training_failed", "{\"error_message\":\"CUDA out of memory\"}");
    frame = listener_expect(&l, "training_status_change");
    CHECK_TEXT(text_at(frame, "new_status"), "failed");
    json_decref(frame);
    frame = listener_expect(&l, "training_error");
    CHECK_TEXT(text_at(frame, "error_message"), "CUDA out of memory");
    CHECK_TEXT(text_at(frame, "best_checkpoint_path"), "x/best.safetensors");
    json_decref(frame);
    listener_close(&l);
    stage_close(&s);
}

TEST(late_watcher_is_told_the_epochs_so_far_and_the_status)
{
    struct stage s;
    struct listener early, late;

    stage_open(&s);
    start_job(&s.p, s.job_id);
    report_epoch(&s, 1);
    report_epoch(&s, 2);
    watch_job(&early, &s);
    expect_epoch(&early, 1, true);
    expect_epoch(&early, 2, true);
    skip_status(&early, "running");
    report_epoch(&s, 3);
    expect_epoch(&early, 3, false);
    watch_job(&late, &s); /* from what the hub keeps now */
    for (int epoch = 1; epoch <= 3; epoch++)
        expect_epoch(&late, epoch, true);
    skip_status(&late, "running");
    report_epoch(&s, 3); /* again, as after a resume: told live, and the history has it once */
    expect_epoch(&late, 3, false);
    expect_epoch(&early, 3, false);
    report(&s.p, s.job_id, "training_complete", "{\"best_epoch\":3}");
    skip_status(&late, "completed");
    json_decref(listener_expect(&late, "training_complete"));
    listener_close(&early);
    listener_close(&late);
    stage_close(&s);
}

TEST(restarted_job_begins_with_an_empty_history)
{
    struct stage s;
    struct listener first, second;
    struct error err;

    stage_open(&s);
    start_job(&s.p, s.job_id);
    watch_job(&first, &s);
    skip_status(&first, "running");
    report_epoch(&s, 1);
    expect_epoch(&first, 1, false);
    report(&s.p, s.job_id, "training_stopped", "{}");
    skip_status(&first, "stopped");
    CHECK_OK(jobs_restart(s.p.app, s.job_id, &err), err);
    tell_status(&s.p, s.job_id, "stopped");
    skip_status(&first, "pending");
    watch_job(&second, &s);
    skip_status(&second, "pending");
    listener_expect_silence(&second);
    listener_close(&first);
    listener_close(&second);
    stage_close(&s);
}

/* While one thread reports 200 epochs, others come: each sees every epoch once, in order. */
static void *report_epochs(void *context)
{
    const struct stage *s = context;

    for (int epoch = 1; epoch <= 200; epoch++)
        report_epoch(s, epoch);
    return NULL;
}

TEST(watchers_that_come_in_between_see_every_epoch_once)
{
    enum { COUNT = 12 };
    struct listener listeners[COUNT];
    struct stage s;
    pthread_t thread;

    stage_open(&s);
    start_job(&s.p, s.job_id);
    CHECK(!pthread_create(&thread, NULL, report_epochs, &s));
    for (int i = 0; i < COUNT; i++) {
        watch_job(&listeners[i], &s);
        if (i % 3 == 2) { /* so that the history is read from the database again */
            for (int j = i - 2; j <= i; j++) {
                int64_t expected = 1;

                while (expected <= 200) {
                    char *text = listener_text(&listeners[j]);
                    struct error err;
                    json_t *frame = json_parse(text, strlen(text), "frame", &err);

                    if (!strcmp(text_at(frame, "type"), "training_progress") &&
                        int_at(frame, "epoch") != expected++)
                        test_fail(__FILE__, __LINE__, "%lld instead of %lld",
                                  (long long)int_at(frame, "epoch"), (long long)expected - 1);
                    json_decref(frame);
                    free(text);
                    if (expected > 40 * (i / 3 + 1))
                        break;
                }
                listener_close(&listeners[j]);
            }
        }
    }
    pthread_join(thread, NULL);
    stage_close(&s);
}

TEST(steps_come_at_most_twice_a_second)
{
    struct stage s;
    struct listener l;
    json_t *frame;

    stage_open(&s);
    start_job(&s.p, s.job_id);
    watch_job(&l, &s);
    skip_status(&l, "running");
    for (int i = 1; i <= 100; i++)
        report(&s.p, s.job_id, "step",
               "{\"epoch\":1,\"step\":7,\"steps\":90,\"loss\":1.5,\"learning_rate\":0.1,"
               "\"images_per_second\":33.5,\"rss_mb\":812,\"eta_s\":40.5}");
    report(&s.p, s.job_id, "log", "{\"message\":\"the end\"}");
    frame = listener_expect(&l, "training_step");
    CHECK(int_at(frame, "step") == 7 && int_at(frame, "steps") == 90);
    CHECK_NEAR(number_at(frame, "images_per_second"), 33.5, 0);
    CHECK_NEAR(number_at(frame, "eta_s"), 40.5, 0);
    CHECK(int_at(frame, "rss_mb") == 812);
    json_decref(frame);
    for (int count = 1;; count++) {
        char *text = listener_text(&l);
        bool is_end = strstr(text, "the end");

        free(text);
        if (is_end)
            break;
        CHECK(count < 10); /* 100 events took less than five seconds */
    }
    listener_close(&l);
    stage_close(&s);
}

TEST(socket_subscribes_to_jobs_and_projects)
{
    struct stage s;
    struct listener l;
    char text[96];
    int64_t other;
    json_t *frame;

    stage_open(&s);
    other = new_job(&s.p, s.project_id, 10);
    open_with_token(&l, &s, "/ws", s.token);
    json_decref(listener_expect(&l, "connected"));
    snprintf(text, sizeof(text), "{\"type\":\"subscribe\",\"channel\":\"project:%lld\"}",
             (long long)s.project_id);
    listener_say(&l, text);
    frame = listener_expect(&l, "subscribed");
    CHECK(!strncmp(text_at(frame, "channel"), "project:", 8));
    json_decref(frame);
    snprintf(text, sizeof(text), "{\"type\":\"subscribe\",\"job_id\":%lld}", (long long)s.job_id);
    listener_say(&l, text);
    frame = listener_expect(&l, "subscribed");
    CHECK(int_at(frame, "job_id") == s.job_id);
    json_decref(frame);
    skip_status(&l, "pending");

    start_job(&s.p, s.job_id);
    skip_status(&l, "running"); /* once, though two channels have it */
    start_job(&s.p, other);
    frame = listener_expect(&l, "training_status_change");
    CHECK(int_at(frame, "job_id") == other);
    json_decref(frame);
    report(&s.p, other, "log", "{\"message\":\"not for the project\"}");
    report(&s.p, other, "epoch_complete", "{\"epoch\":1,\"loss\":2}");
    frame = listener_expect(&l, "training_progress");
    CHECK(int_at(frame, "job_id") == other && json_is_null(json_object_get(frame, "accuracy")));
    json_decref(frame);

    snprintf(text, sizeof(text), "{\"type\":\"unsubscribe\",\"channel\":\"project:%lld\"}",
             (long long)s.project_id);
    listener_say(&l, text);
    json_decref(listener_expect(&l, "unsubscribed"));
    report(&s.p, other, "epoch_complete", "{\"epoch\":2,\"loss\":1}");
    report(&s.p, s.job_id, "epoch_complete", "{\"epoch\":1,\"loss\":1}");
    frame = listener_expect(&l, "training_progress");
    CHECK(int_at(frame, "job_id") == s.job_id);
    json_decref(frame);
    listener_close(&l);
    stage_close(&s);
}

TEST(who_may_not_view_is_told_that_there_is_no_job)
{
    struct stage s;
    struct listener l;
    json_t *frame;
    char *stranger, text[64];

    stage_open(&s);
    stranger = login(&s.p, "stranger@example.com");
    snprintf(text, sizeof(text), "/api/v1/ws/training?job_id=%lld&session_id=3",
             (long long)s.job_id);
    open_with_token(&l, &s, text, stranger);
    json_decref(listener_expect(&l, "connected"));
    frame = listener_expect(&l, "error");
    CHECK_TEXT(text_at(frame, "message"), "Training job not found");
    json_decref(frame);
    listener_say(&l, "{\"type\":\"subscribe\",\"job_id\":99999}");
    frame = listener_expect(&l, "error");
    CHECK_TEXT(text_at(frame, "message"), "Training job not found");
    json_decref(frame);
    listener_say(&l, "{\"type\":\"subscribe\",\"channel\":\"project:1\"}");
    frame = listener_expect(&l, "error");
    CHECK_TEXT(text_at(frame, "message"), "Project not found");
    json_decref(frame);
    listener_say(&l, "{\"type\":\"subscribe\",\"channel\":\"secrets\"}");
    json_decref(listener_expect(&l, "error"));
    listener_say(&l, "{\"type\":\"subscribe\"}");
    json_decref(listener_expect(&l, "error"));
    start_job(&s.p, s.job_id);
    report_epoch(&s, 1);
    listener_expect_silence(&l);
    listener_close(&l);
    free(stranger);
    stage_close(&s);
}

TEST(sockets_without_good_credentials_are_closed_with_1008)
{
    struct stage s;
    struct listener l;
    char path[64];

    stage_open(&s);
    snprintf(path, sizeof(path), "/ws/training/%lld", (long long)s.job_id);
    CHECK(listener_open(&l, &s.p, path, NULL) == 101);
    listener_expect_close(&l, 1008);
    listener_close(&l);
    open_with_token(&l, &s, path, "no.such.token");
    listener_expect_close(&l, 1008);
    listener_close(&l);
    stage_close(&s);
}

/* The cookie of a login, with which a page of this site needs no code at all. */
TEST(cookie_opens_a_socket_for_pages_of_this_site_alone)
{
    static const struct {
        const char *origin;
        bool is_good;
    } cases[] = { { NULL, true },
                  { "http://127.0.0.1:PORT", true },
                  { "https://lab.example", true },
                  { "https://evil.example", false },
                  { "null", false } };
    struct stage s;
    struct listener l;
    struct str headers = STR_INIT;

    stage_open(&s);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        str_clear(&headers);
        str_printf(&headers, "Cookie: access_token=%s\r\n", s.token);
        if (cases[i].origin && strstr(cases[i].origin, "PORT"))
            str_printf(&headers, "Origin: http://127.0.0.1:%d\r\n", api_port(s.p.api));
        else if (cases[i].origin)
            str_printf(&headers, "Origin: %s\r\n", cases[i].origin);
        CHECK(listener_open(&l, &s.p, "/ws", headers.text) == 101);
        if (cases[i].is_good)
            json_decref(listener_expect(&l, "connected"));
        else
            listener_expect_close(&l, 1008);
        listener_close(&l);
    }
    str_clear(&headers);
    str_printf(&headers, "Authorization: Bearer %s\r\nOrigin: https://evil.example\r\n", s.token);
    CHECK(listener_open(&l, &s.p, "/ws", headers.text) == 101); /* no page can send this */
    json_decref(listener_expect(&l, "connected"));
    listener_close(&l);
    str_release(&headers);
    stage_close(&s);
}

/* A watcher may do what a request with the same token could do now. */
TEST(lost_rights_end_subscriptions_and_lost_credentials_the_socket)
{
    struct stage s;
    struct listener l;
    struct error err;
    struct arena arena = ARENA_INIT;
    struct user user;
    json_t *frame;
    char path[96], *token;

    stage_open(&s);
    token = login(&s.p, "member@example.com");
    CHECK_OK(users_find(s.p.app, "member@example.com", &arena, &user, &err), err);
    snprintf(path, sizeof(path), "/api/v1/projects/%lld/members", (long long)s.project_id);
    json_decref(expect(&s.p, 201, "POST", path, s.token,
                       "{\"email\":\"member@example.com\",\"role\":\"viewer\"}"));
    open_with_token(&l, &s, "/ws", token);
    json_decref(listener_expect(&l, "connected"));
    listener_say(&l, "{\"type\":\"subscribe\",\"job_id\":1}");
    json_decref(listener_expect(&l, "subscribed"));
    skip_status(&l, "pending");
    live_check_soon(s.p.api->live);
    snprintf(path, sizeof(path), "/api/v1/projects/%lld/members/%lld", (long long)s.project_id,
             (long long)user.id);
    json_decref(expect(&s.p, 200, "DELETE", path, s.token, NULL));
    live_check_soon(s.p.api->live);
    frame = listener_expect(&l, "error");
    CHECK_TEXT(text_at(frame, "message"), "Training job not found");
    json_decref(frame);
    report_epoch(&s, 1);
    listener_expect_silence(&l);
    CHECK_OK(users_set_active(s.p.app, user.id, false, &err), err);
    live_check_soon(s.p.api->live);
    listener_expect_close(&l, 1008);
    listener_close(&l);
    arena_release(&arena);
    free(token);
    stage_close(&s);
}

TEST(greedy_watcher_is_closed)
{
    struct stage s;
    struct listener l;

    stage_open(&s);
    open_with_token(&l, &s, "/ws", s.token);
    json_decref(listener_expect(&l, "connected"));
    for (int i = 0; i < 300; i++) {
        char text[64];

        snprintf(text, sizeof(text), "{\"type\":\"subscribe\",\"job_id\":%d}", 1000 + i);
        listener_say(&l, text); /* errors come back, and at most so many wait */
    }
    listener_say(&l, "{\"type\":\"ping\"}");
    for (;;) {
        char *text = listener_text(&l);
        bool is_pong = text && strstr(text, "\"pong\"");

        CHECK(text || l.close_code == 1008);
        free(text);
        if (!text || is_pong)
            break;
    }
    listener_close(&l);
    stage_close(&s);
}

TEST(plain_request_to_a_socket_is_told_to_upgrade)
{
    struct stage s;
    struct reply reply;

    stage_open(&s);
    fetch(&s.p, "GET", "/ws", s.token, NULL, NULL, &reply);
    CHECK(reply.status == 426);
    reply_release(&reply);
    stage_close(&s);
}
