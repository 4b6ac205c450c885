/* trainer_command.c - see trainer_command.h.  Wiring only: options, signals, what is opened and
 * closed. */

#include "main/trainer_command.h"

#include "base/arguments.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/log.h"
#include "main/cli.h"
#include "trainer/callback.h"
#include "trainer/trainer.h"
#include "trainer/trainer_http.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT "5000"
#define BACKEND "http://localhost:8000"
#define USAGE                                                                                \
    "fovea trainer - a training service of its own\n\n"                                      \
    "Usage: fovea trainer [OPTIONS]\n\n"                                                     \
    "TRAINING_SERVICE_URL tells the platform where it is, or TIMM_SERVICE_URL and its\n"     \
    "like where that of one framework is.  Both need the same INTERNAL_SECRET and the\n"     \
    "same --data, on a disk that both see.\n"

struct trainer_flags {
    const char *framework, *data, *address, *port, *backend, *secret;
    bool stop_engines, quiet;
};

static const char *environment(const char *name, const char *fallback)
{
    const char *value = environment_find(name);

    return value ? value : fallback;
}

static int check(const struct trainer_flags *f, int *port, struct error *err)
{
    if (cli_read_port(f->port, port, err))
        return -1;
    if (!f->secret && !cli_is_loopback(f->address))
        return FAIL(err, INVALID, "INTERNAL_SECRET must be set to listen on %s: without it anybody "
                                  "could start programs here", f->address);
    return 0;
}

static int run(const struct trainer_flags *f, struct error *err)
{
    struct trainer_options options = { .framework = f->framework, .data_folder = f->data };
    struct trainer_http_options http_options = { .address = f->address, .secret = f->secret,
                                                 .access_log = !f->quiet };
    struct callback *callback;
    struct trainer_http *http = NULL;
    sigset_t signals;
    int caught, result = -1;

    if (check(f, &http_options.port, err))
        return -1;
    cli_block_signals(&signals);
    callback = callback_new(f->backend, f->secret);
    options.sink = callback_sink(callback);
    if (!trainer_open(&http_options.trainer, &options, err) &&
        !trainer_http_open(&http, &http_options, err)) {
        printf("Fovea training service " FOVEA_VERSION " on http://%s:%d, data in %s\n", f->address,
               trainer_http_port(http), f->data);
        fflush(stdout);
        sigwait(&signals, &caught);
        log_info("stopping; engines %s", f->stop_engines ? "stop" : "go on");
        result = 0;
    }
    trainer_http_close(http);
    trainer_close(http_options.trainer, f->stop_engines && !result);
    callback_free(callback);
    return result;
}

int trainer_command(int argc, char **argv)
{
    struct trainer_flags f = { .framework = environment("FRAMEWORK", NULL), .data = CLI_DATA_FOLDER,
                               .address = "127.0.0.1", .port = environment("PORT", PORT),
                               .backend = environment("BACKEND_URL", BACKEND) };
    const struct option options[] = {
        { "framework", NULL, &f.framework, NULL, "NAME",
          "whose models it trains: timm or ultralytics; all without it ($FRAMEWORK)" },
        { "data", NULL, &f.data, NULL, "FOLDER",
          "where everything is kept (default " CLI_DATA_FOLDER ")" },
        { "address", "host", &f.address, NULL, "ADDRESS", "to listen on (default 127.0.0.1)" },
        { "port", NULL, &f.port, NULL, "N", "default " PORT "; 0: any that is free ($PORT)" },
        { "backend", NULL, &f.backend, NULL, "URL",
          "who is told about training (default " BACKEND "; $BACKEND_URL)" },
        { "stop_engines", NULL, NULL, &f.stop_engines, NULL,
          "stop the training when the service stops, with a checkpoint" },
        { "quiet", NULL, NULL, &f.quiet, NULL, "no line for each request" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options };
    struct error err;
    int code;

    f.secret = environment("INTERNAL_SECRET", environment("INTERNAL_AUTH_TOKEN", NULL));
    if (cli_parse(&arguments, argc, argv, "trainer", USAGE, &code))
        return code;
    return run(&f, &err) ? cli_fail("trainer", &err) : 0;
}
