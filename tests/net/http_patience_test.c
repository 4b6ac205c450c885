/* http_patience_test.c - how long the server waits for a client, and clients for each other. */

#include "base/clock.h"
#include "net/server_support.h"
#include "test.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UPLOAD "PUT /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n"
#define PAUSE_MS 150

/* Milliseconds until something can be read; -1: nothing came. */
static int wait_to_read(int fd, int most_ms)
{
    double begin = clock_seconds();

    if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, most_ms) != 1)
        return -1;
    return (int)(1e3 * (clock_seconds() - begin));
}

TEST(http_server_gives_up_a_body_that_stops)
{
    struct http_options options = { .idle_seconds = 30, .body_idle_seconds = 1 };
    struct net_server server;
    int fd, waited_ms;
    char byte;

    net_server_start(&server, &options);
    fd = net_connect(&server);
    net_send(fd, UPLOAD "half", sizeof(UPLOAD "half") - 1);
    waited_ms = wait_to_read(fd, 6000);
    CHECK(waited_ms >= 900);
    CHECK(recv(fd, &byte, 1, 0) == 0);
    CHECK(net_wait(&server.ended, 1) && server.finished == 0 && server.last_status == 0);
    close(fd);
    net_server_stop(&server);
}

/* A byte now and then is a body that moves: in all it takes longer than the limit. */
TEST(http_server_waits_for_a_body_that_is_slow)
{
    struct http_options options = { .idle_seconds = 30, .body_idle_seconds = 1 };
    static const char body[] = "twelve bytes";
    struct net_server server;
    char reply[512];
    int fd;

    net_server_start(&server, &options);
    fd = net_connect(&server);
    net_send(fd, UPLOAD, sizeof(UPLOAD) - 1);
    for (size_t i = 0; i + 1 < sizeof(body); i++) {
        CHECK(wait_to_read(fd, PAUSE_MS) < 0); /* neither an answer nor an end */
        net_send(fd, body + i, 1);
    }
    CHECK(recv(fd, reply, sizeof(reply), 0) > 12 && !memcmp(reply, "HTTP/1.1 200", 12));
    CHECK(wait_to_read(fd, 1500) < 0); /* between requests it may be silent for longer */
    net_send(fd, UPLOAD "twelve bytes", sizeof(UPLOAD "twelve bytes") - 1);
    CHECK(recv(fd, reply, sizeof(reply), 0) > 12 && !memcmp(reply, "HTTP/1.1 200", 12));
    close(fd);
    net_server_stop(&server);
}

/* A body that has come is no reason to end a handler early. */
TEST(http_server_waits_for_its_own_handlers)
{
    struct http_options options = { .idle_seconds = 30, .body_idle_seconds = 1 };
    static const char request[] =
        "POST /sleep?ms=1500 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
    struct net_server server;
    char reply[512];
    int fd;

    net_server_start(&server, &options);
    fd = net_connect(&server);
    net_send(fd, request, sizeof(request) - 1);
    CHECK(recv(fd, reply, sizeof(reply), 0) > 12 && !memcmp(reply, "HTTP/1.1 200", 12));
    close(fd);
    net_server_stop(&server);
}

static void *fetch_slowly(void *context)
{
    struct net_reply reply;

    net_fetch(context, "GET", "/sleep-slowly?ms=400", NULL, NULL, 0, &reply);
    CHECK(reply.status == 200);
    net_reply_release(&reply);
    return NULL;
}

/* More slow requests than there are workers of either kind; quick ones pass them all. */
TEST(http_server_lets_quick_requests_pass_slow_ones)
{
    struct http_options options = { .workers = 1, .slow_workers = 1 };
    struct net_server server;
    pthread_t threads[4];

    net_server_start(&server, &options);
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_create(&threads[i], NULL, fetch_slowly, &server));
    CHECK(net_wait(&server.begun, 4) && net_wait(&server.running, 1));
    for (int i = 0; i < 20; i++) {
        struct net_reply reply;

        net_fetch(&server, "GET", "/hello", NULL, NULL, 0, &reply);
        CHECK(reply.status == 200);
        net_reply_release(&reply);
    }
    CHECK(net_wait(&server.hello_accessed, 20));
    CHECK(server.ended < 24);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK(server.running_max == 1);
    net_server_stop(&server);
}
