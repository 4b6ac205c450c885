/* test.c - runs the tests that registered themselves; see test.h. */

#include "test.h"

#include "base/arena.h"

#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum outcome { PASSED, FAILED, SKIPPED };

static struct {
    struct test *first, *last;
    struct test *running;
    pthread_t thread;          /* the one that runs the tests */
    jmp_buf end;               /* where a failed or skipped test goes */
    atomic_bool thread_failed; /* a CHECK failed in a thread that the test started */
    struct arena arena;        /* what the test was lent */
    struct folder {
        struct folder *next;
        const char *path;
    } *folders;
} state;

void test_register(struct test *test)
{
    if (state.last)
        state.last->next = test;
    else
        state.first = test;
    state.last = test;
}

/* In a thread of the test's own there is nowhere to jump to: that thread ends, and the test
 * fails when it returns. */
static void leave(enum outcome outcome)
{
    if (pthread_equal(pthread_self(), state.thread))
        longjmp(state.end, (int)outcome);
    if (outcome == FAILED)
        atomic_store(&state.thread_failed, true);
    pthread_exit(NULL);
}

void test_fail(const char *file, int line, const char *format, ...)
{
    char text[2048];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    printf("%s:%d: %s: %s\n", file, line, state.running->name, text);
    leave(FAILED);
    abort();
}

void test_skip(const char *format, ...)
{
    char text[1024];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    printf("skipped: %s: %s\n", state.running->name, text);
    leave(SKIPPED);
    abort();
}

const char *test_folder(void)
{
    const char *root = getenv("TMPDIR");
    struct folder *folder = ARENA_NEW(&state.arena, struct folder);
    char *path = arena_printf(&state.arena, "%s/fovea-test-XXXXXX", root && *root ? root : "/tmp");

    if (!mkdtemp(path))
        test_fail(__FILE__, __LINE__, "cannot create a folder like '%s': %m", path);
    folder->path = path;
    folder->next = state.folders;
    state.folders = folder;
    return path;
}

const char *test_shared(const char *path)
{
    const char *root = getenv("FOVEA_SHARED");
    char *found = root ? arena_printf(&state.arena, "%s/%s", root, path)
                       : arena_printf(&state.arena, "%s/../shared/%s", TEST_PROJECT_DIR, path);

    return access(found, F_OK) ? NULL : found;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static void clean_up(void)
{
    for (struct folder *folder = state.folders; folder; folder = folder->next)
        if (nftw(folder->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS))
            printf("cannot remove '%s': %m\n", folder->path);
    state.folders = NULL;
    arena_release(&state.arena);
}

static enum outcome run(struct test *test)
{
    enum outcome outcome;

    state.running = test;
    atomic_store(&state.thread_failed, false);
    outcome = (enum outcome)setjmp(state.end);
    if (outcome == PASSED)
        test->run();
    clean_up();
    return atomic_load(&state.thread_failed) ? FAILED : outcome;
}

/* Names the test that aborts; abort() then ends the program as it would have. */
static void on_abort(int number)
{
    static const char text[] = "aborted in test: ";
    const char *name = state.running ? state.running->name : "none";

    (void)number;
    if (write(STDOUT_FILENO, text, sizeof(text) - 1) > 0 &&
        write(STDOUT_FILENO, name, strlen(name)) > 0 && write(STDOUT_FILENO, "\n", 1) > 0)
        return;
}

static bool is_wanted(const struct test *test, char **filters, int count)
{
    for (int i = 0; i < count; i++)
        if (strstr(test->name, filters[i]))
            return true;
    return !count;
}

int main(int argc, char **argv)
{
    int outcomes[3] = { 0 };
    bool all = false, list = false;

    for (; argc > 1 && argv[1][0] == '-'; argc--, argv++) {
        if (!strcmp(argv[1], "--all")) {
            all = true;
        } else if (!strcmp(argv[1], "--list")) {
            list = true;
        } else {
            printf("usage: %s [--all] [--list] [part of a test's name]...\n", argv[0]);
            return 2;
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGABRT, on_abort);
    state.thread = pthread_self();
    for (struct test *test = state.first; test; test = test->next) {
        if (!is_wanted(test, argv + 1, argc - 1))
            continue;
        if (list)
            printf("%s%s\n", test->name, test->slow ? " (slow)" : "");
        else if (all || !test->slow)
            outcomes[run(test)]++;
    }
    if (!list)
        printf("%d passed, %d failed, %d skipped\n", outcomes[PASSED], outcomes[FAILED],
               outcomes[SKIPPED]);
    return outcomes[FAILED] != 0;
}
