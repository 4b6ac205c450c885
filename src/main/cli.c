/* cli.c - see cli.h. */

#include "main/cli.h"

#include "base/arguments.h"
#include "base/error.h"
#include "base/exit_code.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cli_fail(const char *name, const struct error *err)
{
    fflush(stdout);
    fprintf(stderr, "fovea %s: %s\n", name, err->text);
    return exit_code_of(err->kind);
}

const char *cli_database(const char *data, const char *database_url, struct arena *arena)
{
    return database_url ? database_url : arena_printf(arena, "%s/vision_platform.db", data);
}

int cli_open(struct app **app, const char *data, const char *database_url, struct error *err)
{
    struct app_options options = { .data_folder = data };
    struct arena arena = ARENA_INIT;
    int version, known, result;

    options.database_url = cli_database(data, database_url, &arena);
    result = db_peek(options.database_url, &version, &known, err);
    if (result && err->kind == ERR_NOT_FOUND)
        FAIL(err, NOT_FOUND, "'%s' is no data folder of Fovea; --data FOLDER names it", data);
    if (!result && version != known)
        result = FAIL(err, UNSUPPORTED,
                      "the database has schema %d and this program knows %d; %s", version, known,
                      version < known ? "'fovea migrate' brings it up to date"
                                      : "use the newer program");
    if (!result)
        result = app_open(app, &options, err);
    arena_release(&arena);
    return result;
}

int cli_parse(struct arguments *arguments, int argc, char **argv, const char *name,
              const char *usage, int *code)
{
    struct str text = STR_INIT;
    struct error err;

    if (arguments_parse(arguments, argc, argv, &err)) {
        *code = cli_fail(name, &err);
        return -1;
    }
    if (!arguments->help)
        return 0;
    arguments_help(arguments->options, &text);
    printf("%s\nOptions:\n%s%s", usage, text.text, exit_codes_help);
    str_release(&text);
    *code = 0;
    return -1;
}

int cli_read_port(const char *text, int *port, struct error *err)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (!*text || *end || value < 0 || value > 65535)
        return FAIL(err, INVALID, "port must be a number from 0 to 65535, not '%s'", text);
    *port = (int)value;
    return 0;
}

bool cli_is_loopback(const char *address)
{
    return !strcmp(address, "127.0.0.1") || !strcmp(address, "::1");
}

void cli_block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}
