/* version.c - `fovea version`. */

#include "base/arguments.h"
#include "command/command.h"
#include "nn/device.h"

#include <stdio.h>

static int run(int argc, char **argv, struct error *err)
{
    const struct option options[] = { OPTION_END };
    struct arguments arguments = { .options = options };
    struct device *device;

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help) {
        command_print_help(&command_version, "");
        return 0;
    }
    if (command_open_device(&device, 0, err))
        return -1;
    printf("fovea %s\ndevice: %s\n", FOVEA_VERSION, device->identity);
    device_close(device);
    return 0;
}

const struct command command_version = { "version", "version and device", "", run };
