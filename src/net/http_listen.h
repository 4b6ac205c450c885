/* http_listen.h - the socket that connections come from, and the thread that takes them.
 *
 * The library could do that too, but its way to stop (MHD_quiesce_daemon() of 0.9.75) races with
 * its own threads and aborts the program when connections come at that moment. */
#ifndef NET_HTTP_LISTEN_H
#define NET_HTTP_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>

struct error;
struct http_listener;

/* Binds; connections wait until it is started.  Port 0: any that is free. */
int http_listener_new(struct http_listener **out, const char *address, int port, struct error *err);
int http_listener_port(const struct http_listener *listener);
bool http_listener_is_ipv6(const struct http_listener *listener);

/* Hands each connection, a socket that does not block, to `add`, which takes it. */
int http_listener_start(struct http_listener *listener,
                        void (*add)(void *context, int fd, const struct sockaddr *address,
                                    socklen_t address_bytes),
                        void *context, struct error *err);
/* From here on connections are refused. */
void http_listener_stop(struct http_listener *listener);
void http_listener_free(struct http_listener *listener); /* NULL is fine; stops */

void http_format_address(const struct sockaddr *address, char text[64]);

#endif
