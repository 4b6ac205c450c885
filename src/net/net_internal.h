/* net_internal.h - what the files of this folder share.  No other folder includes it. */
#ifndef NET_NET_INTERNAL_H
#define NET_NET_INTERNAL_H

#include "net/http.h"

#include "base/str.h"

#include <stdatomic.h>

#define HTTP_TARGET_LIMIT                                                                          \
    ((size_t)8 << 10) /* of the request line's path and query; more is 414                         \
                       */

struct http_pair {
    const char *name, *value;
};

struct http_pairs {
    struct http_pair *items; /* in the request's arena */
    int count;
};

/* A connection that becomes something else.  `start` is called once, on an I/O thread: with the
 * socket and what was already read of it, or with fd -1 when the client is gone. */
struct http_upgrade {
    void (*start)(void *context, int fd, const char *read, size_t read_bytes, void *handle);
    void *context;
};

/* What will be sent; http_server.c hands it to the library. */
struct http_response {
    int status; /* 0: not responded yet */
    struct http_pair *headers;
    int header_count, header_capacity;
    void *data; /* by malloc(), the library frees it */
    int fd;     /* -1: data */
    int64_t offset, size_bytes;
};

struct http_request {
    struct http_server *server;
    void *connection; /* the library's */
    struct arena arena;
    char *body; /* by malloc(), ended by a NUL; NULL: empty */
    size_t body_bytes, body_capacity;
    const char *method, *path;
    struct http_pairs query, headers, cookies;
    char address[64], id[65];
    void *user;

    struct http_plan plan;
    struct http_response response;
    struct http_upgrade upgrade; /* start NULL: none */
    bool is_http_1_0, has_begun, has_body, is_complete, must_close, has_ended;
    int64_t received_bytes, discarded_bytes;
    double start_seconds;
    atomic_int holders;   /* of a deferred one: the worker, and who will respond; else 0 */
    const char *target;   /* as it came */
    uintptr_t target_end; /* where its NUL lies in the library's buffer; never read */
};

/* --- http_request.c ------------------------------------------------------------------------- */

/* Take the target apart into path and query, which are decoded, and the headers into cookies.
 * Returns 0, or the status to refuse with. */
int http_request_parse(struct http_request *request);

/* Returns 0, or the status to refuse with. */
int http_request_check(const struct http_request *request);

/* Is the value of a header, in the library's memory, put together from several lines?  The library
 * glues them without the space that belongs between them, "1" and "7" to "17", in another place:
 * then more than blanks lie between the colon and the value. */
bool http_is_folded(const char *behind_colon, const char *value);

void http_request_choose_id(struct http_request *request);

/* Is the word one of the comma separated ones of this header, in any case of letters? */
bool http_header_has(const struct http_request *request, const char *name, const char *word);

bool http_is_token(const char *text);
bool http_is_utf8(const char *text, size_t length);

/* --- http_response.c ------------------------------------------------------------------------ */

/* A JSON object with the reason, for what the server itself refuses. */
void http_respond_status(struct http_request *request, int status);
const char *http_response_header(const struct http_request *request, const char *name);
void http_response_release(struct http_request *request);

/* --- http_server.c for websocket*.c --------------------------------------------------------- */

struct websocket_hub *http_websockets(const struct http_server *server);
/* Give back a socket that `start` was given. */
void http_upgrade_close(void *handle);

/* --- websocket.c for http_server.c ---------------------------------------------------------- */

int websocket_hub_new(struct websocket_hub **out, double ping_seconds, struct error *err);
/* Close all sockets with 1001, and those that still come. */
void websocket_hub_close(struct websocket_hub *hub);
/* Wait until none of the library's sockets is held; later ones are given back at once. */
void websocket_hub_drain(struct websocket_hub *hub);
/* After the last `start`; NULL is fine. */
void websocket_hub_free(struct websocket_hub *hub);

#endif
