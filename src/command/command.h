/* command.h - the commands of fovea-engine; one file each. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include "base/error.h"

struct device;
struct option;
struct str;

struct command {
    const char *name, *summary;
    const char *usage; /* what follows the name */
    /* Returns 0 or -1; writes results to stdout and talk to stderr. */
    int (*run)(int argc, char **argv, struct error *err);
};

/* Print "usage", the text and the exit codes to stdout. */
void command_print_help(const struct command *command, const char *text);

/* The same for a command whose options are a table; text, or NULL, comes before them.  Returns 0.
 */
int command_print_options(const struct command *command, const char *text,
                          const struct option *options);

/* The CPU device with as many threads as asked for (0: one per core). */
int command_open_device(struct device **device, int threads, struct error *err);

/* A number within a range, or a failure that names the option. */
int command_read_number(const char *text, const char *name, double least, double most, double *out,
                        struct error *err);
/* The same for a whole number, to its last character. */
int command_read_integer(const char *text, const char *name, int least, int most, int *out,
                         struct error *err);
#define COMMAND_MOST_THREADS 256

/* Time the device's algorithms and append rows for its table of rules. */
int command_tune(int threads, struct str *out, struct error *err);

/* The command with that name, or the whole program's help. */
int command_main(int argc, char **argv);

#define COMMAND(name) extern const struct command command_##name;
COMMAND(train)
COMMAND(val)
COMMAND(predict)
COMMAND(bench)
COMMAND(models)
COMMAND(inspect)
COMMAND(schema)
COMMAND(dataset)
COMMAND(score)
COMMAND(version)
#undef COMMAND

#endif
