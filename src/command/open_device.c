/* open_device.c - the one place that knows which devices there are. */

#include "command/command.h"
#include "cpu/conv_tune.h"
#include "cpu/device_cpu.h"

#include <unistd.h>

int command_open_device(struct device **device, int threads, struct error *err)
{
    struct device_cpu_options options = { .threads = threads };

    *device = device_cpu_open(&options, err);
    return *device ? 0 : -1;
}

int command_tune(int threads, struct str *out, struct error *err)
{
    return conv_tune(threads ? threads : (int)sysconf(_SC_NPROCESSORS_ONLN), out, err);
}
