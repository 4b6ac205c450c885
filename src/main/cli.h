/* cli.h - what the commands share that `fovea` runs itself: opening a data folder beside a server
 * that may be running, and saying what went wrong. */
#ifndef MAIN_CLI_H
#define MAIN_CLI_H

#include "app/app.h"

struct arguments;

#define CLI_DATA_FOLDER "fovea-data"

/* The database of a data folder, or the one that was named. */
const char *cli_database(const char *data, const char *database_url, struct arena *arena);

/* Open what is there; nothing is made, and the schema must be this program's: whether a running
 * server can bear a newer one only `fovea migrate` is to decide. */
int cli_open(struct app **app, const char *data, const char *database_url, struct error *err);

/* Parse; 0: go on; else the command ends with *code.  usage is what --help says before the
 * options. */
int cli_parse(struct arguments *arguments, int argc, char **argv, const char *name,
              const char *usage, int *code);

/* Prints "fovea NAME: text" and returns the exit code that the kind stands for. */
int cli_fail(const char *name, const struct error *err);

#endif
