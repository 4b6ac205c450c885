/* uploads_test.c - uploads that break off and go on, over HTTP. */

#include "dataset_support.h"

#include "app/datasets/datasets.h"
#include "base/error.h"
#include "base/file.h"
#include "test.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Begins an upload; its id is to be freed. */
static char *begin_upload(struct lab *lab, const char *more)
{
    struct str body = STR_INIT;
    json_t *reply;
    char *id;

    str_printf(&body, "{\"dataset\":{\"name\":\"resumed\",\"project_id\":1}%s}", more);
    reply = expect(&lab->platform, 201, "POST", "/api/v1/uploads", lab->ada, body.text);
    CHECK(int_at(reply, "chunk_limit") > 0);
    id = strdup(text_at(reply, "upload_id"));
    json_decref(reply);
    str_release(&body);
    return id;
}

/* PUT so many bytes of the text at the offset; checks status and Upload-Offset. */
static void put(struct lab *lab, const char *id, const char *path, int64_t offset,
                const void *data, size_t size_bytes, long status, int64_t new_offset)
{
    struct str url = STR_INIT, expected = STR_INIT;
    struct reply reply;

    str_printf(&url, "/api/v1/uploads/%s?offset=%lld", id, (long long)offset);
    if (path)
        str_printf(&url, "&path=%s", path);
    send_bytes(lab, "PUT", url.text, lab->ada, "application/octet-stream", data, size_bytes,
               &reply);
    str_printf(&expected, "Upload-Offset: %lld\r\n", (long long)new_offset);
    if (reply.status != status || (new_offset >= 0 && !strstr(reply.headers.text, expected.text)))
        test_fail(__FILE__, __LINE__, "PUT %s gave %ld: %s%s", url.text, reply.status,
                  reply.headers.text, reply.text.text);
    reply_release(&reply);
    str_release(&url);
    str_release(&expected);
}

static void put_folder(struct lab *lab, const char *id, const char *folder)
{
    static const char *const classes[] = { "circle", "square" };

    for (int i = 0; i < 18; i++) {
        struct str path = STR_INIT, inner = STR_INIT, content = STR_INIT;
        struct error err;

        str_printf(&inner, "%s/%s/%04d.jpg", i < 12 ? "train" : "val", classes[i % 2],
                   i < 12 ? i / 2 : (i - 12) / 2);
        str_printf(&path, "%s/%s", folder, inner.text);
        CHECK_OK(file_read(path.text, 1 << 20, &content, &err), err);
        put(lab, id, inner.text, 0, content.text, content.length, 200, (int64_t)content.length);
        str_release(&path);
        str_release(&inner);
        str_release(&content);
    }
}

static json_t *commit(struct lab *lab, const char *id, long status)
{
    struct str url = STR_INIT;
    json_t *body;

    str_printf(&url, "/api/v1/uploads/%s/commit?wait=1", id);
    body = expect(&lab->platform, status, "POST", url.text, lab->ada, NULL);
    str_release(&url);
    return body;
}

static const char *url_of(const char *id, const char *end)
{
    static char url[256];

    snprintf(url, sizeof(url), "/api/v1/uploads/%s%s", id, end);
    return url;
}

TEST(upload_of_files_becomes_a_data_set)
{
    struct arena arena = ARENA_INIT;
    struct lab lab;
    json_t *body;
    char *id;

    lab_open(&lab);
    id = begin_upload(&lab, "");
    put_folder(&lab, id, sample_folder());
    body = expect(&lab.platform, 200, "GET", url_of(id, ""), lab.ada, NULL);
    CHECK(json_array_size(json_object_get(body, "files")) == 18);
    CHECK(int_at(body, "received_bytes") > 18 * 200);
    json_decref(body);
    body = commit(&lab, id, 201);
    CHECK_TEXT(text_at(body, "status"), "ready");
    CHECK_TEXT(text_at(body, "name"), "resumed");
    CHECK_TEXT(text_at(body, "id"), id);
    CHECK(int_at(body, "file_count") == 18);
    json_decref(body);
    body = commit(&lab, id, 201); /* the answer may have been lost: the same again */
    CHECK_TEXT(text_at(body, "id"), id);
    json_decref(body);
    expect_error(&lab.platform, 404, "Upload not found", "GET", url_of(id, ""), lab.ada, NULL);
    CHECK(!file_exists(arena_printf(&arena, "%s/uploads/%s", lab.platform.folder, id)));
    body = expect(&lab.platform, 200, "GET", "/api/v1/datasets", lab.ada, NULL);
    CHECK(int_at(body, "total") == 1);
    json_decref(body);
    free(id);
    arena_release(&arena);
    lab_close(&lab);
}

TEST(upload_waits_in_the_folder_that_the_environment_names)
{
    struct arena arena = ARENA_INIT;
    const char *folder = arena_printf(&arena, "%s/arrivals", test_folder());
    struct lab lab;
    char *id;

    setenv("UPLOAD_DIR", folder, 1);
    lab_open(&lab);
    id = begin_upload(&lab, "");
    put_folder(&lab, id, sample_folder());
    CHECK(file_is_folder(arena_printf(&arena, "%s/uploads/%s/files", folder, id)));
    json_decref(commit(&lab, id, 201));
    CHECK(!file_exists(arena_printf(&arena, "%s/uploads/%s", folder, id)));
    CHECK(!file_exists(arena_printf(&arena, "%s/uploads", lab.platform.folder)));
    CHECK(count_files(arena_printf(&arena, "%s/datasets/%s", lab.platform.folder, id)) == 18);
    free(add_sample(&lab, sample_folder())); /* a form goes the same way */
    unsetenv("UPLOAD_DIR");
    free(id);
    arena_release(&arena);
    lab_close(&lab);
}

TEST(upload_takes_pieces_at_the_end_of_the_file_alone)
{
    struct reply reply;
    struct lab lab;
    char *id;

    lab_open(&lab);
    id = begin_upload(&lab, "");
    put(&lab, id, "a/b.jpg", 0, "0123", 4, 200, 4);
    put(&lab, id, "a/b.jpg", 0, "0123", 4, 409, 4);
    put(&lab, id, "a/b.jpg", 5, "x", 1, 409, 4);
    put(&lab, id, "a/b.jpg", 4, "456", 3, 200, 7);
    put(&lab, id, "a/new.jpg", 3, "x", 1, 409, 0);
    send_bytes(&lab, "HEAD", url_of(id, "?path=a/b.jpg"), lab.ada, "text/plain", NULL, 0, &reply);
    CHECK(reply.status == 200 && strstr(reply.headers.text, "Upload-Offset: 7\r\n"));
    reply_release(&reply);
    send_bytes(&lab, "HEAD", url_of(id, "?path=none"), lab.ada, "text/plain", NULL, 0, &reply);
    CHECK(reply.status == 200 && strstr(reply.headers.text, "Upload-Offset: 0\r\n"));
    reply_release(&reply);
    put(&lab, id, "../evil", 0, "x", 1, 400, -1);
    put(&lab, id, "%2fevil", 0, "x", 1, 400, -1);
    put(&lab, id, "a%5cb", 0, "x", 1, 400, -1);
    put(&lab, id, "a", 0, "x", 1, 409, -1); /* a folder: it has a size */
    put(&lab, id, "a/b.jpg/c", 0, "x", 1, 400, -1);
    put(&lab, id, NULL, 0, "x", 1, 400, -1);
    datasets_limits(lab.platform.app)->chunk_bytes = 3;
    put(&lab, id, "c", 0, "0123", 4, 413, -1);
    put(&lab, "01234567-89ab-4cde-8f01-23456789abcd", "c", 0, "x", 1, 404, -1);
    put(&lab, "none", "c", 0, "x", 1, 404, -1);
    expect_error(&lab.platform, 404, "Upload not found", "GET", url_of(id, ""), lab.bob, NULL);
    expect_error(&lab.platform, 404, "Upload not found", "POST", url_of(id, "/commit"), lab.bob,
                 NULL);
    expect_error(&lab.platform, 404, "Upload not found", "DELETE", url_of(id, ""), lab.bob, NULL);
    json_decref(expect(&lab.platform, 200, "DELETE", url_of(id, ""), lab.ada, NULL));
    expect_error(&lab.platform, 404, "Upload not found", "GET", url_of(id, ""), lab.ada, NULL);
    CHECK(count_files(lab.platform.folder) < 20);
    free(id);
    lab_close(&lab);
}

/* Half of a piece; the connection stays until it is cut. */
static int send_half(struct lab *lab, const char *id)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)api_port(lab->platform.api)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct str request = STR_INIT;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    str_printf(&request,
               "PUT /api/v1/uploads/%s?path=a.jpg&offset=0 HTTP/1.1\r\nHost: x\r\n"
               "Authorization: Bearer %s\r\nContent-Length: 1000\r\n\r\nfirst half",
               id, lab->ada);
    CHECK(fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address)));
    CHECK(send(fd, request.text, request.length, 0) == (ssize_t)request.length);
    str_release(&request);
    return fd;
}

static void cut(int fd)
{
    const struct linger at_once = { 1, 0 };

    CHECK(!setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
    close(fd);
}

static void wait_for_bytes(struct lab *lab, const char *id, const char *path, int64_t bytes)
{
    struct arena arena = ARENA_INIT;
    const char *file = arena_printf(&arena, "%s/uploads/%s/files/%s", lab->platform.folder, id,
                                    path);
    struct stat status;

    wait_for_path(file, true);
    for (int i = 0; i < 2000 && !stat(file, &status) && status.st_size < bytes; i++)
        usleep(5000);
    CHECK(status.st_size == bytes);
    arena_release(&arena);
}

/* The first connection wakes up when the file belongs to a data set: it must not be changed. */
static void check_late_half(struct lab *lab, const char *id, int fd)
{
    struct str late = STR_INIT, content = STR_INIT, path = STR_INIT;
    char answer[13] = "";
    struct error err;

    for (int i = 0; i < 990; i++)
        str_add_char(&late, 'z');
    CHECK(send(fd, late.text, late.length, MSG_NOSIGNAL) == 990);
    CHECK(recv(fd, answer, 12, MSG_WAITALL) == 12);
    CHECK_TEXT(answer, "HTTP/1.1 404");
    close(fd);
    str_printf(&path, "%s/datasets/%s/a.jpg", lab->platform.folder, id);
    CHECK_OK(file_read(path.text, 4096, &content, &err), err);
    CHECK_TEXT(content.text, "first half, second");
    str_release(&late);
    str_release(&content);
    str_release(&path);
}

/* The server may not know yet that the client has gone. */
TEST(upload_goes_on_at_once_and_is_not_committed_without_its_end)
{
    struct lab lab;
    json_t *body;
    char *id;
    int fd;

    lab_open(&lab);
    id = begin_upload(&lab, "");
    put_folder(&lab, id, sample_folder());
    fd = send_half(&lab, id);
    wait_for_bytes(&lab, id, "a.jpg", 10);
    body = commit(&lab, id, 409);
    CHECK_TEXT(text_at(body, "detail"),
               "'a.jpg' has not come to its end: 10 bytes have arrived");
    json_decref(body);
    put(&lab, id, "a.jpg", 10, ", second", 8, 200, 18);
    body = commit(&lab, id, 201);
    CHECK(int_at(body, "file_count") == 19);
    json_decref(body);
    check_late_half(&lab, id, fd);
    free(id);
    lab_close(&lab);
}

TEST(upload_goes_on_after_a_break_and_a_restart)
{
    const char *folder = sample_folder();
    struct reply reply;
    struct lab lab;
    json_t *body;
    char *id;
    int fd;

    lab_open(&lab);
    id = begin_upload(&lab, "");
    fd = send_half(&lab, id);
    wait_for_bytes(&lab, id, "a.jpg", 10);
    cut(fd);
    lab_reopen(&lab);
    send_bytes(&lab, "HEAD", url_of(id, "?path=a.jpg"), lab.ada, "text/plain", NULL, 0, &reply);
    CHECK(strstr(reply.headers.text, "Upload-Offset: 10\r\n"));
    reply_release(&reply);
    put_folder(&lab, id, folder);
    json_decref(commit(&lab, id, 409));
    put(&lab, id, "a.jpg", 10, ", second", 8, 200, 18);
    body = commit(&lab, id, 201);
    CHECK(int_at(body, "file_count") == 19 && int_at(body, "num_images") == 18);
    json_decref(body);
    free(id);
    lab_close(&lab);
}

/* The process ended after the files were moved, before the row was there. */
TEST(upload_gets_its_files_back_when_a_commit_was_cut_off)
{
    struct arena arena = ARENA_INIT;
    const char *session, *dataset;
    struct lab lab;
    json_t *body;
    char *id;

    lab_open(&lab);
    id = begin_upload(&lab, "");
    put_folder(&lab, id, sample_folder());
    session = arena_printf(&arena, "%s/uploads/%s/files", lab.platform.folder, id);
    dataset = arena_printf(&arena, "%s/datasets/%s", lab.platform.folder, id);
    run_program("mkdir -p %s/datasets && mv %s %s", lab.platform.folder, session, dataset);
    lab_reopen(&lab);
    wait_for_path(session, true);
    CHECK(count_files(session) == 18 && !file_exists(dataset));
    run_program("mv %s %s", session, dataset); /* and when the commit comes first */
    body = commit(&lab, id, 201);
    CHECK(int_at(body, "file_count") == 18);
    json_decref(body);
    free(id);
    arena_release(&arena);
    lab_close(&lab);
}

/* The process ended after the data set was made, before the upload was removed. */
TEST(upload_that_has_become_a_data_set_goes_at_the_start)
{
    struct arena arena = ARENA_INIT;
    const char *session, *kept;
    struct lab lab;
    char *id;

    lab_open(&lab);
    id = begin_upload(&lab, "");
    put_folder(&lab, id, sample_folder());
    session = arena_printf(&arena, "%s/uploads/%s", lab.platform.folder, id);
    kept = arena_printf(&arena, "%s/kept.json", lab.platform.folder);
    run_program("cp %s/session.json %s", session, kept);
    json_decref(commit(&lab, id, 201));
    run_program("mkdir %s && mv %s %s/session.json", session, kept, session);
    lab_reopen(&lab);
    wait_for_path(session, false);
    json_decref(expect(&lab.platform, 404, "GET", url_of(id, ""), lab.ada, NULL));
    json_decref(commit(&lab, id, 201)); /* the answer to the first one may have been lost */
    free(id);
    arena_release(&arena);
    lab_close(&lab);
}

TEST(upload_of_an_archive_is_unpacked_at_the_commit)
{
    struct arena arena = ARENA_INIT;
    const char *folder = sample_folder();
    struct str bytes = STR_INIT;
    struct lab lab;
    struct error err;
    json_t *body;
    char *id, more[128];
    size_t half;

    lab_open(&lab);
    run_program("tar -C %s -czf %s/../s.tgz . && mv %s/../s.tgz %s/", folder, folder, folder,
                folder);
    CHECK_OK(file_read(arena_printf(&arena, "%s/s.tgz", folder), 1 << 24, &bytes, &err), err);
    half = bytes.length / 2;
    snprintf(more, sizeof(more), ",\"kind\":\"archive\",\"total_bytes\":%zu", bytes.length);
    id = begin_upload(&lab, more);
    put(&lab, id, "x", 0, "x", 1, 400, -1); /* it has no path */
    put(&lab, id, NULL, 0, bytes.text, half, 200, (int64_t)half);
    body = commit(&lab, id, 409);
    CHECK(strstr(text_at(body, "detail"), "have arrived"));
    json_decref(body);
    put(&lab, id, NULL, (int64_t)half, bytes.text + half, bytes.length - half, 200,
        (int64_t)bytes.length);
    put(&lab, id, NULL, (int64_t)bytes.length, "x", 1, 413, -1);
    body = commit(&lab, id, 201);
    CHECK_TEXT(text_at(body, "status"), "ready");
    CHECK(int_at(body, "file_count") == 18);
    json_decref(body);
    free(id);
    str_release(&bytes);
    arena_release(&arena);
    lab_close(&lab);
}

TEST(upload_adds_to_a_data_set)
{
    struct arena arena = ARENA_INIT;
    struct lab lab;
    json_t *body;
    char *id;

    lab_open(&lab);
    id = begin_upload(&lab, "");
    put_folder(&lab, id, sample_folder());
    json_decref(commit(&lab, id, 201));
    body = expect(&lab.platform, 201, "POST", "/api/v1/uploads", lab.ada,
                  arena_printf(&arena, "{\"dataset\":{\"id\":\"%s\"}}", id));
    put(&lab, text_at(body, "upload_id"), "train/circle/new.jpg", 0, "x", 1, 200, 1);
    json_decref(commit(&lab, text_at(body, "upload_id"), 201));
    json_decref(body);
    body = expect(&lab.platform, 200, "GET",
                  arena_printf(&arena, "/api/v1/datasets/%s", id), lab.ada, NULL);
    CHECK(int_at(body, "file_count") == 19);
    json_decref(body);
    json_decref(expect(&lab.platform, 404, "POST", "/api/v1/uploads", lab.bob,
                       arena_printf(&arena, "{\"dataset\":{\"id\":\"%s\"}}", id)));
    free(id);
    arena_release(&arena);
    lab_close(&lab);
}

/* An upload of two files into the data set, which has been made. */
static char *begin_upload_into(struct lab *lab, const char *dataset, struct arena *arena)
{
    json_t *body = expect(&lab->platform, 201, "POST", "/api/v1/uploads", lab->ada,
                          arena_printf(arena, "{\"dataset\":{\"id\":\"%s\"},\"total_bytes\":2}",
                                       dataset));
    char *id = strdup(text_at(body, "upload_id"));

    put(lab, id, "train/circle/new.jpg", 0, "x", 1, 200, 1);
    put(lab, id, "clash/new.jpg", 0, "y", 1, 200, 1);
    json_decref(body);
    return id;
}

/* The process ended while the files were moved; here it meets what it cannot move. */
TEST(upload_into_a_data_set_goes_on_when_its_commit_was_cut_off)
{
    struct arena arena = ARENA_INIT;
    const char *session, *dataset;
    struct lab lab;
    json_t *body;
    char *id, *into;

    lab_open(&lab);
    into = begin_upload(&lab, "");
    put_folder(&lab, into, sample_folder());
    json_decref(commit(&lab, into, 201));
    id = begin_upload_into(&lab, into, &arena);
    session = arena_printf(&arena, "%s/uploads/%s", lab.platform.folder, id);
    dataset = arena_printf(&arena, "%s/datasets/%s", lab.platform.folder, into);
    run_program("touch %s/clash", dataset); /* a file where a folder is to be */
    json_decref(commit(&lab, id, 409));
    /* Wherever it came to: one is there, the other is not. */
    run_program("rm %s/clash && test ! -e %s/files/train || mv %s/files/train/circle/new.jpg "
                "%s/train/circle/new.jpg", dataset, session, session, dataset);
    lab_reopen(&lab);
    put(&lab, id, "train/circle/new.jpg", 0, "x", 1, 409, -1);
    body = commit(&lab, id, 201);
    CHECK_TEXT(text_at(body, "id"), into);
    CHECK(int_at(body, "file_count") == 20);
    json_decref(body);
    json_decref(expect(&lab.platform, 404, "GET", url_of(id, ""), lab.ada, NULL));
    CHECK(!file_exists(session));
    free(id);
    free(into);
    arena_release(&arena);
    lab_close(&lab);
}

/* And when it ended after all files were moved. */
TEST(upload_into_a_data_set_is_done_when_its_commit_was_cut_off_at_the_end)
{
    struct arena arena = ARENA_INIT;
    const char *session, *dataset;
    struct lab lab;
    json_t *body;
    char *id, *into;

    lab_open(&lab);
    into = begin_upload(&lab, "");
    put_folder(&lab, into, sample_folder());
    json_decref(commit(&lab, into, 201));
    id = begin_upload_into(&lab, into, &arena);
    session = arena_printf(&arena, "%s/uploads/%s", lab.platform.folder, id);
    dataset = arena_printf(&arena, "%s/datasets/%s", lab.platform.folder, into);
    run_program("touch %s/clash", dataset);
    json_decref(commit(&lab, id, 409));
    run_program("rm %s/clash && cp -r %s/files/. %s && rm -r %s/files", dataset, session, dataset,
                session);
    body = commit(&lab, id, 201);
    CHECK(int_at(body, "file_count") == 20);
    json_decref(body);
    free(id);
    free(into);
    arena_release(&arena);
    lab_close(&lab);
}

TEST(upload_that_does_not_fit_is_refused)
{
    struct lab lab;
    json_t *body;
    char *id;

    lab_open(&lab);
    json_decref(expect(&lab.platform, 422, "POST", "/api/v1/uploads", lab.ada, "{}"));
    json_decref(expect(&lab.platform, 422, "POST", "/api/v1/uploads", lab.ada,
                       "{\"dataset\":{\"name\":\"x\"},\"kind\":\"disk\"}"));
    json_decref(expect(&lab.platform, 422, "POST", "/api/v1/uploads", lab.ada,
                       "{\"dataset\":{\"name\":\"x\"},\"total_bytes\":-1}"));
    json_decref(expect(&lab.platform, 400, "POST", "/api/v1/uploads", lab.ada,
                       "{\"dataset\":{\"name\":\"x\",\"format\":\"odd\"}}"));
    expect_error(&lab.platform, 404, "Project not found", "POST", "/api/v1/uploads", lab.bob,
                 "{\"dataset\":{\"name\":\"x\",\"project_id\":1}}");
    datasets_limits(lab.platform.app)->bytes = 1000;
    json_decref(expect(&lab.platform, 413, "POST", "/api/v1/uploads", lab.ada,
                       "{\"dataset\":{\"name\":\"x\"},\"total_bytes\":1001}"));
    id = begin_upload(&lab, "");
    body = commit(&lab, id, 400);
    CHECK(strstr(text_at(body, "detail"), "no files"));
    json_decref(body);
    datasets_limits(lab.platform.app)->reserve_bytes = INT64_MAX / 2;
    put(&lab, id, "a", 0, "x", 1, 507, -1);
    json_decref(expect(&lab.platform, 507, "POST", "/api/v1/uploads", lab.ada,
                       "{\"dataset\":{\"name\":\"x\"}}"));
    free(id);
    lab_close(&lab);
}

TEST(upload_that_nobody_continues_goes_after_its_time)
{
    struct arena arena = ARENA_INIT;
    const char *folder;
    struct lab lab;
    char *id;

    lab_open(&lab);
    id = begin_upload(&lab, "");
    put(&lab, id, "a", 0, "x", 1, 200, 1);
    folder = arena_printf(&arena, "%s/uploads/%s", lab.platform.folder, id);
    lab_reopen(&lab);
    CHECK(file_exists(folder));
    run_program("touch -d '6 days ago' %s/session.json", folder);
    lab_reopen(&lab);
    json_decref(expect(&lab.platform, 200, "GET", url_of(id, ""), lab.ada, NULL));
    run_program("touch -d '7 days ago 1 minute ago' %s/session.json", folder);
    lab_reopen(&lab);
    wait_for_path(folder, false);
    free(id);
    arena_release(&arena);
    lab_close(&lab);
}
