#include "trainer/process.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "test.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_SECONDS 10.0

static void start(struct process *process, struct process_options options, const char *script)
{
    const char *const argv[] = { "/bin/sh", "-c", script, "fovea-test-marker", NULL };
    struct error err;

    options.argv = argv;
    options.input = options.output = options.error_output = PROCESS_NO_FILE;
    CHECK_OK(process_start(process, &options, &err), err);
}

static int end(const struct process *process)
{
    double until = clock_seconds() + PATIENCE_SECONDS;
    int status;

    while (process_reap(process, &status) == PROCESS_END_NOT_YET) {
        CHECK(clock_seconds() < until);
        poll(NULL, 0, 5);
    }
    return status;
}

TEST(process_is_known_by_its_id_and_start)
{
    struct process process, other, none = { 0 };

    start(&process, (struct process_options){ .own_session = true }, "sleep 100; :");
    CHECK(process.pid > 0 && process.start_ticks > 0);
    CHECK(process_is_alive(&process) && !process_is_alive(&none));
    CHECK(getsid((pid_t)process.pid) == (pid_t)process.pid);
    CHECK(process_resident_bytes(&process) > 0);
    other = process;
    other.start_ticks++; /* the id was given to another since */
    CHECK(!process_is_alive(&other) && process_resident_bytes(&other) == 0);
    process_signal(&other, SIGKILL);
    process_signal(&none, SIGKILL);
    poll(NULL, 0, 50);
    CHECK(process_is_alive(&process));
    kill(-(pid_t)process.pid, SIGKILL); /* the sleep too */
    while (process_is_alive(&process))
        poll(NULL, 0, 5);
    CHECK(!process_is_alive(&process)); /* and not reaped */
    CHECK(WIFSIGNALED(end(&process)));
    CHECK(process_reap(&process, &(int){ 0 }) == PROCESS_END_UNKNOWN);
}

TEST(process_is_found_by_its_words)
{
    const char *const words[] = { "fovea-test-marker", "exec sleep 100", NULL };
    const char *const others[] = { "fovea-test-marker", "no such script", NULL };
    struct process process, found;

    start(&process, (struct process_options){ 0 }, "read x < /dev/zero; :");
    CHECK(!process_find(others).pid && !process_find(words).pid);
    const char *const these[] = { "fovea-test-marker", "read x < /dev/zero; :", NULL };

    found = process_find(these);
    CHECK(found.pid == process.pid && found.start_ticks == process.start_ticks);
    process_signal(&process, SIGKILL);
    end(&process);
}

static void *start_and_leave(void *context)
{
    start(context, (struct process_options){ .dies_with_thread = true }, "exec sleep 100");
    return NULL;
}

TEST(process_dies_with_its_thread_when_told)
{
    struct process process;
    pthread_t thread;

    CHECK(!pthread_create(&thread, NULL, start_and_leave, &process));
    CHECK(!pthread_join(thread, NULL));
    CHECK(WTERMSIG(end(&process)) == SIGKILL);
}

TEST(process_knows_the_start_of_the_machine)
{
    struct arena arena = ARENA_INIT;

    CHECK(strlen(process_boot_id(&arena)) == 36);
    CHECK_TEXT(process_boot_id(&arena), process_boot_id(&arena));
    arena_release(&arena);
}
