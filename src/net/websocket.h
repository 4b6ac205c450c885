/* websocket.h - WebSocket (RFC 6455) on a connection of http.h, by wslay.
 *
 * All sockets of a server live in one thread.  Sending is possible from any thread: it appends to
 * the socket's queue, and what one thread sends arrives in its order.  A client that lets more than
 * SOCKET_QUEUE_LIMIT wait is dropped: it would take the memory of all others.  Messages to the
 * server have at most SOCKET_MESSAGE_LIMIT bytes (more: close 1009); text that is not UTF-8 is
 * closed with 1007, binary messages with 1003.  The server pings every SOCKET_PING_SECONDS and
 * drops who has sent nothing by the next time.
 */
#ifndef NET_WEBSOCKET_H
#define NET_WEBSOCKET_H

#include "net/http.h"

#define SOCKET_QUEUE_LIMIT ((size_t)1 << 20)
#define SOCKET_MESSAGE_LIMIT ((size_t)64 << 10)
#define SOCKET_PING_SECONDS 25

struct websocket;

struct websocket_events {
    /* On the sockets' thread, in this order: opened, then messages, then closed once.  A client
     * that goes away before the upgrade has ended is opened and closed too. */
    void (*opened)(void *context, struct websocket *socket);
    void (*message)(void *context, struct websocket *socket, const char *text, size_t length);
    void (*closed)(void *context, struct websocket *socket); /* the socket dies after it */
};

/* In `finish`, instead of a response: 101, or 400 / 426 where the request is no upgrade.  The
 * context lives until `closed`.  Returns 0 when the upgrade is under way. */
int websocket_accept(struct http_request *request, const struct websocket_events *events,
                     void *context);

/* From any thread, as long as `closed` has not been called.  The text is copied once; a prepared
 * message can be sent to many without that. */
void websocket_send(struct websocket *socket, const char *text, size_t length);

struct websocket_message; /* counted; made once, sent to many */
struct websocket_message *websocket_message_new(const char *text, size_t length);
void websocket_message_release(struct websocket_message *message);
void websocket_send_message(struct websocket *socket, struct websocket_message *message);

/* Close with a code and a short reason; `closed` follows. */
void websocket_close(struct websocket *socket, int code, const char *reason);

int websocket_count(const struct http_server *server);

#endif
