/* http_compress.h - when and how a response is compressed. */
#ifndef NET_HTTP_COMPRESS_H
#define NET_HTTP_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>

#define COMPRESS_MIN_BYTES ((size_t)1024) /* smaller ones fit into one packet anyway */

/* Is this content type text, which gets smaller? */
bool http_is_compressible(const char *type);

/* Does Accept-Encoding take gzip?  NULL: no. */
bool http_accepts_gzip(const char *accept_encoding);

/* Gives *out by malloc(); -1 without memory or when it would not get smaller. */
int http_gzip(const void *data, size_t size_bytes, void **out, size_t *out_bytes);

#endif
