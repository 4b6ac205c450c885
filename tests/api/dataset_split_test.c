/* The split of a data set: counted, drawn anew, set for single images; no file is ever lost. */

#include "app/jobs/jobs.h"
#include "dataset_support.h"
#include "base/error.h"
#include "live_support.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static char text[600];

static const char *path_of(const char *format, const char *id)
{
    snprintf(text, sizeof(text), format, id);
    return text;
}

static const char *split_of(const char *id)
{
    return path_of("/api/v1/datasets/%s/split", id);
}

static void check_counts(const json_t *body, const char *class_name, int train, int val, int test)
{
    const json_t *counts = json_object_get(body, "splits");

    if (class_name)
        counts = json_object_get(json_object_get(body, "by_class"), class_name);
    if (int_at(counts, "train") != train || int_at(counts, "val") != val ||
        int_at(counts, "test") != test)
        test_fail(__FILE__, __LINE__, "%s: %lld %lld %lld", class_name ? class_name : "all",
                  (long long)int_at(counts, "train"), (long long)int_at(counts, "val"),
                  (long long)int_at(counts, "test"));
}

/* Without a training service, and so without a doctor who would look into the files. */
static void open_without_doctor(struct lab *lab)
{
    *lab = (struct lab){ 0 };
    platform_open(&lab->platform);
    lab->ada = login(&lab->platform, "ada@example.com");
    lab->bob = login(&lab->platform, "bob@example.com");
    CHECK(new_project(&lab->platform, lab->ada) == 1);
}

static void close_without_doctor(struct lab *lab)
{
    free(lab->ada);
    free(lab->bob);
    platform_close(&lab->platform);
}

/* A set of files of which only the names matter. */
static char *add_files(struct lab *lab, const char *const *names, int count)
{
    struct str form = STR_INIT;
    json_t *body;
    char *id;

    form_begin(&form, "split");
    for (int i = 0; i < count; i++)
        form_file(&form, names[i], names[i], strlen(names[i]));
    form_end(&form);
    body = send_form(lab, 201, "/api/v1/datasets", lab->ada, &form);
    id = strdup(text_at(body, "id"));
    json_decref(body);
    str_release(&form);
    return id;
}

/* The paths of a split, with spaces between; lent until the next call. */
static const char *paths_in(struct lab *lab, const char *id, const char *split)
{
    static char found[1000];
    json_t *body = expect(&lab->platform, 200, "GET",
                          path_of(strcmp(split, "val") ? "/api/v1/datasets/%s/images?split=train"
                                                       : "/api/v1/datasets/%s/images?split=val",
                                  id),
                          lab->ada, NULL);
    const json_t *images = json_object_get(body, "images");

    found[0] = 0;
    for (size_t i = 0; i < json_array_size(images); i++)
        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s", i ? " " : "",
                 text_at(json_array_get(images, i), "filename"));
    json_decref(body);
    return found;
}

/* On real images, and the doctor agrees. */
TEST(split_is_drawn_by_shares_of_each_class)
{
    struct lab lab;
    json_t *body;
    char *id, *before;

    lab_open(&lab);
    id = add_sample(&lab, sample_folder()); /* 2 classes: 6 to train, 3 to validate */
    body = expect(&lab.platform, 200, "GET", split_of(id), lab.ada, NULL);
    check_counts(body, NULL, 12, 6, 0);
    json_decref(body);
    body = expect(&lab.platform, 200, "POST", split_of(id), lab.ada,
                  "{\"train\":0.5,\"val\":0.25,\"test\":0.25,\"seed\":7}");
    check_counts(body, NULL, 10, 4, 4);
    CHECK(int_at(body, "moved") > 0);
    json_decref(body);
    body = expect(&lab.platform, 200, "POST", path_of("/api/v1/datasets/%s/analyze?wait=1", id),
                  lab.ada, NULL);
    CHECK_TEXT(text_at(body, "status"), "ready");
    CHECK(int_at(body, "num_images") == 18);
    json_decref(body);
    before = strdup(paths_in(&lab, id, "val"));
    body = expect(&lab.platform, 200, "POST", split_of(id), lab.ada,
                  "{\"train\":0.5,\"val\":0.25,\"test\":0.25,\"seed\":7}");
    check_counts(body, NULL, 10, 4, 4);
    CHECK(int_at(body, "moved") == 0);
    json_decref(body);
    json_decref(expect(&lab.platform, 200, "POST", split_of(id), lab.ada,
                       "{\"train\":0.6,\"val\":0.4,\"seed\":8}"));
    CHECK(strcmp(paths_in(&lab, id, "val"), before) != 0);
    free(before);
    free(id);
    lab_close(&lab);
}

TEST(split_is_set_for_single_images_and_replaces_none)
{
    static const char *const names[] = { "train/cat/1.jpg", "train/cat/2.jpg", "valid/cat/1.jpg",
                                         "valid/dog/3.jpg", "train/dog/4.jpg" };
    struct lab lab;
    struct reply reply;
    json_t *body;
    char *id;

    open_without_doctor(&lab);
    id = add_files(&lab, names, 5);
    body = expect(&lab.platform, 200, "POST", split_of(id), lab.ada,
                  "{\"assign\":{\"train/cat/1.jpg\":\"val\",\"valid/dog/3.jpg\":\"train\"}}");
    CHECK(int_at(body, "moved") == 2);
    check_counts(body, "cat", 1, 2, 0);
    check_counts(body, "dog", 2, 0, 0);
    json_decref(body);
    CHECK_TEXT(paths_in(&lab, id, "val"), "valid/cat/1.jpg valid/cat/1_2.jpg");
    CHECK_TEXT(paths_in(&lab, id, "train"), "train/cat/2.jpg train/dog/3.jpg train/dog/4.jpg");
    fetch(&lab.platform, "GET", path_of("/api/v1/datasets/%s/file/valid/cat/1_2.jpg", id), lab.ada,
          NULL, NULL, &reply);
    CHECK_TEXT(reply.text.text, "train/cat/1.jpg"); /* what was in it */
    reply_release(&reply);
    expect_error(&lab.platform, 404, "The dataset uses no image 'train/cat/1.jpg'", "POST",
                 split_of(id), lab.ada,
                 "{\"assign\":{\"train/cat/1.jpg\":\"val\"}}");
    expect_error(&lab.platform, 400, "'train/cat/2.jpg': a split is train, val or test", "POST",
                 split_of(id), lab.ada,
                 "{\"assign\":{\"train/cat/2.jpg\":\"../x\"}}");
    expect_error(&lab.platform, 400, "No image would be left to train on", "POST",
                 split_of(id), lab.ada,
                 "{\"assign\":{\"train/cat/2.jpg\":\"val\",\"train/dog/3.jpg\":\"val\","
                 "\"train/dog/4.jpg\":\"test\"}}");
    free(id);
    close_without_doctor(&lab);
}

TEST(split_makes_folders_where_there_were_none)
{
    static const char *const names[] = { "all/cat/1.jpg", "all/cat/2.jpg", "all/cat/3.jpg",
                                         "all/dog/1.jpg", "all/notes.txt" };
    struct lab lab;
    json_t *body;
    char *id;

    open_without_doctor(&lab);
    id = add_files(&lab, names, 5);
    body = expect(&lab.platform, 200, "POST", split_of(id), lab.ada,
                  "{\"train\":0.34,\"val\":0.33,\"test\":0.33}");
    CHECK(int_at(body, "moved") == 4);
    check_counts(body, "cat", 1, 1, 1);
    check_counts(body, "dog", 1, 0, 0);
    json_decref(body);
    CHECK(strstr(paths_in(&lab, id, "train"), "all/train/dog/1.jpg"));
    free(id);
    close_without_doctor(&lab);
}

TEST(split_is_changed_by_those_who_may_and_while_nobody_trains)
{
    static const char *const names[] = { "train/cat/1.jpg", "train/dog/1.jpg" };
    static const char *const body = "{\"train\":0.5,\"val\":0.5}";
    struct lab lab;
    struct job wanted = { .project_id = 1, .framework = "timm", .model_name = "resnet18",
                          .task_type = "image_classification", .epochs = 1, .batch_size = 8,
                          .learning_rate = 0.1 };
    struct arena arena = ARENA_INIT;
    struct error err;
    struct job job;
    char *id;

    open_without_doctor(&lab);
    id = add_files(&lab, names, 2);
    expect_error(&lab.platform, 404, "Dataset not found", "GET",
                 split_of(id), lab.bob, NULL);
    expect_error(&lab.platform, 404, "Dataset not found", "POST",
                 split_of(id), lab.bob, body);
    json_decref(expect(&lab.platform, 201, "POST", "/api/v1/projects/1/members", lab.ada,
                       "{\"email\":\"bob@example.com\",\"role\":\"viewer\"}"));
    json_decref(expect(&lab.platform, 200, "GET", split_of(id), lab.bob,
                       NULL));
    json_decref(expect(&lab.platform, 403, "POST", split_of(id), lab.bob,
                       body));
    json_decref(expect(&lab.platform, 401, "GET", split_of(id), NULL,
                       NULL));
    json_decref(expect(&lab.platform, 400, "POST", split_of(id), lab.ada,
                       "{\"train\":0.5}"));
    json_decref(expect(&lab.platform, 400, "POST", split_of(id), lab.ada,
                       "{\"train\":1.5,\"val\":-0.5}"));
    json_decref(expect(&lab.platform, 422, "POST", split_of(id), lab.ada,
                       "{\"train\":\"half\"}"));
    wanted.dataset_id = wanted.dataset_path = id;
    CHECK_OK(jobs_add(lab.platform.app, &wanted, &arena, &job, &err), err);
    start_job(&lab.platform, job.id);
    json_decref(expect(&lab.platform, 409, "POST", split_of(id), lab.ada,
                       body));
    arena_release(&arena);
    free(id);
    close_without_doctor(&lab);
}
