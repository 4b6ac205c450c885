/* http_request.c - the request: taking its texts apart, and lending them. */

#include "net/net_internal.h"

#include "base/error.h"

#include <stdint.h>
#include <strings.h>
#include <sys/random.h>

#define ID_LENGTH_MAX 64

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool http_is_token(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++) {
        if (!is_letter_or_digit(*text) && !strchr("!#$%&'*+-.^_`|~", *text))
            return false;
    }
    return true;
}

/* The number of bytes of the character that begins here, 0 if none does. */
static size_t utf8_character(const unsigned char *text, size_t length)
{
    static const uint32_t smallest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint32_t code = text[0];
    size_t count = code < 0x80       ? 1
                   : code >> 5 == 6  ? 2
                   : code >> 4 == 14 ? 3
                   : code >> 3 == 30 ? 4
                                     : 0;

    if (count < 2)
        return count;
    if (count > length)
        return 0;
    code &= 0x7fu >> count;
    for (size_t i = 1; i < count; i++) {
        if (text[i] >> 6 != 2)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    if (code < smallest[count] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    return count;
}

bool http_is_utf8(const char *text, size_t length)
{
    while (length) {
        size_t count = utf8_character((const unsigned char *)text, length);

        if (!count)
            return false;
        text += count;
        length -= count;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The text decoded once, or NULL where that is no text: a bad escape, a NUL, not UTF-8. */
static const char *decode(struct arena *arena, const char *text, size_t length, bool plus_is_space)
{
    char *decoded = arena_alloc(arena, length + 1);
    size_t count = 0;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (c == '%') {
            int high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

            if (low < 0)
                return NULL;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (!c)
            return NULL;
        decoded[count++] = c;
    }
    return http_is_utf8(decoded, count) ? decoded : NULL;
}

static size_t count_char(const char *text, char c)
{
    size_t count = 0;

    for (; *text; text++)
        count += *text == c;
    return count;
}

static int parse_query(struct http_request *request, const char *text)
{
    struct http_pairs *query = &request->query;

    query->items = ARENA_ARRAY(&request->arena, struct http_pair, count_char(text, '&') + 1);
    while (*text) {
        size_t length = strcspn(text, "&");
        const char *equals = memchr(text, '=', length);
        size_t name_length = equals ? (size_t)(equals - text) : length;
        struct http_pair *pair = &query->items[query->count];

        if (length) {
            pair->name = decode(&request->arena, text, name_length, true);
            pair->value =
                equals ? decode(&request->arena, equals + 1, length - name_length - 1, true) : "";
            if (!pair->name || !pair->value)
                return 400;
            query->count++;
        }
        text += length + (text[length] == '&');
    }
    return 0;
}

/* What a program that opens files, or writes logs, could take for something else. */
static bool is_safe_path(const char *path)
{
    const char *segment = path;

    for (const char *p = path; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    }
    while ((segment = strstr(segment, "/.."))) {
        segment += 3;
        if (!*segment || *segment == '/')
            return false;
    }
    return true;
}

/* "http://host/path" is as good as "/path" when it names the host that the header names. */
static const char *without_host(const struct http_request *request, const char *target)
{
    const char *host = http_header(request, "Host");
    size_t length = host ? strlen(host) : 0;

    if (*target == '/' || strncasecmp(target, "http://", 7))
        return target;
    target += 7;
    if (!length || strncasecmp(target, host, length) || target[length] != '/')
        return NULL;
    return target + length;
}

static int parse_target(struct http_request *request)
{
    const char *target = without_host(request, request->target);
    size_t path_length;

    if (!target)
        return 400;
    path_length = strcspn(target, "?");
    if (strchr(target, '#') || (*target != '/' && strcmp(request->method, "OPTIONS")))
        return 400;
    request->path = decode(&request->arena, target, path_length, false);
    if (!request->path || !is_safe_path(request->path) ||
        (*request->path != '/' && strcmp(request->path, "*")))
        return 400;
    return target[path_length] ? parse_query(request, target + path_length + 1) : 0;
}

static void parse_cookies(struct http_request *request)
{
    struct http_pairs *cookies = &request->cookies;
    const char *text = http_header(request, "Cookie");

    if (!text)
        return;
    cookies->items = ARENA_ARRAY(&request->arena, struct http_pair, count_char(text, ';') + 1);
    while (*text) {
        size_t length, name_length;

        text += strspn(text, " \t;");
        length = strcspn(text, ";");
        name_length = strcspn(text, "=;");
        if (name_length && name_length < length) {
            const char *value = text + name_length + 1;
            size_t value_length = length - name_length - 1;
            struct http_pair *pair = &cookies->items[cookies->count++];

            while (value_length && strchr(" \t", value[value_length - 1]))
                value_length--;
            if (value_length > 1 && value[0] == '"' && value[value_length - 1] == '"') {
                value++;
                value_length -= 2;
            }
            pair->name = arena_strndup(&request->arena, text, name_length);
            pair->value = arena_strndup(&request->arena, value, value_length);
        }
        text += length;
    }
}

int http_request_parse(struct http_request *request)
{
    int status;

    if (strlen(request->target) > HTTP_TARGET_LIMIT)
        return 414;
    status = parse_target(request);
    if (!status)
        parse_cookies(request);
    return status;
}

static bool is_sane_id(const char *id)
{
    size_t length = 0;

    for (; id[length]; length++) {
        if (length == ID_LENGTH_MAX ||
            (!is_letter_or_digit(id[length]) && !strchr("-_.", id[length])))
            return false;
    }
    return length > 0;
}

void http_request_choose_id(struct http_request *request)
{
    const char *id = http_header(request, "X-Request-Id");
    unsigned char random[16] = { 0 };

    if (id && is_sane_id(id)) {
        memcpy(request->id, id, strlen(id) + 1);
        return;
    }
    BUG_IF(getrandom(random, sizeof(random), 0) != sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(request->id + 2 * i, 3, "%02x", random[i]);
}

/* --- what it lends -------------------------------------------------------------------------- */

static const char *find(const struct http_pairs *pairs, const char *name)
{
    for (int i = 0; i < pairs->count; i++) {
        if (!strcmp(pairs->items[i].name, name))
            return pairs->items[i].value;
    }
    return NULL;
}

const char *http_method(const struct http_request *request)
{
    return request->method;
}

const char *http_path(const struct http_request *request)
{
    return request->path;
}

const char *http_query(const struct http_request *request, const char *name)
{
    return find(&request->query, name);
}

const char *http_header(const struct http_request *request, const char *name)
{
    for (int i = 0; i < request->headers.count; i++) {
        if (!strcasecmp(request->headers.items[i].name, name))
            return request->headers.items[i].value;
    }
    return NULL;
}

bool http_header_has(const struct http_request *request, const char *name, const char *word)
{
    size_t word_length = strlen(word);

    for (int i = 0; i < request->headers.count; i++) {
        const char *text = request->headers.items[i].value;

        if (strcasecmp(request->headers.items[i].name, name))
            continue;
        while (*text) {
            size_t length;

            text += strspn(text, " \t,");
            length = strcspn(text, " \t,");
            if (length == word_length && !strncasecmp(text, word, length))
                return true;
            text += length;
        }
    }
    return false;
}

const char *http_cookie(const struct http_request *request, const char *name)
{
    return find(&request->cookies, name);
}

const char *http_address(const struct http_request *request)
{
    return request->address;
}

const char *http_body(const struct http_request *request, size_t *size_bytes)
{
    *size_bytes = request->body_bytes;
    return request->body ? request->body : "";
}

void http_query_each(const struct http_request *request,
                     void (*each)(void *context, const char *name, const char *value),
                     void *context)
{
    for (int i = 0; i < request->query.count; i++)
        each(context, request->query.items[i].name, request->query.items[i].value);
}

struct arena *http_arena(struct http_request *request)
{
    return &request->arena;
}

void http_set_user(struct http_request *request, void *user)
{
    request->user = user;
}

void *http_user(const struct http_request *request)
{
    return request->user;
}
