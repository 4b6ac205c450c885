/* configure.h - from the command line to a checked configuration. */
#ifndef COMMAND_CONFIGURE_H
#define COMMAND_CONFIGURE_H

#include "base/arguments.h"
#include "train/config.h"

struct configuration {
    struct arena arena;
    struct config config;
    struct field_values values;
    bool file_says_how; /* to learn */
};

/* Sources, later ones win: defaults, preset, `file` (JSON, flat or nested), `advanced` (JSON text),
 * flags.  The preset is that which the file or a flag names ("none": none).  Where none is named it
 * is "small_data" below whatever the flags say, unless `file` or `advanced` says how to learn: then
 * that is the whole recipe, and there is no preset. */
int configuration_init(struct configuration *c, const struct arguments *arguments, const char *file,
                       const char *advanced, struct error *err);
void configuration_release(struct configuration *c);

#endif
