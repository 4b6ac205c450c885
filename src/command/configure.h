/* configure.h - from the command line to a checked configuration. */
#ifndef COMMAND_CONFIGURE_H
#define COMMAND_CONFIGURE_H

#include "base/arguments.h"
#include "train/config.h"

struct configuration {
    struct arena arena;
    struct config config;
    struct field_values values;
};

/* Sources, later ones win: defaults, preset, `file` (JSON, flat or nested), `advanced` (JSON text),
 * flags.  A command line that gives no learning settings at all uses the preset "small_data". */
int configuration_init(struct configuration *c, const struct arguments *arguments, const char *file,
                       const char *advanced, struct error *err);
void configuration_release(struct configuration *c);

#endif
