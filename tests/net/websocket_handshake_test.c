#include "net/websocket.h"

#include "net/server_support.h"
#include "test.h"

#include <stdlib.h>

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define HEAD(method, version) method " /socket HTTP/" version "\r\nHost: a\r\n"

/* clang-format off */
TEST(websocket_handshake_refuses_what_is_none)
{
    static const struct {
        const char *what, *request;
        int status;
    } cases[] = {
        { "good", HEAD("GET", "1.1") UPGRADE CONNECTION VERSION KEY "\r\n", 101 },
        { "no upgrade", HEAD("GET", "1.1") CONNECTION VERSION KEY "\r\n", 426 },
        { "another upgrade", HEAD("GET", "1.1") "Upgrade: h2c\r\n" CONNECTION VERSION KEY "\r\n", 426 },
        { "no connection", HEAD("GET", "1.1") UPGRADE VERSION KEY "\r\n", 426 },
        { "another method", HEAD("PUT", "1.1") UPGRADE CONNECTION VERSION KEY "\r\n", 426 },
        { "another version",
          HEAD("GET", "1.1") UPGRADE CONNECTION "Sec-WebSocket-Version: 8\r\n" KEY "\r\n", 426 },
        { "no version", HEAD("GET", "1.1") UPGRADE CONNECTION KEY "\r\n", 400 },
        { "no key", HEAD("GET", "1.1") UPGRADE CONNECTION VERSION "\r\n", 400 },
        { "a short key",
          HEAD("GET", "1.1") UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNh\r\n\r\n", 400 },
        { "no base64",
          HEAD("GET", "1.1") UPGRADE CONNECTION VERSION
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!Q==\r\n\r\n",
          400 },
        { "a body",
          HEAD("GET", "1.1") UPGRADE CONNECTION VERSION KEY "Content-Length: 2\r\n\r\nab", 400 },
        { "HTTP/1.0", HEAD("GET", "1.0") UPGRADE CONNECTION VERSION KEY "\r\n", 426 },
    };
    struct net_server server;

    net_server_start(&server, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = net_raw_status(&server, cases[i].request, strlen(cases[i].request));

        if (status != cases[i].status)
            test_fail(__FILE__, __LINE__, "%s: %d, not %d", cases[i].what, status, cases[i].status);
    }
    CHECK(net_wait(&server.closed, 1));
    net_server_stop(&server);
    CHECK(server.opened == 1);
}
/* clang-format on */

TEST(websocket_handshake_says_what_it_needs)
{
    struct net_server server;
    struct net_reply reply;

    net_server_start(&server, NULL);
    net_fetch(&server, "GET", "/socket", NULL, NULL, 0, &reply);
    CHECK(reply.status == 426);
    CHECK_TEXT(net_reply_header(&reply, "Sec-WebSocket-Version"), "13");
    CHECK_TEXT(net_reply_header(&reply, "Upgrade"), "websocket");
    net_reply_release(&reply);
    net_server_stop(&server);
}
