/* http_server.c - see http.h.  The only file that knows libmicrohttpd.
 *
 * The library's threads do the input and output; they must never wait, so a request that is
 * complete is suspended there, run by a worker, and resumed to be answered.  A worker touches
 * nothing of the library but the call that resumes. */

#include "net/http_linger.h"
#include "net/http_listen.h"
#include "net/net_internal.h"
#include "net/worker_pool.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The speed of uploads depends on it, and upgraded connections keep it: 64 kB is the compromise. */
#define CONNECTION_MEMORY_BYTES ((size_t)64 << 10)
/* What is read and dropped of a body whose answer is known.  The library cannot answer within a
 * body, and a client that is cut off sees no answer. */
#define DISCARD_LIMIT_BYTES ((int64_t)64 << 20)
#define POLL_NANOSECONDS 2000000 /* while stopping */
#define ARRIVAL_SECONDS 1.0      /* takes a moment, if the library has memory for it */

struct http_server {
    struct http_options options;
    struct MHD_Daemon *daemon;
    struct worker_pool *workers, *slow_workers;
    struct websocket_hub *websockets;
    struct http_linger *linger;
    struct http_listener *listener;
    bool has_stopped;
    atomic_int arriving;      /* connections that the library has not taken up yet */
    atomic_int active;        /* requests that have begun and not ended */
    atomic_bool is_draining;  /* requests that begin are refused */
    atomic_bool is_abandoned; /* the time is over: queued requests are refused too */
};

struct websocket_hub *http_websockets(const struct http_server *server)
{
    return server->websockets;
}

void http_upgrade_close(void *handle)
{
    MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

static void log_library(void *context, const char *format, va_list list)
{
    char text[512];
    size_t length;

    (void)context;
    vsnprintf(text, sizeof(text), format, list);
    length = strcspn(text, "\r\n");
    text[length] = 0;
    log_debug("http: %s", text);
}

/* --- sending -------------------------------------------------------------------------------- */

static void on_upgrade(void *context, struct MHD_Connection *connection, void *request_pointer,
                       const char *read, size_t read_bytes, MHD_socket fd,
                       struct MHD_UpgradeResponseHandle *handle);

static struct MHD_Response *make_response(struct http_request *request)
{
    static char nothing[1];
    struct http_response *from = &request->response;
    struct MHD_Response *response;

    if (request->upgrade.start)
        return MHD_create_response_for_upgrade(on_upgrade, request);
    if (from->fd >= 0 && from->size_bytes) {
        response = MHD_create_response_from_fd_at_offset64((uint64_t)from->size_bytes, from->fd,
                                                           (uint64_t)from->offset);
        if (response)
            from->fd = -1; /* the library's now */
        return response;
    }
    if (!from->data || !from->size_bytes)
        return MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    response = MHD_create_response_from_buffer((size_t)from->size_bytes, from->data,
                                               MHD_RESPMEM_MUST_FREE);
    if (response)
        from->data = NULL;
    return response;
}

static enum MHD_Result send_response(struct http_request *request)
{
    const struct http_response *from = &request->response;
    struct MHD_Response *response = make_response(request);
    enum MHD_Result result = MHD_YES;

    if (!response) {
        log_error("no memory for a response");
        return MHD_NO;
    }
    for (int i = 0; i < from->header_count && result == MHD_YES; i++)
        result = MHD_add_response_header(response, from->headers[i].name, from->headers[i].value);
    if (result == MHD_YES)
        result = MHD_add_response_header(response, "X-Request-Id", request->id);
    if (result == MHD_YES && !request->upgrade.start &&
        (request->must_close || atomic_load(&request->server->is_draining)))
        result = MHD_add_response_header(response, "Connection", "close");
    if (result == MHD_YES)
        result = MHD_queue_response(request->connection, (unsigned)from->status, response);
    MHD_destroy_response(response);
    return result;
}

/* --- the life of a request ------------------------------------------------------------------ */

/* The library is about to take the request line apart: the last time that it is seen whole. */
static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct http_request *request = calloc(1, sizeof(*request));
    size_t length = strlen(target);

    if (!request)
        return NULL;
    request->server = context;
    request->connection = connection;
    request->response.fd = -1;
    request->start_seconds = clock_seconds();
    request->target = arena_strndup(&request->arena, target,
                                    length > HTTP_TARGET_LIMIT ? HTTP_TARGET_LIMIT + 1 : length);
    request->target_end = (uintptr_t)(target + length);
    return request;
}

struct header_list {
    struct http_request *request;
    bool is_broken; /* a NUL hides a part, or a line is folded */
};

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind, const char *name,
                                  size_t name_length, const char *value, size_t value_length)
{
    struct header_list *list = context;
    struct http_pairs *headers = &list->request->headers;
    struct arena *arena = &list->request->arena;

    (void)kind;
    if (strlen(name) != name_length ||
        (value && (strlen(value) != value_length || http_is_folded(name + name_length + 1, value))))
        list->is_broken = true;
    headers->items[headers->count++] = (struct http_pair){
        arena_strdup(arena, name),
        value ? arena_strdup(arena, value) : "",
    };
    return MHD_YES;
}

/* Copies what a request has from the library.  Returns 0, or the status to refuse with. */
static int read_request(struct http_request *request, const char *method, const char *version)
{
    struct http_pairs *headers = &request->headers;
    struct header_list list = { request, false };
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    int count = MHD_get_connection_values(request->connection, MHD_HEADER_KIND, NULL, NULL), status;
    const char *length;

    request->method = arena_strdup(&request->arena, method);
    headers->items = ARENA_ARRAY(&request->arena, struct http_pair, count + 1);
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, add_header, &list);
    http_format_address(address ? address->client_addr : NULL, request->address);
    http_request_choose_id(request);
    length = http_header(request, "Content-Length");
    request->has_body =
        http_header(request, "Transfer-Encoding") || (length && strcmp(length, "0"));

    /* The version follows the target in the library's buffer, unless a NUL hides a part of it. */
    if (list.is_broken || (uintptr_t)version != request->target_end + 1)
        return 400;
    request->is_http_1_0 = !strcmp(version, MHD_HTTP_VERSION_1_0);
    status = http_request_check(request);
    return status ? status : http_request_parse(request);
}

/* What the plan does not allow is refused before any of it is read, where its size is known. */
static bool is_within_plan(const struct http_request *request)
{
    const char *text = http_header(request, "Content-Length");
    int64_t limit_bytes = (int64_t)request->plan.limit_bytes;

    if (request->plan.body == HTTP_BODY_NONE)
        limit_bytes = DISCARD_LIMIT_BYTES;
    if (!text || (request->plan.body == HTTP_BODY_STREAM && !limit_bytes))
        return true;
    return strtoll(text, NULL, 10) <= limit_bytes;
}

/* Who stops within a body holds a file or memory; who is silent between requests only a socket. */
static void set_idle_seconds(struct http_request *request, int seconds)
{
    if (request->has_body)
        MHD_set_connection_option(request->connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                  (unsigned)seconds);
}

static enum MHD_Result begin_request(struct http_request *request, const char *method,
                                     const char *version)
{
    struct http_server *server = request->server;
    int status = read_request(request, method, version);

    atomic_fetch_add(&server->active, 1);
    if (!status && atomic_load(&server->is_draining))
        status = 503;
    if (status) {
        request->must_close = true;
        http_respond_status(request, status);
        return send_response(request);
    }
    request->has_begun = true;
    set_idle_seconds(request, server->options.body_idle_seconds);
    server->options.begin(server->options.context, request, &request->plan);
    if (!http_has_responded(request) && !is_within_plan(request))
        http_respond_status(request, 413);
    /* An answer at this point closes the connection, which is meant for unread bodies only. */
    return http_has_responded(request) && request->has_body ? send_response(request) : MHD_YES;
}

static void free_body(struct http_request *request)
{
    free(request->body);
    request->body = NULL;
    request->body_bytes = request->body_capacity = 0;
}

static int keep_body(struct http_request *request, const char *data, size_t size_bytes)
{
    size_t needed_bytes = request->body_bytes + size_bytes + 1;

    if (needed_bytes > request->body_capacity) {
        size_t capacity = 2 * request->body_capacity;
        char *body;

        if (capacity < needed_bytes)
            capacity = needed_bytes;
        body = realloc(request->body, capacity);
        if (!body)
            return 503;
        request->body = body;
        request->body_capacity = capacity;
    }
    memcpy(request->body + request->body_bytes, data, size_bytes);
    request->body_bytes += size_bytes;
    request->body[request->body_bytes] = 0;
    return 0;
}

static void read_body(struct http_request *request, const char *data, size_t size_bytes)
{
    const struct http_options *options = &request->server->options;
    size_t limit_bytes = request->plan.limit_bytes;
    int status = 0;

    if (request->plan.body == HTTP_BODY_NONE)
        return;
    if ((limit_bytes || request->plan.body == HTTP_BODY_WHOLE) &&
        request->received_bytes > (int64_t)limit_bytes)
        status = 413;
    else if (request->plan.body == HTTP_BODY_WHOLE)
        status = keep_body(request, data, size_bytes);
    else if (options->body(options->context, request, data, size_bytes) &&
             !http_has_responded(request))
        status = 500;
    if (status) {
        free_body(request);
        http_respond_status(request, status);
    }
}

static enum MHD_Result continue_body(struct http_request *request, const char *data,
                                     size_t *size_bytes)
{
    bool is_unwanted = http_has_responded(request) || request->plan.body == HTTP_BODY_NONE;

    request->received_bytes += (int64_t)*size_bytes;
    if (is_unwanted) {
        request->discarded_bytes += (int64_t)*size_bytes;
        if (request->discarded_bytes > DISCARD_LIMIT_BYTES)
            return MHD_NO;
    } else {
        read_body(request, data, *size_bytes);
    }
    *size_bytes = 0;
    return MHD_YES;
}

static void run_request(void *context, void *item)
{
    struct http_server *server = context;
    struct http_request *request = item;

    if (atomic_load(&server->is_abandoned)) {
        http_respond_status(request, 503);
    } else {
        server->options.finish(server->options.context, request);
        if (atomic_load(&request->holders) && atomic_fetch_sub(&request->holders, 1) > 1)
            return; /* the response is for later */
        if (!http_has_responded(request)) {
            log_error("request %s was not answered: %s %s", request->id, request->method,
                      request->path);
            http_respond_status(request, 500);
        }
    }
    MHD_resume_connection(request->connection); /* from here on it is the I/O thread's */
}

void http_defer(struct http_request *request)
{
    atomic_store(&request->holders, 2);
}

/* While the worker has not left the request, it is the worker that resumes it. */
void http_resume(struct http_request *request)
{
    if (atomic_fetch_sub(&request->holders, 1) == 1)
        MHD_resume_connection(request->connection);
}

static enum MHD_Result complete_request(struct http_request *request)
{
    struct http_server *server = request->server;

    request->is_complete = true;
    set_idle_seconds(request, server->options.idle_seconds);
    if (http_has_responded(request))
        return send_response(request);
    MHD_suspend_connection(request->connection);
    if (!worker_pool_put(request->plan.is_slow ? server->slow_workers : server->workers, request)) {
        http_respond_status(request, 503);
        MHD_resume_connection(request->connection);
    }
    return MHD_YES;
}

static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *size_bytes, void **request_pointer)
{
    struct http_request *request = *request_pointer;

    (void)context, (void)connection, (void)url;
    if (!request)
        return MHD_NO; /* no memory */
    if (!request->method)
        return begin_request(request, method, version);
    if (*size_bytes)
        return continue_body(request, data, size_bytes);
    return complete_request(request);
}

static void end_request(struct http_request *request, bool was_sent)
{
    struct http_server *server = request->server;
    const struct http_options *options = &server->options;

    if (request->method && options->access) {
        struct http_access access = {
            .request = request,
            .method = request->method,
            .path = request->path ? request->path : "-",
            .address = request->address,
            .request_id = request->id,
            .status = was_sent ? request->response.status : 0,
            .received_bytes = request->received_bytes,
            .seconds = clock_seconds() - request->start_seconds,
        };

        if (was_sent && strcmp(request->method, "HEAD"))
            access.sent_bytes = request->response.size_bytes;
        options->access(options->context, &access);
    }
    if (request->has_begun)
        options->end(options->context, request);
    http_response_release(request);
    free_body(request);
    arena_release(&request->arena);
    if (request->method)
        atomic_fetch_sub(&server->active, 1);
    request->has_ended = true;
}

/* The client may be sending still: it must get the answer nevertheless. */
static void linger(struct http_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (info)
        http_linger_add(request->server->linger, info->connect_fd);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_pointer,
                         enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *request_pointer;
    struct http_upgrade upgrade;

    (void)context, (void)connection;
    if (!request)
        return;
    upgrade = request->upgrade;
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK && request->has_body && !request->is_complete)
        linger(request);
    if (!request->has_ended)
        end_request(request, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    if (upgrade.start)
        upgrade.start(upgrade.context, -1, NULL, 0, NULL);
    free(request);
    *request_pointer = NULL;
}

/* The request ends here; its empty shell stays until the library has let the connection go. */
static void on_upgrade(void *context, struct MHD_Connection *connection, void *request_pointer,
                       const char *read, size_t read_bytes, MHD_socket fd,
                       struct MHD_UpgradeResponseHandle *handle)
{
    struct http_request *request = context;
    struct http_upgrade upgrade = request->upgrade;
    int yes = 1;

    (void)connection, (void)request_pointer;
    request->upgrade.start = NULL;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    end_request(request, true);
    upgrade.start(upgrade.context, fd, read, read_bytes, handle);
}

/* --- the server ----------------------------------------------------------------------------- */

static void set_defaults(struct http_options *options)
{
    if (!options->io_threads)
        options->io_threads = 2;
    if (!options->workers) {
        options->workers = 2 * (int)sysconf(_SC_NPROCESSORS_ONLN);
        if (options->workers < 4)
            options->workers = 4;
    }
    if (!options->slow_workers)
        options->slow_workers = 8;
    if (!options->connection_limit)
        options->connection_limit = 4096;
    if (!options->idle_seconds)
        options->idle_seconds = 75;
    if (!options->body_idle_seconds)
        options->body_idle_seconds = 30;
}

static void on_connection(void *context, int fd, const struct sockaddr *address,
                          socklen_t address_bytes)
{
    struct http_server *server = context;

    atomic_fetch_add(&server->arriving, 1);
    if (MHD_add_connection(server->daemon, fd, address, address_bytes) == MHD_YES)
        return;
    atomic_fetch_sub(&server->arriving, 1);
    log_debug("http: too many connections"); /* the library has closed it */
}

static void on_connection_change(void *context, struct MHD_Connection *connection, void **user,
                                 enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;

    (void)connection, (void)user;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        atomic_fetch_sub(&server->arriving, 1);
}

static int start_daemon(struct http_server *server, struct error *err)
{
    const struct http_options *options = &server->options;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE |
                     MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG;

    if (http_listener_is_ipv6(server->listener))
        flags |= MHD_USE_IPv6;
    /* clang-format off */
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, server, /* the logger must come first */
        MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned)options->io_threads,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->connection_limit,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)options->connections_per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)options->idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection_change, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    /* clang-format on */
    if (!server->daemon)
        return FAIL(err, UNAVAILABLE, "cannot start the threads of the HTTP server");
    return 0;
}

int http_server_new(struct http_server **out, const struct http_options *options, struct error *err)
{
    struct http_server *server = calloc(1, sizeof(*server));
    int capacity;

    *out = NULL;
    if (!server)
        return FAIL(err, NO_MEMORY, "no memory for the HTTP server");
    server->options = *options;
    set_defaults(&server->options);
    capacity = server->options.connection_limit + server->options.io_threads;
    /* As many places as there can be requests, so that the I/O threads never wait for one. */
    if (http_linger_new(&server->linger, err) ||
        websocket_hub_new(&server->websockets, server->options.socket_ping_seconds, err) ||
        worker_pool_new(&server->workers, server->options.workers, capacity, run_request, server,
                        err) ||
        worker_pool_new(&server->slow_workers, server->options.slow_workers, capacity, run_request,
                        server, err) ||
        http_listener_new(&server->listener, options->address, options->port, err) ||
        start_daemon(server, err) ||
        http_listener_start(server->listener, on_connection, server, err)) {
        http_server_free(server);
        return -1;
    }
    *out = server;
    return 0;
}

int http_server_port(const struct http_server *server)
{
    return http_listener_port(server->listener);
}

static void wait_for_none(const atomic_int *count, double seconds)
{
    const struct timespec pause = { 0, POLL_NANOSECONDS };
    double end_seconds = clock_seconds() + seconds;

    while (atomic_load(count) && clock_seconds() < end_seconds)
        nanosleep(&pause, NULL);
}

/* In this order: the library must not be stopped while a connection is on its way to its threads
 * or suspended, or while one of its sockets is elsewhere; and it gives sockets away until it is
 * stopped. */
void http_server_drain(struct http_server *server, double seconds)
{
    if (server->has_stopped)
        return;
    server->has_stopped = true;
    atomic_store(&server->is_draining, true);
    if (server->listener)
        http_listener_stop(server->listener);
    wait_for_none(&server->arriving, ARRIVAL_SECONDS);
    if (server->websockets)
        websocket_hub_close(server->websockets);
    wait_for_none(&server->active, seconds);
    atomic_store(&server->is_abandoned, true);
    if (server->workers)
        worker_pool_close(server->workers);
    if (server->slow_workers)
        worker_pool_close(server->slow_workers);
    if (server->websockets)
        websocket_hub_drain(server->websockets);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    server->daemon = NULL;
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    http_server_drain(server, 0);
    websocket_hub_free(server->websockets);
    worker_pool_free(server->workers);
    worker_pool_free(server->slow_workers);
    http_linger_free(server->linger);
    http_listener_free(server->listener);
    free(server);
}
