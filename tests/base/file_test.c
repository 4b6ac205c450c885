#include "base/file.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena arena; /* of the running test; released by the next one that uses it */

static const char *in_folder(const char *folder, const char *name)
{
    return file_join(&arena, folder, name);
}

static int entry_count(const char *folder) /* hidden ones too */
{
    char command[512];
    int count = -1;
    FILE *pipe;

    snprintf(command, sizeof(command), "ls -A '%s' | wc -l", folder);
    pipe = popen(command, "r");
    CHECK(pipe && fscanf(pipe, "%d", &count) == 1);
    pclose(pipe);
    return count;
}

static void check_content(const char *path, const char *expected)
{
    struct str text = STR_INIT;
    struct error err;

    CHECK_OK(file_read(path, 1 << 20, &text, &err), err);
    CHECK_TEXT(text.text, expected);
    str_release(&text);
}

TEST(file_replace_then_read)
{
    const char *folder = test_folder();
    const char *path = in_folder(folder, "a.json");
    struct error err;
    struct stat status;
    mode_t mask = umask(0);

    umask(mask);
    CHECK_OK(file_replace(path, "first", 5, &err), err);
    check_content(path, "first");
    CHECK_OK(file_replace(path, "2", 1, &err), err);
    check_content(path, "2");
    CHECK_OK(file_replace(path, NULL, 0, &err), err);
    check_content(path, "");
    CHECK(entry_count(folder) == 1);
    CHECK(!stat(path, &status) && (status.st_mode & 0777) == (0666 & ~mask));
    arena_release(&arena);
}

TEST(file_read_appends_and_keeps_to_its_limit)
{
    const char *path = in_folder(test_folder(), "a");
    struct str text = STR_INIT;
    struct error err;
    char *big = calloc(1, 200000);

    memset(big, 'x', 200000);
    CHECK_OK(file_replace(path, big, 200000, &err), err);
    str_add(&text, "before:");
    CHECK(file_read(path, 199999, &text, &err) == -1);
    CHECK(err.kind == ERR_TOO_LARGE && strstr(err.text, path) && strstr(err.text, "199999 bytes"));
    CHECK_TEXT(text.text, "before:");
    CHECK_OK(file_read(path, 200000, &text, &err), err);
    CHECK(text.length == 200007 && !memcmp(text.text + 7, big, 200000));
    CHECK(text.text[200007] == '\0');
    free(big);
    str_release(&text);
    arena_release(&arena);
}

/* Files of /proc say that they are empty, and are not. */
TEST(file_read_does_not_trust_the_size)
{
    struct str text = STR_INIT;
    struct error err;

    CHECK_OK(file_read("/proc/self/status", 1 << 20, &text, &err), err);
    CHECK(str_starts_with(text.text, "Name:"));
    str_release(&text);
}

TEST(file_read_names_file_and_reason)
{
    const char *folder = test_folder();
    struct str text = STR_INIT;
    struct error err;

    CHECK(file_read(in_folder(folder, "none"), 10, &text, &err) == -1);
    CHECK(err.kind == ERR_NOT_FOUND && strstr(err.text, "/none': No such file"));
    CHECK(file_read(folder, 10, &text, &err) == -1);
    CHECK(err.kind == ERR_INVALID && strstr(err.text, "directory"));
    CHECK_TEXT(text.text, "");
    arena_release(&arena);
}

TEST(file_write_to_a_full_disk_is_no_space)
{
    int fd = open("/dev/full", O_WRONLY);
    struct error err;

    if (fd < 0)
        SKIP("there is no /dev/full");
    CHECK(file_write_all(fd, "x", 1, "best.safetensors", &err) == -1);
    close(fd);
    CHECK(err.kind == ERR_NO_SPACE);
    CHECK_TEXT(err.text, "cannot write 'best.safetensors': No space left on device");
}

/* A limit on file sizes makes write(2) fail in the middle, as a full disk does. */
TEST(file_replace_leaves_the_old_file_when_writing_fails)
{
    const char *folder = test_folder();
    const char *path = in_folder(folder, "a");
    struct rlimit old, small;
    struct error err;
    char *big = calloc(1, 100000);
    int result;

    CHECK_OK(file_replace(path, "old", 3, &err), err);
    CHECK(!getrlimit(RLIMIT_FSIZE, &old));
    small = old;
    small.rlim_cur = 50000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    result = file_replace(path, big, 100000, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    free(big);
    CHECK(result == -1 && err.kind == ERR_TOO_LARGE);
    check_content(path, "old");
    CHECK(entry_count(folder) == 1);
    arena_release(&arena);
}

TEST(file_replace_refuses_impossible_places)
{
    const char *folder = test_folder();
    struct error err;

    CHECK(file_replace(in_folder(folder, "none/a"), "x", 1, &err) == -1);
    CHECK(err.kind == ERR_NOT_FOUND && strstr(err.text, "/none/a'"));
    CHECK_OK(file_make_folders(in_folder(folder, "sub"), &err), err);
    CHECK(file_replace(in_folder(folder, "sub"), "x", 1, &err) == -1);
    CHECK(strstr(err.text, "/sub': Is a directory"));
    CHECK(entry_count(folder) == 1);
    arena_release(&arena);
}

TEST(file_replacement_in_pieces)
{
    const char *folder = test_folder();
    const char *path = in_folder(folder, "a");
    struct file_replacement file;
    struct error err;

    CHECK_OK(file_replacement_open(&file, path, &err), err);
    CHECK_OK(file_write_all(file.fd, "one ", 4, path, &err), err);
    CHECK_OK(file_write_all(file.fd, "two", 3, path, &err), err);
    CHECK(!file_exists(path));
    CHECK_OK(file_replacement_commit(&file, &err), err);
    check_content(path, "one two");
    CHECK_OK(file_replacement_open(&file, path, &err), err);
    CHECK_OK(file_write_all(file.fd, "never", 5, path, &err), err);
    file_replacement_abandon(&file);
    file_replacement_abandon(&file); /* harmless */
    check_content(path, "one two");
    CHECK(entry_count(folder) == 1);
    arena_release(&arena);
}

TEST(file_replacement_uses_up_what_a_killed_process_left)
{
    const char *folder = test_folder();
    const char *path = in_folder(folder, "a");
    struct error err;
    pid_t child = fork();
    int status;

    CHECK(child >= 0);
    if (!child) {
        struct file_replacement file;

        if (!file_replacement_open(&file, path, &err) &&
            !file_write_all(file.fd, "half a file", 11, path, &err))
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    CHECK(!file_exists(path) && entry_count(folder) == 1);
    CHECK_OK(file_replace(path, "new", 3, &err), err);
    check_content(path, "new");
    CHECK(entry_count(folder) == 1);
    arena_release(&arena);
}

static void *replace_often(void *path)
{
    char content[2000];
    struct error err;

    for (int i = 0; i < 40; i++) {
        memset(content, 'a' + i % 26, sizeof(content));
        CHECK_OK(file_replace(path, content, sizeof(content), &err), err);
    }
    return NULL;
}

TEST(file_replace_by_several_threads_never_mixes)
{
    const char *folder = test_folder();
    char *path = file_join(&arena, folder, "a");
    pthread_t threads[3];
    struct error err;

    CHECK_OK(file_replace(path, "", 0, &err), err);
    for (int i = 0; i < 3; i++)
        CHECK(!pthread_create(&threads[i], NULL, replace_often, path));
    for (int i = 0; i < 200; i++) {
        struct str text = STR_INIT;

        CHECK_OK(file_read(path, 1 << 20, &text, &err), err);
        CHECK(text.length == 0 || text.length == 2000);
        for (size_t j = 1; j < text.length; j++)
            CHECK(text.text[j] == text.text[0]);
        str_release(&text);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    CHECK(entry_count(folder) == 1);
    arena_release(&arena);
}

TEST(file_make_folders_like_mkdir_p)
{
    const char *folder = test_folder();
    const char *deep = in_folder(folder, "a/b//c/");
    struct error err;

    CHECK_OK(file_make_folders(deep, &err), err);
    CHECK_OK(file_make_folders(deep, &err), err);
    CHECK(file_is_folder(in_folder(folder, "a/b/c")));
    CHECK_OK(file_make_folders("/", &err), err);
    CHECK_OK(file_make_folders(".", &err), err);
    CHECK_OK(file_replace(in_folder(folder, "f"), "", 0, &err), err);
    CHECK(file_make_folders(in_folder(folder, "f"), &err) == -1);
    CHECK(err.kind == ERR_CONFLICT && strstr(err.text, "/f': a file has this name"));
    CHECK(file_make_folders(in_folder(folder, "f/g"), &err) == -1);
    CHECK(file_make_folders("", &err) == -1);
    CHECK(file_make_folders("/proc/none/such", &err) == -1 && strstr(err.text, "'/proc/none'"));
    arena_release(&arena);
}

TEST(file_names_join_and_split)
{
    CHECK_TEXT(file_join(&arena, "a", "b"), "a/b");
    CHECK_TEXT(file_join(&arena, "a/", "b"), "a/b");
    CHECK_TEXT(file_join(&arena, "/", "b"), "/b");
    CHECK_TEXT(file_join(&arena, "", "b"), "b");
    CHECK_TEXT(file_base_name("a/b.png"), "b.png");
    CHECK_TEXT(file_base_name("b.png"), "b.png");
    CHECK_TEXT(file_base_name("a/"), "");
    arena_release(&arena);
}

TEST(file_names_have_stems_and_may_be_those_of_images)
{
    CHECK_TEXT(file_stem(&arena, "a.b/c.d.jpg"), "c.d");
    CHECK_TEXT(file_stem(&arena, "a.b/c"), "c");
    CHECK(file_is_image_name("a/b.JPG") && file_is_image_name(".tiff"));
    CHECK(!file_is_image_name("a/b.txt") && !file_is_image_name("a.png/b"));
    arena_release(&arena);
}

TEST(file_list_is_sorted_bytewise_without_hidden_files)
{
    static const char *const created[] = { "b", "a10", "a9", ".hidden", "B", "\xED\x95\x9C" };
    static const char *const expected[] = { "B", "a10", "a9", "b", "\xED\x95\x9C" };
    const char *folder = test_folder();
    struct error err;
    char **names;
    int count = -1;

    CHECK_OK(file_list(&arena, folder, &names, &count, &err), err);
    CHECK(count == 0);
    for (size_t i = 0; i < sizeof(created) / sizeof(created[0]); i++)
        CHECK_OK(file_replace(in_folder(folder, created[i]), "", 0, &err), err);
    CHECK_OK(file_list(&arena, folder, &names, &count, &err), err);
    CHECK(count == 5);
    for (int i = 0; i < count; i++)
        CHECK_TEXT(names[i], expected[i]);
    CHECK(file_list(&arena, in_folder(folder, "none"), &names, &count, &err) == -1);
    CHECK(err.kind == ERR_NOT_FOUND && strstr(err.text, "/none'"));
    CHECK(file_list(&arena, in_folder(folder, "b"), &names, &count, &err) == -1);
    CHECK(err.kind == ERR_INVALID);
    arena_release(&arena);
}

TEST(file_remove_tree_takes_links_and_leaves_what_they_show)
{
    const char *folder = test_folder(), *tree = in_folder(folder, "tree");
    const char *kept = in_folder(folder, "kept");
    struct error err;

    CHECK_OK(file_make_folders(in_folder(tree, ".a/b"), &err), err);
    CHECK_OK(file_replace(in_folder(tree, ".a/b/c"), "x", 1, &err), err);
    CHECK_OK(file_make_folders(kept, &err), err);
    CHECK(!symlink(kept, in_folder(tree, "link")));
    CHECK_OK(file_remove_tree(tree, &err), err);
    CHECK(!file_exists(tree) && file_is_folder(kept));
    CHECK_OK(file_remove_tree(tree, &err), err); /* gone already */
    CHECK(file_remove_tree(in_folder("/proc", "version"), &err) && strstr(err.text, "version"));
    arena_release(&arena);
}

/* What file_lock() says in another process: 0, or 1 + the kind of its error. */
static int lock_elsewhere(const char *path)
{
    pid_t child = fork();
    int status;

    CHECK(child >= 0);
    if (!child) {
        struct error err;
        int fd;

        _exit(file_lock(path, &fd, &err) ? 1 + (int)err.kind : 0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST(file_lock_excludes_other_processes)
{
    const char *path = in_folder(test_folder(), "lock");
    struct error err;
    int fd, second;

    CHECK(lock_elsewhere(path) == 0); /* created, and released when the process ended */
    CHECK_OK(file_lock(path, &fd, &err), err);
    CHECK(lock_elsewhere(path) == 1 + ERR_CONFLICT);
    CHECK(file_lock(path, &second, &err) == -1); /* nor may this process have it twice */
    CHECK(err.kind == ERR_CONFLICT && strstr(err.text, "/lock': another process holds it"));
    close(fd);
    CHECK(lock_elsewhere(path) == 0);
    arena_release(&arena);
}

TEST(file_lock_in_a_missing_folder_fails)
{
    struct error err;
    int fd;

    CHECK(file_lock(in_folder(test_folder(), "none/lock"), &fd, &err) == -1);
    CHECK(err.kind == ERR_NOT_FOUND && strstr(err.text, "cannot open lock '"));
    arena_release(&arena);
}
