/* fovea_engine.c - one computation per process: files in, files out, no network. */

#include "command/command.h"

int main(int argc, char **argv)
{
    return command_main(argc, argv);
}
