/* engine_io_packet.c - what clients of Socket.IO say: packets taken apart and obeyed. */

#include "api/live/engine_io_internal.h"

#include "base/clock.h"
#include "base/error.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL_SIZE 64

bool socket_packet_parse(const char *text, size_t length, struct socket_packet *packet)
{
    const char *end = text + length;
    int digits = 0;

    *packet = (struct socket_packet){ .name_space = "/", .name_space_length = 1, .ack = -1 };
    if (text == end || *text < '0' || *text > '4')
        return false; /* 5 and 6 have binary parts, which nobody here wants */
    packet->type = *text++;
    if (text < end && *text == '/') {
        packet->name_space = text;
        while (text < end && *text != ',')
            text++;
        packet->name_space_length = (size_t)(text - packet->name_space);
        if (text < end)
            text++;
    }
    for (int64_t ack = 0; text < end && isdigit((unsigned char)*text); text++) {
        if (++digits > 15)
            return false;
        ack = 10 * ack + *text - '0';
        packet->ack = ack;
    }
    packet->data = text;
    packet->data_length = (size_t)(end - text);
    return true;
}

/* --- the hub speaks: under its lock ---------------------------------------------------------- */

static void welcome(void *context)
{
    struct engine_session *session = context;
    struct str packet = STR_INIT;
    char id[TOKEN_ID_SIZE];

    token_new_id(id); /* the session's own opens it to who knows it */
    str_printf(&packet, "40{\"sid\":\"%s\"}", id);
    session_lock(session);
    if (!session->is_closed) {
        session->is_waiting = false;
        session->is_connected = true;
        session_send(session, packet.text, packet.length);
    }
    session_unlock(session);
    str_release(&packet);
}

static void send_frame(void *context, struct live_frame *frame)
{
    struct engine_session *session = context;

    session_lock(session);
    session_send_frame(session, frame);
    session_unlock(session);
}

static void end(void *context, int code, const char *reason)
{
    struct engine_session *session = context;
    struct str packet = STR_INIT;
    struct json_writer w;

    (void)code;
    str_add(&packet, "44");
    json_begin(&w, &packet);
    json_object_open(&w);
    json_put_text(&w, "message", reason);
    json_close(&w);
    session_lock(session);
    if (session->is_connected)
        session_close(session);
    else
        session_send(session, packet.text, packet.length);
    session->is_waiting = false;
    session_unlock(session);
    str_release(&packet);
}

static const struct live_outlet outlet = { welcome, send_frame, end };

/* --- the client speaks ----------------------------------------------------------------------- */

static void close_it(struct engine_session *session)
{
    session_lock(session);
    session_close(session);
    session_unlock(session);
}

static json_t *parse_data(const struct socket_packet *packet)
{
    struct error ignored;

    return packet->data_length ? json_parse(packet->data, packet->data_length, "packet", &ignored)
                               : NULL;
}

static void connect_client(struct engine_session *session, const struct socket_packet *packet)
{
    struct live_watcher *old = session->watcher;
    json_t *data = parse_data(packet);
    const char *token = json_string_value(json_object_get(data, "token"));
    bool may;

    session_lock(session);
    may = !session->is_closed && !session->is_waiting && !session->is_connected;
    if (may)
        session->is_waiting = true;
    else
        session_close(session);
    session_unlock(session);
    if (may) {
        session->watcher = NULL;
        live_watcher_free(old); /* of a CONNECT that was refused */
        session->watcher = live_watcher_new(session->engine->live, token ? token : session->bearer,
                                            &outlet, session);
    }
    json_decref(data);
}

static void refuse_name_space(struct engine_session *session, const struct socket_packet *packet)
{
    struct str answer = STR_INIT;

    str_add(&answer, "44");
    str_add_bytes(&answer, packet->name_space, packet->name_space_length);
    str_add(&answer, ",{\"message\":\"Invalid namespace\"}");
    session_lock(session);
    session_send(session, answer.text, answer.length);
    session_unlock(session);
    str_release(&answer);
}

static void disconnect_client(struct engine_session *session)
{
    live_watcher_free(session->watcher);
    session->watcher = NULL;
    session_lock(session);
    session->is_connected = session->is_waiting = false;
    session->opened_seconds = clock_seconds();
    session_unlock(session);
}

/* "experiment:5", {"channel": "experiment:5"} or {"job_id": 5} */
static void read_channel(const json_t *argument, char channel[CHANNEL_SIZE])
{
    const char *text = json_is_object(argument)
                           ? json_string_value(json_object_get(argument, "channel"))
                           : json_string_value(argument);
    const json_t *job_id = json_object_get(argument, "job_id");

    if (json_is_integer(job_id))
        snprintf(channel, CHANNEL_SIZE, "experiment:%lld", (long long)json_integer_value(job_id));
    else
        snprintf(channel, CHANNEL_SIZE, "%s", text ? text : "");
}

static void acknowledge(struct engine_session *session, int64_t ack)
{
    char packet[32];

    snprintf(packet, sizeof(packet), "43%lld[]", (long long)ack);
    session_lock(session);
    session_send_text(session, packet);
    session_unlock(session);
}

static void take_event(struct engine_session *session, const struct socket_packet *packet)
{
    json_t *data = parse_data(packet);
    const char *name = json_string_value(json_array_get(data, 0));
    char channel[CHANNEL_SIZE];

    if (!session->watcher || !name) {
        close_it(session);
    } else {
        read_channel(json_array_get(data, 1), channel);
        if (!strcmp(name, "subscribe"))
            live_subscribe(session->watcher, channel);
        else if (!strcmp(name, "unsubscribe"))
            live_unsubscribe(session->watcher, channel);
        if (packet->ack >= 0)
            acknowledge(session, packet->ack);
    }
    json_decref(data);
}

static void take_message(struct engine_session *session, const char *text, size_t length)
{
    struct socket_packet packet;

    if (!socket_packet_parse(text, length, &packet))
        close_it(session);
    else if (packet.name_space_length != 1 && packet.type == '0')
        refuse_name_space(session, &packet);
    else if (packet.name_space_length != 1)
        return; /* he has been told */
    else if (packet.type == '0')
        connect_client(session, &packet);
    else if (packet.type == '1')
        disconnect_client(session);
    else if (packet.type == '2')
        take_event(session, &packet);
}

void session_take_packet(struct engine_session *session, const char *text, size_t length)
{
    char type = length ? *text : 0;

    if (type == '4') {
        take_message(session, text + 1, length - 1);
        return;
    }
    session_lock(session);
    if (type == '3')
        session->pong_seconds = 0;
    else if (type != '6')
        session_close(session); /* '1' says so; others have no place here */
    session_unlock(session);
}
