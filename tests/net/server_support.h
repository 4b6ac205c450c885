/* server_support.h - a server with a handful of routes, and clients: libcurl, and bare sockets. */
#ifndef NET_SERVER_SUPPORT_H
#define NET_SERVER_SUPPORT_H

#include "base/str.h"
#include "net/http.h"
#include "net/websocket.h"

#include <curl/curl.h>
#include <stdatomic.h>

/* /hello     "hello"
 * /describe  method, path, query, header X-Test, cookie, address and id, one a line
 * /refused   begin answers 401
 * /whole     the body, up to 1,000 bytes, is sent back
 * /stream    "<bytes> <sum of bytes>" of the body;  /stream-limited: at most 1,000 bytes
 * /failing   the body function fails after 100,000 bytes and has answered 507
 * /text?bytes=N&type=T&random=1   that many bytes; with tag=T its ETag
 * /file      server->file_path, with the query's type, tag, download
 * /sleep?ms=N;  /sleep-slowly?ms=N: by a plan that says so
 * /silent    does not answer;  /odd-headers: names and values that must not get out
 * /socket    a WebSocket that sends back;  others: 404 */
struct net_server {
    struct http_server *http;
    int port;
    const char *file_path;
    atomic_int begun, finished, ended, accessed, hello_accessed, last_status;
    atomic_int running, running_max; /* handlers of /sleep */
    atomic_int_least64_t last_sent, body_bytes;
    atomic_int opened, messages, closed;
    _Atomic(struct websocket *) last_socket;
};

void net_server_start(struct net_server *server, const struct http_options *options);
void net_server_stop(struct net_server *server);

/* Wait until the counter has this value, at most five seconds. */
bool net_wait(const atomic_int *counter, int value);

struct net_reply {
    long status;
    struct str headers, body;
    curl_off_t uploaded_bytes;
    long connections; /* that had to be made */
    CURLcode code;
};

/* One exchange: `headers` ends with NULL, may be NULL; body NULL: none.  Release the reply. */
void net_fetch(const struct net_server *server, const char *method, const char *target,
               const char *const *headers, const void *body, size_t body_bytes,
               struct net_reply *reply);
void net_reply_release(struct net_reply *reply);
/* The value of a header, lent until the next call; NULL: absent. */
const char *net_reply_header(const struct net_reply *reply, const char *name);

int net_connect(const struct net_server *server);
void net_send(int fd, const void *data, size_t size_bytes);
/* Send a request as it is and read until the server closes or is silent for a while; the status
 * of the first response, 0: closed without one, -1: silence. */
int net_raw_status(const struct net_server *server, const char *request, size_t size_bytes);

#endif
