/* error.h - how functions fail.
 *
 * A function that can fail returns int: 0 for success, -1 for failure, and takes
 * a `struct error *err` last.  On failure it fills *err with a sentence fit for the
 * user; on success it leaves *err alone.  Pass errors up as they are:
 *
 *     if (dataset_open(&dataset, path, err))
 *         return -1;
 *
 * Messages are lower case, without a full stop, say what failed first and put
 * names in single quotes: "cannot read 'a.jpg': premature end of file".
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/* clang-format off */
#define ERROR_KINDS(X)                                                            \
    X(INVALID,     "invalid")     /* the caller's input is wrong */               \
    X(DENIED,      "denied")      /* not allowed for this user */                 \
    X(NOT_FOUND,   "not_found")                                                   \
    X(CONFLICT,    "conflict")    /* true when asked, no longer true now */       \
    X(TOO_LARGE,   "too_large")                                                   \
    X(NO_MEMORY,   "no_memory")   /* host or device */                            \
    X(NO_SPACE,    "no_space")    /* the disk is full */                          \
    X(UNAVAILABLE, "unavailable") /* disk, database or network; may pass */       \
    X(CORRUPT,     "corrupt")     /* a file breaks its format */                  \
    X(UNSUPPORTED, "unsupported") /* well formed, but we cannot do it */          \
    X(NOT_FINITE,  "not_finite")  /* a NaN or Inf arose in the computation */     \
    X(CANCELLED,   "cancelled")
/* clang-format on */

enum error_kind {
#define X(name, text) ERR_##name,
    ERROR_KINDS(X)
#undef X
};

struct error {
    enum error_kind kind;
    const char *file; /* where in our source it arose */
    int line;
    char text[480];
};

/* Fill *err and return -1:  return FAIL(err, NOT_FOUND, "no run '%s'", id); */
#define FAIL(err, kind, ...) error_set(err, ERR_##kind, __FILE__, __LINE__, __VA_ARGS__)

/* The same for a failed system call: appends ": <strerror(errno)>" and picks the kind from
 * errno (ENOENT is NOT_FOUND, ENOSPC and EDQUOT are NO_SPACE, ENOMEM is NO_MEMORY, ...). */
#define FAIL_ERRNO(err, ...) error_set_errno(err, __FILE__, __LINE__, __VA_ARGS__)

int error_set(struct error *err, enum error_kind kind, const char *file, int line,
              const char *format, ...) __attribute__((format(printf, 5, 6)));
int error_set_errno(struct error *err, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Put "<format>: " in front of the text of an error that is being passed up; returns -1. */
int error_prefix(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The wire name of a kind: "not_found". */
const char *error_kind_name(enum error_kind kind);

/* A programming error: log it with its place and abort, in every build. */
#define BUG_IF(condition)                                      \
    do {                                                       \
        if (__builtin_expect(!!(condition), 0))                \
            error_bug(__FILE__, __LINE__, #condition);         \
    } while (0)
void error_bug(const char *file, int line, const char *condition) __attribute__((noreturn));

#endif
