/* launch.c - see launch.h. */

#include "trainer/launch.h"

#include "base/error.h"

#include <fcntl.h>
#include <unistd.h>

static int start_local(struct process *process, const struct launch_options *options,
                       struct error *err)
{
    int fd = open(options->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
    struct process_options process_options = { .argv = options->argv, .input = PROCESS_NO_FILE,
                                               .output = fd, .error_output = fd,
                                               .own_session = true };
    int result;

    if (fd < 0)
        return FAIL_ERRNO(err, "cannot write '%s'", options->log_path);
    result = process_start(process, &process_options, err);
    close(fd);
    return result;
}

const struct launcher launcher_local = {
    .name = "local",
    .start = start_local,
    .is_alive = process_is_alive,
    .signal = process_signal,
    .exit_status = process_reap,
};
