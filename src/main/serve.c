/* serve.c - see serve.h.  Wiring only: options, signals, what is opened and closed. */

#include "main/serve.h"

#include "api/api.h"
#include "base/arguments.h"
#include "base/error.h"
#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT "8000"

struct serve_options {
    const char *data, *address, *port, *database, *origins;
    bool open_registration, quiet;
};

static bool is_loopback(const char *address)
{
    return !strcmp(address, "127.0.0.1") || !strcmp(address, "::1");
}

static int read_port(const char *text, int *port, struct error *err)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (!*text || *end || value < 0 || value > 65535)
        return FAIL(err, INVALID, "port must be a number from 0 to 65535, not '%s'", text);
    *port = (int)value;
    return 0;
}

/* Blocked before any thread is made, so that they are all this thread's. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int run(const struct serve_options *o, struct error *err)
{
    struct app_options app_options = { .data_folder = o->data, .database_url = o->database };
    struct api_options api_options = { .address = o->address, .origins = o->origins,
                                       .access_log = !o->quiet };
    struct app *app = NULL;
    struct api *api = NULL;
    sigset_t signals;
    int caught, result = -1;

    block_signals(&signals);
    if (read_port(o->port, &api_options.port, err) || app_open(&app, &app_options, err))
        return -1;
    api_options.app = app;
    api_options.open_registration = o->open_registration || is_loopback(o->address);
    if (!api_open(&api, &api_options, err)) {
        printf("Fovea " FOVEA_VERSION " on http://%s:%d, data in %s\n", o->address, api_port(api),
               o->data);
        fflush(stdout);
        sigwait(&signals, &caught);
        log_info("stopping");
        result = 0;
    }
    api_close(api);
    app_close(app);
    return result;
}

int serve(int argc, char **argv)
{
    const char *origins = getenv("CORS_ORIGINS");
    struct serve_options o = { .data = "fovea-data", .address = "127.0.0.1", .port = PORT,
                               .database = getenv("DATABASE_URL"),
                               .origins = origins ? origins : "http://localhost:3000" };
    const struct option options[] = {
        { "data", NULL, &o.data, NULL, "FOLDER", "where everything is kept (default fovea-data)" },
        { "address", "host", &o.address, NULL, "ADDRESS", "to listen on (default 127.0.0.1)" },
        { "port", NULL, &o.port, NULL, "N", "default " PORT "; 0: any that is free" },
        { "database_url", NULL, &o.database, NULL, "URL",
          "default: vision_platform.db in the data folder ($DATABASE_URL)" },
        { "origins", NULL, &o.origins, NULL, "LIST",
          "origins whose pages may call, with commas between ($CORS_ORIGINS)" },
        { "open_registration", NULL, NULL, &o.open_registration, NULL,
          "let anybody make an account; without it only on the loopback address" },
        { "quiet", NULL, NULL, &o.quiet, NULL, "no line for each request" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options };
    struct error err;

    if (arguments_parse(&arguments, argc, argv, &err)) {
        fprintf(stderr, "fovea serve: %s\n", err.text);
        return 2;
    }
    if (arguments.help) {
        struct str text = STR_INIT;

        arguments_help(options, &text);
        printf("fovea serve - the platform on this machine\n\nUsage: fovea serve [OPTIONS]\n\n"
               "Options:\n%s", text.text);
        str_release(&text);
        return 0;
    }
    if (!run(&o, &err))
        return 0;
    fprintf(stderr, "fovea serve: %s\n", err.text);
    return err.kind == ERR_INVALID ? 2 : 1;
}
