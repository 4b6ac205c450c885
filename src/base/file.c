/* file.c - see file.h. */

#include "base/file.h"

#include "base/arena.h"
#include "base/base_internal.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNTERS_LIMIT_BYTES ((size_t)1 << 16)

#define READ_BYTES ((size_t)64 << 10)
#define DEEPEST_OPEN 16 /* folders that a walk keeps open */

/* Read until the end or one byte past the limit. */
static int read_limited(int fd, const char *path, size_t limit_bytes, struct str *out,
                        struct error *err)
{
    size_t read_bytes = 0;

    for (;;) {
        ssize_t count;

        if (str_reserve(out, READ_BYTES))
            return FAIL(err, NO_MEMORY, "cannot read '%s': %zu bytes do not fit in memory", path,
                        read_bytes + READ_BYTES);
        count = read(fd, out->text + out->length, READ_BYTES);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return FAIL_ERRNO(err, "cannot read '%s'", path);
        if (!count)
            return 0;
        read_bytes += (size_t)count;
        if (read_bytes > limit_bytes)
            return FAIL(err, TOO_LARGE, "cannot read '%s': it has more than %zu bytes", path,
                        limit_bytes);
        out->length += (size_t)count;
        out->text[out->length] = '\0';
    }
}

int file_read(const char *path, size_t limit_bytes, struct str *out, struct error *err)
{
    size_t length_before = out->length;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int result;
    struct stat status;

    if (fd < 0)
        return FAIL_ERRNO(err, "cannot read '%s'", path);
    /* One reservation for the size the file has now; a failure shows again while reading. */
    if (!fstat(fd, &status) && status.st_size > 0 && (uint64_t)status.st_size <= limit_bytes &&
        str_reserve(out, (size_t)status.st_size + READ_BYTES))
        result = FAIL(err, NO_MEMORY, "cannot read '%s': %lld bytes do not fit in memory", path,
                      (long long)status.st_size);
    else
        result = read_limited(fd, path, limit_bytes, out, err);
    close(fd);
    if (result && !length_before) {
        str_release(out); /* so that callers may pass the error up at once */
    } else if (result) {
        out->length = length_before;
        out->text[length_before] = '\0';
    }
    return result;
}

int file_write_all(int fd, const void *data, size_t size_bytes, const char *path,
                   struct error *err)
{
    const char *at = data;

    while (size_bytes) {
        ssize_t count = write(fd, at, size_bytes);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return FAIL_ERRNO(err, "cannot write '%s'", path);
        at += count;
        size_bytes -= (size_t)count;
    }
    return 0;
}

/* "a/b" has the folder "a/", "b" has "": what can be put in front of another name. */
static size_t folder_length(const char *path)
{
    return (size_t)(file_base_name(path) - path);
}

/* The temporary name is fixed, ".NAME.partial", so that what a killed process leaves is used up
 * by the next one.  A lock on it makes writers of the same file wait for one another; one that
 * gets the lock after the other has renamed the file sees that its name is gone, and starts over.
 * File systems without locks do without. */
static bool is_named(int fd, const char *path)
{
    struct stat opened, named;

    return !fstat(fd, &opened) && !stat(path, &named) && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

static int open_temporary(const char *temporary)
{
    for (;;) {
        int fd = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

        if (fd < 0)
            return -1;
        while (flock(fd, LOCK_EX) && errno == EINTR)
            ;
        if (!is_named(fd, temporary)) {
            close(fd);
            continue;
        }
        if (!ftruncate(fd, 0))
            return fd;
        close(fd);
        return -1;
    }
}

int file_replacement_open(struct file_replacement *file, const char *path, struct error *err)
{
    struct str temporary = STR_INIT;

    *file = (struct file_replacement){ .fd = -1 };
    str_add_bytes(&temporary, path, folder_length(path));
    str_printf(&temporary, ".%s.partial", file_base_name(path));
    file->temporary = str_detach(&temporary);
    file->path = memory_checked(strdup(path), strlen(path) + 1);
    file->fd = open_temporary(file->temporary);
    if (file->fd < 0) {
        FAIL_ERRNO(err, "cannot write '%s'", path);
        free(file->path);
        free(file->temporary);
        *file = (struct file_replacement){ .fd = -1 };
        return -1;
    }
    return 0;
}

static void forget(struct file_replacement *file)
{
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    free(file->temporary);
    *file = (struct file_replacement){ .fd = -1 };
}

void file_replacement_abandon(struct file_replacement *file)
{
    if (file->temporary)
        unlink(file->temporary); /* before the lock goes: a waiting writer must not lose its file */
    forget(file);
}

/* Makes the rename itself durable.  Some file systems cannot do it and say EINVAL; on them the
 * rename is as durable as it gets. */
static int sync_folder_of(const char *path, struct error *err)
{
    size_t length = folder_length(path);
    char *folder = memory_checked(length ? strndup(path, length) : strdup("."), length + 2);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = 0;

    if (fd < 0 || (fsync(fd) && errno != EINVAL))
        result = FAIL_ERRNO(err, "cannot write folder '%s'", folder);
    if (fd >= 0)
        close(fd);
    free(folder);
    return result;
}

int file_replacement_commit(struct file_replacement *file, struct error *err)
{
    int result;

    if (fsync(file->fd) || rename(file->temporary, file->path)) {
        FAIL_ERRNO(err, "cannot write '%s'", file->path);
        file_replacement_abandon(file);
        return -1;
    }
    result = sync_folder_of(file->path, err);
    forget(file);
    return result;
}

int file_replace(const char *path, const void *data, size_t size_bytes, struct error *err)
{
    struct file_replacement file;

    if (file_replacement_open(&file, path, err))
        return -1;
    if (file_write_all(file.fd, data, size_bytes, path, err)) {
        file_replacement_abandon(&file);
        return -1;
    }
    return file_replacement_commit(&file, err);
}

static int make_folder(const char *path, struct error *err)
{
    if (!mkdir(path, 0777) || file_is_folder(path))
        return 0;
    if (errno == EEXIST)
        return FAIL(err, CONFLICT, "cannot create folder '%s': a file has this name", path);
    return FAIL_ERRNO(err, "cannot create folder '%s'", path);
}

int file_make_folders(const char *path, struct error *err)
{
    char *prefix = memory_checked(strdup(path), strlen(path) + 1);
    int result = 0;

    for (char *at = prefix + 1; *prefix && *at && !result; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        result = make_folder(prefix, err);
        *at = '/';
    }
    free(prefix);
    return result ? result : make_folder(path, err);
}

bool file_exists(const char *path)
{
    struct stat status;

    return !stat(path, &status);
}

bool file_is_folder(const char *path)
{
    int number = errno; /* asked in the middle of handling another error */
    struct stat status;
    bool is_folder = !stat(path, &status) && S_ISDIR(status.st_mode);

    errno = number;
    return is_folder;
}

char *file_join(struct arena *arena, const char *folder, const char *name)
{
    bool separated = !*folder || str_ends_with(folder, "/");

    return arena_printf(arena, "%s%s%s", folder, separated ? "" : "/", name);
}

int64_t file_read_counter(const char *path, const char *key)
{
    struct str text = STR_INIT;
    struct error ignored;
    int64_t value = 0;

    if (file_read(path, COUNTERS_LIMIT_BYTES, &text, &ignored))
        return 0;
    for (const char *line = text.text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (str_starts_with(line, key)) {
            value = strtoll(line + strlen(key), NULL, 10);
            break;
        }
    }
    str_release(&text);
    return value;
}

const char *file_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

char *file_stem(struct arena *arena, const char *path)
{
    const char *name = file_base_name(path), *dot = strrchr(name, '.');

    return arena_strndup(arena, name, dot ? (size_t)(dot - name) : strlen(name));
}

bool file_is_image_name(const char *path)
{
    static const char *const extensions[] = { ".jpg", ".jpeg", ".png",  ".bmp",
                                              ".gif", ".tif",  ".tiff", ".webp" };
    const char *dot = strrchr(file_base_name(path), '.');

    for (size_t i = 0; dot && i < sizeof(extensions) / sizeof(*extensions); i++)
        if (!strcasecmp(dot, extensions[i]))
            return true;
    return false;
}

int file_require_empty_folder(const char *folder, struct error *err)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int result = 0;

    if (!dir)
        return errno == ENOENT ? 0 : FAIL_ERRNO(err, "cannot read the folder '%s'", folder);
    while (!result && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            result = FAIL(err, CONFLICT, "the folder '%s' is not empty", folder);
    closedir(dir);
    return result;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int file_list(struct arena *arena, const char *folder, char ***names, int *count,
              struct error *err)
{
    struct {
        char **items;
        int count, capacity;
    } found = { 0 };
    DIR *stream = opendir(folder);
    struct dirent *entry;
    int number;

    if (!stream)
        return FAIL_ERRNO(err, "cannot list folder '%s'", folder);
    while (errno = 0, (entry = readdir(stream)))
        if (entry->d_name[0] != '.')
            *VEC_ADD(&found) = arena_strdup(arena, entry->d_name);
    number = errno;
    closedir(stream);
    if (number) {
        VEC_RELEASE(&found);
        errno = number;
        return FAIL_ERRNO(err, "cannot list folder '%s'", folder);
    }
    if (found.count)
        qsort(found.items, (size_t)found.count, sizeof(char *), compare_names);
    *names = arena_copy(arena, found.items, (size_t)found.count * sizeof(char *));
    *count = found.count;
    VEC_RELEASE(&found);
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path) && errno != ENOENT ? -1 : 0;
}

int file_remove_tree(const char *path, struct error *err)
{
    if (nftw(path, remove_entry, DEEPEST_OPEN, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
        return FAIL_ERRNO(err, "cannot remove '%s'", path);
    return 0;
}

int file_lock(const char *path, int *fd, struct error *err)
{
    int opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    if (opened < 0)
        return FAIL_ERRNO(err, "cannot open lock '%s'", path);
    if (flock(opened, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK)
            FAIL(err, CONFLICT, "cannot lock '%s': another process holds it", path);
        else
            FAIL_ERRNO(err, "cannot lock '%s'", path);
        close(opened);
        return -1;
    }
    *fd = opened;
    return 0;
}
