/* multipart.c - see multipart.h. */

#include "net/multipart.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "net/net_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BOUNDARY_MOST 200     /* RFC 2046 says 70; some clients take more */
#define PREAMBLE_MOST 1024    /* nobody sends one */
#define DELIMITER_START "\r\n--"

enum state {
    STATE_PREAMBLE,
    STATE_DELIMITED, /* a boundary was read: its line, or the "--" that ends all */
    STATE_HEADERS,
    STATE_BODY,
    STATE_EPILOGUE,
};

struct multipart {
    enum state state;
    struct multipart_events events;
    void *context;
    char delimiter[BOUNDARY_MOST + sizeof(DELIMITER_START)]; /* "\r\n--boundary" */
    size_t delimiter_bytes;
    size_t matched; /* how much of the delimiter the last piece ended with */
    size_t preamble_bytes;
    struct str line;     /* what follows a boundary */
    struct str headers;  /* of the part at hand */
    struct arena arena;  /* of the part at hand */
};

/* --- headers --------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_spaces(const char *text)
{
    while (is_space(*text))
        text++;
    return text;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A quoted string: \" and \\ are escapes, another backslash is itself, as browsers write it.
 * Gives what follows the closing quote; NULL: there is none. */
static const char *read_quoted(const char *text, struct str *out)
{
    for (text++; *text && *text != '"'; text++) {
        if (*text == '\\' && (text[1] == '"' || text[1] == '\\'))
            text++;
        str_add_char(out, *text);
    }
    return *text ? text + 1 : NULL;
}

static const char *read_token(const char *text, struct str *out)
{
    size_t length = strcspn(text, "; \t");

    str_add_bytes(out, text, length);
    return text + length;
}

/* One "; name=value" of a header; *text is moved behind it.  False: no more, or malformed, and
 * then *text is not at its end. */
static bool next_parameter(const char **text, struct str *name, struct str *value)
{
    const char *at = skip_spaces(*text);
    size_t length;

    str_clear(name);
    str_clear(value);
    if (*at != ';') {
        *text = at;
        return false;
    }
    at = skip_spaces(at + 1);
    if (!*at) { /* a ";" at the end */
        *text = at;
        return false;
    }
    length = strcspn(at, "=; \t");
    str_add_bytes(name, at, length);
    at += length;
    if (!length || *at != '=')
        return false;
    at = at[1] == '"' ? read_quoted(at + 1, value) : read_token(at + 1, value);
    if (!at)
        return false;
    *text = at;
    return true;
}

/* The parameter of a header's value; NULL: absent.  INVALID when the value is malformed or has it
 * twice. */
static int find_parameter(const char *header, const char *wanted, struct arena *arena,
                          const char **found, struct error *err)
{
    const char *at = header + strcspn(header, ";");
    struct str name = STR_INIT, value = STR_INIT;
    int count = 0;

    *found = NULL;
    while (next_parameter(&at, &name, &value))
        if (!strcasecmp(name.text, wanted)) {
            *found = arena_strndup(arena, value.text, value.length);
            count++;
        }
    str_release(&name);
    str_release(&value);
    if (*at || count > 1)
        return FAIL(err, INVALID, "The form is malformed: a header of a part cannot be read");
    return 0;
}

/* The value of a header of the part; NULL: absent. */
static const char *find_header(struct multipart *m, const char *name)
{
    size_t length = strlen(name);
    const char *line = m->headers.text;

    while (*line) {
        size_t line_length = strcspn(line, "\r");

        if (!strncasecmp(line, name, length) && line[length] == ':') {
            const char *value = skip_spaces(line + length + 1);

            return arena_strndup(&m->arena, value, (size_t)(line + line_length - value));
        }
        line += line_length;
        line += strspn(line, "\r\n");
    }
    return NULL;
}

/* filename*=UTF-8''na%C3%AFve.jpg */
static const char *decode_extended(struct arena *arena, const char *text)
{
    const char *quote = strchr(text, '\''), *second = quote ? strchr(quote + 1, '\'') : NULL;
    struct str out = STR_INIT;
    const char *result = NULL;

    if (!second || strncasecmp(text, "UTF-8'", strlen("UTF-8'")))
        return NULL;
    for (text = second + 1; *text; text++) {
        int high = *text == '%' ? hex_value(text[1]) : -1;
        int low = high >= 0 ? hex_value(text[2]) : -1;

        if (*text == '%' && low < 0)
            goto done;
        str_add_char(&out, low < 0 ? *text : (char)(16 * high + low));
        text += low < 0 ? 0 : 2;
    }
    if (strlen(out.text) == out.length) /* no NUL */
        result = arena_strndup(arena, out.text, out.length);
done:
    str_release(&out);
    return result;
}

/* Browsers write a quote in a name as %22, and nothing else so. */
static const char *decode_quotes(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text), *to = copy;

    for (; *text; text++) {
        bool is_quote = !strncmp(text, "%22", 3);

        *to++ = is_quote ? '"' : *text;
        text += is_quote ? 2 : 0;
    }
    *to = 0;
    return copy;
}

static bool is_clean_text(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            return false;
    return http_is_utf8(text, strlen(text));
}

static int read_names(struct multipart *m, struct multipart_part *part, struct error *err)
{
    const char *disposition = find_header(m, "Content-Disposition"), *extended;

    if (!disposition || strncasecmp(disposition, "form-data", strlen("form-data")))
        return FAIL(err, INVALID, "The form is malformed: a part is no form-data");
    if (find_parameter(disposition, "name", &m->arena, &part->name, err) ||
        find_parameter(disposition, "filename", &m->arena, &part->filename, err) ||
        find_parameter(disposition, "filename*", &m->arena, &extended, err))
        return -1;
    if (part->filename)
        part->filename = decode_quotes(&m->arena, part->filename);
    if (extended) {
        part->filename = decode_extended(&m->arena, extended);
        if (!part->filename)
            return FAIL(err, INVALID, "The form is malformed: a file name cannot be read");
    }
    if (!part->name || !*part->name || !is_clean_text(part->name))
        return FAIL(err, INVALID, "The form is malformed: a part has no usable name");
    if (part->filename && !is_clean_text(part->filename))
        return FAIL(err, INVALID,
                    "A file name is not UTF-8 or has control characters, in the field '%s'",
                    part->name);
    return 0;
}

static int begin_part(struct multipart *m, struct error *err)
{
    struct multipart_part part = { 0 };
    const char *encoding;

    if (read_names(m, &part, err))
        return -1;
    part.type = find_header(m, "Content-Type");
    encoding = find_header(m, "Content-Transfer-Encoding");
    if (part.type && !strncasecmp(part.type, "multipart/", strlen("multipart/")))
        return FAIL(err, INVALID, "A form within a form is not taken");
    if (encoding && strcasecmp(encoding, "binary") && strcasecmp(encoding, "8bit") &&
        strcasecmp(encoding, "7bit"))
        return FAIL(err, INVALID, "The part '%s' is encoded, which is not taken", part.name);
    m->state = STATE_BODY;
    m->matched = 0;
    return m->events.begin(m->context, &part, err);
}

/* --- pieces ---------------------------------------------------------------------------------- */
/* Each takes what it can of the data and says how much that was; -1: an error. */

static int give(struct multipart *m, const char *data, size_t size_bytes, struct error *err)
{
    if (!size_bytes)
        return 0;
    if (m->state == STATE_BODY)
        return m->events.data(m->context, data, size_bytes, err);
    m->preamble_bytes += size_bytes;
    if (m->preamble_bytes > PREAMBLE_MOST)
        return FAIL(err, INVALID, "The form is malformed: it does not begin with its boundary");
    return 0;
}

static int take_boundary(struct multipart *m, struct error *err)
{
    bool is_end_of_part = m->state == STATE_BODY;

    m->matched = 0;
    m->state = STATE_DELIMITED;
    str_clear(&m->line);
    return is_end_of_part ? m->events.end(m->context, err) : 0;
}

/* Go on with a delimiter that began in an earlier piece. */
static long continue_match(struct multipart *m, const char *data, size_t size_bytes,
                           struct error *err)
{
    size_t i = 0, matched = m->matched;

    while (i < size_bytes && m->matched < m->delimiter_bytes && data[i] == m->delimiter[m->matched])
        i++, m->matched++;
    if (m->matched == m->delimiter_bytes)
        return take_boundary(m, err) ? -1 : (long)i;
    if (i == size_bytes)
        return (long)i;
    /* It was none: what looked like one is content.  Its only carriage return is at its start, so
     * no other delimiter can have begun within; only the earlier pieces' share is gone. */
    m->matched = 0;
    return give(m, m->delimiter, matched, err) || give(m, data, i, err) ? -1 : (long)i;
}

static long take_content(struct multipart *m, const char *data, size_t size_bytes,
                         struct error *err)
{
    const char *found, *start;
    size_t tail_bytes = m->delimiter_bytes - 1;

    if (m->matched)
        return continue_match(m, data, size_bytes, err);
    found = memmem(data, size_bytes, m->delimiter, m->delimiter_bytes);
    if (found) {
        if (give(m, data, (size_t)(found - data), err) || take_boundary(m, err))
            return -1;
        return found - data + (long)m->delimiter_bytes;
    }
    if (tail_bytes > size_bytes)
        tail_bytes = size_bytes;
    start = memrchr(data + size_bytes - tail_bytes, '\r', tail_bytes);
    if (start && !memcmp(start, m->delimiter, (size_t)(data + size_bytes - start)))
        m->matched = (size_t)(data + size_bytes - start);
    return give(m, data, size_bytes - m->matched, err) ? -1 : (long)size_bytes;
}

/* After a boundary: spaces and a line break, or "--". */
static long take_line(struct multipart *m, const char *data, struct error *err)
{
    const char *line = m->line.text;

    str_add_char(&m->line, *data);
    line = skip_spaces(m->line.text);
    if (!strcmp(m->line.text, "--")) {
        m->state = STATE_EPILOGUE;
    } else if (!strcmp(line, "\r\n")) {
        str_clear(&m->headers);
        arena_release(&m->arena);
        m->state = STATE_HEADERS;
    } else if ((*line && strcmp(line, "\r") && strcmp(m->line.text, "-")) ||
               m->line.length > PREAMBLE_MOST) {
        return FAIL(err, INVALID, "The form is malformed: text after a boundary");
    }
    return 1;
}

static bool headers_are_complete(const struct str *headers)
{
    return !strcmp(headers->text, "\r\n") || str_ends_with(headers->text, "\r\n\r\n");
}

/* Up to the end of a line, which may be the last. */
static long take_headers(struct multipart *m, const char *data, size_t size_bytes,
                         struct error *err)
{
    const char *newline = memchr(data, '\n', size_bytes);
    size_t taken = newline ? (size_t)(newline - data) + 1 : size_bytes;

    if (m->headers.length + taken > MULTIPART_HEADER_BYTES)
        return FAIL(err, INVALID, "The form is malformed: the headers of a part are too long");
    if (memchr(data, 0, taken))
        return FAIL(err, INVALID, "The form is malformed: a NUL in the headers of a part");
    str_add_bytes(&m->headers, data, taken);
    if (newline && headers_are_complete(&m->headers) && begin_part(m, err))
        return -1;
    return (long)taken;
}

static long take(struct multipart *m, const char *data, size_t size_bytes, struct error *err)
{
    switch (m->state) {
    case STATE_PREAMBLE:
    case STATE_BODY:
        return take_content(m, data, size_bytes, err);
    case STATE_DELIMITED:
        return take_line(m, data, err);
    case STATE_HEADERS:
        return take_headers(m, data, size_bytes, err);
    case STATE_EPILOGUE:
        break;
    }
    return (long)size_bytes;
}

/* --- the parser ------------------------------------------------------------------------------ */

bool multipart_is_type(const char *content_type)
{
    const char *type = "multipart/form-data";
    size_t length = strlen(type);

    return content_type && !strncasecmp(content_type, type, length) &&
           (!content_type[length] || strchr("; \t", content_type[length]));
}

int multipart_new(struct multipart **out, const char *content_type,
                  const struct multipart_events *events, void *context, struct error *err)
{
    struct multipart *m;
    struct arena arena = ARENA_INIT;
    const char *boundary = NULL;
    int result = -1;

    if (!multipart_is_type(content_type) ||
        find_parameter(content_type, "boundary", &arena, &boundary, err) || !boundary ||
        !*boundary || strlen(boundary) > BOUNDARY_MOST || !is_clean_text(boundary)) {
        FAIL(err, INVALID, "The form has no boundary that can be used");
        goto done;
    }
    m = calloc(1, sizeof(*m));
    BUG_IF(!m);
    m->events = *events;
    m->context = context;
    m->delimiter_bytes = (size_t)snprintf(m->delimiter, sizeof(m->delimiter), "%s%s",
                                          DELIMITER_START, boundary);
    m->matched = 2; /* the first boundary has no line before it: as if its end had been read */
    str_init(&m->line);
    str_init(&m->headers);
    *out = m;
    result = 0;
done:
    arena_release(&arena);
    return result;
}

int multipart_feed(struct multipart *m, const char *data, size_t size_bytes, struct error *err)
{
    while (size_bytes) {
        long taken = take(m, data, size_bytes, err);

        if (taken < 0)
            return -1;
        data += taken;
        size_bytes -= (size_t)taken;
    }
    return 0;
}

int multipart_finish(const struct multipart *m, struct error *err)
{
    if (m->state != STATE_EPILOGUE)
        return FAIL(err, INVALID, "The form is not complete: its last boundary is missing");
    return 0;
}

void multipart_free(struct multipart *m)
{
    if (!m)
        return;
    str_release(&m->line);
    str_release(&m->headers);
    arena_release(&m->arena);
    free(m);
}
