/* backup.c - writing a backup; see backup.h. */

#include "app/operations/backup.h"

#include "app/operations/backup_internal.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/map.h"
#include "base/sha256.h"
#include "base/str.h"
#include "store/blob.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALL_BYTES ((int64_t)8 << 20) /* files up to this are read whole before they are written */
#define LOCK_NAME ".fovea.lock"
#define BACKUP_LOCK_NAME ".backup.lock"
#define COPY_NAME ".backup.db"

struct backup {
    struct app *app;
    struct archive *archive;
    struct str manifest;
    struct map trees; /* name -> struct tree */
    struct map names; /* of entries -> struct written */
    struct arena arena;
    char *buffer;
    struct backup_account *account;
};

/* A data set that has got files since we read it has another revision. */
struct tree {
    int64_t revision;
};

struct written {
    int64_t size_bytes;
    char sha256[SHA256_TEXT_SIZE];
};

/* --- names ----------------------------------------------------------------------------------- */

bool backup_name_fits(const char *name)
{
    static const char *const folders[] = { "outputs/", "datasets/", "quarantine/", "thumbnails/",
                                           "weights/" };
    struct error ignored;

    if (!strcmp(name, BACKUP_DATABASE))
        return true;
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
        if (str_starts_with(name, folders[i]))
            return !blob_check_key(name, &ignored);
    return false;
}

int backup_locale_enter(struct backup_locale *locale, struct error *err)
{
    *locale = (struct backup_locale){ .utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0) };
    if (!locale->utf8)
        return FAIL(err, UNSUPPORTED, "this system has no locale C.UTF-8");
    locale->before = uselocale(locale->utf8);
    return 0;
}

void backup_locale_leave(struct backup_locale *locale)
{
    uselocale(locale->before);
    freelocale(locale->utf8);
}

void backup_add_line(struct str *manifest, const char *name, int64_t size_bytes,
                     const char *sha256)
{
    struct json_writer w;

    json_begin(&w, manifest);
    json_array_open(&w);
    json_text(&w, name);
    json_int(&w, size_bytes);
    json_text(&w, sha256);
    json_close(&w);
    str_add_char(manifest, '\n');
}

void backup_add_end(struct str *manifest, int64_t files, int64_t bytes)
{
    struct json_writer w;

    json_begin(&w, manifest);
    json_object_open(&w);
    json_put_int(&w, "files", files);
    json_put_int(&w, "bytes", bytes);
    json_close(&w);
    str_add_char(manifest, '\n');
}

int data_folder_lock(const char *folder, int *fd, struct error *err)
{
    struct str path = STR_INIT;
    bool is_new = !file_is_folder(folder);
    int result = file_make_folders(folder, err);

    if (!result && is_new)
        result = chmod(folder, 0700) ? FAIL_ERRNO(err, "'%s'", folder) : 0;
    str_printf(&path, "%s/" LOCK_NAME, folder);
    if (!result && file_lock(path.text, fd, err))
        result = err->kind == ERR_CONFLICT
                     ? FAIL(err, CONFLICT, "the data in '%s' is in use by another process", folder)
                     : -1;
    str_release(&path);
    return result;
}

/* --- entries --------------------------------------------------------------------------------- */

static int archive_failed(struct backup *b, const char *what, struct error *err)
{
    const char *text = archive_error_string(b->archive);

    if (archive_errno(b->archive) == ENOSPC || archive_errno(b->archive) == EDQUOT)
        return FAIL(err, NO_SPACE, "the disk is full; the backup was not made");
    return FAIL(err, UNAVAILABLE, "cannot write %s to the backup: %s", what,
                text ? text : "unknown error");
}

static int begin_entry(struct backup *b, const char *name, int64_t size, int64_t modified_seconds,
                       struct error *err)
{
    struct archive_entry *entry = archive_entry_new();
    int result;

    BUG_IF(!entry);
    archive_entry_update_pathname_utf8(entry, name);
    archive_entry_set_size(entry, size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0600);
    archive_entry_set_mtime(entry, modified_seconds, 0);
    result = archive_write_header(b->archive, entry) < ARCHIVE_WARN
                 ? archive_failed(b, name, err)
                 : 0;
    archive_entry_free(entry);
    return result;
}

static int write_bytes(struct backup *b, const void *data, size_t size, const char *name,
                       struct error *err)
{
    const char *at = data;

    while (size) {
        la_ssize_t count = archive_write_data(b->archive, at, size);

        if (count <= 0)
            return archive_failed(b, name, err);
        at += count;
        size -= (size_t)count;
    }
    return 0;
}

static int write_text(struct backup *b, const char *name, const struct str *text,
                      struct error *err)
{
    return begin_entry(b, name, (int64_t)text->length, clock_unix_microseconds() / 1000000, err) ||
                   write_bytes(b, text->text, text->length, name, err)
               ? -1
               : 0;
}

/* Up to `size` bytes; fewer at the end of the file.  -1 on failure. */
static ssize_t read_some(int fd, char *buffer, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t count = read(fd, buffer + done, size - done);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (!count)
            break;
        done += (size_t)count;
    }
    return (ssize_t)done;
}

static int copy_pieces(struct backup *b, int fd, const char *name, int64_t size,
                       struct sha256 *sha, struct error *err)
{
    while (size) {
        size_t piece = size < (int64_t)BACKUP_PIECE_BYTES ? (size_t)size : BACKUP_PIECE_BYTES;
        ssize_t count = read_some(fd, b->buffer, piece);

        if (count < 0)
            return FAIL_ERRNO(err, "cannot read '%s'", name);
        if ((size_t)count < piece)
            return FAIL(err, UNAVAILABLE, "'%s' became shorter while it was read; try again", name);
        sha256_add(sha, b->buffer, piece);
        if (write_bytes(b, b->buffer, piece, name, err))
            return -1;
        size -= (int64_t)piece;
    }
    return 0;
}

/* A log that is written to has the length that it had when we came; one that is cut in that moment
 * is small, and its length is known before its header is written. */
static int copy_small(struct backup *b, int fd, const struct stat *status, const char *name,
                      struct written *written, struct error *err)
{
    char *data = malloc((size_t)status->st_size + 1);
    ssize_t count = data ? read_some(fd, data, (size_t)status->st_size) : 0;
    struct sha256 sha;
    int result = -1;

    if (!data) {
        FAIL(err, NO_MEMORY, "no memory for '%s'", name);
    } else if (count < 0) {
        FAIL_ERRNO(err, "cannot read '%s'", name);
    } else {
        sha256_init(&sha);
        sha256_add(&sha, data, (size_t)count);
        sha256_finish(&sha, written->sha256);
        written->size_bytes = count;
        result = begin_entry(b, name, count, status->st_mtime, err) ||
                         write_bytes(b, data, (size_t)count, name, err)
                     ? -1
                     : 0;
    }
    free(data);
    return result;
}

static int copy_large(struct backup *b, int fd, const struct stat *status, const char *name,
                      struct written *written, struct error *err)
{
    struct sha256 sha;
    int result;

    sha256_init(&sha);
    written->size_bytes = status->st_size;
    result = begin_entry(b, name, status->st_size, status->st_mtime, err) ||
             copy_pieces(b, fd, name, status->st_size, &sha, err);
    sha256_finish(&sha, written->sha256);
    return result ? -1 : 0;
}

/* Once.  What is gone by now is no failure. */
static int add_file(struct backup *b, const char *path, const char *name, struct error *err)
{
    struct written *written;
    struct stat status;
    int fd, result;

    if (map_find(&b->names, name))
        return 0;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 && errno != ELOOP)
        return FAIL_ERRNO(err, "cannot read '%s'", path);
    if (fd < 0 || fstat(fd, &status) || !S_ISREG(status.st_mode) || !backup_name_fits(name)) {
        log_warn("'%s' is left out of the backup", path);
        b->account->left_out++;
        if (fd >= 0)
            close(fd);
        return 0;
    }
    written = ARENA_NEW(&b->arena, struct written);
    result = status.st_size <= SMALL_BYTES ? copy_small(b, fd, &status, name, written, err)
                                           : copy_large(b, fd, &status, name, written, err);
    close(fd);
    if (result)
        return -1;
    backup_add_line(&b->manifest, name, written->size_bytes, written->sha256);
    b->account->files++;
    b->account->bytes += written->size_bytes;
    map_set(&b->names, name, written);
    return 0;
}

/* --- trees ----------------------------------------------------------------------------------- */

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* What somebody is writing just now, and what only says that somebody is. */
static bool is_passing(const char *name)
{
    return *name == '.' && (!strcmp(name, ".lock") || str_ends_with(name, ".partial"));
}

/* All below DATA/name, once for each revision. */
static int add_tree(struct backup *b, const char *name, int64_t revision, struct error *err)
{
    struct tree *known = map_find(&b->trees, name);
    const char *root = app_path(b->app, name, &b->arena);
    char *roots[] = { (char *)root, NULL };
    size_t skip = strlen(root);
    FTSENT *entry;
    FTS *walk;
    int result = 0;

    if (known && known->revision == revision)
        return 0;
    if (!known)
        map_set(&b->trees, name, known = ARENA_NEW(&b->arena, struct tree));
    known->revision = revision;
    walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    while (walk && !result && (entry = fts_read(walk))) {
        struct str inside = STR_INIT;

        if (entry->fts_info == FTS_D || entry->fts_info == FTS_DP || is_passing(entry->fts_name) ||
            (entry->fts_info == FTS_NS && entry->fts_errno == ENOENT))
            continue;
        str_printf(&inside, "%s%s", name, entry->fts_path + skip);
        result = add_file(b, entry->fts_path, inside.text, err);
        str_release(&inside);
    }
    if (walk)
        fts_close(walk);
    return result;
}

/* "/data/outputs/1/x" and "outputs/1/x" -> "outputs/1/x"; NULL: lies elsewhere. */
static const char *inside_data(struct backup *b, const char *path, const char *real)
{
    size_t length = strlen(real);

    if (!strncmp(path, real, length) && path[length] == '/')
        path += length + 1;
    else
        path = app_relative(b->app, path, &b->arena);
    return *path == '/' || strstr(path, "..") ? NULL : path;
}

static int add_outputs(struct backup *b, struct db *db, const char *real, struct error *err)
{
    struct db_rows rows;

    if (db_read(db, STATEMENT_backup_outputs, DB_NO_ARGS, &b->arena, &rows, err))
        return -1;
    for (int i = 0; i < rows.count; i++) {
        const char *name = inside_data(b, db_at(&rows, i, 1)->text, real);

        if (!name || !str_starts_with(name, "outputs/"))
            log_warn("job %lld: '%s' is elsewhere and not in the backup",
                     (long long)db_at(&rows, i, 0)->integer, db_at(&rows, i, 1)->text);
        else if (add_tree(b, name, 0, err))
            return -1;
    }
    return 0;
}

static int add_datasets(struct backup *b, struct db *db, struct error *err)
{
    static const char *const folders[] = { "datasets", "quarantine", "thumbnails" };
    struct db_rows rows;

    if (db_read(db, STATEMENT_backup_datasets, DB_NO_ARGS, &b->arena, &rows, err))
        return -1;
    for (int i = 0; i < rows.count; i++)
        for (size_t j = 0; j < sizeof(folders) / sizeof(*folders); j++)
            if (!strchr(db_at(&rows, i, 0)->text, '/') &&
                add_tree(b, arena_printf(&b->arena, "%s/%s", folders[j], db_at(&rows, i, 0)->text),
                         db_at(&rows, i, 1)->integer, err))
                return -1;
    return 0;
}

static int add_trees(struct backup *b, struct db *db, const char *real, struct error *err)
{
    return add_outputs(b, db, real, err) || add_datasets(b, db, err) ? -1 : 0;
}

/* --- the copy of the database ---------------------------------------------------------------- */

/* A checkpoint that a row of the copy names: read it now if it is newer than our first look. */
static int find_checkpoint(struct backup *b, const char *path, const char *real,
                           const struct written **written, struct error *err)
{
    const char *name = inside_data(b, path, real);

    *written = NULL;
    if (!name || !str_starts_with(name, "outputs/"))
        return 0;
    if (add_file(b, app_path(b->app, name, &b->arena), name, err))
        return -1;
    *written = map_find(&b->names, name);
    return 0;
}

static int put_checkpoints_right(struct backup *b, struct db *copy, const char *real,
                                 struct error *err)
{
    struct db_rows rows;

    if (db_read(copy, STATEMENT_backup_checkpoints, DB_NO_ARGS, &b->arena, &rows, err))
        return -1;
    for (int i = 0; i < rows.count; i++) {
        const struct written *written;

        if (find_checkpoint(b, db_at(&rows, i, 1)->text, real, &written, err))
            return -1;
        b->account->put_right += !written;
        if (written ? db_write(copy, STATEMENT_backup_sync_checkpoint,
                               DB_ARGS(*db_at(&rows, i, 0), db_int(written->size_bytes),
                                       db_text(written->sha256)),
                               NULL, NULL, err)
                    : db_write(copy, STATEMENT_checkpoint_remove, DB_ARGS(*db_at(&rows, i, 0)),
                               NULL, NULL, err))
            return -1;
    }
    return 0;
}

static int put_best_right(struct backup *b, struct db *copy, const char *real, struct error *err)
{
    struct db_rows rows;

    if (db_read(copy, STATEMENT_backup_best, DB_NO_ARGS, &b->arena, &rows, err))
        return -1;
    for (int i = 0; i < rows.count; i++) {
        const struct written *written;

        if (find_checkpoint(b, db_at(&rows, i, 1)->text, real, &written, err))
            return -1;
        if (written)
            continue;
        b->account->put_right++;
        if (db_write(copy, STATEMENT_backup_forget_best, DB_ARGS(*db_at(&rows, i, 0)), NULL, NULL,
                     err))
            return -1;
    }
    return 0;
}

/* A data set that was removed while we were reading: its row goes from the copy too. */
static int put_datasets_right(struct backup *b, struct db *copy, struct error *err)
{
    struct db_rows rows, live;

    if (db_read(copy, STATEMENT_backup_datasets, DB_NO_ARGS, &b->arena, &rows, err))
        return -1;
    for (int i = 0; i < rows.count; i++) {
        if (db_read(b->app->db, STATEMENT_backup_dataset_exists, DB_ARGS(*db_at(&rows, i, 0)),
                    &b->arena, &live, err))
            return -1;
        if (live.count)
            continue;
        b->account->put_right++;
        if (db_write(copy, STATEMENT_dataset_remove, DB_ARGS(*db_at(&rows, i, 0)), NULL, NULL, err))
            return -1;
    }
    return 0;
}

static int keep_private(const char *path, struct error *err)
{
    return chmod(path, 0600) ? FAIL_ERRNO(err, "'%s'", path) : 0;
}

static int add_database(struct backup *b, const char *real, struct error *err)
{
    const char *path = app_path(b->app, COPY_NAME, &b->arena);
    struct db *copy = NULL;
    int result;

    unlink(path); /* of a backup that was killed */
    result = db_backup(b->app->db, path, err) || keep_private(path, err) ||
             db_open(&copy, path, err) || add_trees(b, copy, real, err) ||
             put_datasets_right(b, copy, err) || put_checkpoints_right(b, copy, real, err) ||
             put_best_right(b, copy, real, err);
    db_close(copy); /* with it the log goes into the file */
    if (!result)
        result = add_file(b, path, BACKUP_DATABASE, err);
    if (!result && !map_find(&b->names, BACKUP_DATABASE))
        result = FAIL(err, UNAVAILABLE, "the copy of the database is gone");
    unlink(path);
    unlink(arena_printf(&b->arena, "%s-wal", path));
    unlink(arena_printf(&b->arena, "%s-shm", path));
    return result ? -1 : 0;
}

/* --- all of it ------------------------------------------------------------------------------- */

static int add_header(struct backup *b, const char *real, struct error *err)
{
    char now[CLOCK_TEXT_SIZE];
    struct str text = STR_INIT;
    struct json_writer w;
    int result;

    clock_format_utc(clock_unix_microseconds(), now);
    b->account->schema = db_schema_version(b->app->db);
    json_begin(&w, &text);
    json_object_open(&w);
    json_put_text(&w, "format", "fovea-backup");
    json_put_int(&w, "format_version", BACKUP_FORMAT);
    json_put_text(&w, "version", FOVEA_VERSION);
    json_put_int(&w, "schema", b->account->schema);
    json_put_text(&w, "created_at", now);
    json_put_text(&w, "data_folder", real);
    json_close(&w);
    result = write_text(b, BACKUP_HEADER, &text, err);
    str_release(&text);
    return result;
}

static int write_all(struct backup *b, int fd, struct error *err)
{
    char real[PATH_MAX];

    if (!realpath(b->app->data_folder, real))
        return FAIL_ERRNO(err, "'%s'", b->app->data_folder);
    archive_write_set_format_pax_restricted(b->archive);
    archive_write_add_filter_none(b->archive);
    if (archive_write_open_fd(b->archive, fd))
        return archive_failed(b, "the beginning", err);
    if (add_header(b, real, err) || add_tree(b, "weights", 0, err) ||
        add_trees(b, b->app->db, real, err) || add_database(b, real, err))
        return -1;
    backup_add_end(&b->manifest, b->account->files, b->account->bytes);
    if (write_text(b, BACKUP_MANIFEST, &b->manifest, err))
        return -1;
    return archive_write_close(b->archive) ? archive_failed(b, "the end", err) : 0;
}

int backup_write(struct app *app, const char *path, struct backup_account *account,
                 struct error *err)
{
    struct backup b = { .app = app, .manifest = STR_INIT, .account = account };
    struct file_replacement file;
    struct backup_locale locale;
    int lock = -1, result;

    *account = (struct backup_account){ 0 };
    if (file_lock(app_path(app, BACKUP_LOCK_NAME, &b.arena), &lock, err) ||
        file_replacement_open(&file, path, err)) {
        if (lock >= 0)
            close(lock);
        arena_release(&b.arena);
        return -1;
    }
    b.archive = archive_write_new();
    b.buffer = malloc(BACKUP_PIECE_BYTES);
    BUG_IF(!b.archive || !b.buffer);
    if (fchmod(file.fd, 0600))
        result = FAIL_ERRNO(err, "'%s'", path);
    else if (!(result = backup_locale_enter(&locale, err))) {
        result = write_all(&b, file.fd, err);
        backup_locale_leave(&locale);
    }
    archive_write_free(b.archive);
    if (result)
        file_replacement_abandon(&file);
    else
        result = file_replacement_commit(&file, err);
    close(lock);
    free(b.buffer);
    str_release(&b.manifest);
    map_release(&b.trees);
    map_release(&b.names);
    arena_release(&b.arena);
    return result;
}
