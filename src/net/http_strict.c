/* http_strict.c - refuses what two parsers could read differently.
 *
 * With a proxy in front, a message whose end they see in different places carries a second one
 * past the proxy's rules.  The library lets these through. */

#include "net/net_internal.h"

#include <strings.h>

static const char *only_value(const struct http_request *request, const char *name, int *count)
{
    const char *value = NULL;

    *count = 0;
    for (int i = 0; i < request->headers.count; i++) {
        if (!strcasecmp(request->headers.items[i].name, name)) {
            value = request->headers.items[i].value;
            (*count)++;
        }
    }
    return value;
}

static bool is_length(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits && digits <= 18 && !text[digits];
}

static bool is_host(const char *text)
{
    return *text && !strpbrk(text, "/\\@?# \t,<>\"");
}

int http_request_check(const struct http_request *request)
{
    int length_count, encoding_count, host_count;
    const char *length = only_value(request, "Content-Length", &length_count);
    const char *encoding = only_value(request, "Transfer-Encoding", &encoding_count);
    const char *host = only_value(request, "Host", &host_count);

    if (!http_is_token(request->method))
        return 400;
    for (int i = 0; i < request->headers.count; i++) {
        if (!http_is_token(request->headers.items[i].name) ||
            strpbrk(request->headers.items[i].value, "\r\n"))
            return 400;
    }
    if (length_count + encoding_count > 1 || (length && !is_length(length)))
        return 400;
    if (encoding && (request->is_http_1_0 || strcasecmp(encoding, "chunked")))
        return 400;
    if (host_count > 1 || (!host && !request->is_http_1_0) || (host && !is_host(host)))
        return 400;
    return 0;
}

bool http_is_folded(const char *behind_colon, const char *value)
{
    if ((uintptr_t)value < (uintptr_t)behind_colon)
        return true;
    while (behind_colon < value && (*behind_colon == ' ' || *behind_colon == '\t'))
        behind_colon++;
    return behind_colon != value;
}
