/* websocket_handshake.c - from a request to a socket: RFC 6455, section 4.2. */

#include "net/net_internal.h"
#include "net/websocket_internal.h"

#include "base/error.h"

#include <openssl/evp.h>

#define KEY_SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_LENGTH 24 /* 16 bytes in base64 */
#define SHA1_BYTES 20

static bool is_key(const char *key)
{
    size_t letters =
        strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

    return strlen(key) == KEY_LENGTH && letters == KEY_LENGTH - 2 && !strcmp(key + letters, "==");
}

static int refuse(struct http_request *request, int status)
{
    if (status == 426) {
        http_add_header(request, "Upgrade", "websocket");
        http_add_header(request, "Sec-WebSocket-Version", "13");
    }
    http_respond_status(request, status);
    return -1;
}

static void add_accept_header(struct http_request *request, const char *key)
{
    unsigned char digest[SHA1_BYTES], text[4 * (SHA1_BYTES / 3 + 1) + 1];
    const char *both = arena_printf(&request->arena, "%s%s", key, KEY_SUFFIX);

    BUG_IF(!EVP_Digest(both, strlen(both), digest, NULL, EVP_sha1(), NULL));
    EVP_EncodeBlock(text, digest, SHA1_BYTES);
    http_add_header(request, "Sec-WebSocket-Accept", (const char *)text);
}

int websocket_accept(struct http_request *request, const struct websocket_events *events,
                     void *context)
{
    const char *version = http_header(request, "Sec-WebSocket-Version");
    const char *key = http_header(request, "Sec-WebSocket-Key");
    struct websocket *socket;

    if (strcmp(request->method, "GET") || request->is_http_1_0 ||
        !http_header_has(request, "Upgrade", "websocket") ||
        !http_header_has(request, "Connection", "upgrade"))
        return refuse(request, 426);
    if (!version || strcmp(version, "13"))
        return refuse(request, version ? 426 : 400);
    if (!key || !is_key(key) || request->has_body)
        return refuse(request, 400);
    socket = websocket_new(http_websockets(request->server), events, context);
    if (!socket)
        return refuse(request, 503);
    http_add_header(request, "Upgrade", "websocket");
    add_accept_header(request, key);
    request->upgrade = (struct http_upgrade){ websocket_start, socket };
    request->response.status = 101;
    return 0;
}

int websocket_count(const struct http_server *server)
{
    return websocket_hub_count(http_websockets(server));
}
