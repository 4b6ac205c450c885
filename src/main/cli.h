/* cli.h - what the commands share that `fovea` runs itself: options, listening, opening a data
 * folder beside a server that may be running, and saying what went wrong. */
#ifndef MAIN_CLI_H
#define MAIN_CLI_H

#include "app/app.h"

#include <signal.h>

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

/* For what listens: 0 to 65535, 0 being any that is free; INVALID. */
int cli_read_port(const char *text, int *port, struct error *err);
bool cli_is_loopback(const char *address);

/* SIGTERM and SIGINT, blocked before any thread is made, so that this thread can wait for them. */
void cli_block_signals(sigset_t *signals);

/* Prints "fovea NAME: text" and returns the exit code that the kind stands for. */
int cli_fail(const char *name, const struct error *err);

#endif
