/* engine_io_test.c - sessions of Engine.IO at their limits; the stock client's part is
 * tests/contract/socket_io.test.mjs. */

#include "live_support.h"

#include "api/live/engine_io_internal.h"
#include "base/clock.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

TEST(packets_are_taken_apart)
{
    static const struct {
        const char *text, *name_space, *data;
        char type;
        int64_t ack;
    } cases[] = {
        { "0", "/", "", '0', -1 },
        { "0{\"token\":\"a,b\"}", "/", "{\"token\":\"a,b\"}", '0', -1 },
        { "0/admin,{}", "/admin", "{}", '0', -1 },
        { "0/admin", "/admin", "", '0', -1 },
        { "2[\"subscribe\",\"experiment:5\"]", "/", "[\"subscribe\",\"experiment:5\"]", '2', -1 },
        { "213[\"a\"]", "/", "[\"a\"]", '2', 13 },
        { "2/x,7[1]", "/x", "[1]", '2', 7 },
    };
    static const char *const bad[] = { "", "5-[1]", "6", "x", "2999999999999999999[1]" };
    struct socket_packet packet;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CHECK(socket_packet_parse(cases[i].text, strlen(cases[i].text), &packet));
        CHECK(packet.type == cases[i].type && packet.ack == cases[i].ack);
        CHECK(packet.name_space_length == strlen(cases[i].name_space));
        CHECK(!memcmp(packet.name_space, cases[i].name_space, packet.name_space_length));
        CHECK(packet.data_length == strlen(cases[i].data));
        CHECK(!memcmp(packet.data, cases[i].data, packet.data_length));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        CHECK(!socket_packet_parse(bad[i], strlen(bad[i]), &packet));
}

/* --- a polling client ------------------------------------------------------------------------ */

struct poller {
    struct platform p;
    char *token, path[160];
};

static void begin_session(struct poller *c)
{
    struct reply reply;
    struct error err;
    json_t *handshake;

    fetch(&c->p, "GET", "/socket.io/?EIO=4&transport=polling", NULL, NULL, NULL, &reply);
    CHECK(reply.status == 200 && reply.text.text[0] == '0');
    handshake = json_parse(reply.text.text + 1, reply.text.length - 1, "handshake", &err);
    CHECK(int_at(handshake, "pingInterval") == 25000 && int_at(handshake, "maxPayload") == 65536);
    snprintf(c->path, sizeof(c->path), "/socket.io/?EIO=4&transport=polling&sid=%s",
             text_at(handshake, "sid"));
    json_decref(handshake);
    reply_release(&reply);
}

static void poller_open(struct poller *c)
{
    platform_open(&c->p);
    c->token = login(&c->p, "admin@example.com");
    begin_session(c);
}

static void poller_close(struct poller *c)
{
    free(c->token);
    platform_close(&c->p);
}

static long post(const struct poller *c, const char *packets)
{
    struct reply reply;
    long status;

    fetch(&c->p, "POST", c->path, NULL, "Content-Type: text/plain", packets, &reply);
    status = reply.status;
    reply_release(&reply);
    return status;
}

/* The answer to a poll; free() it. */
static char *poll_once(const struct poller *c, long status)
{
    struct reply reply;
    char *text;

    fetch(&c->p, "GET", c->path, NULL, NULL, NULL, &reply);
    if (reply.status != status)
        test_fail(__FILE__, __LINE__, "a poll gave %ld, not %ld: %s", reply.status, status,
                  reply.text.text);
    text = strdup(reply.text.text);
    reply_release(&reply);
    return text;
}

static void expect_poll(const struct poller *c, long status, const char *start)
{
    char *text = poll_once(c, status);

    if (strncmp(text, start, strlen(start)))
        test_fail(__FILE__, __LINE__, "'%s' does not begin with '%s'", text, start);
    free(text);
}

static void connect_poller(struct poller *c)
{
    struct str packet = STR_INIT;

    str_printf(&packet, "40{\"token\":\"%s\"}", c->token);
    CHECK(post(c, packet.text) == 200);
    expect_poll(c, 200, "40{\"sid\":\"");
    str_release(&packet);
}

/* A poll that nobody reads yet. */
static int send_poll(const struct poller *c)
{
    char request[320];

    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", c->path);
    return raw_request(&c->p, request);
}

static void wait_for_poll(const struct poller *c)
{
    const struct timespec pause = { 0, 1000000 };
    struct engine_session *session = session_find(c->p.api->engine_io, strstr(c->path, "sid=") + 4);

    CHECK(session);
    for (bool waits = false; !waits;) {
        nanosleep(&pause, NULL);
        session_lock(session);
        waits = session->poll != NULL;
        session_unlock(session);
    }
    session_release(session);
}

static const char gone[] = "{\"code\":1,\"message\":\"Session ID unknown\"}";

TEST(several_packets_travel_in_one_payload)
{
    struct poller c;
    char packets[128], *text;
    int64_t job;

    poller_open(&c);
    connect_poller(&c);
    job = new_job(&c.p, new_project(&c.p, c.token), 5);
    snprintf(packets, sizeof(packets),
             "42[\"subscribe\",\"experiment:%lld\"]\x1e"
             "421[\"subscribe\",{\"job_id\":77}]\x1e"
             "3",
             (long long)job);
    CHECK(post(&c, packets) == 200);
    for (int acknowledged = 0, told = 0, refused = 0; !acknowledged || !told || !refused;) {
        text = poll_once(&c, 200);
        acknowledged |= strstr(text, "431[]") != NULL;
        told |= strstr(text, "42[\"training_status_change\",{") != NULL;
        refused |= strstr(text, "Training job not found") != NULL;
        free(text);
    }
    poller_close(&c);
}

TEST(what_is_no_packet_ends_the_session)
{
    static const char *const bad[] = {
        "7", "42[\"subscribe\",\"experiment:1\"]", "45-[]", "4", "2probe",
        "42{\"not\":\"an array\"}",
    };
    struct poller c;

    poller_open(&c);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        begin_session(&c);
        CHECK(post(&c, bad[i]) == 200);
        expect_poll(&c, 400, gone);
    }
    poller_close(&c);
}

TEST(a_session_dies_when_its_ping_stays_unanswered)
{
    struct poller c;
    struct engine_io *engine;

    poller_open(&c);
    engine = c.p.api->engine_io;
    connect_poller(&c);
    engine_io_look(engine, clock_seconds() + ENGINE_IO_PING_SECONDS + 1);
    expect_poll(&c, 200, "2");
    CHECK(post(&c, "3") == 200);
    engine_io_look(engine, clock_seconds() + 2 * ENGINE_IO_PING_SECONDS - 1);
    engine_io_look(engine, clock_seconds() + 2 * ENGINE_IO_PING_SECONDS + 5);
    expect_poll(&c, 200, "2"); /* it lives, as the ping was answered */
    engine_io_look(engine, clock_seconds() + 1000);
    expect_poll(&c, 400, gone);
    poller_close(&c);
}

TEST(a_session_that_never_connects_dies)
{
    struct poller c;

    poller_open(&c);
    CHECK(post(&c, "40{\"token\":\"wrong\"}") == 200);
    expect_poll(&c, 200, "44{\"message\":\"Could not validate credentials\"}");
    engine_io_look(c.p.api->engine_io, clock_seconds() + ENGINE_IO_CONNECT_SECONDS / 2);
    CHECK(post(&c, "6") == 200);
    engine_io_look(c.p.api->engine_io, clock_seconds() + ENGINE_IO_CONNECT_SECONDS + 1);
    expect_poll(&c, 400, gone);
    poller_close(&c);
}

TEST(a_refused_client_may_try_again)
{
    struct poller c;

    poller_open(&c);
    CHECK(post(&c, "40{\"token\":\"wrong\"}") == 200);
    expect_poll(&c, 200, "44{\"message\":");
    connect_poller(&c);
    poller_close(&c);
}

/* Each wait takes no thread: with more of them than workers the server still answers. */
TEST(waiting_polls_take_no_workers_and_do_not_hold_up_the_end)
{
    enum { COUNT = 40 };
    struct poller c;
    int polls[COUNT];
    double begun;

    poller_open(&c);
    for (int i = 0; i < COUNT; i++) {
        begin_session(&c);
        polls[i] = send_poll(&c);
    }
    for (int i = 0; i < 5; i++)
        json_decref(expect(&c.p, 200, "GET", "/api/v1/auth/me", c.token, NULL));
    begun = clock_seconds();
    poller_close(&c);
    CHECK(clock_seconds() - begun < 5);
    for (int i = 0; i < COUNT; i++) {
        raw_answer(polls[i], "\r\n\r\n1"); /* "close" */
        close(polls[i]);
    }
}

TEST(a_client_that_goes_away_while_it_waits_is_forgotten)
{
    struct poller c;

    poller_open(&c);
    connect_poller(&c);
    close(send_poll(&c));
    CHECK(post(&c, "42[\"subscribe\",\"experiment:77\"]") == 200); /* its answer finds nobody */
    engine_io_look(c.p.api->engine_io, clock_seconds() + 1000);
    engine_io_look(c.p.api->engine_io, clock_seconds() + 2000);
    expect_poll(&c, 400, gone);
    poller_close(&c);
}

TEST(two_polls_at_once_end_the_session)
{
    struct poller c;
    int first;

    poller_open(&c);
    connect_poller(&c);
    first = send_poll(&c);
    wait_for_poll(&c);
    expect_poll(&c, 400, "{\"code\":3,");
    raw_answer(first, "\r\n\r\n1");
    close(first);
    expect_poll(&c, 400, gone);
    poller_close(&c);
}

TEST(a_payload_that_is_too_large_is_refused)
{
    struct poller c;
    char *large = malloc(ENGINE_IO_PAYLOAD_BYTES + 2);

    poller_open(&c);
    memset(large, '3', ENGINE_IO_PAYLOAD_BYTES + 1);
    large[ENGINE_IO_PAYLOAD_BYTES + 1] = 0;
    CHECK(post(&c, large) == 400);
    free(large);
    poller_close(&c);
}

/* The handshake by polling, then the same session on a WebSocket. */
TEST(a_session_moves_to_a_websocket_with_what_waits)
{
    struct poller c;
    struct listener l;
    char path[200], *text;
    int64_t job;
    int waiting;

    poller_open(&c);
    connect_poller(&c);
    waiting = send_poll(&c);
    snprintf(path, sizeof(path), "/socket.io/?EIO=4&transport=websocket&sid=%s",
             strstr(c.path, "sid=") + 4);
    CHECK(listener_open(&l, &c.p, path, NULL) == 101);
    listener_say(&l, "2probe");
    text = listener_text(&l);
    CHECK_TEXT(text, "3probe");
    free(text);
    CHECK(strstr(raw_answer(waiting, "\r\n\r\n6"), "\r\n\r\n6")); /* polling is let go */
    close(waiting);
    job = new_job(&c.p, new_project(&c.p, c.token), 5);
    snprintf(path, sizeof(path), "42[\"subscribe\",\"experiment:%lld\"]", (long long)job);
    CHECK(post(&c, path) == 200); /* the last of it; the answers wait */
    listener_say(&l, "5");
    for (bool done = false; !done; free(text)) {
        text = listener_text(&l);
        CHECK(text);
        done = strstr(text, "42[\"training_status_change\",{") == text;
    }
    expect_poll(&c, 400, "{\"code\":3,");
    CHECK(post(&c, "3") == 400);
    listener_say(&l, "41");
    listener_say(&l, "1");
    listener_expect_close(&l, 1000);
    listener_close(&l);
    expect_poll(&c, 400, gone);
    poller_close(&c);
}
