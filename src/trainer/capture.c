/* capture.c - see capture.h. */

#include "trainer/capture.h"

#include "base/clock.h"
#include "base/error.h"
#include "trainer/ending.h"
#include "trainer/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_BYTES ((size_t)16 << 20)
#define MESSAGES_BYTES 16384 /* kept of standard error */
#define POLL_MS 100
#define REAP_MS 5

struct session {
    const struct capture_options *options;
    struct capture *capture;
    struct process process;
    struct pollfd files[2]; /* output, messages; fd -1: ended */
    double deadline;
};

static bool read_some(struct pollfd *file, struct str *out)
{
    char buffer[65536];
    ssize_t got = read(file->fd, buffer, sizeof(buffer));

    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (got <= 0) {
        close(file->fd);
        file->fd = -1;
        return false;
    }
    str_add_bytes(out, buffer, (size_t)got);
    return true;
}

static void keep_end(struct str *text)
{
    size_t extra = text->length > MESSAGES_BYTES ? text->length - MESSAGES_BYTES : 0;

    if (!extra)
        return;
    memmove(text->text, text->text + extra, MESSAGES_BYTES + 1);
    text->length = MESSAGES_BYTES;
}

static int check_limits(struct session *s, struct error *err)
{
    size_t limit = s->options->limit_bytes ? s->options->limit_bytes : LIMIT_BYTES;
    const char *program = strrchr(s->options->argv[0], '/');

    program = program ? program + 1 : s->options->argv[0];
    if (s->options->give_up && atomic_load(s->options->give_up))
        return FAIL(err, CANCELLED, "the service is stopping");
    if (clock_seconds() > s->deadline)
        return FAIL(err, UNAVAILABLE, "%s did not answer within %.0f s", program,
                    s->options->timeout_seconds);
    if (s->capture->output.length > limit)
        return FAIL(err, TOO_LARGE, "%s printed more than %zu bytes", program, limit);
    return 0;
}

static int take_output(struct session *s, struct error *err)
{
    while (s->files[0].fd >= 0 || s->files[1].fd >= 0) {
        if (check_limits(s, err))
            return -1;
        if (poll(s->files, 2, POLL_MS) <= 0)
            continue;
        if (s->files[0].revents)
            read_some(&s->files[0], &s->capture->output);
        if (s->files[1].revents && read_some(&s->files[1], &s->capture->messages))
            keep_end(&s->capture->messages);
    }
    return 0;
}

static int take_exit(struct session *s, struct error *err)
{
    struct str *messages = &s->capture->messages;
    enum process_end end;
    int status;

    while ((end = process_reap(&s->process, &status)) == PROCESS_END_NOT_YET) {
        if (check_limits(s, err))
            return -1;
        poll(NULL, 0, REAP_MS);
    }
    if (end == PROCESS_END_UNKNOWN)
        return FAIL(err, UNAVAILABLE, "the exit code of '%s' was lost", s->options->argv[0]);
    s->capture->exit_code = ending_code(status);
    while (messages->length && messages->text[messages->length - 1] == '\n')
        messages->text[--messages->length] = '\0';
    return 0;
}

static int start(struct session *s, struct error *err)
{
    int output[2] = { -1, -1 }, messages[2] = { -1, -1 };
    struct process_options options = { .argv = s->options->argv, .input = PROCESS_NO_FILE,
                                       .nice = s->options->nice, .dies_with_thread = true };
    int result;

    if (pipe2(output, O_CLOEXEC) || pipe2(messages, O_CLOEXEC)) {
        if (output[0] >= 0) {
            close(output[0]);
            close(output[1]);
        }
        return FAIL_ERRNO(err, "cannot start '%s'", s->options->argv[0]);
    }
    options.output = output[1];
    options.error_output = messages[1];
    result = process_start(&s->process, &options, err);
    close(output[1]);
    close(messages[1]);
    s->files[0] = (struct pollfd){ .fd = output[0], .events = POLLIN };
    s->files[1] = (struct pollfd){ .fd = messages[0], .events = POLLIN };
    return result;
}

int capture_run(struct capture *capture, const struct capture_options *options, struct error *err)
{
    struct session s = { .options = options, .capture = capture,
                         .files = { { .fd = -1 }, { .fd = -1 } } };
    int result, status;

    *capture = (struct capture){ .output = STR_INIT, .messages = STR_INIT };
    s.deadline = clock_seconds() + options->timeout_seconds;
    result = start(&s, err) || take_output(&s, err) || take_exit(&s, err) ? -1 : 0;
    for (int i = 0; i < 2; i++)
        if (s.files[i].fd >= 0)
            close(s.files[i].fd);
    if (result && s.process.pid) {
        process_signal(&s.process, SIGKILL);
        while (process_reap(&s.process, &status) == PROCESS_END_NOT_YET)
            poll(NULL, 0, REAP_MS);
    }
    return result;
}

void capture_release(struct capture *capture)
{
    str_release(&capture->output);
    str_release(&capture->messages);
}

const char *capture_reason(const struct capture *capture)
{
    const char *said = ending_message(capture->messages.text);

    return said ? said : ending_exit_text(capture->exit_code);
}
