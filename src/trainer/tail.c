/* tail.c - see tail.h. */

#include "trainer/tail.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES 65536
#define LINE_BYTES ((size_t)8 << 20)

void tail_open(struct tail *tail, const char *path, int64_t offset)
{
    *tail = (struct tail){ .path = strdup(path), .offset = offset, ._fd = -1, ._text = STR_INIT };
    BUG_IF(!tail->path);
}

void tail_close(struct tail *tail)
{
    if (tail->_fd >= 0)
        close(tail->_fd);
    str_release(&tail->_text);
    free(tail->path);
    *tail = (struct tail){ ._fd = -1, ._text = STR_INIT };
}

static void drop(struct tail *tail, size_t bytes)
{
    tail->offset += (int64_t)bytes;
    tail->_text.length -= bytes;
    memmove(tail->_text.text, tail->_text.text + bytes, tail->_text.length);
    if (bytes)
        tail->_text.text[tail->_text.length] = '\0';
}

static void begin_again(struct tail *tail)
{
    str_clear(&tail->_text);
    tail->offset = 0;
    tail->_length = 0;
    tail->_is_long = false;
}

/* Read some more; false: there is nothing. */
static bool read_more(struct tail *tail)
{
    int64_t at = tail->offset + (int64_t)tail->_text.length;
    char buffer[READ_BYTES];
    struct stat status;
    ssize_t got;

    if (tail->_fd < 0)
        tail->_fd = open(tail->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (tail->_fd < 0 || fstat(tail->_fd, &status))
        return false;
    if (status.st_size < at) {
        begin_again(tail);
        at = 0;
    }
    got = pread(tail->_fd, buffer, sizeof(buffer), at);
    if (got > 0)
        str_add_bytes(&tail->_text, buffer, (size_t)got);
    return got > 0;
}

static const char *lend(struct tail *tail, size_t length, size_t end_bytes)
{
    tail->_length = length + end_bytes;
    tail->_text.text[length] = '\0';
    return tail->_text.text;
}

const char *tail_line(struct tail *tail, bool with_rest)
{
    size_t searched = 0;

    if (tail->_length)
        return tail->_text.text;
    for (;;) {
        char *end = memchr(tail->_text.text + searched, '\n', tail->_text.length - searched);

        if (end && !tail->_is_long)
            return lend(tail, (size_t)(end - tail->_text.text), 1);
        if (end) {
            drop(tail, (size_t)(end - tail->_text.text) + 1);
            tail->_is_long = false;
            searched = 0;
            continue;
        }
        if (tail->_text.length > LINE_BYTES || tail->_is_long) {
            drop(tail, tail->_text.length);
            tail->_is_long = true;
        }
        searched = tail->_text.length;
        if (!read_more(tail))
            break;
        if (searched > tail->_text.length)
            searched = 0; /* the file began again */
    }
    if (with_rest && tail->_text.length && !tail->_is_long)
        return lend(tail, tail->_text.length, 0);
    return NULL;
}

void tail_pass(struct tail *tail)
{
    drop(tail, tail->_length);
    tail->_length = 0;
}

/* --- from the end ---------------------------------------------------------------------------- */

/* The last bytes of what stands in a file after `from`, up to the limit. */
static int64_t read_end(const char *path, int64_t from, size_t limit_bytes, struct str *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char buffer[READ_BYTES];
    struct stat status;
    int64_t at = from;
    ssize_t got;

    if (fd < 0)
        return 0;
    if (!fstat(fd, &status) && status.st_size - from > (int64_t)limit_bytes)
        at = status.st_size - (int64_t)limit_bytes;
    while (out->length < limit_bytes &&
           (got = pread(fd, buffer, sizeof(buffer), at + (int64_t)out->length)) > 0)
        str_add_bytes(out, buffer, (size_t)got);
    close(fd);
    return at;
}

/* The last bytes of a file after `from` with at least one complete line, if there is one: larger
 * and larger pieces, should it be long.  Gives where the text begins. */
static int64_t read_last_line(const char *path, int64_t from, struct str *text, const char **start,
                              const char **end)
{
    int64_t at;

    *start = *end = NULL;
    for (size_t limit = READ_BYTES;; limit *= 8) {
        str_clear(text);
        at = read_end(path, from, limit, text);
        *end = memrchr(text->text, '\n', text->length);
        *start = *end ? memrchr(text->text, '\n', (size_t)(*end - text->text)) : NULL;
        if (*start)
            ++*start;
        else if (at == from)
            *start = text->text;
        if ((*end && *start) || at <= from || limit > LINE_BYTES)
            return at;
    }
}

int64_t tail_end(const char *path)
{
    struct str text = STR_INIT;
    const char *start, *end;
    int64_t at = read_last_line(path, 0, &text, &start, &end);

    at = end ? at + (end - text.text) + 1 : 0;
    str_release(&text);
    return at;
}

void tail_last_line(const char *path, int64_t from, struct str *out)
{
    struct str text = STR_INIT;
    const char *start, *end;

    read_last_line(path, from, &text, &start, &end);
    if (start && end)
        str_add_bytes(out, start, (size_t)(end - start));
    str_release(&text);
}

void tail_last(const char *path, int64_t from, int lines, size_t limit_bytes, struct str *out)
{
    struct str text = STR_INIT;
    const char *at;

    read_end(path, from, limit_bytes, &text);
    for (at = text.text + text.length; at > text.text; at--)
        if (at[-1] == '\n' && at != text.text + text.length && !--lines)
            break;
    str_add(out, at);
    str_release(&text);
}
