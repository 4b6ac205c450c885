/* project_removal_test.c - deleting a project takes what is its own, all of it or nothing. */

#include "job_support.h"

#include "app/datasets/datasets.h"
#include "base/error.h"
#include "test.h"

#include <string.h>

/* A project of somebody else with a job; on a data set of ours, unless it is NULL. */
static struct job add_elsewhere(struct setup *s, const char *dataset_id)
{
    struct job job, wanted = { .framework = "timm", .model_name = "resnet18",
                               .task_type = "image_classification", .epochs = 3, .batch_size = 8,
                               .learning_rate = 0.01, .dataset_id = dataset_id,
                               .dataset_path = dataset_id ? dataset_id : "/data/cats" };
    struct user profile = { .email = "bob@example.com" }, bob;
    struct project other;
    struct error err;

    CHECK_OK(users_register(s->app, &profile, "long enough 1", ROLE_STANDARD_ENGINEER, &s->arena,
                            &bob, &err), err);
    CHECK_OK(projects_add(s->app, &bob, &(struct project){ .name = "His" }, &s->arena, &other,
                          &err), err);
    wanted.project_id = other.id;
    wanted.user_id = bob.id;
    CHECK_OK(control_create(s->app, &wanted, &s->arena, &job, &err), err);
    return job;
}

static void check_not_removed(struct setup *s, bool force, const char *reason)
{
    struct error err = { 0 };
    int64_t removed;

    CHECK(control_remove_project(s->app, s->project.id, force, &removed, &err));
    CHECK(err.kind == ERR_CONFLICT && !removed);
    if (!strstr(err.text, reason))
        test_fail(__FILE__, __LINE__, "'%s' does not say '%s'", err.text, reason);
}

TEST(removing_a_project_ends_no_job_of_another_one)
{
    struct dataset d = { .name = "cats", .format = "imagefolder", .visibility = "public" };
    struct job own, elsewhere;
    struct setup s;
    struct error err;
    int64_t removed;
    bool queued;

    setup_init(&s);
    CHECK_OK(datasets_open(s.app, &err), err);
    d.project_id = s.project.id;
    CHECK_OK(datasets_add(s.app, &s.user, &d, &s.arena, &d, &err), err);
    own = add(&s);
    elsewhere = add_elsewhere(&s, d.id);
    check_not_removed(&s, false, "is going to use the dataset 'cats'");
    CHECK_OK(start(&s, elsewhere.id, -1, &queued, &err), err);
    check_not_removed(&s, false, "of another project runs");
    check_not_removed(&s, true, "of another project runs");
    CHECK_TEXT(status_of(&s, elsewhere.id), "running");
    CHECK_TEXT(status_of(&s, own.id), "pending"); /* and nothing of ours has gone */
    CHECK(!s.service.stops);
    CHECK_OK(start(&s, own.id, -1, &queued, &err), err);
    CHECK(queued); /* behind the other one */
    report(&s, elsewhere.id, "training_stopped", "{}");
    wait_for(&s, own.id, "running");
    report(&s, own.id, "training_stopped", "{}");
    CHECK_OK(control_remove_project(s.app, s.project.id, true, &removed, &err), err);
    CHECK(removed == 1 && datasets_get(s.app, &s.user, d.id, RIGHT_VIEW, &s.arena, &d, &err));
    CHECK_TEXT(status_of(&s, elsewhere.id), "stopped");
    datasets_close(s.app);
    setup_release(&s);
}

TEST(removing_a_project_with_queued_jobs_removes_none)
{
    struct job first, second;
    struct setup s;
    struct error err;
    int64_t removed;
    bool queued;

    setup_init(&s);
    first = add(&s);
    second = add_elsewhere(&s, NULL);
    CHECK_OK(start(&s, second.id, -1, &queued, &err), err);
    CHECK_OK(start(&s, first.id, -1, &queued, &err), err);
    CHECK(queued);
    check_not_removed(&s, false, "The project has queued jobs");
    CHECK_TEXT(status_of(&s, first.id), "pending");
    CHECK_OK(control_remove_project(s.app, s.project.id, true, &removed, &err), err);
    CHECK(removed == 1);
    setup_release(&s);
}
