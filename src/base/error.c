/* error.c - see error.h. */

#include "base/error.h"

#include "base/base_internal.h"
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {
#define X(name, text) [ERR_##name] = text,
    ERROR_KINDS(X)
#undef X
};

/* Errors of the system that are no entry here are UNAVAILABLE: they may pass. */
static const struct {
    int number;
    enum error_kind kind;
} errno_kinds[] = {
    { ENOENT, ERR_NOT_FOUND },     { EACCES, ERR_DENIED },        { EPERM, ERR_DENIED },
    { EROFS, ERR_DENIED },         { ENOSPC, ERR_NO_SPACE },      { EDQUOT, ERR_NO_SPACE },
    { ENOMEM, ERR_NO_MEMORY },     { EFBIG, ERR_TOO_LARGE },      { EOVERFLOW, ERR_TOO_LARGE },
    { ENAMETOOLONG, ERR_INVALID }, { EINVAL, ERR_INVALID },       { ENOTDIR, ERR_INVALID },
    { EISDIR, ERR_INVALID },       { ELOOP, ERR_INVALID },        { EEXIST, ERR_CONFLICT },
    { ENOTEMPTY, ERR_CONFLICT },   { ENOSYS, ERR_UNSUPPORTED },   { EOPNOTSUPP, ERR_UNSUPPORTED },
};

static enum error_kind kind_of_errno(int number)
{
    for (size_t i = 0; i < sizeof(errno_kinds) / sizeof(errno_kinds[0]); i++)
        if (errno_kinds[i].number == number)
            return errno_kinds[i].kind;
    return ERR_UNAVAILABLE;
}

/* A text that was cut ends in "...", and never inside a UTF-8 sequence. */
static void mark_cut(char *text, size_t size)
{
    static const char mark[] = "...";
    size_t end = size - sizeof(mark);

    while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
        end--;
    memcpy(text + end, mark, sizeof(mark));
}

/* "<formatted>: <rest>", or without the second part when `rest` is NULL.
 * The text is made aside first: the arguments may point into err->text. */
static void fill_text(struct error *err, const char *format, va_list list, const char *rest)
{
    char text[sizeof(err->text)];
    int length = vsnprintf(text, sizeof(text), format, list);
    bool cut = length < 0 || (size_t)length >= sizeof(text);

    if (!cut && rest) {
        size_t room = sizeof(text) - (size_t)length;

        cut = (size_t)snprintf(text + length, room, ": %s", rest) >= room;
    }
    if (cut)
        mark_cut(text, sizeof(text));
    memcpy(err->text, text, sizeof(text));
}

int error_set(struct error *err, enum error_kind kind, const char *file, int line,
              const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fill_text(err, format, list, NULL);
    va_end(list);
    err->kind = kind;
    err->file = file;
    err->line = line;
    return -1;
}

int error_set_errno(struct error *err, const char *file, int line, const char *format, ...)
{
    int number = errno; /* before anything below can change it */
    char reason[128];
    va_list list;

    va_start(list, format);
    fill_text(err, format, list, strerror_r(number, reason, sizeof(reason)));
    va_end(list);
    err->kind = kind_of_errno(number);
    err->file = file;
    err->line = line;
    return -1;
}

int error_prefix(struct error *err, const char *format, ...)
{
    char old[sizeof(err->text)];
    va_list list;

    memcpy(old, err->text, sizeof(old));
    va_start(list, format);
    fill_text(err, format, list, old);
    va_end(list);
    return -1;
}

const char *error_kind_name(enum error_kind kind)
{
    return kind_names[kind];
}

void error_bug(const char *file, int line, const char *condition)
{
    log_error("bug at %s:%d: %s", file, line, condition);
    abort();
}

void *memory_checked(void *memory, size_t size_bytes)
{
    if (!memory) {
        log_error("out of memory: %zu bytes were needed", size_bytes);
        abort();
    }
    return memory;
}
