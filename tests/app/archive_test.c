/* archive_test.c - archives, good and hostile; zip files are written by libzip and by hand, tar
 * files by libarchive. */

#include "app/datasets/archive.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

struct entry {
    const char *path, *content;
    unsigned mode; /* 0: a file */
};

static const struct archive_limits plenty = { 1000, 1 << 30, 1 << 30 };

static char *file_in(const char *folder, const char *name)
{
    static char path[512];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_zip(const char *path, const struct entry *entries, int count)
{
    int code;
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);

    CHECK(zip);
    for (int i = 0; i < count; i++) {
        zip_source_t *source =
            zip_source_buffer(zip, entries[i].content, strlen(entries[i].content), 0);
        zip_int64_t at = zip_file_add(zip, entries[i].path, source, ZIP_FL_ENC_GUESS);

        CHECK(at >= 0);
        if (entries[i].mode)
            CHECK(!zip_file_set_external_attributes(zip, (zip_uint64_t)at, 0, ZIP_OPSYS_UNIX,
                                                    entries[i].mode << 16));
    }
    CHECK(!zip_close(zip));
}

static void write_tar(const char *path, const struct entry *entries, int count, bool compress)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before = uselocale(utf8);
    struct archive *tar = archive_write_new();

    archive_write_set_format_pax_restricted(tar);
    if (compress)
        archive_write_add_filter_gzip(tar);
    CHECK(!archive_write_open_filename(tar, path));
    for (int i = 0; i < count; i++) {
        struct archive_entry *entry = archive_entry_new();
        unsigned kind = entries[i].mode ? entries[i].mode & S_IFMT : S_IFREG;

        archive_entry_copy_pathname(entry, entries[i].path);
        archive_entry_set_filetype(entry, kind);
        archive_entry_set_perm(entry, 0644);
        if (kind == S_IFLNK)
            archive_entry_set_symlink(entry, entries[i].content);
        else
            archive_entry_set_size(entry, (la_int64_t)strlen(entries[i].content));
        archive_write_header(tar, entry);
        if (kind == S_IFREG)
            archive_write_data(tar, entries[i].content, strlen(entries[i].content));
        archive_entry_free(entry);
    }
    CHECK(!archive_write_close(tar));
    archive_write_free(tar);
    uselocale(before);
    freelocale(utf8);
}

static void check_content(const char *folder, const char *name, const char *expected)
{
    struct str text = STR_INIT;
    struct error err;

    CHECK_OK(file_read(file_in(folder, name), 1 << 20, &text, &err), err);
    CHECK_TEXT(text.text, expected);
    str_release(&text);
}

TEST(archive_names_are_known)
{
    CHECK(archive_is_name("a.zip") && archive_is_name("b/A.TAR.GZ") && archive_is_name("x.tgz"));
    CHECK(archive_is_name("x.tar") && !archive_is_name(".zip") && !archive_is_name("zip.jpg"));
    CHECK(archive_is_junk("__MACOSX/a/b") && archive_is_junk("a/.DS_Store"));
    CHECK(archive_is_junk("a/thumbs.DB") && archive_is_junk("a/._x.jpg"));
    CHECK(!archive_is_junk("a/.hidden") && !archive_is_junk("DS_Store/x"));
}

static void check_unpacked(const char *folder, const struct archive_account *account)
{
    struct arena arena = ARENA_INIT;
    const char *content = archive_content(folder, &arena);

    CHECK(str_ends_with(content, "/flowers"));
    check_content(content, "train/rose/1.jpg", "one");
    check_content(content, "val/\xed\x95\x9c/2.jpg", "");
    CHECK(account->files == 2 && account->bytes == 3 && account->junk == 2);
    CHECK(account->links == 1);
    CHECK(!file_exists(file_in(folder, "flowers/link")));
    arena_release(&arena);
}

TEST(archive_of_each_kind_is_unpacked)
{
    const struct entry entries[] = {
        { "flowers/train/rose/1.jpg", "one", 0 },     { "flowers/val/\xed\x95\x9c/2.jpg", "", 0 },
        { "flowers/.DS_Store", "x", 0 },              { "__MACOSX/flowers/._1.jpg", "x", 0 },
        { "flowers/link", "/etc/passwd", S_IFLNK | 0777 },
    };
    const char *folder = test_folder();
    struct archive_account account = { 0 };
    struct error err;

    for (int kind = 0; kind < 3; kind++) {
        char path[512];
        const char *to = test_folder();

        snprintf(path, sizeof(path), "%s/archive", folder);
        if (kind == 0)
            write_zip(path, entries, 5);
        else
            write_tar(path, entries, 5, kind == 2);
        account = (struct archive_account){ 0 };
        CHECK_OK(archive_unpack(path, to, &plenty, &account, &err), err);
        check_unpacked(to, &account);
    }
}

TEST(archive_content_is_below_a_folder_around_it_but_not_below_a_split)
{
    struct arena arena = ARENA_INIT;
    const char *folder = test_folder();
    struct error err;

    CHECK_TEXT(archive_content(folder, &arena), folder);
    CHECK_OK(file_make_folders(file_in(folder, "train/cat"), &err), err);
    CHECK_TEXT(archive_content(folder, &arena), folder);
    CHECK(!rename(file_in(folder, "train"), arena_printf(&arena, "%s/pets", folder)));
    CHECK_TEXT(archive_content(folder, &arena), arena_printf(&arena, "%s/pets", folder));
    CHECK(!rename(file_in(folder, "pets/cat"), arena_printf(&arena, "%s/cat", folder)));
    CHECK_TEXT(archive_content(folder, &arena), folder);
    arena_release(&arena);
}

/* Every hostile entry, in every kind of archive: refused, and nothing lies outside. */
TEST(archive_paths_that_lead_out_are_refused)
{
    static const char *const paths[] = { "../evil", "a/../../evil", "/evil", "a//b", "C:/evil",
                                         "a/./b" };
    const char *folder = test_folder();
    char path[512], to[512];

    snprintf(path, sizeof(path), "%s/archive", folder);
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
        for (int kind = 0; kind < 2; kind++) {
            const struct entry entries[] = { { "good", "x", 0 }, { paths[i], "x", 0 } };
            struct archive_account account = { 0 };
            struct error err = { 0 };

            if (kind)
                write_tar(path, entries, 2, false);
            else
                write_zip(path, entries, 2);
            snprintf(to, sizeof(to), "%s/deep/er-%zu-%d", folder, i, kind);
            if (!archive_unpack(path, to, &plenty, &account, &err) ||
                err.kind != ERR_INVALID)
                test_fail(__FILE__, __LINE__, "'%s' was taken", paths[i]);
        }
    CHECK(!file_exists(file_in(folder, "evil")) && !file_exists(file_in(folder, "deep/evil")) &&
          !file_exists("/evil"));
}

TEST(archive_names_with_control_characters_are_refused)
{
    const struct entry entry = { "a\x01", "x", 0 };
    struct archive_account account = { 0 };
    struct error err = { 0 };
    char path[512];

    snprintf(path, sizeof(path), "%s/archive", test_folder());
    write_tar(path, &entry, 1, false);
    CHECK(archive_unpack(path, test_folder(), &plenty, &account, &err));
    CHECK(err.kind == ERR_INVALID);
}

/* Programs for Windows write them. */
TEST(archive_backslashes_of_zip_files_are_slashes)
{
    const struct entry good = { "train\\cat\\1.jpg", "x", 0 }, bad = { "..\\..\\evil", "x", 0 };
    struct archive_account account = { 0 };
    const char *folder = test_folder(), *to = test_folder();
    struct error err;
    char path[512];

    snprintf(path, sizeof(path), "%s/archive", folder);
    write_zip(path, &good, 1);
    CHECK_OK(archive_unpack(path, to, &plenty, &account, &err), err);
    check_content(to, "train/cat/1.jpg", "x");
    write_zip(path, &bad, 1);
    CHECK(archive_unpack(path, to, &plenty, &account, &err) && err.kind == ERR_INVALID);
}

static enum error_kind unpack_kind(const char *path, const struct archive_limits *limits)
{
    struct archive_account account = { 0 };
    struct error err;

    CHECK(archive_unpack(path, test_folder(), limits, &account, &err));
    return err.kind;
}

TEST(archive_with_too_much_is_refused)
{
    const struct entry entries[] = { { "a", "0123456789", 0 }, { "b", "0123456789", 0 },
                                     { "c", "0123456789", 0 } };
    char path[512], *zeros = malloc((100 << 20) + 1);
    const struct entry bomb = { "bomb", zeros, 0 };

    CHECK(zeros);
    snprintf(path, sizeof(path), "%s/archive", test_folder());
    for (int kind = 0; kind < 3; kind++) {
        if (kind)
            write_tar(path, entries, 3, kind == 2);
        else
            write_zip(path, entries, 3);
        CHECK(unpack_kind(path, &(struct archive_limits){ 2, 100, 100 }) == ERR_TOO_LARGE);
        CHECK(unpack_kind(path, &(struct archive_limits){ 3, 29, 100 }) == ERR_TOO_LARGE);
        CHECK(unpack_kind(path, &(struct archive_limits){ 3, 100, 29 }) == ERR_NO_SPACE);
    }
    memset(zeros, '0', 100 << 20);
    zeros[100 << 20] = 0;
    write_zip(path, &bomb, 1);
    CHECK(unpack_kind(path, &plenty) == ERR_TOO_LARGE); /* 1000 times its size */
    write_tar(path, &bomb, 1, true);
    CHECK(unpack_kind(path, &plenty) == ERR_TOO_LARGE);
    free(zeros);
}

/* The library makes room for as many entries as the end of the file announces. */
TEST(archive_that_announces_millions_of_entries_is_refused_unread)
{
    static const char end[] = "PK\5\6\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0";
    static const char locator[] = "PK\6\7\0\0\0\0\x04\0\0\0\0\0\0\0\1\0\0\0";
    char path[512], large[56] = "PK\6\6";
    struct str text = STR_INIT;
    struct error err;

    snprintf(path, sizeof(path), "%s/archive", test_folder());
    memset(large + 24, 0x7f, 16); /* both counts */
    str_add_bytes(&text, "PK\3\4", 4);
    str_add_bytes(&text, large, sizeof(large));
    str_add_bytes(&text, locator, sizeof(locator) - 1);
    str_add_bytes(&text, end, sizeof(end));
    CHECK_OK(file_replace(path, text.text, text.length, &err), err);
    CHECK(unpack_kind(path, &plenty) == ERR_TOO_LARGE);
    str_release(&text);
}

TEST(archive_that_is_damaged_or_none_is_refused)
{
    const struct entry entries[] = { { "a", "0123456789", 0 }, { "a/b", "x", 0 } };
    const struct entry twice[] = { { "a", "x", 0 }, { "a", "y", 0 } };
    struct str text = STR_INIT;
    struct error err;
    char path[512];

    snprintf(path, sizeof(path), "%s/archive", test_folder());
    write_tar(path, twice, 2, false);
    CHECK(unpack_kind(path, &plenty) == ERR_INVALID);
    write_tar(path, entries, 2, false);
    CHECK(unpack_kind(path, &plenty) == ERR_INVALID); /* both a file and a folder */
    write_zip(path, entries, 1);
    CHECK_OK(file_read(path, 1 << 20, &text, &err), err);
    for (size_t length = 0; length < text.length; length += 3) {
        CHECK_OK(file_replace(path, text.text, length, &err), err);
        if (length)
            CHECK(unpack_kind(path, &plenty) == ERR_INVALID);
    }
    text.text[35] ^= 1; /* in the content: its checksum is wrong */
    CHECK_OK(file_replace(path, text.text, text.length, &err), err);
    CHECK(unpack_kind(path, &plenty) == ERR_INVALID);
    CHECK_OK(file_replace(path, "this is no archive at all", 25, &err), err);
    CHECK(unpack_kind(path, &plenty) == ERR_INVALID);
    str_release(&text);
}
