#include "net/http.h"

#include "base/error.h"
#include "base/file.h"
#include "net/server_support.h"
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>

#define FILE_BYTES 300000

static char content[FILE_BYTES];

static void start_with_file(struct net_server *server, size_t size_bytes)
{
    static char path[512];
    struct timespec times[2] = { { 784111777, 0 }, { 784111777, 0 } };
    struct error err;

    for (size_t i = 0; i < size_bytes; i++)
        content[i] = (char)(i * 31 ^ i >> 7);
    snprintf(path, sizeof(path), "%s/file.bin", test_folder());
    CHECK_OK(file_replace(path, content, size_bytes, &err), err);
    CHECK(!utimensat(AT_FDCWD, path, times, 0));
    net_server_start(server, NULL);
    server->file_path = path;
}

TEST(http_response_sends_files_and_parts_of_them)
{
    static const struct {
        const char *range;
        long status;
        size_t offset, count;
        const char *content_range;
    } cases[] = {
        { "Range: none", 200, 0, FILE_BYTES, NULL },
        { "Range: bytes=0-99", 206, 0, 100, "bytes 0-99/300000" },
        { "Range: bytes=299999-", 206, 299999, 1, "bytes 299999-299999/300000" },
        { "Range: bytes=-1000", 206, 299000, 1000, "bytes 299000-299999/300000" },
        { "Range: bytes=1-", 206, 1, 299999, "bytes 1-299999/300000" },
        { "Range: bytes=300000-", 416, 0, 0, "bytes */300000" },
        { "Range: bytes=0-1,5-6", 200, 0, FILE_BYTES, NULL },
        { "Range: bytes=5-1", 200, 0, FILE_BYTES, NULL },
    };
    struct net_server server;

    start_with_file(&server, FILE_BYTES);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const headers[] = { cases[i].range, NULL };
        struct net_reply reply;
        char expected[32];

        net_fetch(&server, "GET", "/file", headers, NULL, 0, &reply);
        CHECK(reply.status == cases[i].status && reply.body.length == cases[i].count);
        CHECK(!memcmp(reply.body.text, content + cases[i].offset, cases[i].count));
        snprintf(expected, sizeof(expected), "%zu", cases[i].count);
        CHECK_TEXT(net_reply_header(&reply, "Content-Length"), expected);
        if (cases[i].content_range)
            CHECK_TEXT(net_reply_header(&reply, "Content-Range"), cases[i].content_range);
        else
            CHECK(!net_reply_header(&reply, "Content-Range"));
        net_reply_release(&reply);
    }
    net_server_stop(&server);
}

TEST(http_response_describes_files)
{
    static const char *const range[] = { "Range: bytes=0-9", NULL };
    struct net_server server;
    struct net_reply reply;

    start_with_file(&server, FILE_BYTES);
    net_fetch(&server, "HEAD", "/file?download=sch%C3%B6n%20%22a%22.png", range, NULL, 0, &reply);
    CHECK(reply.status == 200 && reply.body.length == 0);
    CHECK_TEXT(net_reply_header(&reply, "Content-Length"), "300000");
    CHECK_TEXT(net_reply_header(&reply, "Content-Type"), "image/png");
    CHECK_TEXT(net_reply_header(&reply, "Accept-Ranges"), "bytes");
    CHECK_TEXT(net_reply_header(&reply, "Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK_TEXT(net_reply_header(&reply, "ETag"), "\"493e0-2ebc98a1.0\"");
    CHECK_TEXT(net_reply_header(&reply, "Content-Disposition"),
               "attachment; filename=\"sch__n _a_.png\"; "
               "filename*=UTF-8''sch%C3%B6n%20%22a%22.png");
    net_reply_release(&reply);
    net_server_stop(&server);
    start_with_file(&server, 0);
    net_fetch(&server, "GET", "/file", NULL, NULL, 0, &reply);
    CHECK(reply.status == 200 && reply.body.length == 0);
    CHECK_TEXT(net_reply_header(&reply, "Content-Length"), "0");
    net_reply_release(&reply);
    net_fetch(&server, "GET", "/file", range, NULL, 0, &reply);
    CHECK(reply.status == 416);
    net_reply_release(&reply);
    server.file_path = "/";
    net_fetch(&server, "GET", "/file", NULL, NULL, 0, &reply);
    CHECK(reply.status == 500);
    net_reply_release(&reply);
    net_server_stop(&server);
}

TEST(http_response_is_not_sent_to_who_has_it)
{
    static const struct {
        const char *method, *target, *headers[3];
        long status;
    } cases[] = {
        { "GET", "/file", { "If-None-Match: \"493e0-2ebc98a1.0\"" }, 304 },
        { "HEAD", "/file", { "If-None-Match: \"493e0-2ebc98a1.0\"" }, 304 },
        { "GET", "/file", { "If-None-Match: \"a\", W/\"493e0-2ebc98a1.0\"" }, 304 },
        { "GET", "/file", { "If-None-Match: *" }, 304 },
        { "GET", "/file", { "If-None-Match: \"other\"" }, 200 },
        { "POST", "/file", { "If-None-Match: \"493e0-2ebc98a1.0\"" }, 200 },
        { "GET", "/file", { "If-None-Match: *", "Range: bytes=0-1" }, 304 },
        { "GET", "/file?tag=%22own%22", { "If-None-Match: \"own\"" }, 304 },
        { "GET", "/file", { "If-Range: \"493e0-2ebc98a1.0\"", "Range: bytes=0-1" }, 206 },
        { "GET", "/file", { "If-Range: \"other\"", "Range: bytes=0-1" }, 200 },
        { "GET", "/file", { "If-Range: Sun, 06 Nov 1994 08:49:37 GMT", "Range: bytes=0-1" }, 206 },
        { "GET", "/file", { "If-Range: Sun, 06 Nov 1994 08:49:38 GMT", "Range: bytes=0-1" }, 200 },
        { "GET", "/text?bytes=9&tag=%22t%22", { "If-None-Match: \"t\"" }, 304 },
        { "GET", "/text?bytes=9000&tag=%22t%22", { "If-None-Match: W/\"t\"" }, 304 },
        { "GET", "/text?bytes=9&tag=%22t%22", { "If-None-Match: \"u\"" }, 200 },
        { "GET", "/text?bytes=9", { "If-None-Match: *" }, 200 },
    };
    struct net_server server;

    start_with_file(&server, FILE_BYTES);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct net_reply reply;

        net_fetch(&server, cases[i].method, cases[i].target, cases[i].headers, NULL, 0, &reply);
        if (reply.status != cases[i].status || reply.code)
            test_fail(__FILE__, __LINE__, "%s %s %s: %ld, %d", cases[i].method, cases[i].target,
                      cases[i].headers[0], reply.status, reply.code);
        if (reply.status == 304)
            CHECK(reply.body.length == 0 && net_reply_header(&reply, "ETag"));
        net_reply_release(&reply);
    }
    net_server_stop(&server);
}

TEST(http_response_makes_the_tag_weak_when_it_compresses)
{
    static const char *const gzip[] = { "Accept-Encoding: gzip", NULL };
    struct net_server server;
    struct net_reply reply;

    net_server_start(&server, NULL);
    net_fetch(&server, "GET", "/text?bytes=9000&tag=%22t%22", gzip, NULL, 0, &reply);
    CHECK_TEXT(net_reply_header(&reply, "ETag"), "W/\"t\"");
    net_reply_release(&reply);
    net_fetch(&server, "GET", "/text?bytes=9000&tag=%22t%22", NULL, NULL, 0, &reply);
    CHECK_TEXT(net_reply_header(&reply, "ETag"), "\"t\"");
    net_reply_release(&reply);
    net_server_stop(&server);
}
