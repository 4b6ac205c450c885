/* Predictions are kept with their images, for those who may see the job, and no longer than it. */

#include "api_support.h"
#include "app/jobs/inference.h"
#include "app/jobs/job_control.h"
#include "base/error.h"
#include "base/file.h"
#include "live_support.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE "\xff\xd8 as good as an image"

struct scene {
    struct platform p;
    char *token;
    struct arena arena;
    struct job job;
    struct user user;
};

static void scene_open(struct scene *s)
{
    struct job wanted = { .framework = "timm", .model_name = "resnet18",
                          .task_type = "image_classification", .dataset_path = "/data",
                          .epochs = 2, .batch_size = 8, .learning_rate = 0.01 };
    struct error err;

    *s = (struct scene){ 0 };
    platform_open(&s->p);
    s->token = login(&s->p, "ada@example.com");
    wanted.project_id = new_project(&s->p, s->token);
    CHECK_OK(control_create(s->p.app, &wanted, &s->arena, &s->job, &err), err);
    CHECK_OK(users_find(s->p.app, "ada@example.com", &s->arena, &s->user, &err), err);
}

static void scene_close(struct scene *s)
{
    free(s->token);
    arena_release(&s->arena);
    platform_close(&s->p);
}

/* As a request does it: the image is a temporary file. */
static int64_t keep(struct scene *s, const char *name)
{
    static const char answer_text[] = "{\"predictions\":[{\"label\":\"cat\",\"label_id\":1,"
                                      "\"confidence\":0.75}],\"inference_time_ms\":3.5}";
    const char *path = arena_printf(&s->arena, "%s/image", s->p.folder);
    struct inference_request request = { .image_path = path };
    struct error err;
    json_t *answer = json_parse(answer_text, strlen(answer_text), "answer", &err);
    int64_t id;

    CHECK_OK(file_replace(path, IMAGE, strlen(IMAGE), &err), err);
    CHECK_OK(inferences_keep(s->p.app, &s->job, &s->user, &request, name, answer, &id, &err), err);
    CHECK(id > 0 && !file_exists(path));
    json_decref(answer);
    return id;
}

static const char *path_of(struct scene *s, const char *format, int64_t id)
{
    const char *mark = strstr(format, "%d");

    return arena_printf(&s->arena, "/api/v1%.*s%lld%s", (int)(mark - format), format,
                        (long long)id, mark + 2);
}

TEST(predictions_are_kept_with_their_images)
{
    struct scene s;
    struct reply reply;
    json_t *list, *row;
    int64_t id;

    scene_open(&s);
    keep(&s, "first.png");
    id = keep(&s, "My \"cat\".JPG");
    list = expect(&s.p, 200, "GET", path_of(&s, "/training/jobs/%d/inferences", s.job.id), s.token,
                  NULL);
    CHECK(int_at(list, "total") == 2);
    row = json_array_get(json_object_get(list, "inferences"), 0);
    CHECK(int_at(row, "id") == id && int_at(row, "training_job_id") == s.job.id);
    CHECK_TEXT(text_at(row, "image_name"), "My \"cat\".JPG");
    CHECK_TEXT(text_at(row, "predicted_label"), "cat");
    CHECK(json_number_value(json_object_get(row, "confidence")) == 0.75);
    CHECK(json_array_size(json_object_get(row, "predictions")) == 1);
    fetch(&s.p, "GET", text_at(row, "image_url"), s.token, NULL, NULL, &reply);
    CHECK(reply.status == 200 && !strcmp(reply.text.text, IMAGE));
    CHECK(strcasestr(reply.headers.text, "Content-Type: image/jpeg"));
    reply_release(&reply);
    json_decref(list);
    json_decref(expect(&s.p, 200, "GET", path_of(&s, "/test-inference/%d", id), s.token, NULL));
    json_decref(expect(&s.p, 200, "DELETE", path_of(&s, "/test-inference/%d", id), s.token, NULL));
    expect_error(&s.p, 404, "Inference result not found", "GET",
                 path_of(&s, "/test-inference/%d", id), s.token, NULL);
    json_decref(expect(&s.p, 404, "GET", path_of(&s, "/test-inference/%d/image", id), s.token,
                       NULL));
    json_decref(expect(&s.p, 400, "GET",
                       path_of(&s, "/training/jobs/%d/inferences?limit=101", s.job.id), s.token,
                       NULL));
    scene_close(&s);
}

/* A name from outside is only ever a text. */
TEST(predictions_are_kept_on_another_disk)
{
    char folder[] = "/dev/shm/fovea_test_XXXXXX";
    struct stat here, there;
    struct reply reply;
    struct scene s;

    if (stat(test_folder(), &here) || stat("/dev/shm", &there) || here.st_dev == there.st_dev ||
        !mkdtemp(folder))
        SKIP("there is no other file system to write to");
    setenv("OUTPUT_DIR", folder, 1);
    scene_open(&s);
    fetch(&s.p, "GET", path_of(&s, "/test-inference/%d/image", keep(&s, "cat.jpg")), s.token, NULL,
          NULL, &reply);
    CHECK(reply.status == 200);
    CHECK_TEXT(reply.text.text, IMAGE);
    reply_release(&reply);
    json_decref(
        expect(&s.p, 200, "DELETE", path_of(&s, "/projects/%d", s.job.project_id), s.token, NULL));
    CHECK(!rmdir(folder)); /* nothing is left */
    unsetenv("OUTPUT_DIR");
    scene_close(&s);
}

TEST(predictions_are_filed_under_names_of_our_own)
{
    static const char *const names[] = { "../../evil.sh", "x.svg", "", NULL, "a.html", ".png" };
    struct scene s;
    struct reply reply;

    scene_open(&s);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        int64_t id = keep(&s, names[i]);

        fetch(&s.p, "GET", path_of(&s, "/test-inference/%d/image", id), s.token, NULL, NULL,
              &reply);
        CHECK(reply.status == 200 && !strcmp(reply.text.text, IMAGE));
        CHECK(strcasestr(reply.headers.text, i == 5 ? "Content-Type: image/png"
                                                    : "Content-Type: application/octet-stream"));
        reply_release(&reply);
    }
    scene_close(&s);
}

TEST(predictions_are_for_those_who_may_see_the_job)
{
    struct scene s;
    char *other;
    int64_t id;

    scene_open(&s);
    id = keep(&s, "cat.jpg");
    other = login(&s.p, "eve@example.com");
    json_decref(expect(&s.p, 404, "GET", path_of(&s, "/training/jobs/%d/inferences", s.job.id),
                       other, NULL));
    json_decref(expect(&s.p, 404, "GET", path_of(&s, "/test-inference/%d", id), other, NULL));
    json_decref(expect(&s.p, 404, "GET", path_of(&s, "/test-inference/%d/image", id), other, NULL));
    json_decref(expect(&s.p, 404, "DELETE", path_of(&s, "/test-inference/%d", id), other, NULL));
    json_decref(expect(&s.p, 201, "POST", path_of(&s, "/projects/%d/members", s.job.project_id),
                       s.token, "{\"email\":\"eve@example.com\",\"role\":\"viewer\"}"));
    json_decref(expect(&s.p, 200, "GET", path_of(&s, "/test-inference/%d", id), other, NULL));
    json_decref(expect(&s.p, 403, "DELETE", path_of(&s, "/test-inference/%d", id), other, NULL));
    json_decref(expect(&s.p, 401, "GET", path_of(&s, "/test-inference/%d", id), NULL, NULL));
    free(other);
    scene_close(&s);
}

TEST(predictions_are_kept_up_to_a_number)
{
    struct inference_row *rows;
    struct scene s;
    struct error err;
    int64_t total, first;
    int count;

    scene_open(&s);
    first = keep(&s, "a.jpg");
    for (int i = 1; i < INFERENCES_KEPT + 3; i++)
        keep(&s, "b.jpg");
    CHECK_OK(inferences_list(s.p.app, s.job.id, 1000, 0, &s.arena, &rows, &count, &total, &err),
             err);
    CHECK(count == INFERENCES_KEPT && total == INFERENCES_KEPT);
    CHECK(rows[count - 1].id == first + 3);
    CHECK(!file_exists(arena_printf(&s.arena, "%s/%s/inferences/%lld.jpg", s.p.folder,
                                    s.job.output_dir, (long long)first)));
    CHECK(file_exists(arena_printf(&s.arena, "%s/%s/inferences/%lld.jpg", s.p.folder,
                                   s.job.output_dir, (long long)first + 3)));
    CHECK_OK(control_remove(s.p.app, s.job.id, false, &err), err);
    CHECK(inferences_get(s.p.app, first + 3, &s.arena, rows, &err) && err.kind == ERR_NOT_FOUND);
    scene_close(&s);
}
