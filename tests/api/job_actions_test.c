/* What starts, stops and removes jobs refuses what it does not understand, and says why in the
 * contract's words. */

#include "api_support.h"
#include "app/jobs/jobs.h"
#include "base/error.h"
#include "live_support.h"
#include "test.h"

#include <stdlib.h>

static void expect_code(const struct platform *p, long status, const char *code,
                        const char *method, const char *path, const char *token, const char *body)
{
    json_t *answer = expect(p, status, method, path, token, body);

    CHECK_TEXT(text_at(answer, "code"), code);
    json_decref(answer);
}

static void check_status(const struct platform *p, const char *token, const char *status)
{
    json_t *job = expect(p, 200, "GET", "/api/v1/training/jobs/1", token, NULL);

    CHECK_TEXT(text_at(job, "status"), status);
    json_decref(job);
}

TEST(actions_tell_by_code_what_stands_in_the_way)
{
    struct platform p;
    char *token;

    platform_open(&p);
    token = login(&p, "ada@example.com");
    CHECK(new_job(&p, new_project(&p, token), 3) == 1);
    expect_error(&p, 400, "Cannot stop job with status: pending", "POST",
                 "/api/v1/training/stop/1", token, NULL);
    expect_code(&p, 400, "INVALID_STATUS", "POST", "/api/v1/training/jobs/1/stop", token, NULL);
    expect_code(&p, 400, "INVALID_STATUS", "POST", "/api/v1/training/jobs/1/restart", token, NULL);
    expect_code(&p, 404, "JOB_NOT_FOUND", "POST", "/api/v1/training/jobs/2/start", token, NULL);
    expect_code(&p, 404, "CHECKPOINT_NOT_FOUND", "GET",
                "/api/v1/training/jobs/1/checkpoints/1/download", token, NULL);
    expect_code(&p, 404, "DATASET_NOT_FOUND", "GET", "/api/v1/datasets/none", token, NULL);
    json_decref(expect(&p, 200, "POST", "/api/v1/training/jobs/1/cancel", token, "{}"));
    expect_code(&p, 400, "INVALID_STATUS", "POST", "/api/v1/training/jobs/1/cancel", token, "{}");
    free(token);
    platform_close(&p);
}

TEST(actions_do_nothing_when_they_are_misspelt)
{
    static const char *const words[] = { "start", "stop", "cancel", "restart", "clone" };
    struct platform p;
    char *token, path[80];
    json_t *jobs;

    platform_open(&p);
    token = login(&p, "ada@example.com");
    new_job(&p, new_project(&p, token), 3);
    start_job(&p, 1);
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        snprintf(path, sizeof(path), "/api/v1/training/jobs/1/%s", words[i]);
        json_decref(expect(&p, 422, "POST", path, token, "{\"resume\":"));
    }
    expect_error(&p, 400, "resume must be true or false", "POST",
                 "/api/v1/training/jobs/1/start?resume=maybe", token, NULL);
    expect_error(&p, 400, "force must be true or false", "DELETE",
                 "/api/v1/training/jobs/1?force=", token, NULL);
    expect_error(&p, 400, "force must be true or false", "DELETE",
                 "/api/v1/projects/1?force=yess", token, NULL);
    check_status(&p, token, "running");
    jobs = expect(&p, 200, "GET", "/api/v1/training/jobs", token, NULL);
    CHECK(json_array_size(jobs) == 1);
    json_decref(jobs);
    free(token);
    platform_close(&p);
}

TEST(a_parameter_that_is_missing_is_sought_in_the_query)
{
    struct platform p;
    json_t *answer, *problem;

    platform_open(&p);
    answer = expect(&p, 422, "GET", "/api/v1/training/config-schema", NULL, NULL);
    problem = json_array_get(json_object_get(answer, "detail"), 0);
    CHECK_TEXT(json_string_value(json_array_get(json_object_get(problem, "loc"), 0)), "query");
    CHECK_TEXT(json_string_value(json_array_get(json_object_get(problem, "loc"), 1)), "framework");
    json_decref(answer);
    platform_close(&p);
}

/* A row as it stands in a list has its place, as the job alone has. */
static void check_place(const struct platform *p, const char *token, const char *path, int row,
                        int64_t job_id, int64_t place)
{
    json_t *list = expect(p, 200, "GET", path, token, NULL);
    const json_t *job = json_array_get(list, (size_t)row);

    CHECK(int_at(job, "id") == job_id);
    CHECK(place ? int_at(job, "queue_position") == place : !json_object_get(job, "queue_position"));
    json_decref(list);
}

TEST(rows_of_waiting_jobs_have_their_place_in_the_queue)
{
    static const struct job_start start = { 0 };
    static const char *const lists[] = { "/api/v1/projects/1/experiments",
                                         "/api/v1/training/jobs?project_id=1",
                                         "/api/v1/training/jobs" };
    struct platform p;
    struct error err;
    char *token;

    platform_open(&p);
    token = login(&p, "ada@example.com");
    CHECK(new_project(&p, token) == 1);
    for (int64_t id = 1; id <= 4; id++)
        CHECK(new_job(&p, 1, 3) == id);
    start_job(&p, 1);
    CHECK_OK(jobs_enqueue(p.app, 3, &start, &err), err);
    CHECK_OK(jobs_enqueue(p.app, 2, &start, &err), err);
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        check_place(&p, token, lists[i], 0, 4, 0); /* the newest first */
        check_place(&p, token, lists[i], 1, 3, 1);
        check_place(&p, token, lists[i], 2, 2, 2);
        check_place(&p, token, lists[i], 3, 1, 0);
    }
    free(token);
    platform_close(&p);
}
