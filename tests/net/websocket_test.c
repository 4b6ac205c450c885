#include "net/websocket.h"

#include "base/clock.h"
#include "net/websocket_support.h"
#include "test.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

TEST(websocket_sends_back_what_it_gets)
{
    static const size_t lengths[] = { 0, 1, 125, 126, 127, 65535, 65536 };
    struct net_server server;
    struct socket_client *client = malloc(sizeof(*client));
    char *text = malloc(65537);

    net_server_start(&server, NULL);
    socket_open(client, &server, NULL, 0);
    CHECK(net_wait(&server.opened, 1) && websocket_count(server.http) == 1);
    CHECK(net_wait(&server.ended, 1) && server.last_status == 101);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        memset(text, 'a' + (int)i, lengths[i]);
        socket_send(client, SOCKET_FINAL | SOCKET_TEXT, text, lengths[i]);
        socket_read(client);
        CHECK(client->code == SOCKET_TEXT && client->length == lengths[i]);
        CHECK(!memcmp(client->payload, text, lengths[i]));
    }
    socket_hang_up(client);
    CHECK(net_wait(&server.closed, 1) && websocket_count(server.http) == 0);
    net_server_stop(&server);
    free(text);
    free(client);
}

TEST(websocket_puts_fragments_together_and_answers_pings_between_them)
{
    struct net_server server;
    struct socket_client *client = malloc(sizeof(*client));

    net_server_start(&server, NULL);
    socket_open(client, &server, NULL, 0);
    socket_send(client, SOCKET_TEXT, "fr\xc3", 3); /* a character in two pieces */
    socket_send(client, SOCKET_FINAL | SOCKET_PING, "are you there", 13);
    socket_send(client, SOCKET_MORE, "\xa4g", 2);
    socket_send(client, SOCKET_FINAL | SOCKET_MORE, "ment", 4);
    socket_read(client);
    CHECK(client->code == SOCKET_PONG);
    CHECK_TEXT(client->payload, "are you there");
    socket_read(client);
    CHECK(client->code == SOCKET_TEXT);
    CHECK_TEXT(client->payload, "frägment");
    socket_hang_up(client);
    net_server_stop(&server);
    CHECK(server.messages == 1);
    free(client);
}

/* What follows the request in the same packet has been read by HTTP already. */
TEST(websocket_reads_what_came_with_the_request)
{
    unsigned char early[64];
    struct net_server server;
    struct socket_client *client = malloc(sizeof(*client));
    size_t count = socket_frame(early, SOCKET_FINAL | SOCKET_TEXT, "early", 5);

    count += socket_frame(early + count, SOCKET_FINAL | SOCKET_TEXT, "bird", 4);
    net_server_start(&server, NULL);
    socket_open(client, &server, early, count - 3); /* the second one is cut */
    net_send(client->fd, early + count - 3, 3);
    socket_read(client);
    CHECK_TEXT(client->payload, "early");
    socket_read(client);
    CHECK_TEXT(client->payload, "bird");
    socket_hang_up(client);
    net_server_stop(&server);
    free(client);
}

TEST(websocket_closes_with_the_right_code)
{
    static char large[SOCKET_MESSAGE_LIMIT + 1];
    static const struct {
        const char *what;
        int first_byte;
        const void *data;
        size_t length;
        int code;
    } cases[] = {
        { "the client's code", SOCKET_FINAL | SOCKET_CLOSE, "\x03\xe8good", 6, 1000 },
        { "an own code", SOCKET_FINAL | SOCKET_CLOSE, "\x0f\xa0", 2, 4000 },
        { "no code", SOCKET_FINAL | SOCKET_CLOSE, "", 0, 0 },
        { "half a code, which wslay takes for none", SOCKET_FINAL | SOCKET_CLOSE, "\x03", 1, 0 },
        { "as the message asks", SOCKET_FINAL | SOCKET_TEXT, "close", 5, 4001 },
        { "too large", SOCKET_FINAL | SOCKET_TEXT, large, sizeof(large), 1009 },
        { "not UTF-8", SOCKET_FINAL | SOCKET_TEXT, "a\xff", 2, 1007 },
        { "overlong UTF-8", SOCKET_FINAL | SOCKET_TEXT, "\xc0\xaf", 2, 1007 },
        { "UTF-8 that ends early", SOCKET_FINAL | SOCKET_TEXT, "\xe2\x82", 2, 1007 },
        { "binary", SOCKET_FINAL | SOCKET_BINARY, "abc", 3, 1003 },
        { "a code that is none", SOCKET_FINAL | 5, "abc", 3, 1002 },
        { "an extension", SOCKET_FINAL | 0x40 | SOCKET_TEXT, "abc", 3, 1002 },
        { "a fragment of nothing", SOCKET_FINAL | SOCKET_MORE, "abc", 3, 1002 },
        { "a ping in pieces", SOCKET_PING, "abc", 3, 1002 },
        { "a long ping", SOCKET_FINAL | SOCKET_PING, large, 126, 1002 },
    };
    const size_t count = sizeof(cases) / sizeof(cases[0]);
    struct net_server server;
    struct socket_client *client = malloc(sizeof(*client));

    memset(large, 'a', sizeof(large));
    net_server_start(&server, NULL);
    for (size_t i = 0; i < count; i++) {
        static const char unmasked[] = { (char)0x81, 1, 'a' };
        int code;

        socket_open(client, &server, NULL, 0);
        socket_send(client, cases[i].first_byte, cases[i].data, cases[i].length);
        socket_read(client);
        code = client->code == SOCKET_CLOSE && client->length >= 2
                   ? (unsigned char)client->payload[0] << 8 | (unsigned char)client->payload[1]
                   : 0;
        if (client->code != SOCKET_CLOSE || code != cases[i].code)
            test_fail(__FILE__, __LINE__, "%s: %d %d, not %d", cases[i].what, client->code, code,
                      cases[i].code);
        socket_send(client, SOCKET_FINAL | SOCKET_CLOSE, client->payload, client->length);
        CHECK(socket_read_close(client) == -1); /* the server hangs up first */
        socket_hang_up(client);
        CHECK(net_wait(&server.closed, 2 * (int)i + 1));

        socket_open(client, &server, unmasked, sizeof(unmasked));
        CHECK(socket_read_close(client) == 1002);
        socket_hang_up(client);
        CHECK(net_wait(&server.closed, 2 * (int)i + 2));
    }
    net_server_stop(&server);
    free(client);
}

/* Fragments count together, and what was sent of them is no reason to lose the code. */
TEST(websocket_limits_messages_in_pieces)
{
    static char piece[40000];
    struct net_server server;
    struct socket_client *client = malloc(sizeof(*client));

    memset(piece, 'a', sizeof(piece));
    net_server_start(&server, NULL);
    socket_open(client, &server, NULL, 0);
    socket_send(client, SOCKET_TEXT, piece, sizeof(piece));
    for (int i = 0; i < 20; i++)
        socket_send(client, SOCKET_MORE, piece, sizeof(piece));
    socket_read(client);
    CHECK(client->code == SOCKET_CLOSE && !memcmp(client->payload, "\x03\xf1", 2));
    for (int i = 0; i < 20; i++) { /* not reset, or a slower client would not see the code */
        CHECK(send(client->fd, piece, sizeof(piece), MSG_NOSIGNAL) > 0);
        usleep(2000);
    }
    CHECK(socket_read_close(client) == -1);
    CHECK(server.messages == 0);
    socket_hang_up(client);
    net_server_stop(&server);
    free(client);
}

TEST(websocket_drops_who_does_not_read)
{
    struct net_server server;
    struct socket_client *client = malloc(sizeof(*client)), *other = malloc(sizeof(*other));
    struct websocket_message *message;
    struct websocket *slow;
    char *text = malloc(50000);
    int sent;

    net_server_start(&server, NULL);
    socket_open(client, &server, NULL, 0);
    CHECK(net_wait(&server.opened, 1));
    slow = server.last_socket;
    socket_open(other, &server, NULL, 0);
    memset(text, 'x', 50000);
    message = websocket_message_new(text, 50000);
    for (sent = 0; sent < 400 && !server.closed; sent++) {
        websocket_send_message(slow, message);
        usleep(1000);
    }
    CHECK(net_wait(&server.closed, 1));
    CHECK(sent > 20 && sent < 400); /* the limit, and what the system takes, but no more */
    CHECK(websocket_count(server.http) == 1);
    socket_send_text(other, "I am fine");
    socket_read(other);
    CHECK_TEXT(other->payload, "I am fine");
    CHECK(socket_read_close(client) == -1);
    websocket_message_release(message);
    socket_hang_up(client);
    socket_hang_up(other);
    net_server_stop(&server);
    free(text);
    free(client);
    free(other);
}

/* Pongs wait in the same queue. */
TEST(websocket_drops_who_pings_and_does_not_read)
{
    struct net_server server;
    struct socket_client *client = malloc(sizeof(*client));
    unsigned char *frames = malloc(200 * 131);
    char payload[125] = "";
    size_t count = 0;

    net_server_start(&server, NULL);
    socket_open(client, &server, NULL, 0);
    for (int i = 0; i < 200; i++)
        count += socket_frame(frames + count, SOCKET_FINAL | SOCKET_PING, payload, 125);
    for (int i = 0; i < 2000 && !server.closed; i++)
        net_send(client->fd, frames, count);
    CHECK(net_wait(&server.closed, 1));
    socket_hang_up(client);
    net_server_stop(&server);
    free(frames);
    free(client);
}

#define CLIENTS 200
#define SENDERS 4
#define MESSAGES 25

struct crowd {
    struct net_server server;
    struct websocket *sockets[CLIENTS];
    struct websocket_message *message;
    atomic_int next;
};

static void *broadcast(void *context)
{
    struct crowd *crowd = context;
    int sender = atomic_fetch_add(&crowd->next, 1);

    for (int k = 0; k < MESSAGES; k++) {
        char text[64];
        struct websocket_message *message;

        snprintf(text, sizeof(text), "%d %d", sender, k);
        message = websocket_message_new(text, strlen(text));
        for (int i = 0; i < CLIENTS; i++)
            websocket_send_message(crowd->sockets[i], message);
        websocket_message_release(message);
    }
    return NULL;
}

TEST(websocket_broadcasts_in_order_to_many)
{
    static struct crowd crowd;
    struct socket_client *client = malloc(sizeof(*client));
    pthread_t threads[SENDERS];
    int fds[CLIENTS];

    net_server_start(&crowd.server, NULL);
    for (int i = 0; i < CLIENTS; i++) {
        socket_open(client, &crowd.server, NULL, 0);
        fds[i] = client->fd;
        CHECK(net_wait(&crowd.server.opened, i + 1));
        crowd.sockets[i] = crowd.server.last_socket;
    }
    CHECK(websocket_count(crowd.server.http) == CLIENTS);
    for (int i = 0; i < SENDERS; i++)
        CHECK(!pthread_create(&threads[i], NULL, broadcast, &crowd));
    for (int i = 0; i < CLIENTS; i++) {
        int next[SENDERS] = { 0 };

        client->fd = fds[i];
        for (int k = 0; k < SENDERS * MESSAGES; k++) {
            int sender, number;

            socket_read(client);
            CHECK(sscanf(client->payload, "%d %d", &sender, &number) == 2);
            CHECK(sender >= 0 && sender < SENDERS && number == next[sender]);
            next[sender]++;
        }
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    CHECK(net_wait(&crowd.server.closed, CLIENTS));
    net_server_stop(&crowd.server);
    free(client);
}

TEST(websocket_pings_and_drops_who_does_not_answer)
{
    struct http_options options = { .socket_ping_seconds = 0.2 };
    struct net_server server;
    struct socket_client *client = malloc(sizeof(*client));

    net_server_start(&server, &options);
    socket_open(client, &server, NULL, 0);
    for (int i = 0; i < 4; i++) {
        socket_read(client);
        CHECK(client->code == SOCKET_PING && !server.closed);
        socket_send(client, SOCKET_FINAL | SOCKET_PONG, client->payload, client->length);
    }
    socket_read(client);
    CHECK(client->code == SOCKET_PING);
    CHECK(socket_read_close(client) == -1); /* no answer this time */
    CHECK(net_wait(&server.closed, 1));
    socket_hang_up(client);
    net_server_stop(&server);
    free(client);
}

static void *stop(void *context)
{
    net_server_stop(context);
    return NULL;
}

TEST(websocket_closes_all_when_the_server_stops)
{
    struct net_server server;
    struct socket_client *polite = malloc(sizeof(*polite)), *rude = malloc(sizeof(*rude));
    double start_seconds;
    pthread_t thread;

    net_server_start(&server, NULL);
    socket_open(polite, &server, NULL, 0);
    socket_open(rude, &server, NULL, 0);
    CHECK(net_wait(&server.opened, 2));
    start_seconds = clock_seconds();
    CHECK(!pthread_create(&thread, NULL, stop, &server));
    socket_read(polite);
    CHECK(polite->code == SOCKET_CLOSE && !memcmp(polite->payload, "\x03\xe9", 2));
    socket_send(polite, SOCKET_FINAL | SOCKET_CLOSE, polite->payload, 2);
    CHECK(socket_read_close(polite) == -1);
    CHECK(socket_read_close(rude) == 1001);
    pthread_join(thread, NULL);
    CHECK(clock_seconds() - start_seconds < 4);
    CHECK(server.closed == 2);
    socket_hang_up(polite);
    socket_hang_up(rude);
    free(polite);
    free(rude);
}

/* Connections come while the server stops: each is opened and closed, or refused; none is lost. */
static void *connect_often(void *context)
{
    static const char request[] =
        "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    int fds[100];

    for (int i = 0; i < 100; i++) {
        fds[i] = net_connect(context);
        if (fds[i] >= 0)
            net_send(fds[i], request, sizeof(request) - 1);
        if (i % 3 == 0 && fds[i] >= 0)
            shutdown(fds[i], SHUT_RDWR);
    }
    for (int i = 0; i < 100; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    return NULL;
}

TEST(websocket_may_open_while_the_server_stops)
{
    for (int i = 0; i < 8; i++) {
        struct net_server server;
        pthread_t threads[3];

        net_server_start(&server, NULL);
        for (int k = 0; k < 3; k++)
            CHECK(!pthread_create(&threads[k], NULL, connect_often, &server));
        usleep((useconds_t)(i * 1500));
        net_server_stop(&server); /* checks that opened is closed, and begun ended */
        for (int k = 0; k < 3; k++)
            pthread_join(threads[k], NULL);
    }
}
