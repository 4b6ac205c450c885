#include "trainer/ending.h"

#include "base/error.h"
#include "base/str.h"
#include "test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(ending_reads_the_engines_own_words)
{
    static const struct {
        const char *log, *words;
    } cases[] = {
        { "fovea train: the disk is full", "the disk is full" },
        { "epoch 1\nfovea train: it broke: at layer 3\n", "it broke: at layer 3\n" },
        { "fovea train: early\nepoch 2\n", NULL },
        { "fovea: x", NULL },
        { "fovea train again: x", NULL },
        { "", NULL },
        { "\n\n", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *words = ending_message(cases[i].log);

        if (cases[i].words)
            CHECK_TEXT(words, cases[i].words);
        else
            CHECK(!words);
    }
}

static void check(const struct ending *ending, const char *expected)
{
    struct str text = STR_INIT;

    ending_describe(ending, &text);
    CHECK_TEXT(text.text, expected);
    str_release(&text);
}

TEST(ending_says_why)
{
    static const struct {
        struct ending ending;
        const char *expected;
    } cases[] = {
        { { .code = -SIGKILL, .log = "" }, "the engine was killed (signal 9, SIGKILL)" },
        { { .code = -SIGKILL, .log = "", .memory_ran_out = true },
          "the engine was killed because memory ran out (signal 9, SIGKILL)" },
        { { .code = -SIGSEGV, .log = "epoch 1" }, "the engine crashed (signal 11, SIGSEGV)" },
        { { .code = -SIGUSR1, .log = "" }, "the engine was ended by a signal (signal 10)" },
        { { .code = 6, .log = "" }, "the disk is full" },
        { { .code = 7, .log = "" }, "the training diverged: a value is not finite" },
        { { .code = 5, .log = "fovea train: resnet18 needs 9 MB; the largest batch is 2\n" },
          "resnet18 needs 9 MB; the largest batch is 2" },
        { { .code = 1, .log = "" }, "the engine failed (exit code 1)" },
        { { .code = 99, .log = "" }, "the engine failed (exit code 99)" },
        { { .code = 0, .log = "" }, "it ended without saying how" },
        { { .code = ENDING_UNKNOWN, .log = "", .was_watched = true },
          "the engine is gone without a word: it was killed or crashed" },
        { { .code = ENDING_UNKNOWN, .log = "" },
          "the engine is gone without a word: it was killed or crashed while the training service "
          "was not running" },
        { { .code = ENDING_UNKNOWN, .log = "fovea train: a file is missing\n" },
          "a file is missing" },
        { { .code = ENDING_UNKNOWN, .log = "", .machine_restarted = true },
          "the machine was restarted while the engine ran" },
        { { .code = ENDING_UNKNOWN, .log = "", .memory_ran_out = true, .was_watched = true },
          "the engine is gone: memory ran out and the kernel ended processes" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        check(&cases[i].ending, cases[i].expected);
}

TEST(ending_knows_exit_codes_and_signals_apart)
{
    int status;
    pid_t pid = fork();

    if (!pid)
        _exit(7);
    CHECK(waitpid(pid, &status, 0) == pid && ending_code(status) == 7);
    pid = fork();
    if (!pid) {
        raise(SIGKILL);
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && ending_code(status) == -SIGKILL);
}
