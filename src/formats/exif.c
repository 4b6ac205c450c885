/* exif.c - the one field of EXIF that matters here. */

#include "formats/image_internal.h"

#include <string.h>

enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, ENTRY_BYTES = 12 };

static uint32_t read_number(const uint8_t *bytes, int count, bool big_endian)
{
    uint32_t value = 0;

    for (int i = 0; i < count; i++)
        value |= (uint32_t)bytes[i] << 8 * (big_endian ? count - 1 - i : i);
    return value;
}

int exif_orientation(const uint8_t *data, size_t size_bytes)
{
    bool big_endian;
    size_t at;
    uint32_t count;

    if (size_bytes >= 6 && !memcmp(data, "Exif\0\0", 6)) {
        data += 6;
        size_bytes -= 6;
    }
    if (size_bytes < 8 || (memcmp(data, "II", 2) && memcmp(data, "MM", 2)))
        return 1;
    big_endian = data[0] == 'M';
    at = read_number(data + 4, 4, big_endian);
    if (read_number(data + 2, 2, big_endian) != 42 || at > size_bytes - 2)
        return 1;
    count = read_number(data + at, 2, big_endian);
    at += 2;

    for (uint32_t i = 0; i < count && size_bytes - at >= ENTRY_BYTES; i++, at += ENTRY_BYTES) {
        uint32_t value = read_number(data + at + 8, 2, big_endian);

        if (read_number(data + at, 2, big_endian) != TAG_ORIENTATION)
            continue;
        if (read_number(data + at + 2, 2, big_endian) != TYPE_SHORT || value < 1 || value > 8)
            return 1;
        return (int)value;
    }
    return 1;
}
