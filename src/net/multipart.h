/* multipart.h - takes a form with files apart (multipart/form-data, RFC 7578) as it arrives.
 *
 * The body is fed in pieces of any size, cut anywhere; nothing is kept but the headers of the part
 * at hand, so that memory is the same for a file of a byte and of a terabyte.  Parts are handed on
 * as they come:  begin, any number of data, end.
 *
 * A part is a file when it has a file name.  Names come as the client wrote them, decoded (quoted,
 * RFC 5987's filename*, a browser's %22), and are only sure to be UTF-8 without control
 * characters: whether one is a good path is for who stores it (store/blob.h).
 *
 * Refused    what has no boundary or a bad one, headers of more than MULTIPART_HEADER_BYTES, a part
 *            without a name, a part that is itself multipart or encoded (RFC 7578 wants neither),
 *            text after a boundary, a body that ends before its last boundary.
 */
#ifndef NET_MULTIPART_H
#define NET_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct multipart;

#define MULTIPART_HEADER_BYTES ((size_t)8 << 10) /* of one part */

/* Lent until the next call of the parser. */
struct multipart_part {
    const char *name;
    const char *filename; /* NULL: a field */
    const char *type;     /* its Content-Type; NULL: none */
};

/* A failure ends the parsing; its error is what multipart_feed() fails with. */
struct multipart_events {
    int (*begin)(void *context, const struct multipart_part *part, struct error *err);
    int (*data)(void *context, const char *data, size_t size_bytes, struct error *err);
    int (*end)(void *context, struct error *err);
};

bool multipart_is_type(const char *content_type); /* NULL: no */

/* From the request's Content-Type, which names the boundary. */
int multipart_new(struct multipart **out, const char *content_type,
                  const struct multipart_events *events, void *context, struct error *err);
int multipart_feed(struct multipart *multipart, const char *data, size_t size_bytes,
                   struct error *err);
/* The body is over: has the form been complete? */
int multipart_finish(const struct multipart *multipart, struct error *err);
void multipart_free(struct multipart *multipart); /* NULL is fine */

#endif
