/* uploads.c - uploads that go on after a break; see uploads.h.
 *
 *   uploads/ID/session.json   who and what; touched by each piece, for the week
 *                   lock           shared for each write, alone for a commit
 *                   files/PATH     what has arrived; of an archive: what it was unpacked to
 *                   archive
 *                   pending/HASH   of each piece that has not come to its end: "END PATH"
 *                   moving.json    files/ has been whole, and may be in the data set by now
 */

#include "app/datasets/datasets_internal.h"
#include "app/datasets/uploads_internal.h"

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
#define LOCK_SECONDS 2.0
#define MARK "moving.json"

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

int upload_not_found(struct error *err)
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
        return upload_not_found(err);
    session = json_parse(text.text, text.length, "session.json", err);
    str_release(&text);
    if (!session)
        return upload_not_found(err);
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
    return upload->user_id == user->id ? 0 : upload_not_found(err);
}

int uploads_remove(struct app *app, const struct upload *upload, struct error *err)
{
    struct arena arena = ARENA_INIT;
    int result = blob_remove_tree(app->datasets->local,
                                  dataset_key("uploads", upload->id, NULL, &arena), err);

    arena_release(&arena);
    return result;
}

/* --- the lock -------------------------------------------------------------------------------- */

int upload_open_lock(struct app *app, const char *id, int *fd, struct error *err)
{
    struct arena arena = ARENA_INIT;

    *fd = open(upload_path(app, id, "lock", &arena), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    arena_release(&arena);
    if (*fd >= 0)
        return 0;
    return errno == ENOENT ? upload_not_found(err) : FAIL_ERRNO(err, "cannot lock the upload");
}

/* Writes are short; another commit is not. */
static int lock_alone(struct app *app, const char *id, int *fd, struct error *err)
{
    const struct timespec pause = { 0, 1000000 };
    double end_seconds = clock_seconds() + LOCK_SECONDS;

    if (upload_open_lock(app, id, fd, err))
        return -1;
    while (flock(*fd, LOCK_EX | LOCK_NB)) {
        if (clock_seconds() > end_seconds) {
            close(*fd);
            return FAIL(err, CONFLICT, "The upload is being committed");
        }
        nanosleep(&pause, NULL);
    }
    return 0;
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
    int result = upload_check_path(upload, path, err);

    if (!result)
        *offset = lstat(upload_file_path(app, upload, path, &arena), &status) ? 0 : status.st_size;
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

    if (upload_check_pending(app, upload, arena, err) ||
        uploads_files(app, upload, arena, &files, &count, err))
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

/* From the first file that moves into a data set that is there, files/ is not what has arrived.
 * The mark says that all of it had, and what the archive had in it: a commit that comes again moves
 * the rest. */
static int write_mark(struct app *app, const char *id, const struct archive_account *account,
                      struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct str text = STR_INIT;
    struct json_writer w;
    int result;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_int(&w, "files", account->files);
    json_put_int(&w, "bytes", account->bytes);
    json_put_int(&w, "junk", account->junk);
    json_put_int(&w, "links", account->links);
    json_put_int(&w, "devices", account->devices);
    json_close(&w);
    result = file_replace(upload_path(app, id, MARK, &arena), text.text, text.length, err);
    str_release(&text);
    arena_release(&arena);
    return result;
}

bool upload_is_moving(const struct app *app, const char *id)
{
    struct arena arena = ARENA_INIT;
    bool result = file_exists(upload_path(app, id, MARK, &arena));

    arena_release(&arena);
    return result;
}

static int read_mark(struct app *app, const char *id, struct archive_account *account,
                     struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct str text = STR_INIT;
    json_t *mark = NULL;

    if (!file_read(upload_path(app, id, MARK, &arena), SESSION_BYTES_MOST, &text, err))
        mark = json_parse(text.text, text.length, MARK, err);
    if (mark)
        *account = (struct archive_account){
            .files = int_of(mark, "files"), .bytes = int_of(mark, "bytes"),
            .junk = int_of(mark, "junk"), .links = int_of(mark, "links"),
            .devices = int_of(mark, "devices"),
        };
    str_release(&text);
    arena_release(&arena);
    if (!mark)
        return -1;
    json_decref(mark);
    return 0;
}

static int import_more(struct app *app, const struct user *user, const struct upload *upload,
                       const char *files, const struct archive_account *account,
                       struct arena *arena, struct dataset *dataset, struct error *err)
{
    struct dataset_lock lock;
    struct dataset into;
    int result;

    if (dataset_lock(app, upload->into, &lock, err))
        return -1;
    /* Only now: whoever had it before may have removed or changed it. */
    result = datasets_get(app, user, upload->into, RIGHT_WORK, arena, &into, err) ||
                     dataset_check_more(app, &into, files, upload->replace, err) ||
                     write_mark(app, upload->id, account, err) ||
                     dataset_take_more(app, &into, files, arena, dataset, err)
                 ? -1
                 : 0;
    dataset_unlock(app, &lock);
    return result;
}

static int import(struct app *app, const struct user *user, const struct upload *upload,
                  const char *files, const struct archive_account *account, struct arena *arena,
                  struct dataset *dataset, struct error *err)
{
    struct dataset wanted = upload->dataset;

    if (upload->into)
        return import_more(app, user, upload, files, account, arena, dataset, err);
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

/* All that is to come in lies in `files`. */
static int prepare(struct app *app, const struct upload *upload, const char *files,
                   struct archive_account *account, struct arena *arena, struct error *err)
{
    if (upload_is_moving(app, upload->id))
        return read_mark(app, upload->id, account, err);
    return take_back(app, upload->id, arena, err) || check_complete(app, upload, arena, err) ||
                   (upload->is_archive && unpack(app, upload, files, account, arena, err))
               ? -1
               : 0;
}

static int commit(struct app *app, const struct user *user, const struct upload *upload,
                  struct arena *arena, struct archive_account *account, struct dataset *dataset,
                  struct error *err)
{
    const char *files = upload_path(app, upload->id, "files", arena);

    if (prepare(app, upload, files, account, arena, err) ||
        import(app, user, upload, files, account, arena, dataset, err))
        return -1;
    janitor_take(app, upload->id); /* at once, with the mark; what is left otherwise expires */
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
    if (uploads_get(app, user, id, arena, &upload, err) || lock_alone(app, id, &lock, err))
        return -1;
    result = commit(app, user, &upload, arena, account, dataset, err);
    close(lock);
    return result;
}

/* --- for the janitor ------------------------------------------------------------------------- */

bool upload_is_alive(struct app *app, const char *name)
{
    struct arena arena = ARENA_INIT;
    struct dataset made; /* by a commit that was cut off before it removed the upload */
    struct error ignored;
    bool is_alive = dataset_is_id(name) &&
                    file_exists(upload_path(app, name, "session.json", &arena)) &&
                    dataset_read(app, name, &arena, &made, &ignored);

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
        if (!lock_alone(app, id, &lock, &ignored)) {
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
