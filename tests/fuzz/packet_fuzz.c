/* Packets of Socket.IO: what is found in one lies inside of it, in order.
 * modules: api app net store base */

#include "api/live/engine_io_internal.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    char *copy = malloc(size_bytes + 1); /* reading one byte on is seen, and no NUL ends it */
    const char *text = copy + 1, *end = text + size_bytes;
    struct socket_packet packet;

    memcpy(copy + 1, data, size_bytes);
    if (socket_packet_parse(text, size_bytes, &packet)) {
        bool is_said = packet.name_space >= text && packet.name_space <= end;

        BUG_IF(packet.type < '0' || packet.type > '4' || packet.type != *text);
        BUG_IF(packet.data < text || packet.data + packet.data_length != end || packet.ack < -1);
        BUG_IF(!is_said && (packet.name_space_length != 1 || *packet.name_space != '/'));
        BUG_IF(is_said && packet.name_space + packet.name_space_length > packet.data);
        BUG_IF(memchr(packet.name_space, ',', packet.name_space_length));
    }
    free(copy);
    return 0;
}
