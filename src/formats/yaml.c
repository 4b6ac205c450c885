/* yaml.c - events of libyaml to a tree. */
#include "formats/yaml.h"
#include "base/error.h"
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#define DEPTH_LIMIT 32

struct reader {
    yaml_parser_t parser;
    const char *what;
    int depth;
};

static int fail_at(struct error *err, const struct reader *reader, const yaml_mark_t *mark,
                   const char *problem)
{
    return FAIL(err, CORRUPT, "cannot read '%s' as YAML: line %zu: %s", reader->what,
                mark->line + 1, problem);
}

/* ---- scalars ----------------------------------------------------------------------------- */

static bool is_word(const char *text, const char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        if (!strcasecmp(text, words[i]))
            return true;
    return false;
}

/* Digits enough to be a number: "1e3" and ".5" are, "1.2.3", "nan" and "0x1p3" are not. */
static bool looks_like_number(const char *text)
{
    return *text && strspn(text, "+-0123456789.eE_") == strlen(text) && strpbrk(text, "0123456789");
}

static json_t *plain_scalar(const char *text)
{
    static const char *const nothing[] = { "", "~", "null" };
    static const char *const yes[] = { "true", "yes", "on" };
    static const char *const no[] = { "false", "no", "off" };
    char *end;

    if (is_word(text, nothing, 3))
        return json_null();
    if (is_word(text, yes, 3))
        return json_true();
    if (is_word(text, no, 3))
        return json_false();
    if (looks_like_number(text)) {
        long long whole;
        double number;

        errno = 0;
        whole = strtoll(text, &end, 10);
        if (*end == '\0' && errno == 0)
            return json_integer(whole);
        number = strtod(text, &end);
        if (*end == '\0' && isfinite(number))
            return json_real(number);
    }
    return json_string(text);
}

static json_t *read_scalar(struct reader *reader, const yaml_event_t *event, struct error *err)
{
    const char *text = (const char *)event->data.scalar.value;
    bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    json_t *value;

    if (strlen(text) != event->data.scalar.length) {
        fail_at(err, reader, &event->start_mark, "a zero byte");
        return NULL;
    }
    value = is_plain ? plain_scalar(text) : json_string(text);
    if (!value)
        fail_at(err, reader, &event->start_mark, "not UTF-8");
    return value;
}

/* ---- lists and maps ---------------------------------------------------------------------- */

static int next_event(struct reader *reader, yaml_event_t *event, struct error *err)
{
    if (yaml_parser_parse(&reader->parser, event))
        return 0;
    return fail_at(err, reader, &reader->parser.problem_mark,
                   reader->parser.problem ? reader->parser.problem : "it is broken");
}

static json_t *read_value(struct reader *reader, const yaml_event_t *event, struct error *err);

static int read_list(struct reader *reader, json_t *list, struct error *err)
{
    for (;;) {
        yaml_event_t event;
        json_t *value;

        if (next_event(reader, &event, err))
            return -1;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return 0;
        }
        value = read_value(reader, &event, err);
        yaml_event_delete(&event);
        if (!value || json_array_append_new(list, value))
            return -1;
    }
}

static int read_member(struct reader *reader, json_t *map, const yaml_event_t *key,
                       struct error *err)
{
    const char *name = (const char *)key->data.scalar.value;
    yaml_event_t event;
    json_t *value;

    if (key->type != YAML_SCALAR_EVENT)
        return fail_at(err, reader, &key->start_mark, "a key that is not a text");
    if (json_object_get(map, name))
        return fail_at(err, reader, &key->start_mark, "a key that stands twice");
    if (next_event(reader, &event, err))
        return -1;
    value = read_value(reader, &event, err);
    yaml_event_delete(&event);
    if (!value)
        return -1;
    return json_object_set_new(map, name, value)
               ? fail_at(err, reader, &key->start_mark, "a key that is not UTF-8")
               : 0;
}

static int read_map(struct reader *reader, json_t *map, struct error *err)
{
    for (;;) {
        yaml_event_t event;
        bool is_end;
        int result;

        if (next_event(reader, &event, err))
            return -1;
        is_end = event.type == YAML_MAPPING_END_EVENT;
        result = is_end ? 0 : read_member(reader, map, &event, err);
        yaml_event_delete(&event);
        if (is_end || result)
            return result;
    }
}

static json_t *read_value(struct reader *reader, const yaml_event_t *event, struct error *err)
{
    json_t *value = NULL;
    int result = 0;

    if (event->type == YAML_SCALAR_EVENT)
        return read_scalar(reader, event, err);
    if (event->type == YAML_ALIAS_EVENT) {
        fail_at(err, reader, &event->start_mark, "aliases are not supported");
        return NULL;
    }
    if (reader->depth >= DEPTH_LIMIT) {
        fail_at(err, reader, &event->start_mark, "it is nested too deeply");
        return NULL;
    }
    reader->depth++;
    if (event->type == YAML_SEQUENCE_START_EVENT) {
        value = json_array();
        result = read_list(reader, value, err);
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        value = json_object();
        result = read_map(reader, value, err);
    } else {
        result = fail_at(err, reader, &event->start_mark, "a value is missing");
    }
    reader->depth--;
    if (result) {
        json_decref(value);
        return NULL;
    }
    return value;
}

/* ---- the whole --------------------------------------------------------------------------- */

/* Everything up to the end of the stream; the one document's value, or null. */
static json_t *read_stream(struct reader *reader, struct error *err)
{
    json_t *value = NULL;
    bool is_done = false;

    while (!is_done) {
        yaml_event_t event;
        int result = next_event(reader, &event, err);

        if (result)
            goto failed;
        is_done = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT && value) {
            result = fail_at(err, reader, &event.start_mark, "more than one document");
        } else if (event.type != YAML_STREAM_START_EVENT &&
                   event.type != YAML_DOCUMENT_START_EVENT &&
                   event.type != YAML_DOCUMENT_END_EVENT && !is_done) {
            value = read_value(reader, &event, err);
            result = value ? 0 : -1;
        }
        yaml_event_delete(&event);
        if (result)
            goto failed;
    }
    return value ? value : json_null();
failed:
    json_decref(value);
    return NULL;
}

json_t *yaml_parse(const char *text, size_t length, const char *what, struct error *err)
{
    struct reader reader = { .what = what };
    json_t *value;

    if (length > YAML_LIMIT_BYTES) {
        FAIL(err, TOO_LARGE, "'%s' is larger than %d bytes", what, YAML_LIMIT_BYTES);
        return NULL;
    }
    if (!yaml_parser_initialize(&reader.parser)) {
        FAIL(err, NO_MEMORY, "no memory to read '%s'", what);
        return NULL;
    }
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    value = read_stream(&reader, err);
    yaml_parser_delete(&reader.parser);
    return value;
}
