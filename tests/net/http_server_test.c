#include "net/http.h"

#include "base/clock.h"
#include "base/error.h"
#include "net/server_support.h"
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

TEST(http_server_answers_a_request)
{
    struct net_server server;
    struct net_reply reply;

    net_server_start(&server, NULL);
    net_fetch(&server, "GET", "/hello", NULL, NULL, 0, &reply);
    CHECK(reply.status == 200);
    CHECK_TEXT(reply.body.text, "hello");
    CHECK_TEXT(net_reply_header(&reply, "Content-Type"), "text/plain");
    net_reply_release(&reply);
    CHECK(net_wait(&server.accessed, 1) && net_wait(&server.ended, 1));
    CHECK(server.begun == 1 && server.finished == 1 && server.last_status == 200);
    CHECK(server.last_sent == 5);
    CHECK(server.hello_accessed == 1);
    net_server_stop(&server);
}

/* Many times, because an answer that is lost when the connection is reset is not lost always. */
TEST(http_server_refuses_before_the_body_is_sent)
{
    struct net_server server;
    const size_t size_bytes = (size_t)100 << 20;
    char *body = calloc(1, size_bytes);

    net_server_start(&server, NULL);
    for (int i = 0; i < 50; i++) {
        struct net_reply reply;

        net_fetch(&server, "POST", "/refused", NULL, body, size_bytes, &reply);
        CHECK(reply.status == 401);
        CHECK_TEXT(reply.body.text, "who?");
        net_reply_release(&reply);
    }
    CHECK(server.body_bytes == 0 && server.finished == 0);
    free(body);
    net_server_stop(&server);
    CHECK(server.ended == 50);
}

/* The client that still sends must not be reset: it could lose the answer. */
TEST(http_server_hears_out_who_it_has_refused)
{
    static const char refused[] =
        "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n";
    static char piece[100000];
    struct net_server server;
    char reply[512];
    int fd;

    net_server_start(&server, NULL);
    fd = net_connect(&server);
    net_send(fd, refused, sizeof(refused) - 1);
    CHECK(recv(fd, reply, sizeof(reply), MSG_WAITALL) > 12); /* to the end of what it sends */
    CHECK(!memcmp(reply, "HTTP/1.1 401", 12));
    CHECK(net_wait(&server.ended, 1));
    for (int i = 0; i < 20; i++) {
        CHECK(send(fd, piece, sizeof(piece), MSG_NOSIGNAL) > 0);
        usleep(5000);
    }
    close(fd);
    net_server_stop(&server);
    CHECK(server.body_bytes == 0);
}

/* Only the headers come, so an answer can not have waited for the body. */
TEST(http_server_answers_too_large_bodies_by_their_length)
{
    struct net_server server;
    static const char large[] = "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n";
    static const char limited[] =
        "PUT /stream-limited HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n";
    static const char unexpected[] =
        "GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n";
    static const char refused[] =
        "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n";

    net_server_start(&server, NULL);
    CHECK(net_raw_status(&server, large, sizeof(large) - 1) == 413);
    CHECK(net_raw_status(&server, limited, sizeof(limited) - 1) == 413);
    CHECK(net_raw_status(&server, unexpected, sizeof(unexpected) - 1) == 413);
    CHECK(net_raw_status(&server, refused, sizeof(refused) - 1) == 401);
    net_server_stop(&server);
    CHECK(server.begun == 4 && server.finished == 0);
}

TEST(http_server_keeps_whole_bodies_up_to_their_limit)
{
    static const char *const chunked[] = { "Transfer-Encoding: chunked", NULL };
    struct net_server server;
    char body[1001];

    net_server_start(&server, NULL);
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (char)(i * 7);
    for (int i = 0; i < 2; i++) {
        struct net_reply reply;

        net_fetch(&server, "POST", "/whole", i ? chunked : NULL, body, 1000, &reply);
        CHECK(reply.status == 200 && reply.body.length == 1000);
        CHECK(!memcmp(reply.body.text, body, 1000));
        net_reply_release(&reply);
        net_fetch(&server, "POST", "/whole", i ? chunked : NULL, body, 1001, &reply);
        CHECK(reply.status == 413);
        net_reply_release(&reply);
        net_fetch(&server, "POST", "/whole", i ? chunked : NULL, "", 0, &reply);
        CHECK(reply.status == 200 && reply.body.length == 0);
        net_reply_release(&reply);
    }
    net_server_stop(&server);
    CHECK(server.finished == 4);
}

static long resident_kb(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long total, resident = 0;

    CHECK(file && fscanf(file, "%ld %ld", &total, &resident) == 2);
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

TEST(http_server_streams_large_bodies_in_constant_memory)
{
    struct net_server server;
    const size_t size_bytes = (size_t)64 << 20;
    unsigned char *body = malloc(size_bytes);
    struct net_reply reply;
    int64_t sum = 0;
    char expected[64];
    long before_kb;

    for (size_t i = 0; i < size_bytes; i++)
        sum += body[i] = (unsigned char)(i >> 5 ^ i);
    snprintf(expected, sizeof(expected), "%zu %lld", size_bytes, (long long)sum);
    net_server_start(&server, NULL);
    before_kb = resident_kb();
    net_fetch(&server, "PUT", "/stream", NULL, body, size_bytes, &reply);
    CHECK(reply.status == 200);
    CHECK_TEXT(reply.body.text, expected);
    CHECK(resident_kb() - before_kb < 16 << 10);
    net_reply_release(&reply);
    free(body);
    net_server_stop(&server);
}

TEST(http_server_answers_what_fails_within_a_body)
{
    struct net_server server;
    char *body = calloc(1, 1 << 20);
    struct net_reply reply;

    net_server_start(&server, NULL);
    net_fetch(&server, "PUT", "/failing", NULL, body, 1 << 20, &reply);
    CHECK(reply.status == 507);
    CHECK_TEXT(reply.body.text, "full");
    CHECK(server.finished == 0 && server.body_bytes < 300000);
    net_reply_release(&reply);
    free(body);
    net_server_stop(&server);
}

TEST(http_server_sends_no_body_for_head)
{
    struct net_server server;
    struct net_reply reply;

    net_server_start(&server, NULL);
    net_fetch(&server, "HEAD", "/text?bytes=777", NULL, NULL, 0, &reply);
    CHECK(reply.status == 200 && reply.body.length == 0);
    CHECK_TEXT(net_reply_header(&reply, "Content-Length"), "777");
    net_reply_release(&reply);
    net_server_stop(&server);
}

TEST(http_server_answers_for_a_handler_that_does_not)
{
    struct net_server server;
    struct net_reply reply;

    net_server_start(&server, NULL);
    net_fetch(&server, "GET", "/silent", NULL, NULL, 0, &reply);
    CHECK(reply.status == 500);
    net_reply_release(&reply);
    net_fetch(&server, "GET", "/odd-headers", NULL, NULL, 0, &reply);
    CHECK(reply.status == 200);
    CHECK_TEXT(net_reply_header(&reply, "X-Good"), "yes");
    CHECK(!net_reply_header(&reply, "X-Bad") && !net_reply_header(&reply, "X-Injected"));
    CHECK(!strstr(reply.headers.text, "space"));
    net_reply_release(&reply);
    net_server_stop(&server);
}

/* Also answers from begin, which have no body to skip, must leave the connection open. */
TEST(http_server_keeps_connections_open)
{
    static const char *const paths[] = { "/hello", "/refused", "/nowhere", "/file", "/hello" };
    struct net_server server;
    CURL *curl = curl_easy_init();
    struct str body = STR_INIT;
    long connections, all_connections = 0;

    net_server_start(&server, NULL);
    server.file_path = "/proc/self/exe";
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char url[128];

        snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", server.port, paths[i]);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
        CHECK(!curl_easy_perform(curl));
        curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connections);
        all_connections += connections;
    }
    curl_easy_cleanup(curl);
    str_release(&body);
    CHECK(all_connections == 1);
    net_server_stop(&server);
}

/* The second request waits in the same buffer while a worker has the first. */
TEST(http_server_answers_requests_of_one_packet_in_order)
{
    static const char requests[] =
        "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst"
        "GET /sleep?ms=20 HTTP/1.1\r\nHost: a\r\n\r\n"
        "POST /whole HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
        "chunked\r\n\r\n5\r\nthird\r\n0\r\n\r\n"
        "GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    static const char *const expected[] = { "first", "slept", "third", "no such path" };
    struct net_server server;
    char reply[4096];
    const char *place = reply;
    size_t length = 0;
    ssize_t count;
    int fd;

    net_server_start(&server, NULL);
    fd = net_connect(&server);
    net_send(fd, requests, sizeof(requests) - 1);
    while ((count = recv(fd, reply + length, sizeof(reply) - 1 - length, 0)) > 0)
        length += (size_t)count;
    reply[length] = 0;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        place = strstr(place, "\r\n\r\n");
        CHECK(place && !strncmp(place + 4, expected[i], strlen(expected[i])));
        place += 4;
    }
    close(fd);
    net_server_stop(&server);
}

TEST(http_server_lets_a_careful_client_send_its_body)
{
    static const char request[] = "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
                                  "Expect: 100-continue\r\n\r\n";
    struct net_server server;
    char reply[1024];
    ssize_t count;
    int fd;

    net_server_start(&server, NULL);
    fd = net_connect(&server);
    net_send(fd, request, sizeof(request) - 1);
    count = recv(fd, reply, sizeof(reply), 0);
    CHECK(count > 12 && !memcmp(reply, "HTTP/1.1 100", 12));
    net_send(fd, "body", 4);
    count = recv(fd, reply, sizeof(reply) - 1, 0);
    CHECK(count > 12 && !memcmp(reply, "HTTP/1.1 200", 12));
    close(fd);
    net_server_stop(&server);
}

static void *fetch_slowly(void *context)
{
    struct net_reply reply;

    net_fetch(context, "GET", "/sleep?ms=20", NULL, NULL, 0, &reply);
    CHECK(reply.status == 200);
    CHECK_TEXT(reply.body.text, "slept");
    net_reply_release(&reply);
    return NULL;
}

/* With one I/O thread: were handlers run there, there could never be two at once. */
TEST(http_server_runs_handlers_on_workers)
{
    struct http_options options = { .workers = 8, .io_threads = 1 };
    struct net_server server;
    pthread_t threads[64];

    net_server_start(&server, &options);
    for (int i = 0; i < 64; i++)
        CHECK(!pthread_create(&threads[i], NULL, fetch_slowly, &server));
    for (int i = 0; i < 64; i++)
        pthread_join(threads[i], NULL);
    CHECK(server.finished == 64);
    CHECK(server.running_max > 1 && server.running_max <= 8);
    net_server_stop(&server);
}

TEST(http_server_ends_requests_whose_client_went_away)
{
    static const char upload[] =
        "PUT /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nonly a part";
    static const char waiting[] = "GET /sleep?ms=50 HTTP/1.1\r\nHost: a\r\n\r\n";
    struct net_server server;
    int fd;

    net_server_start(&server, NULL);
    fd = net_connect(&server);
    net_send(fd, upload, sizeof(upload) - 1);
    CHECK(net_wait(&server.begun, 1));
    close(fd);
    CHECK(net_wait(&server.ended, 1) && server.finished == 0);
    CHECK(net_wait(&server.accessed, 1) && server.last_status == 0);

    fd = net_connect(&server);
    net_send(fd, waiting, sizeof(waiting) - 1);
    CHECK(net_wait(&server.finished, 1));
    close(fd);
    CHECK(net_wait(&server.ended, 2));
    net_server_stop(&server);
}

struct slow_fetch {
    struct net_server *server;
    const char *target;
    long status;
    char body[32];
};

static void *run_slow_fetch(void *context)
{
    struct slow_fetch *fetch = context;
    struct net_reply reply;

    net_fetch(fetch->server, "GET", fetch->target, NULL, NULL, 0, &reply);
    fetch->status = reply.status;
    snprintf(fetch->body, sizeof(fetch->body), "%s", reply.body.text);
    net_reply_release(&reply);
    return NULL;
}

static void *drain(void *context)
{
    http_server_drain(context, 5);
    return NULL;
}

TEST(http_server_drains)
{
    static const char request[] = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    struct net_server server;
    struct http_options options = { .workers = 1 };
    struct slow_fetch fetches[2] = { { &server, "/sleep?ms=400", 0, "" },
                                     { &server, "/sleep?ms=20", 0, "" } };
    pthread_t fetching[2], draining;
    int waiting, refused;
    char reply[512];
    ssize_t count;
    double start_seconds;

    net_server_start(&server, &options);
    waiting = net_connect(&server);
    net_send(waiting, request, sizeof(request) - 1);
    CHECK(recv(waiting, reply, sizeof(reply), 0) > 12);
    CHECK(!pthread_create(&fetching[0], NULL, run_slow_fetch, &fetches[0]));
    CHECK(net_wait(&server.running, 1));
    CHECK(!pthread_create(&fetching[1], NULL, run_slow_fetch, &fetches[1]));
    CHECK(net_wait(&server.begun, 3)); /* it waits for the worker */
    start_seconds = clock_seconds();
    CHECK(!pthread_create(&draining, NULL, drain, server.http));
    usleep(100000);

    refused = net_connect(&server);
    CHECK(refused < 0 && errno == ECONNREFUSED);
    net_send(waiting, request, sizeof(request) - 1); /* a connection of before */
    count = recv(waiting, reply, sizeof(reply) - 1, 0);
    CHECK(count > 12 && !memcmp(reply, "HTTP/1.1 503", 12));
    close(waiting);
    pthread_join(draining, NULL);
    for (int i = 0; i < 2; i++) {
        pthread_join(fetching[i], NULL);
        CHECK(fetches[i].status == 200);
        CHECK_TEXT(fetches[i].body, "slept");
    }
    CHECK(clock_seconds() - start_seconds < 3);
    net_server_stop(&server);
}

/* Two requests for one worker: the one that runs ends, the one that waits is refused. */
TEST(http_server_gives_up_draining_when_the_time_is_over)
{
    struct http_options options = { .workers = 1 };
    struct net_server server;
    struct slow_fetch fetches[2] = { { &server, "/sleep?ms=400", 0, "" },
                                     { &server, "/sleep?ms=401", 0, "" } };
    pthread_t threads[2];

    net_server_start(&server, &options);
    CHECK(!pthread_create(&threads[0], NULL, run_slow_fetch, &fetches[0]));
    CHECK(net_wait(&server.running, 1));
    CHECK(!pthread_create(&threads[1], NULL, run_slow_fetch, &fetches[1]));
    CHECK(net_wait(&server.begun, 2));
    usleep(20000);
    http_server_drain(server.http, 0.05);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    CHECK(server.finished == 1);
    CHECK(fetches[0].status == 200 || fetches[0].status == 0);
    CHECK(fetches[1].status == 503 || fetches[1].status == 0);
    net_server_stop(&server);
}

TEST(http_server_tells_why_it_cannot_start)
{
    static const struct {
        const char *address;
        int port;
        const char *text;
    } cases[] = {
        { "localhost.", 0, "'localhost.' is not an address" },
        { "127.0.0.1", 65536, "port 65536 is not between 0 and 65535" },
        { "203.0.113.7", 0, "cannot listen on '203.0.113.7'" },
    };
    struct http_server *http;
    struct net_server server;
    struct http_options options = { 0 };
    struct error err;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        options.address = cases[i].address;
        options.port = cases[i].port;
        CHECK(http_server_new(&http, &options, &err) == -1 && !http);
        CHECK(strstr(err.text, cases[i].text));
    }
    net_server_start(&server, NULL);
    options = (struct http_options){ .address = "127.0.0.1", .port = server.port };
    CHECK(http_server_new(&http, &options, &err) == -1);
    CHECK(strstr(err.text, "in use"));
    net_server_stop(&server);
    http_server_free(NULL);
}

TEST(http_server_serves_ipv6_and_ipv4_on_one_socket)
{
    struct http_options options = { .address = "::" };
    struct net_server server;
    struct net_reply reply;
    CURL *curl = curl_easy_init();
    char url[64];
    struct error err;
    struct http_server *probe;
    struct http_options only_probe = { .address = "::1" };

    if (http_server_new(&probe, &only_probe, &err)) {
        curl_easy_cleanup(curl);
        SKIP("no IPv6 here: %s", err.text);
    }
    http_server_free(probe);
    net_server_start(&server, &options);
    net_fetch(&server, "GET", "/describe", NULL, NULL, 0, &reply);
    CHECK(reply.status == 200 && strstr(reply.body.text, "\n127.0.0.1\n"));
    net_reply_release(&reply);
    snprintf(url, sizeof(url), "http://[::1]:%d/refused", server.port);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    CHECK(!curl_easy_perform(curl));
    curl_easy_cleanup(curl);
    net_server_stop(&server);
}

static void check_limit(const struct http_options *options, int limit)
{
    static const char request[] = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    struct net_server server;
    char reply[512];
    int fds[8], status = 0;

    net_server_start(&server, options);
    for (int i = 0; i < limit; i++) {
        fds[i] = net_connect(&server);
        net_send(fds[i], request, sizeof(request) - 1);
        CHECK(recv(fds[i], reply, sizeof(reply), 0) > 12);
    }
    CHECK(net_raw_status(&server, request, sizeof(request) - 1) == 0);
    close(fds[0]);
    for (int i = 0; i < 1000 && !status; i++)
        status = net_raw_status(&server, request, sizeof(request) - 1);
    CHECK(status == 200);
    for (int i = 1; i < limit; i++)
        close(fds[i]);
    net_server_stop(&server);
}

TEST(http_server_limits_connections)
{
    check_limit(&(struct http_options){ .connections_per_address = 3 }, 3);
    check_limit(&(struct http_options){ .connection_limit = 4 }, 4);
    check_limit(&(struct http_options){ .connection_limit = 1, .io_threads = 1 }, 1);
}

TEST(http_server_closes_idle_connections)
{
    struct http_options options = { .idle_seconds = 1 };
    struct net_server server;
    int fd;
    char byte;

    net_server_start(&server, &options);
    fd = net_connect(&server);
    net_send(fd, "GET /hel", 8);
    CHECK(recv(fd, &byte, 1, 0) == 0);
    close(fd);
    net_server_stop(&server);
}
