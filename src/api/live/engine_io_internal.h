/* engine_io_internal.h - what engine_io*.c share: sessions.
 *
 * engine_io.c has the sessions and how packets go out, engine_io_packet.c what packets say, and
 * engine_io_routes.c how they come.  The engine's lock is taken inside the hub's, never around it:
 * whoever calls live.h must not hold it. */
#ifndef API_ENGINE_IO_INTERNAL_H
#define API_ENGINE_IO_INTERNAL_H

#include "api/api_internal.h"
#include "api/live/engine_io.h"
#include "api/live/live_frame.h"

#include "base/str.h"
#include "net/websocket.h"

#include <pthread.h>

#define SESSION_BUCKETS 256
#define PACKET_SEPARATOR '\x1e'

struct engine_session;

/* The client's side of a WebSocket.  It has a reference to its session. */
struct engine_socket {
    struct engine_session *session;
    struct websocket *websocket;
};

struct engine_session {
    struct engine_io *engine;
    struct engine_session *next; /* in its bucket, or in the list of closed ones */
    char sid[TOKEN_ID_SIZE];
    char *bearer;   /* of the handshake; NULL: none */
    int references; /* under the lock, as is all that follows but the watcher */
    bool is_closed;
    bool is_busy;      /* a thread reads what the client has sent */
    bool is_waiting;   /* for the hub to grant a CONNECT */
    bool is_connected; /* to the namespace "/" */
    struct http_request *poll;           /* one that waits */
    struct str queue;                    /* packets for the next poll */
    struct engine_socket *socket, *probe; /* in use; to be moved to */
    double opened_seconds, ping_seconds, pong_seconds; /* begun; next ping; answer due, or 0 */

    struct live_watcher *watcher; /* of the busy thread, or the last reference */
};

struct engine_io {
    struct live *live;
    pthread_mutex_t lock;
    struct engine_session *buckets[SESSION_BUCKETS], *closed;
    int session_count;
    bool is_closing;
};

/* --- engine_io.c ----------------------------------------------------------------------------- */

/* NULL: too many, or closing.  With a reference for the caller, besides the table's. */
struct engine_session *session_new(struct engine_io *engine, const char *bearer);
/* With a reference; NULL: unknown. */
struct engine_session *session_find(struct engine_io *engine, const char *sid);
void session_release(struct engine_session *session); /* not under a lock */

void session_lock(struct engine_session *session);
void session_unlock(struct engine_session *session);

/* Under the lock.  What is closed takes no more. */
void session_send(struct engine_session *session, const char *packet, size_t length);
void session_send_text(struct engine_session *session, const char *packet);
void session_send_frame(struct engine_session *session, struct live_frame *frame);
void session_close(struct engine_session *session);
/* Answer the poll that waits, with what there is or else a packet that says nothing. */
void session_answer_poll(struct engine_session *session);
/* From here on packets take the socket that was tried. */
void session_upgrade(struct engine_session *session);

/* Answer a poll at once; false: it has to wait. */
bool session_poll(struct engine_session *session, struct http_request *request);

void write_handshake(const struct engine_session *session, bool may_upgrade, struct str *packet);

/* Look after all sessions as if it were this time. */
void engine_io_look(struct engine_io *engine, double now_seconds);

/* --- engine_io_packet.c ---------------------------------------------------------------------- */

/* "2/admin,13["event",1]" taken apart; texts lie in what was read. */
struct socket_packet {
    char type;
    const char *name_space; /* name_space_length bytes; "/" when it is not said */
    size_t name_space_length;
    int64_t ack; /* -1: none is wanted */
    const char *data;
    size_t data_length;
};
bool socket_packet_parse(const char *text, size_t length, struct socket_packet *packet);

/* What a client has sent, one packet; by the busy thread, without the lock. */
void session_take_packet(struct engine_session *session, const char *text, size_t length);

#endif
