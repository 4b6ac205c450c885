/* app_test.c - the folders of the platform, and settings that it refuses to start with. */

#include "app/jobs/job_control.h"
#include "app/jobs/jobs.h"
#include "base/error.h"
#include "base/file.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ELSEWHERE "/dev/shm/fovea_test_XXXXXX"

struct setup {
    const char *folder;
    struct app *app;
    struct arena arena;
};

static int open_app(struct setup *s, struct error *err)
{
    struct app_options options = { .data_folder = arena_printf(&s->arena, "%s/data", s->folder) };

    return app_open(&s->app, &options, err);
}

static const char *in(struct setup *s, const char *name)
{
    return arena_printf(&s->arena, "%s/%s", s->folder, name);
}

static void setup_init(struct setup *s)
{
    *s = (struct setup){ .folder = realpath(test_folder(), NULL) };
    CHECK(s->folder);
}

static void setup_release(struct setup *s)
{
    unsetenv("OUTPUT_DIR");
    unsetenv("UPLOAD_DIR");
    unsetenv("JWT_ALGORITHM");
    app_close(s->app);
    arena_release(&s->arena);
    free((char *)s->folder);
}

/* There and back again. */
static void check_path(struct setup *s, const char *name, const char *path)
{
    CHECK_TEXT(app_path(s->app, name, &s->arena), path);
    CHECK_TEXT(app_relative(s->app, path, &s->arena), name);
}

TEST(everything_lies_in_the_data_folder)
{
    struct setup s;
    struct error err;

    setup_init(&s);
    CHECK_OK(open_app(&s, &err), err);
    check_path(&s, "outputs/1/a", in(&s, "data/outputs/1/a"));
    check_path(&s, "uploads/1", in(&s, "data/uploads/1"));
    check_path(&s, "datasets/1", in(&s, "data/datasets/1"));
    check_path(&s, "/elsewhere", "/elsewhere");
    CHECK_TEXT(app_relative(s.app, in(&s, "data2/x"), &s.arena), in(&s, "data2/x"));
    setup_release(&s);
}

TEST(outputs_and_uploads_lie_where_the_environment_says)
{
    struct setup s;
    struct error err;

    setup_init(&s);
    setenv("OUTPUT_DIR", in(&s, "big/disk"), 1);
    setenv("UPLOAD_DIR", in(&s, "arrivals"), 1);
    CHECK_OK(open_app(&s, &err), err);
    check_path(&s, "outputs/1/a", in(&s, "big/disk/1/a"));
    check_path(&s, "outputs", in(&s, "big/disk"));
    check_path(&s, "outputs2/1", in(&s, "data/outputs2/1"));
    CHECK_TEXT(app_path(s.app, "uploads/1", &s.arena), in(&s, "arrivals/uploads/1"));
    check_path(&s, "datasets/1", in(&s, "data/datasets/1"));
    CHECK(file_is_folder(in(&s, "big/disk")) && !file_exists(in(&s, "data/outputs")));
    setup_release(&s);
}

TEST(a_job_of_another_folder_for_outputs_says_a_relative_one)
{
    struct user profile = { .email = "ada@example.com" }, user;
    struct project wanted = { .name = "Cats" }, project;
    struct job job;
    struct setup s;
    struct error err;
    int64_t removed;

    setup_init(&s);
    setenv("OUTPUT_DIR", in(&s, "big"), 1);
    CHECK_OK(open_app(&s, &err), err);
    control_open(s.app);
    control_run(s.app);
    CHECK_OK(users_register(s.app, &profile, "long enough 1", ROLE_STANDARD_ENGINEER, &s.arena,
                            &user, &err), err);
    CHECK_OK(projects_add(s.app, &user, &wanted, &s.arena, &project, &err), err);
    CHECK_OK(control_create(s.app,
                            &(struct job){ .project_id = project.id, .user_id = user.id,
                                           .framework = "timm", .model_name = "resnet18",
                                           .task_type = "image_classification",
                                           .dataset_path = "/data/cats", .epochs = 5,
                                           .batch_size = 8, .learning_rate = 0.01 },
                            &s.arena, &job, &err), err);
    CHECK(!strncmp(job.output_dir, "outputs/1/", 10));
    CHECK(file_is_folder(in(&s, arena_printf(&s.arena, "big/%s/checkpoints",
                                             job.output_dir + strlen("outputs/")))));
    CHECK_OK(control_remove_project(s.app, project.id, false, &removed, &err), err);
    CHECK(removed == 1 && !file_exists(in(&s, "big/1")) && file_exists(in(&s, "big")));
    control_close(s.app);
    setup_release(&s);
}

static void check_refused(struct setup *s, const char *text)
{
    struct error err;

    CHECK(open_app(s, &err) && err.kind == ERR_INVALID);
    CHECK_TEXT(err.text, text);
}

TEST(a_way_to_sign_that_is_not_ours_is_refused_at_the_start)
{
    struct setup s;
    struct error err;

    setup_init(&s);
    setenv("JWT_ALGORITHM", "none", 1);
    check_refused(&s, "JWT_ALGORITHM 'none' is not supported: tokens are signed with HS256");
    setenv("JWT_ALGORITHM", "HS256", 1);
    CHECK_OK(open_app(&s, &err), err);
    setup_release(&s);
}

/* A new folder on another file system than the test's; the caller removes it. */
static bool make_elsewhere(struct setup *s, char folder[static sizeof(ELSEWHERE)])
{
    struct stat here, there;

    memcpy(folder, ELSEWHERE, sizeof(ELSEWHERE));
    return !stat(s->folder, &here) && !stat("/dev/shm", &there) && here.st_dev != there.st_dev &&
           mkdtemp(folder);
}

TEST(a_folder_for_uploads_on_another_disk_is_refused)
{
    struct setup s;
    char folder[sizeof(ELSEWHERE)];

    setup_init(&s);
    if (!make_elsewhere(&s, folder)) {
        setup_release(&s);
        SKIP("there is no other file system to write to");
    }
    setenv("UPLOAD_DIR", folder, 1);
    check_refused(&s, arena_printf(&s.arena, "UPLOAD_DIR '%s' must be on the same file system as "
                                             "the data folder '%s'", folder, in(&s, "data")));
    CHECK(!rmdir(folder));
    setup_release(&s);
}

/* Files are renamed into both; outputs are written where they stay. */
TEST(of_the_links_to_another_disk_only_outputs_is_taken)
{
    static const char *const refused[] = { "datasets", "quarantine" };
    struct setup s;
    struct error err;
    char folder[sizeof(ELSEWHERE)];

    setup_init(&s);
    if (!make_elsewhere(&s, folder)) {
        setup_release(&s);
        SKIP("there is no other file system to write to");
    }
    CHECK(!mkdir(in(&s, "data"), 0700));
    CHECK(!symlink(folder, in(&s, "data/outputs")));
    for (int i = 0; i < 2; i++) {
        const char *link = in(&s, arena_printf(&s.arena, "data/%s", refused[i]));

        CHECK(!symlink(folder, link));
        check_refused(&s, arena_printf(&s.arena, "%s '%s' must be on the same file system as the "
                                                 "data folder '%s'", refused[i], link,
                                       in(&s, "data")));
        CHECK(!unlink(link));
    }
    CHECK_OK(open_app(&s, &err), err);
    CHECK_TEXT(app_path(s.app, "outputs", &s.arena), folder);
    CHECK(!rmdir(folder));
    setup_release(&s);
}
