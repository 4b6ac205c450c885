/* field.h - settings as a table: the only source of parsing, checking, help and schemas.
 *
 * A table describes the fields of one struct: dotted name, type, where the value lives, default,
 * range, label.  Values come as text (command line) or JSON (flat dotted keys or nested objects);
 * what does not fit is collected, so that all of it is named at once.  For every field the table
 * remembers where its value came from; a later source wins over an earlier one.
 */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

enum field_type {
    FIELD_INT,    /* int64_t */
    FIELD_REAL,   /* double */
    FIELD_BOOL,   /* bool */
    FIELD_TEXT,   /* const char *; NULL when unset */
    FIELD_SELECT, /* int: index in options */
    FIELD_REALS,  /* struct field_reals */
    FIELD_JSON    /* const json_t *, borrowed from what was read; options: "object" or "array" */
};

#define FIELD_MAX_REALS 8
struct field_reals {
    int count;
    double items[FIELD_MAX_REALS];
};

struct field {
    const char *name; /* dotted; '-' and '_' are the same where names are given */
    enum field_type type;
    size_t offset;
    const char *fallback; /* the default, as text; NULL: unset (0, false, NULL, first option) */
    const char *default_words; /* what help calls it where it depends on others; NULL: fallback */
    double min, max, step; /* of numbers; min == max: unbounded */
    const char *options;   /* of selects: "adam=Adam|adamw=AdamW" */
    const char *label, *help, *group;
    const char *alias;        /* another name: "lr" */
    const char *visible_when; /* "scheduler.type=cosine" */
    int item_count;           /* of FIELD_REALS: exactly so many */
    bool advanced;
    bool required;
    bool no_flag; /* may not be given on the command line */
    int scope;    /* whom it concerns, in numbers of the caller's; 0: everybody */
};

#define FIELD_END { NULL, 0, 0 }

enum field_origin { ORIGIN_DEFAULT, ORIGIN_PRESET, ORIGIN_FILE, ORIGIN_FLAG };
const char *field_origin_name(enum field_origin origin);

/* A struct being filled from a table. */
struct field_values {
    const struct field *fields;
    int count;
    void *target;
    enum field_origin *origins; /* by field */
    struct arena *arena;        /* borrowed: texts and origins live here */
    int scope;                  /* only fields of this scope and of 0 are written; 0: all */
    struct str problems;        /* with "; " between them */
    int problem_count;
};

/* Sets every field to its default. */
void field_values_init(struct field_values *values, const struct field *fields, void *target,
                       struct arena *arena);
void field_values_release(struct field_values *values);

const struct field *field_find(const struct field_values *values, const char *name);

/* Set one field; problems are collected and the old value stays. */
void field_set_text(struct field_values *values, const char *name, const char *text,
                    enum field_origin origin);
void field_set_json(struct field_values *values, const char *name, const json_t *value,
                    enum field_origin origin);

/* Every member of a JSON object; nested objects extend the dotted name.  A prefix is put in front
 * of all names; unknown names are problems, with a suggestion. */
void field_set_object(struct field_values *values, const char *prefix, const json_t *object,
                      enum field_origin origin);

/* A problem of the caller's own, in the same list. */
void field_problem(struct field_values *values, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* 0, or -1 with all problems in one message.  `what` comes first: "the configuration". */
int field_finish(struct field_values *values, const char *what, struct error *err);

/* --- writing ----------------------------------------------------------------------------- */

/* The value of a field, as JSON. */
void field_write_value(const struct field *field, const void *target, struct json_writer *w);
/* All fields as one flat object of dotted names. */
void field_write_flat(const struct field_values *values, struct json_writer *w);
/* The table itself: name, type, label, default, min, max, step, options ... */
void field_write_schema(const struct field *fields, struct json_writer *w);
/* A column of "--name TYPE  label: help (default)" lines, by group.  scope: only what concerns it;
 * 0: all, in groups of their own, whose headings say whom they concern: scope_names[scope]. */
void field_write_help(const struct field *fields, int scope, const char *const *scope_names,
                      struct str *out);
/* name, value and origin, one line each. */
void field_write_origins(const struct field_values *values, struct str *out);

/* The name of option `index` of a select, in static or arena memory; NULL past the end. */
char *field_option(struct arena *arena, const struct field *field, int index);

#endif
