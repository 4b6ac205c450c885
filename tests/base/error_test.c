#include "base/error.h"

#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(error_fail_fills_all_fields)
{
    struct error err;

    CHECK(FAIL(&err, NOT_FOUND, "no run '%s'", "r7") == -1);
    CHECK(err.kind == ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "no run 'r7'");
    CHECK(strstr(err.file, "error_test.c") && err.line > 0);
}

TEST(error_takes_kind_and_reason_from_errno)
{
    static const struct {
        int number;
        enum error_kind kind;
    } rows[] = {
        { ENOENT, ERR_NOT_FOUND }, { ENOSPC, ERR_NO_SPACE }, { EDQUOT, ERR_NO_SPACE },
        { ENOMEM, ERR_NO_MEMORY }, { EACCES, ERR_DENIED },   { EFBIG, ERR_TOO_LARGE },
        { EIO, ERR_UNAVAILABLE },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err;
        char expected[128];

        errno = rows[i].number;
        CHECK(FAIL_ERRNO(&err, "cannot read '%s'", "a.jpg") == -1);
        snprintf(expected, sizeof(expected), "cannot read 'a.jpg': %s", strerror(rows[i].number));
        CHECK_TEXT(err.text, expected);
        CHECK(err.kind == rows[i].kind);
    }
}

TEST(error_prefix_goes_in_front)
{
    struct error err;

    FAIL(&err, CORRUPT, "premature end of file");
    CHECK(error_prefix(&err, "cannot read '%s'", "a.jpg") == -1);
    CHECK_TEXT(err.text, "cannot read 'a.jpg': premature end of file");
    CHECK(err.kind == ERR_CORRUPT);
}

TEST(error_may_quote_its_own_text)
{
    struct error err;

    FAIL(&err, INVALID, "inner");
    FAIL(&err, INVALID, "outer (%s)", err.text);
    CHECK_TEXT(err.text, "outer (inner)");
}

TEST(error_marks_a_cut_text_between_characters)
{
    struct error err;
    char text[sizeof(err.text) * 2 + 1];

    for (size_t i = 0; i < sizeof(err.text); i++)
        memcpy(text + 2 * i, "\xC3\xA9", 3); /* e with acute accent */
    FAIL(&err, INVALID, "%s", text);
    CHECK(strlen(err.text) < sizeof(err.text));
    CHECK_TEXT(err.text + strlen(err.text) - 5, "\xC3\xA9...");
    error_prefix(&err, "cannot read '%s'", "a.jpg");
    CHECK(!strncmp(err.text, "cannot read 'a.jpg': \xC3\xA9", 23));
    CHECK(!strcmp(err.text + strlen(err.text) - 3, "..."));
}

TEST(error_kinds_have_their_wire_names)
{
    CHECK_TEXT(error_kind_name(ERR_INVALID), "invalid");
    CHECK_TEXT(error_kind_name(ERR_NO_SPACE), "no_space");
    CHECK_TEXT(error_kind_name(ERR_CANCELLED), "cancelled");
}

TEST(error_bug_aborts_and_says_where)
{
    int ends[2], status;
    char text[512] = "";
    pid_t child;

    CHECK(!pipe(ends));
    child = fork();
    CHECK(child >= 0);
    if (!child) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        BUG_IF(ends[0] >= 0);
        _exit(0);
    }
    close(ends[1]);
    CHECK(read(ends[0], text, sizeof(text) - 1) > 0);
    close(ends[0]);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(strstr(text, " error bug at ") && strstr(text, "error_test.c:"));
    CHECK(strstr(text, "ends[0] >= 0"));
}
