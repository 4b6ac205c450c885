/* disk_test.c - what is counted on the disk, and what a clean-up takes. */

#include "api_support.h"
#include "app/jobs/jobs.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scene {
    struct platform p;
    struct arena arena;
    char *token;
};

static const char *in(struct scene *s, const char *name)
{
    return arena_printf(&s->arena, "%s/%s", s->p.folder, name);
}

static void put(struct scene *s, const char *name, size_t size)
{
    char *path = arena_printf(&s->arena, "%s/%s", s->p.folder, name), *slash = strrchr(path, '/');
    char *bytes = arena_alloc(&s->arena, size + 1);
    struct error err;

    *slash = '\0';
    CHECK_OK(file_make_folders(path, &err), err);
    *slash = '/';
    CHECK_OK(file_replace(path, bytes, size, &err), err);
}

/* Job `id` with 100 bytes in each of four checkpoints and 7 beside them. */
static void make_job(struct scene *s, int64_t id, const char *status)
{
    const char *output = arena_printf(&s->arena, "outputs/1/run%lld", (long long)id);
    struct job wanted = { .project_id = 1, .user_id = 1, .framework = "timm",
                          .model_name = "resnet18", .task_type = "image_classification",
                          .dataset_path = "/pictures", .dataset_format = "imagefolder",
                          .epochs = 3, .batch_size = 8, .learning_rate = 0.01,
                          .optimizer = "adam", .output_dir = output, .created_at = 1 };
    static const char *const names[] = { "best", "latest", "epoch_1", "epoch_2" };
    struct job_start start = { 0 };
    struct error err;
    struct job job;
    int64_t attempt;
    bool changed;

    CHECK_OK(jobs_add(s->p.app, &wanted, &s->arena, &job, &err), err);
    CHECK(job.id == id);
    put(s, arena_printf(&s->arena, "%s/results.csv", output), 7);
    for (size_t i = 0; i < 4; i++) {
        const char *path = arena_printf(&s->arena, "%s/checkpoints/%s.safetensors", output,
                                        names[i]);
        json_t *data = json_pack("{s:i, s:s, s:s}", "epoch", (int)i, "kind",
                                 i ? "epoch" : "best", "path", path);

        put(s, path, 100);
        CHECK_OK(jobs_apply_event(s->p.app, id, "checkpoint_saved", 0, 0, data, &changed, &err),
                 err);
        json_decref(data);
    }
    if (!strcmp(status, "pending"))
        return;
    CHECK_OK(jobs_start(s->p.app, id, &start, &attempt, &err), err);
    if (strcmp(status, "running"))
        CHECK_OK(jobs_end(s->p.app, id, status, NULL, &changed, &err), err);
}

static void scene_open(struct scene *s)
{
    static const char *const statuses[] = { "completed", "failed", "stopped", "running",
                                            "pending" };

    *s = (struct scene){ 0 };
    platform_open(&s->p);
    s->token = login(&s->p, "admin@example.com");
    json_decref(expect(&s->p, 201, "POST", "/api/v1/projects", s->token, "{\"name\":\"one\"}"));
    for (int i = 0; i < 5; i++)
        make_job(s, i + 1, statuses[i]);
}

static void scene_close(struct scene *s)
{
    free(s->token);
    arena_release(&s->arena);
    platform_close(&s->p);
}

static bool has(struct scene *s, int job, const char *name)
{
    return !access(in(s, arena_printf(&s->arena, "outputs/1/run%d/checkpoints/%s.safetensors", job,
                                      name)), F_OK);
}

static void clean(struct scene *s, const char *body, int64_t files)
{
    json_t *found = expect(&s->p, 200, "POST", "/api/v1/projects/1/clean-up", s->token, body);

    if (int_at(found, "removed_files") != files || int_at(found, "freed_bytes") != 100 * files)
        test_fail(__FILE__, __LINE__, "%s removed %lld files, not %lld", body,
                  (long long)int_at(found, "removed_files"), (long long)files);
    json_decref(found);
}

TEST(disk_use_is_counted_by_job)
{
    struct scene s;
    json_t *found, *job;

    scene_open(&s);
    found = expect(&s.p, 200, "GET", "/api/v1/projects/1/disk", s.token, NULL);
    CHECK(int_at(found, "outputs_bytes") == 5 * 7 && int_at(found, "checkpoints_bytes") == 2000);
    CHECK(int_at(found, "datasets_bytes") == 0 && int_at(found, "total_bytes") == 2035);
    job = json_array_get(json_object_get(found, "by_job"), 1);
    CHECK(int_at(job, "job_id") == 2 && int_at(job, "outputs_bytes") == 7 &&
          int_at(job, "checkpoints_bytes") == 400);
    CHECK_TEXT(text_at(job, "status"), "failed");
    json_decref(found);
    found = expect(&s.p, 200, "GET", "/api/v1/admin/disk", s.token, NULL);
    CHECK(int_at(found, "database_bytes") > 10000 && int_at(found, "disk_free_bytes") > 0);
    job = json_array_get(json_object_get(found, "by_project"), 0);
    CHECK(int_at(job, "outputs_bytes") == 35 && int_at(job, "checkpoints_bytes") == 2000);
    json_decref(found);
    scene_close(&s);
}

TEST(disk_use_and_clean_up_know_the_checkpoints_of_an_earlier_attempt)
{
    static const char path[] = "outputs/1/run1/checkpoints-1/latest.safetensors";
    struct scene s;
    json_t *found, *job;

    scene_open(&s);
    put(&s, path, 100);
    found = expect(&s.p, 200, "GET", "/api/v1/projects/1/disk", s.token, NULL);
    job = json_array_get(json_object_get(found, "by_job"), 0);
    CHECK(int_at(job, "outputs_bytes") == 7 && int_at(job, "checkpoints_bytes") == 500);
    json_decref(found);
    clean(&s, "{\"keep\":\"best_and_latest\"}", 7);
    CHECK(access(in(&s, path), F_OK) && has(&s, 1, "latest"));
    scene_close(&s);
}

TEST(clean_up_keeps_best_and_latest_and_jobs_that_have_not_ended)
{
    struct scene s;
    json_t *found;

    scene_open(&s);
    clean(&s, "{\"dry_run\":true}", 6);
    CHECK(has(&s, 1, "epoch_1"));
    clean(&s, "{\"older_than_days\":1}", 0);
    clean(&s, "{}", 6);
    for (int job = 1; job <= 5; job++)
        CHECK(has(&s, job, "best") && has(&s, job, "latest") &&
              has(&s, job, "epoch_1") == (job > 3));
    found = expect(&s.p, 200, "GET", "/api/v1/training/jobs/1/checkpoints", s.token, NULL);
    CHECK(json_array_size(json_object_get(found, "checkpoints")) == 2);
    json_decref(found);
    clean(&s, "{\"keep\":\"best\"}", 2); /* the stopped one may go on from its latest */
    CHECK(!has(&s, 1, "latest") && !has(&s, 2, "latest") && has(&s, 3, "latest"));
    clean(&s, "{\"keep\":\"best\"}", 0);
    expect_error(&s.p, 400, "keep must be best_and_latest or best", "POST",
                 "/api/v1/projects/1/clean-up", s.token, "{\"keep\":\"nothing\"}");
    scene_close(&s);
}

TEST(clean_up_keeps_the_latest_where_there_is_no_best_and_what_others_start_from)
{
    static const char from[] = "outputs/1/run2/checkpoints/epoch_2.safetensors";
    struct job_start start = { .checkpoint_path = from };
    struct scene s;
    struct error err;

    scene_open(&s);
    CHECK(!unlink(in(&s, "outputs/1/run1/checkpoints/best.safetensors")));
    CHECK_OK(jobs_enqueue(s.p.app, 5, &start, &err), err);
    clean(&s, "{\"keep\":\"best\"}", 2 + 2 + 2);
    CHECK(has(&s, 1, "latest") && !has(&s, 1, "epoch_1"));
    CHECK(has(&s, 2, "epoch_2") && !has(&s, 2, "latest"));
    scene_close(&s);
}

/* Rows may be written by hand: what lies elsewhere is neither counted nor removed. */
TEST(clean_up_never_leaves_the_outputs)
{
    static const char *const places[] = { "", "..", "/etc", "outputs/../weights", "outputs/", "." };
    struct scene s;
    struct error err;

    scene_open(&s);
    put(&s, "weights/checkpoints/epoch_1.safetensors", 50);
    put(&s, "checkpoints/epoch_1.safetensors", 50);
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        struct job wanted = { .project_id = 1, .user_id = 1, .framework = "timm",
                              .model_name = "resnet18", .task_type = "image_classification",
                              .dataset_path = "/pictures", .dataset_format = "imagefolder",
                              .epochs = 3, .batch_size = 8, .learning_rate = 0.01,
                              .optimizer = "adam", .output_dir = places[i], .created_at = 1 };
        struct job job;

        CHECK_OK(jobs_add(s.p.app, &wanted, &s.arena, &job, &err), err);
        CHECK_OK(jobs_cancel(s.p.app, job.id, &err), err);
    }
    clean(&s, "{\"keep\":\"best\"}", 3 + 3 + 2);
    CHECK(!access(in(&s, "weights/checkpoints/epoch_1.safetensors"), F_OK) &&
          !access(in(&s, "checkpoints/epoch_1.safetensors"), F_OK));
    scene_close(&s);
}
