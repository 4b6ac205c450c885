/* http_linger.c - see http_linger.h.  Descriptors come through a pipe. */

#include "net/http_linger.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS 250
#define READ_BYTES 65536

struct http_linger {
    pthread_t thread;
    int pipe[2]; /* to read from, to write to */
    int count;
    struct pollfd waiting[1 + LINGER_LIMIT]; /* the pipe, then the connections */
    double end_seconds[1 + LINGER_LIMIT];
    char dropped[READ_BYTES];
};

static void take(struct http_linger *linger, int fd)
{
    if (linger->count == LINGER_LIMIT) {
        close(fd);
        return;
    }
    linger->count++;
    linger->waiting[linger->count] = (struct pollfd){ .fd = fd, .events = POLLIN };
    linger->end_seconds[linger->count] = clock_seconds() + LINGER_SECONDS;
}

static bool has_ended(struct http_linger *linger, int i)
{
    ssize_t count = -1;

    if (clock_seconds() >= linger->end_seconds[i])
        return true;
    if (!linger->waiting[i].revents)
        return false;
    count = recv(linger->waiting[i].fd, linger->dropped, READ_BYTES, MSG_DONTWAIT);
    return !count || (count < 0 && errno != EAGAIN && errno != EINTR);
}

static void *run(void *argument)
{
    struct http_linger *linger = argument;
    ssize_t size_bytes = 1;

    while (size_bytes) { /* 0: the other end of the pipe is closed */
        int fd;

        poll(linger->waiting, (nfds_t)(1 + linger->count), linger->count ? TICK_MS : -1);
        for (int i = linger->count; i >= 1; i--) {
            if (!has_ended(linger, i))
                continue;
            close(linger->waiting[i].fd);
            linger->waiting[i] = linger->waiting[linger->count];
            linger->end_seconds[i] = linger->end_seconds[linger->count];
            linger->count--;
        }
        while ((size_bytes = read(linger->pipe[0], &fd, sizeof(fd))) == sizeof(fd))
            take(linger, fd);
    }
    while (linger->count)
        close(linger->waiting[linger->count--].fd);
    return NULL;
}

int http_linger_new(struct http_linger **out, struct error *err)
{
    struct http_linger *linger = calloc(1, sizeof(*linger));

    *out = NULL;
    if (!linger)
        return FAIL(err, NO_MEMORY, "no memory for the thread that closes connections");
    linger->pipe[0] = linger->pipe[1] = -1;
    if (!pipe2(linger->pipe, O_CLOEXEC | O_NONBLOCK)) {
        linger->waiting[0] = (struct pollfd){ .fd = linger->pipe[0], .events = POLLIN };
        errno = pthread_create(&linger->thread, NULL, run, linger);
        if (!errno) {
            *out = linger;
            return 0;
        }
    }
    FAIL_ERRNO(err, "cannot start the thread that closes connections");
    close(linger->pipe[0]);
    close(linger->pipe[1]);
    free(linger);
    return -1;
}

void http_linger_add(struct http_linger *linger, int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (copy < 0)
        return;
    shutdown(copy, SHUT_WR);
    if (write(linger->pipe[1], &copy, sizeof(copy)) != sizeof(copy))
        close(copy);
}

void http_linger_free(struct http_linger *linger)
{
    if (!linger)
        return;
    close(linger->pipe[1]);
    pthread_join(linger->thread, NULL);
    close(linger->pipe[0]);
    free(linger);
}
