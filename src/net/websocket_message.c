/* websocket_message.c - frames that are made once and sent to many. */

#include "net/websocket_internal.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_MAX_BYTES 10
#define FINAL_TEXT_FRAME 0x81

static struct websocket_message *allocate(size_t size_bytes)
{
    struct websocket_message *message = malloc(sizeof(*message) + size_bytes);

    if (!message)
        return NULL;
    atomic_init(&message->references, 1);
    message->size_bytes = size_bytes;
    return message;
}

struct websocket_message *websocket_message_raw(const void *bytes, size_t size_bytes)
{
    struct websocket_message *message = allocate(size_bytes);

    if (message)
        memcpy(message->bytes, bytes, size_bytes);
    return message;
}

/* RFC 6455, 5.2: lengths are 7 bits, or a mark and 16 or 64 bits, highest first. */
static size_t write_header(unsigned char header[HEADER_MAX_BYTES], size_t length)
{
    size_t length_bytes = length < 126 ? 0 : length < 65536 ? 2 : 8;

    header[0] = FINAL_TEXT_FRAME;
    header[1] = (unsigned char)(!length_bytes ? length : length_bytes == 2 ? 126 : 127);
    for (size_t i = 0; i < length_bytes; i++)
        header[2 + i] = (unsigned char)(length >> 8 * (length_bytes - 1 - i));
    return 2 + length_bytes;
}

struct websocket_message *websocket_message_new(const char *text, size_t length)
{
    unsigned char header[HEADER_MAX_BYTES];
    size_t header_bytes = write_header(header, length);
    struct websocket_message *message = allocate(header_bytes + length);

    if (!message)
        return NULL;
    memcpy(message->bytes, header, header_bytes);
    if (length)
        memcpy(message->bytes + header_bytes, text, length);
    return message;
}

struct websocket_message *websocket_message_keep(struct websocket_message *message)
{
    atomic_fetch_add_explicit(&message->references, 1, memory_order_relaxed);
    return message;
}

void websocket_message_release(struct websocket_message *message)
{
    if (message && atomic_fetch_sub(&message->references, 1) == 1)
        free(message);
}
