/* dataset_files_test.c - files of data sets over HTTP: lists, bytes, archives, fixes, restarts. */

#include "dataset_support.h"

#include "app/datasets/datasets.h"
#include "base/error.h"
#include "base/file.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The text is lent until the next call. */
static const char *path_of(const char *format, const char *id)
{
    static char path[512];

    snprintf(path, sizeof(path), format, id);
    return path;
}

/* --- files ----------------------------------------------------------------------------------- */

TEST(dataset_images_are_listed_in_pages)
{
    struct lab lab;
    json_t *body, *row;
    char *id;

    lab_open(&lab);
    id = add_sample(&lab, sample_folder());
    body = expect(&lab.platform, 200, "GET",
                  path_of("/api/v1/datasets/%s/images?split=val&class=square&skip=1&limit=1", id),
                  lab.ada, NULL);
    CHECK(int_at(body, "total") == 3 && json_array_size(json_object_get(body, "images")) == 1);
    row = json_array_get(json_object_get(body, "images"), 0);
    CHECK_TEXT(text_at(row, "filename"), "val/square/0001.jpg");
    CHECK_TEXT(text_at(row, "split"), "val");
    CHECK_TEXT(text_at(row, "class"), "square");
    CHECK(int_at(row, "width") == 40 && int_at(row, "height") == 40 && int_at(row, "size") > 0);
    json_decref(expect(&lab.platform, 404, "GET", "/api/v1/datasets/none/images", lab.ada, NULL));
    json_decref(body);
    free(id);
    lab_close(&lab);
}

static void check_bytes(struct lab *lab, const char *url, const char *headers, long status,
                        const char *type, size_t size_bytes)
{
    struct reply reply;

    fetch(&lab->platform, "GET", url, lab->ada, headers, NULL, &reply);
    if (reply.status != status || !strstr(reply.headers.text, type) ||
        !strstr(reply.headers.text, "nosniff") ||
        (size_bytes && reply.text.length != size_bytes))
        test_fail(__FILE__, __LINE__, "%s gave %ld, %zu bytes, %s", url, reply.status,
                  reply.text.length, reply.headers.text);
    reply_release(&reply);
}

TEST(dataset_files_and_thumbnails_are_served)
{
    const char *folder = sample_folder();
    struct str form = STR_INIT;
    struct lab lab;
    json_t *body, *row;
    char *id;

    lab_open(&lab);
    form_begin(&form, "sample");
    form_folder(&form, folder);
    form_file(&form, "a b/\xc3\xa9 #?.html", "<script>alert(1)</script>", 25);
    form_file(&form, "raw.bin", "\0\1\2", 3);
    form_end(&form);
    body = send_form(&lab, 201, "/api/v1/datasets?wait=1", lab.ada, &form);
    id = strdup(text_at(body, "id"));
    json_decref(body);
    body = expect(&lab.platform, 200, "GET",
                  path_of("/api/v1/datasets/%s/images?state=all&limit=1", id), lab.ada, NULL);
    row = json_array_get(json_object_get(body, "images"), 0);
    CHECK_TEXT(text_at(row, "filename"), "a b/\xc3\xa9 #?.html");
    check_bytes(&lab, text_at(row, "url"), NULL, 200, "text/plain", 25);
    json_decref(body);
    check_bytes(&lab, path_of("/api/v1/datasets/%s/file/raw.bin", id), NULL, 200, "attachment", 3);
    check_bytes(&lab, path_of("/api/v1/datasets/%s/file/train/circle/0000.jpg", id), NULL, 200,
                "image/jpeg", 0);
    check_bytes(&lab, path_of("/api/v1/datasets/%s/file/train/circle/0000.jpg", id),
                "Range: bytes=2-11", 206, "image/jpeg", 10);
    check_bytes(&lab, path_of("/api/v1/datasets/%s/thumbnail/train/circle/0000.jpg", id), NULL, 200,
                "image/jpeg", 0);
    expect_error(&lab.platform, 404, "File not found", "GET",
                 path_of("/api/v1/datasets/%s/file/train", id), lab.ada, NULL);
    expect_error(&lab.platform, 404, "File not found", "GET",
                 path_of("/api/v1/datasets/%s/file/none.jpg", id), lab.ada, NULL);
    expect_error(&lab.platform, 404, "File not found", "GET",
                 path_of("/api/v1/datasets/%s/thumbnail/none.jpg", id), lab.ada, NULL);
    json_decref(expect(&lab.platform, 400, "GET",
                       path_of("/api/v1/datasets/%s/file/..%%2f..%%2fvision_platform.db", id),
                       lab.ada, NULL));
    free(id);
    str_release(&form);
    lab_close(&lab);
}

TEST(dataset_gets_more_files)
{
    const char *folder = sample_folder();
    struct str form = STR_INIT, path = STR_INIT;
    struct lab lab;
    json_t *body;
    char *id;

    lab_open(&lab);
    id = add_sample(&lab, folder);
    str_printf(&path, "/api/v1/datasets/%s/upload-images", id);
    form_file(&form, "train/circle/0000.jpg", "x", 1);
    form_end(&form);
    body = send_form(&lab, 409, path.text, lab.ada, &form);
    CHECK(strstr(text_at(body, "detail"), "train/circle/0000.jpg"));
    json_decref(body);
    str_clear(&form);
    form_file(&form, "train/circle", "x", 1);
    form_end(&form);
    json_decref(send_form(&lab, 409, path.text, lab.ada, &form));
    str_clear(&form);
    form_file(&form, "train/star/new.jpg", "no image", 8);
    form_end(&form);
    str_add(&path, "?wait=1");
    body = send_form(&lab, 200, path.text, lab.ada, &form);
    CHECK(int_at(body, "file_count") == 19);
    CHECK_TEXT(text_at(body, "status"), "not_ready");
    CHECK(strstr(text_at(body, "status_reason"), "star"));
    json_decref(body);
    json_decref(expect(&lab.platform, 415, "POST", path.text, lab.ada, "{}"));
    str_release(&form);
    str_release(&path);
    free(id);
    lab_close(&lab);
}

/* --- archives -------------------------------------------------------------------------------- */

static void add_archive(struct lab *lab, const char *folder, const char *command, const char *name)
{
    struct arena arena = ARENA_INIT;
    struct str form = STR_INIT, bytes = STR_INIT;
    struct error err;
    json_t *body;

    run_program(command, folder);
    CHECK_OK(file_read(arena_printf(&arena, "%s/../%s", folder, name), 1 << 24, &bytes, &err), err);
    unlink(arena_printf(&arena, "%s/../%s", folder, name));
    form_begin(&form, name);
    form_file(&form, name, bytes.text, bytes.length);
    form_end(&form);
    body = send_form(lab, 201, "/api/v1/datasets?wait=1", lab->ada, &form);
    CHECK_TEXT(text_at(body, "status"), "ready");
    CHECK(int_at(body, "file_count") == 18 && int_at(body, "num_classes") == 2);
    CHECK(int_at(json_object_get(body, "import"), "files") == 18);
    CHECK(file_exists(arena_printf(&arena, "%s/datasets/%s/train/circle/0000.jpg",
                                   lab->platform.folder, text_at(body, "id"))));
    json_decref(body);
    str_release(&form);
    str_release(&bytes);
    arena_release(&arena);
}

TEST(dataset_of_an_archive_is_unpacked)
{
    const char *folder = sample_folder();
    struct lab lab;

    lab_open(&lab);
    add_archive(&lab, folder,
                "cd %s && mkdir -p ../d && cp -r . ../d/flowers && tar -C ../d -czf ../s.tar.gz "
                "flowers && rm -rf ../d",
                "s.tar.gz"); /* with a folder around it */
    add_archive(&lab, folder, "cd %s && tar -cf ../s.tar .", "s.tar");
    lab_close(&lab);
}

/* --- fixes ----------------------------------------------------------------------------------- */

TEST(dataset_fixes_are_proposed_and_applied)
{
    struct arena arena = ARENA_INIT;
    const char *folder = sample_folder(), *id, *bad;
    struct str form = STR_INIT;
    struct lab lab;
    json_t *body, *fixes, *row;

    lab_open(&lab);
    run_program("cp %s/train/circle/0001.jpg %s/val/circle/copy.jpg", folder, folder);
    form_begin(&form, "sample");
    form_folder(&form, folder);
    form_file(&form, "train/circle/bad.jpg", "no image", 8);
    form_end(&form);
    body = send_form(&lab, 201, "/api/v1/datasets?wait=1", lab.ada, &form);
    id = arena_strdup(&arena, text_at(body, "id"));
    json_decref(body);
    fixes = expect(&lab.platform, 200, "GET", path_of("/api/v1/datasets/%s/fixes", id), lab.ada,
                   NULL);
    CHECK(int_at(fixes, "total") == 2);
    row = json_array_get(json_object_get(fixes, "fixes"), 0);
    CHECK_TEXT(text_at(row, "kind"), "duplicate");
    CHECK_TEXT(text_at(row, "path"), "train/circle/0001.jpg"); /* that of val stays */
    CHECK_TEXT(text_at(row, "action"), "remove");
    row = json_array_get(json_object_get(fixes, "fixes"), 1);
    CHECK_TEXT(text_at(row, "kind"), "unreadable");
    bad = arena_printf(&arena, "{\"ids\":[\"%s\"]}", text_at(row, "id"));
    json_decref(fixes);
    expect_error(&lab.platform, 404, "There is no fix 'none' that can be applied", "POST",
                 path_of("/api/v1/datasets/%s/fixes", id), lab.ada, "{\"ids\":[\"none\"]}");
    json_decref(expect(&lab.platform, 422, "POST", path_of("/api/v1/datasets/%s/fixes", id),
                       lab.ada, "{\"ids\":[1]}"));
    body = expect(&lab.platform, 200, "POST", path_of("/api/v1/datasets/%s/fixes?wait=1", id),
                  lab.ada, bad);
    CHECK(int_at(body, "applied") == 1);
    CHECK(int_at(json_object_get(body, "dataset"), "file_count") == 19);
    json_decref(body);
    CHECK(file_exists(arena_printf(&arena, "%s/quarantine/%s/train/circle/bad.jpg",
                                   lab.platform.folder, id)));
    body = expect(&lab.platform, 200, "POST", path_of("/api/v1/datasets/%s/fixes?wait=1", id),
                  lab.ada, "{\"ids\":\"all\"}");
    CHECK(int_at(body, "applied") == 1);
    json_decref(body);
    body = expect(&lab.platform, 200, "GET", path_of("/api/v1/datasets/%s/report", id), lab.ada,
                  NULL);
    row = json_object_get(body, "files");
    CHECK(int_at(json_object_get(row, "fixed"), "files") == 2);
    CHECK(int_at(json_object_get(row, "used"), "files") == 18);
    CHECK(int_at(json_object_get(row, "excluded"), "files") == 0);
    json_decref(body);
    fixes = expect(&lab.platform, 200, "GET", path_of("/api/v1/datasets/%s/fixes", id), lab.ada,
                   NULL);
    CHECK(int_at(fixes, "total") == 2);
    CHECK(json_is_true(json_object_get(json_array_get(json_object_get(fixes, "fixes"), 0),
                                       "applied")));
    json_decref(fixes);
    str_release(&form);
    arena_release(&arena);
    lab_close(&lab);
}

/* --- folders of the machine ------------------------------------------------------------------ */

TEST(dataset_folder_of_the_machine_is_checked_below_allowed_roots_alone)
{
    const char *folder = sample_folder(), *outside = test_folder();
    struct str body = STR_INIT;
    struct lab lab;
    json_t *reply;

    lab_open(&lab);
    setenv("DATASET_ROOTS", folder, 1);
    CHECK(!symlink(outside, path_of("%s/link", folder)));
    str_printf(&body, "{\"path\":\"%s\"}", folder);
    reply = expect(&lab.platform, 200, "POST", "/api/v1/datasets/analyze", lab.ada, body.text);
    CHECK_TEXT(text_at(reply, "status"), "success");
    CHECK(int_at(json_object_get(json_object_get(reply, "dataset_info"), "structure"),
                 "num_classes") == 2);
    json_decref(reply);
    str_clear(&body);
    str_printf(&body, "{\"path\":\"%s/link\"}", folder);
    reply = expect(&lab.platform, 400, "POST", "/api/v1/datasets/analyze", lab.ada, body.text);
    CHECK_TEXT(text_at(reply, "error_type"), "path_not_found");
    json_decref(reply);
    json_decref(expect(&lab.platform, 400, "POST", "/api/v1/datasets/analyze", lab.ada,
                       "{\"path\":\"/etc\"}"));
    json_decref(expect(&lab.platform, 400, "POST", "/api/v1/datasets/analyze", lab.ada,
                       "{\"path\":\"relative\"}"));
    unsetenv("DATASET_ROOTS");
    str_release(&body);
    lab_close(&lab);
}

/* --- restarts -------------------------------------------------------------------------------- */

TEST(dataset_analysis_is_taken_up_after_a_restart)
{
    struct arena arena = ARENA_INIT;
    struct dataset dataset;
    struct user ada;
    struct lab lab;
    struct error err;
    json_t *body;
    char *id;

    lab_open(&lab);
    id = add_sample(&lab, sample_folder());
    wait_for_no_uploads(&lab);
    /* As if the process had ended in the middle of it. */
    CHECK_OK(users_find(lab.platform.app, "ada@example.com", &arena, &ada, &err), err);
    datasets_close(lab.platform.app);
    CHECK_OK(db_write(lab.platform.app->db, STATEMENT_dataset_set_changed,
                      DB_ARGS(db_text(id), db_int(1)), NULL, NULL, &err),
             err);
    CHECK_OK(datasets_open(lab.platform.app, &err), err);
    CHECK_OK(datasets_get(lab.platform.app, &ada, id, RIGHT_VIEW, &arena, &dataset, &err), err);
    CHECK_OK(datasets_wait(lab.platform.app, 20, &arena, &dataset, &err), err);
    CHECK_TEXT(dataset.status, "ready");
    CHECK(dataset.revision == 1);
    body = expect(&lab.platform, 200, "GET", path_of("/api/v1/datasets/%s", id), lab.ada, NULL);
    CHECK_TEXT(text_at(body, "status"), "ready");
    json_decref(body);
    free(id);
    arena_release(&arena);
    lab_close(&lab);
}

TEST(dataset_files_that_were_never_finished_go_at_the_start)
{
    struct arena arena = ARENA_INIT;
    struct lab lab;
    const char *orphan, *form, *thumbnails;
    char *id;

    lab_open(&lab);
    id = add_sample(&lab, sample_folder());
    orphan = arena_printf(&arena, "%s/datasets/01234567-89ab-4cde-8f01-23456789abcd",
                          lab.platform.folder);
    form = arena_printf(&arena, "%s/uploads/11234567-89ab-4cde-8f01-23456789abcd",
                        lab.platform.folder);
    thumbnails = arena_printf(&arena, "%s/thumbnails/21234567-89ab-4cde-8f01-23456789abcd",
                              lab.platform.folder);
    run_program("mkdir -p %s/train %s/parts %s && touch %s/train/a.jpg %s/parts/0", orphan, form,
                thumbnails, orphan, form);
    lab_reopen(&lab);
    wait_for_path(orphan, false);
    wait_for_path(form, false);
    wait_for_path(thumbnails, false);
    CHECK(count_files(path_of(arena_printf(&arena, "%s/datasets/%%s", lab.platform.folder), id)) ==
          18);
    free(id);
    arena_release(&arena);
    lab_close(&lab);
}

/* --- memory ---------------------------------------------------------------------------------- */

static long peak_kilobytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* The client's copy is made before the measurement begins. */
TEST(dataset_upload_takes_no_memory)
{
    struct str form = STR_INIT, zeros = STR_INIT;
    struct lab lab;
    json_t *body;
    long before;

    lab_open(&lab);
    for (int i = 0; i < 64; i++)
        str_add_bytes(&zeros, (char[1 << 20]){ 0 }, 1 << 20);
    form_begin(&form, "large");
    form_file(&form, "cat/large.jpg", zeros.text, zeros.length);
    form_end(&form);
    str_release(&zeros);
    before = peak_kilobytes();
    body = send_form(&lab, 201, "/api/v1/datasets", lab.ada, &form);
    CHECK(peak_kilobytes() - before < 16 << 10);
    CHECK(int_at(body, "total_size_bytes") == 64 << 20);
    json_decref(body);
    str_release(&form);
    lab_close(&lab);
}
