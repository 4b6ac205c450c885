/* Pages of jobs: sorted, searched, counted; the queue, logs, and several jobs in one answer. */

#include "api_support.h"
#include "base/error.h"
#include "live_support.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

struct scene {
    struct platform p;
    char *token;
    int64_t project_id, jobs[4];
};

static char path_text[300];

static const char *path_of(const char *format, int64_t id)
{
    snprintf(path_text, sizeof(path_text), format, (long long)id);
    return path_text;
}

/* Jobs named b, A, c and one without a name; accuracies 0.5, 0.9, none, 0.7. */
static void scene_open(struct scene *s)
{
    static const char *const changes[] = {
        "{\"experiment_name\":\"b\",\"tags\":[\"night\"]}",
        "{\"experiment_name\":\"A\",\"notes\":\"100% sure\"}", "{\"experiment_name\":\"c\"}", NULL,
    };
    static const char *const epochs[] = {
        "{\"epoch\":1,\"loss\":0.5,\"accuracy\":0.5}",
        "{\"epoch\":1,\"loss\":0.2,\"accuracy\":0.9}", NULL,
        "{\"epoch\":1,\"loss\":0.3,\"accuracy\":0.7,\"extra_metrics\":{\"val_loss\":0.4}}",
    };

    *s = (struct scene){ 0 };
    platform_open(&s->p);
    s->token = login(&s->p, "ada@example.com");
    s->project_id = new_project(&s->p, s->token);
    for (int i = 0; i < 4; i++) {
        s->jobs[i] = new_job(&s->p, s->project_id, 10);
        if (changes[i])
            json_decref(expect(&s->p, 200, "PATCH",
                               path_of("/api/v1/training/jobs/%lld", s->jobs[i]), s->token,
                               changes[i]));
        if (epochs[i]) {
            start_job(&s->p, s->jobs[i]);
            report(&s->p, s->jobs[i], "epoch_complete", epochs[i]);
        }
    }
}

static void scene_close(struct scene *s)
{
    free(s->token);
    platform_close(&s->p);
}

/* The jobs of the answer by their numbers in the scene: "3210". */
static void check_jobs(struct scene *s, const char *query, const char *wanted, const char *total)
{
    char found[8] = "", path[300], header[60];
    struct reply reply;

    snprintf(path, sizeof(path), "/api/v1/projects/%lld/experiments%s", (long long)s->project_id,
             query);
    fetch(&s->p, "GET", path, s->token, NULL, NULL, &reply);
    CHECK(reply.status == 200);
    for (size_t i = 0; i < json_array_size(reply.body); i++)
        for (int j = 0; j < 4; j++)
            if (int_at(json_array_get(reply.body, i), "id") == s->jobs[j])
                found[strlen(found)] = (char)('0' + j);
    CHECK_TEXT(found, wanted);
    snprintf(header, sizeof(header), "X-Total-Count: %s\r\n", total);
    CHECK(strcasestr(reply.headers.text, header));
    reply_release(&reply);
}

static void check_status_refused(struct scene *s, const char *path)
{
    json_t *body = expect(&s->p, 422, "GET", path, s->token, NULL);
    const json_t *problem = json_array_get(json_object_get(body, "detail"), 0);

    CHECK_TEXT(text_at(problem, "msg"), "status must be pending, running, completed, failed, "
                                        "cancelled or stopped");
    CHECK_TEXT(json_string_value(json_array_get(json_object_get(problem, "loc"), 0)), "query");
    CHECK_TEXT(json_string_value(json_array_get(json_object_get(problem, "loc"), 1)), "status");
    json_decref(body);
}

TEST(job_lists_sort_with_what_has_no_value_last)
{
    struct scene s;

    scene_open(&s);
    check_jobs(&s, "", "3210", "4");
    check_jobs(&s, "?order=asc", "0123", "4");
    check_jobs(&s, "?sort=accuracy", "1302", "4");
    check_jobs(&s, "?sort=accuracy&order=asc", "0312", "4");
    check_jobs(&s, "?sort=name&order=asc", "1023", "4"); /* the last goes by its model: resnet18 */
    check_jobs(&s, "?sort=updated", "3210", "4");
    check_jobs(&s, "?sort=accuracy&page=2&per_page=2", "02", "4");
    check_jobs(&s, "?sort=accuracy&status=running", "130", "3");
    check_jobs(&s, "?sort=name&order=desc&status=running", "301", "3");
    check_jobs(&s, "?status=pending", "2", "1");
    report(&s.p, s.jobs[0], "epoch_complete", "{\"epoch\":2,\"loss\":0.1,\"accuracy\":0.95}");
    check_jobs(&s, "?sort=updated", "0321", "4");
    expect_error(&s.p, 400, "sort must be created, name, accuracy or updated", "GET",
                 path_of("/api/v1/projects/%lld/experiments?sort=id;DROP", s.project_id), s.token,
                 NULL);
    check_jobs(&s, "?status=", "3210", "4"); /* as good as none */
    check_status_refused(&s,
                         path_of("/api/v1/projects/%lld/experiments?status=bogus", s.project_id));
    check_status_refused(&s, "/api/v1/training/jobs?status=Running");
    expect_error(&s.p, 400, "order must be asc or desc", "GET",
                 path_of("/api/v1/projects/%lld/experiments?order=up", s.project_id), s.token,
                 NULL);
    scene_close(&s);
}

TEST(job_lists_search_text_as_it_is_written)
{
    struct scene s;
    char query[20];

    scene_open(&s);
    check_jobs(&s, "?q=NIGHT", "0", "1");
    check_jobs(&s, "?q=100%25%20sure", "1", "1");
    check_jobs(&s, "?q=1%25e", "", "0"); /* no wildcard */
    check_jobs(&s, "?q=", "3210", "4");
    check_jobs(&s, "?q=resnet&status=running&sort=accuracy", "130", "3");
    check_jobs(&s, "?q=resnet&sort=accuracy&order=asc&page=2&per_page=3", "2", "4");
    snprintf(query, sizeof(query), "?q=%%23%lld", (long long)s.jobs[2]);
    check_jobs(&s, query, "2", "1");
    scene_close(&s);
}

/* Rows that somebody else's program has put there count as ours do. */
TEST(job_lists_count_what_was_inserted_from_outside)
{
    struct scene s;
    char command[700];
    json_t *project;

    scene_open(&s);
    snprintf(command, sizeof(command),
             "sqlite3 '%s/vision_platform.db' \"INSERT INTO training_jobs (project_id, framework, "
             "model_name, task_type, status, accuracy, created_at) VALUES (%lld, 'timm', 'x', "
             "'image_classification', 'completed', 0.99, '2024-01-18 15:30:00')\"",
             s.p.folder, (long long)s.project_id);
    if (system(command)) {
        scene_close(&s);
        test_skip("there is no sqlite3");
    }
    check_jobs(&s, "?sort=accuracy&status=completed", "", "1");
    check_jobs(&s, "?sort=accuracy&page=1&per_page=2", "1", "5");
    project = expect(&s.p, 200, "GET", path_of("/api/v1/projects/%lld", s.project_id), s.token,
                     NULL);
    CHECK(int_at(project, "experiment_count") == 5);
    CHECK(int_at(json_object_get(project, "jobs_by_status"), "completed") == 1);
    CHECK(int_at(json_object_get(project, "jobs_by_status"), "running") == 3);
    CHECK(text_at(project, "last_activity_at"));
    json_decref(project);
    scene_close(&s);
}

TEST(job_lists_of_all_projects_show_only_what_one_may_see)
{
    struct scene s;
    char *stranger;
    int64_t other, project;
    json_t *list;

    scene_open(&s);
    stranger = login(&s.p, "eve@example.com");
    project = new_project(&s.p, stranger);
    other = new_job(&s.p, project, 3);
    list = expect(&s.p, 200, "GET", "/api/v1/training/jobs", stranger, NULL);
    CHECK(json_array_size(list) == 1 && int_at(json_array_get(list, 0), "id") == other);
    json_decref(list);
    list = expect(&s.p, 200, "GET", "/api/v1/training/jobs?sort=updated&limit=2&skip=1", s.token,
                  NULL);
    CHECK(json_array_size(list) == 2 && int_at(json_array_get(list, 0), "id") == s.jobs[2] &&
          int_at(json_array_get(list, 1), "id") == s.jobs[1]);
    json_decref(list);
    list = expect(&s.p, 200, "GET", "/api/v1/training/jobs?q=night&status=running", s.token, NULL);
    CHECK(json_array_size(list) == 1 && int_at(json_array_get(list, 0), "id") == s.jobs[0]);
    json_decref(list);
    list = expect(&s.p, 200, "GET", "/api/v1/training/jobs?q=night", stranger, NULL);
    CHECK(!json_array_size(list));
    json_decref(list);
    json_decref(expect(&s.p, 400, "GET", "/api/v1/training/jobs?sort=accuracy", s.token, NULL));
    json_decref(expect(&s.p, 401, "GET", "/api/v1/training/jobs", NULL, NULL));
    free(stranger);
    scene_close(&s);
}

TEST(job_lists_have_a_queue_with_what_runs)
{
    struct scene s;
    char *stranger;
    json_t *queue;

    scene_open(&s);
    stranger = login(&s.p, "eve@example.com");
    queue = expect(&s.p, 200, "GET", "/api/v1/training/queue", s.token, NULL);
    CHECK(int_at(queue, "running_total") == 3 && int_at(queue, "running_limit") == 1);
    CHECK(json_array_size(json_object_get(queue, "running")) == 3);
    CHECK(int_at(queue, "total") == 0);
    json_decref(queue);
    queue = expect(&s.p, 200, "GET", "/api/v1/training/queue", stranger, NULL);
    CHECK(int_at(queue, "running_total") == 3);
    CHECK(!json_array_size(json_object_get(queue, "running")));
    json_decref(queue);
    json_decref(expect(&s.p, 401, "GET", "/api/v1/training/queue", NULL, NULL));
    free(stranger);
    scene_close(&s);
}

/* --- logs ------------------------------------------------------------------------------------ */

/* Their texts, one letter each. */
static int64_t check_logs(struct scene *s, const char *query, const char *wanted)
{
    char found[20] = "", path[200];
    json_t *list;
    int64_t last = 0;

    snprintf(path, sizeof(path), "/api/v1/training/jobs/%lld/logs%s", (long long)s->jobs[0], query);
    list = expect(&s->p, 200, "GET", path, s->token, NULL);
    for (size_t i = 0; i < json_array_size(list); i++) {
        found[i] = text_at(json_array_get(list, i), "content")[0];
        last = int_at(json_array_get(list, i), "id");
    }
    CHECK_TEXT(found, wanted);
    json_decref(list);
    return last;
}

TEST(job_logs_can_be_followed_and_leafed_through)
{
    static const char *const levels[] = { "DEBUG", "INFO", "WARNING", "ERROR", "stderr", "stdout" };
    char query[80], data[80];
    struct scene s;
    int64_t last;

    scene_open(&s);
    for (int i = 0; i < 6; i++) {
        snprintf(data, sizeof(data), "{\"level\":\"%s\",\"message\":\"%c\"}", levels[i], 'a' + i);
        report(&s.p, s.jobs[0], "log", data);
    }
    check_logs(&s, "", "abcdef");
    check_logs(&s, "?limit=2", "ef");
    check_logs(&s, "?level=INFO", "bcdef");
    check_logs(&s, "?level=warning", "cde");
    check_logs(&s, "?level=ERROR", "d");
    check_logs(&s, "?log_type=stderr", "e");
    last = check_logs(&s, "?limit=2&after=1", "bc");
    snprintf(query, sizeof(query), "?after=%lld", (long long)last);
    last = check_logs(&s, query, "def");
    snprintf(query, sizeof(query), "?after=%lld", (long long)last);
    check_logs(&s, query, "");
    report(&s.p, s.jobs[0], "log", "{\"level\":\"INFO\",\"message\":\"g\"}");
    check_logs(&s, query, "g");
    snprintf(query, sizeof(query), "?before=%lld&limit=2", (long long)last);
    check_logs(&s, query, "de");
    expect_error(&s.p, 400, "level must be DEBUG, INFO, WARNING or ERROR", "GET",
                 path_of("/api/v1/training/jobs/%lld/logs?level=loud", s.jobs[0]), s.token, NULL);
    scene_close(&s);
}

/* --- several jobs ---------------------------------------------------------------------------- */

TEST(jobs_are_compared_in_one_answer)
{
    struct scene s;
    char path[200], *stranger;
    const json_t *series;
    json_t *found;

    scene_open(&s);
    stranger = login(&s.p, "eve@example.com");
    snprintf(path, sizeof(path), "/api/v1/training/compare?jobs=%lld,%lld&names=loss,val_loss",
             (long long)s.jobs[3], (long long)s.jobs[0]);
    found = expect(&s.p, 200, "GET", path, s.token, NULL);
    CHECK(int_at(json_array_get(json_object_get(found, "jobs"), 0), "id") == s.jobs[3]);
    series = json_object_get(json_array_get(json_object_get(found, "series"), 0), "series");
    CHECK(json_array_size(series) == 2);
    CHECK_TEXT(text_at(json_array_get(series, 1), "name"), "val_loss");
    series = json_object_get(json_array_get(json_object_get(found, "series"), 1), "series");
    CHECK(json_array_size(series) == 1); /* it has no val_loss */
    CHECK(json_number_value(json_array_get(json_object_get(json_array_get(series, 0), "max"), 0)) ==
          0.5);
    json_decref(found);
    expect_error(&s.p, 404, "Training job not found", "GET", path, stranger, NULL);
    json_decref(expect(&s.p, 401, "GET", path, NULL, NULL));
    json_decref(expect(&s.p, 400, "GET", "/api/v1/training/compare", s.token, NULL));
    json_decref(expect(&s.p, 400, "GET", "/api/v1/training/compare?jobs=1,x", s.token, NULL));
    json_decref(expect(&s.p, 400, "GET", /* more than a memory holds */
                       "/api/v1/training/compare?jobs=1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"
                       "&names=a,b,c,d,e,f&points=10000", s.token, NULL));
    json_decref(expect(&s.p, 400, "GET",
                       "/api/v1/training/compare?jobs=1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
                       s.token, NULL));
    free(stranger);
    scene_close(&s);
}
