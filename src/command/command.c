/* command.c - dispatch, help and exit codes; see command.h. */

#include "command/command.h"

#include "base/arguments.h"
#include "base/exit_code.h"
#include "base/str.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command *const all[] = {
    &command_train, &command_val,     &command_predict, &command_bench,   &command_models,
    &command_inspect, &command_schema,  &command_dataset, &command_score, &command_version,
};
#define COMMAND_COUNT ((int)(sizeof(all) / sizeof(*all)))

static const struct {
    const char *name, *summary;
} platform[] = {
#define PLATFORM(name, function, summary) { name, summary },
#include "command/platform.def"
#undef PLATFORM
};
#define PLATFORM_COUNT ((int)(sizeof(platform) / sizeof(*platform)))

void command_print_help(const struct command *command, const char *text)
{
    printf("fovea %s - %s\n\nUsage: fovea %s %s\n%s", command->name, command->summary,
           command->name, command->usage, text);
    fputs(exit_codes_help, stdout);
}

int command_print_options(const struct command *command, const char *text,
                          const struct option *options)
{
    struct str all_text = STR_INIT;

    str_printf(&all_text, "\n%s%sOptions:\n", text ? text : "", text ? "\n" : "");
    arguments_help(options, &all_text);
    command_print_help(command, all_text.text);
    str_release(&all_text);
    return 0;
}

static void print_all(void)
{
    printf("Fovea trains vision models.\n\nUsage: fovea COMMAND [OPTIONS]\n\nThe platform:\n");
    for (int i = 0; i < PLATFORM_COUNT; i++)
        printf("  %-10s %s\n", platform[i].name, platform[i].summary);
    printf("\nWithout a server, on folders and files:\n");
    for (int i = 0; i < COMMAND_COUNT; i++)
        printf("  %-10s %s\n", all[i]->name, all[i]->summary);
    printf("\n'fovea COMMAND --help' shows the options of a command.\n");
}

static int refuse_unknown(const char *name)
{
    const char *names[COMMAND_COUNT + PLATFORM_COUNT], *nearest;

    for (int i = 0; i < COMMAND_COUNT; i++)
        names[i] = all[i]->name;
    for (int i = 0; i < PLATFORM_COUNT; i++) {
        names[COMMAND_COUNT + i] = platform[i].name;
        if (!strcmp(platform[i].name, name)) {
            fprintf(stderr, "fovea-engine: '%s' is a command of fovea\n", name);
            return 2;
        }
    }
    nearest = str_nearest(name, names, COMMAND_COUNT + PLATFORM_COUNT);
    if (nearest)
        fprintf(stderr, "fovea: unknown command '%s' (did you mean '%s'?)\n", name, nearest);
    else
        fprintf(stderr, "fovea: unknown command '%s'; --help lists them all\n", name);
    return 2;
}

int command_main(int argc, char **argv)
{
    struct error err = { 0 };

    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is an error like a full disk */
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
        !strcmp(argv[1], "help")) {
        print_all();
        return argc < 2 ? 2 : 0;
    }
    if (!strcmp(argv[1], "--version"))
        argv[1] = (char *)"version";
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(all[i]->name, argv[1]))
            continue;
        if (!all[i]->run(argc - 2, argv + 2, &err))
            return fflush(stdout) ? 1 : 0;
        fprintf(stderr, "fovea %s: %s\n", argv[1], err.text);
        return exit_code_of(err.kind);
    }
    return refuse_unknown(argv[1]);
}
