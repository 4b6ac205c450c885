/* datasets_test.c - data sets over HTTP, from the form to the report. */

#include "dataset_support.h"

#include "app/datasets/datasets.h"
#include "app/jobs/jobs.h"
#include "base/error.h"
#include "base/file.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The text is lent until the next call. */
static const char *path_of(const char *format, const char *id)
{
    static char path[512];

    snprintf(path, sizeof(path), format, id);
    return path;
}

/* --- uploads --------------------------------------------------------------------------------- */

TEST(dataset_of_a_form_has_its_numbers_at_once)
{
    struct arena arena = ARENA_INIT;
    struct str form = STR_INIT;
    struct lab lab;
    json_t *body;

    lab_open(&lab);
    form_field(&form, "name", "My Dataset");
    form_field(&form, "description", "");
    form_field(&form, "format", "dice");
    form_folder(&form, sample_folder());
    form_field(&form, "visibility", "private"); /* fields may come behind the files */
    form_field(&form, "project_id", "1");
    form_end(&form);
    body = send_form(&lab, 201, "/api/v1/datasets", lab.ada, &form);
    CHECK(dataset_is_id(text_at(body, "id")));
    CHECK_TEXT(text_at(body, "name"), "My Dataset");
    CHECK_TEXT(text_at(body, "format"), "dice");
    CHECK_TEXT(text_at(body, "visibility"), "private");
    CHECK(int_at(body, "project_id") == 1 && int_at(body, "user_id") == 2);
    CHECK(int_at(body, "file_count") == 18 && int_at(body, "num_images") == 18);
    CHECK(int_at(body, "num_classes") == 2 && int_at(body, "total_size_bytes") > 18 * 200);
    CHECK(int_at(json_object_get(body, "class_distribution"), "circle") == 9);
    CHECK_TEXT(text_at(body, "storage_path"),
               arena_printf(&arena, "datasets/%s/", text_at(body, "id")));
    CHECK(text_at(body, "created_at") && text_at(body, "updated_at"));
    CHECK(count_files(arena_printf(&arena, "%s/datasets/%s", lab.platform.folder,
                                   text_at(body, "id"))) == 18);
    CHECK(file_exists(arena_printf(&arena, "%s/datasets/%s/train/circle/0000.jpg",
                                   lab.platform.folder, text_at(body, "id"))));
    wait_for_no_uploads(&lab);
    json_decref(body);
    str_release(&form);
    arena_release(&arena);
    lab_close(&lab);
}

TEST(dataset_is_looked_at_and_reported)
{
    struct arena arena = ARENA_INIT;
    const char *folder = sample_folder();
    struct str form = STR_INIT;
    struct lab lab;
    json_t *body, *files, *report, *images;
    const char *id;

    lab_open(&lab);
    run_program("cp %s/train/circle/0001.jpg %s/val/circle/copy.jpg", folder, folder);
    form_begin(&form, "sample");
    form_folder(&form, folder);
    form_file(&form, "train/circle/bad.jpg", "no image", 8);
    form_file(&form, "train/notes.txt", "hello", 5);
    form_end(&form);
    body = send_form(&lab, 201, "/api/v1/datasets?wait=1", lab.ada, &form);
    id = text_at(body, "id");
    CHECK_TEXT(text_at(body, "status"), "ready");
    CHECK_TEXT(text_at(body, "task_type"), "image_classification");
    CHECK(int_at(body, "file_count") == 21 && int_at(body, "num_images") == 19);
    CHECK(strlen(text_at(body, "content_hash")) == 64);
    report = expect(&lab.platform, 200, "GET", path_of("/api/v1/datasets/%s/report", id), lab.ada,
                    NULL);
    files = json_object_get(report, "files");
    CHECK(int_at(json_object_get(files, "used"), "files") == 19);
    CHECK(int_at(json_object_get(files, "excluded"), "files") == 2);
    files = json_object_get(json_object_get(report, "report"), "quality_checks");
    CHECK(int_at(files, "across_splits_count") == 1);
    CHECK(json_array_size(json_object_get(files, "corrupted_files")) == 1);
    CHECK(!strstr(json_string_value(json_object_get(
                      json_array_get(json_object_get(files, "corrupted_files"), 0), "message")),
                  lab.platform.folder));
    json_decref(report);
    images = expect(&lab.platform, 200, "GET",
                    path_of("/api/v1/datasets/%s/images?state=excluded", id), lab.ada, NULL);
    CHECK(int_at(images, "total") == 2);
    body = (json_decref(body), json_array_get(json_object_get(images, "images"), 0));
    CHECK_TEXT(text_at(body, "filename"), "train/circle/bad.jpg");
    CHECK(strstr(text_at(body, "reason"), "cannot decode"));
    body = json_array_get(json_object_get(images, "images"), 1);
    CHECK_TEXT(text_at(body, "reason"), "not an image by its name");
    json_decref(images);
    str_release(&form);
    arena_release(&arena);
    lab_close(&lab);
}

TEST(dataset_that_cannot_be_trained_on_says_why)
{
    struct str form = STR_INIT;
    struct lab lab;
    json_t *body;

    lab_open(&lab);
    form_begin(&form, "one class");
    form_file(&form, "cat/a.jpg", "x", 1);
    form_end(&form);
    body = send_form(&lab, 201, "/api/v1/datasets?wait=1", lab.ada, &form);
    CHECK_TEXT(text_at(body, "status"), "not_ready");
    CHECK(strstr(text_at(body, "status_reason"), "class"));
    CHECK(!strstr(text_at(body, "status_reason"), lab.platform.folder));
    json_decref(body);
    str_clear(&form);
    form_field(&form, "name", "boxes");
    form_field(&form, "format", "yolo");
    form_field(&form, "project_id", "1");
    form_file(&form, "images/train/a.jpg", "x", 1);
    form_file(&form, "labels/train/a.txt", "0 .5 .5 1 1", 11);
    form_end(&form);
    body = send_form(&lab, 201, "/api/v1/datasets?wait=1", lab.ada, &form);
    CHECK_TEXT(text_at(body, "status"), "not_ready");
    CHECK(strstr(text_at(body, "status_reason"), "no images that can be read"));
    CHECK(!strstr(text_at(body, "status_reason"), lab.platform.folder));
    CHECK(int_at(body, "file_count") == 2 && json_is_null(json_object_get(body, "num_classes")));
    json_decref(body);
    str_release(&form);
    lab_close(&lab);
}

/* --- refusals -------------------------------------------------------------------------------- */

static void check_form(struct lab *lab, long status, const char *token, struct str *form,
                       const char *reason)
{
    json_t *body;
    char *text;

    form_end(form);
    body = send_form(lab, status, "/api/v1/datasets", token, form);
    text = json_dumps(body, 0);
    if (!strstr(text, reason))
        test_fail(__FILE__, __LINE__, "'%s' is not about '%s'", text, reason);
    free(text);
    json_decref(body);
    str_clear(form);
}

TEST(dataset_form_that_does_not_fit_is_refused)
{
    struct str form = STR_INIT;
    struct lab lab;
    struct reply reply;
    json_t *body;

    lab_open(&lab);
    form_field(&form, "name", "x");
    form_file(&form, "a.jpg", "x", 1);
    check_form(&lab, 422, lab.ada, &form, "format is required");
    form_begin(&form, "no files");
    check_form(&lab, 422, lab.ada, &form, "files is required");
    form_begin(&form, "x");
    form_field(&form, "project_id", "one");
    form_file(&form, "a.jpg", "x", 1);
    check_form(&lab, 422, lab.ada, &form, "must be a number");
    form_begin(&form, "x");
    form_file(&form, "a.jpg", "x", 1);
    check_form(&lab, 404, lab.bob, &form, "Project not found");
    form_begin(&form, "");
    form_file(&form, "a.jpg", "x", 1);
    check_form(&lab, 400, lab.ada, &form, "name");
    form_begin(&form, "x");
    form_field(&form, "format", "zip");
    form_file(&form, "a.jpg", "x", 1);
    check_form(&lab, 400, lab.ada, &form, "format must be");
    form_begin(&form, "x");
    form_field(&form, "paths", "[\"a.jpg\"]");
    form_file(&form, "a.jpg", "x", 1);
    form_file(&form, "b.jpg", "x", 1);
    check_form(&lab, 400, lab.ada, &form, "paths must be");
    form_begin(&form, "x");
    form_file(&form, "a.jpg", "x", 1);
    form_file(&form, "a.jpg", "y", 1);
    check_form(&lab, 400, lab.ada, &form, "two files");
    form_begin(&form, "x");
    form_file(&form, "a", "x", 1);
    form_file(&form, "a/b", "y", 1);
    check_form(&lab, 400, lab.ada, &form, "both a file and a folder");

    form_begin(&form, "x");
    form_file(&form, "a.jpg", "x", 1); /* no end */
    send_bytes(&lab, "POST", "/api/v1/datasets", lab.ada, FORM_TYPE, form.text, form.length,
               &reply);
    CHECK(reply.status == 400 && strstr(reply.text.text, "not complete"));
    reply_release(&reply);
    send_bytes(&lab, "POST", "/api/v1/datasets", NULL, FORM_TYPE, form.text, form.length, &reply);
    CHECK(reply.status == 401);
    reply_release(&reply);
    send_bytes(&lab, "POST", "/api/v1/datasets", lab.ada, "multipart/form-data", form.text,
               form.length, &reply);
    CHECK(reply.status == 400);
    reply_release(&reply);
    body = expect(&lab.platform, 200, "GET", "/api/v1/datasets", lab.ada, NULL);
    CHECK(int_at(body, "total") == 0);
    CHECK(count_files(path_of("%s/datasets", lab.platform.folder)) == 0);
    json_decref(body);
    str_release(&form);
    lab_close(&lab);
}

TEST(dataset_files_stay_in_their_folder)
{
    static const char *const names[] = {
        "../evil.jpg", "/etc/evil.jpg", "a/../../evil.jpg", "..", "a//b.jpg", "C:\\\\evil.jpg",
        "a\\\\..\\\\..\\\\evil.jpg", "\xc0\xae\xc0\xae/evil.jpg", "a\x01.jpg", "./a.jpg",
    };
    struct str form = STR_INIT;
    struct lab lab;
    struct reply reply;

    lab_open(&lab);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        str_clear(&form);
        form_begin(&form, "x");
        form_file(&form, names[i], "x", 1);
        form_end(&form);
        send_bytes(&lab, "POST", "/api/v1/datasets", lab.ada, FORM_TYPE, form.text, form.length,
                   &reply);
        if (reply.status != 400)
            test_fail(__FILE__, __LINE__, "'%s' gave %ld", names[i], reply.status);
        reply_release(&reply);
        str_clear(&form); /* and by the list of paths */
        form_begin(&form, "x");
        form_field(&form, "paths", "[\"../../evil.jpg\"]");
        form_file(&form, "good.jpg", "x", 1);
        form_end(&form);
        send_bytes(&lab, "POST", "/api/v1/datasets", lab.ada, FORM_TYPE, form.text, form.length,
                   &reply);
        CHECK(reply.status == 400);
        reply_release(&reply);
    }
    CHECK(count_files(path_of("%s/datasets", lab.platform.folder)) == 0);
    CHECK(!file_exists(path_of("%s/evil.jpg", lab.platform.folder)));
    str_release(&form);
    lab_close(&lab);
}

TEST(dataset_that_is_too_large_or_has_no_space_leaves_nothing)
{
    struct str form = STR_INIT, big = STR_INIT;
    struct dataset_limits *limits;
    struct lab lab;
    json_t *body;

    lab_open(&lab);
    limits = datasets_limits(lab.platform.app);
    for (int i = 0; i < 2 << 20; i++)
        str_add_char(&big, (char)i);
    form_begin(&form, "x");
    form_file(&form, "a.jpg", big.text, big.length);
    form_end(&form);
    limits->bytes = 1 << 20;
    limits->field_bytes = 4 << 20; /* so that the header alone does not tell */
    body = send_form(&lab, 413, "/api/v1/datasets", lab.ada, &form);
    CHECK_TEXT(text_at(body, "code"), "TOO_LARGE");
    json_decref(body);
    limits->field_bytes = 1;
    json_decref(send_form(&lab, 413, "/api/v1/datasets", lab.ada, &form));
    limits->bytes = limits->reserve_bytes = INT64_MAX / 4;
    limits->field_bytes = 1 << 20;
    body = send_form(&lab, 507, "/api/v1/datasets", lab.ada, &form);
    CHECK_TEXT(text_at(body, "code"), "NO_SPACE");
    json_decref(body);
    limits->reserve_bytes = 0;
    limits->files = 0;
    json_decref(send_form(&lab, 413, "/api/v1/datasets", lab.ada, &form));
    wait_for_no_uploads(&lab);
    limits->files = 10;
    json_decref(send_form(&lab, 201, "/api/v1/datasets", lab.ada, &form));
    str_release(&form);
    str_release(&big);
    lab_close(&lab);
}

/* --- rows ------------------------------------------------------------------------------------ */

TEST(dataset_without_files_is_made_changed_listed_and_removed)
{
    struct lab lab;
    json_t *body;
    char *id;

    lab_open(&lab);
    body = expect(&lab.platform, 201, "POST", "/api/v1/datasets", lab.ada,
                  "{\"name\":\"empty\",\"description\":\"d\",\"tags\":[\"x\",\"y\"]}");
    CHECK_TEXT(text_at(body, "status"), "empty");
    CHECK_TEXT(text_at(body, "format"), "imagefolder");
    CHECK(json_is_null(json_object_get(body, "project_id")));
    id = strdup(text_at(body, "id"));
    json_decref(body);
    json_decref(expect(&lab.platform, 422, "POST", "/api/v1/datasets", lab.ada, "{}"));
    body = expect(&lab.platform, 200, "PUT", path_of("/api/v1/datasets/%s", id), lab.ada,
                  "{\"name\":\"renamed\",\"visibility\":\"public\"}");
    CHECK_TEXT(text_at(body, "name"), "renamed");
    CHECK_TEXT(text_at(body, "description"), "d");
    json_decref(body);
    expect_error(&lab.platform, 400, "The visibility must be private, public or organization",
                 "PUT", path_of("/api/v1/datasets/%s", id), lab.ada, "{\"visibility\":\"secret\"}");
    body = expect(&lab.platform, 200, "GET", "/api/v1/datasets?skip=0&limit=1&format=imagefolder",
                  lab.bob, NULL); /* it is public */
    CHECK(int_at(body, "total") == 1 && int_at(body, "limit") == 1 && int_at(body, "skip") == 0);
    json_decref(body);
    body = expect(&lab.platform, 200, "GET", "/api/v1/datasets?format=coco", lab.ada, NULL);
    CHECK(int_at(body, "total") == 0);
    json_decref(body);
    body = expect(&lab.platform, 200, "GET", "/api/v1/datasets/available?tags=z,y", lab.ada, NULL);
    CHECK(json_array_size(body) == 1);
    json_decref(body);
    body = expect(&lab.platform, 200, "GET", "/api/v1/datasets/available?labeled=true", lab.ada,
                  NULL);
    CHECK(json_array_size(body) == 0);
    json_decref(body);
    expect_error(&lab.platform, 400, "The dataset has no files", "POST",
                 path_of("/api/v1/datasets/%s/analyze", id), lab.ada, NULL);
    expect_error(&lab.platform, 403, "Not enough permissions", "DELETE",
                 path_of("/api/v1/datasets/%s", id), lab.bob, NULL);
    json_decref(expect(&lab.platform, 200, "DELETE", path_of("/api/v1/datasets/%s", id), lab.ada,
                       NULL));
    expect_error(&lab.platform, 404, "Dataset not found", "GET", path_of("/api/v1/datasets/%s", id),
                 lab.ada, NULL);
    expect_error(&lab.platform, 404, "Project not found", "GET", "/api/v1/datasets?project_id=1",
                 lab.bob, NULL);
    json_decref(expect(&lab.platform, 400, "GET", "/api/v1/datasets?limit=x", lab.ada, NULL));
    free(id);
    lab_close(&lab);
}

TEST(dataset_of_others_does_not_exist)
{
    static const struct {
        const char *method, *end, *body;
    } requests[] = {
        { "GET", "", NULL },           { "PUT", "", "{\"name\":\"x\"}" },
        { "DELETE", "", NULL },        { "GET", "/images", NULL },
        { "GET", "/report", NULL },    { "POST", "/analyze", NULL },
        { "GET", "/fixes", NULL },     { "POST", "/fixes", "{\"ids\":\"all\"}" },
        { "GET", "/file/train/circle/0000.jpg", NULL },
        { "GET", "/thumbnail/train/circle/0000.jpg", NULL },
    };
    struct str path = STR_INIT, form = STR_INIT;
    struct lab lab;
    char *id;

    lab_open(&lab);
    id = add_sample(&lab, sample_folder());
    for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
        str_clear(&path);
        str_printf(&path, "/api/v1/datasets/%s%s", id, requests[i].end);
        expect_error(&lab.platform, 404, "Dataset not found", requests[i].method, path.text,
                     lab.bob, requests[i].body);
        json_decref(expect(&lab.platform, 401, requests[i].method, path.text, NULL,
                           requests[i].body));
    }
    str_clear(&path);
    str_printf(&path, "/api/v1/datasets/%s/files", id);
    form_file(&form, "train/circle/new.jpg", "x", 1);
    form_end(&form);
    json_decref(send_form(&lab, 404, path.text, lab.bob, &form));
    json_decref(expect(&lab.platform, 201, "POST", "/api/v1/projects/1/members", lab.ada,
                       "{\"email\":\"bob@example.com\",\"role\":\"viewer\"}"));
    json_decref(expect(&lab.platform, 200, "GET", path_of("/api/v1/datasets/%s/images", id),
                       lab.bob, NULL));
    json_decref(send_form(&lab, 403, path.text, lab.bob, &form));
    expect_error(&lab.platform, 403, "Not enough permissions", "DELETE",
                 path_of("/api/v1/datasets/%s", id), lab.bob, NULL);
    str_release(&path);
    str_release(&form);
    free(id);
    lab_close(&lab);
}

TEST(dataset_in_use_is_not_removed_unless_forced)
{
    struct arena arena = ARENA_INIT;
    struct job job = { .project_id = 1, .user_id = 2, .framework = "timm", .epochs = 3,
                       .model_name = "resnet18", .task_type = "image_classification",
                       .batch_size = 4, .learning_rate = 0.1 };
    const char *thumbnails;
    struct lab lab;
    struct error err;
    json_t *body;
    char *id;

    lab_open(&lab);
    id = add_sample(&lab, sample_folder());
    job.dataset_id = job.dataset_path = id;
    CHECK_OK(jobs_add(lab.platform.app, &job, &arena, &job, &err), err);
    expect_error(&lab.platform, 409, "The dataset is in use by training job 1 (pending)", "DELETE",
                 path_of("/api/v1/datasets/%s", id), lab.ada, NULL);
    thumbnails = arena_printf(&arena, "%s/thumbnails/%s", lab.platform.folder, id);
    CHECK(file_is_folder(thumbnails));
    body = expect(&lab.platform, 200, "DELETE", path_of("/api/v1/datasets/%s?force=1", id), lab.ada,
                  NULL);
    CHECK(int_at(body, "freed_bytes") > 0);
    json_decref(body);
    CHECK(!file_exists(path_of(arena_printf(&arena, "%s/datasets/%%s", lab.platform.folder), id)));
    CHECK(!file_exists(thumbnails));
    CHECK_OK(jobs_get(lab.platform.app, 1, &arena, &job, &err), err);
    CHECK_TEXT(job.status, "cancelled");
    CHECK(!job.dataset_id);
    free(id);
    arena_release(&arena);
    lab_close(&lab);
}
