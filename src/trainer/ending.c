/* ending.c - see ending.h. */

#include "trainer/ending.h"

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/str.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#define DISK_FULL_BYTES ((uint64_t)1 << 20)

/* clang-format off */
static const struct {
    int code;
    enum error_kind kind; /* of what was asked: whose fault it is */
    const char *text;
} meanings[] = { /* of the engine's exit codes, and of signals as negative ones */
    { 0, ERR_UNAVAILABLE, "it ended without saying how" },
    { 2, ERR_INVALID, "the options or the configuration do not fit" },
    { 3, ERR_NOT_FOUND, "a file or folder is missing" },
    { 4, ERR_CORRUPT, "a file breaks its format, or too many images cannot be read" },
    { 5, ERR_NO_MEMORY, "it does not fit into memory" },
    { 6, ERR_NO_SPACE, "the disk is full" },
    { 7, ERR_NOT_FINITE, "the training diverged: a value is not finite" },
    { 8, ERR_CONFLICT, "another process uses the output folder" },
    { 9, ERR_UNSUPPORTED, "not supported by this engine" },
    { -SIGKILL, ERR_UNAVAILABLE, "the engine was killed (signal 9, SIGKILL)" },
    { -SIGTERM, ERR_UNAVAILABLE, "the engine was ended by a signal (signal 15, SIGTERM)" },
    { -SIGINT, ERR_UNAVAILABLE, "the engine was ended by a signal (signal 2, SIGINT)" },
    { -SIGHUP, ERR_UNAVAILABLE, "the engine was ended by a signal (signal 1, SIGHUP)" },
    { -SIGSEGV, ERR_UNAVAILABLE, "the engine crashed (signal 11, SIGSEGV)" },
    { -SIGABRT, ERR_UNAVAILABLE, "the engine crashed (signal 6, SIGABRT)" },
    { -SIGBUS, ERR_UNAVAILABLE, "the engine crashed (signal 7, SIGBUS)" },
    { -SIGILL, ERR_UNAVAILABLE, "the engine crashed (signal 4, SIGILL)" },
    { -SIGFPE, ERR_UNAVAILABLE, "the engine crashed (signal 8, SIGFPE)" },
    { -SIGXCPU, ERR_UNAVAILABLE, "the engine used up its processor time (signal 24, SIGXCPU)" },
};
/* clang-format on */

int ending_code(int wait_status)
{
    return WIFSIGNALED(wait_status) ? -WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

const char *ending_exit_text(int code)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
        if (meanings[i].code == code)
            return meanings[i].text;
    return code < 0 ? "the engine was ended by a signal" : "the engine failed";
}

enum error_kind ending_kind(int code)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
        if (meanings[i].code == code)
            return meanings[i].kind;
    return ERR_UNAVAILABLE;
}

/* --- the engine's words ---------------------------------------------------------------------- */

const char *ending_message(const char *log)
{
    static const char name[] = "fovea ";
    const char *end = log + strlen(log), *line, *colon;

    while (end > log && end[-1] == '\n')
        end--;
    for (line = end; line > log && line[-1] != '\n'; line--)
        ;
    if (!str_starts_with(line, name))
        return NULL;
    colon = strchr(line, ':');
    if (!colon || colon > end || colon[1] != ' ' ||
        memchr(line + strlen(name), ' ', (size_t)(colon - line) - strlen(name)))
        return NULL;
    return colon + 2;
}

/* --- what the kernel knows ------------------------------------------------------------------- */

static int64_t group_kills(void)
{
    struct str path = STR_INIT;
    int64_t kills = 0;

    if (limits_group_folder("", &path)) {
        str_add(&path, "/memory.events");
        kills = file_read_counter(path.text, "oom_kill ");
    }
    str_release(&path);
    return kills;
}

int64_t ending_memory_kills(void)
{
    return file_read_counter("/proc/vmstat", "oom_kill ") + group_kills();
}

static bool disk_is_full(const char *folder)
{
    struct statvfs disk;

    return folder && !statvfs(folder, &disk) &&
           ((uint64_t)disk.f_bavail * disk.f_frsize < DISK_FULL_BYTES ||
            (disk.f_files && !disk.f_favail));
}

/* --- in words -------------------------------------------------------------------------------- */

static void describe_unseen(const struct ending *e, struct str *out)
{
    if (e->machine_restarted)
        str_add(out, "the machine was restarted while the engine ran");
    else if (e->memory_ran_out)
        str_add(out, "the engine is gone: memory ran out and the kernel ended processes");
    else
        str_add(out, "the engine is gone without a word: it was killed or crashed");
    if (!e->was_watched && !e->machine_restarted)
        str_add(out, " while the training service was not running");
}

void ending_describe(const struct ending *e, struct str *out)
{
    const char *said = ending_message(e->log);

    if (e->code == -SIGKILL && e->memory_ran_out)
        str_add(out, "the engine was killed because memory ran out (signal 9, SIGKILL)");
    else if (said && (e->code >= 0 || e->code == ENDING_UNKNOWN))
        str_add_bytes(out, said, strcspn(said, "\n"));
    else if (e->code == ENDING_UNKNOWN)
        describe_unseen(e, out);
    else
        str_add(out, ending_exit_text(e->code));
    if (e->code > 9 || (e->code == 1 && !said))
        str_printf(out, " (exit code %d)", e->code);
    if (e->code < 0 && e->code != ENDING_UNKNOWN && !strstr(out->text, "(signal"))
        str_printf(out, " (signal %d)", -e->code);
    if (e->code != 6 && disk_is_full(e->folder))
        str_add(out, "; the disk is full");
}
