/* watchers.c - many WebSockets on one job: how long until all have an event, and what they cost.
 *
 *     watchers PORT PID JOB_ID TOKEN SECRET COUNT EVENTS
 *
 * Opens COUNT sockets one after the other, waits until each has been told the job's status, then
 * reports EVENTS epochs to the server PID at PORT and reads until every socket has each.  Times are
 * from before the report is sent.  Run by watchers.sh. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 100
#define BUFFER_BYTES 16384

struct watcher {
    int fd, progress_count;
    size_t length;
    bool has_status;
    char *bytes; /* what has come of a frame */
};

static int port;

static void fail(const char *what)
{
    fprintf(stderr, "watchers: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static long resident_kb(const char *pid)
{
    char path[64], line[256];
    long kb = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%s/status", pid);
    file = fopen(path, "r");
    if (!file)
        fail(path);
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "VmRSS: %ld", &kb) == 1)
            break;
    fclose(file);
    return kb;
}

static int connect_to_server(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
        fail("cannot connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return fd;
}

/* Sends a request and reads its headers, and of the body what came with them. */
static void ask(int fd, const char *request, char *answer, const char *status)
{
    size_t length = 0;

    if (write(fd, request, strlen(request)) != (ssize_t)strlen(request))
        fail("cannot send");
    do {
        ssize_t got = read(fd, answer + length, 1);

        if (got <= 0 || ++length == BUFFER_BYTES - 1)
            fail("no answer");
        answer[length] = 0;
    } while (length < 4 || strcmp(answer + length - 4, "\r\n\r\n"));
    if (!strstr(answer, status)) {
        fprintf(stderr, "watchers: the server answered: %s\n", answer);
        exit(1);
    }
}

static void open_watcher(struct watcher *w, const char *job, const char *token, int epoll_fd)
{
    char request[2048], answer[BUFFER_BYTES];
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = w };

    *w = (struct watcher){ .fd = connect_to_server(), .bytes = malloc(BUFFER_BYTES) };
    snprintf(request, sizeof(request),
             "GET /ws/training/%s?token=%s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
             "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", job, token);
    ask(w->fd, request, answer, " 101 ");
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, w->fd, &event))
        fail("epoll");
}

/* The frames that are whole; the server's are not masked. */
static void take_frames(struct watcher *w)
{
    size_t at = 0;

    for (;;) {
        const unsigned char *frame = (const unsigned char *)w->bytes + at;
        size_t left = w->length - at, header = 2, length = left >= 2 ? frame[1] : 0;

        if (left < 4)
            break;
        if (length == 126) {
            header = 4;
            length = (size_t)frame[2] << 8 | frame[3];
        }
        if (left < header + length)
            break;
        if (memmem(frame + header, length, "\"type\":\"training_progress\"", 26))
            w->progress_count++;
        else if (memmem(frame + header, length, "\"type\":\"training_status_change\"", 31))
            w->has_status = true;
        at += header + length;
    }
    memmove(w->bytes, w->bytes + at, w->length - at);
    w->length -= at;
}

static void read_some(struct watcher *w)
{
    ssize_t got = recv(w->fd, w->bytes + w->length, BUFFER_BYTES - w->length, MSG_DONTWAIT);

    if (!got)
        fail("a socket was closed");
    if (got > 0) {
        w->length += (size_t)got;
        take_frames(w);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void report_epoch(int fd, const char *job, const char *secret, int epoch)
{
    char body[256], request[1024], answer[BUFFER_BYTES];
    int length = snprintf(body, sizeof(body),
                          "{\"job_id\":%s,\"event\":\"epoch_complete\",\"data\":{\"epoch\":%d,"
                          "\"loss\":0.5,\"accuracy\":0.75,\"learning_rate\":0.001,"
                          "\"extra_metrics\":{\"val_loss\":0.6,\"precision\":0.7}}}", job, epoch);

    snprintf(request, sizeof(request),
             "POST /api/v1/internal/training/callback HTTP/1.1\r\nHost: localhost\r\n"
             "X-Internal-Auth: %s\r\nContent-Type: application/json\r\n"
             "Content-Length: %d\r\n\r\n%s",
             secret, length, body);
    ask(fd, request, answer, " 200 ");
    length = atoi(strstr(answer, "Content-Length: ") + 16);
    while (length > 0) {
        ssize_t got = read(fd, answer, (size_t)length);

        if (got <= 0)
            fail("no answer");
        length -= (int)got;
    }
}

/* Wait until all have been told the status. */
static void wait_for_all(int epoll_fd, int count)
{
    struct epoll_event found[256];
    int ready = 0;

    while (ready < count) {
        int got = epoll_wait(epoll_fd, found, 256, 10000);

        if (got <= 0)
            fail("not all were told the status");
        for (int i = 0; i < got; i++) {
            struct watcher *w = found[i].data.ptr;
            bool had = w->has_status;

            read_some(w);
            ready += w->has_status && !had;
        }
    }
}

/* Read until all have one more epoch, and add each one's time since `begun`. */
static double *wait_for_epoch(int epoll_fd, int count, double begun, double *delays)
{
    struct epoll_event found[256];

    while (count) {
        int got = epoll_wait(epoll_fd, found, 256, 10000);
        double now = now_seconds();

        if (got <= 0)
            fail("not all were told an epoch");
        for (int i = 0; i < got; i++) {
            struct watcher *w = found[i].data.ptr;
            int had = w->progress_count;

            read_some(w);
            if (w->progress_count > had) {
                *delays++ = now - begun;
                count--;
            }
        }
    }
    return delays;
}

int main(int argc, char **argv)
{
    int count = argc == 8 ? atoi(argv[6]) : 0, events = argc == 8 ? atoi(argv[7]) : 0;
    int epoll_fd = epoll_create1(0), reporter;
    struct watcher *watchers = calloc((size_t)count + 1, sizeof(*watchers));
    double *delays = calloc((size_t)count * (size_t)events + 1, sizeof(double)), *end = delays;
    long before_kb, more_kb, all = (long)count * events;
    double begun;

    if (count < 1 || events < 1) {
        fprintf(stderr, "usage: watchers PORT PID JOB_ID TOKEN SECRET COUNT EVENTS\n");
        return 2;
    }
    port = atoi(argv[1]);
    reporter = connect_to_server();
    before_kb = resident_kb(argv[2]);
    begun = now_seconds();
    for (int i = 0; i < count; i++)
        open_watcher(&watchers[i], argv[3], argv[4], epoll_fd);
    wait_for_all(epoll_fd, count);
    printf("%d watchers ready after %.2f s\n", count, now_seconds() - begun);
    for (int epoch = 1; epoch <= events; epoch++) {
        begun = now_seconds();
        report_epoch(reporter, argv[3], argv[5], epoch);
        end = wait_for_epoch(epoll_fd, count, begun, end);
        usleep(PAUSE_MS * 1000);
    }
    more_kb = resident_kb(argv[2]) - before_kb;
    qsort(delays, (size_t)all, sizeof(double), compare);
    printf("%d events to %d watchers: p50 %.1f ms, p99 %.1f ms, max %.1f ms\n", events, count,
           1e3 * delays[all / 2], 1e3 * delays[all * 99 / 100], 1e3 * delays[all - 1]);
    printf("memory of the server: %.1f MB before, %.1f MB more (%.1f kB each)\n",
           (double)before_kb / 1024, (double)more_kb / 1024, (double)more_kb / count);
    return 0;
}
