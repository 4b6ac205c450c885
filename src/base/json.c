/* json.c - see json.h. */

#include "base/json.h"

#include "base/error.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

void json_begin(struct json_writer *w, struct str *out)
{
    *w = (struct json_writer){ ._out = out };
}

/* What every value and every key starts with. */
static void separate(struct json_writer *w)
{
    if (w->_comma)
        str_add_char(w->_out, ',');
    w->_comma = true;
}

static void open_with(struct json_writer *w, char opener, char closer)
{
    BUG_IF(w->_depth == (int)sizeof(w->_closers));
    separate(w);
    str_add_char(w->_out, opener);
    w->_closers[w->_depth++] = closer;
    w->_comma = false;
}

void json_object_open(struct json_writer *w)
{
    open_with(w, '{', '}');
}

void json_array_open(struct json_writer *w)
{
    open_with(w, '[', ']');
}

void json_close(struct json_writer *w)
{
    BUG_IF(w->_depth == 0);
    str_add_char(w->_out, w->_closers[--w->_depth]);
    w->_comma = true;
}

/* The leading bytes of UTF-8 and what may follow them first (Unicode 15, table 3-7); the rest of
 * a sequence is 80 to BF.  This leaves out surrogates, overlong forms and all above U+10FFFF. */
static const struct {
    unsigned char first, last, second_low, second_high;
    int length;
} utf8_sequences[] = {
    { 0x00, 0x7F, 0x00, 0x00, 1 }, { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 },
    { 0xE1, 0xEC, 0x80, 0xBF, 3 }, { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 },
    { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
};

/* How many bytes at `text` belong together, and whether they are a character.  Of a broken one
 * as many bytes as could have begun a character, so that what follows is read afresh. */
static int utf8_length(const char *text, bool *valid)
{
    const unsigned char *bytes = (const unsigned char *)text;

    *valid = false;
    for (size_t i = 0; i < sizeof(utf8_sequences) / sizeof(utf8_sequences[0]); i++) {
        int at = 1;

        if (bytes[0] < utf8_sequences[i].first || bytes[0] > utf8_sequences[i].last)
            continue;
        if (utf8_sequences[i].length > 1 && bytes[1] >= utf8_sequences[i].second_low &&
            bytes[1] <= utf8_sequences[i].second_high)
            for (at = 2; at < utf8_sequences[i].length && (bytes[at] & 0xC0) == 0x80; at++)
                ;
        *valid = at == utf8_sequences[i].length;
        return at;
    }
    return 1;
}

static void add_ascii(struct str *out, char c)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *found = strchr(escaped, c);

    if (found) {
        str_add_char(out, '\\');
        str_add_char(out, letters[found - escaped]);
    } else if ((unsigned char)c < 0x20) {
        str_printf(out, "\\u%04x", (unsigned)c);
    } else {
        str_add_char(out, c);
    }
}

/* Bytes that stand for themselves: nearly all of nearly every text. */
static size_t plain_length(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;

    while (*c >= 0x20 && *c < 0x7f && *c != '"' && *c != '\\')
        c++;
    return (size_t)(c - (const unsigned char *)text);
}

static void add_quoted(struct str *out, const char *text)
{
    str_add_char(out, '"');
    while (*text) {
        size_t plain = plain_length(text);
        bool valid;
        int length;

        str_add_bytes(out, text, plain);
        text += plain;
        if (!*text)
            break;
        length = utf8_length(text, &valid);

        if (!valid)
            str_add(out, REPLACEMENT);
        else if (length == 1)
            add_ascii(out, *text);
        else
            str_add_bytes(out, text, (size_t)length);
        text += length;
    }
    str_add_char(out, '"');
}

void json_key(struct json_writer *w, const char *key)
{
    BUG_IF(!w->_depth || w->_closers[w->_depth - 1] != '}');
    separate(w);
    add_quoted(w->_out, key);
    str_add_char(w->_out, ':');
    w->_comma = false;
}

void json_text(struct json_writer *w, const char *text)
{
    separate(w);
    if (text)
        add_quoted(w->_out, text);
    else
        str_add(w->_out, "null");
}

/* value / 10^places, without zeros at the end. */
static void add_decimal(struct str *out, int64_t value, int places)
{
    char text[32], *end = text + sizeof(text), *at = end;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    for (; places && rest % 10 == 0; places--)
        rest /= 10;
    for (int digits = 0; rest || digits <= places; digits++) {
        if (places && digits == places)
            *--at = '.';
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    }
    if (value < 0)
        *--at = '-';
    str_add_bytes(out, at, (size_t)(end - at));
}

void json_int(struct json_writer *w, int64_t value)
{
    separate(w);
    add_decimal(w->_out, value, 0);
}

/* Numbers of few places, as people write them.  The quotient of two whole numbers that are exact
 * is rounded as the decimal is when it is read: so equal means that it reads back equal. */
static bool add_short_decimal(struct str *out, double value)
{
    const int places = 6;
    const double scale = 1e6, most = 1e8, least = 1e-4; /* below, the form has an exponent */
    double scaled = nearbyint(value * scale);

    if (fabs(value) >= most || (fabs(value) < least && value != 0) || scaled / scale != value ||
        (value == 0 && signbit(value)))
        return false;
    add_decimal(out, (int64_t)scaled, places);
    return true;
}

/* 15 digits survive the way to binary and back, so if 15 are enough then %.15g, which drops
 * trailing zeros, is the shortest.  Subnormal numbers have less and start from one digit. */
void json_number(struct json_writer *w, double value)
{
    char text[40];
    int digits = isnormal(value) ? 15 : 1;

    separate(w);
    if (!isfinite(value)) {
        str_add(w->_out, "null");
        return;
    }
    if (add_short_decimal(w->_out, value))
        return;
    do
        snprintf(text, sizeof(text), "%.*g", digits, value);
    while (digits++ < 17 && strtod(text, NULL) != value);
    str_add(w->_out, text);
}

void json_bool(struct json_writer *w, bool value)
{
    json_raw(w, value ? "true" : "false");
}

void json_raw(struct json_writer *w, const char *json)
{
    separate(w);
    str_add(w->_out, json);
}

void json_put_text(struct json_writer *w, const char *key, const char *text)
{
    json_key(w, key);
    json_text(w, text);
}

void json_put_int(struct json_writer *w, const char *key, int64_t value)
{
    json_key(w, key);
    json_int(w, value);
}

void json_put_number(struct json_writer *w, const char *key, double value)
{
    json_key(w, key);
    json_number(w, value);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
    json_key(w, key);
    json_bool(w, value);
}

json_t *json_parse(const char *text, size_t length, const char *what, struct error *err)
{
    json_error_t problem;
    json_t *tree = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);

    if (!tree)
        FAIL(err, CORRUPT, "cannot read '%s' as JSON: line %d, column %d: %s", what, problem.line,
             problem.column, problem.text);
    return tree;
}
