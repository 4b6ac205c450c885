/* fovea.c - what people run.  What serves and administers is here; commands that compute are
 * handed to fovea-engine, which stands in the same folder, so that a crash or a full memory costs
 * one run and no more. */

#include "main/backup_command.h"
#include "main/serve.h"
#include "main/thread_waiting.h"
#include "main/trainer_command.h"
#include "main/user_command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
#define PLATFORM(name, function, summary) { name, function },
#include "command/platform.def"
#undef PLATFORM
};

int main(int argc, char **argv)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    const char *engine = "fovea-engine";
    char *slash;

    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].run(argc - 2, argv + 2);
    thread_waiting_set();
    if (length > 0) {
        path[length] = '\0';
        slash = strrchr(path, '/');
        if (slash && (size_t)(slash - path) + strlen(engine) + 2 < sizeof(path)) {
            memcpy(slash + 1, engine, strlen(engine) + 1);
            execv(path, argv);
        }
    }
    execvp(engine, argv);
    fprintf(stderr, "fovea: cannot start '%s': %s\n", engine, strerror(errno));
    return 1;
}
