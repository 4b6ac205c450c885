/* http.h - an HTTP/1.1 server: requests in, responses out.
 *
 * Thin over libmicrohttpd, which is known to http_server.c alone, so that it can be replaced.  What
 * a path means, who may call it and what a body holds is the business of api/.
 *
 * Life of a request
 *   begin    The headers are there, the body is not.  Runs on an I/O thread: no waiting, and no
 *            more database than a lookup.  It may respond at once, for 401, 404 or 413, and then
 *            nothing of the body is read; or say what is to happen to the body.
 *   body     HTTP_BODY_STREAM only: the next piece.  Runs on an I/O thread; writing to a file is
 *            what it is for.  A failure has responded; the rest of the body is dropped first.
 *   finish   Everything is there: HTTP_BODY_WHOLE has it in memory, up to the limit that begin
 *            gave (more is 413).  Runs on a worker thread and may wait.  It must respond or
 *            upgrade, or defer the response.  What computes or waits for long is to say so in its
 *            plan: it has workers of its own, so that quick requests never queue behind it.
 *   end      The last call, made once for each begin, also when the client went away: free `user`.
 *            Runs on an I/O thread, after the response has been sent.
 * Calls for one request never overlap; those for different ones do.
 *
 * Responses   One per request.  HEAD is http_method() "HEAD" and answered like GET; the server
 *             leaves the body out.  Files are sent by the kernel and honour Range (one range; 206,
 *             416), If-None-Match and If-Range.  Text of more than a kilobyte from memory is
 *             compressed where the client takes gzip, and a 200 from memory honours If-None-Match
 *             when the handler has added an ETag.
 * Strictness  A message that two parsers could read differently is refused with 400: two
 *             Content-Length, Content-Length with Transfer-Encoding, another Transfer-Encoding than
 *             chunked, not exactly one Host.  Paths come decoded once; a NUL or control character,
 *             what is not UTF-8, and a segment ".." are 400.  An escaped slash does become one.
 *             Path and query have at most 8 kB (414), all headers some 60 kB (431).
 * Ownership   A request is lent to the calls above and dies after end.  Texts that it gives live
 *             as long as it.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct http_request;
struct http_server;

enum http_body { HTTP_BODY_NONE /* a body is dropped */, HTTP_BODY_WHOLE, HTTP_BODY_STREAM };

struct http_plan {
    enum http_body body;
    size_t limit_bytes; /* of HTTP_BODY_WHOLE; of a stream, 0: none */
    bool is_slow;       /* `finish` may take longer than a look into the database */
};

/* What became of a request; refused ones are told as well, their path as "-" if it was the reason.
 * request_id is the client's X-Request-Id where that is sane (1 to 64 of A-Z a-z 0-9 - _ .), else a
 * new one; it is sent back in the response. */
struct http_access {
    const char *method, *path, *address, *request_id;
    const struct http_request *request; /* for what the handler left there */
    int status;                         /* 0: the client went away before the end */
    int64_t sent_bytes, received_bytes; /* of the bodies */
    double seconds;
};

struct http_options {
    const char *address; /* "127.0.0.1", "::1", "0.0.0.0" */
    int port;            /* 0: any that is free; http_server_port() tells */
    int io_threads;      /* 0: 2 */
    int workers;         /* 0: twice the cores, at least 4 */
    int slow_workers;    /* for slow plans; 0: 8 */
    int connection_limit, connections_per_address; /* 0: 4096, no limit */
    int idle_seconds;           /* a connection without traffic is closed; 0: 75 */
    int body_idle_seconds;      /* the same within a body, of which any byte counts; 0: 30 */
    double socket_ping_seconds; /* websocket.h; 0: SOCKET_PING_SECONDS */

    void *context; /* given to all of these */
    void (*begin)(void *context, struct http_request *request, struct http_plan *plan);
    int (*body)(void *context, struct http_request *request, const char *data, size_t size_bytes);
    void (*finish)(void *context, struct http_request *request);
    void (*end)(void *context, struct http_request *request);
    void (*access)(void *context, const struct http_access *access); /* before end; may be NULL */
};

int http_server_new(struct http_server **out, const struct http_options *options,
                    struct error *err);
int http_server_port(const struct http_server *server);

/* Stop: take no new connections, close all WebSockets with 1001, answer new requests of old
 * connections with 503, let running requests end, at most so long, then close all.  A handler that
 * runs by then is waited for nevertheless, as a thread cannot be stopped; requests that still
 * wait for a worker are answered with 503.  Call from none of the server's own threads. */
void http_server_drain(struct http_server *server, double seconds);
void http_server_free(struct http_server *server); /* NULL is fine */

/* --- the request ---------------------------------------------------------------------------- */

const char *http_method(const struct http_request *request);
const char *http_path(const struct http_request *request); /* decoded, without the query */
/* A parameter of the query, decoded; the first of that name; NULL: absent. */
const char *http_query(const struct http_request *request, const char *name);
const char *http_header(const struct http_request *request, const char *name); /* NULL: absent */
const char *http_cookie(const struct http_request *request, const char *name); /* NULL: absent */
const char *http_address(const struct http_request *request);                  /* of the client */
const char *http_body(const struct http_request *request, size_t *size_bytes); /* BODY_WHOLE */

/* Call with every parameter of the query. */
void http_query_each(const struct http_request *request,
                     void (*each)(void *context, const char *name, const char *value),
                     void *context);

struct arena *http_arena(struct http_request *request); /* for what lives as long as it */

/* The handler's own; NULL to begin with. */
void http_set_user(struct http_request *request, void *user);
void *http_user(const struct http_request *request);

/* --- the response --------------------------------------------------------------------------- */

/* Before responding; the value must have no line break (else it is left out and logged). */
void http_add_header(struct http_request *request, const char *name, const char *value);

/* Copies the data.  type: "application/json"; NULL: no body, for 204. */
void http_respond(struct http_request *request, int status, const char *type, const void *data,
                  size_t size_bytes);

/* The open file, which the server closes; size and time make the ETag unless one is set.
 * download: the name that the browser saves it under, or NULL. */
void http_respond_file(struct http_request *request, const char *type, int fd,
                       const char *download);

bool http_has_responded(const struct http_request *request);

/* In `finish`, instead of a response: it comes later, from any thread, which responds and then
 * calls http_resume().  Until then the request lives, whether its client does or not; before the
 * server is drained all must have been resumed. */
void http_defer(struct http_request *request);
void http_resume(struct http_request *request); /* the request dies any time after it */

#endif
