/* websocket_support.c - see websocket_support.h. */

#include "net/websocket_support.h"

#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The key and the answer to it are those of RFC 6455, section 1.3. */
static const char request[] =
    "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n"
    "Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
static const char answer[] = "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

static bool read_bytes(int fd, void *out, size_t count)
{
    char *bytes = out;

    while (count) {
        ssize_t got = recv(fd, bytes, count, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            test_fail(__FILE__, __LINE__, "the server is silent");
        if (got <= 0)
            return false;
        bytes += got;
        count -= (size_t)got;
    }
    return true;
}

void socket_open(struct socket_client *client, const struct net_server *server, const void *early,
                 size_t early_bytes)
{
    size_t length = sizeof(request) - 1;
    char *both = malloc(length + early_bytes), reply[2048];

    client->fd = net_connect(server);
    CHECK(client->fd >= 0);
    memcpy(both, request, length);
    if (early_bytes)
        memcpy(both + length, early, early_bytes);
    net_send(client->fd, both, length + early_bytes);
    free(both);
    for (length = 0; length < 4 || memcmp(reply + length - 4, "\r\n\r\n", 4); length++) {
        CHECK(length < sizeof(reply) - 1 && read_bytes(client->fd, reply + length, 1));
        reply[length + 1] = 0;
    }
    if (memcmp(reply, "HTTP/1.1 101 ", 13) || !strstr(reply, answer))
        test_fail(__FILE__, __LINE__, "no handshake: %s", reply);
}

void socket_hang_up(struct socket_client *client)
{
    close(client->fd);
    client->fd = -1;
}

size_t socket_frame(unsigned char *frame, int first_byte, const void *data, size_t length)
{
    static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
    size_t count = 0;

    frame[count++] = (unsigned char)first_byte;
    frame[count++] = (unsigned char)(0x80 | (length < 126 ? length : length < 65536 ? 126 : 127));
    for (int shift = length < 126 ? -1 : length < 65536 ? 8 : 56; shift >= 0; shift -= 8)
        frame[count++] = (unsigned char)((uint64_t)length >> shift);
    memcpy(frame + count, mask, 4);
    count += 4;
    for (size_t i = 0; i < length; i++)
        frame[count++] = ((const unsigned char *)data)[i] ^ mask[i % 4];
    return count;
}

void socket_send(struct socket_client *client, int first_byte, const void *data, size_t length)
{
    unsigned char *frame = malloc(length + 14);

    net_send(client->fd, frame, socket_frame(frame, first_byte, data, length));
    free(frame);
}

void socket_send_text(struct socket_client *client, const char *text)
{
    socket_send(client, SOCKET_FINAL | SOCKET_TEXT, text, strlen(text));
}

void socket_read(struct socket_client *client)
{
    unsigned char header[10];
    int length_bytes;

    client->code = -1;
    client->length = 0;
    if (!read_bytes(client->fd, header, 2))
        return;
    CHECK(header[0] & SOCKET_FINAL && !(header[0] & 0x70) && !(header[1] & 0x80));
    client->length = header[1];
    length_bytes = header[1] < 126 ? 0 : header[1] == 126 ? 2 : 8;
    if (length_bytes) {
        CHECK(read_bytes(client->fd, header + 2, (size_t)length_bytes));
        client->length = 0;
        for (int i = 0; i < length_bytes; i++)
            client->length = client->length << 8 | header[2 + i];
    }
    CHECK(client->length < sizeof(client->payload));
    if (!read_bytes(client->fd, client->payload, client->length))
        return;
    client->payload[client->length] = 0;
    client->code = header[0] & 15;
}

int socket_read_close(struct socket_client *client)
{
    int code = -1;

    do {
        socket_read(client);
        if (client->code == SOCKET_CLOSE)
            code = client->length < 2
                       ? 0
                       : (unsigned char)client->payload[0] << 8 | (unsigned char)client->payload[1];
    } while (client->code >= 0);
    return code;
}
