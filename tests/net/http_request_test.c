#include "net/http.h"

#include "net/server_support.h"
#include "test.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The line of the answer of /describe: method, path, all parameters, parameter a, header, cookie,
 * address, id. */
static const char *line(const struct net_reply *reply, int number)
{
    static char text[1024];
    const char *start = reply->body.text;

    while (number-- && start)
        start = strchr(start, '\n') ? strchr(start, '\n') + 1 : NULL;
    if (!start)
        return "(no such line)";
    snprintf(text, sizeof(text), "%.*s", (int)strcspn(start, "\n"), start);
    return text;
}

TEST(http_request_decodes_path_query_headers_and_cookies)
{
    static const char *const headers[] = { "X-Test: some  value", "X-Request-Id: my-id_1.x",
                                           "Cookie: a=1; session=\"x=y z\" ; session=no; empty=",
                                           NULL };
    struct net_server server;
    struct net_reply reply;

    net_server_start(&server, NULL);
    net_fetch(&server, "PATCH",
              "/describe?a=1%262+3&a=second&b&&%C3%A4=%e2%82%AC%2B&c=x=y%3D&d=%252e", headers, NULL,
              0, &reply);
    CHECK(reply.status == 200);
    CHECK_TEXT(line(&reply, 0), "PATCH");
    CHECK_TEXT(line(&reply, 1), "/describe");
    CHECK_TEXT(line(&reply, 2), "a=1&2 3;a=second;b=;ä=€+;c=x=y=;d=%2e;");
    CHECK_TEXT(line(&reply, 3), "1&2 3");
    CHECK_TEXT(line(&reply, 4), "some  value");
    CHECK_TEXT(line(&reply, 5), "x=y z");
    CHECK_TEXT(line(&reply, 6), "127.0.0.1");
    CHECK_TEXT(net_reply_header(&reply, "X-Request-Id"), "my-id_1.x");
    net_reply_release(&reply);
    net_fetch(&server, "GET", "/%64escribe", NULL, NULL, 0, &reply);
    CHECK(reply.status == 200);
    CHECK_TEXT(line(&reply, 1), "/describe");
    CHECK_TEXT(line(&reply, 2), "");
    CHECK_TEXT(line(&reply, 3), "(none)");
    CHECK_TEXT(line(&reply, 4), "(none)");
    CHECK_TEXT(line(&reply, 5), "(none)");
    net_reply_release(&reply);
    net_server_stop(&server);
}

TEST(http_request_makes_an_id_where_the_client_has_no_sane_one)
{
    static const char *const sane[] = {
        "X-Request-Id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL
    };
    static const char *const ids[][2] = {
        { "X-Request-Id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
        { "X-Request-Id: a b", NULL },
        { "X-Request-Id: <script>", NULL },
        { "X-Request-Id;", NULL },
        { NULL },
    };
    struct net_server server;
    struct net_reply reply;
    char last[64] = "";

    net_server_start(&server, NULL);
    net_fetch(&server, "GET", "/hello", sane, NULL, 0, &reply);
    CHECK(!strncmp(net_reply_header(&reply, "X-Request-Id"), "aaaa", 4));
    net_reply_release(&reply);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        const char *id;

        net_fetch(&server, "GET", "/hello", ids[i], NULL, 0, &reply);
        id = net_reply_header(&reply, "X-Request-Id");
        CHECK(id && strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32 && strcmp(id, last));
        snprintf(last, sizeof(last), "%s", id);
        net_reply_release(&reply);
    }
    net_server_stop(&server);
}

struct hostile {
    const char *what, *request;
    size_t size_bytes;
    int status, other_status; /* either is right */
};

#define CLOSED 1000 /* without an answer */

/* clang-format off */
#define HOSTILE(what, request, ...) { what, request, sizeof(request) - 1, __VA_ARGS__ }
/* clang-format on */
#define END "\r\nHost: a\r\n\r\n"

static void send_hostile(const struct hostile *cases, size_t count)
{
    struct net_server server;

    net_server_start(&server, NULL);
    for (size_t i = 0; i < count; i++) {
        int status = net_raw_status(&server, cases[i].request, cases[i].size_bytes);

        if (!status)
            status = CLOSED;
        if (status != cases[i].status && status != cases[i].other_status)
            test_fail(__FILE__, __LINE__, "%s: %d, not %d", cases[i].what, status, cases[i].status);
    }
    net_server_stop(&server);
}

/* clang-format off */
TEST(http_request_refuses_what_two_parsers_read_differently)
{
    static const struct hostile cases[] = {
        HOSTILE("a good one", "GET /hello HTTP/1.1" END, 200),
        HOSTILE("a good body", "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", 200),
        HOSTILE("good chunks", "POST /whole HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                "2\r\nab\r\n0\r\n\r\n", 200),
        HOSTILE("HTTP/1.0 without a host", "GET /hello HTTP/1.0\r\n\r\n", 200),
        HOSTILE("length and encoding", "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        HOSTILE("encoding and length", "POST /whole HTTP/1.1\r\nHost: a\r\n"
                "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
        HOSTILE("two lengths", "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                "Content-Length: 5\r\n\r\nabcde", 400),
        HOSTILE("two equal lengths", "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                "Content-Length: 3\r\n\r\nabc", 400),
        HOSTILE("a list of lengths", "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n"
                "\r\nabc", 400),
        HOSTILE("negative length", "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        HOSTILE("length with a sign", "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n"
                "\r\nabc", 400),
        HOSTILE("hexadecimal length", "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n"
                "\r\nabc", 400),
        HOSTILE("empty length", "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nabc", 400),
        HOSTILE("huge length", "POST /whole HTTP/1.1\r\nHost: a\r\n"
                "Content-Length: 99999999999999999999999\r\n\r\nabc", 400, 413),
        HOSTILE("another encoding", "POST /whole HTTP/1.1\r\nHost: a\r\n"
                "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        HOSTILE("two encodings", "POST /whole HTTP/1.1\r\nHost: a\r\n"
                "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        HOSTILE("the encoding twice", "POST /whole HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400),
        HOSTILE("encoding in HTTP/1.0", "POST /whole HTTP/1.0\r\nHost: a\r\n"
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        HOSTILE("encoding behind a space", "POST /whole HTTP/1.1\r\nHost: a\r\n"
                "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        HOSTILE("a folded length", "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n 7\r\n\r\n"
                "a GET /hello HTTP/1", 400),
        HOSTILE("a folded header", "GET /hello HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\tc\r\n\r\n", 400),
        HOSTILE("a folded header that begins empty", "GET /hello HTTP/1.1\r\nHost:\r\n a\r\n\r\n", 400),
        HOSTILE("blanks around values", "GET /hello HTTP/1.1\r\nHost: \t a\r\nX-A:\r\nX-B: \t\r\nX-C:\tb \r\n\r\n", 200),
        HOSTILE("no host", "GET /hello HTTP/1.1\r\n\r\n", 400),
        HOSTILE("host behind a space", "GET /hello HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        HOSTILE("two hosts", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        HOSTILE("a path as host", "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        HOSTILE("empty host", "GET /hello HTTP/1.1\r\nHost:\r\n\r\n", 400),
        HOSTILE("a bad chunk size", "POST /whole HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                "\r\nzz\r\nab\r\n0\r\n\r\n", 400),
        HOSTILE("a method that is none", "G<T /hello HTTP/1.1" END, 400, CLOSED),
        HOSTILE("no version", "GET /hello\r\nHost: a\r\n\r\n", 400, CLOSED),
        HOSTILE("another protocol", "GET /hello RTSP/1.0" END, 400, 505),
        HOSTILE("HTTP/2 by surprise", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505),
        HOSTILE("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, CLOSED),
    };

    send_hostile(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(http_request_refuses_paths_that_are_no_text)
{
    static const struct hostile cases[] = {
        HOSTILE("a space in a name", "GET /a b HTTP/1.1" END, 400, CLOSED),
        HOSTILE("dots that are names", "GET /a..b/... HTTP/1.1" END, 404),
        HOSTILE("escaped slash", "GET /a%2Fb HTTP/1.1" END, 404),
        HOSTILE("escaped NUL", "GET /hello%00 HTTP/1.1" END, 400),
        HOSTILE("escaped NUL in the query", "GET /hello?a=%00 HTTP/1.1" END, 400),
        HOSTILE("a NUL", "GET /hello\0/x HTTP/1.1" END, 400, CLOSED),
        HOSTILE("a NUL that ends a header", "GET /hello HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n", 200, 400),
        HOSTILE("the folder above", "GET /../hello HTTP/1.1" END, 400),
        HOSTILE("the folder above, escaped", "GET /%2e%2e/hello HTTP/1.1" END, 400),
        HOSTILE("the folder above at the end", "GET /hello/.%2E HTTP/1.1" END, 400),
        HOSTILE("the folder above behind an escaped slash", "GET /a%2f..%2fb HTTP/1.1" END, 400),
        HOSTILE("escaped twice", "GET /%252e%252e/x HTTP/1.1" END, 404),
        HOSTILE("half an escape", "GET /hello% HTTP/1.1" END, 400),
        HOSTILE("half an escape with a digit", "GET /hello%4 HTTP/1.1" END, 400),
        HOSTILE("an escape that is none", "GET /hello%4g HTTP/1.1" END, 400),
        HOSTILE("an escape across the query", "GET /hello%4?1 HTTP/1.1" END, 400),
        HOSTILE("not UTF-8", "GET /%ff HTTP/1.1" END, 400),
        HOSTILE("not UTF-8, raw", "GET /\xff HTTP/1.1" END, 400),
        HOSTILE("not UTF-8 in the query", "GET /hello?a=%ff HTTP/1.1" END, 400),
        HOSTILE("UTF-8 that ends early", "GET /%e2%82 HTTP/1.1" END, 400),
        HOSTILE("an overlong slash", "GET /%c0%af HTTP/1.1" END, 400),
        HOSTILE("an overlong dot", "GET /%e0%80%ae HTTP/1.1" END, 400),
        HOSTILE("a surrogate", "GET /%ed%a0%80 HTTP/1.1" END, 400),
        HOSTILE("above Unicode", "GET /%f4%90%80%80 HTTP/1.1" END, 400),
        HOSTILE("good UTF-8", "GET /%f4%8f%bf%bf%ef%bf%bd%c2%80 HTTP/1.1" END, 404),
        HOSTILE("a line break", "GET /a%0d%0ab HTTP/1.1" END, 400),
        HOSTILE("a fragment", "GET /hello#x HTTP/1.1" END, 400),
        HOSTILE("no slash", "GET hello HTTP/1.1" END, 400),
        HOSTILE("a star", "GET * HTTP/1.1" END, 400),
        HOSTILE("a star that is right", "OPTIONS * HTTP/1.1" END, 404),
        HOSTILE("a whole address", "GET http://a/hello HTTP/1.1" END, 200),
        HOSTILE("another host's address", "GET http://b/hello HTTP/1.1" END, 400),
        HOSTILE("an address that goes on", "GET http://ab/hello HTTP/1.1" END, 400),
        HOSTILE("another protocol's address", "GET ftp://a/hello HTTP/1.1" END, 400),
        HOSTILE("a tunnel", "CONNECT a:80 HTTP/1.1" END, 400),
    };

    send_hostile(cases, sizeof(cases) / sizeof(cases[0]));
}
/* clang-format on */

static int status_of_long(const struct net_server *server, const char *before, size_t count,
                          const char *after)
{
    struct str request = STR_INIT;
    int status;

    str_add(&request, before);
    while (count--)
        str_add_char(&request, 'a');
    str_add(&request, after);
    status = net_raw_status(server, request.text, request.length);
    str_release(&request);
    return status;
}

TEST(http_request_refuses_what_is_too_long)
{
    struct net_server server;
    int status;

    net_server_start(&server, NULL);
    CHECK(status_of_long(&server, "GET /hello?", 8000, " HTTP/1.1" END) == 200);
    CHECK(status_of_long(&server, "GET /hello?", 9000, " HTTP/1.1" END) == 414);
    status = status_of_long(&server, "GET /hello?", 100000, " HTTP/1.1" END);
    CHECK(status == 414 || status == 431);
    CHECK(status_of_long(&server, "GET /hello HTTP/1.1\r\nX-Long: ", 20000, END) == 200);
    CHECK(status_of_long(&server, "GET /hello HTTP/1.1\r\nX-Long: ", 70000, END) == 431);
    net_server_stop(&server);
}

/* The second request lies behind a body whose end must not be in doubt. */
TEST(http_request_closes_after_what_it_refuses)
{
    static const char request[] =
        "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    struct net_server server;
    char reply[4096];
    size_t length = 0;
    ssize_t count;
    int fd;

    net_server_start(&server, NULL);
    fd = net_connect(&server);
    net_send(fd, request, sizeof(request) - 1);
    while ((count = recv(fd, reply + length, sizeof(reply) - 1 - length, 0)) > 0)
        length += (size_t)count;
    reply[length] = 0;
    CHECK(!memcmp(reply, "HTTP/1.1 400", 12));
    CHECK(!strstr(reply + 1, "HTTP/1.1 200"));
    CHECK(server.begun == 0);
    close(fd);
    net_server_stop(&server);
}

/* Random damage: whatever comes, the server lives and every request that began ends. */
TEST(http_request_survives_damaged_requests)
{
    static const char request[] =
        "POST /stream?a=%41&b=c HTTP/1.1\r\nHost: a\r\nCookie: a=b; c=\"d\"\r\nRange: bytes=0-4\r\n"
        "If-None-Match: \"x\", W/\"y\"\r\nAccept-Encoding: gzip;q=0.5\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    static const char marks[] = "\r\n:% 0\"=";
    unsigned state = 20260917;
    struct net_server server;

    net_server_start(&server, NULL);
    for (int i = 0; i < 300; i++) {
        char damaged[sizeof(request)];
        int fd = net_connect(&server);

        memcpy(damaged, request, sizeof(request));
        for (int k = 0; k < 1 + i % 4; k++) {
            state = state * 1664525u + 1013904223u;
            damaged[(state >> 8) % (sizeof(request) - 1)] =
                i & 1 ? (char)(state >> 24) : marks[state >> 29];
        }
        CHECK(fd >= 0);
        net_send(fd, damaged, sizeof(damaged) - 1);
        poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 50);
        close(fd);
    }
    CHECK(net_raw_status(&server, request, sizeof(request) - 1) == 200);
    net_server_stop(&server);
}
