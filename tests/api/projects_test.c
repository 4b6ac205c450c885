/* projects_test.c - projects, members and experiment lists over HTTP. */

#include "api_support.h"
#include "app/jobs/jobs.h"
#include "base/error.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

TEST(project_is_made_seen_changed_and_removed)
{
    struct platform p;
    char *token;
    json_t *body;

    platform_open(&p);
    token = login(&p, "ada@example.com");
    body = expect(&p, 201, "POST", "/api/v1/projects", token,
                  "{\"name\":\"Dog vs Cat\",\"description\":\"two\"}");
    CHECK(int_at(body, "id") == 1 && int_at(body, "experiment_count") == 0);
    CHECK_TEXT(text_at(body, "user_role"), "owner");
    json_decref(body);
    expect_error(&p, 400, "Project with this name already exists", "POST", "/api/v1/projects",
                 token, "{\"name\":\"Dog vs Cat\"}");
    body = expect(&p, 200, "PUT", "/api/v1/projects/1", token, "{\"name\":\"Renamed\"}");
    CHECK_TEXT(text_at(body, "name"), "Renamed");
    CHECK_TEXT(text_at(body, "description"), "two");
    json_decref(body);
    body = expect(&p, 200, "GET", "/api/v1/projects", token, NULL);
    CHECK(json_array_size(body) == 1);
    json_decref(body);
    body = expect(&p, 200, "DELETE", "/api/v1/projects/1", token, NULL);
    CHECK(int_at(body, "deleted_experiments") == 0);
    json_decref(body);
    expect_error(&p, 404, "Project not found", "GET", "/api/v1/projects/1", token, NULL);
    free(token);
    platform_close(&p);
}

TEST(project_of_others_does_not_exist)
{
    static const char *const methods[] = { "GET", "PUT", "DELETE" };
    struct platform p;
    char *ada, *bob;
    json_t *body;

    platform_open(&p);
    ada = login(&p, "ada@example.com");
    bob = login(&p, "bob@example.com");
    body = expect(&p, 201, "POST", "/api/v1/projects", ada, "{\"name\":\"secret\"}");
    json_decref(body);
    for (int i = 0; i < 3; i++)
        expect_error(&p, 404, "Project not found", methods[i], "/api/v1/projects/1", bob,
                     i == 1 ? "{}" : NULL);
    expect_error(&p, 404, "Project not found", "GET", "/api/v1/projects/1/experiments", bob, NULL);
    expect_error(&p, 404, "Project not found", "GET", "/api/v1/projects/1/members", bob, NULL);
    body = expect(&p, 201, "POST", "/api/v1/projects/1/members", ada,
                  "{\"email\":\"bob@example.com\",\"role\":\"viewer\"}");
    json_decref(body);
    body = expect(&p, 200, "GET", "/api/v1/projects/1", bob, NULL);
    CHECK_TEXT(text_at(body, "user_role"), "viewer");
    json_decref(body);
    expect_error(&p, 403, "Not enough permissions", "DELETE", "/api/v1/projects/1", bob, NULL);
    body = expect(&p, 200, "GET", "/api/v1/projects/1/members", bob, NULL);
    CHECK(json_array_size(body) == 2);
    json_decref(body);
    expect_error(&p, 404, "User not found", "POST", "/api/v1/projects/1/members", ada,
                 "{\"email\":\"nobody@example.com\"}");
    body = expect(&p, 200, "DELETE", "/api/v1/projects/1/members/3", ada, NULL);
    json_decref(body);
    expect_error(&p, 404, "Project not found", "GET", "/api/v1/projects/1", bob, NULL);
    free(ada);
    free(bob);
    platform_close(&p);
}

static int64_t add_job(struct platform *p, int64_t project, const char *model)
{
    struct job wanted = { .project_id = project, .framework = "timm", .model_name = model,
                          .task_type = "image_classification", .dataset_path = "/d", .epochs = 50,
                          .batch_size = 16, .learning_rate = 0.01 };
    struct arena arena = ARENA_INIT;
    struct job job;
    struct error err;

    CHECK_OK(jobs_add(p->app, &wanted, &arena, &job, &err), err);
    arena_release(&arena);
    return job.id;
}

TEST(members_get_other_roles_and_may_leave)
{
    struct platform p;
    char *owner, *member;
    json_t *body;

    platform_open(&p);
    owner = login(&p, "ada@example.com"); /* 2 */
    member = login(&p, "bob@example.com"); /* 3 */
    json_decref(expect(&p, 201, "POST", "/api/v1/projects", owner, "{\"name\":\"one\"}"));
    json_decref(expect(&p, 201, "POST", "/api/v1/projects/1/members", owner,
                       "{\"email\":\"bob@example.com\",\"role\":\"viewer\"}"));
    body = expect(&p, 200, "PUT", "/api/v1/projects/1/members/3", owner, "{\"role\":\"member\"}");
    CHECK_TEXT(text_at(body, "role"), "member");
    json_decref(body);
    body = expect(&p, 200, "PATCH", "/api/v1/projects/1/members/3", owner, "{\"role\":\"admin\"}");
    json_decref(body);
    body = expect(&p, 200, "GET", "/api/v1/projects/1", member, NULL);
    CHECK_TEXT(text_at(body, "user_role"), "admin");
    json_decref(body);
    expect_error(&p, 400, "Cannot change the role of the project owner", "PUT",
                 "/api/v1/projects/1/members/2", member, "{\"role\":\"viewer\"}");
    expect_error(&p, 400, "Cannot remove the project owner", "DELETE",
                 "/api/v1/projects/1/members/2", member, NULL);
    expect_error(&p, 400, "The role must be admin, member or viewer", "PUT",
                 "/api/v1/projects/1/members/3", owner, "{\"role\":\"owner\"}");
    expect_error(&p, 404, "Member not found", "PUT", "/api/v1/projects/1/members/1", owner,
                 "{\"role\":\"viewer\"}");
    json_decref(expect(&p, 200, "PUT", "/api/v1/projects/1/members/3", owner,
                       "{\"role\":\"viewer\"}"));
    json_decref(expect(&p, 200, "DELETE", "/api/v1/projects/1/members/3", member, NULL));
    expect_error(&p, 404, "Project not found", "GET", "/api/v1/projects/1", member, NULL);
    free(owner);
    free(member);
    platform_close(&p);
}

TEST(experiments_are_listed_newest_first_in_pages)
{
    struct platform p;
    struct reply reply;
    struct error err;
    int64_t attempt;
    char *token;
    json_t *body;

    platform_open(&p);
    token = login(&p, "ada@example.com");
    body = expect(&p, 201, "POST", "/api/v1/projects", token, "{\"name\":\"Dog vs Cat\"}");
    json_decref(body);
    for (int i = 0; i < 5; i++)
        add_job(&p, 1, "resnet18");
    CHECK_OK(jobs_start(p.app, 4, &(struct job_start){ .places = 0 }, &attempt, &err), err);
    fetch(&p, "GET", "/api/v1/projects/1/experiments", token, NULL, NULL, &reply);
    CHECK(reply.status == 200 && json_array_size(reply.body) == 5);
    CHECK(strstr(reply.headers.text, "X-Total-Count: 5"));
    body = json_array_get(reply.body, 0);
    CHECK(int_at(body, "id") == 5 && json_is_null(json_object_get(body, "accuracy")));
    CHECK_TEXT(text_at(body, "status"), "pending");
    CHECK_TEXT(text_at(body, "project_name"), "Dog vs Cat");
    reply_release(&reply);
    fetch(&p, "GET", "/api/v1/projects/1/experiments?page=2&per_page=2", token, NULL, NULL, &reply);
    CHECK(json_array_size(reply.body) == 2 && strstr(reply.headers.text, "X-Total-Count: 5"));
    CHECK(int_at(json_array_get(reply.body, 0), "id") == 3);
    reply_release(&reply);
    fetch(&p, "GET", "/api/v1/projects/1/experiments?status=running", token, NULL, NULL, &reply);
    CHECK(json_array_size(reply.body) == 1 && strstr(reply.headers.text, "X-Total-Count: 1"));
    reply_release(&reply);
    expect_error(&p, 400, "page must be a number from 1 to 1000000000", "GET",
                 "/api/v1/projects/1/experiments?page=0", token, NULL);
    expect_error(&p, 409, "The project has running jobs; stop them first, or use force=1", "DELETE",
                 "/api/v1/projects/1", token, NULL);
    free(token);
    platform_close(&p);
}

TEST(job_shows_what_was_reported_to_who_may_see_it)
{
    struct platform p;
    struct error err;
    int64_t attempt;
    char *ada, *bob;
    bool applied;
    json_t *body;

    platform_open(&p);
    ada = login(&p, "ada@example.com");
    bob = login(&p, "bob@example.com");
    body = expect(&p, 201, "POST", "/api/v1/projects", ada, "{\"name\":\"Dog vs Cat\"}");
    json_decref(body);
    add_job(&p, 1, "resnet18");
    CHECK_OK(jobs_start(p.app, 1, &(struct job_start){ .places = 0 }, &attempt, &err), err);
    body = json_pack("{s:i, s:f, s:f, s:{s:f}}", "epoch", 10, "loss", 0.45, "accuracy", 0.85,
                     "extra_metrics", "val_loss", 0.5);
    CHECK_OK(jobs_apply_event(p.app, 1, "epoch_complete", 1, 1, body, &applied, &err), err);
    json_decref(body);
    body = expect(&p, 200, "GET", "/api/v1/training/jobs/1", ada, NULL);
    CHECK(int_at(body, "current_epoch") == 10 && int_at(body, "total_epochs") == 50);
    CHECK_NEAR(json_number_value(json_object_get(body, "progress")), 20, 1e-9);
    CHECK_NEAR(json_number_value(json_object_get(body, "final_accuracy")), 0.85, 0);
    json_decref(body);
    body = expect(&p, 200, "GET", "/api/v1/training/jobs/1/metrics", ada, NULL);
    CHECK(json_array_size(body) == 1);
    CHECK(json_object_get(json_object_get(json_array_get(body, 0), "extra_metrics"), "val_loss"));
    json_decref(body);
    body = expect(&p, 200, "GET", "/api/v1/training/jobs/1/logs", ada, NULL);
    CHECK(json_array_size(body) == 0);
    json_decref(body);
    expect_error(&p, 404, "Training job not found", "GET", "/api/v1/training/jobs/1", bob, NULL);
    expect_error(&p, 404, "Training job not found", "GET", "/api/v1/training/jobs/9", ada, NULL);
    free(ada);
    free(bob);
    platform_close(&p);
}
