/* engine_io_routes.c - how packets of Engine.IO come: polls, posts and WebSockets. */

#include "api/live/engine_io_internal.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

route_handler route_engine_get, route_engine_post;

/* The protocol's own words for what went wrong. */
static const struct {
    int code;
    const char *message;
} problems[] = { { 0, "Transport unknown" },
                 { 1, "Session ID unknown" },
                 { 2, "Bad handshake method" },
                 { 3, "Bad request" },
                 { 4, "Forbidden" },
                 { 5, "Unsupported protocol version" } };
enum { PROBLEM_TRANSPORT, PROBLEM_SESSION, PROBLEM_METHOD, PROBLEM_REQUEST, PROBLEM_FORBIDDEN,
       PROBLEM_VERSION };

static void refuse(struct call *call, int problem)
{
    struct answer answer;
    struct json_writer *w = answer_begin(&answer);

    json_object_open(w);
    json_put_int(w, "code", problems[problem].code);
    json_put_text(w, "message", problems[problem].message);
    json_close(w);
    answer_send(call, 400, &answer);
}

static void refuse_all(struct call *call)
{
    call_fail_with(call, 503, "UNAVAILABLE", "Too many sessions");
}

/* The session of the query, with a reference; NULL: refused. */
static struct engine_session *open_session(struct call *call)
{
    const char *sid = http_query(call->request, "sid");
    struct engine_session *session = session_find(call->api->engine_io, sid ? sid : "");

    if (!session)
        refuse(call, PROBLEM_SESSION);
    return session;
}

/* --- polling --------------------------------------------------------------------------------- */

static void begin_polling(struct call *call)
{
    struct engine_session *session =
        session_new(call->api->engine_io, call_socket_bearer(call));
    struct str packet = STR_INIT;

    if (!session) {
        refuse_all(call);
        return;
    }
    write_handshake(session, true, &packet);
    http_add_header(call->request, "Cache-Control", "no-store");
    http_respond(call->request, 200, "text/plain; charset=UTF-8", packet.text, packet.length);
    str_release(&packet);
    session_release(session);
}

/* Two polls at once would take packets from each other. */
static void poll_session(struct call *call)
{
    struct engine_session *session = open_session(call);
    bool may;

    if (!session)
        return;
    session_lock(session);
    may = !session->socket && !session->poll;
    if (may)
        session_poll(session, call->request); /* from here on the request may be gone */
    else if (session->poll)
        session_close(session);
    session_unlock(session);
    if (!may)
        refuse(call, PROBLEM_REQUEST);
    session_release(session);
}

/* Only one thread at a time reads what a client sends. */
static bool begin_reading(struct engine_session *session, const struct engine_socket *socket)
{
    bool may;

    session_lock(session);
    may = !session->is_closed && !session->is_busy && session->socket == socket;
    if (may)
        session->is_busy = true;
    session_unlock(session);
    return may;
}

static void end_reading(struct engine_session *session)
{
    session_lock(session);
    session->is_busy = false;
    session_unlock(session);
}

static void take_payload(struct engine_session *session, const char *body, size_t length)
{
    for (size_t start = 0, stop; start < length; start = stop + 1) {
        const char *found = memchr(body + start, PACKET_SEPARATOR, length - start);

        stop = found ? (size_t)(found - body) : length;
        session_take_packet(session, body + start, stop - start);
    }
}

void route_engine_post(struct call *call)
{
    struct engine_session *session;
    const char *body;
    size_t length;

    if (!http_query(call->request, "sid")) {
        refuse(call, PROBLEM_METHOD);
        return;
    }
    session = open_session(call);
    if (!session)
        return;
    body = http_body(call->request, &length);
    if (!body || length > ENGINE_IO_PAYLOAD_BYTES || !begin_reading(session, NULL)) {
        refuse(call, PROBLEM_REQUEST);
    } else {
        take_payload(session, body, length);
        end_reading(session);
        http_respond(call->request, 200, "text/plain; charset=UTF-8", "ok", 2);
    }
    session_release(session);
}

/* --- WebSockets: on their thread ------------------------------------------------------------- */

static void opened(void *context, struct websocket *websocket)
{
    struct engine_socket *socket = context;
    struct engine_session *session = socket->session;
    struct str packet = STR_INIT;

    socket->websocket = websocket;
    write_handshake(session, false, &packet);
    session_lock(session);
    if (session->is_closed || session->socket || session->probe) {
        websocket_close(websocket, 1000, "the session has ended");
    } else {
        session->socket = socket;
        session_send(session, packet.text, packet.length);
    }
    session_unlock(session);
    str_release(&packet);
}

static void opened_to_upgrade(void *context, struct websocket *websocket)
{
    struct engine_socket *socket = context;
    struct engine_session *session = socket->session;

    socket->websocket = websocket;
    session_lock(session);
    if (session->is_closed || session->socket || session->probe)
        websocket_close(websocket, 1000, "the session has another socket");
    else
        session->probe = socket;
    session_unlock(session);
}

/* The client tries the socket, waits until its poll has ended, and says that it moves. */
static void take_probe(struct engine_socket *socket, const char *text, size_t length)
{
    static const char probe[] = "2probe", answer[] = "3probe";
    struct engine_session *session = socket->session;

    session_lock(session);
    if (session->probe != socket) {
        websocket_close(socket->websocket, 1000, "the session has ended");
    } else if (length == sizeof(probe) - 1 && !memcmp(text, probe, length)) {
        websocket_send(socket->websocket, answer, sizeof(answer) - 1);
        session_answer_poll(session);
    } else if (length == 1 && *text == '5') {
        session_upgrade(session);
    } else {
        session->probe = NULL;
        websocket_close(socket->websocket, 1002, "no packet of a probe");
    }
    session_unlock(session);
}

static void message(void *context, struct websocket *websocket, const char *text, size_t length)
{
    struct engine_socket *socket = context;
    struct engine_session *session = socket->session;

    (void)websocket;
    if (begin_reading(session, socket)) {
        session_take_packet(session, text, length);
        end_reading(session);
    } else {
        take_probe(socket, text, length);
    }
}

static void closed(void *context, struct websocket *websocket)
{
    struct engine_socket *socket = context;
    struct engine_session *session = socket->session;

    (void)websocket;
    session_lock(session);
    if (session->socket == socket)
        session_close(session);
    else if (session->probe == socket)
        session->probe = NULL;
    session_unlock(session);
    session_release(session);
    free(socket);
}

static void accept_socket(struct call *call)
{
    static const struct websocket_events first = { opened, message, closed };
    static const struct websocket_events later = { opened_to_upgrade, message, closed };
    bool is_new = !http_query(call->request, "sid");
    struct engine_socket *socket;
    struct engine_session *session = is_new ? session_new(call->api->engine_io,
                                                          call_socket_bearer(call))
                                            : open_session(call);

    if (!session) {
        if (is_new)
            refuse_all(call);
        return;
    }
    socket = calloc(1, sizeof(*socket));
    BUG_IF(!socket);
    socket->session = session;
    if (!websocket_accept(call->request, is_new ? &first : &later, socket))
        return;
    free(socket);
    if (is_new) {
        session_lock(session);
        session_close(session);
        session_unlock(session);
    }
    session_release(session);
}

void route_engine_get(struct call *call)
{
    const char *version = http_query(call->request, "EIO");
    const char *transport = http_query(call->request, "transport");

    if (!version || strcmp(version, "4"))
        refuse(call, PROBLEM_VERSION);
    else if (transport && !strcmp(transport, "websocket"))
        accept_socket(call);
    else if (!transport || strcmp(transport, "polling"))
        refuse(call, PROBLEM_TRANSPORT);
    else if (http_query(call->request, "sid"))
        poll_session(call);
    else
        begin_polling(call);
}
