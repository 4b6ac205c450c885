/* http_listen.c - see http_listen.h. */

#include "net/http_listen.h"

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define RETRY_MS 50 /* where there is no descriptor or memory for a connection */

struct http_listener {
    int fd, stop_fd, family, port;
    void (*add)(void *context, int fd, const struct sockaddr *address, socklen_t address_bytes);
    void *context;
    pthread_t thread;
    bool has_started;
};

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int parse_address(const char *text, int port, union any_address *address,
                         socklen_t *size_bytes, struct error *err)
{
    memset(address, 0, sizeof(*address));
    if (port < 0 || port > 65535)
        return FAIL(err, INVALID, "port %d is not between 0 and 65535", port);
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons((uint16_t)port);
        *size_bytes = sizeof(address->v4);
        return 0;
    }
    if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons((uint16_t)port);
        *size_bytes = sizeof(address->v6);
        return 0;
    }
    return FAIL(err, INVALID,
                "'%s' is not an address to listen on; use one like 127.0.0.1, 0.0.0.0 or ::1",
                text);
}

static int open_socket(struct http_listener *listener, const char *text, int port,
                       struct error *err)
{
    union any_address address;
    socklen_t size_bytes = 0;
    int yes = 1, no = 0;

    if (parse_address(text, port, &address, &size_bytes, err))
        return -1;
    listener->family = address.any.sa_family;
    listener->fd = socket(listener->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0)
        return FAIL_ERRNO(err, "cannot open a socket for '%s'", text);
    /* A restart must not wait for the connections of before; "::" stands for IPv4 as well. */
    setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (listener->family == AF_INET6)
        setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
    if (bind(listener->fd, &address.any, size_bytes) || listen(listener->fd, SOMAXCONN) ||
        getsockname(listener->fd, &address.any, &size_bytes))
        return FAIL_ERRNO(err, "cannot listen on '%s' port %d", text, port);
    listener->port =
        ntohs(listener->family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
    return 0;
}

int http_listener_new(struct http_listener **out, const char *address, int port, struct error *err)
{
    struct http_listener *listener = calloc(1, sizeof(*listener));

    *out = NULL;
    if (!listener)
        return FAIL(err, NO_MEMORY, "no memory to listen on '%s'", address);
    listener->fd = -1;
    listener->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (listener->stop_fd < 0)
        FAIL_ERRNO(err, "cannot listen on '%s'", address);
    else if (!open_socket(listener, address, port, err))
        *out = listener;
    if (*out)
        return 0;
    http_listener_free(listener);
    return -1;
}

int http_listener_port(const struct http_listener *listener)
{
    return listener->port;
}

bool http_listener_is_ipv6(const struct http_listener *listener)
{
    return listener->family == AF_INET6;
}

static void take_connection(struct http_listener *listener)
{
    union any_address address;
    socklen_t size_bytes = sizeof(address);
    int fd = accept4(listener->fd, &address.any, &size_bytes, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        listener->add(listener->context, fd, &address.any, size_bytes);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        log_warn("cannot take a connection: %m"); /* the next try is soon enough */
        poll(&(struct pollfd){ .fd = listener->stop_fd, .events = POLLIN }, 1, RETRY_MS);
    } /* else it was given up by the client before we came */
}

static void *run(void *argument)
{
    struct http_listener *listener = argument;
    struct pollfd waiting[] = { { .fd = listener->stop_fd, .events = POLLIN },
                                { .fd = listener->fd, .events = POLLIN } };

    while (!waiting[0].revents) {
        if (poll(waiting, 2, -1) > 0 && waiting[1].revents)
            take_connection(listener);
    }
    return NULL;
}

int http_listener_start(struct http_listener *listener,
                        void (*add)(void *context, int fd, const struct sockaddr *address,
                                    socklen_t address_bytes),
                        void *context, struct error *err)
{
    listener->add = add;
    listener->context = context;
    errno = pthread_create(&listener->thread, NULL, run, listener);
    if (errno)
        return FAIL_ERRNO(err, "cannot start the thread that takes connections");
    listener->has_started = true;
    return 0;
}

void http_listener_stop(struct http_listener *listener)
{
    uint64_t one = 1;

    if (listener->has_started) {
        while (write(listener->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
            ;
        pthread_join(listener->thread, NULL);
    }
    listener->has_started = false;
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}

void http_listener_free(struct http_listener *listener)
{
    if (!listener)
        return;
    http_listener_stop(listener);
    if (listener->stop_fd >= 0)
        close(listener->stop_fd);
    free(listener);
}

void http_format_address(const struct sockaddr *address, char text[64])
{
    const void *bytes = NULL;

    text[0] = 0;
    if (!address)
        return;
    if (address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (bytes && !inet_ntop(address->sa_family, bytes, text, 64))
        text[0] = 0;
    if (str_starts_with(text, "::ffff:") && strchr(text, '.')) /* IPv4 through a socket of "::" */
        memmove(text, text + 7, strlen(text + 7) + 1);
}
