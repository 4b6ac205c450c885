/* http_range.c - see http_range.h. */

#include "net/http_range.h"

#include <string.h>
#include <strings.h>

/* Reads digits; past the end of int64_t it stays at the largest, which is outside of any file. */
static bool read_number(const char **text, int64_t *number)
{
    const char *start = *text;

    *number = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        *number = *number > (INT64_MAX - 9) / 10 ? INT64_MAX : *number * 10 + (**text - '0');
    }
    return *text > start;
}

static const char *skip_space(const char *text)
{
    return text + strspn(text, " \t");
}

enum http_range http_range_parse(const char *range, int64_t size_bytes, int64_t *offset,
                                 int64_t *count)
{
    int64_t first = 0, last = 0;
    bool has_first, has_last;

    if (!range || strncasecmp(range, "bytes=", 6))
        return HTTP_RANGE_WHOLE;
    range = skip_space(range + 6);
    has_first = read_number(&range, &first);
    if (*range++ != '-')
        return HTTP_RANGE_WHOLE;
    has_last = read_number(&range, &last);
    if (*skip_space(range) || (!has_first && !has_last) || (has_first && has_last && last < first))
        return HTTP_RANGE_WHOLE;

    if (!has_first) { /* the last so many */
        first = last < size_bytes ? size_bytes - last : 0;
        if (!last)
            return HTTP_RANGE_OUTSIDE;
        last = size_bytes - 1;
    }
    if (first >= size_bytes)
        return HTTP_RANGE_OUTSIDE;
    if (!has_last || last > size_bytes - 1)
        last = size_bytes - 1;
    *offset = first;
    *count = last - first + 1;
    return HTTP_RANGE_PART;
}

static const char *without_weak(const char *tag)
{
    return strncmp(tag, "W/", 2) ? tag : tag + 2;
}

/* The end of the tag that begins here, or NULL. */
static const char *tag_end(const char *tag)
{
    const char *end;

    tag = without_weak(tag);
    if (*tag != '"')
        return NULL;
    end = strchr(tag + 1, '"');
    return end ? end + 1 : NULL;
}

bool http_tag_matches(const char *list, const char *tag)
{
    const char *wanted = without_weak(tag);

    if (!list)
        return false;
    list = skip_space(list);
    if (*list == '*')
        return !*skip_space(list + 1);
    while (*list) {
        const char *end = tag_end(list), *one = without_weak(list);

        if (!end)
            return false;
        if ((size_t)(end - one) == strlen(wanted) && !memcmp(one, wanted, strlen(wanted)))
            return true;
        list = end + strspn(end, " \t,");
    }
    return false;
}

bool http_range_is_current(const char *if_range, const char *tag, const char *modified)
{
    if (!if_range)
        return true;
    if (*if_range == '"')
        return !strcmp(if_range, tag);
    return modified && !strcmp(if_range, modified);
}
