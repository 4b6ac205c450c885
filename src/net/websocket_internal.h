/* websocket_internal.h - what websocket*.c share. */
#ifndef NET_WEBSOCKET_INTERNAL_H
#define NET_WEBSOCKET_INTERNAL_H

#include "net/websocket.h"

#include <pthread.h>
#include <stdatomic.h>
#include <wslay/wslay.h>

struct websocket_message {
    atomic_int references;
    size_t size_bytes;
    unsigned char bytes[]; /* the frame as it goes out: a server's are not masked, so all alike */
};

/* The bytes as they are, without a frame's header. */
struct websocket_message *websocket_message_raw(const void *bytes, size_t size_bytes);
struct websocket_message *websocket_message_keep(struct websocket_message *message);

struct frame {
    struct frame *next;
    struct websocket_message *message;
};

struct websocket {
    struct websocket_hub *hub;
    struct websocket_events events;
    void *context;
    atomic_int references;       /* the thread's, and one by each command */
    atomic_size_t waiting_bytes; /* sent by us, not taken by the system yet */
    atomic_bool is_overfull;     /* to be dropped */

    /* The rest is the thread's own. */
    struct websocket *previous, *next;
    int fd; /* -1: closed */
    void *handle;
    wslay_event_context_ptr protocol;
    char *unread; /* what HTTP had read already */
    size_t unread_bytes, unread_offset;
    size_t budget_bytes; /* that may still be read this time */
    struct frame *first, **last;
    size_t sent_bytes; /* of the first */
    bool waits_for_room, has_answered, is_closing, has_failed;
    double ping_seconds, close_seconds; /* when to ping; when to close in any case */
};

enum command_kind { COMMAND_OPEN, COMMAND_SEND, COMMAND_CLOSE };

struct command {
    struct command *next;
    enum command_kind kind;
    struct websocket *socket;
    struct websocket_message *message; /* of SEND */
    int code;                          /* of CLOSE, with a reason behind it */
    char reason[];
};

struct websocket_hub {
    pthread_t thread;
    int epoll_fd, wake_fd;
    double ping_seconds;
    struct websocket *sockets;
    bool has_said_goodbye;
    _Atomic(struct command *) mailbox; /* newest first */
    atomic_int count;                  /* of open sockets */
    atomic_int held;                   /* sockets that the library wants back */
    atomic_bool is_closing, is_refusing, is_stopping;
    atomic_bool must_look; /* some socket is to be dropped, or all to be closed */
};

/* --- websocket_hub.c ------------------------------------------------------------------------ */

int websocket_hub_count(const struct websocket_hub *hub);
void websocket_hub_wake(struct websocket_hub *hub);
/* Leave a command, which is taken, for a socket. */
void websocket_post(struct websocket *socket, struct command *command);

/* --- websocket.c ---------------------------------------------------------------------------- */

/* A socket that is not open yet; NULL without memory.  It is opened, and at last closed, by
 * websocket_start(), which fits struct http_upgrade. */
struct websocket *websocket_new(struct websocket_hub *hub, const struct websocket_events *events,
                                void *context);
void websocket_start(void *socket, int fd, const char *read, size_t read_bytes, void *handle);
void websocket_release(struct websocket *socket); /* one reference */

/* These are for the thread alone. */
void websocket_open(struct websocket *socket);
void websocket_read(struct websocket *socket);
void websocket_begin_closing(struct websocket *socket, int code, const char *reason);
/* Takes the message, whose cost has been counted. */
void websocket_append_frame(struct websocket *socket, struct websocket_message *message);
/* After anything has happened to a socket: send what there is, see whether it has ended. */
void websocket_settle(struct websocket *socket);
void websocket_finish(struct websocket *socket);

#endif
