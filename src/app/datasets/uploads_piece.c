/* uploads_piece.c - writing what arrives of an upload; see uploads.h. */

#include "app/datasets/datasets_internal.h"
#include "app/datasets/uploads_internal.h"

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- paths ----------------------------------------------------------------------------------- */

int upload_check_path(const struct upload *upload, const char *path, struct error *err)
{
    if (upload->is_archive)
        return path && *path ? FAIL(err, INVALID, "An archive is sent without a path") : 0;
    return path ? blob_check_key(path, err) : FAIL(err, INVALID, "path is required");
}

/* Below the folder of the upload. */
static const char *inner_file(const struct upload *upload, const char *path, struct arena *arena)
{
    return upload->is_archive ? "archive" : arena_printf(arena, "files/%s", path);
}

const char *upload_file_path(const struct app *app, const struct upload *upload,
                             const char *path, struct arena *arena)
{
    return upload_path(app, upload->id, inner_file(upload, path, arena), arena);
}

/* --- pieces ---------------------------------------------------------------------------------- */

static void touch(struct app *app, const char *id)
{
    struct arena arena = ARENA_INIT;

    utimensat(AT_FDCWD, upload_path(app, id, "session.json", &arena), NULL, 0);
    arena_release(&arena);
}

static int make_folder_of(const char *file, struct error *err)
{
    char *folder = strndup(file, (size_t)(file_base_name(file) - file));
    int result;

    BUG_IF(!folder);
    result = file_make_folders(folder, err);
    free(folder);
    return result && err->kind == ERR_CONFLICT
               ? FAIL(err, INVALID, "The path cannot be both a file and a folder")
               : result;
}

/* The file, which must end at the offset; nothing is made when it does not. */
static int open_at(const char *file, int64_t *offset, int *fd, struct error *err)
{
    struct stat status;
    bool is_new = lstat(file, &status) != 0;
    int64_t wanted = *offset;

    *offset = is_new ? 0 : status.st_size;
    if (wanted != *offset)
        return FAIL(err, CONFLICT, "The file ends at offset %lld", (long long)*offset);
    if (is_new && make_folder_of(file, err))
        return -1;
    *fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (*fd >= 0)
        return 0;
    return errno == EISDIR || errno == ENOTDIR
               ? FAIL(err, INVALID, "The path cannot be both a file and a folder")
               : FAIL_ERRNO(err, "cannot store the file");
}

/* A commit must not take the beginning of a file for all of it. */
static int write_pending(struct upload_piece *piece, const char *inner, int64_t end,
                         struct error *err)
{
    struct str text = STR_INIT;
    int fd, result;

    if (make_folder_of(piece->pending, err))
        return -1;
    fd = open(piece->pending, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return FAIL_ERRNO(err, "cannot store the file");
    str_printf(&text, "%lld %s", (long long)end, inner);
    result = file_write_all(fd, text.text, text.length, "the upload", err);
    str_release(&text);
    close(fd);
    return result;
}

static const char *pending_name(const char *inner, struct arena *arena)
{
    char digest[SHA256_TEXT_SIZE];
    struct sha256 sha;

    sha256_init(&sha);
    sha256_add(&sha, inner, strlen(inner));
    sha256_finish(&sha, digest);
    return arena_printf(arena, "pending/%s", digest);
}

int upload_piece_open(struct app *app, const struct upload *upload, const char *path,
                      int64_t *offset, int64_t size_bytes, struct upload_piece *piece,
                      struct error *err)
{
    const char *inner;
    int result = -1;

    *piece = (struct upload_piece){ .app = app, .arena = ARENA_INIT, .fd = -1, .lock_fd = -1 };
    piece->limit_bytes = upload->total_bytes ? upload->total_bytes : app->datasets->limits.bytes;
    if (upload_is_moving(app, upload->id)) {
        FAIL(err, CONFLICT, "The files are on their way into the dataset; commit the upload again");
        goto done;
    }
    if (upload_check_path(upload, path, err) ||
        uploads_check_space(app, size_bytes > 0 ? size_bytes : 0, err))
        goto done;
    if (size_bytes > piece->limit_bytes - *offset) {
        FAIL(err, TOO_LARGE, "The upload has more than %lld bytes",
             (long long)piece->limit_bytes);
        goto done;
    }
    inner = inner_file(upload, path, &piece->arena);
    piece->session = upload_path(app, upload->id, "session.json", &piece->arena);
    piece->pending = upload_path(app, upload->id, pending_name(inner, &piece->arena),
                                 &piece->arena);
    if (open_at(upload_file_path(app, upload, path, &piece->arena), offset, &piece->fd, err) ||
        upload_open_lock(app, upload->id, &piece->lock_fd, err))
        goto done;
    piece->offset = *offset;
    touch(app, upload->id);
    result = write_pending(piece, inner, size_bytes < 0 ? INT64_MAX : *offset + size_bytes, err);
done:
    if (result)
        upload_piece_close(piece);
    return result;
}

static int write_at(struct upload_piece *piece, const char *data, size_t size_bytes,
                    struct error *err)
{
    while (size_bytes) {
        ssize_t count = pwrite(piece->fd, data, size_bytes, (off_t)piece->offset);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return FAIL_ERRNO(err, "cannot write the upload");
        data += count;
        size_bytes -= (size_t)count;
        piece->offset += count;
    }
    return 0;
}

int upload_piece_write(struct upload_piece *piece, const void *data, size_t size_bytes,
                       struct error *err)
{
    int result;

    if (piece->offset + (int64_t)size_bytes > piece->limit_bytes)
        return FAIL(err, TOO_LARGE, "The upload has more than %lld bytes",
                    (long long)piece->limit_bytes);
    if (flock(piece->lock_fd, LOCK_SH | LOCK_NB))
        return FAIL(err, CONFLICT, "The upload is being committed");
    /* It may have been: the file would then belong to a data set. */
    result = file_exists(piece->session) ? write_at(piece, data, size_bytes, err)
                                         : upload_not_found(err);
    flock(piece->lock_fd, LOCK_UN);
    if (result)
        return -1;
    return upload_count(piece->app, piece->fd, &piece->unchecked_bytes, size_bytes, err);
}

void upload_piece_finish(struct upload_piece *piece)
{
    unlink(piece->pending);
    upload_piece_close(piece);
}

void upload_piece_close(struct upload_piece *piece)
{
    if (piece->fd >= 0)
        close(piece->fd);
    if (piece->lock_fd >= 0)
        close(piece->lock_fd);
    piece->fd = piece->lock_fd = -1;
    arena_release(&piece->arena);
}

/* --- what has not come to its end ------------------------------------------------------------ */

/* Has the file of this mark, "END PATH", come to its end? */
static int check_mark(struct app *app, const struct upload *upload, const char *mark,
                      struct arena *arena, struct error *err)
{
    struct str text = STR_INIT;
    struct stat status;
    char *inner = NULL;
    int64_t end;
    int result = 0;

    if (file_read(upload_path(app, upload->id, arena_printf(arena, "pending/%s", mark), arena),
                  2 * BLOB_KEY_MOST, &text, err))
        return -1;
    end = strtoll(text.text, &inner, 10);
    inner += *inner == ' ';
    if (!stat(upload_path(app, upload->id, inner, arena), &status) && status.st_size < end)
        result = FAIL(err, CONFLICT, "'%.300s' has not come to its end: %lld bytes have arrived",
                      str_starts_with(inner, "files/") ? inner + strlen("files/") : inner,
                      (long long)status.st_size);
    str_release(&text);
    return result;
}

int upload_check_pending(struct app *app, const struct upload *upload, struct arena *arena,
                         struct error *err)
{
    const char *folder = upload_path(app, upload->id, "pending", arena);
    char **marks;
    int count = 0, result = 0;

    if (file_is_folder(folder))
        result = file_list(arena, folder, &marks, &count, err);
    for (int i = 0; i < count && !result; i++)
        result = check_mark(app, upload, marks[i], arena, err);
    return result;
}
