/* server_support.c - see server_support.h. */

#include "net/server_support.h"

#include "base/clock.h"
#include "base/error.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* --- the server ----------------------------------------------------------------------------- */

struct upload {
    int64_t count, sum;
};

static void respond_text(struct http_request *request, const char *text)
{
    http_respond(request, 200, "text/plain", text, strlen(text));
}

static void finish_hello(struct net_server *server, struct http_request *request)
{
    (void)server;
    respond_text(request, "hello");
}

static void add_parameter(void *context, const char *name, const char *value)
{
    str_printf(context, "%s=%s;", name, value);
}

static void finish_describe(struct net_server *server, struct http_request *request)
{
    struct str text = STR_INIT;
    const char *header = http_header(request, "x-TEST"), *cookie = http_cookie(request, "session");
    const char *first = http_query(request, "a");

    (void)server;
    str_printf(&text, "%s\n%s\n", http_method(request), http_path(request));
    http_query_each(request, add_parameter, &text);
    str_printf(&text, "\n%s\n%s\n%s\n%s\n", first ? first : "(none)",
               header ? header : "(none)", cookie ? cookie : "(none)", http_address(request));
    respond_text(request, text.text);
    str_release(&text);
}

static void finish_whole(struct net_server *server, struct http_request *request)
{
    size_t size_bytes;
    const char *body = http_body(request, &size_bytes);

    (void)server;
    http_respond(request, 200, "application/octet-stream", body, size_bytes);
}

static void finish_stream(struct net_server *server, struct http_request *request)
{
    const struct upload *upload = http_user(request);

    (void)server;
    respond_text(request, arena_printf(http_arena(request), "%lld %lld", (long long)upload->count,
                                       (long long)upload->sum));
}

static const char *query_or(struct http_request *request, const char *name, const char *fallback)
{
    const char *value = http_query(request, name);

    return value ? value : fallback;
}

static void finish_text(struct net_server *server, struct http_request *request)
{
    size_t count = strtoul(query_or(request, "bytes", "0"), NULL, 10);
    char *text = arena_alloc(http_arena(request), count + 1);
    unsigned state = 12345;

    (void)server;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        text[i] = http_query(request, "random") ? (char)(state >> 24) : (char)('a' + i % 26);
    }
    if (http_query(request, "tag"))
        http_add_header(request, "ETag", http_query(request, "tag"));
    http_respond(request, 200, query_or(request, "type", "text/plain"), text, count);
}

static void finish_file(struct net_server *server, struct http_request *request)
{
    int fd = open(server->file_path, O_RDONLY | O_CLOEXEC);

    CHECK(fd >= 0);
    if (http_query(request, "tag"))
        http_add_header(request, "ETag", http_query(request, "tag"));
    http_respond_file(request, query_or(request, "type", "image/png"), fd,
                      http_query(request, "download"));
}

static void finish_sleep(struct net_server *server, struct http_request *request)
{
    long ms = strtol(query_or(request, "ms", "10"), NULL, 10);
    struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
    int running = atomic_fetch_add(&server->running, 1) + 1, most = server->running_max;

    while (most < running && !atomic_compare_exchange_weak(&server->running_max, &most, running))
        ;
    nanosleep(&time, NULL);
    atomic_fetch_sub(&server->running, 1);
    respond_text(request, "slept");
}

static void finish_silent(struct net_server *server, struct http_request *request)
{
    (void)server, (void)request;
}

static void finish_odd_headers(struct net_server *server, struct http_request *request)
{
    (void)server;
    http_add_header(request, "X-Good", "yes");
    http_add_header(request, "X-Bad", "a\r\nX-Injected: yes");
    http_add_header(request, "X Bad", "space");
    respond_text(request, "ok");
}

static void on_opened(void *context, struct websocket *socket)
{
    struct net_server *server = context;

    atomic_store(&server->last_socket, socket);
    atomic_fetch_add(&server->opened, 1);
}

static void on_message(void *context, struct websocket *socket, const char *text, size_t length)
{
    struct net_server *server = context;

    atomic_fetch_add(&server->messages, 1);
    if (length == 5 && !memcmp(text, "close", 5))
        websocket_close(socket, 4001, "as you like");
    else
        websocket_send(socket, text, length);
}

static void on_closed(void *context, struct websocket *socket)
{
    struct net_server *server = context;

    (void)socket;
    atomic_fetch_add(&server->closed, 1);
}

static void finish_socket(struct net_server *server, struct http_request *request)
{
    static const struct websocket_events events = { on_opened, on_message, on_closed };

    websocket_accept(request, &events, server);
}

static const struct route {
    const char *path;
    struct http_plan plan;
    void (*finish)(struct net_server *server, struct http_request *request);
} routes[] = {
    { "/hello", { HTTP_BODY_NONE }, finish_hello },
    { "/describe", { HTTP_BODY_NONE }, finish_describe },
    { "/whole", { HTTP_BODY_WHOLE, 1000 }, finish_whole },
    { "/stream", { HTTP_BODY_STREAM }, finish_stream },
    { "/stream-limited", { HTTP_BODY_STREAM, 1000 }, finish_stream },
    { "/failing", { HTTP_BODY_STREAM }, finish_stream },
    { "/text", { HTTP_BODY_NONE }, finish_text },
    { "/file", { HTTP_BODY_NONE }, finish_file },
    { "/sleep", { HTTP_BODY_NONE }, finish_sleep },
    { "/sleep-slowly", { HTTP_BODY_NONE, .is_slow = true }, finish_sleep },
    { "/silent", { HTTP_BODY_NONE }, finish_silent },
    { "/odd-headers", { HTTP_BODY_NONE }, finish_odd_headers },
    { "/socket", { HTTP_BODY_NONE }, finish_socket },
};

static const struct route *find_route(const struct http_request *request)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (!strcmp(routes[i].path, http_path(request)))
            return &routes[i];
    }
    return NULL;
}

static void on_begin(void *context, struct http_request *request, struct http_plan *plan)
{
    struct net_server *server = context;
    const struct route *route = find_route(request);

    atomic_fetch_add(&server->begun, 1);
    if (!strcmp(http_path(request), "/refused")) {
        http_respond(request, 401, "text/plain", "who?", 4);
    } else if (!route) {
        http_respond(request, 404, "text/plain", "no such path", 12);
    } else {
        *plan = route->plan;
        http_set_user(request, calloc(1, sizeof(struct upload)));
    }
}

static int on_body(void *context, struct http_request *request, const char *data, size_t size_bytes)
{
    struct net_server *server = context;
    struct upload *upload = http_user(request);

    for (size_t i = 0; i < size_bytes; i++)
        upload->sum += (unsigned char)data[i];
    upload->count += (int64_t)size_bytes;
    atomic_fetch_add(&server->body_bytes, (int64_t)size_bytes);
    if (!strcmp(http_path(request), "/failing") && upload->count > 100000) {
        http_respond(request, 507, "text/plain", "full", 4);
        return -1;
    }
    return 0;
}

static void on_finish(void *context, struct http_request *request)
{
    struct net_server *server = context;

    atomic_fetch_add(&server->finished, 1);
    find_route(request)->finish(server, request);
}

static void on_end(void *context, struct http_request *request)
{
    struct net_server *server = context;

    free(http_user(request));
    atomic_fetch_add(&server->ended, 1);
}

static void on_access(void *context, const struct http_access *access)
{
    struct net_server *server = context;

    atomic_fetch_add(&server->hello_accessed, !strcmp(access->path, "/hello"));
    atomic_store(&server->last_status, access->status);
    atomic_store(&server->last_sent, access->sent_bytes);
    atomic_fetch_add(&server->accessed, 1);
}

void net_server_start(struct net_server *server, const struct http_options *options)
{
    struct http_options all = options ? *options : (struct http_options){ 0 };
    struct error err;

    memset(server, 0, sizeof(*server));
    if (!all.address)
        all.address = "127.0.0.1";
    all.context = server;
    all.begin = on_begin;
    all.body = on_body;
    all.finish = on_finish;
    all.end = on_end;
    all.access = on_access;
    if (!all.io_threads)
        all.io_threads = 2;
    CHECK_OK(http_server_new(&server->http, &all, &err), err);
    server->port = http_server_port(server->http);
    CHECK(server->port > 0);
}

void net_server_stop(struct net_server *server)
{
    http_server_free(server->http);
    server->http = NULL;
    CHECK(server->begun == server->ended);
    CHECK(server->opened == server->closed);
}

bool net_wait(const atomic_int *counter, int value)
{
    double end_seconds = clock_seconds() + 5;
    struct timespec pause = { 0, 1000000 };

    while (atomic_load(counter) != value && clock_seconds() < end_seconds)
        nanosleep(&pause, NULL);
    return atomic_load(counter) == value;
}

/* --- libcurl -------------------------------------------------------------------------------- */

static size_t keep(char *data, size_t size, size_t count, void *context)
{
    str_add_bytes(context, data, size * count);
    return size * count;
}

void net_fetch(const struct net_server *server, const char *method, const char *target,
               const char *const *headers, const void *body, size_t body_bytes,
               struct net_reply *reply)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *list = NULL;
    char url[512];

    memset(reply, 0, sizeof(*reply));
    str_init(&reply->headers);
    str_init(&reply->body);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", server->port, target);
    for (; headers && *headers; headers++)
        list = curl_slist_append(list, *headers);
    list = curl_slist_append(list, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_NOBODY, (long)!strcmp(method, "HEAD"));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply->body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply->headers);
    if (body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_bytes);
    }
    reply->code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
    curl_easy_getinfo(curl, CURLINFO_SIZE_UPLOAD_T, &reply->uploaded_bytes);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
}

void net_reply_release(struct net_reply *reply)
{
    str_release(&reply->headers);
    str_release(&reply->body);
}

const char *net_reply_header(const struct net_reply *reply, const char *name)
{
    static _Thread_local char value[512];
    size_t length = strlen(name);

    for (const char *line = reply->headers.text; line && *line;) {
        const char *end = strstr(line, "\r\n");

        if (!strncasecmp(line, name, length) && line[length] == ':') {
            snprintf(value, sizeof(value), "%.*s", (int)(end - line - (long)length - 2),
                     line + length + 2);
            return value;
        }
        line = end ? end + 2 : NULL;
    }
    return NULL;
}

/* --- bare sockets --------------------------------------------------------------------------- */

int net_connect(const struct net_server *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)server->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval limit = { 10, 0 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
        return fd;
    close(fd);
    return -1;
}

void net_send(int fd, const void *data, size_t size_bytes)
{
    const char *bytes = data;

    while (size_bytes) {
        ssize_t count = send(fd, bytes, size_bytes, MSG_NOSIGNAL);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return; /* the server has closed, which the reply will tell */
        bytes += count;
        size_bytes -= (size_t)count;
    }
}

int net_raw_status(const struct net_server *server, const char *request, size_t size_bytes)
{
    int fd = net_connect(server), status = -1;
    char reply[65536];
    size_t length = 0;
    struct pollfd waiting = { .fd = fd, .events = POLLIN };

    CHECK(fd >= 0);
    net_send(fd, request, size_bytes);
    while (length < 12 && poll(&waiting, 1, 3000) > 0) {
        ssize_t count = recv(fd, reply + length, sizeof(reply) - 1 - length, 0);

        if (count <= 0) {
            status = 0;
            break;
        }
        length += (size_t)count;
    }
    reply[length] = 0;
    if (length >= 12 && !memcmp(reply, "HTTP/1.", 7))
        status = (int)strtol(reply + 9, NULL, 10);
    close(fd);
    return status;
}
