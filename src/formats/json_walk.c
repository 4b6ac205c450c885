/* json_walk.c - see json_walk.h. */
#include "formats/json_walk.h"
#include "base/error.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_LIMIT 256

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

/* From a quote to behind the closing one; NULL when there is none. */
static const char *skip_text(const char *at, const char *end)
{
    for (at++; at < end; at++) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\')
            at++;
    }
    return NULL;
}

/* From the start of a value to behind it; NULL when it does not end. */
static const char *skip_value(const char *at, const char *end)
{
    char closers[DEPTH_LIMIT];
    int depth = 0;

    do {
        if (at >= end)
            return NULL;
        if (*at == '"') {
            at = skip_text(at, end);
            if (!at)
                return NULL;
            continue;
        }
        if (*at == '{' || *at == '[') {
            if (depth == DEPTH_LIMIT)
                return NULL;
            closers[depth++] = *at == '{' ? '}' : ']';
        } else if (*at == '}' || *at == ']') {
            if (depth == 0 || closers[--depth] != *at)
                return NULL;
        } else if (depth == 0) { /* a number or a word */
            while (at < end && !is_blank(*at) && !strchr(",:]}[{\"", *at))
                at++;
            return at;
        }
        at++;
    } while (depth > 0);
    return at;
}

static int fail(struct error *err)
{
    return FAIL(err, CORRUPT, "broken JSON");
}

int json_walk_open(struct json_walk *walk, struct json_slice value, struct error *err)
{
    const char *end = value.text + value.length, *at = skip_blanks(value.text, end);

    if (at == end || (*at != '{' && *at != '['))
        return FAIL(err, CORRUPT, "an object or a list is expected in JSON");
    *walk = (struct json_walk){ at + 1, end, *at == '{' ? '}' : ']', false };
    return 0;
}

static int read_key(struct json_walk *walk, struct json_slice *key, struct error *err)
{
    const char *begin = walk->at;

    if (walk->closer == ']') {
        *key = (struct json_slice){ "", 0 };
        return 0;
    }
    if (walk->at >= walk->end || *walk->at != '"')
        return fail(err);
    walk->at = skip_text(walk->at, walk->end);
    if (!walk->at)
        return fail(err);
    *key = (struct json_slice){ begin + 1, (size_t)(walk->at - begin) - 2 };
    walk->at = skip_blanks(walk->at, walk->end);
    if (walk->at == walk->end || *walk->at != ':')
        return fail(err);
    walk->at = skip_blanks(walk->at + 1, walk->end);
    return 0;
}

int json_walk_next(struct json_walk *walk, struct json_slice *key, struct json_slice *value,
                   struct error *err)
{
    const char *begin;

    walk->at = skip_blanks(walk->at, walk->end);
    if (walk->at == walk->end)
        return fail(err);
    if (*walk->at == walk->closer) {
        walk->at = skip_blanks(walk->at + 1, walk->end);
        return walk->at == walk->end ? 0 : fail(err);
    }
    if (walk->has_any) {
        if (*walk->at != ',')
            return fail(err);
        walk->at = skip_blanks(walk->at + 1, walk->end);
    }
    walk->has_any = true;
    if (read_key(walk, key, err))
        return -1;
    begin = walk->at;
    walk->at = skip_value(begin, walk->end);
    if (!walk->at || walk->at == begin)
        return fail(err);
    *value = (struct json_slice){ begin, (size_t)(walk->at - begin) };
    return 1;
}

json_t *json_slice_parse(struct json_slice value, struct error *err)
{
    json_error_t problem;
    json_t *tree = json_loadb(value.text, value.length, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
                              &problem);

    if (!tree)
        FAIL(err, CORRUPT, "broken JSON: %s", problem.text);
    return tree;
}

bool json_slice_is(struct json_slice slice, const char *text)
{
    return strlen(text) == slice.length && !memcmp(slice.text, text, slice.length);
}

size_t json_mark_length(const char *text, size_t length)
{
    return length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
}

int json_file_open(struct json_file *file, const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    void *map = NULL;
    size_t mark;

    if (fd < 0)
        return FAIL_ERRNO(err, "cannot read '%s'", path);
    if (fstat(fd, &status)) {
        close(fd);
        return FAIL_ERRNO(err, "cannot read '%s'", path);
    }
    if (status.st_size > 0)
        map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        return FAIL_ERRNO(err, "cannot read '%s'", path);
    mark = map ? json_mark_length(map, (size_t)status.st_size) : 0;
    *file = (struct json_file){ { map ? (const char *)map + mark : "",
                                  (size_t)status.st_size - mark },
                                map };
    return 0;
}

void json_file_close(struct json_file *file)
{
    if (file->_map)
        munmap(file->_map,
               file->text.length + (size_t)(file->text.text - (const char *)file->_map));
    *file = (struct json_file){ 0 };
}
