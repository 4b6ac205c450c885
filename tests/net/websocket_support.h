/* websocket_support.h - a WebSocket client that can also misbehave. */
#ifndef NET_WEBSOCKET_SUPPORT_H
#define NET_WEBSOCKET_SUPPORT_H

#include "net/server_support.h"

enum socket_opcode {
    SOCKET_MORE,
    SOCKET_TEXT,
    SOCKET_BINARY,
    SOCKET_CLOSE = 8,
    SOCKET_PING,
    SOCKET_PONG
};

#define SOCKET_FINAL 0x80 /* added to the code in the first byte */

struct socket_client {
    int fd;
    int code;      /* of the frame that was read: 1 text, 8 close, ...; -1: the server has closed */
    size_t length; /* of its payload, which is ended by a NUL */
    char payload[1 << 17];
};

/* Connects and shakes hands; then sends `early` in the same packet as the request. */
void socket_open(struct socket_client *client, const struct net_server *server, const void *early,
                 size_t early_bytes);
void socket_hang_up(struct socket_client *client);

/* first_byte: the code, with SOCKET_FINAL for the last frame of a message.  Masked, as a client's
 * must be. */
void socket_send(struct socket_client *client, int first_byte, const void *data, size_t length);
void socket_send_text(struct socket_client *client, const char *text);
/* The bytes that socket_send() sends; gives their number. */
size_t socket_frame(unsigned char *frame, int first_byte, const void *data, size_t length);

void socket_read(struct socket_client *client); /* the next frame */
/* Read on to the end: the close code, 0: a close frame without one, -1: none came. */
int socket_read_close(struct socket_client *client);

#endif
