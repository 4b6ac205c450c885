/* What a client writes into the headers that the server takes apart itself: parts of files lie
 * inside of them, paths are safe text, and nothing is read past an end.
 *
 * The sources are included, so that no library of a whole server is needed.  modules: base */

#include "net/http_compress.c"
#include "net/http_range.c"
#include "net/http_request.c"
#include "net/http_strict.c"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

enum { TARGET, HOST, COOKIE, RANGE, TAGS, ENCODING, LENGTH, ID, TEXT_COUNT };

static void check_range(const char *range, const char *tags)
{
    const int64_t sizes[] = { 0, 1, 1000, INT64_MAX };
    int64_t offset, count;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (http_range_parse(range, sizes[i], &offset, &count) == HTTP_RANGE_PART)
            BUG_IF(offset < 0 || count < 1 || offset > sizes[i] - count);
    }
    BUG_IF(http_tag_matches(tags, "\"a\"") != http_tag_matches(tags, "W/\"a\""));
    http_range_is_current(tags, "\"a\"", "date");
}

static void check_request(const char *const texts[TEXT_COUNT])
{
    struct http_pair headers[] = { { "Host", texts[HOST] },
                                   { "cookie", texts[COOKIE] },
                                   { "Content-Length", texts[LENGTH] },
                                   { "X-Request-Id", texts[ID] } };
    struct http_request request = { .method = "GET", .target = texts[TARGET] };

    request.headers = (struct http_pairs){ headers, 4 };
    http_request_check(&request);
    if (!http_request_parse(&request)) {
        size_t length = strlen(request.path);

        BUG_IF(request.path[0] != '/' || !http_is_utf8(request.path, length));
        BUG_IF(strstr(request.path, "/../") || strchr(request.path, '\n'));
        BUG_IF(length >= 3 && !strcmp(request.path + length - 3, "/.."));
        for (int i = 0; i < request.query.count; i++)
            BUG_IF(
                !http_is_utf8(request.query.items[i].value, strlen(request.query.items[i].value)));
    }
    http_request_choose_id(&request);
    BUG_IF(!request.id[0] || strpbrk(request.id, "\r\n \""));
    http_header_has(&request, "cookie", "a");
    arena_release(&request.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    char *bytes = malloc(size_bytes + 1);
    const char *texts[TEXT_COUNT];
    char *place = bytes;

    if (size_bytes)
        memcpy(bytes, data, size_bytes);
    bytes[size_bytes] = 0;
    for (int i = 0; i < TEXT_COUNT; i++) { /* one a line; the last ones may be missing */
        char *end = strchr(place, '\n');

        texts[i] = place;
        place = end ? end + 1 : place + strlen(place);
        if (end)
            *end = 0;
    }
    check_range(texts[RANGE], texts[TAGS]);
    check_request(texts);
    http_accepts_gzip(texts[ENCODING]);
    http_is_compressible(texts[ENCODING]);
    free(bytes);
    return 0;
}
