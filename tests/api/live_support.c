/* live_support.c - see live_support.h. */

#include "live_support.h"

#include "app/jobs/jobs.h"
#include "base/error.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_SECONDS 10

static int connect_to(const struct platform *p)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)api_port(p->api)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval limit = { .tv_sec = WAIT_SECONDS };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && !connect(fd, (const struct sockaddr *)&address, sizeof(address)));
    CHECK(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
    return fd;
}

/* false: the other side has closed. */
static bool receive(struct listener *listener, void *out, size_t count)
{
    char *bytes = out;

    while (count) {
        ssize_t got = recv(listener->fd, bytes, count, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            test_fail(__FILE__, __LINE__, "the server is silent");
        if (got <= 0)
            return false;
        bytes += got;
        count -= (size_t)got;
    }
    return true;
}

static void send_all(struct listener *listener, const void *data, size_t count)
{
    CHECK(send(listener->fd, data, count, MSG_NOSIGNAL) == (ssize_t)count);
}

int listener_open(struct listener *listener, const struct platform *p, const char *path,
                  const char *headers)
{
    struct str request = STR_INIT;
    char reply[4096];
    size_t length = 0;

    *listener = (struct listener){ .fd = connect_to(p) };
    str_printf(&request,
               "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\n"
               "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
               path, api_port(p->api), headers ? headers : "");
    send_all(listener, request.text, request.length);
    str_release(&request);
    do
        CHECK(length < sizeof(reply) - 1 && receive(listener, reply + length++, 1));
    while (length < 4 || memcmp(reply + length - 4, "\r\n\r\n", 4));
    return atoi(reply + strlen("HTTP/1.1 "));
}

void listener_close(struct listener *listener)
{
    close(listener->fd);
}

/* Masked with zeros, which is a mask. */
void listener_say(struct listener *listener, const char *text)
{
    size_t length = strlen(text);
    unsigned char header[8] = { 0x81, 0x80 };
    size_t header_bytes = 2;

    CHECK(length < 65536);
    if (length < 126) {
        header[1] |= (unsigned char)length;
    } else {
        header[1] |= 126;
        header[2] = (unsigned char)(length >> 8);
        header[3] = (unsigned char)length;
        header_bytes = 4;
    }
    send_all(listener, header, header_bytes);
    send_all(listener, "\0\0\0\0", 4);
    send_all(listener, text, length);
}

/* The payload of the next frame, in malloc() memory, and its opcode; -1: closed. */
static int next_frame(struct listener *listener, char **payload, size_t *length)
{
    unsigned char header[10];
    int length_bytes;

    if (!receive(listener, header, 2))
        return -1;
    *length = header[1] & 0x7f;
    length_bytes = *length < 126 ? 0 : *length == 126 ? 2 : 8;
    if (length_bytes) {
        CHECK(receive(listener, header + 2, (size_t)length_bytes));
        *length = 0;
        for (int i = 0; i < length_bytes; i++)
            *length = *length << 8 | header[2 + i];
    }
    CHECK(*length < (1 << 20));
    *payload = malloc(*length + 1);
    (*payload)[*length] = 0;
    CHECK(receive(listener, *payload, *length));
    return header[0] & 15;
}

char *listener_text(struct listener *listener)
{
    char *payload;
    size_t length;
    int code;

    while ((code = next_frame(listener, &payload, &length)) >= 0) {
        if (code == 1)
            return payload;
        if (code == 8 && length >= 2)
            listener->close_code = (unsigned char)payload[0] << 8 | (unsigned char)payload[1];
        free(payload);
        if (code == 8)
            return NULL;
    }
    return NULL;
}

json_t *listener_expect(struct listener *listener, const char *type)
{
    char *text = listener_text(listener);
    struct error err;
    json_t *frame;

    if (!text)
        test_fail(__FILE__, __LINE__, "closed with %d before '%s'", listener->close_code, type);
    frame = json_parse(text, strlen(text), "frame", &err);
    if (!frame || strcmp(text_at(frame, "type"), type))
        test_fail(__FILE__, __LINE__, "not '%s': %s", type, text);
    free(text);
    return frame;
}

void listener_expect_silence(struct listener *listener)
{
    listener_say(listener, "{\"type\":\"ping\"}");
    json_decref(listener_expect(listener, "pong"));
}

void listener_expect_close(struct listener *listener, int code)
{
    char *text;

    while ((text = listener_text(listener)))
        free(text);
    if (listener->close_code != code)
        test_fail(__FILE__, __LINE__, "closed with %d, not %d", listener->close_code, code);
}

int raw_request(const struct platform *p, const char *text)
{
    struct listener raw = { .fd = connect_to(p) };

    send_all(&raw, text, strlen(text));
    return raw.fd;
}

const char *raw_answer(int fd, const char *until)
{
    static char answer[8192];
    size_t length = 0;
    ssize_t got;

    do {
        got = recv(fd, answer + length, sizeof(answer) - 1 - length, 0);
        if (got < 0)
            test_fail(__FILE__, __LINE__, "the server is silent");
        length += (size_t)got;
        answer[length] = 0;
    } while (got && !strstr(answer, until));
    return answer;
}

int64_t new_project(const struct platform *p, const char *token)
{
    static int number;
    char body[64];
    json_t *project;
    int64_t id;

    snprintf(body, sizeof(body), "{\"name\":\"watched %d\"}", ++number);
    project = expect(p, 201, "POST", "/api/v1/projects", token, body);
    id = int_at(project, "id");
    json_decref(project);
    return id;
}

int64_t new_job(const struct platform *p, int64_t project_id, int64_t epochs)
{
    struct job wanted = { .project_id = project_id, .framework = "timm", .model_name = "resnet18",
                          .task_type = "image_classification", .dataset_path = "/data",
                          .epochs = epochs, .batch_size = 8, .learning_rate = 0.01 };
    struct arena arena = ARENA_INIT;
    struct error err;
    struct job job;

    CHECK_OK(jobs_add(p->app, &wanted, &arena, &job, &err), err);
    arena_release(&arena);
    return job.id;
}

void report(const struct platform *p, int64_t job_id, const char *event, const char *data)
{
    struct error err;
    bool applied;
    json_t *tree = json_parse(data, strlen(data), "data", &err);

    CHECK(tree);
    CHECK_OK(jobs_apply_event(p->app, job_id, event, 0, 0, tree, &applied, &err), err);
    CHECK(applied);
    json_decref(tree);
}

void tell_status(const struct platform *p, int64_t job_id, const char *old_status)
{
    struct arena arena = ARENA_INIT;
    struct error err;
    struct job job;

    CHECK_OK(jobs_get(p->app, job_id, &arena, &job, &err), err);
    app_tell(p->app, &(struct job_news){ .job = &job, .old_status = old_status });
    arena_release(&arena);
}

void start_job(const struct platform *p, int64_t job_id)
{
    struct job_start start = { 0 };
    struct error err;
    int64_t attempt;

    CHECK_OK(jobs_start(p->app, job_id, &start, &attempt, &err), err);
    tell_status(p, job_id, "pending");
}
