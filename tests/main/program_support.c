/* program_support.c - see program_support.h. */

#include "program_support.h"

#include "test.h"

#include <string.h>
#include <sys/wait.h>

int program_run(const char *folder, const char *command, struct str *out)
{
    struct str line = STR_INIT;
    char buffer[4096];
    size_t got;
    FILE *pipe;
    int status;

    str_printf(&line, "F=%s/fovea; D=%s; exec 2>&1; %s", TEST_BIN_DIR, folder, command);
    pipe = popen(line.text, "r");
    CHECK(pipe);
    str_clear(out);
    while ((got = fread(buffer, 1, sizeof(buffer), pipe)) > 0)
        str_add_bytes(out, buffer, got);
    status = pclose(pipe);
    str_release(&line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void program_expect(const char *folder, const char *command, int code, const char *text)
{
    struct str out = STR_INIT;
    int status = program_run(folder, command, &out);

    if (status != code || (text && !strstr(out.text, text)))
        test_fail(__FILE__, __LINE__, "%s\ngave %d, not %d with \"%s\":\n%s", command, status, code,
                  text ? text : "", out.text);
    str_release(&out);
}
