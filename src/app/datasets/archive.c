/* archive.c - see archive.h. */

#include "app/datasets/archive.h"

#include "app/datasets/datasets_layout.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "store/blob.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#define PIECE_BYTES ((size_t)64 << 10)
#define ZIP_END_BYTES 22
#define ZIP_TAIL_BYTES (ZIP_END_BYTES + 65535) /* the end of a zip file, with a comment */

/* --- names ----------------------------------------------------------------------------------- */

bool archive_is_name(const char *name)
{
    static const char *const ends[] = { ".zip", ".tar", ".tar.gz", ".tgz" };
    size_t length = strlen(name);

    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
        if (length > strlen(ends[i]) && !strcasecmp(name + length - strlen(ends[i]), ends[i]))
            return true;
    return false;
}

bool archive_is_junk(const char *path)
{
    static const char *const names[] = { "__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini",
                                         ".ipynb_checkpoints", ".git" };

    while (path) {
        size_t length = strcspn(path, "/");

        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
            if (strlen(names[i]) == length && !strncasecmp(path, names[i], length))
                return true;
        if (!strncmp(path, "._", 2))
            return true;
        path = path[length] ? path + length + 1 : NULL;
    }
    return false;
}

/* --- writing --------------------------------------------------------------------------------- */

struct unpacking {
    const char *folder;
    struct archive_limits limits;
    int64_t ratio_bytes; /* what the packed size allows */
    int64_t files, bytes;
    struct archive_account *account;
    struct str target, last_folder;
    char piece[PIECE_BYTES];
};

static int count_bytes(struct unpacking *u, int64_t bytes, struct error *err)
{
    u->bytes += bytes;
    if (u->bytes > u->ratio_bytes)
        return FAIL(err, TOO_LARGE,
                    "The archive unpacks to more than %d times its size: it is refused",
                    ARCHIVE_RATIO_MOST);
    if (u->bytes > u->limits.bytes)
        return FAIL(err, TOO_LARGE, "The archive unpacks to more than %lld bytes",
                    (long long)u->limits.bytes);
    if (u->bytes > u->limits.free_bytes)
        return FAIL(err, NO_SPACE, "The archive unpacks to more than there is space for");
    return 0;
}

/* The path of an entry as a key, or why not.  *skip: nothing is to be unpacked. */
static int read_path(struct unpacking *u, const char *path, bool backslashes, bool *skip,
                     struct str *key, struct error *err)
{
    str_clear(key);
    while (str_starts_with(path, "./"))
        path += 2;
    str_add(key, path);
    for (size_t i = 0; backslashes && i < key->length; i++)
        if (key->text[i] == '\\')
            key->text[i] = '/';
    *skip = !key->length || !strcmp(key->text, ".") || str_ends_with(key->text, "/");
    if (*skip)
        return 0;
    if (blob_check_key(key->text, err))
        return error_prefix(err, "The archive is refused");
    *skip = archive_is_junk(key->text);
    u->account->junk += *skip;
    return 0;
}

static int make_folder_of(struct unpacking *u, const char *key, struct error *err)
{
    const char *slash = strrchr(key, '/');
    size_t length = slash ? (size_t)(slash - key) : 0;

    if (!length || (u->last_folder.length == length && !memcmp(u->last_folder.text, key, length)))
        return 0;
    str_clear(&u->last_folder);
    str_add_bytes(&u->last_folder, key, length);
    str_clear(&u->target);
    str_printf(&u->target, "%s/%s", u->folder, u->last_folder.text);
    if (!file_make_folders(u->target.text, err))
        return 0;
    str_clear(&u->last_folder);
    return err->kind == ERR_CONFLICT
               ? FAIL(err, INVALID, "The archive has both a file and a folder '%s'", key)
               : -1;
}

static int open_target(struct unpacking *u, const char *key, int *fd, struct error *err)
{
    if (++u->files > u->limits.files)
        return FAIL(err, TOO_LARGE, "The archive has more than %lld files",
                    (long long)u->limits.files);
    if (make_folder_of(u, key, err))
        return -1;
    str_clear(&u->target);
    str_printf(&u->target, "%s/%s", u->folder, key);
    *fd = open(u->target.text, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (*fd >= 0)
        return 0;
    if (errno == EEXIST || errno == EISDIR)
        return FAIL(err, INVALID, "The archive has '%s' twice", key);
    return FAIL_ERRNO(err, "cannot write '%s'", key);
}

/* Piece after piece until `read` gives none; it gives -1 after filling the error. */
static int write_entry(struct unpacking *u, const char *key,
                       int64_t (*read)(void *source, void *piece, size_t bytes, struct error *err),
                       void *source, struct error *err)
{
    int fd = -1, result = 0;
    int64_t bytes;

    if (open_target(u, key, &fd, err))
        return -1;
    while (!result && (bytes = read(source, u->piece, PIECE_BYTES, err)))
        result = bytes < 0 || count_bytes(u, bytes, err) ||
                         file_write_all(fd, u->piece, (size_t)bytes, key, err)
                     ? -1
                     : 0;
    close(fd);
    u->account->files += !result;
    return result;
}

/* --- zip ------------------------------------------------------------------------------------- */

static uint64_t little_endian(const unsigned char *bytes, int count)
{
    uint64_t value = 0;

    for (int i = count - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

/* How many entries the end of a zip file announces: the library makes room for as many before it
 * reads any. */
static uint64_t announced(int fd, const unsigned char *end, const unsigned char *tail)
{
    uint64_t count = little_endian(end + 10, 2);
    unsigned char large[56];

    if (count != 0xffff || end - tail < 20 || memcmp(end - 20, "PK\6\7", 4))
        return count;
    if (pread(fd, large, sizeof(large), (off_t)little_endian(end - 20 + 8, 8)) != sizeof(large) ||
        memcmp(large, "PK\6\6", 4))
        return count;
    return little_endian(large + 32, 8);
}

static int check_count(int fd, int64_t size_bytes, int64_t most, struct error *err)
{
    size_t tail_bytes = ZIP_TAIL_BYTES + 20;
    unsigned char *tail;
    int result = 0;

    if ((int64_t)tail_bytes > size_bytes)
        tail_bytes = (size_t)size_bytes;
    tail = malloc(tail_bytes + 1);
    BUG_IF(!tail);
    if (pread(fd, tail, tail_bytes, (off_t)(size_bytes - (int64_t)tail_bytes)) !=
        (ssize_t)tail_bytes)
        result = FAIL(err, UNAVAILABLE, "cannot read the archive");
    for (size_t i = 0; !result && i + ZIP_END_BYTES <= tail_bytes; i++)
        if (!memcmp(tail + i, "PK\5\6", 4) && announced(fd, tail + i, tail) > (uint64_t)most)
            result = FAIL(err, TOO_LARGE, "The archive has more than %lld files", (long long)most);
    free(tail);
    return result;
}

static int64_t read_zip(void *source, void *piece, size_t bytes, struct error *err)
{
    zip_int64_t count = zip_fread(source, piece, bytes);

    if (count < 0)
        return FAIL(err, INVALID, "The archive is damaged: %s", zip_file_strerror(source));
    return count;
}

/* Unix programs keep the kind of a file in the upper half. */
static bool zip_is_plain(zip_t *zip, zip_uint64_t index, struct archive_account *account)
{
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    unsigned mode;

    if (zip_file_get_external_attributes(zip, index, 0, &system, &attributes) ||
        system != ZIP_OPSYS_UNIX)
        return true;
    mode = attributes >> 16;
    if (!(mode & S_IFMT) || S_ISREG(mode) || S_ISDIR(mode))
        return true;
    account->links += S_ISLNK(mode);
    account->devices += !S_ISLNK(mode);
    return false;
}

static int unpack_zip_entry(struct unpacking *u, zip_t *zip, zip_uint64_t index, struct str *key,
                            struct error *err)
{
    const char *path = zip_get_name(zip, index, ZIP_FL_ENC_GUESS);
    zip_stat_t status;
    zip_file_t *file;
    bool skip;
    int result;

    if (!path || zip_stat_index(zip, index, 0, &status))
        return FAIL(err, INVALID, "The archive is damaged: %s", zip_strerror(zip));
    if (read_path(u, path, true, &skip, key, err))
        return -1;
    if (skip || !zip_is_plain(zip, index, u->account))
        return 0;
    if ((status.valid & ZIP_STAT_ENCRYPTION_METHOD) && status.encryption_method)
        return FAIL(err, INVALID, "The archive is encrypted");
    file = zip_fopen_index(zip, index, 0);
    if (!file)
        return FAIL(err, INVALID, "Cannot unpack '%s': %s", key->text, zip_strerror(zip));
    result = write_entry(u, key->text, read_zip, file, err);
    zip_fclose(file);
    return result;
}

static int unpack_zip(struct unpacking *u, const char *path, struct error *err)
{
    struct str key = STR_INIT;
    int code = 0, result = 0;
    zip_t *zip = zip_open(path, ZIP_RDONLY, &code);
    zip_int64_t count;

    if (!zip) {
        zip_error_t error;

        zip_error_init_with_code(&error, code);
        FAIL(err, INVALID, "The archive is damaged: %s", zip_error_strerror(&error));
        zip_error_fini(&error);
        return -1;
    }
    count = zip_get_num_entries(zip, 0);
    for (zip_int64_t i = 0; i < count && !result; i++)
        result = unpack_zip_entry(u, zip, (zip_uint64_t)i, &key, err);
    zip_discard(zip);
    str_release(&key);
    return result;
}

/* --- tar ------------------------------------------------------------------------------------- */

static int fail_tar(struct archive *tar, struct error *err)
{
    const char *text = archive_error_string(tar);

    return FAIL(err, INVALID, "The archive is damaged or neither zip nor tar: %s",
                text ? text : "it cannot be read");
}

static int64_t read_tar(void *source, void *piece, size_t bytes, struct error *err)
{
    la_ssize_t count = archive_read_data(source, piece, bytes);

    return count < 0 ? fail_tar(source, err) : count;
}

static int unpack_tar_entry(struct unpacking *u, struct archive *tar, struct archive_entry *entry,
                            struct str *key, struct error *err)
{
    const char *path = archive_entry_pathname_utf8(entry);
    unsigned type = archive_entry_filetype(entry);
    bool is_link = type == AE_IFLNK || archive_entry_hardlink(entry);
    bool skip;

    if (type == AE_IFDIR)
        return 0;
    if (!path)
        return FAIL(err, INVALID, "The archive is refused: a path is not UTF-8");
    if (read_path(u, path, false, &skip, key, err))
        return -1;
    if (skip)
        return 0;
    u->account->links += is_link;
    u->account->devices += !is_link && type != AE_IFREG;
    if (is_link || type != AE_IFREG)
        return 0;
    return write_entry(u, key->text, read_tar, tar, err);
}

static int unpack_tar(struct unpacking *u, const char *path, struct error *err)
{
    /* The library converts names by the locale of the thread. */
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before = (locale_t)0;
    struct archive *tar = archive_read_new();
    struct archive_entry *entry;
    struct str key = STR_INIT;
    int result = 0, status = ARCHIVE_OK;

    BUG_IF(!tar);
    if (utf8)
        before = uselocale(utf8);
    archive_read_support_format_tar(tar);
    archive_read_support_filter_gzip(tar);
    if (archive_read_open_filename(tar, path, PIECE_BYTES))
        result = fail_tar(tar, err);
    while (!result && (status = archive_read_next_header(tar, &entry)) >= ARCHIVE_WARN &&
           status != ARCHIVE_EOF)
        result = unpack_tar_entry(u, tar, entry, &key, err);
    if (!result && status != ARCHIVE_EOF)
        result = fail_tar(tar, err);
    archive_read_free(tar);
    if (utf8) {
        uselocale(before);
        freelocale(utf8);
    }
    str_release(&key);
    return result;
}

/* --- both ------------------------------------------------------------------------------------ */

/* A zip file is known by its beginning, or, when it is empty, by its end. */
static int is_zip(const char *path, const struct archive_limits *limits, bool *zip, int64_t *bytes,
                  struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), result = 0;
    unsigned char magic[4] = { 0 };
    struct stat status;

    if (fd < 0 || fstat(fd, &status)) {
        result = FAIL_ERRNO(err, "cannot read the archive");
    } else {
        *bytes = status.st_size;
        *zip = pread(fd, magic, 4, 0) == 4 &&
               (!memcmp(magic, "PK\3\4", 4) || !memcmp(magic, "PK\5\6", 4));
        if (*zip)
            result = check_count(fd, status.st_size, limits->files, err);
    }
    if (fd >= 0)
        close(fd);
    return result;
}

int archive_unpack(const char *path, const char *folder, const struct archive_limits *limits,
                   struct archive_account *account, struct error *err)
{
    struct unpacking *u;
    bool zip = false;
    int64_t bytes = 0;
    int result;

    if (is_zip(path, limits, &zip, &bytes, err) || file_make_folders(folder, err))
        return -1;
    u = calloc(1, sizeof(*u));
    BUG_IF(!u);
    u->folder = folder;
    u->limits = *limits;
    u->account = account;
    u->ratio_bytes = ARCHIVE_RATIO_MOST * bytes;
    if (u->ratio_bytes < ARCHIVE_RATIO_FREE_BYTES)
        u->ratio_bytes = ARCHIVE_RATIO_FREE_BYTES;
    str_init(&u->target);
    str_init(&u->last_folder);
    result = zip ? unpack_zip(u, path, err) : unpack_tar(u, path, err);
    account->bytes += u->bytes;
    str_release(&u->target);
    str_release(&u->last_folder);
    free(u);
    return result;
}

/* The only name in a folder, if it is a folder; *count counts all its names. */
static const char *only_folder(const char *folder, int *folders, struct arena *arena)
{
    DIR *stream = opendir(folder);
    const char *found = NULL;
    struct dirent *entry;
    int count = 0;

    *folders = 0;
    while (stream && (entry = readdir(stream))) {
        const char *path;

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        path = arena_printf(arena, "%s/%s", folder, entry->d_name);
        count++;
        if (!file_is_folder(path))
            continue;
        (*folders)++;
        found = path;
    }
    if (stream)
        closedir(stream);
    return count == 1 ? found : NULL;
}

const char *archive_content(const char *folder, struct arena *arena)
{
    int folders;
    const char *only = only_folder(folder, &folders, arena), *name;

    if (!only)
        return folder;
    name = file_base_name(only);
    only_folder(only, &folders, arena);
    return folders && !layout_split(name, strlen(name)) ? only : folder;
}
