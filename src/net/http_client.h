/* http_client.h - calls to other servers, over libcurl.
 *
 * One call at a time per client, any number of clients.  Connections are kept for the next call.
 * Only what is asked for goes out: http and https, no redirects, no cookies, no proxy unless the
 * environment names one.
 */
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include "base/json.h"

struct error;

struct http_call {
    const char *method, *url;
    const char *const *headers; /* "Name: value", ended by NULL; may be NULL */
    const json_t *body;         /* sent as JSON; NULL: none */
    double timeout_seconds;     /* of the whole call; 0: 30 */
    size_t limit_bytes;         /* of the answer; 0: 16 MB */
};

struct http_client;

struct http_client *http_client_new(void);
void http_client_free(struct http_client *client); /* NULL is fine */

/* UNAVAILABLE when no answer came (its text says why, without the URL's password), TOO_LARGE when
 * it is larger than the limit; any status is an answer.  *answer: the JSON, the caller's; NULL
 * where the body is not JSON. */
int http_client_call(struct http_client *client, const struct http_call *call, int *status,
                     json_t **answer, struct error *err);

#endif
