/* uploads_form.c - the files of one request; see uploads.h.
 *
 * They are numbered as they come, and their names go to a list in a file: what the paths are may
 * stand in a field behind all of them, and memory must not grow with their number. */

#include "app/datasets/datasets_internal.h"
#include "app/datasets/uploads_internal.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct form_files {
    struct app *app;
    char id[DATASET_ID_SIZE];
    struct arena arena;
    const char *folder;
    FILE *names;
    int fd; /* -1: no file is open */
    int64_t count, bytes, unchecked_bytes;
};

/* --- space ----------------------------------------------------------------------------------- */

const char *upload_path(const struct app *app, const char *id, const char *name,
                        struct arena *arena)
{
    return app_path(
        app, arena_printf(arena, "uploads/%s%s%s", id, name ? "/" : "", name ? name : ""), arena);
}

int uploads_check_space(struct app *app, int64_t bytes, struct error *err)
{
    int64_t free_bytes;

    if (blob_free_bytes(app->datasets->local, &free_bytes, err))
        return -1;
    if (free_bytes - app->datasets->limits.reserve_bytes < bytes)
        return FAIL(err, NO_SPACE, "There is not enough space on the disk");
    return 0;
}

int upload_count(struct app *app, int fd, int64_t *unchecked_bytes, size_t size_bytes,
                 struct error *err)
{
    *unchecked_bytes += (int64_t)size_bytes;
    if (*unchecked_bytes < SPACE_CHECK_BYTES)
        return 0;
    *unchecked_bytes = 0;
    sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* so that the sync at the end is short */
    return uploads_check_space(app, SPACE_CHECK_BYTES, err);
}

/* --- receiving ------------------------------------------------------------------------------- */

int form_files_open(struct app *app, struct form_files **out, struct error *err)
{
    struct form_files *f;

    if (uploads_check_space(app, 0, err))
        return -1;
    f = calloc(1, sizeof(*f));
    BUG_IF(!f);
    f->app = app;
    f->fd = -1;
    dataset_make_id(f->id);
    f->folder = upload_path(app, f->id, NULL, &f->arena);
    if (file_make_folders(upload_path(app, f->id, "parts", &f->arena), err))
        goto failed;
    f->names = fopen(upload_path(app, f->id, "names", &f->arena), "w+e");
    if (!f->names) {
        FAIL_ERRNO(err, "cannot store the upload");
        goto failed;
    }
    *out = f;
    return 0;
failed:
    form_files_close(f);
    return -1;
}

static void part_path(const struct form_files *f, int64_t number, struct str *path)
{
    str_clear(path);
    str_printf(path, "%s/parts/%lld", f->folder, (long long)number);
}

int form_files_begin(struct form_files *f, const char *name, struct error *err)
{
    struct str path = STR_INIT;
    int result = 0;

    BUG_IF(f->fd >= 0);
    if (blob_check_key(name, err))
        return -1;
    if (f->count >= f->app->datasets->limits.files)
        return FAIL(err, TOO_LARGE, "There are more than %lld files", (long long)f->count);
    part_path(f, f->count, &path);
    f->fd = open(path.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (f->fd < 0 || fprintf(f->names, "%s\n", name) < 0)
        result = FAIL_ERRNO(err, "cannot store '%.200s'", name);
    f->count++;
    str_release(&path);
    return result;
}

int form_files_write(struct form_files *f, const void *data, size_t size_bytes, struct error *err)
{
    f->bytes += (int64_t)size_bytes;
    if (f->bytes > f->app->datasets->limits.bytes)
        return FAIL(err, TOO_LARGE, "The upload has more than %lld bytes",
                    (long long)f->app->datasets->limits.bytes);
    if (file_write_all(f->fd, data, size_bytes, "the upload", err))
        return -1;
    return upload_count(f->app, f->fd, &f->unchecked_bytes, size_bytes, err);
}

int form_files_end(struct form_files *f, struct error *err)
{
    int result = close(f->fd) ? FAIL_ERRNO(err, "cannot store the upload") : 0;

    f->fd = -1;
    return result;
}

int64_t form_files_count(const struct form_files *f)
{
    return f->count;
}

void form_files_close(struct form_files *f)
{
    if (!f)
        return;
    if (f->fd >= 0)
        close(f->fd);
    if (f->names)
        fclose(f->names);
    if (file_exists(f->folder))
        janitor_take(f->app, f->id);
    arena_release(&f->arena);
    free(f);
}

/* --- moving ---------------------------------------------------------------------------------- */

/* Onto nothing: of two files with one path neither is right. */
static int move_file(const char *from, const char *folder, const char *path, struct error *err)
{
    struct str target = STR_INIT, parent = STR_INIT;
    int result;

    str_printf(&target, "%s/%s", folder, path);
    str_add_bytes(&parent, target.text,
                  (size_t)(file_base_name(target.text) - target.text) - 1);
    result = file_make_folders(parent.text, err);
    if (result && err->kind == ERR_CONFLICT)
        FAIL(err, INVALID, "'%.300s' cannot be both a file and a folder", path);
    else if (!result && renameat2(AT_FDCWD, from, AT_FDCWD, target.text, RENAME_NOREPLACE))
        result = errno == EEXIST ? FAIL(err, INVALID, "There are two files '%.300s'", path)
                                 : FAIL_ERRNO(err, "cannot store '%.300s'", path);
    str_release(&target);
    str_release(&parent);
    return result;
}

/* All files below `from` to the same paths below `to`. */
static int move_tree(const char *from, const char *to, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct blob_entry *entries;
    struct blob *source;
    int count, result = -1;

    if (!file_exists(to))
        return rename(from, to) ? FAIL_ERRNO(err, "cannot store the files") : 0;
    if (blob_open_local(&source, from, err))
        return -1;
    if (!blob_list(source, ".", &arena, &entries, &count, err)) {
        result = 0;
        for (int i = 0; i < count && !result; i++)
            result = move_file(file_join(&arena, from, entries[i].path), to, entries[i].path, err);
    }
    blob_close(source);
    arena_release(&arena);
    return result;
}

int upload_unpack(struct app *app, const char *archive, const char *work, const char *files,
                  const struct archive_limits *limits, struct archive_account *account,
                  struct error *err)
{
    struct archive_limits l = *limits;
    struct arena arena = ARENA_INIT;
    int result = -1;

    if (!blob_free_bytes(app->datasets->local, &l.free_bytes, err)) {
        l.free_bytes -= app->datasets->limits.reserve_bytes;
        if (!archive_unpack(archive, work, &l, account, err))
            result = move_tree(archive_content(work, &arena), files, err);
    }
    arena_release(&arena);
    return result;
}

/* --- settling -------------------------------------------------------------------------------- */

static int settle_archive(struct form_files *f, const char *part, int64_t number,
                          const char *files, struct archive_account *account, struct error *err)
{
    const struct dataset_limits *most = &f->app->datasets->limits;
    const struct archive_limits limits = { .files = most->files - account->files,
                                           .bytes = most->bytes - account->bytes };
    struct arena arena = ARENA_INIT;
    const char *work = arena_printf(&arena, "%s/unpacked-%lld", f->folder, (long long)number);
    int result = upload_unpack(f->app, part, work, files, &limits, account, err);

    if (!result)
        unlink(part);
    arena_release(&arena);
    return result;
}

static int settle_file(struct form_files *f, int64_t number, const char *path, const char *files,
                       struct archive_account *account, struct error *err)
{
    struct str part = STR_INIT;
    struct stat status;
    int result = 0;

    part_path(f, number, &part);
    if (blob_check_key(path, err)) {
        result = -1;
    } else if (archive_is_junk(path)) {
        account->junk++;
    } else if (archive_is_name(path)) {
        result = settle_archive(f, part.text, number, files, account, err);
    } else {
        account->files++;
        account->bytes += stat(part.text, &status) ? 0 : status.st_size;
        result = move_file(part.text, files, path, err);
    }
    str_release(&part);
    return result;
}

static int check_paths(const struct form_files *f, const json_t *paths, struct error *err)
{
    if (!json_is_array(paths) || (int64_t)json_array_size(paths) != f->count)
        return FAIL(err, INVALID, "paths must be an array with one path for each of the %lld files",
                    (long long)f->count);
    for (size_t i = 0; i < json_array_size(paths); i++)
        if (!json_is_string(json_array_get(paths, i)))
            return FAIL(err, INVALID, "paths must be an array of texts");
    return 0;
}

int form_files_settle(struct form_files *f, const json_t *paths, struct archive_account *account,
                      const char **folder, struct error *err)
{
    const char *files = upload_path(f->app, f->id, "files", &f->arena);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    int result = 0;

    if (paths && check_paths(f, paths, err))
        return -1;
    if (fflush(f->names) || fseek(f->names, 0, SEEK_SET))
        return FAIL_ERRNO(err, "cannot store the upload");
    for (int64_t i = 0; i < f->count && !result; i++) {
        const json_t *given = paths ? json_array_get(paths, (size_t)i) : NULL;

        length = getline(&line, &capacity, f->names);
        if (length < 1) {
            result = FAIL(err, UNAVAILABLE, "cannot read the names of the files");
            break;
        }
        line[length - 1] = 0;
        result = settle_file(f, i, given ? json_string_value(given) : line, files, account, err);
    }
    free(line);
    if (!result && !file_exists(files))
        result = file_make_folders(files, err);
    *folder = files;
    return result;
}
