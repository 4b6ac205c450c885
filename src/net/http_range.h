/* http_range.h - the headers by which a client asks for a part, or only for what is new.
 *
 * RFC 9110, sections 8.8.3, 13 and 14.  Texts are the headers' values as they came. */
#ifndef NET_HTTP_RANGE_H
#define NET_HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>

enum http_range {
    HTTP_RANGE_WHOLE, /* none, several, or none that we understand: all of it is sent */
    HTTP_RANGE_PART,
    HTTP_RANGE_OUTSIDE, /* 416 */
};

/* "bytes=0-99", "bytes=100-", "bytes=-500" of a file of that size; the rest only for PART. */
enum http_range http_range_parse(const char *range, int64_t size_bytes, int64_t *offset,
                                 int64_t *count);

/* Does If-None-Match ("*", or a list of tags) name this one?  Weak tags are as good as strong. */
bool http_tag_matches(const char *list, const char *tag);

/* May the range be sent, by If-Range: the same strong tag, or exactly our Last-Modified. */
bool http_range_is_current(const char *if_range, const char *tag, const char *modified);

#endif
