/* What a client sends after the handshake, cut in two: messages are texts of a bounded length that
 * are UTF-8, and the socket ends once.  No thread: what the hub's does is done here.
 *
 * The source is included, as its owner closes sockets.  modules: net base */

#include "net/websocket.c"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static int closed;

void http_upgrade_close(void *handle)
{
    close(*(int *)handle);
}

static void on_opened(void *context, struct websocket *socket)
{
    (void)context, (void)socket;
}

static void on_text(void *context, struct websocket *socket, const char *text, size_t length)
{
    struct websocket_message *answer = websocket_message_new(text, length);

    (void)context;
    BUG_IF(length > SOCKET_MESSAGE_LIMIT || closed);
    BUG_IF(!http_is_utf8(text, length));
    atomic_fetch_add(&socket->waiting_bytes, answer->size_bytes + FRAME_COST_BYTES);
    websocket_append_frame(socket, answer);
}

static void on_closed(void *context, struct websocket *socket)
{
    (void)context, (void)socket;
    closed++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static const struct websocket_events events = { on_opened, on_text, on_closed };
    struct websocket_hub hub = { .epoll_fd = epoll_create1(0), .wake_fd = -1, .ping_seconds = 60 };
    struct websocket *socket = websocket_new(&hub, &events, NULL);
    int ends[2];
    size_t first_bytes;

    closed = 0;
    BUG_IF(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    first_bytes = size_bytes > 1 ? data[0] % size_bytes : 0;
    if (first_bytes) {
        socket->unread = malloc(first_bytes);
        memcpy(socket->unread, data + 1, first_bytes);
        socket->unread_bytes = first_bytes;
    }
    socket->fd = ends[0];
    socket->handle = &ends[0];
    atomic_store(&hub.held, 1);
    if (size_bytes > first_bytes + 1)
        send(ends[1], data + 1 + first_bytes, size_bytes - 1 - first_bytes, MSG_DONTWAIT);
    websocket_open(socket);
    websocket_release(socket); /* the command's */
    for (int i = 0; i < 4 && !closed; i++) {
        char buffer[4096];

        websocket_read(hub.sockets);
        websocket_settle(hub.sockets);
        while (recv(ends[1], buffer, sizeof(buffer), MSG_DONTWAIT) > 0)
            ;
    }
    if (!closed)
        websocket_finish(hub.sockets);
    BUG_IF(closed != 1 || hub.sockets || atomic_load(&hub.held) || atomic_load(&hub.count));
    close(ends[1]);
    close(hub.epoll_fd);
    return 0;
}
