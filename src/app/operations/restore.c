/* restore.c - reading a backup; see backup.h. */

#include "app/operations/backup.h"

#include "app/operations/backup_internal.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAGING ".restoring"
#define HEADER_MOST ((size_t)64 << 10)

struct restore {
    const char *path;   /* of the backup */
    const char *folder; /* the data folder */
    char *staging;      /* in it: what is not checked yet */
    struct archive *archive;
    struct str manifest; /* as it ought to be */
    const char *old_folder; /* where the data was */
    bool has_database, has_manifest;
    struct arena *arena;
    struct backup_account *account;
};

static int corrupt(const struct restore *r, const char *why, struct error *err)
{
    return FAIL(err, CORRUPT, "'%s' is no whole backup: %s", r->path, why);
}

static int read_failed(const struct restore *r, struct error *err)
{
    const char *text = archive_error_string(r->archive);

    return corrupt(r, text ? text : "it cannot be read", err);
}

/* --- entries --------------------------------------------------------------------------------- */

/* 1: *entry and *name are the next; 0: the end. */
static int next_entry(struct restore *r, struct archive_entry **entry, const char **name,
                      struct error *err)
{
    int code = archive_read_next_header(r->archive, entry);

    if (code == ARCHIVE_EOF)
        return 0;
    if (code < ARCHIVE_WARN)
        return read_failed(r, err);
    *name = archive_entry_pathname_utf8(*entry);
    if (!*name)
        *name = archive_entry_pathname(*entry);
    if (!*name || archive_entry_filetype(*entry) != AE_IFREG || archive_entry_hardlink(*entry))
        return corrupt(r, "it holds something that is no plain file", err);
    return 1;
}

static int read_text(struct restore *r, size_t limit, struct str *text, struct error *err)
{
    const void *data;
    la_int64_t offset;
    size_t size;
    int code;

    while ((code = archive_read_data_block(r->archive, &data, &size, &offset)) == ARCHIVE_OK) {
        if (text->length + size > limit)
            return corrupt(r, "a description in it is too long", err);
        str_add_bytes(text, data, size);
    }
    return code == ARCHIVE_EOF ? 0 : read_failed(r, err);
}

static int read_header(struct restore *r, struct error *err)
{
    struct str text = STR_INIT;
    struct archive_entry *entry;
    const char *name, *version;
    json_t *header = NULL;
    int result = next_entry(r, &entry, &name, err);

    if (result == 1 && !strcmp(name, BACKUP_HEADER) && !read_text(r, HEADER_MOST, &text, err))
        header = json_parse(text.text, text.length, BACKUP_HEADER, err);
    str_release(&text);
    if (!header)
        return corrupt(r, "it does not begin as one", err);
    version = json_string_value(json_object_get(header, "version"));
    r->old_folder = arena_strdup(r->arena,
                                 json_string_value(json_object_get(header, "data_folder")));
    r->account->schema = (int)json_integer_value(json_object_get(header, "schema"));
    r->account->version = arena_strdup(r->arena, version);
    r->account->created_at =
        arena_strdup(r->arena, json_string_value(json_object_get(header, "created_at")));
    result = 0;
    if (!version || !r->old_folder || *r->old_folder != '/' || !r->account->created_at)
        result = corrupt(r, "its description is damaged", err);
    else if (json_integer_value(json_object_get(header, "format_version")) > BACKUP_FORMAT)
        result = FAIL(err, UNSUPPORTED, "'%s' was made by version %s, which is newer than this "
                                        "program", r->path, version);
    json_decref(header);
    return result;
}

static int make_parents(char *path, size_t from, struct error *err)
{
    for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
        int failed;

        *slash = '\0';
        failed = mkdir(path, 0777) && errno != EEXIST;
        if (failed)
            FAIL_ERRNO(err, "cannot make '%s'", path);
        *slash = '/';
        if (failed)
            return -1;
    }
    return 0;
}

static int write_blocks(struct restore *r, int fd, const char *path, int64_t *size_bytes,
                        char sha256[SHA256_TEXT_SIZE], struct error *err)
{
    struct sha256 sha;
    const void *data;
    la_int64_t offset;
    size_t size;
    int code, result = 0;

    *size_bytes = 0;
    sha256_init(&sha);
    while ((code = archive_read_data_block(r->archive, &data, &size, &offset)) == ARCHIVE_OK &&
           !result) {
        if (offset != *size_bytes) {
            result = corrupt(r, "a file in it has holes", err);
            break;
        }
        sha256_add(&sha, data, size);
        *size_bytes += (int64_t)size;
        result = file_write_all(fd, data, size, path, err);
    }
    sha256_finish(&sha, sha256);
    if (!result && code != ARCHIVE_EOF)
        result = read_failed(r, err);
    return result;
}

/* Nothing in the staging folder is a link, and no name has "..": what is made lies below it. */
static int write_file(struct restore *r, const char *name, time_t modified, struct error *err)
{
    char *path = arena_printf(r->arena, "%s/%s", r->staging, name);
    struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = modified } };
    char sha256[SHA256_TEXT_SIZE];
    int64_t size;
    int fd, result;

    if (make_parents(path, strlen(r->staging) + 1, err))
        return -1;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
              strcmp(name, BACKUP_DATABASE) ? 0666 : 0600);
    if (fd < 0)
        return errno == EEXIST ? corrupt(r, "it has a file twice", err)
                               : FAIL_ERRNO(err, "cannot write '%s'", path);
    result = write_blocks(r, fd, path, &size, sha256, err);
    futimens(fd, times);
    close(fd);
    if (result)
        return -1;
    backup_add_line(&r->manifest, name, size, sha256);
    r->account->files++;
    r->account->bytes += size;
    r->has_database |= !strcmp(name, BACKUP_DATABASE);
    return 0;
}

/* What was written, in its order, must be what the backup says of itself. */
static int check_manifest(struct restore *r, struct error *err)
{
    struct str found = STR_INIT;
    int result;

    backup_add_end(&r->manifest, r->account->files, r->account->bytes);
    result = read_text(r, r->manifest.length, &found, err);
    if (!result && (found.length != r->manifest.length ||
                    memcmp(found.text, r->manifest.text, found.length)))
        result = corrupt(r, "its files are not those of its list", err);
    str_release(&found);
    r->has_manifest = true;
    return result;
}

static int read_all(struct restore *r, struct error *err)
{
    struct archive_entry *entry;
    struct arena *arena = r->arena;
    const char *name;
    int more;

    if (read_header(r, err))
        return -1;
    while ((more = next_entry(r, &entry, &name, err)) == 1) {
        struct arena entry_arena = ARENA_INIT;
        int result;

        if (r->has_manifest)
            return corrupt(r, "something stands behind its list", err);
        r->arena = &entry_arena;
        if (!strcmp(name, BACKUP_MANIFEST))
            result = check_manifest(r, err);
        else if (!backup_name_fits(name))
            result = corrupt(r, "it holds a file that belongs nowhere", err);
        else
            result = write_file(r, name, archive_entry_mtime(entry), err);
        r->arena = arena;
        arena_release(&entry_arena);
        if (result)
            return -1;
    }
    if (more < 0)
        return -1;
    return r->has_manifest && r->has_database ? 0 : corrupt(r, "its end is missing", err);
}

/* --- the database ---------------------------------------------------------------------------- */

/* Paths below the folder that the data was in become paths below the one that it is in. */
static int move_paths(struct db *db, const char *from, const char *to, struct error *err)
{
    static const enum statement statements[] = {
        STATEMENT_restore_checkpoints, STATEMENT_restore_best, STATEMENT_restore_start,
        STATEMENT_restore_output,      STATEMENT_restore_dataset, STATEMENT_restore_metrics,
        STATEMENT_restore_validations, STATEMENT_restore_images,
    };

    for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++)
        if (db_write(db, statements[i], DB_ARGS(db_text(from), db_text(to)), NULL, NULL, err))
            return -1;
    return 0;
}

/* Their engines run elsewhere, if at all. */
static int end_running(struct db *db, struct error *err)
{
    static const char reason[] = "Interrupted: the backup was taken while it ran. Start it to go "
                                 "on from its checkpoint";

    return db_write(db, STATEMENT_restore_end_running,
                    DB_ARGS(db_int(clock_unix_microseconds()), db_text(reason)), NULL, NULL, err);
}

static int settle_database(struct restore *r, struct error *err)
{
    const char *path = arena_printf(r->arena, "%s/" BACKUP_DATABASE, r->staging);
    char real[PATH_MAX];
    struct db *db;
    int version, known, result;

    if (!realpath(r->folder, real))
        return FAIL_ERRNO(err, "'%s'", r->folder);
    if (db_peek(path, &version, &known, err))
        return -1;
    if (version > known)
        return FAIL(err, UNSUPPORTED, "the backup is of version %s with schema %d; this program "
                                      "knows %d", r->account->version, version, known);
    if (db_open(&db, path, err)) /* brings an older schema up to date */
        return -1;
    result = strcmp(real, r->old_folder) ? move_paths(db, r->old_folder, real, err) : 0;
    if (!result)
        result = end_running(db, err);
    db_close(db);
    return result;
}

/* --- folders --------------------------------------------------------------------------------- */

/* What a folder may have and still be empty. */
static bool is_nothing(const char *name)
{
    static const char *const names[] = { ".", "..", ".fovea.lock", ".backup.lock", STAGING,
                                         "lost+found" };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (!strcmp(name, names[i]))
            return true;
    return str_starts_with(name, "before-restore-");
}

/* Call `each` with every entry that counts. */
static int for_entries(struct restore *r, const char *folder,
                       int (*each)(struct restore *r, const char *name, void *context,
                                   struct error *err),
                       void *context, struct error *err)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    int result = 0;

    if (!directory)
        return FAIL_ERRNO(err, "cannot read '%s'", folder);
    while (!result && (entry = readdir(directory)))
        if (!is_nothing(entry->d_name))
            result = each(r, entry->d_name, context, err);
    closedir(directory);
    return result;
}

static int refuse_any(struct restore *r, const char *name, void *context, struct error *err)
{
    (void)context;
    return FAIL(err, CONFLICT, "'%s' is not empty: it has '%s'; --force puts that aside", r->folder,
                name);
}

static int rename_in(struct restore *r, const char *from, const char *to, const char *name,
                     struct error *err)
{
    const char *old = arena_printf(r->arena, "%s/%s", from, name);
    const char *new = arena_printf(r->arena, "%s/%s", to, name);

    return rename(old, new) ? FAIL_ERRNO(err, "cannot move '%s' to '%s'", old, new) : 0;
}

static int put_aside(struct restore *r, const char *name, void *context, struct error *err)
{
    (void)context;
    if (!r->account->moved_to) {
        char now[CLOCK_TEXT_SIZE];
        char *path;

        clock_format_utc(clock_unix_microseconds(), now);
        path = arena_printf(r->arena, "%s/before-restore-%s", r->folder, now);
        if (mkdir(path, 0700))
            return FAIL_ERRNO(err, "cannot make '%s'", path);
        r->account->moved_to = path;
    }
    return rename_in(r, r->folder, r->account->moved_to, name, err);
}

/* The database last: a folder without it is no data folder, whatever else has arrived. */
static int move_in(struct restore *r, const char *name, void *context, struct error *err)
{
    bool *database = context;

    if (*database != !strcmp(name, BACKUP_DATABASE))
        return 0;
    return rename_in(r, r->staging, r->folder, name, err);
}

static int sync_folder(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = fd < 0 || syncfs(fd) ? FAIL_ERRNO(err, "cannot write '%s'", path) : 0;

    if (fd >= 0)
        close(fd);
    return result;
}

static int swap(struct restore *r, struct error *err)
{
    bool database = false;

    if (sync_folder(r->staging, err) || for_entries(r, r->folder, put_aside, NULL, err) ||
        for_entries(r, r->staging, move_in, &database, err))
        return -1;
    database = true;
    return for_entries(r, r->staging, move_in, &database, err) || sync_folder(r->folder, err) ? -1
                                                                                             : 0;
}

/* --- all of it ------------------------------------------------------------------------------- */

/* Plain tar, and what people compress it with: libarchive would else start other programs. */
static int open_archive(struct restore *r, struct error *err)
{
    r->archive = archive_read_new();
    BUG_IF(!r->archive);
    archive_read_support_format_tar(r->archive);
    archive_read_support_filter_gzip(r->archive);
    archive_read_support_filter_xz(r->archive);
    archive_read_support_filter_zstd(r->archive);
    if (access(r->path, R_OK))
        return FAIL_ERRNO(err, "cannot read '%s'", r->path);
    if (archive_read_open_filename(r->archive, r->path, BACKUP_PIECE_BYTES))
        return read_failed(r, err);
    return 0;
}

static int restore_locked(struct restore *r, bool force, struct error *err)
{
    int result;

    if ((!force && for_entries(r, r->folder, refuse_any, NULL, err)) ||
        file_remove_tree(r->staging, err) || open_archive(r, err))
        return -1;
    if (mkdir(r->staging, 0700))
        return FAIL_ERRNO(err, "cannot make '%s'", r->staging);
    result = read_all(r, err) || settle_database(r, err) || swap(r, err);
    if (result) {
        struct error ignored;

        file_remove_tree(r->staging, &ignored);
        return -1;
    }
    return file_remove_tree(r->staging, err);
}

int backup_restore(const char *path, const char *data_folder, bool force, struct arena *arena,
                   struct backup_account *account, struct error *err)
{
    struct restore r = { .path = path, .folder = data_folder, .manifest = STR_INIT, .arena = arena,
                         .account = account };
    struct backup_locale locale;
    int lock, result;

    *account = (struct backup_account){ 0 };
    r.staging = arena_printf(arena, "%s/" STAGING, data_folder);
    if (access(path, R_OK)) /* before a folder is made for it */
        return FAIL_ERRNO(err, "cannot read '%s'", path);
    if (environment_find("OUTPUT_DIR"))
        return FAIL(err, INVALID,
                    "OUTPUT_DIR is set, but a backup restores outputs/ into the data "
                    "folder: restore without it, then move the folder there");
    if (environment_find("DATABASE_URL"))
        return FAIL(err, INVALID,
                    "DATABASE_URL is set, but a backup restores vision_platform.db into the data "
                    "folder: restore without it, then move the database there");
    if (data_folder_lock(data_folder, &lock, err))
        return -1;
    result = backup_locale_enter(&locale, err);
    if (!result) {
        result = restore_locked(&r, force, err);
        archive_read_free(r.archive);
        backup_locale_leave(&locale);
    }
    close(lock);
    str_release(&r.manifest);
    return result;
}
