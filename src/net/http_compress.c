/* http_compress.c - see http_compress.h. */

#include "net/http_compress.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define GZIP_LEVEL 5
#define GZIP_WINDOW (15 + 16) /* the largest window; 16 more asks for gzip's header */

bool http_is_compressible(const char *type)
{
    static const char *const types[] = {
        "application/json",   "application/javascript",   "application/manifest+json",
        "application/x-yaml", "application/xml",          "application/x-ndjson",
        "image/svg+xml",      "application/problem+json",
    };
    size_t length = strcspn(type, "; \t");

    if (!strncasecmp(type, "text/", 5))
        return strncasecmp(type, "text/event-stream", length) != 0;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strlen(types[i]) == length && !strncasecmp(type, types[i], length))
            return true;
    }
    return false;
}

/* "q=0", "q=0.0" and so on mean: not this one. */
static bool is_refused(const char *parameters, size_t length)
{
    while (length) {
        size_t skipped = strspn(parameters, "; \t");

        if (skipped >= length)
            return false;
        parameters += skipped;
        length -= skipped;
        if (length > 2 && (parameters[0] | 0x20) == 'q' && parameters[1] == '=')
            return strspn(parameters + 2, "0.") >= strcspn(parameters + 2, ";, \t");
        skipped = strcspn(parameters, ";");
        if (skipped >= length)
            return false;
        parameters += skipped;
        length -= skipped;
    }
    return false;
}

bool http_accepts_gzip(const char *accept)
{
    bool any = false;

    if (!accept)
        return false;
    while (*accept) {
        size_t length, name_length;

        accept += strspn(accept, " \t,");
        length = strcspn(accept, ",");
        name_length = strcspn(accept, ";, \t");
        if ((name_length == 4 && !strncasecmp(accept, "gzip", 4)) ||
            (name_length == 6 && !strncasecmp(accept, "x-gzip", 6)))
            return !is_refused(accept + name_length, length - name_length);
        if (name_length == 1 && *accept == '*')
            any = !is_refused(accept + name_length, length - name_length);
        accept += length;
    }
    return any;
}

int http_gzip(const void *data, size_t size_bytes, void **out, size_t *out_bytes)
{
    z_stream stream = { 0 };
    size_t limit_bytes =
        size_bytes - size_bytes / 16; /* less gain is not worth the client's time */
    int status;

    *out = NULL;
    if (size_bytes > INT_MAX ||
        deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return -1;
    *out = malloc(limit_bytes + 1);
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)size_bytes;
    stream.next_out = *out;
    stream.avail_out = (uInt)limit_bytes;
    status = *out ? deflate(&stream, Z_FINISH) : Z_MEM_ERROR;
    *out_bytes = limit_bytes - stream.avail_out;
    deflateEnd(&stream);
    if (status == Z_STREAM_END)
        return 0;
    free(*out);
    *out = NULL;
    return -1;
}
