#include "trainer/capture.h"

#include "base/clock.h"
#include "base/error.h"
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static int run(const char *script, double timeout, const atomic_bool *give_up,
               struct capture *capture, struct error *err)
{
    const char *const argv[] = { "/bin/sh", "-c", script, NULL };
    struct capture_options options = { .argv = argv, .timeout_seconds = timeout,
                                       .limit_bytes = 100000, .give_up = give_up };

    return capture_run(capture, &options, err);
}

TEST(capture_takes_output_messages_and_exit_code)
{
    struct capture capture;
    struct error err;

    CHECK_OK(run("echo out; echo one >&2; echo 'fovea train: two' >&2; exit 3", 10, NULL, &capture,
                 &err), err);
    CHECK_TEXT(capture.output.text, "out\n");
    CHECK_TEXT(capture.messages.text, "one\nfovea train: two");
    CHECK(capture.exit_code == 3);
    CHECK_TEXT(capture_reason(&capture), "two");
    capture_release(&capture);
    CHECK_OK(run("exit 5", 10, NULL, &capture, &err), err);
    CHECK_TEXT(capture_reason(&capture), "it does not fit into memory");
    capture_release(&capture);
    CHECK_OK(run("kill -9 $$", 10, NULL, &capture, &err), err);
    CHECK(capture.exit_code == -SIGKILL);
    capture_release(&capture);
}

TEST(capture_gives_the_program_nothing_to_read_and_no_signal_blocked)
{
    struct capture capture;
    struct error err;
    sigset_t signals, before;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    CHECK(!pthread_sigmask(SIG_BLOCK, &signals, &before));
    CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    CHECK_OK(run("cat; grep -E 'Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | wc -l", 10,
                 NULL, &capture, &err), err);
    CHECK(!pthread_sigmask(SIG_SETMASK, &before, NULL));
    signal(SIGPIPE, SIG_DFL);
    CHECK(strstr(capture.output.text, "SigBlk:\t0000000000000000"));
    /* 32 and 33 are the C library's own, which lets nobody change them. */
    CHECK(strstr(capture.output.text, "SigIgn:\t0000000000000000") ||
          strstr(capture.output.text, "SigIgn:\t0000000180000000"));
    CHECK(strstr(capture.output.text, "\n4\n")); /* 0, 1, 2, and the folder itself */
    capture_release(&capture);
}

TEST(capture_does_not_wait_for_ever)
{
    struct capture capture;
    struct error err;
    double start = clock_seconds();

    CHECK(run("sleep 100", 0.2, NULL, &capture, &err));
    CHECK(err.kind == ERR_UNAVAILABLE && strstr(err.text, "did not answer within"));
    capture_release(&capture);
    CHECK(run("exec >&- 2>&-; sleep 100", 0.2, NULL, &capture, &err));
    CHECK(err.kind == ERR_UNAVAILABLE);
    capture_release(&capture);
    CHECK(run("yes", 10, NULL, &capture, &err));
    CHECK(err.kind == ERR_TOO_LARGE);
    capture_release(&capture);
    CHECK(clock_seconds() - start < 5);
}

static void *give_up_soon(void *context)
{
    usleep(100000);
    atomic_store((atomic_bool *)context, true);
    return NULL;
}

TEST(capture_gives_up_when_told)
{
    atomic_bool give_up = false;
    struct capture capture;
    struct error err;
    pthread_t thread;

    CHECK(!pthread_create(&thread, NULL, give_up_soon, &give_up));
    CHECK(run("sleep 100", 100, &give_up, &capture, &err));
    CHECK(err.kind == ERR_CANCELLED);
    CHECK(!pthread_join(thread, NULL));
    capture_release(&capture);
}

TEST(capture_says_what_cannot_be_started)
{
    const char *const argv[] = { "/nowhere/program", NULL };
    struct capture_options options = { .argv = argv, .timeout_seconds = 1 };
    struct capture capture;
    struct error err;

    CHECK(capture_run(&capture, &options, &err));
    CHECK(err.kind == ERR_NOT_FOUND && strstr(err.text, "cannot start '/nowhere/program'"));
    capture_release(&capture);
}
