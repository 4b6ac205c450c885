/* serve.c - see serve.h.  Wiring only: options, signals, what is opened and closed. */

#include "main/serve.h"

#include "app/accounts/setup.h"
#include "app/operations/backup.h"
#include "base/arguments.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/log.h"
#include "main/cli.h"
#include "main/platform.h"
#include "main/web_pack.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PORT "8000"
#define USAGE "fovea serve - the platform on this machine\n\nUsage: fovea serve [OPTIONS]\n"

struct serve_options {
    const char *data, *address, *port, *database, *origins, *engine;
    bool open_registration, no_trainer, quiet, openapi;
};

/* As long as nobody administrates; whoever reads what this prints runs the machine. */
static int print_setup_link(struct app *app, const char *address, int port, struct error *err)
{
    bool is_any = !strcmp(address, "0.0.0.0") || !strcmp(address, "::");
    bool is_six = !is_any && strchr(address, ':');
    struct arena arena = ARENA_INIT;
    const char *base = arena_printf(&arena, "http://%s%s%s:%d", is_six ? "[" : "",
                                    is_any ? "localhost" : address, is_six ? "]" : "", port);
    const char *link;
    int result = setup_link(app, base, &arena, &link, err);

    if (!result && link)
        printf("There is no administrator yet.  This link, which serves once, makes the first "
               "account:\n  %s\n", link);
    arena_release(&arena);
    return result;
}

static int run(const struct serve_options *o, struct error *err)
{
    struct platform_options options = {
        .app = { .data_folder = o->data, .database_url = o->database },
        .api = { .address = o->address, .origins = o->origins, .access_log = !o->quiet,
                 .open_registration = o->open_registration,
                 .local_registration = cli_is_loopback(o->address),
                 .web_pack = web_pack, .web_pack_bytes = web_pack_bytes() },
        .engine = o->engine, .no_trainer = o->no_trainer,
    };
    struct platform platform;
    sigset_t signals;
    int caught = 0, lock, result = -1;

    cli_block_signals(&signals);
    if (cli_read_port(o->port, &options.api.port, err) || data_folder_lock(o->data, &lock, err))
        return -1;
    if (platform_open(&platform, &options, err))
        goto done;
    printf("Fovea " FOVEA_VERSION " on http://%s:%d, data in %s\n", o->address,
           api_port(platform.api), o->data);
    if (print_setup_link(platform.app, o->address, api_port(platform.api), err)) {
        platform_close(&platform, false);
        goto done;
    }
    fflush(stdout);
    sigwait(&signals, &caught);
    /* Ctrl-C is a person who wants quiet; a service manager sends SIGTERM and starts us again. */
    log_info(caught == SIGINT ? "stopping, engines write their checkpoints"
                              : "stopping, engines go on");
    platform_close(&platform, caught == SIGINT);
    result = 0;
done:
    close(lock);
    return result;
}

int serve(int argc, char **argv)
{
    const char *origins = getenv("CORS_ORIGINS");
    struct serve_options o = { .data = CLI_DATA_FOLDER, .address = "127.0.0.1", .port = PORT,
                               .database = environment_find("DATABASE_URL"),
                               .origins = origins ? origins : "http://localhost:3000" };
    const struct option options[] = {
        { "data", NULL, &o.data, NULL, "FOLDER",
          "where everything is kept (default " CLI_DATA_FOLDER ")" },
        { "address", "host", &o.address, NULL, "ADDRESS", "to listen on (default 127.0.0.1)" },
        { "port", NULL, &o.port, NULL, "N", "default " PORT "; 0: any that is free" },
        { "database_url", NULL, &o.database, NULL, "URL",
          "default: vision_platform.db in the data folder ($DATABASE_URL)" },
        { "origins", NULL, &o.origins, NULL, "LIST",
          "origins whose pages may call, with commas between ($CORS_ORIGINS)" },
        { "open_registration", NULL, NULL, &o.open_registration, NULL,
          "let anybody make an account; without it only on the loopback address" },
        { "engine", NULL, &o.engine, NULL, "FILE",
          "the program that trains (default: fovea-engine beside this one)" },
        { "no_trainer", NULL, NULL, &o.no_trainer, NULL,
          "no training service inside, only those that $TIMM_SERVICE_URL and its like name" },
        { "quiet", NULL, NULL, &o.quiet, NULL, "no line for each request" },
        { "openapi", NULL, NULL, &o.openapi, NULL, "print the description of the API and end" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options };
    struct error err;
    int code;

    if (cli_parse(&arguments, argc, argv, "serve", USAGE, &code))
        return code;
    if (o.openapi) {
        struct str text = STR_INIT;

        api_write_openapi(&text);
        puts(text.text);
        str_release(&text);
        return 0;
    }
    return run(&o, &err) ? cli_fail("serve", &err) : 0;
}
