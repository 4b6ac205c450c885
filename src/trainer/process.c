/* process.c - see process.h. */

#include "trainer/process.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of 1,000: an engine that eats the memory goes before the server, whose score is 0. */
#define OOM_SCORE "500"
#define COMMAND_LINE_LIMIT ((size_t)1 << 20)

/* --- starting -------------------------------------------------------------------------------- */

/* From here to execv() only what POSIX allows in the child of a process with threads. */

static int open_file(int fd, int standard, int flags)
{
    if (fd == PROCESS_NO_FILE)
        return open("/dev/null", flags);
    return fcntl(fd == PROCESS_OUR_FILE ? standard : fd, F_DUPFD, 3);
}

/* First out of the way of 0 to 2, then there. */
static int set_files(const struct process_options *o)
{
    int files[3] = { open_file(o->input, 0, O_RDONLY), open_file(o->output, 1, O_WRONLY),
                     open_file(o->error_output, 2, O_WRONLY) };

    for (int i = 0; i < 3; i++)
        if (files[i] < 0 || dup2(files[i], i) < 0)
            return -1;
    for (int i = 0; i < 3; i++)
        if (files[i] > 2)
            close(files[i]);
    return 0;
}

static void set_signals(void)
{
    struct sigaction usual = { .sa_handler = SIG_DFL };
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        sigaction(i, &usual, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void set_priorities(const struct process_options *o)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        if (write(fd, OOM_SCORE, strlen(OOM_SCORE)) < 0)
            errno = 0; /* a wish, not a need */
        close(fd);
    }
    if (o->nice)
        setpriority(PRIO_PROCESS, 0, o->nice);
}

static void become(const struct process_options *o, pid_t parent, int report)
{
    int code;

    if (o->dies_with_thread && (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent))
        _exit(127);
    if (o->own_session)
        setsid();
    if (!set_files(o)) {
        syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
        set_priorities(o);
        set_signals();
        execv(o->argv[0], (char *const *)o->argv);
    }
    code = errno;
    if (write(report, &code, sizeof(code)) < 0)
        _exit(126);
    _exit(127);
}

/* --- what the kernel says -------------------------------------------------------------------- */

/* State and start of a process, from the fields after its name, which may hold anything. */
static bool read_stat(int64_t pid, char *state, uint64_t *start_ticks)
{
    char path[64];
    struct str text = STR_INIT;
    struct error ignored;
    const char *at;
    bool found;

    snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
    if (pid <= 0 || file_read(path, 4096, &text, &ignored))
        return false;
    at = strrchr(text.text, ')');
    *state = at && at[1] ? at[2] : 'X';
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    found = at != NULL;
    *start_ticks = found ? strtoull(at, NULL, 10) : 0;
    str_release(&text);
    return found;
}

bool process_is_alive(const struct process *process)
{
    uint64_t ticks;
    char state;

    return read_stat(process->pid, &state, &ticks) && ticks == process->start_ticks &&
           state != 'Z' && state != 'X';
}

int process_start(struct process *process, const struct process_options *options, struct error *err)
{
    pid_t parent = getpid(), pid;
    int report[2], code = 0;
    ssize_t got;
    char state;

    if (pipe2(report, O_CLOEXEC))
        return FAIL_ERRNO(err, "cannot start '%s'", options->argv[0]);
    pid = fork();
    if (!pid)
        become(options, parent, report[1]);
    close(report[1]);
    if (pid < 0) {
        close(report[0]);
        return FAIL_ERRNO(err, "cannot start '%s'", options->argv[0]);
    }
    while ((got = read(report[0], &code, sizeof(code))) < 0 && errno == EINTR)
        ;
    close(report[0]);
    if (got == sizeof(code)) {
        waitpid(pid, NULL, 0);
        errno = code;
        return FAIL_ERRNO(err, "cannot start '%s'", options->argv[0]);
    }
    *process = (struct process){ .pid = pid };
    read_stat(pid, &state, &process->start_ticks); /* there as long as nobody has reaped it */
    return 0;
}

/* The process behind the descriptor is the one that is meant only if it is so after opening. */
static int open_process(const struct process *process)
{
    int fd = process->pid > 0 ? (int)syscall(SYS_pidfd_open, (pid_t)process->pid, 0) : -1;

    if (fd >= 0 && !process_is_alive(process)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void process_signal(const struct process *process, int signal)
{
    int fd = open_process(process);

    if (fd >= 0) {
        syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
        close(fd);
    } else if (process_is_alive(process)) {
        kill((pid_t)process->pid, signal);
    }
}

enum process_end process_reap(const struct process *process, int *wait_status)
{
    pid_t got;

    if (process->pid <= 0)
        return PROCESS_END_UNKNOWN;
    while ((got = waitpid((pid_t)process->pid, wait_status, WNOHANG)) < 0 && errno == EINTR)
        ;
    return got < 0 ? PROCESS_END_UNKNOWN : got ? PROCESS_END_KNOWN : PROCESS_END_NOT_YET;
}

int64_t process_resident_bytes(const struct process *process)
{
    char path[64];
    struct str text = STR_INIT;
    struct error ignored;
    const char *at;
    int64_t pages = 0;

    snprintf(path, sizeof(path), "/proc/%lld/statm", (long long)process->pid);
    if (!process_is_alive(process) || file_read(path, 4096, &text, &ignored))
        return 0;
    at = strchr(text.text, ' ');
    if (at)
        pages = strtoll(at, NULL, 10);
    str_release(&text);
    return pages * sysconf(_SC_PAGESIZE);
}

const char *process_boot_id(struct arena *arena)
{
    struct str text = STR_INIT;
    struct error ignored;
    const char *id;

    if (file_read("/proc/sys/kernel/random/boot_id", 4096, &text, &ignored))
        return "";
    id = arena_strndup(arena, text.text, strcspn(text.text, "\n"));
    str_release(&text);
    return id;
}

/* --- finding --------------------------------------------------------------------------------- */

static bool has_word(const struct str *command_line, const char *word)
{
    const char *end = command_line->text + command_line->length;

    for (const char *at = command_line->text; at < end; at += strlen(at) + 1)
        if (!strcmp(at, word))
            return true;
    return false;
}

static bool has_words(int64_t pid, const char *const *words)
{
    char path[64];
    struct str text = STR_INIT;
    struct error ignored;
    bool all;

    snprintf(path, sizeof(path), "/proc/%lld/cmdline", (long long)pid);
    if (file_read(path, COMMAND_LINE_LIMIT, &text, &ignored))
        return false;
    all = text.length > 0;
    for (; all && *words; words++)
        all = has_word(&text, *words);
    str_release(&text);
    return all;
}

struct process process_find(const char *const *words)
{
    struct process found = { 0 };
    struct dirent *entry;
    DIR *folder = opendir("/proc");
    char state;

    while (folder && !found.pid && (entry = readdir(folder))) {
        int64_t pid = strtoll(entry->d_name, NULL, 10);

        if (pid > 0 && has_words(pid, words) && read_stat(pid, &state, &found.start_ticks))
            found.pid = pid;
    }
    if (folder)
        closedir(folder);
    return found;
}
