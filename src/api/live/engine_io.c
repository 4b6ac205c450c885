/* engine_io.c - sessions of Engine.IO: their table, their life, and packets on their way out. */

#include "api/live/engine_io_internal.h"

#include "base/clock.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* --- the table ------------------------------------------------------------------------------- */

static struct engine_session **bucket_of(struct engine_io *engine, const char *sid)
{
    uint32_t hash = 2166136261;

    while (*sid)
        hash = (hash ^ (unsigned char)*sid++) * 16777619;
    return &engine->buckets[hash % SESSION_BUCKETS];
}

void session_lock(struct engine_session *session)
{
    pthread_mutex_lock(&session->engine->lock);
}

void session_unlock(struct engine_session *session)
{
    pthread_mutex_unlock(&session->engine->lock);
}

struct engine_session *session_new(struct engine_io *engine, const char *bearer)
{
    struct engine_session *session = calloc(1, sizeof(*session)), **bucket;
    bool has_room;

    BUG_IF(!session);
    session->engine = engine;
    session->bearer = bearer ? strdup(bearer) : NULL;
    session->references = 2;
    str_init(&session->queue);
    token_new_id(session->sid);
    session->opened_seconds = clock_seconds();
    session->ping_seconds = session->opened_seconds + ENGINE_IO_PING_SECONDS;
    bucket = bucket_of(engine, session->sid);
    session_lock(session);
    has_room = !engine->is_closing && engine->session_count < ENGINE_IO_SESSIONS;
    if (has_room) {
        engine->session_count++;
        session->next = *bucket;
        *bucket = session;
    }
    session_unlock(session);
    if (has_room)
        return session;
    free(session->bearer);
    free(session);
    return NULL;
}

struct engine_session *session_find(struct engine_io *engine, const char *sid)
{
    struct engine_session *session;

    pthread_mutex_lock(&engine->lock);
    session = *bucket_of(engine, sid);
    while (session && strcmp(session->sid, sid))
        session = session->next;
    if (session)
        session->references++;
    pthread_mutex_unlock(&engine->lock);
    return session;
}

void session_release(struct engine_session *session)
{
    int left;

    session_lock(session);
    left = --session->references;
    session_unlock(session);
    if (left)
        return;
    live_watcher_free(session->watcher);
    str_release(&session->queue);
    free(session->bearer);
    free(session);
}

/* --- packets on their way out ---------------------------------------------------------------- */

/* As many packets as one answer should have; the first in any case. */
static size_t payload_length(const struct str *queue)
{
    size_t length = queue->length;

    if (length <= ENGINE_IO_PAYLOAD_BYTES)
        return length;
    length = ENGINE_IO_PAYLOAD_BYTES;
    while (length && queue->text[length] != PACKET_SEPARATOR)
        length--;
    return length ? length : strcspn(queue->text, (char[]){ PACKET_SEPARATOR, 0 });
}

static void respond(struct http_request *request, const char *text, size_t length)
{
    http_add_header(request, "Cache-Control", "no-store");
    http_respond(request, 200, "text/plain; charset=UTF-8", text, length);
}

static void respond_from_queue(struct engine_session *session, struct http_request *request)
{
    struct str *queue = &session->queue;
    size_t length = payload_length(queue), used = length < queue->length ? length + 1 : length;

    if (!length) {
        respond(request, "6", 1);
        return;
    }
    respond(request, queue->text, length);
    memmove(queue->text, queue->text + used, queue->length - used + 1);
    queue->length -= used;
}

bool session_poll(struct engine_session *session, struct http_request *request)
{
    if (session->queue.length || session->probe || session->is_closed) {
        respond_from_queue(session, request);
        return true;
    }
    http_defer(request);
    session->poll = request;
    return false;
}

void session_answer_poll(struct engine_session *session)
{
    struct http_request *request = session->poll;

    if (!request)
        return;
    session->poll = NULL;
    respond_from_queue(session, request);
    http_resume(request);
}

void session_send(struct engine_session *session, const char *packet, size_t length)
{
    if (session->is_closed)
        return;
    if (session->socket) {
        websocket_send(session->socket->websocket, packet, length);
        return;
    }
    if (session->queue.length + length > ENGINE_IO_QUEUE_BYTES) {
        session_close(session);
        return;
    }
    if (session->queue.length)
        str_add_char(&session->queue, PACKET_SEPARATOR);
    str_add_bytes(&session->queue, packet, length);
    session_answer_poll(session);
}

void session_send_text(struct engine_session *session, const char *packet)
{
    session_send(session, packet, strlen(packet));
}

void session_send_frame(struct engine_session *session, struct live_frame *frame)
{
    const char *packet;
    size_t length;

    if (!session->is_closed && session->socket) {
        websocket_send_message(session->socket->websocket, live_frame_event_message(frame));
        return;
    }
    packet = live_frame_event(frame, &length);
    session_send(session, packet, length);
}

void session_upgrade(struct engine_session *session)
{
    char *next = session->queue.text;

    session->socket = session->probe;
    session->probe = NULL;
    while (*next) {
        size_t length = strcspn(next, (char[]){ PACKET_SEPARATOR, 0 });

        websocket_send(session->socket->websocket, next, length);
        next += length + (next[length] == PACKET_SEPARATOR);
    }
    str_release(&session->queue);
    str_init(&session->queue);
    session_answer_poll(session);
}

void write_handshake(const struct engine_session *session, bool may_upgrade, struct str *packet)
{
    str_printf(packet,
               "0{\"sid\":\"%s\",\"upgrades\":[%s],\"pingInterval\":%d,\"pingTimeout\":%d,"
               "\"maxPayload\":%zu}",
               session->sid, may_upgrade ? "\"websocket\"" : "",
               (int)(1e3 * ENGINE_IO_PING_SECONDS), (int)(1e3 * ENGINE_IO_TIMEOUT_SECONDS),
               ENGINE_IO_PAYLOAD_BYTES);
}

/* --- ends ------------------------------------------------------------------------------------ */

void session_close(struct engine_session *session)
{
    struct engine_io *engine = session->engine;
    struct engine_session **at = bucket_of(engine, session->sid);

    if (session->is_closed)
        return;
    session->is_closed = true;
    while (*at != session)
        at = &(*at)->next;
    *at = session->next;
    session->next = engine->closed; /* the table's reference is given back without the lock */
    engine->closed = session;
    engine->session_count--;
    session->is_connected = session->is_waiting = false;
    if (session->poll) {
        str_clear(&session->queue);
        str_add_char(&session->queue, '1');
        session_answer_poll(session);
    }
    if (session->socket)
        websocket_close(session->socket->websocket, 1000, "the session has ended");
    if (session->probe)
        websocket_close(session->probe->websocket, 1000, "the session has ended");
    session->socket = session->probe = NULL;
}

static void release_closed(struct engine_io *engine)
{
    struct engine_session *session;

    pthread_mutex_lock(&engine->lock);
    session = engine->closed;
    engine->closed = NULL;
    pthread_mutex_unlock(&engine->lock);
    while (session) {
        struct engine_session *next = session->next;

        session_release(session);
        session = next;
    }
}

static void look_at(struct engine_session *session, double now)
{
    bool is_late = session->pong_seconds > 0 && now >= session->pong_seconds;

    if (!session->is_connected && now - session->opened_seconds > ENGINE_IO_CONNECT_SECONDS)
        is_late = true;
    if (is_late) {
        session_close(session);
    } else if (now >= session->ping_seconds) {
        session->ping_seconds = now + ENGINE_IO_PING_SECONDS;
        session->pong_seconds = now + ENGINE_IO_TIMEOUT_SECONDS;
        session_send_text(session, "2");
    }
}

void engine_io_look(struct engine_io *engine, double now_seconds)
{
    pthread_mutex_lock(&engine->lock);
    for (int i = 0; i < SESSION_BUCKETS; i++)
        for (struct engine_session *s = engine->buckets[i], *next; s; s = next) {
            next = s->next;
            look_at(s, now_seconds);
        }
    pthread_mutex_unlock(&engine->lock);
    release_closed(engine);
}

void engine_io_tick(void *context)
{
    engine_io_look(context, clock_seconds());
}

/* --- life ------------------------------------------------------------------------------------ */

struct engine_io *engine_io_new(struct live *live)
{
    struct engine_io *engine = calloc(1, sizeof(*engine));

    BUG_IF(!engine || pthread_mutex_init(&engine->lock, NULL));
    engine->live = live;
    live_on_tick(live, engine_io_tick, engine);
    return engine;
}

void engine_io_close(struct engine_io *engine)
{
    pthread_mutex_lock(&engine->lock);
    engine->is_closing = true;
    for (int i = 0; i < SESSION_BUCKETS; i++)
        while (engine->buckets[i])
            session_close(engine->buckets[i]);
    pthread_mutex_unlock(&engine->lock);
}

void engine_io_free(struct engine_io *engine)
{
    if (!engine)
        return;
    live_on_tick(engine->live, NULL, NULL);
    release_closed(engine);
    BUG_IF(engine->session_count);
    pthread_mutex_destroy(&engine->lock);
    free(engine);
}
