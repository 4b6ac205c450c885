/* tail.h - the lines of a file that another process appends to. */
#ifndef TRAINER_TAIL_H
#define TRAINER_TAIL_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct tail {
    char *path;
    int64_t offset; /* of the first line that was not passed */
    int _fd;        /* -1: not there yet */
    struct str _text; /* read and not passed; begins at `offset` */
    size_t _length;   /* of the line that tail_line() lent, with its end */
    bool _is_long;    /* within a line that is too long: it is left out */
};

void tail_open(struct tail *tail, const char *path, int64_t offset);
void tail_close(struct tail *tail);

/* The next complete line without its end, lent until tail_pass(); the same one until then.  NULL:
 * there is none yet.  with_rest: what stands after the last line end is one, too: nobody writes any
 * more.  A file that has become shorter than the offset is read from its beginning.  Lines of more
 * than a few megabytes are left out. */
const char *tail_line(struct tail *tail, bool with_rest);
void tail_pass(struct tail *tail);

/* Where the last complete line of a file ends; 0 when there is none. */
int64_t tail_end(const char *path);

/* Append the last complete line that begins at `from` or later, without its end; nothing when there
 * is none. */
void tail_last_line(const char *path, int64_t from, struct str *out);

/* Append its last lines to *out, at most so many and so many bytes. */
void tail_last(const char *path, int64_t from, int lines, size_t limit_bytes, struct str *out);

#endif
