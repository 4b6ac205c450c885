/* blob_local.c - storage in a folder; see blob.h.
 *
 * Nothing here follows a link: we make none, and what others put there is not ours to read. */

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "base/vec.h"
#include "store/blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Folders "datasets/ID" stay when they become empty: others may be about to write there. */
#define LASTING_DEPTH 2

struct blob_local {
    struct blob blob;
    char *root;
};

static const char *root_of(const struct blob *blob)
{
    return ((const struct blob_local *)blob)->root;
}

static struct str path_of(const struct blob *blob, const char *key)
{
    struct str path = STR_INIT;

    str_printf(&path, "%s/%s", root_of(blob), key);
    return path;
}

static int make_parents(const char *path, struct error *err)
{
    char *folder = strndup(path, (size_t)(file_base_name(path) - path));
    int result;

    BUG_IF(!folder);
    result = file_make_folders(folder, err);
    free(folder);
    return result;
}

static int sync_folder(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;

    if (fd < 0 || (fsync(fd) && errno != EINVAL))
        result = FAIL_ERRNO(err, "cannot sync the folder '%s'", path);
    if (fd >= 0)
        close(fd);
    return result;
}

/* --- putting --------------------------------------------------------------------------------- */

/* Onto nothing.  A file system that cannot do it at once is looked at before. */
static int rename_new(const char *from, const char *to)
{
    struct stat status;

    if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (lstat(to, &status))
        return rename(from, to);
    errno = EEXIST;
    return -1;
}

static int put_with(struct blob *blob, const char *key, const char *path,
                    int (*place)(const char *from, const char *to), struct error *err)
{
    struct str target = path_of(blob, key);
    int result = make_parents(target.text, err);

    if (result && err->kind == ERR_CONFLICT)
        FAIL(err, CONFLICT, "cannot store '%s': one of its folders is a file", key);
    else if (!result && place(path, target.text))
        result = errno == EISDIR || errno == ENOTEMPTY
                     ? FAIL(err, CONFLICT, "cannot store '%s': a folder has this name", key)
                 : errno == EEXIST
                     ? FAIL(err, CONFLICT, "cannot store '%s': there is one already", key)
                     : FAIL_ERRNO(err, "cannot store '%s'", key);
    str_release(&target);
    return result;
}

static int local_put(struct blob *blob, const char *key, const char *path, struct error *err)
{
    return put_with(blob, key, path, rename, err);
}

static bool write_bytes(int from, int to)
{
    ssize_t count;

    do
        count = sendfile(to, from, NULL, (size_t)1 << 30);
    while (count > 0);
    return !count && !fsync(to);
}

/* Under another name first: the one that is asked for is whole or not there. */
static int copy_bytes(const char *from, const char *to)
{
    struct str made = STR_INIT;
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), out, result = -1, code;

    str_printf(&made, "%s.copying", to);
    out = open(made.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (in >= 0 && out >= 0 && write_bytes(in, out))
        result = rename_new(made.text, to);
    code = errno;
    if (out >= 0 && result)
        unlink(made.text);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    str_release(&made);
    errno = code;
    return result;
}

/* A second name is enough, as no file is ever written to; some file systems have none. */
static int place_copy(const char *from, const char *to)
{
    if (!link(from, to))
        return 0;
    return errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK || errno == ENOSYS
               ? copy_bytes(from, to)
               : -1;
}

static int local_copy(struct blob *blob, const char *from, const char *to, struct error *err)
{
    struct str source = path_of(blob, from);
    int result = put_with(blob, to, source.text, place_copy, err);

    str_release(&source);
    return result;
}

static int merge(struct blob *blob, const char *prefix, const char *folder, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct dirent *entry;
    DIR *stream = opendir(folder);
    int result = 0;

    if (!stream)
        return FAIL_ERRNO(err, "cannot read the folder '%s'", folder);
    while (!result && (entry = readdir(stream))) {
        const char *from, *key;

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        from = arena_printf(&arena, "%s/%s", folder, entry->d_name);
        key = arena_printf(&arena, "%s/%s", prefix, entry->d_name);
        result = file_is_folder(from) ? merge(blob, key, from, err)
                                      : local_put(blob, key, from, err);
    }
    closedir(stream);
    arena_release(&arena);
    if (!result)
        rmdir(folder);
    return result;
}

/* The content first, then the names: after a crash a file is whole or not there. */
static int sync_all(struct blob *blob, struct error *err)
{
    int fd = open(root_of(blob), O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;

    if (fd < 0 || syncfs(fd))
        result = FAIL_ERRNO(err, "cannot sync '%s'", root_of(blob));
    if (fd >= 0)
        close(fd);
    return result;
}

static int local_put_tree(struct blob *blob, const char *prefix, const char *folder,
                          struct error *err)
{
    struct str target = path_of(blob, prefix);
    char *parent = strndup(target.text, (size_t)(file_base_name(target.text) - target.text));
    int result = -1;

    BUG_IF(!parent);
    if (sync_all(blob, err) || file_make_folders(parent, err))
        goto done;
    if (!rename(folder, target.text)) /* onto nothing, or an empty folder */
        result = sync_folder(parent, err);
    else if (errno == ENOTEMPTY || errno == EEXIST)
        result = merge(blob, prefix, folder, err) ? -1 : sync_all(blob, err);
    else
        result = FAIL_ERRNO(err, "cannot store '%s'", prefix);
done:
    free(parent);
    str_release(&target);
    return result;
}

/* --- reading --------------------------------------------------------------------------------- */

static int local_open(struct blob *blob, const char *key, int *fd, struct error *err)
{
    struct str path = path_of(blob, key);
    struct stat status;
    int result = 0;

    *fd = open(path.text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*fd < 0 && (errno == ENOTDIR || errno == ELOOP))
        errno = ENOENT;
    if (*fd < 0) {
        result = FAIL_ERRNO(err, "cannot open '%s'", key);
    } else if (fstat(*fd, &status) || !S_ISREG(status.st_mode)) {
        close(*fd);
        result = FAIL(err, NOT_FOUND, "cannot open '%s': it is no file", key);
    }
    str_release(&path);
    return result;
}

static bool local_has(struct blob *blob, const char *key)
{
    struct str path = path_of(blob, key);
    struct stat status;
    bool has = !lstat(path.text, &status) && S_ISREG(status.st_mode);

    str_release(&path);
    return has;
}

struct listing {
    struct arena *arena;
    struct blob_entry *items;
    int count, capacity;
};

/* `fd` is the folder, which is closed. */
static int list_folder(struct listing *list, int fd, const char *prefix, struct error *err)
{
    DIR *stream = fdopendir(fd);
    struct dirent *entry;
    int result = 0;

    if (!stream) {
        close(fd);
        return FAIL_ERRNO(err, "cannot list a folder");
    }
    while (!result && (entry = readdir(stream))) {
        struct stat status;
        const char *path;

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
            fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW))
            continue;
        path = arena_printf(list->arena, "%s%s", prefix, entry->d_name);
        if (S_ISREG(status.st_mode)) {
            *VEC_ADD(list) = (struct blob_entry){
                .path = path,
                .size_bytes = status.st_size,
                .modified_at = status.st_mtim.tv_sec * 1000000LL + status.st_mtim.tv_nsec / 1000,
            };
        } else if (S_ISDIR(status.st_mode)) {
            int inner = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

            result = inner < 0 ? FAIL_ERRNO(err, "cannot list '%s'", path)
                               : list_folder(list, inner, arena_printf(list->arena, "%s/", path),
                                             err);
        }
    }
    closedir(stream);
    return result;
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct blob_entry *)a)->path, ((const struct blob_entry *)b)->path);
}

static int local_list(struct blob *blob, const char *prefix, struct arena *arena,
                      struct blob_entry **entries, int *count, struct error *err)
{
    struct str path = path_of(blob, prefix);
    struct listing list = { .arena = arena };
    int fd = open(path.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    int result = 0;

    if (fd >= 0)
        result = list_folder(&list, fd, "", err);
    else if (errno != ENOENT)
        result = FAIL_ERRNO(err, "cannot list '%s'", prefix);
    if (!result) {
        if (list.count)
            qsort(list.items, (size_t)list.count, sizeof(*list.items), compare_entries);
        *entries = arena_copy(arena, list.items, sizeof(*list.items) * (size_t)list.count);
        *count = list.count;
    }
    VEC_RELEASE(&list);
    str_release(&path);
    return result;
}

static int local_list_folders(struct blob *blob, const char *prefix, struct arena *arena,
                              char ***names, int *count, struct error *err)
{
    struct str path = path_of(blob, prefix);
    int found = 0, result = 0;

    *count = 0;
    if (file_is_folder(path.text) && !(result = file_list(arena, path.text, names, &found, err)))
        for (int i = 0; i < found; i++)
            if (file_is_folder(file_join(arena, path.text, (*names)[i])))
                (*names)[(*count)++] = (*names)[i];
    str_release(&path);
    return result;
}

static char *local_path(struct blob *blob, const char *key, struct arena *arena)
{
    return arena_printf(arena, "%s/%s", root_of(blob), key);
}

/* --- removing -------------------------------------------------------------------------------- */

/* Folders above the key that are empty now; the one that is not ends it. */
static void prune(struct blob *blob, const char *key)
{
    struct arena arena = ARENA_INIT;
    char *folder = arena_strdup(&arena, key), *slash;
    int depth = 0;

    for (const char *c = key; *c; c++)
        depth += *c == '/';
    for (; depth > LASTING_DEPTH && (slash = strrchr(folder, '/')); depth--) {
        *slash = 0;
        if (rmdir(local_path(blob, folder, &arena)))
            break;
    }
    arena_release(&arena);
}

static int local_move(struct blob *blob, const char *from, const char *to, struct error *err)
{
    struct str source = path_of(blob, from);
    int result = put_with(blob, to, source.text, rename_new, err);

    if (!result)
        prune(blob, from);
    str_release(&source);
    return result;
}

static int local_remove(struct blob *blob, const char *key, struct error *err)
{
    struct str path = path_of(blob, key);
    int result = 0;

    if (!unlink(path.text))
        prune(blob, key);
    else if (errno != ENOENT && errno != ENOTDIR)
        result = FAIL_ERRNO(err, "cannot remove '%s'", key);
    str_release(&path);
    return result;
}

static int remove_folder(int parent, const char *name, struct error *err)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), result = 0;
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (!stream) {
        result = errno == ENOENT ? 0 : FAIL_ERRNO(err, "cannot remove the folder '%s'", name);
        if (fd >= 0)
            close(fd);
        return result;
    }
    while (!result && (entry = readdir(stream))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (!unlinkat(fd, entry->d_name, 0) || errno == ENOENT)
            continue;
        result = errno == EISDIR || errno == EPERM
                     ? remove_folder(fd, entry->d_name, err)
                     : FAIL_ERRNO(err, "cannot remove '%s'", entry->d_name);
    }
    closedir(stream);
    if (!result && unlinkat(parent, name, AT_REMOVEDIR) && errno != ENOENT)
        result = FAIL_ERRNO(err, "cannot remove the folder '%s'", name);
    return result;
}

static int local_remove_tree(struct blob *blob, const char *prefix, struct error *err)
{
    struct str path = path_of(blob, prefix);
    int result = remove_folder(AT_FDCWD, path.text, err);

    str_release(&path);
    return result;
}

/* --- the store ------------------------------------------------------------------------------- */

static int local_free_bytes(struct blob *blob, int64_t *bytes, struct error *err)
{
    struct statvfs status;

    if (statvfs(root_of(blob), &status))
        return FAIL_ERRNO(err, "cannot ask for the free space of '%s'", root_of(blob));
    *bytes = (int64_t)status.f_bavail * (int64_t)status.f_frsize;
    return 0;
}

static void local_close(struct blob *blob)
{
    free(((struct blob_local *)blob)->root);
    free(blob);
}

static const struct blob_functions local_functions = {
    .name = "local",
    .put = local_put,
    .put_tree = local_put_tree,
    .open = local_open,
    .list = local_list,
    .list_folders = local_list_folders,
    .move = local_move,
    .copy = local_copy,
    .remove = local_remove,
    .remove_tree = local_remove_tree,
    .has = local_has,
    .free_bytes = local_free_bytes,
    .local_path = local_path,
    .close = local_close,
};

int blob_open_local(struct blob **out, const char *folder, struct error *err)
{
    struct blob_local *local;

    if (file_make_folders(folder, err))
        return -1;
    local = calloc(1, sizeof(*local));
    BUG_IF(!local);
    local->blob.functions = &local_functions;
    local->root = strdup(folder);
    BUG_IF(!local->root);
    *out = &local->blob;
    return 0;
}
