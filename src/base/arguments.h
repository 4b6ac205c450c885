/* arguments.h - GNU long options: "--name value", "--name=value", "--flag".
 *
 * '-' and '_' are the same in names.  Options come from a command's own table and, for commands
 * that take a configuration, from config_fields; what belongs to neither is refused, with the
 * nearest known name.  Words that stand alone are refused too, but for as many as a command takes:
 * what it does not look at would have no effect, and nobody would be told. */
#ifndef BASE_ARGUMENTS_H
#define BASE_ARGUMENTS_H

#include "base/field.h"

#include <limits.h>

struct option {
    const char *name, *alias; /* alias may be NULL */
    const char **text;        /* takes a value; of an option given twice the last one counts */
    bool *flag;               /* takes none */
    const char *value_name, *help;
};

#define OPTION_END { NULL }
#define ARGUMENTS_MAX_FIELDS 512
#define ARGUMENTS_ANY_COUNT INT_MAX

struct arguments {
    const struct option *options; /* ends with OPTION_END */
    const struct field *fields;   /* config_fields or NULL */
    int most_positionals;         /* 0: the command takes none */
    char **positionals;
    int positional_count;
    /* fields as given, to be set once files and presets are in */
    const char *field_names[ARGUMENTS_MAX_FIELDS], *field_texts[ARGUMENTS_MAX_FIELDS];
    int field_count;
    bool help;
};

/* argv without the command's name.  Positionals are argv's own strings, compacted in place. */
int arguments_parse(struct arguments *arguments, int argc, char **argv, struct error *err);

/* Give the fields that were on the command line to `values`. */
void arguments_set_fields(const struct arguments *arguments, struct field_values *values);

void arguments_help(const struct option *options, struct str *out);

#endif
