/* websocket.c - see websocket.h.
 *
 * wslay reads, checks and answers control frames.  What it sends is put at the end of the same
 * queue as our messages, which are frames already, so frames never mix. */

#include "net/net_internal.h"
#include "net/websocket_internal.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define FRAMES_AT_ONCE 32
#define READ_AT_ONCE_BYTES ((size_t)256 << 10) /* of one socket, then it is the next one's turn */
#define CLOSE_SECONDS 1.0                      /* for the other side to close too */
#define FRAME_COST_BYTES 96 /* memory that a waiting frame takes besides its bytes */
#define REASON_SIZE 124     /* a close frame has no room for more, and the NUL */

/* --- from any thread ------------------------------------------------------------------------ */

struct websocket *websocket_new(struct websocket_hub *hub, const struct websocket_events *events,
                                void *context)
{
    struct websocket *socket = calloc(1, sizeof(*socket));

    if (!socket)
        return NULL;
    socket->hub = hub;
    socket->events = *events;
    socket->context = context;
    socket->fd = -1;
    socket->last = &socket->first;
    atomic_init(&socket->references, 1);
    return socket;
}

void websocket_release(struct websocket *socket)
{
    if (atomic_fetch_sub(&socket->references, 1) > 1)
        return;
    free(socket->unread);
    free(socket);
}

static void drop_later(struct websocket *socket)
{
    if (atomic_exchange(&socket->is_overfull, true))
        return;
    atomic_store(&socket->hub->must_look, true);
    websocket_hub_wake(socket->hub);
}

void websocket_send_message(struct websocket *socket, struct websocket_message *message)
{
    struct command *command;
    size_t cost_bytes = message ? message->size_bytes + FRAME_COST_BYTES : 0;

    if (atomic_load(&socket->is_overfull))
        return;
    command = message ? calloc(1, sizeof(*command)) : NULL;
    if (!command) {
        drop_later(socket); /* no memory: better no socket than one with a hole */
        return;
    }
    if (atomic_fetch_add(&socket->waiting_bytes, cost_bytes) + cost_bytes > SOCKET_QUEUE_LIMIT) {
        free(command);
        drop_later(socket);
        return;
    }
    command->kind = COMMAND_SEND;
    command->message = websocket_message_keep(message);
    websocket_post(socket, command);
}

void websocket_send(struct websocket *socket, const char *text, size_t length)
{
    struct websocket_message *message = websocket_message_new(text, length);

    websocket_send_message(socket, message);
    websocket_message_release(message);
}

void websocket_close(struct websocket *socket, int code, const char *reason)
{
    struct command *command = calloc(1, sizeof(*command) + REASON_SIZE);

    if (!command) {
        drop_later(socket);
        return;
    }
    command->kind = COMMAND_CLOSE;
    command->code = code;
    snprintf(command->reason, REASON_SIZE, "%s", reason ? reason : "");
    websocket_post(socket, command);
}

/* On an I/O thread of the server. */
void websocket_start(void *context, int fd, const char *read, size_t read_bytes, void *handle)
{
    struct websocket *socket = context;
    struct websocket_hub *hub = socket->hub;
    struct command *command = calloc(1, sizeof(*command));

    BUG_IF(!command);
    if (fd >= 0) {
        atomic_fetch_add(&hub->held,
                         1); /* before looking: websocket_hub_drain() sees one of them */
        if (read_bytes)
            socket->unread = malloc(read_bytes);
        if (atomic_load(&hub->is_refusing) || (read_bytes && !socket->unread)) {
            http_upgrade_close(handle);
            atomic_fetch_sub(&hub->held, 1);
            fd = -1;
        } else if (read_bytes) {
            memcpy(socket->unread, read, read_bytes);
            socket->unread_bytes = read_bytes;
        }
    }
    socket->fd = fd;
    socket->handle = handle;
    command->kind = COMMAND_OPEN;
    websocket_post(socket, command);
    websocket_release(socket); /* the command has the only reference now */
}

/* --- frames on their way out ---------------------------------------------------------------- */

void websocket_append_frame(struct websocket *socket, struct websocket_message *message)
{
    struct frame *frame = malloc(sizeof(*frame));

    if (!frame) {
        websocket_message_release(message);
        socket->has_failed = true;
        return;
    }
    *frame = (struct frame){ NULL, message };
    *socket->last = frame;
    socket->last = &frame->next;
}

static void remove_first_frame(struct websocket *socket)
{
    struct frame *frame = socket->first;

    socket->first = frame->next;
    if (!socket->first)
        socket->last = &socket->first;
    socket->sent_bytes = 0;
    atomic_fetch_sub(&socket->waiting_bytes, frame->message->size_bytes + FRAME_COST_BYTES);
    websocket_message_release(frame->message);
    free(frame);
}

static void mark_sent(struct websocket *socket, size_t count)
{
    while (count) {
        size_t left_bytes = socket->first->message->size_bytes - socket->sent_bytes;

        if (count < left_bytes) {
            socket->sent_bytes += count;
            return;
        }
        count -= left_bytes;
        remove_first_frame(socket);
    }
}

static void flush(struct websocket *socket)
{
    while (socket->first && !socket->has_failed) {
        struct iovec parts[FRAMES_AT_ONCE];
        struct msghdr header = { .msg_iov = parts };
        size_t skipped = socket->sent_bytes;
        ssize_t count;

        for (struct frame *frame = socket->first; frame && header.msg_iovlen < FRAMES_AT_ONCE;
             frame = frame->next) {
            parts[header.msg_iovlen++] = (struct iovec){ frame->message->bytes + skipped,
                                                         frame->message->size_bytes - skipped };
            skipped = 0;
        }
        count = sendmsg(socket->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0)
            mark_sent(socket, (size_t)count);
        else if (errno == EAGAIN)
            return;
        else if (errno != EINTR)
            socket->has_failed = true;
    }
}

/* --- wslay's side --------------------------------------------------------------------------- */

static int append_bytes(struct websocket *socket, const void *bytes, size_t size_bytes)
{
    struct websocket_message *message = websocket_message_raw(bytes, size_bytes);
    size_t cost_bytes = size_bytes + FRAME_COST_BYTES;

    if (!message ||
        atomic_fetch_add(&socket->waiting_bytes, cost_bytes) + cost_bytes > SOCKET_QUEUE_LIMIT) {
        websocket_message_release(message);
        socket->has_failed = true;
        return -1;
    }
    websocket_append_frame(socket, message);
    return 0;
}

static ssize_t on_send(wslay_event_context_ptr protocol, const uint8_t *data, size_t size_bytes,
                       int flags, void *context)
{
    (void)flags;
    if (!append_bytes(context, data, size_bytes))
        return (ssize_t)size_bytes;
    wslay_event_set_error(protocol, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t on_read(wslay_event_context_ptr protocol, uint8_t *data, size_t size_bytes,
                       int flags, void *context)
{
    struct websocket *socket = context;
    size_t left_bytes = socket->unread_bytes - socket->unread_offset;
    ssize_t count;

    (void)flags;
    if (left_bytes) {
        if (size_bytes > left_bytes)
            size_bytes = left_bytes;
        memcpy(data, socket->unread + socket->unread_offset, size_bytes);
        socket->unread_offset += size_bytes;
        return (ssize_t)size_bytes;
    }
    if (size_bytes > socket->budget_bytes)
        size_bytes = socket->budget_bytes;
    do
        count = size_bytes ? recv(socket->fd, data, size_bytes, MSG_DONTWAIT) : -1;
    while (size_bytes && count < 0 && errno == EINTR);
    if (count > 0) {
        socket->has_answered = true;
        socket->budget_bytes -= (size_t)count;
        return count;
    }
    socket->has_failed |= size_bytes && (!count || errno != EAGAIN);
    wslay_event_set_error(protocol,
                          socket->has_failed ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static void on_message(wslay_event_context_ptr protocol,
                       const struct wslay_event_on_msg_recv_arg *message, void *context)
{
    static const char reason[] = "only text is understood";
    struct websocket *socket = context;

    if (message->opcode == WSLAY_TEXT_FRAME && !socket->is_closing)
        socket->events.message(socket->context, socket, (const char *)message->msg,
                               message->msg_length);
    if (message->opcode == WSLAY_BINARY_FRAME) {
        wslay_event_queue_close(protocol, WSLAY_CODE_UNSUPPORTED_DATA, (const uint8_t *)reason,
                                sizeof(reason) - 1);
        wslay_event_shutdown_read(protocol);
    }
}

/* --- the life of a socket ------------------------------------------------------------------- */

void websocket_begin_closing(struct websocket *socket, int code, const char *reason)
{
    wslay_event_queue_close(socket->protocol, (uint16_t)code, (const uint8_t *)reason,
                            strlen(reason));
}

void websocket_finish(struct websocket *socket)
{
    struct websocket_hub *hub = socket->hub;

    if (socket->protocol)
        wslay_event_context_free(socket->protocol);
    socket->protocol = NULL;
    while (socket->first)
        remove_first_frame(socket);
    if (socket->fd >= 0) {
        epoll_ctl(hub->epoll_fd, EPOLL_CTL_DEL, socket->fd, NULL);
        http_upgrade_close(socket->handle);
        atomic_fetch_sub(&hub->held, 1);
    }
    socket->fd = -1;
    if (socket->previous)
        socket->previous->next = socket->next;
    else
        hub->sockets = socket->next;
    if (socket->next)
        socket->next->previous = socket->previous;
    atomic_fetch_sub(&hub->count, 1);
    socket->events.closed(socket->context, socket);
    websocket_release(socket);
}

/* Nothing more is understood of what comes.  It is read nevertheless: were it left unread, the
 * system would reset the connection, and the other side not see why it was closed. */
static void discard(struct websocket *socket)
{
    char buffer[4096];
    ssize_t count = recv(socket->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

    if (!count || (count < 0 && errno != EAGAIN && errno != EINTR))
        socket->has_failed = true;
}

static void set_waits_for_room(struct websocket *socket, bool waits)
{
    struct epoll_event event = { .events = EPOLLIN | (waits ? EPOLLOUT : 0), .data.ptr = socket };

    if (waits == socket->waits_for_room)
        return;
    socket->waits_for_room = waits;
    epoll_ctl(socket->hub->epoll_fd, EPOLL_CTL_MOD, socket->fd, &event);
}

static void set_is_closing(struct websocket *socket)
{
    socket->is_closing = true;
    socket->close_seconds = clock_seconds() + CLOSE_SECONDS;
}

void websocket_settle(struct websocket *socket)
{
    if (!socket->has_failed && wslay_event_want_write(socket->protocol) &&
        wslay_event_send(socket->protocol))
        socket->has_failed = true;
    flush(socket);
    if (wslay_event_get_close_sent(socket->protocol) && !socket->is_closing)
        set_is_closing(socket);
    if (socket->has_failed || atomic_load(&socket->is_overfull) ||
        (socket->is_closing && !socket->first &&
         wslay_event_get_close_received(socket->protocol))) {
        websocket_finish(socket);
        return;
    }
    if (socket->is_closing && !socket->first && !wslay_event_want_read(socket->protocol))
        shutdown(socket->fd, SHUT_WR);
    set_waits_for_room(socket, socket->first != NULL);
}

/* wslay closes without a code where a frame's header is wrong. */
static void close_for_bad_header(struct websocket *socket)
{
    static const unsigned char frame[] = { 0x88, 2, WSLAY_CODE_PROTOCOL_ERROR >> 8,
                                           WSLAY_CODE_PROTOCOL_ERROR & 0xff };

    wslay_event_shutdown_write(socket->protocol);
    if (socket->is_closing)
        socket->has_failed = true;
    else
        append_bytes(socket, frame, sizeof(frame));
    set_is_closing(socket);
}

void websocket_read(struct websocket *socket)
{
    socket->budget_bytes = READ_AT_ONCE_BYTES;
    if (!wslay_event_want_read(socket->protocol))
        discard(socket);
    else if (wslay_event_recv(socket->protocol) && !socket->has_failed)
        close_for_bad_header(socket);
}

void websocket_open(struct websocket *socket)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_read,
        .send_callback = on_send,
        .on_msg_recv_callback = on_message,
    };
    struct websocket_hub *hub = socket->hub;
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = socket };

    atomic_fetch_add(&socket->references, 1);
    atomic_fetch_add(&hub->count, 1);
    socket->next = hub->sockets;
    if (socket->next)
        socket->next->previous = socket;
    hub->sockets = socket;
    socket->events.opened(socket->context, socket);
    if (socket->fd < 0 || wslay_event_context_server_init(&socket->protocol, &callbacks, socket) ||
        epoll_ctl(hub->epoll_fd, EPOLL_CTL_ADD, socket->fd, &event)) {
        websocket_finish(socket);
        return;
    }
    wslay_event_config_set_max_recv_msg_length(socket->protocol, SOCKET_MESSAGE_LIMIT);
    socket->ping_seconds = clock_seconds() + hub->ping_seconds;
    socket->has_answered = true;
    if (hub->has_said_goodbye)
        websocket_begin_closing(socket, WSLAY_CODE_GOING_AWAY, "the server is stopping");
    else
        websocket_read(socket);
    websocket_settle(socket);
}
