/* fovea_engine.c - one computation per process: files in, files out, no network. */

#include "command/command.h"
#include "main/thread_waiting.h"

#include <unistd.h>

int main(int argc, char **argv)
{
    if (!thread_waiting_is_set()) {
        thread_waiting_set();
        execv("/proc/self/exe", argv); /* where that fails, it runs with libgomp's choice */
    }
    return command_main(argc, argv);
}
