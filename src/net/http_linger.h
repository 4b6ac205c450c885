/* http_linger.h - closes connections on which the client is still sending.
 *
 * After an answer that came before the body was read, closing at once would make the system reset
 * the connection, and the client lose the answer.  So what still comes is read and dropped, by one
 * thread for all, until the client closes too or LINGER_SECONDS have passed. */
#ifndef NET_HTTP_LINGER_H
#define NET_HTTP_LINGER_H

#define LINGER_SECONDS 5.0
#define LINGER_LIMIT 256 /* connections; more are closed at once */

struct error;
struct http_linger;

int http_linger_new(struct http_linger **out, struct error *err);
/* From any thread, and without waiting.  Nothing more is to be sent on this socket; the caller
 * keeps its descriptor, which may be closed after the call. */
void http_linger_add(struct http_linger *linger, int fd);
void http_linger_free(struct http_linger *linger); /* closes all; NULL is fine */

#endif
