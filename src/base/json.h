/* json.h - JSON out by appending, JSON in through jansson.
 *
 * Writer     Appends to a str; commas and escapes are taken care of.  Invalid UTF-8 is written
 *            as U+FFFD, NaN and infinities as null (JSON has no word for them).
 *
 *     struct json_writer w;
 *     json_begin(&w, &text);
 *     json_object_open(&w);
 *     json_key(&w, "epoch"); json_int(&w, 3);
 *     json_close(&w);
 *
 * Reader     json_parse() wraps json_loadb() with duplicates refused; what it gives is a jansson
 *            json_t, to be read with jansson's own calls and freed with json_decref().
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct str;

struct json_writer {
    struct str *_out;
    char _closers[64];
    int _depth;
    bool _comma;
};

void json_begin(struct json_writer *w, struct str *out);
void json_object_open(struct json_writer *w);
void json_array_open(struct json_writer *w);
void json_close(struct json_writer *w); /* ends the innermost object or array */
void json_key(struct json_writer *w, const char *key);
void json_text(struct json_writer *w, const char *text); /* NULL writes null */
void json_int(struct json_writer *w, int64_t value);
void json_number(struct json_writer *w, double value); /* shortest text that reads back equal */
void json_bool(struct json_writer *w, bool value);
void json_raw(struct json_writer *w, const char *json); /* trusted JSON text */

/* key and value at once */
void json_put_text(struct json_writer *w, const char *key, const char *text);
void json_put_int(struct json_writer *w, const char *key, int64_t value);
void json_put_number(struct json_writer *w, const char *key, double value);
void json_put_bool(struct json_writer *w, const char *key, bool value);

/* Gives the tree.  `what` names the source in the message: "config.json". */
json_t *json_parse(const char *text, size_t length, const char *what, struct error *err);

#endif
