/* uploads.c - uploads that go on after a break; see uploads.h.
 *
 *   DATA/uploads/ID/session.json   who and what; touched by each piece, for the week
 *                   lock           shared while a piece is written, alone while it is committed
 *                   files/PATH     what has arrived; of an archive: what it was unpacked to
 *                   archive
 */

#include "app/datasets_internal.h"
#include "app/uploads_internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SESSION_BYTES_MOST ((size_t)256 << 10)

/* --- the session's file ---------------------------------------------------------------------- */

static void put_dataset(struct json_writer *w, const struct dataset *d)
{
    json_key(w, "dataset");
    json_object_open(w);
    json_put_text(w, "name", d->name);
    json_put_text(w, "description", d->description);
    json_put_text(w, "format", d->format);
    json_put_text(w, "visibility", d->visibility);
    json_put_text(w, "tags", d->tags);
    json_put_int(w, "project_id", d->project_id);
    json_close(w);
}

static int write_session(struct app *app, const struct upload *u, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct str text = STR_INIT;
    struct json_writer w;
    int result;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_int(&w, "user_id", u->user_id);
    json_put_int(&w, "total_bytes", u->total_bytes);
    json_put_int(&w, "created_at", u->created_at);
    json_put_bool(&w, "is_archive", u->is_archive);
    json_put_bool(&w, "replace", u->replace);
    json_put_text(&w, "into", u->into);
    put_dataset(&w, &u->dataset);
    json_close(&w);
    result = file_replace(upload_path(app, u->id, "session.json", &arena), text.text, text.length,
                          err);
    str_release(&text);
    arena_release(&arena);
    return result;
}

static int64_t int_of(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key, struct arena *arena)
{
    return arena_strdup(arena, json_string_value(json_object_get(object, key)));
}

static void fill(struct upload *u, const json_t *session, struct arena *arena)
{
    const json_t *d = json_object_get(session, "dataset");

    u->user_id = int_of(session, "user_id");
    u->total_bytes = int_of(session, "total_bytes");
    u->created_at = int_of(session, "created_at");
    u->is_archive = json_is_true(json_object_get(session, "is_archive"));
    u->replace = json_is_true(json_object_get(session, "replace"));
    u->into = text_of(session, "into", arena);
    u->dataset = (struct dataset){
        .name = text_of(d, "name", arena), .description = text_of(d, "description", arena),
        .format = text_of(d, "format", arena), .visibility = text_of(d, "visibility", arena),
        .tags = text_of(d, "tags", arena), .project_id = int_of(d, "project_id"),
    };
}

static int not_found(struct error *err)
{
    return FAIL(err, NOT_FOUND, "Upload not found");
}

static int read_session(struct app *app, const char *id, struct arena *arena,
                        struct upload *upload, struct error *err)
{
    struct str text = STR_INIT;
    json_t *session;

    *upload = (struct upload){ .id = arena_strdup(arena, id) };
    if (!dataset_is_id(id) ||
        file_read(upload_path(app, id, "session.json", arena), SESSION_BYTES_MOST, &text, err))
        return not_found(err);
    session = json_parse(text.text, text.length, "session.json", err);
    str_release(&text);
    if (!session)
        return not_found(err);
    fill(upload, session, arena);
    json_decref(session);
    return 0;
}

/* --- sessions -------------------------------------------------------------------------------- */

static int check_wanted(struct app *app, const struct user *user, const struct upload *w,
                        struct arena *arena, struct error *err)
{
    const struct dataset_limits *limits = &app->datasets->limits;
    struct dataset dataset;

    if (w->total_bytes > limits->bytes)
        return FAIL(err, TOO_LARGE, "An upload has at most %lld bytes", (long long)limits->bytes);
    if (uploads_check_space(app, w->total_bytes, err))
        return -1;
    return w->into ? datasets_get(app, user, w->into, RIGHT_WORK, arena, &dataset, err)
                   : datasets_check(app, user, &w->dataset, err);
}

int uploads_add(struct app *app, const struct user *user, const struct upload *wanted,
                struct arena *arena, struct upload *upload, struct error *err)
{
    char id[DATASET_ID_SIZE];

    if (check_wanted(app, user, wanted, arena, err))
        return -1;
    dataset_make_id(id);
    *upload = *wanted;
    upload->id = arena_strdup(arena, id);
    upload->user_id = user->id;
    upload->created_at = clock_unix_microseconds();
    if (file_make_folders(upload_path(app, id, NULL, arena), err))
        return -1;
    if (write_session(app, upload, err)) {
        janitor_take(app, id);
        return -1;
    }
    return 0;
}

int uploads_get(struct app *app, const struct user *user, const char *id, struct arena *arena,
                struct upload *upload, struct error *err)
{
    if (read_session(app, id, arena, upload, err))
        return -1;
    return upload->user_id == user->id ? 0 : not_found(err);
}

int uploads_remove(struct app *app, const struct upload *upload, struct error *err)
{
    struct arena arena = ARENA_INIT;
    int result = blob_remove_tree(app->datasets->local,
                                  dataset_key("uploads", upload->id, NULL, &arena), err);

    arena_release(&arena);
    return result;
}

/* --- locks ----------------------------------------------------------------------------------- */

static int take_lock(struct app *app, const char *id, bool alone, int *fd, struct error *err)
{
    struct arena arena = ARENA_INIT;
    int result = 0;

    *fd = open(upload_path(app, id, "lock", &arena), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0) {
        result = errno == ENOENT ? not_found(err) : FAIL_ERRNO(err, "cannot lock the upload");
    } else if (flock(*fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB)) {
        result = FAIL(err, CONFLICT, alone ? "The upload is being written to"
                                           : "The upload is being committed");
        close(*fd);
    }
    arena_release(&arena);
    return result;
}

static void touch(struct app *app, const char *id)
{
    struct arena arena = ARENA_INIT;

    utimensat(AT_FDCWD, upload_path(app, id, "session.json", &arena), NULL, 0);
    arena_release(&arena);
}

/* --- pieces ---------------------------------------------------------------------------------- */

static int check_path(const struct upload *upload, const char *path, struct error *err)
{
    if (upload->is_archive)
        return path && *path ? FAIL(err, INVALID, "An archive is sent without a path") : 0;
    return path ? blob_check_key(path, err) : FAIL(err, INVALID, "path is required");
}

static const char *file_of(const struct app *app, const struct upload *upload, const char *path,
                           struct arena *arena)
{
    if (upload->is_archive)
        return upload_path(app, upload->id, "archive", arena);
    return upload_path(app, upload->id, arena_printf(arena, "files/%s", path), arena);
}

static int open_at(const char *file, struct upload_piece *piece, int64_t *offset,
                   struct error *err)
{
    struct str folder = STR_INIT;
    struct stat status;
    bool is_new = lstat(file, &status) != 0;
    int64_t size_bytes = is_new ? 0 : status.st_size, wanted = *offset;
    int result = 0;

    *offset = size_bytes;
    if (wanted != size_bytes) /* and nothing is made */
        return FAIL(err, CONFLICT, "The file ends at offset %lld", (long long)size_bytes);
    str_add_bytes(&folder, file, (size_t)(file_base_name(file) - file) - 1);
    if (is_new && file_make_folders(folder.text, err))
        result = err->kind == ERR_CONFLICT
                     ? FAIL(err, INVALID, "The path cannot be both a file and a folder")
                     : -1;
    str_release(&folder);
    if (result)
        return -1;
    piece->fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (piece->fd < 0)
        return errno == EISDIR || errno == ENOTDIR
                   ? FAIL(err, INVALID, "The path cannot be both a file and a folder")
                   : FAIL_ERRNO(err, "cannot store the file");
    if (flock(piece->fd, LOCK_EX | LOCK_NB))
        return FAIL(err, CONFLICT, "The file is being written to");
    *offset = lseek(piece->fd, 0, SEEK_END); /* another piece may have come to its end since */
    piece->offset = *offset;
    return *offset == wanted
               ? 0
               : FAIL(err, CONFLICT, "The file ends at offset %lld", (long long)*offset);
}

int upload_piece_open(struct app *app, const struct upload *upload, const char *path,
                      int64_t *offset, struct upload_piece *piece, struct error *err)
{
    struct arena arena = ARENA_INIT;
    int result = -1;

    *piece = (struct upload_piece){ .app = app, .fd = -1, .lock_fd = -1 };
    piece->limit_bytes = upload->total_bytes ? upload->total_bytes : app->datasets->limits.bytes;
    if (check_path(upload, path, err) || uploads_check_space(app, 0, err))
        goto done;
    if (take_lock(app, upload->id, false, &piece->lock_fd, err)) {
        piece->lock_fd = -1;
        goto done;
    }
    touch(app, upload->id);
    result = open_at(file_of(app, upload, path, &arena), piece, offset, err);
done:
    if (result)
        upload_piece_close(piece);
    arena_release(&arena);
    return result;
}

int upload_piece_write(struct upload_piece *piece, const void *data, size_t size_bytes,
                       struct error *err)
{
    if (piece->offset + (int64_t)size_bytes > piece->limit_bytes)
        return FAIL(err, TOO_LARGE, "The upload has more than %lld bytes",
                    (long long)piece->limit_bytes);
    if (file_write_all(piece->fd, data, size_bytes, "the upload", err))
        return -1;
    piece->offset += (int64_t)size_bytes;
    return upload_count(piece->app, piece->fd, &piece->unchecked_bytes, size_bytes, err);
}

void upload_piece_close(struct upload_piece *piece)
{
    if (piece->fd >= 0)
        close(piece->fd);
    if (piece->lock_fd >= 0)
        close(piece->lock_fd);
    piece->fd = piece->lock_fd = -1;
}

/* --- what has arrived ------------------------------------------------------------------------ */

static int list(struct app *app, const struct upload *upload, struct arena *arena,
                struct blob_entry **entries, int *count, struct error *err)
{
    const char *key = arena_printf(arena, "uploads/%s/files", upload->id);

    return blob_list(app->datasets->local, key, arena, entries, count, err);
}

int uploads_offset(struct app *app, const struct upload *upload, const char *path, int64_t *offset,
                   struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct stat status;
    int result = check_path(upload, path, err);

    if (!result)
        *offset = lstat(file_of(app, upload, path, &arena), &status) ? 0 : status.st_size;
    arena_release(&arena);
    return result;
}

int uploads_files(struct app *app, const struct upload *upload, struct arena *arena,
                  struct upload_file **files, int *count, struct error *err)
{
    struct blob_entry *entries;

    if (upload->is_archive) {
        *files = ARENA_NEW(arena, struct upload_file);
        *count = 1;
        (*files)->path = "";
        return uploads_offset(app, upload, NULL, &(*files)->offset, err);
    }
    if (list(app, upload, arena, &entries, count, err))
        return -1;
    *files = ARENA_ARRAY(arena, struct upload_file, *count + 1);
    for (int i = 0; i < *count; i++)
        (*files)[i] = (struct upload_file){ entries[i].path, entries[i].size_bytes };
    return 0;
}

/* --- committing ------------------------------------------------------------------------------ */

static int check_complete(struct app *app, const struct upload *upload, struct arena *arena,
                          struct error *err)
{
    struct upload_file *files;
    int64_t bytes = 0;
    int count;

    if (uploads_files(app, upload, arena, &files, &count, err))
        return -1;
    for (int i = 0; i < count; i++)
        bytes += files[i].offset;
    if (upload->total_bytes && bytes != upload->total_bytes)
        return FAIL(err, CONFLICT, "%lld of %lld bytes have arrived", (long long)bytes,
                    (long long)upload->total_bytes);
    if (!count || (upload->is_archive && !bytes))
        return FAIL(err, INVALID, "The upload has no files");
    if (count > app->datasets->limits.files || bytes > app->datasets->limits.bytes)
        return FAIL(err, TOO_LARGE, "The upload has too many files or bytes");
    return 0;
}

/* From the beginning: an earlier attempt may have come to any point. */
static int unpack(struct app *app, const struct upload *upload, const char *files,
                  struct archive_account *account, struct arena *arena, struct error *err)
{
    const struct dataset_limits *most = &app->datasets->limits;
    const struct archive_limits limits = { .files = most->files, .bytes = most->bytes };
    struct blob *local = app->datasets->local;
    const char *key = dataset_key("uploads", upload->id, NULL, arena);

    if (blob_remove_tree(local, arena_printf(arena, "%s/files", key), err) ||
        blob_remove_tree(local, arena_printf(arena, "%s/unpacked", key), err) ||
        upload_unpack(app, upload_path(app, upload->id, "archive", arena),
                      upload_path(app, upload->id, "unpacked", arena), files, &limits, account,
                      err))
        return -1;
    return account->files ? 0 : FAIL(err, INVALID, "The archive has no files");
}

static int import(struct app *app, const struct user *user, const struct upload *upload,
                  const char *files, struct arena *arena, struct dataset *dataset,
                  struct error *err)
{
    struct dataset wanted = upload->dataset, into;

    if (upload->into)
        return datasets_get(app, user, upload->into, RIGHT_WORK, arena, &into, err) ||
                       datasets_import_more(app, &into, files, upload->replace, arena, dataset, err)
                   ? -1
                   : 0;
    wanted.id = upload->id;
    return datasets_import(app, user, &wanted, files, arena, dataset, err);
}

/* An attempt that was cut off may have moved the files already. */
static int take_back(struct app *app, const char *id, struct arena *arena, struct error *err)
{
    struct blob *blob = app->datasets->blob;
    const char *key = dataset_key("datasets", id, NULL, arena);
    const char *files = upload_path(app, id, "files", arena);
    struct dataset dataset;

    if (!dataset_read(app, id, arena, &dataset, err) || err->kind != ERR_NOT_FOUND ||
        !file_is_folder(blob_local_path(blob, key, arena)) || file_exists(files))
        return 0;
    return rename(blob_local_path(blob, key, arena), files)
               ? FAIL_ERRNO(err, "cannot take the files back")
               : 0;
}

static int commit(struct app *app, const struct user *user, const struct upload *upload,
                  struct arena *arena, struct archive_account *account, struct dataset *dataset,
                  struct error *err)
{
    const char *files = upload_path(app, upload->id, "files", arena);
    struct error ignored;

    if (take_back(app, upload->id, arena, err) || check_complete(app, upload, arena, err) ||
        (upload->is_archive && unpack(app, upload, files, account, arena, err)) ||
        import(app, user, upload, files, arena, dataset, err))
        return -1;
    uploads_remove(app, upload, &ignored); /* what is left is small, and expires */
    return 0;
}

int uploads_commit(struct app *app, const struct user *user, const char *id, struct arena *arena,
                   struct archive_account *account, struct dataset *dataset, struct error *err)
{
    struct upload upload;
    int lock, result;

    /* The answer to an earlier commit may have been lost. */
    if (dataset_is_id(id) && !dataset_read(app, id, arena, dataset, err) &&
        dataset->user_id == user->id)
        return 0;
    if (uploads_get(app, user, id, arena, &upload, err) || take_lock(app, id, true, &lock, err))
        return -1;
    result = commit(app, user, &upload, arena, account, dataset, err);
    close(lock);
    return result;
}

/* --- for the janitor ------------------------------------------------------------------------- */

bool upload_is_alive(struct app *app, const char *name)
{
    struct arena arena = ARENA_INIT;
    bool is_alive =
        dataset_is_id(name) && file_exists(upload_path(app, name, "session.json", &arena));

    arena_release(&arena);
    return is_alive;
}

bool upload_has_expired(struct app *app, const char *id)
{
    struct arena arena = ARENA_INIT;
    struct stat status;
    bool has_session = !stat(upload_path(app, id, "session.json", &arena), &status);

    arena_release(&arena);
    return has_session && time(NULL) - status.st_mtime > app->datasets->limits.session_seconds;
}

enum taken_back upload_take_back(struct app *app, const char *id)
{
    struct arena arena = ARENA_INIT;
    enum taken_back result = TAKEN_BACK_NOT;
    struct upload upload;
    struct error ignored;
    int lock;

    if (!read_session(app, id, &arena, &upload, &ignored)) {
        result = TAKEN_BACK_BUSY;
        if (!take_lock(app, id, true, &lock, &ignored)) {
            if (!upload.is_archive && !take_back(app, id, &arena, &ignored))
                result = TAKEN_BACK_YES;
            else if (upload.is_archive)
                result = TAKEN_BACK_NOT; /* the archive is still there */
            close(lock);
        }
    }
    arena_release(&arena);
    return result;
}
