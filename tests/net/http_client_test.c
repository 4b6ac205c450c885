#include "net/http_client.h"

#include "base/clock.h"
#include "base/error.h"
#include "net/server_support.h"
#include "test.h"

#include <unistd.h>

static const char *url_of(const struct net_server *server, const char *target)
{
    static char url[256];

    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", server->port, target);
    return url;
}

TEST(http_client_sends_and_reads_json)
{
    struct http_client *client = http_client_new();
    json_t *body = json_pack("{s:i, s:s}", "epoch", 3, "name", "\xed\x95\x9c"), *answer;
    struct net_server server;
    struct error err;
    int status;

    net_server_start(&server, NULL);
    struct http_call call = { .method = "POST", .url = url_of(&server, "/whole"), .body = body };

    CHECK_OK(http_client_call(client, &call, &status, &answer, &err), err);
    CHECK(status == 200 && json_equal(answer, body));
    json_decref(answer);
    call = (struct http_call){ .method = "GET", .url = url_of(&server, "/nowhere") };
    CHECK_OK(http_client_call(client, &call, &status, &answer, &err), err);
    CHECK(status == 404 && !answer);
    call = (struct http_call){ .method = "POST", .url = url_of(&server, "/whole") };
    CHECK_OK(http_client_call(client, &call, &status, &answer, &err), err);
    CHECK(status == 200 && !answer);
    json_decref(body);
    http_client_free(client);
    net_server_stop(&server);
}

TEST(http_client_sends_headers)
{
    const char *const headers[] = { "X-Other: 1", "If-None-Match: \"a\"", NULL };
    struct http_client *client = http_client_new();
    struct net_server server;
    struct error err;
    json_t *answer;
    int status;

    net_server_start(&server, NULL);
    struct http_call call = { .method = "GET", .headers = headers,
                              .url = url_of(&server, "/text?bytes=10&tag=%22a%22") };

    CHECK_OK(http_client_call(client, &call, &status, &answer, &err), err);
    CHECK(status == 304);
    call.headers = NULL;
    CHECK_OK(http_client_call(client, &call, &status, &answer, &err), err);
    CHECK(status == 200 && !answer); /* not JSON */
    http_client_free(client);
    net_server_stop(&server);
}

/* With room for one connection, a second one would be refused. */
TEST(http_client_keeps_its_connection)
{
    struct http_options options = { .connection_limit = 1 };
    struct http_client *client = http_client_new();
    struct net_server server;
    struct error err;
    json_t *answer;
    int status;

    net_server_start(&server, &options);
    for (int i = 0; i < 5; i++) {
        struct http_call call = { .method = "GET", .url = url_of(&server, "/hello") };

        CHECK_OK(http_client_call(client, &call, &status, &answer, &err), err);
        CHECK(status == 200);
    }
    http_client_free(client);
    net_server_stop(&server);
}

TEST(http_client_gives_up_in_time)
{
    struct http_client *client = http_client_new();
    struct net_server server;
    struct error err;
    json_t *answer;
    double start;
    int status;

    net_server_start(&server, NULL);
    struct http_call call = { .method = "GET", .url = url_of(&server, "/sleep?ms=3000"),
                              .timeout_seconds = 0.2 };

    start = clock_seconds();
    CHECK(http_client_call(client, &call, &status, &answer, &err));
    CHECK(err.kind == ERR_UNAVAILABLE && clock_seconds() - start < 2);
    call = (struct http_call){ .method = "GET", .url = url_of(&server, "/hello") };
    CHECK_OK(http_client_call(client, &call, &status, &answer, &err), err);
    CHECK(status == 200);
    http_client_free(client);
    net_server_stop(&server);
}

TEST(http_client_refuses_large_answers)
{
    struct http_client *client = http_client_new();
    struct net_server server;
    struct error err;
    json_t *answer;
    int status;

    net_server_start(&server, NULL);
    struct http_call call = { .method = "GET", .url = url_of(&server, "/text?bytes=1001&random=1"),
                              .limit_bytes = 1000 };

    CHECK(http_client_call(client, &call, &status, &answer, &err));
    CHECK(err.kind == ERR_TOO_LARGE && strstr(err.text, "1000 bytes"));
    call.limit_bytes = 1001;
    CHECK_OK(http_client_call(client, &call, &status, &answer, &err), err);
    http_client_free(client);
    net_server_stop(&server);
}

TEST(http_client_keeps_passwords_and_other_schemes_to_itself)
{
    struct http_client *client = http_client_new();
    struct error err;
    json_t *answer;
    int status;
    struct http_call call = { .method = "GET", .url = "http://me:secret@127.0.0.1:1/x?key=hidden" };

    CHECK(http_client_call(client, &call, &status, &answer, &err));
    CHECK(err.kind == ERR_UNAVAILABLE && strstr(err.text, "http://127.0.0.1:1/x: "));
    CHECK(!strstr(err.text, "secret") && !strstr(err.text, "hidden"));
    call.url = "file:///etc/passwd";
    CHECK(http_client_call(client, &call, &status, &answer, &err));
    CHECK(err.kind == ERR_UNAVAILABLE);
    http_client_free(client);
}
