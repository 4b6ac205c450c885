/* websocket_hub.c - the thread that owns all sockets.
 *
 * Others leave commands in its mailbox, a list that is pushed to and taken whole by one atomic
 * operation each; an eventfd wakes the thread when the list was empty. */

#include "net/net_internal.h"
#include "net/websocket_internal.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 64
#define TICK_MAX_MS 250
#define TICK_MIN_MS 10

int websocket_hub_count(const struct websocket_hub *hub)
{
    return atomic_load(&hub->count);
}

void websocket_hub_wake(struct websocket_hub *hub)
{
    uint64_t one = 1;

    while (write(hub->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

void websocket_post(struct websocket *socket, struct command *command)
{
    struct websocket_hub *hub = socket->hub;
    struct command *newest = atomic_load(&hub->mailbox);

    atomic_fetch_add(&socket->references, 1);
    command->socket = socket;
    do
        command->next = newest;
    while (!atomic_compare_exchange_weak(&hub->mailbox, &newest, command));
    if (!newest)
        websocket_hub_wake(hub);
}

static void run_command(struct command *command)
{
    struct websocket *socket = command->socket;

    if (command->kind == COMMAND_OPEN) {
        websocket_open(socket);
    } else if (socket->protocol && !socket->is_closing) { /* else it is about to end anyway */
        if (command->kind == COMMAND_SEND) {
            websocket_append_frame(socket, command->message);
            command->message = NULL;
        } else {
            websocket_begin_closing(socket, command->code, command->reason);
        }
        websocket_settle(socket);
    }
    websocket_message_release(command->message);
    websocket_release(socket);
    free(command);
}

static void read_mailbox(struct websocket_hub *hub)
{
    struct command *newest = atomic_exchange(&hub->mailbox, NULL), *oldest = NULL;

    while (newest) {
        struct command *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        struct command *next = oldest->next;

        run_command(oldest);
        oldest = next;
    }
}

/* Is the socket to be dropped now?  Pings it when it is time to. */
static bool has_expired(struct websocket *socket, double now_seconds)
{
    static const struct wslay_event_msg ping = { .opcode = WSLAY_PING };

    if (atomic_load(&socket->is_overfull))
        return true;
    if (socket->is_closing)
        return now_seconds >= socket->close_seconds;
    if (now_seconds < socket->ping_seconds)
        return false;
    if (!socket->has_answered)
        return true;
    socket->has_answered = false;
    socket->ping_seconds = now_seconds + socket->hub->ping_seconds;
    return wslay_event_queue_msg(socket->protocol, &ping) != 0;
}

static void look_after(struct websocket_hub *hub)
{
    double now_seconds = clock_seconds();
    bool says_goodbye = atomic_load(&hub->is_closing) && !hub->has_said_goodbye;

    for (struct websocket *socket = hub->sockets, *next; socket; socket = next) {
        next = socket->next;
        if (says_goodbye && !socket->is_closing)
            websocket_begin_closing(socket, WSLAY_CODE_GOING_AWAY, "the server is stopping");
        if (has_expired(socket, now_seconds))
            websocket_finish(socket);
        else
            websocket_settle(socket);
    }
    hub->has_said_goodbye |= says_goodbye;
}

static int tick_ms(const struct websocket_hub *hub)
{
    double ms = hub->ping_seconds * 1000 / 4;

    if (!hub->sockets)
        return -1;
    return ms > TICK_MAX_MS ? TICK_MAX_MS : ms < TICK_MIN_MS ? TICK_MIN_MS : (int)ms;
}

static void *run_hub(void *argument)
{
    struct websocket_hub *hub = argument;
    double look_seconds = 0;

    while (!atomic_load(&hub->is_stopping) || hub->sockets || atomic_load(&hub->mailbox)) {
        struct epoll_event events[EVENTS_AT_ONCE];
        int count = epoll_wait(hub->epoll_fd, events, EVENTS_AT_ONCE, tick_ms(hub));

        for (int i = 0; i < count; i++) {
            struct websocket *socket = events[i].data.ptr;
            uint64_t ignored;

            if (!socket) { /* the eventfd */
                if (read(hub->wake_fd, &ignored, sizeof(ignored)) > 0 &&
                    atomic_exchange(&hub->must_look, false))
                    look_seconds = 0;
                continue;
            }
            if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
                websocket_read(socket);
            websocket_settle(socket);
        }
        read_mailbox(hub);
        if (clock_seconds() >= look_seconds) {
            look_after(hub);
            look_seconds = clock_seconds() + tick_ms(hub) / 1000.0;
        }
    }
    return NULL;
}

int websocket_hub_new(struct websocket_hub **out, double ping_seconds, struct error *err)
{
    struct websocket_hub *hub = calloc(1, sizeof(*hub));
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

    *out = NULL;
    if (!hub)
        return FAIL(err, NO_MEMORY, "no memory for the thread of WebSockets");
    hub->ping_seconds = ping_seconds > 0 ? ping_seconds : SOCKET_PING_SECONDS;
    hub->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    hub->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    errno = hub->epoll_fd < 0 || hub->wake_fd < 0 ||
                    epoll_ctl(hub->epoll_fd, EPOLL_CTL_ADD, hub->wake_fd, &event)
                ? errno
                : pthread_create(&hub->thread, NULL, run_hub, hub);
    if (errno) {
        FAIL_ERRNO(err, "cannot start the thread of WebSockets");
        if (hub->epoll_fd >= 0)
            close(hub->epoll_fd);
        if (hub->wake_fd >= 0)
            close(hub->wake_fd);
        free(hub);
        return -1;
    }
    *out = hub;
    return 0;
}

void websocket_hub_close(struct websocket_hub *hub)
{
    atomic_store(&hub->is_closing, true);
    atomic_store(&hub->must_look, true);
    websocket_hub_wake(hub);
}

void websocket_hub_drain(struct websocket_hub *hub)
{
    const struct timespec pause = { 0, 2000000 };

    atomic_store(&hub->is_refusing, true);
    while (atomic_load(&hub->held))
        nanosleep(&pause, NULL);
}

void websocket_hub_free(struct websocket_hub *hub)
{
    if (!hub)
        return;
    atomic_store(&hub->is_stopping, true);
    websocket_hub_wake(hub);
    pthread_join(hub->thread, NULL);
    close(hub->epoll_fd);
    close(hub->wake_fd);
    free(hub);
}
