/* http_response.c - what is sent back: the handler's answer made into status, headers and bytes. */

#include "net/http_compress.h"
#include "net/http_range.h"
#include "net/net_internal.h"

#include "base/error.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TAG_SIZE 64
#define DATE_SIZE 40

bool http_has_responded(const struct http_request *request)
{
    return request->response.status != 0;
}

const char *http_response_header(const struct http_request *request, const char *name)
{
    const struct http_response *response = &request->response;

    for (int i = 0; i < response->header_count; i++) {
        if (!strcasecmp(response->headers[i].name, name))
            return response->headers[i].value;
    }
    return NULL;
}

void http_add_header(struct http_request *request, const char *name, const char *value)
{
    struct http_response *response = &request->response;

    BUG_IF(http_has_responded(request));
    if (!http_is_token(name) || strpbrk(value, "\r\n")) {
        log_error("left out a response header whose name or value has a line break or the like");
        return;
    }
    if (response->header_count == response->header_capacity) {
        struct http_pair *old = response->headers;

        response->header_capacity = response->header_capacity ? 2 * response->header_capacity : 8;
        response->headers =
            ARENA_ARRAY(&request->arena, struct http_pair, response->header_capacity);
        if (old)
            memcpy(response->headers, old, (size_t)response->header_count * sizeof(*old));
    }
    response->headers[response->header_count++] =
        (struct http_pair){ arena_strdup(&request->arena, name),
                            arena_strdup(&request->arena, value) };
}

static void add_printed(struct http_request *request, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add_printed(struct http_request *request, const char *name, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    http_add_header(request, name, arena_vprintf(&request->arena, format, list));
    va_end(list);
}

static void set_header(struct http_request *request, const char *name, const char *value)
{
    struct http_response *response = &request->response;

    for (int i = 0; i < response->header_count; i++) {
        if (!strcasecmp(response->headers[i].name, name)) {
            response->headers[i].value = arena_strdup(&request->arena, value);
            return;
        }
    }
    http_add_header(request, name, value);
}

static bool asks_for_content(const struct http_request *request)
{
    return !strcmp(request->method, "GET") || !strcmp(request->method, "HEAD");
}

/* If the client has what carries this tag: 304 without a body. */
static bool respond_not_modified(struct http_request *request, const char *tag)
{
    if (!tag || !asks_for_content(request) ||
        !http_tag_matches(http_header(request, "If-None-Match"), tag))
        return false;
    request->response.status = 304;
    return true;
}

/* Compresses into the response when that is worth it. */
static bool compress(struct http_request *request, const char *type, const void *data,
                     size_t size_bytes)
{
    const char *tag = http_response_header(request, "ETag");
    size_t out_bytes;

    if (size_bytes < COMPRESS_MIN_BYTES || !http_is_compressible(type) ||
        http_response_header(request, "Content-Encoding"))
        return false;
    http_add_header(request, "Vary", "Accept-Encoding");
    if (!http_accepts_gzip(http_header(request, "Accept-Encoding")) ||
        http_gzip(data, size_bytes, &request->response.data, &out_bytes))
        return false;
    request->response.size_bytes = (int64_t)out_bytes;
    http_add_header(request, "Content-Encoding", "gzip");
    if (tag && *tag == '"') /* a strong one promises the same bytes */
        set_header(request, "ETag", arena_printf(&request->arena, "W/%s", tag));
    return true;
}

void http_respond(struct http_request *request, int status, const char *type, const void *data,
                  size_t size_bytes)
{
    struct http_response *response = &request->response;

    BUG_IF(http_has_responded(request) || status < 200 || status > 599);
    response->fd = -1;
    if (status == 200 && respond_not_modified(request, http_response_header(request, "ETag")))
        return;
    if (type)
        set_header(request, "Content-Type", type);
    if (type && !compress(request, type, data, size_bytes)) {
        response->data = malloc(size_bytes + 1);
        if (!response->data) {
            log_error("no memory for a response of %zu bytes", size_bytes);
            status = 503;
            size_bytes = 0;
        } else if (size_bytes) {
            memcpy(response->data, data, size_bytes);
        }
        response->size_bytes = (int64_t)size_bytes;
    }
    response->status = status;
}

/* In both forms: what clients of the platform read, and what services say to each other. */
void http_respond_status(struct http_request *request, int status)
{
    static const struct {
        int status;
        const char *code, *kind, *text;
    } reasons[] = {
        { 400, "BAD_REQUEST", "invalid", "the request is malformed" },
        { 408, "TIMEOUT", "unavailable", "the request took too long" },
        { 413, "TOO_LARGE", "too_large", "the body is too large" },
        { 414, "TOO_LARGE", "too_large", "the path and query are too long" },
        { 426, "UPGRADE_REQUIRED", "invalid", "this path needs a WebSocket" },
        { 503, "UNAVAILABLE", "unavailable", "the server is stopping or out of memory" },
        { 500, "INTERNAL", "internal", "internal error" }, /* and all others */
    };
    size_t i = 0, last = sizeof(reasons) / sizeof(reasons[0]) - 1;
    char text[320];

    while (i < last && reasons[i].status != status)
        i++;
    snprintf(text, sizeof(text),
             "{\"detail\":\"%s\",\"code\":\"%s\","
             "\"error\":{\"kind\":\"%s\",\"message\":\"%s\"}}\n",
             reasons[i].text, reasons[i].code, reasons[i].kind, reasons[i].text);
    http_respond(request, status, "application/json", text, strlen(text));
}

/* --- files ---------------------------------------------------------------------------------- */

/* Names of days and months do not follow the locale here. */
static void format_date(time_t seconds, char text[DATE_SIZE])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm;

    gmtime_r(&seconds, &tm);
    snprintf(text, DATE_SIZE, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * tm.tm_wday,
             tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
             tm.tm_sec);
}

/* RFC 6266: a plain name for old clients, and the real one by its bytes. */
static void add_download_name(struct http_request *request, const char *name)
{
    struct str value = STR_INIT;

    str_add(&value, "attachment; filename=\"");
    for (const char *p = name; *p; p++)
        str_add_char(&value, *p < 0x20 || *p > 0x7e || strchr("\"\\%", *p) ? '_' : *p);
    str_add(&value, "\"; filename*=UTF-8''");
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        bool plain = (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= 'a' && *p <= 'z') || *p == '-' || *p == '.' || *p == '_';

        str_printf(&value, plain ? "%c" : "%%%02X", *p);
    }
    http_add_header(request, "Content-Disposition", value.text);
    str_release(&value);
}

static void respond_unsatisfiable(struct http_request *request, int fd, int64_t size_bytes)
{
    close(fd);
    add_printed(request, "Content-Range", "bytes */%" PRId64, size_bytes);
    http_respond(request, 416, "text/plain", "", 0);
}

static void respond_part(struct http_request *request, int fd, int64_t size_bytes, const char *tag,
                         const char *modified)
{
    struct http_response *response = &request->response;
    enum http_range range = HTTP_RANGE_WHOLE;

    response->offset = 0;
    response->size_bytes = size_bytes;
    if (!strcmp(request->method, "GET") &&
        http_range_is_current(http_header(request, "If-Range"), tag, modified))
        range = http_range_parse(http_header(request, "Range"), size_bytes, &response->offset,
                                 &response->size_bytes);
    if (range == HTTP_RANGE_OUTSIDE) {
        respond_unsatisfiable(request, fd, size_bytes);
        return;
    }
    if (range == HTTP_RANGE_PART)
        add_printed(request, "Content-Range", "bytes %" PRId64 "-%" PRId64 "/%" PRId64,
                    response->offset, response->offset + response->size_bytes - 1, size_bytes);
    response->fd = fd;
    response->status = range == HTTP_RANGE_PART ? 206 : 200;
}

void http_respond_file(struct http_request *request, const char *type, int fd, const char *download)
{
    char modified[DATE_SIZE], made_tag[TAG_SIZE];
    const char *tag = http_response_header(request, "ETag");
    struct stat status;

    BUG_IF(http_has_responded(request));
    if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
        log_error("a file to respond with cannot be read or is none: %m");
        close(fd);
        http_respond_status(request, 500);
        return;
    }
    if (!tag) {
        snprintf(made_tag, sizeof(made_tag), "\"%" PRIx64 "-%" PRIx64 ".%lx\"",
                 (uint64_t)status.st_size, (uint64_t)status.st_mtim.tv_sec,
                 (unsigned long)status.st_mtim.tv_nsec);
        http_add_header(request, "ETag", made_tag);
        tag = made_tag;
    }
    format_date(status.st_mtim.tv_sec, modified);
    set_header(request, "Last-Modified", modified);
    if (respond_not_modified(request, tag)) {
        request->response.fd = -1;
        close(fd);
        return;
    }
    set_header(request, "Content-Type", type);
    set_header(request, "Accept-Ranges", "bytes");
    if (download)
        add_download_name(request, download);
    respond_part(request, fd, status.st_size, tag, modified);
}

void http_response_release(struct http_request *request)
{
    struct http_response *response = &request->response;

    free(response->data);
    response->data = NULL;
    if (response->fd >= 0)
        close(response->fd);
    response->fd = -1;
}
